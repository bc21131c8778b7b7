//! Asks the issuer for its keys: one bounded, distrustful GET.

use crate::settings::AuthError;
use awc::{Client, Connector, http::StatusCode, http::header};
use futures_util::FutureExt;
use rustls::{ClientConfig, crypto::aws_lc_rs};
use rustls_platform_verifier::BuilderVerifierExt;
use secrecy::{ExposeSecret, SecretString};
use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};
use tokio::time::timeout;
use url::Url;

/// The longest wait, from the wish to connect to the last byte.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(2);
/// The longest document.
const MAX_BYTES: usize = 256 * 1024;

/// What it takes to reach `url`: a TLS configuration that trusts the system's authorities, or
/// nothing for http.
pub(crate) fn tls(url: &Url) -> Result<Option<Arc<ClientConfig>>, AuthError> {
    if !url.username().is_empty() || url.password().is_some() {
        return Err(AuthError::new(
            "keys.url",
            "expected no user or password; public keys need none",
        ));
    }
    match url.scheme() {
        "http" => return Ok(None),
        "https" => {}
        other => {
            return Err(AuthError::new(
                "keys.url",
                format!("expected http:// or https://, found {other}://"),
            ));
        }
    }
    let failed = |error: rustls::Error| AuthError::new("keys.url", error.to_string());
    // Named, so that nothing depends on what the process has installed as its default provider.
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(BuilderVerifierExt::with_platform_verifier)
        .map_err(failed)?
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Some(Arc::new(config)))
}

/// A client for one worker. Redirects are not followed: the keys are where the configuration says.
pub(crate) fn client(tls: Option<&Arc<ClientConfig>>) -> Client {
    let connector = match tls {
        Some(tls) => Connector::new().rustls_0_23(Arc::clone(tls)),
        None => Connector::new(),
    };
    Client::builder().connector(connector).disable_redirects().finish()
}

/// The document at `url`.
///
/// # Errors
/// What happened, in words for an operator.
pub(crate) async fn fetch(client: &Client, url: &Url) -> Result<Vec<u8>, String> {
    in_time(exchange(client, url)).await
}

async fn in_time<T>(exchange: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    // awc panics on some answers, such as a header name of 64 KiB; operators shall see it as any
    // other failure.
    match timeout(TIMEOUT, AssertUnwindSafe(exchange).catch_unwind()).await {
        Err(_) => Err(format!("no complete answer within {} ms", TIMEOUT.as_millis())),
        Ok(Err(_)) => Err("the client crashed while reading the answer".to_owned()),
        Ok(Ok(outcome)) => outcome,
    }
}

/// Sends a form as a confidential client that proves itself with its secret (RFC 6749, section
/// 2.3.1); the status and the document that come back.
///
/// # Errors
/// What happened, in words for an operator.
pub(crate) async fn post_form(
    client: &Client,
    url: &Url,
    (id, secret): (&str, &SecretString),
    form: &[(&str, &str)],
) -> Result<(u16, Vec<u8>), String> {
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let request = client
        .post(url.as_str())
        .basic_auth(encoded(id), encoded(secret.expose_secret()))
        .insert_header((header::ACCEPT, "application/json"))
        .content_type("application/x-www-form-urlencoded");
    let exchange = async {
        let mut response = request.send_body(body).await.map_err(|error| error.to_string())?;
        let body = response.body().limit(MAX_BYTES).await.map_err(|error| error.to_string())?;
        Ok((response.status().as_u16(), body.into()))
    };
    in_time(exchange).await
}

async fn exchange(client: &Client, url: &Url) -> Result<Vec<u8>, String> {
    let request = client
        .get(url.as_str())
        .insert_header((header::ACCEPT, "application/jwk-set+json, application/json"));
    let mut response = request.send().await.map_err(|error| error.to_string())?;
    if response.status() != StatusCode::OK {
        return Err(format!("answered with status {}", response.status().as_u16()));
    }
    let body = response.body().limit(MAX_BYTES).await.map_err(|error| error.to_string())?;
    Ok(body.into())
}
