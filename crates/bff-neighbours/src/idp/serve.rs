//! From an HTTP request to an answer, or to what a fault makes of it.

use super::{
    asked::Asked,
    discovery,
    fault::{Endpoint, IdpFault},
    provider::{Desk, Provider, Shared},
    reply::json_or_error,
};
use actix_web::{
    HttpRequest, HttpResponse,
    body::{BoxBody, to_bytes},
    dev::Extensions,
    http::StatusCode,
    rt::{net::TcpStream, time::sleep},
    web::{Bytes, Data},
};
use std::{any::Any, future::pending, net, os::fd::AsFd};
use tokio::sync::oneshot;

/// A response, and the logout notices that it waits for.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) response: HttpResponse,
    pub(super) told: Vec<oneshot::Receiver<()>>,
}

impl From<HttpResponse> for Answer {
    fn from(response: HttpResponse) -> Self {
        Self { response, told: Vec::new() }
    }
}

/// The socket under a request, for a fault that closes it.
struct Socket(net::TcpStream);

/// Keeps a second handle of each accepted socket.
pub(super) fn keep_socket(connection: &dyn Any, data: &mut Extensions) {
    let stream = connection.downcast_ref::<TcpStream>();
    if let Some(Ok(socket)) = stream.map(|stream| stream.as_fd().try_clone_to_owned()) {
        data.insert(Socket(socket.into()));
    }
}

/// The only handler.
pub(super) async fn serve(request: HttpRequest, body: Bytes, shared: Data<Shared>) -> HttpResponse {
    let endpoint = Endpoint::at(request.path());
    let Desk { fault, reword, .. } =
        endpoint.map(|endpoint| shared.lock().begin(endpoint)).unwrap_or_default();
    match fault {
        None => {}
        Some(IdpFault::Delay(by)) => sleep(by).await,
        Some(IdpFault::Hang) => pending().await,
        Some(IdpFault::Status(code)) => {
            return HttpResponse::build(status(code)).body("a fault was asked for");
        }
        Some(IdpFault::Garbage) => return said(200, "{\"access_token\": \u{1}"),
        Some(IdpFault::Answer(code, body)) => return said(code, body),
        Some(IdpFault::Close) => {
            if let Some(Socket(socket)) = request.conn_data() {
                // It may be closed already, which is what was wanted.
                let _closed = socket.shutdown(net::Shutdown::Both);
            }
            // Nobody gets this, and nothing was done.
            return HttpResponse::ServiceUnavailable().finish();
        }
    }
    let answer = match Asked::read(&request, &body) {
        Ok(asked) => answer(&mut shared.lock(), &asked),
        Err(error) => error.reply().into(),
    };
    for told in answer.told {
        // An error says that the notice was not sent, which the person at the browser cannot mend.
        let _told_or_not = told.await;
    }
    let Some(reword) = reword else { return answer.response };
    let (head, body) = answer.response.into_parts();
    // It is in memory, so nothing can go wrong while it is read.
    let text = to_bytes(body).await.unwrap_or_default();
    head.set_body(BoxBody::new(reword(&String::from_utf8_lossy(&text))))
}

fn said(code: u16, body: &'static str) -> HttpResponse {
    HttpResponse::build(status(code)).content_type("application/json").body(body)
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn answer(provider: &mut Provider, asked: &Asked) -> Answer {
    match (asked.method.as_str(), asked.path.as_str()) {
        ("GET", "/.well-known/openid-configuration") => {
            HttpResponse::Ok().json(discovery::document(&provider.url)).into()
        }
        ("GET", "/jwks") => HttpResponse::Ok().json(provider.keys.jwks()).into(),
        ("GET" | "POST", "/authorize") => provider.authorize(asked).into(),
        ("POST", "/sign-in") => provider.sign_in(asked).into(),
        ("POST", "/token") => json_or_error(provider.token(asked)).into(),
        ("GET" | "POST", "/userinfo") => provider.userinfo(asked).into(),
        ("POST", "/revoke") => match provider.revoke(asked) {
            Ok(()) => HttpResponse::Ok().finish().into(),
            Err(error) => error.reply().into(),
        },
        ("GET" | "POST", "/end-session") => provider.end_session(asked),
        ("POST", "/sign-out") => provider.confirm_sign_out(asked),
        (_, path) if path == "/control" || path.starts_with("/control/") => provider.control(asked),
        _ => HttpResponse::NotFound().finish().into(),
    }
}
