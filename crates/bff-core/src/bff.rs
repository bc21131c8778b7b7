//! A BFF as a value: its name, who may call it, and its table of endpoints.

use crate::{Audience, Endpoint, Shape};

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
    /// Every endpoint needs a bearer token of the configured issuer.
    Bearer,
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
    /// The view has a member that the envelope needs for itself.
    #[error(
        "endpoint {path}: the view has a member `meta`, which is the envelope's; give it another name"
    )]
    MetaTaken {
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
        if auth == Auth::Open && self.audience() == Audience::Personal {
            return Err(TableError::Anonymous { path });
        }
        if let Some(parameter) =
            self.parameters().find(|name| !path.contains(&format!("{{{name}}}")))
        {
            return Err(TableError::NoSuchParameter { path, parameter });
        }
        match self.shape() {
            Shape::Record { members, .. } if members.iter().any(|m| m.name == "meta") => {
                Err(TableError::MetaTaken { path })
            }
            _ => Ok(()),
        }
    }
}
