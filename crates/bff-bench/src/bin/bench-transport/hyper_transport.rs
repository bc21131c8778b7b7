//! The transport port over hyper's client connections: a prototype, `http://` only, without a limit of connections.

use crate::Settings;
use actix_web::rt;
use bff_core::{
    Fault,
    ports::{Local, Outbound, Transport},
};
use bff_upstream::ServiceSettings;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::{
    HeaderMap, Request, Response, Uri,
    body::Incoming,
    client::conn::http1::{SendRequest, handshake},
    header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, HOST, HeaderName, HeaderValue, RETRY_AFTER},
};
use hyper_util::rt::TokioIo;
use std::{cell::RefCell, error::Error, io::Read, time::Duration};
use tokio::{
    net::TcpStream,
    time::{Instant, timeout, timeout_at},
};

/// One worker's connections.
pub(crate) struct HyperTransport(Vec<Service>);

struct Service {
    name: String,
    settings: ServiceSettings,
    address: (String, u16),
    prefix: String,
    host: HeaderValue,
    account: HeaderValue,
    /// The latest one back is the next one out.
    idle: RefCell<Vec<(Instant, SendRequest<Empty<Bytes>>)>>,
}

impl HyperTransport {
    pub(crate) fn new(account: &str, settings: &Settings) -> Result<Self, Box<dyn Error>> {
        let service = |(name, settings): (&String, &ServiceSettings)| {
            let url = settings.url.iter().next().ok_or("expected a url")?;
            let host = url.host_str().filter(|_| url.scheme() == "http");
            let host = host.ok_or("expected http://host")?.to_owned();
            let port = url.port_or_known_default().unwrap_or(80);
            Ok(Service {
                name: name.clone(),
                host: HeaderValue::try_from(format!("{host}:{port}"))?,
                address: (host, port),
                prefix: url.path().trim_end_matches('/').to_owned(),
                account: HeaderValue::from_str(account)?,
                settings: settings.clone(),
                idle: RefCell::default(),
            })
        };
        settings.iter().map(service).collect::<Result<_, _>>().map(Self)
    }
}

impl Transport for HyperTransport {
    fn send<'a>(
        &'a self,
        request: &'a Outbound<'a>,
        until: Instant,
    ) -> Local<'a, Result<Bytes, Fault>> {
        Box::pin(async move {
            let service = self.0.iter().find(|service| service.name == request.service);
            let service = service.ok_or(Fault::Unconfigured)?;
            let begun = Instant::now();
            let until = until.min(begun + service.settings.timeout);
            let late = |_| Fault::TimedOut(begun.elapsed());
            timeout_at(until, service.exchange(request, until - begun)).await.map_err(late)?
        })
    }
}

impl Service {
    async fn exchange(&self, outbound: &Outbound<'_>, left: Duration) -> Result<Bytes, Fault> {
        let request = self.request(outbound, left)?;
        let mut connection = self.connection().await?;
        let answer = connection.send_request(request).await.map_err(|error| broken(&error))?;
        match answer.status().as_u16() {
            200 | 203 => check_type(answer.headers())?,
            status => {
                let seconds = answer.headers().get(RETRY_AFTER);
                let seconds = seconds.and_then(|value| value.to_str().ok()?.parse().ok());
                return Err(Fault::Status {
                    status,
                    retry_after: seconds.map(Duration::from_secs),
                });
            }
        }
        let body = self.read(answer).await?;
        // Only a connection whose answer was read to its end carries another.
        self.idle.borrow_mut().push((Instant::now(), connection));
        Ok(body)
    }

    async fn connection(&self) -> Result<SendRequest<Empty<Bytes>>, Fault> {
        loop {
            let Some((since, mut connection)) = self.idle.borrow_mut().pop() else { break };
            let usable = since.elapsed() < self.settings.keep_alive && !connection.is_closed();
            // Its task may not have seen the end of the last answer yet.
            if usable && (connection.is_ready() || connection.ready().await.is_ok()) {
                return Ok(connection);
            }
        }
        let unreachable = |error: &dyn std::fmt::Display| Fault::Unreachable(error.to_string());
        let address = (self.address.0.as_str(), self.address.1);
        let stream = timeout(self.settings.connect_timeout, TcpStream::connect(address))
            .await
            .map_err(|_| Fault::Unreachable("no connection in time".to_owned()))?
            .map_err(|error| unreachable(&error))?;
        stream.set_nodelay(true).map_err(|error| unreachable(&error))?;
        let (connection, driver) =
            handshake(TokioIo::new(stream)).await.map_err(|error| unreachable(&error))?;
        rt::spawn(async move { drop(driver.await) });
        Ok(connection)
    }

    fn request(
        &self,
        outbound: &Outbound<'_>,
        left: Duration,
    ) -> Result<Request<Empty<Bytes>>, Fault> {
        let path = [&self.prefix, outbound.target].concat();
        let uri = Uri::from_maybe_shared(Bytes::from(path))
            .map_err(|error| Fault::Unreachable(format!("its target: {error}")))?;
        let mut request = Request::new(Empty::new());
        *request.uri_mut() = uri;
        let headers = request.headers_mut();
        headers.reserve(8);
        headers.insert(HOST, self.host.clone());
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(HeaderName::from_static("x-service-account"), self.account.clone());
        headers.insert(HeaderName::from_static("x-bff-hop"), self.account.clone());
        let left = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
        headers.insert(HeaderName::from_static("x-deadline-ms"), HeaderValue::from(left));
        if let Ok(value) = HeaderValue::try_from(outbound.trace.traceparent(outbound.span)) {
            headers.insert(HeaderName::from_static("traceparent"), value);
        }
        if let Some(Ok(user)) = outbound.on_behalf_of.map(|user| HeaderValue::from_str(user.id())) {
            headers.insert(HeaderName::from_static("x-user-id"), user);
        }
        Ok(request)
    }

    async fn read(&self, answer: Response<Incoming>) -> Result<Bytes, Fault> {
        let limit_bytes = self.settings.body_limit_bytes;
        let (head, body) = answer.into_parts();
        let read = Limited::new(body, limit_bytes).collect().await;
        let body = match read {
            Ok(read) => read.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => {
                return Err(Fault::TooLarge { limit_bytes });
            }
            Err(error) => return Err(broken(&*error)),
        };
        match head.headers.get(CONTENT_ENCODING).map(HeaderValue::as_bytes) {
            None | Some(b"identity") => Ok(body),
            Some(b"gzip") => inflate(&body, limit_bytes),
            Some(_) => Err(Fault::Malformed("its content encoding was not asked for".to_owned())),
        }
    }
}

fn inflate(body: &[u8], limit_bytes: usize) -> Result<Bytes, Fault> {
    let mut decoded = Vec::new();
    let one_more = u64::try_from(limit_bytes).unwrap_or(u64::MAX).saturating_add(1);
    let read = flate2::read::MultiGzDecoder::new(body).take(one_more).read_to_end(&mut decoded);
    read.map_err(|error| Fault::Malformed(error.to_string()))?;
    if decoded.len() > limit_bytes {
        Err(Fault::TooLarge { limit_bytes })
    } else {
        Ok(decoded.into())
    }
}

fn check_type(headers: &HeaderMap) -> Result<(), Fault> {
    let declared = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = declared.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") || essence.ends_with("+json") {
        Ok(())
    } else {
        Err(Fault::Malformed("its content type is not JSON".to_owned()))
    }
}

/// hyper says what happened in its first sentence and why in the next.
fn broken(error: &(dyn Error + 'static)) -> Fault {
    let why = error.source().map(|source| format!(": {source}")).unwrap_or_default();
    Fault::Broken(format!("{error}{why}"))
}
