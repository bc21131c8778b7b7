//! Asks the issuer, for its keys or for a token: one bounded, distrustful exchange.

use awc::{
    Client, Connector, SendClientRequest,
    http::header::{self, HeaderValue},
};
use futures_util::FutureExt;
use rustls::{ClientConfig, crypto::aws_lc_rs};
use rustls_platform_verifier::BuilderVerifierExt;
use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};
use tokio::time::timeout;
use url::Url;

/// The longest wait, from the wish to connect to the last byte.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(2);
/// The longest document.
const MAX_BYTES: usize = 256 * 1024;

/// What it takes to reach `url`: a TLS configuration that trusts the system's authorities, or
/// nothing for http.
///
/// # Errors
/// Why it cannot be reached, in words for an operator.
pub(crate) fn tls(url: &Url) -> Result<Option<Arc<ClientConfig>>, String> {
    if !url.username().is_empty() || url.password().is_some() {
        return Err("expected no user or password".to_owned());
    }
    match url.scheme() {
        "http" => return Ok(None),
        "https" => {}
        other => return Err(format!("expected http:// or https://, found {other}://")),
    }
    // Named, so that nothing depends on what the process has installed as its default provider.
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(BuilderVerifierExt::with_platform_verifier)
        .map_err(|error| error.to_string())?
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Some(Arc::new(config)))
}

/// A client for one worker. Redirects are not followed: the issuer is where the configuration says.
pub(crate) fn client(tls: Option<&Arc<ClientConfig>>) -> Client {
    let connector = match tls {
        Some(tls) => Connector::new().rustls_0_23(Arc::clone(tls)),
        None => Connector::new(),
    };
    Client::builder().connector(connector).disable_redirects().finish()
}

/// What an issuer answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

/// The document at `url`.
///
/// # Errors
/// What happened, in words for an operator.
pub(crate) async fn fetch(client: &Client, url: &Url) -> Result<Vec<u8>, String> {
    let request = client
        .get(url.as_str())
        .insert_header((header::ACCEPT, "application/jwk-set+json, application/json"));
    match bounded(request.send()).await? {
        Answer { status: 200, body } => Ok(body),
        Answer { status, .. } => Err(format!("answered with status {status}")),
    }
}

/// What `url` answers to a form.
///
/// # Errors
/// What happened, in words for an operator.
pub(crate) async fn post_form(
    client: &Client,
    url: &Url,
    authorization: Option<HeaderValue>,
    form: String,
) -> Result<Answer, String> {
    let mut request = client
        .post(url.as_str())
        .insert_header((header::ACCEPT, "application/json"))
        .insert_header((header::CONTENT_TYPE, "application/x-www-form-urlencoded"));
    if let Some(value) = authorization {
        request = request.insert_header((header::AUTHORIZATION, value));
    }
    bounded(request.send_body(form)).await
}

async fn bounded(sent: SendClientRequest) -> Result<Answer, String> {
    // awc panics on some answers, such as a header name of 64 KiB; operators shall see it as any
    // other failure.
    let exchange = AssertUnwindSafe(exchange(sent)).catch_unwind();
    match timeout(TIMEOUT, exchange).await {
        Err(_) => Err(format!("no complete answer within {} ms", TIMEOUT.as_millis())),
        Ok(Err(_)) => Err("the client crashed while reading the answer".to_owned()),
        Ok(Ok(outcome)) => outcome,
    }
}

async fn exchange(sent: SendClientRequest) -> Result<Answer, String> {
    let mut response = sent.await.map_err(|error| error.to_string())?;
    let body = response.body().limit(MAX_BYTES).await.map_err(|error| error.to_string())?;
    Ok(Answer { status: response.status().as_u16(), body: body.into() })
}
