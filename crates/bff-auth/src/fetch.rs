//! Asks the issuer, for its keys or for a token: one bounded, distrustful exchange.

use awc::{
    Client, Connector, SendClientRequest,
    error::{ConnectError, PayloadError, SendRequestError},
    http::header::{self, HeaderValue},
};
use bff_core::fields;
use futures_util::FutureExt;
use rustls::{ClientConfig, crypto::aws_lc_rs};
use rustls_platform_verifier::BuilderVerifierExt;
use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};
use tokio::time::timeout;
use url::Url;

/// The longest wait, from the wish to connect to the last byte.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(2);
/// The longest wait for a connection: less than all of it, so that what was never sent is known.
const CONNECT: Duration = Duration::from_millis(1500);
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
    let connector = Connector::new().timeout(CONNECT);
    let connector = match tls {
        Some(tls) => connector.rustls_0_23(Arc::clone(tls)),
        None => connector,
    };
    Client::builder().connector(connector).disable_redirects().finish()
}

/// What an issuer answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    /// How long it wants to be left alone.
    pub(crate) retry_after: Option<Duration>,
}

/// Why there is no answer, in words for an operator.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    /// The issuer has not seen the request.
    #[error("{0}")]
    NotSent(String),
    /// It may have, and says nothing.
    #[error("{0}")]
    Silence(String),
    /// It answered something that cannot be read.
    #[error("{0}")]
    Unreadable(String),
}

impl Answer {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// The document at `url`.
///
/// # Errors
/// What happened, in words for an operator.
pub(crate) async fn fetch(client: &Client, url: &Url) -> Result<Vec<u8>, String> {
    let request = client
        .get(url.as_str())
        .insert_header((header::ACCEPT, "application/jwk-set+json, application/json"));
    match bounded(request.send()).await.map_err(|failure| failure.to_string())? {
        Answer { status: 200, body, .. } => Ok(body),
        Answer { status, .. } => Err(format!("answered with status {status}")),
    }
}

/// What `url` answers to a form.
///
/// # Errors
/// Why it does not.
pub(crate) async fn post_form(
    client: &Client,
    url: &Url,
    authorization: Option<HeaderValue>,
    form: String,
) -> Result<Answer, Failure> {
    let mut request = client
        .post(url.as_str())
        .insert_header((header::ACCEPT, "application/json"))
        .insert_header((header::CONTENT_TYPE, "application/x-www-form-urlencoded"));
    if let Some(value) = authorization {
        request = request.insert_header((header::AUTHORIZATION, value));
    }
    bounded(request.send_body(form)).await
}

async fn bounded(sent: SendClientRequest) -> Result<Answer, Failure> {
    // awc panics on some answers, such as a header name of 64 KiB; operators shall see it as any
    // other failure.
    let exchange = AssertUnwindSafe(exchange(sent)).catch_unwind();
    match timeout(TIMEOUT, exchange).await {
        Err(_) => {
            let why = format!("no complete answer within {} ms", TIMEOUT.as_millis());
            Err(Failure::Silence(why))
        }
        Ok(Err(_)) => {
            Err(Failure::Unreadable("the client crashed while reading the answer".to_owned()))
        }
        Ok(Ok(outcome)) => outcome,
    }
}

async fn exchange(sent: SendClientRequest) -> Result<Answer, Failure> {
    let mut response = sent.await.map_err(|error| unanswered(&error))?;
    let body = response.body().limit(MAX_BYTES).await.map_err(|error| match error {
        PayloadError::Overflow => {
            Failure::Unreadable(format!("answered with more than {MAX_BYTES} bytes"))
        }
        error => Failure::Silence(error.to_string()),
    })?;
    let retry_after = response.headers().get(header::RETRY_AFTER);
    let retry_after = retry_after.and_then(|value| fields::retry_after(value.as_bytes()));
    Ok(Answer { status: response.status().as_u16(), body: body.into(), retry_after })
}

fn unanswered(error: &SendRequestError) -> Failure {
    let why = error.to_string();
    match error {
        // It was there: awc says so of a connection that ended before an answer began.
        SendRequestError::Connect(ConnectError::Disconnected) => Failure::Silence(why),
        SendRequestError::Connect(_) => Failure::NotSent(why),
        SendRequestError::Response(_) => Failure::Unreadable(why),
        _ => Failure::Silence(why),
    }
}
