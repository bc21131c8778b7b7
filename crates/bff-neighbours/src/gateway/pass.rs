//! A request handed on to the BFF, and its answer handed back.

use super::Behind;
use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CONNECTION, CONTENT_LENGTH, HeaderName, TRANSFER_ENCODING},
    web::{Bytes, Data},
};
use awc::Client;
use std::time::Duration;

/// What is about one connection only (RFC 9110, section 7.6.1), or is written anew.
const OWN: [HeaderName; 3] = [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING];
/// Nothing in development takes longer.
const PATIENCE: Duration = Duration::from_secs(20);
/// As much of an answer as is passed on.
const LARGEST_ANSWER: usize = 16 * 1024 * 1024;

/// A client that changes nothing and follows nothing.
pub(super) fn client() -> Client {
    Client::builder().disable_redirects().no_default_headers().timeout(PATIENCE).finish()
}

/// The handler of everything that is not the page.
pub(super) async fn on(
    request: HttpRequest,
    body: Bytes,
    behind: Data<Behind>,
    client: Data<Client>,
) -> HttpResponse {
    let Some(address) = behind.get() else {
        return HttpResponse::BadGateway().body("the gateway leads nowhere yet");
    };
    let mut outbound = client
        .request(request.method().clone(), format!("http://{address}{}", request.uri()))
        .no_decompress();
    for (name, value) in request.headers().iter().filter(|(name, _)| !OWN.contains(name)) {
        outbound = outbound.append_header((name.clone(), value.clone()));
    }
    let mut answer = match outbound.send_body(body).await {
        Ok(answer) => answer,
        Err(error) => {
            let text = format!("no answer from the BFF at {address}: {error}");
            return HttpResponse::BadGateway().body(text);
        }
    };
    let mut response = HttpResponse::build(answer.status());
    for (name, value) in answer.headers().iter().filter(|(name, _)| !OWN.contains(name)) {
        response.append_header((name.clone(), value.clone()));
    }
    match answer.body().limit(LARGEST_ANSWER).await {
        Ok(body) => response.body(body),
        Err(error) => {
            HttpResponse::BadGateway().body(format!("half an answer from {address}: {error}"))
        }
    }
}
