//! A configured URL, taken apart once: what every call below it begins with.

use awc::http::{
    Uri,
    uri::{Authority, Parts, PathAndQuery, Scheme},
};
use bff_core::Fault;
use bytes::Bytes;
use std::{fmt::Display, net::IpAddr};
use url::{Host, Url};

/// Scheme, authority and path prefix of a service.
#[derive(Debug)]
pub(crate) struct Base {
    scheme: Scheme,
    pub(crate) authority: Authority,
    /// The path that every call is below, without a slash at the end.
    prefix: Box<str>,
    /// The name to look up; `None` for an address.
    pub(crate) name: Option<Box<str>>,
    pub(crate) port: u16,
}

impl Base {
    /// Takes `url` apart.
    pub(crate) fn new(url: &Url) -> Result<Self, String> {
        refuse_bff(url)?;
        let expected = || format!("expected http://host or https://host, found {url}");
        let parts = Uri::try_from(url.as_str()).map(Uri::into_parts).unwrap_or_default();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(expected());
        };
        if scheme != Scheme::HTTP && scheme != Scheme::HTTPS {
            return Err(expected());
        }
        if !url.username().is_empty()
            || url.password().is_some()
            || url.query().is_some()
            || url.fragment().is_some()
        {
            let why =
                "expected no user, password, query or fragment; secrets belong into [credentials]";
            return Err(why.to_owned());
        }
        let name = match url.host() {
            Some(Host::Domain(name)) if name.parse::<IpAddr>().is_err() => Some(name.into()),
            _ => None,
        };
        let prefix = url.path().trim_end_matches('/').into();
        let port = url.port_or_known_default().unwrap_or_default();
        Ok(Self { scheme, authority, prefix, name, port })
    }

    pub(crate) fn is_https(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }

    /// Only the path is new; scheme and authority are shared with every call.
    pub(crate) fn uri(&self, target: &str) -> Result<Uri, Fault> {
        let path = Bytes::from([&self.prefix, target].concat());
        let unusable = |error: &dyn Display| Fault::Unreachable(format!("its target: {error}"));
        let mut parts = Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query =
            Some(PathAndQuery::from_maybe_shared(path).map_err(|error| unusable(&error))?);
        Uri::from_parts(parts).map_err(|error| unusable(&error))
    }
}

/// Why a BFF is refused as a service.
pub(crate) const NOT_A_BFF: &str =
    "a BFF never calls a BFF; call the services behind it, or move what both need into a service";

/// Ours are deployed as `<surface>-bff`, or `bff-<surface>` as packages are named.
pub(crate) fn is_bff(label: &str) -> bool {
    let label = label.to_ascii_lowercase();
    label == "bff" || label.starts_with("bff-") || label.ends_with("-bff")
}

fn refuse_bff(url: &Url) -> Result<(), String> {
    match url.host_str() {
        Some(host) if host.split('.').any(is_bff) => Err(format!("`{host}` is a BFF: {NOT_A_BFF}")),
        _ => Ok(()),
    }
}
