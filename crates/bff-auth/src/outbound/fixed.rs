//! A header with a value that never changes by itself: an API key.

use super::settings::StaticKeySettings;
use awc::http::header::{HeaderName, HeaderValue};
use bff_files::{Watched, secret_text};
use secrecy::ExposeSecret;
use std::{path::PathBuf, sync::Arc};

/// What only the transport writes, or nobody.
const TAKEN: [&str; 16] = [
    "accept",
    "accept-encoding",
    "connection",
    "content-length",
    "content-type",
    "host",
    "idempotency-key",
    "te",
    "traceparent",
    "tracestate",
    "transfer-encoding",
    "x-bff-hop",
    "x-deadline-ms",
    "x-service-account",
    "x-user-id",
    "x-user-token",
];

/// A key and the header it travels in.
#[derive(Debug, Clone)]
pub(crate) struct Fixed {
    pub(crate) header: HeaderName,
    value: Value,
}

#[derive(Debug, Clone)]
enum Value {
    Here(HeaderValue),
    InFile(Arc<Watched<HeaderValue>>),
}

impl Fixed {
    /// Reads the file.
    ///
    /// # Errors
    /// The key that cannot work, and why.
    pub(crate) fn new(settings: &StaticKeySettings) -> Result<Self, (&'static str, String)> {
        let header = HeaderName::try_from(&settings.header)
            .map_err(|_| ("header", "is not a header name".to_owned()))?;
        if TAKEN.contains(&header.as_str()) {
            return Err(("header", format!("`{header}` is not for keys")));
        }
        let file = |path: &PathBuf| Watched::file(path, |bytes| value(secret_text(bytes)?));
        let value = match (&settings.file, &settings.secret) {
            (Some(path), None) => Value::InFile(file(path).map_err(|why| ("file", why))?),
            (None, Some(secret)) => {
                Value::Here(value(secret.expose_secret()).map_err(|why| ("secret", why))?)
            }
            _ => return Err(("file", "expected one of file and secret".to_owned())),
        };
        Ok(Self { header, value })
    }

    pub(crate) fn at_hand(&self) -> HeaderValue {
        match &self.value {
            Value::Here(value) => value.clone(),
            Value::InFile(file) => HeaderValue::clone(&file.current()),
        }
    }

    /// Another value, if the file has been written since.
    pub(crate) async fn instead_of(&self, refused: &HeaderValue) -> Option<HeaderValue> {
        match &self.value {
            Value::Here(_) => None,
            Value::InFile(file) => {
                let value = HeaderValue::clone(&*file.latest().await);
                (value != *refused).then_some(value)
            }
        }
    }
}

fn value(text: &str) -> Result<HeaderValue, String> {
    let mut value = HeaderValue::from_str(text)
        .ok()
        .filter(|value| !value.is_empty())
        .ok_or("is empty or has characters that no header can carry")?;
    value.set_sensitive(true);
    Ok(value)
}
