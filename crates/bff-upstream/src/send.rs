//! Sending one call and reading its answer, all of it within one timer.

use crate::{body, settings::Prepared};
use awc::{
    Client, ClientRequest, Connector,
    error::SendRequestError,
    http::{
        Uri,
        header::{self, HeaderMap, HeaderName, HeaderValue},
        uri::{Parts, PathAndQuery},
    },
};
use bff_core::{
    Fault,
    ports::{Local, Outbound, Transport},
};
use bytes::Bytes;
use futures_util::FutureExt;
use std::{
    fmt::Display,
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio::time::{Instant, timeout_at};

/// Who calls.
const SERVICE_ACCOUNT: HeaderName = HeaderName::from_static("x-service-account");
/// Through which BFF the request came; a BFF that receives it refuses.
const HOP: HeaderName = HeaderName::from_static("x-bff-hop");
/// The verified user of a personal call.
const USER_ID: HeaderName = HeaderName::from_static("x-user-id");
/// How many milliseconds the caller still waits.
const DEADLINE: HeaderName = HeaderName::from_static("x-deadline-ms");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// The transport of one worker thread: one awc client, and so one connection pool, per service.
#[derive(Debug)]
pub struct AwcTransport {
    services: Vec<Service>,
}

struct Service {
    prepared: Prepared,
    client: Client,
    account: HeaderValue,
}

impl AwcTransport {
    pub(crate) fn new(account: &str, prepared: &Arc<[Prepared]>) -> Self {
        let account =
            HeaderValue::from_str(account).unwrap_or_else(|_| HeaderValue::from_static("bff"));
        let service = |prepared: &Prepared| Service {
            client: client(prepared),
            prepared: prepared.clone(),
            account: account.clone(),
        };
        Self { services: prepared.iter().map(service).collect() }
    }
}

fn client(Prepared { settings, tls, .. }: &Prepared) -> Client {
    let mut connector = Connector::new()
        .timeout(settings.connect_timeout)
        .handshake_timeout(settings.connect_timeout)
        .conn_keep_alive(settings.keep_alive)
        .limit(settings.max_connections);
    if let Some(tls) = tls {
        connector = connector.rustls_0_23(tls.clone());
    }
    Client::builder()
        .connector(connector)
        .disable_redirects()
        .disable_timeout()
        .no_default_headers()
        .finish()
}

impl Transport for AwcTransport {
    fn send<'a>(
        &'a self,
        request: &'a Outbound<'a>,
        until: Instant,
    ) -> Local<'a, Result<Bytes, Fault>> {
        Box::pin(async move {
            let service =
                self.services.iter().find(|service| *service.prepared.name == *request.service);
            let service = service.ok_or(Fault::Unconfigured)?;
            let begun = Instant::now();
            let until = until.min(begun + service.prepared.settings.timeout);
            let call = AssertUnwindSafe(service.exchange(request, until - begun)).catch_unwind();
            match timeout_at(until, call).await {
                Ok(Ok(answer)) => answer,
                // A header name of 64 KiB panics in actix-http's parser; the panic must end with
                // this call.
                Ok(Err(_panic)) => Err(Fault::Crashed),
                Err(_elapsed) => Err(Fault::TimedOut(begun.elapsed())),
            }
        })
    }
}

impl Service {
    async fn exchange(&self, outbound: &Outbound<'_>, left: Duration) -> Result<Bytes, Fault> {
        let mut answer =
            self.request(outbound, left)?.send().await.map_err(|error| unsent(&error))?;
        match answer.status().as_u16() {
            200 | 203 => body::check_type(answer.headers())?,
            status => {
                return Err(Fault::Status { status, retry_after: retry_after(answer.headers()) });
            }
        }
        let limit_bytes = self.prepared.settings.body_limit_bytes;
        let read = body::read(&mut answer, limit_bytes).await?;
        body::decode(answer.headers(), read, limit_bytes)
    }

    /// Made from the outbound value alone: no header of the client's is in reach here.
    fn request(&self, outbound: &Outbound<'_>, left: Duration) -> Result<ClientRequest, Fault> {
        let Prepared { settings, credential, .. } = &self.prepared;
        let mut request = self.client.get(self.uri(outbound.target)?).no_decompress();
        let headers = request.headers_mut();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        if settings.compression {
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip, br"));
        }
        headers.insert(SERVICE_ACCOUNT, self.account.clone());
        headers.insert(HOP, self.account.clone());
        headers.insert(
            DEADLINE,
            HeaderValue::from(u64::try_from(left.as_millis()).unwrap_or(u64::MAX)),
        );
        insert(headers, TRACEPARENT, &outbound.trace.traceparent(outbound.span));
        if let Some(state) = &outbound.trace.state {
            insert(headers, TRACESTATE, state);
        }
        if let Some(user) = outbound.on_behalf_of {
            insert(headers, USER_ID, user);
        }
        if let Some((name, value)) = credential {
            headers.insert(name.clone(), value.clone());
        }
        Ok(request)
    }

    /// Only the path is new; scheme and authority are shared with every call.
    fn uri(&self, target: &str) -> Result<Uri, Fault> {
        let Prepared { scheme, authority, prefix, .. } = &self.prepared;
        let path = Bytes::from([prefix, target].concat());
        let unusable = |error: &dyn Display| Fault::Unreachable(format!("its target: {error}"));
        let mut parts = Parts::default();
        parts.scheme = Some(scheme.clone());
        parts.authority = Some(authority.clone());
        parts.path_and_query =
            Some(PathAndQuery::from_maybe_shared(path).map_err(|error| unusable(&error))?);
        Uri::from_parts(parts).map_err(|error| unusable(&error))
    }
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

fn unsent(error: &SendRequestError) -> Fault {
    match error {
        SendRequestError::Connect(error) => Fault::Unreachable(error.to_string()),
        error => Fault::Broken(error.to_string()),
    }
}

/// Seconds, or an HTTP date (RFC 9110 section 10.2.3).
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    match text.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => httpdate::parse_http_date(text).ok()?.duration_since(SystemTime::now()).ok(),
    }
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at {}", self.prepared.name, self.prepared.authority)
    }
}
