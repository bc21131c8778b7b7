//! One attempt over awc: bounded, and distrustful of whatever comes back.
//!
//! What awc does by default and must not: follow redirects, decompress without a limit, let a panic
//! in its parser take the page down.

use crate::{Proof, body, call::Wire, host::Host, pools::Pools, service::Service};
use awc::{
    Client, ClientRequest, ClientResponse,
    error::{ConnectError, PayloadError, SendRequestError},
    http::{
        Method, StatusCode,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
};
use bff_core::{Answers, Fault, Written, fields, ports::Outbound};
use bytes::Bytes;
use futures_util::{FutureExt, Stream};
use std::{fmt, panic::AssertUnwindSafe, time::Duration};

/// Who calls.
const SERVICE_ACCOUNT: HeaderName = HeaderName::from_static("x-service-account");
/// Through which BFF the request came; a BFF that receives it refuses.
const HOP: HeaderName = HeaderName::from_static("x-bff-hop");
/// How many milliseconds the caller still waits.
const DEADLINE: HeaderName = HeaderName::from_static("x-deadline-ms");
/// By which a service knows a write again.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// The connections of one worker thread: one awc client, and so one pool, per host.
pub struct AwcWire {
    account: HeaderValue,
    pools: Pools,
}

impl AwcWire {
    /// `account` is who calls, as the services see it: `mobile-bff`.
    pub(crate) fn new(account: &str) -> Self {
        let account =
            HeaderValue::from_str(account).unwrap_or_else(|_| HeaderValue::from_static("bff"));
        Self { account, pools: Pools::default() }
    }

    async fn try_exchange(
        &self,
        service: &Service,
        host: &Host,
        outbound: &Outbound<'_>,
        proof: &Proof,
        left: Duration,
    ) -> Result<Bytes, Fault> {
        let pool = self.pools.of(service, host);
        let request = self.request(&pool, service, host, outbound, proof, left)?;
        let sent = match outbound.write {
            Some(write) if write.method.takes_body() => request.send_body(write.json.clone()),
            _ => request.send(),
        };
        let mut answer = sent.await.map_err(|error| unsent(&error))?;
        if !is_framed(answer.status(), answer.headers()) {
            self.pools.forget(host);
        }
        let limit_bytes = service.settings.body_limit_bytes;
        match (answer.status().as_u16(), outbound.write) {
            (200 | 203, None) => body::check_type(answer.headers())?,
            // Done; how it says so tells nothing that is not said by the declaration.
            (200..=205, Some(Written { answers: Answers::Nothing, .. })) => {
                body::pass_over(&mut answer, limit_bytes);
                return Ok(Bytes::new());
            }
            (200..=205, Some(write)) => return done(&mut answer, write, limit_bytes).await,
            (status, _) => {
                let retry_after = answer.headers().get(header::RETRY_AFTER);
                let retry_after =
                    retry_after.and_then(|value| fields::retry_after(value.as_bytes()));
                return Err(Fault::Status { status, retry_after });
            }
        }
        let read = body::read(&mut answer, limit_bytes).await?;
        body::decode(answer.headers(), read, limit_bytes)
    }

    /// Made from the outbound value and the proof alone: no header of the client's is in reach here.
    fn request(
        &self,
        client: &Client,
        service: &Service,
        host: &Host,
        outbound: &Outbound<'_>,
        proof: &Proof,
        left: Duration,
    ) -> Result<ClientRequest, Fault> {
        let uri = host.base.uri(outbound.target)?;
        let method = outbound.write.map_or(Method::GET, |write| method_of(write.method));
        let mut request = client.request(method, uri).no_decompress();
        if let Some(address) = host.address {
            request = request.address(address);
        }
        let headers = request.headers_mut();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        if service.settings.compression {
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
        if let Some(write) = outbound.write {
            if write.method.takes_body() {
                headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            }
            if let Some(key) = &write.key {
                insert(headers, IDEMPOTENCY_KEY, key.as_str());
            }
        }
        for (name, value) in proof.credential.iter().chain(&proof.user) {
            headers.insert(name.clone(), value.clone());
        }
        Ok(request)
    }
}

fn method_of(method: bff_core::Method) -> Method {
    match method {
        bff_core::Method::Get => Method::GET,
        bff_core::Method::Post => Method::POST,
        bff_core::Method::Put => Method::PUT,
        bff_core::Method::Patch => Method::PATCH,
        bff_core::Method::Delete => Method::DELETE,
    }
}

impl Wire for AwcWire {
    async fn exchange(
        &self,
        service: &Service,
        host: &Host,
        request: &Outbound<'_>,
        proof: &Proof,
        left: Duration,
    ) -> Result<Bytes, Fault> {
        let attempt = AssertUnwindSafe(self.try_exchange(service, host, request, proof, left));
        // A header name of 64 KiB panics in actix-http's parser; the panic must end with this call.
        attempt.catch_unwind().await.unwrap_or(Err(Fault::Crashed))
    }
}

/// The content of an answer to a write that was done. Nothing, where none came: it has no type either.
async fn done<S>(
    answer: &mut ClientResponse<S>,
    write: &Written,
    limit_bytes: usize,
) -> Result<Bytes, Fault>
where
    S: Stream<Item = Result<Bytes, PayloadError>>,
    ClientResponse<S>: Stream<Item = Result<Bytes, PayloadError>> + Unpin,
{
    let read = match body::read(answer, limit_bytes).await {
        // Nobody asks again whether it was done: without a key it might be done twice.
        Err(Fault::Broken(_)) if write.key.is_none() => Bytes::new(),
        read => read?,
    };
    if read.is_empty() {
        return Ok(read);
    }
    body::check_type(answer.headers())?;
    body::decode(answer.headers(), read, limit_bytes)
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// Whether the answer ends where awc thinks it does. An interim answer (1xx) is followed by another
/// one, and a body that is not announced by everything up to the end of the connection; awc takes
/// both for whole, and would give what follows to the next request.
fn is_framed(status: StatusCode, headers: &HeaderMap) -> bool {
    // Announced twice, it may end in two places (RFC 9112 section 6.3).
    let announced = headers.contains_key(header::CONTENT_LENGTH)
        != headers.contains_key(header::TRANSFER_ENCODING);
    !status.is_informational()
        && (announced || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED))
}

fn unsent(error: &SendRequestError) -> Fault {
    match error {
        // It was there: awc says so of a connection that ended before an answer began.
        SendRequestError::Connect(ConnectError::Disconnected) => {
            Fault::Broken("closed before an answer".to_owned())
        }
        SendRequestError::Connect(error) => Fault::Unreachable(error.to_string()),
        error => Fault::Broken(error.to_string()),
    }
}

impl fmt::Debug for AwcWire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwcWire").field("hosts", &self.pools.len()).finish_non_exhaustive()
    }
}
