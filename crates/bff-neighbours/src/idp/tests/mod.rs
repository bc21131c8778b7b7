//! The identity provider over real sockets: a browser, a client, and what they get.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail")]

mod browser;
mod clients;
mod exchange;
mod faults;
mod flow;
mod logout;
mod operation;
mod refresh;

use super::{Client, IdentityProvider};
use base64::{Engine, prelude::BASE64_STANDARD};
use bff_fixtures::{
    Json,
    http::{self, Reply},
};
use browser::Browser;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use std::time::Duration;
use url::{Url, form_urlencoded};

/// Long enough for anything that is going to happen.
const SOON: Duration = Duration::from_secs(10);

const CALLBACK: &str = "http://127.0.0.1:9/callback?from=idp";
/// The pair of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const ID: &str = "shop";
const SECRET: &str = "s3cret: 100%";

/// A provider with one more client, `shop`.
fn idp() -> IdentityProvider {
    let idp = IdentityProvider::start().unwrap();
    idp.register(shop());
    idp
}

fn shop() -> Client {
    Client {
        secret: Some(SECRET.to_owned()),
        redirect_uris: vec![CALLBACK.to_owned()],
        post_logout_redirect_uris: vec!["http://127.0.0.1:9/bye".to_owned()],
        ..Client::new(ID)
    }
}

fn form(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// The pairs with some replaced, added, or (with an empty value) left out.
fn with<'a>(
    pairs: &[(&'a str, &'a str)],
    changes: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    let kept = pairs.iter().filter(|(name, _)| changes.iter().all(|(other, _)| other != name));
    kept.chain(changes).filter(|(_, value)| !value.is_empty()).copied().collect()
}

/// The target of a good authorization request, changed.
fn authorize(changes: &[(&str, &str)]) -> String {
    let good = [
        ("response_type", "code"),
        ("client_id", ID),
        ("redirect_uri", CALLBACK),
        ("scope", "openid profile email"),
        ("state", "st&te"),
        ("nonce", "n-1"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    format!("/authorize?{}", form(&with(&good, changes)))
}

/// A value in the query of a redirect.
fn in_location(reply: &Reply, name: &str) -> Option<String> {
    let location = Url::parse(reply.header("location")?).unwrap();
    location.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

/// A form from a client, with a header or without.
fn post(
    idp: &IdentityProvider,
    path: &str,
    basic: Option<(&str, &str)>,
    pairs: &[(&str, &str)],
) -> Reply {
    let body = form(pairs);
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let credential = basic.map(|(id, secret)| {
        let pair = format!("{}:{}", encoded(id), encoded(secret));
        format!("authorization: Basic {}\r\n", BASE64_STANDARD.encode(pair))
    });
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n{}\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        idp.address(),
        credential.unwrap_or_default(),
        body.len(),
    );
    http::exchange(idp.address(), request.as_bytes()).unwrap()
}

/// A request of the client `shop` to the token endpoint.
fn token(idp: &IdentityProvider, pairs: &[(&str, &str)]) -> Reply {
    post(idp, "/token", Some((ID, SECRET)), pairs)
}

fn redeem(idp: &IdentityProvider, code: &str, changes: &[(&str, &str)]) -> Reply {
    let good = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    token(idp, &with(&good, changes))
}

fn refresh(idp: &IdentityProvider, token: &str) -> Reply {
    self::token(idp, &[("grant_type", "refresh_token"), ("refresh_token", token)])
}

/// What a user gets who signs in with a new browser.
fn tokens_of(idp: &IdentityProvider, user: &str) -> Json {
    let code = Browser::new(idp).code(user);
    let reply = redeem(idp, &code, &[]);
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

fn text<'a>(body: &'a Json, name: &str) -> &'a str {
    body[name].as_str().unwrap_or_else(|| panic!("no {name} in {body}"))
}

/// Status and error code.
fn error(reply: &Reply) -> (u16, String) {
    (reply.status, reply.at("/error").as_str().unwrap_or_default().to_owned())
}

fn get(idp: &IdentityProvider, target: &str) -> Reply {
    http::send(idp.address(), "GET", target, &[]).unwrap()
}

/// The claims of a token of type `typ`, checked as a client would: against the published keys.
fn claims(idp: &IdentityProvider, token: &str, typ: &str) -> Json {
    let header = decode_header(token).unwrap();
    assert_eq!(header.typ.as_deref(), Some(typ));
    let keys: JwkSet = serde_json::from_slice(&get(idp, "/jwks").body).unwrap();
    let key = keys.find(&header.kid.unwrap()).expect("a published key");
    let mut rules = Validation::new(Algorithm::RS256);
    rules.validate_aud = false;
    rules.set_issuer(&[idp.url()]);
    decode(token, &DecodingKey::from_jwk(key).unwrap(), &rules).unwrap().claims
}
