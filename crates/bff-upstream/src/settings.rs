//! What the configuration says about a service, and what start-up makes of it.

use crate::tls;
use awc::http::{
    Uri,
    header::{HeaderName, HeaderValue},
    uri::{Authority, Scheme},
};
use rustls::ClientConfig;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::{path::PathBuf, sync::Arc, time::Duration};
use url::Url;

/// `[services.<name>]`: where a service is and what a call to it may cost.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceSettings {
    /// `http://host:port` or `https://host`, with an optional path that every call is below.
    pub url: Url,
    /// The longest wait for a connection.
    #[serde(default = "connect_timeout", with = "humantime_serde")]
    pub connect_timeout: Duration,
    /// The longest time for a whole call, from the wait for a connection to the last byte of the
    /// answer.
    #[serde(default = "timeout", with = "humantime_serde")]
    pub timeout: Duration,
    /// How long an idle connection is kept; below the service's own idle timeout (5 s in Node).
    #[serde(default = "keep_alive", with = "humantime_serde")]
    pub keep_alive: Duration,
    /// Calls in flight at the same time, per worker thread; further ones wait within their
    /// timeout.
    #[serde(default = "max_connections")]
    pub max_connections: usize,
    /// The largest answer, in bytes after decoding.
    #[serde(default = "body_limit_bytes")]
    pub body_limit_bytes: usize,
    /// Whether to ask for compressed answers; they are understood in any case.
    #[serde(default)]
    pub compression: bool,
    /// A PEM file with the authorities that sign this service's certificate, instead of the
    /// system's.
    pub ca_file: Option<PathBuf>,
    /// The header by which this BFF proves itself to the service.
    pub credential: Option<Credential>,
}

/// A header with a secret value.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    /// The header's name.
    pub header: String,
    /// Its value; never printed.
    pub secret: SecretString,
}

fn connect_timeout() -> Duration {
    Duration::from_millis(100)
}

fn timeout() -> Duration {
    Duration::from_millis(300)
}

fn keep_alive() -> Duration {
    Duration::from_secs(4)
}

fn max_connections() -> usize {
    1024
}

fn body_limit_bytes() -> usize {
    2 * 1024 * 1024
}

/// A setting that cannot work.
#[derive(Debug, thiserror::Error)]
#[error("services.{service}.{key}: {why}")]
pub struct ServicesError {
    service: String,
    key: &'static str,
    why: String,
}

/// A service that is ready to be called.
#[derive(Debug, Clone)]
pub(crate) struct Prepared {
    pub(crate) name: Box<str>,
    /// Scheme and authority, parsed once.
    pub(crate) scheme: Scheme,
    pub(crate) authority: Authority,
    /// The path that every call is below, without a slash at the end.
    pub(crate) prefix: Box<str>,
    pub(crate) settings: ServiceSettings,
    pub(crate) credential: Option<(HeaderName, HeaderValue)>,
    /// `None` for plain http.
    pub(crate) tls: Option<Arc<ClientConfig>>,
}

impl Prepared {
    pub(crate) fn new(name: &str, settings: &ServiceSettings) -> Result<Self, ServicesError> {
        let wrong = |key, why: String| ServicesError { service: name.to_owned(), key, why };
        refuse_bff(name, &settings.url).map_err(|(key, why)| wrong(key, why))?;
        let url = &settings.url;
        let parts = Uri::try_from(url.as_str()).map(Uri::into_parts);
        let (Some(scheme), Some(authority)) =
            parts.map(|parts| (parts.scheme, parts.authority)).unwrap_or_default()
        else {
            return Err(wrong("url", format!("expected http://host or https://host, found {url}")));
        };
        if scheme != Scheme::HTTP && scheme != Scheme::HTTPS {
            return Err(wrong("url", format!("expected http://host or https://host, found {url}")));
        }
        if !url.username().is_empty()
            || url.password().is_some()
            || url.query().is_some()
            || url.fragment().is_some()
        {
            let why =
                "expected no user, password, query or fragment; secrets belong into `credential`";
            return Err(wrong("url", why.to_owned()));
        }
        for (key, zero) in [
            ("connect_timeout", settings.connect_timeout.is_zero()),
            ("timeout", settings.timeout.is_zero()),
            ("max_connections", settings.max_connections == 0),
            ("body_limit_bytes", settings.body_limit_bytes == 0),
        ] {
            if zero {
                return Err(wrong(key, "must be more than zero".to_owned()));
            }
        }
        let tls = match (url.scheme(), &settings.ca_file) {
            ("https", ca_file) => {
                Some(tls::client(ca_file.as_deref()).map_err(|why| wrong("ca_file", why))?)
            }
            (_, Some(_)) => {
                return Err(wrong("ca_file", "has no use with an http:// url".to_owned()));
            }
            (_, None) => None,
        };
        let credential = settings.credential.as_ref().map(header).transpose();
        Ok(Self {
            name: name.into(),
            scheme,
            authority,
            prefix: url.path().trim_end_matches('/').into(),
            settings: settings.clone(),
            credential: credential.map_err(|why| wrong("credential", why))?,
            tls,
        })
    }
}

fn header(credential: &Credential) -> Result<(HeaderName, HeaderValue), String> {
    let name = HeaderName::try_from(&credential.header)
        .map_err(|_| "`header` is not a header name".to_owned())?;
    let mut value = HeaderValue::from_str(credential.secret.expose_secret())
        .map_err(|_| "`secret` has characters that no header can carry".to_owned())?;
    value.set_sensitive(true);
    Ok((name, value))
}

/// A BFF never calls a BFF. Ours are deployed as `<surface>-bff`, or `bff-<surface>` as packages
/// are named.
fn refuse_bff(name: &str, url: &Url) -> Result<(), (&'static str, String)> {
    let is_bff = |label: &str| {
        let label = label.to_ascii_lowercase();
        label == "bff" || label.starts_with("bff-") || label.ends_with("-bff")
    };
    let advice = "a BFF never calls a BFF; call the services behind it, or move what both need into a service";
    if is_bff(name) {
        return Err(("url", format!("`{name}` is a BFF: {advice}")));
    }
    match url.host_str() {
        Some(host) if host.split('.').any(is_bff) => {
            Err(("url", format!("`{host}` is a BFF: {advice}")))
        }
        _ => Ok(()),
    }
}
