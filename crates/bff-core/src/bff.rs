//! A BFF as a value: its name, who may call it, and its table of endpoints.

use crate::{Endpoint, Method, Need, Shape};

/// Where the server itself answers: login and logout.
const OWN_PATHS: &str = "/bff";

/// Everything that makes one BFF this BFF and no other.
#[derive(Debug, Clone)]
pub struct Bff {
    /// The surface: `mobile`, `web`, `partner`.
    pub name: &'static str,
    /// The version of its crate.
    pub version: &'static str,
    /// Who may call it.
    pub auth: Auth,
    /// Its endpoints.
    pub endpoints: Vec<Endpoint>,
}

/// How callers prove who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    /// Every endpoint needs a bearer token of a configured issuer (RFC 6750).
    Bearer,
    /// Every endpoint needs a bearer token of a configured issuer, or an API key.
    BearerOrApiKey,
    /// Endpoints for one user need the session of a browser that signed in at `/bff/login`; the
    /// others look at no credential.
    Session,
    /// No endpoint needs a credential, and none can take a `User`.
    Open,
}

/// A line of the endpoint table that cannot work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// The router refuses the path.
    #[error("endpoint {path}: {why}")]
    Route {
        /// The path.
        path: &'static str,
        /// The router's reason.
        why: String,
    },
    /// An argument of the handler reads a parameter that the path does not have.
    #[error("endpoint {path}: the handler reads `{{{parameter}}}`, which the path does not have")]
    NoSuchParameter {
        /// The path.
        path: &'static str,
        /// The parameter.
        parameter: &'static str,
    },
    /// No argument of the handler reads a parameter of the path.
    #[error(
        "endpoint {path}: no argument of the handler reads `{{{parameter}}}`; take an `Id` whose kind has this parameter"
    )]
    UnreadParameter {
        /// The path.
        path: &'static str,
        /// The parameter.
        parameter: &'static str,
    },
    /// Two arguments of the handler read the same parameter.
    #[error(
        "endpoint {path}: two arguments of the handler read `{{{parameter}}}`; give their kinds different parameters"
    )]
    ParameterReadTwice {
        /// The path.
        path: &'static str,
        /// The parameter.
        parameter: &'static str,
    },
    /// The path has two parameters of one name.
    #[error("endpoint {path}: the path has `{{{parameter}}}` twice; give one another name")]
    ParameterNamedTwice {
        /// The path.
        path: &'static str,
        /// The parameter.
        parameter: &'static str,
    },
    /// The view has a member that the envelope needs for itself.
    #[error(
        "endpoint {path}: the view has a member `meta`, which is the envelope's; give it another name"
    )]
    MetaTaken {
        /// The path.
        path: &'static str,
    },
    /// The body of a `GET` or `DELETE` has no meaning.
    #[error("endpoint {path}: a GET or DELETE takes no `Body`; make it a `post`, `put` or `patch`")]
    BodyOfRead {
        /// The path.
        path: &'static str,
    },
    /// The answer to a write is nobody else's.
    #[error(
        "endpoint {path}: the answer to a write cannot be kept; drop `client_cache` and `page_kept`"
    )]
    KeptWrite {
        /// The path.
        path: &'static str,
    },
    /// The server answers there itself.
    #[error("endpoint {path}: paths below `/bff` belong to the server; give it another one")]
    OwnPath {
        /// The path.
        path: &'static str,
    },
    /// An endpoint for one user in a BFF that knows no users.
    #[error("endpoint {path}: it answers for one user, but this BFF asks nobody who they are")]
    Anonymous {
        /// The path.
        path: &'static str,
    },
}

impl Endpoint {
    pub(crate) fn check(&self, auth: Auth) -> Result<(), TableError> {
        let path = self.path();
        if auth == Auth::Open && self.needs_caller() {
            return Err(TableError::Anonymous { path });
        }
        self.check_parameters()?;
        if !self.method().takes_body() && self.body().is_some() {
            return Err(TableError::BodyOfRead { path });
        }
        if self.method() != Method::Get && (self.client_cache().or(self.page_kept())).is_some() {
            return Err(TableError::KeptWrite { path });
        }
        if path == OWN_PATHS || path.starts_with("/bff/") {
            return Err(TableError::OwnPath { path });
        }
        match self.shape() {
            Shape::Record { members, .. } if members.iter().any(|m| m.name == "meta") => {
                Err(TableError::MetaTaken { path })
            }
            _ => Ok(()),
        }
    }

    /// Each parameter of the path is read by one argument, and each that is read is in the path.
    fn check_parameters(&self) -> Result<(), TableError> {
        let path = self.path();
        let named: Vec<_> = parameters(path).collect();
        let read: Vec<_> = self.needs().iter().filter_map(Need::parameter).collect();
        if let Some(parameter) = read.iter().find(|name| !named.contains(name)).copied() {
            return Err(TableError::NoSuchParameter { path, parameter });
        }
        let times = |names: &[&str], name| names.iter().filter(|each| **each == name).count();
        for parameter in named.iter().copied() {
            match (times(&named, parameter), times(&read, parameter)) {
                (1, 1) => {}
                (1, 0) => return Err(TableError::UnreadParameter { path, parameter }),
                (1, _) => return Err(TableError::ParameterReadTwice { path, parameter }),
                _ => return Err(TableError::ParameterNamedTwice { path, parameter }),
            }
        }
        Ok(())
    }
}

/// The names between braces in a path.
fn parameters(path: &'static str) -> impl Iterator<Item = &'static str> {
    path.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0))
}
