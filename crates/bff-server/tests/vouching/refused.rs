//! A service that refuses the BFF, and an issuer that gives it nothing.

use crate::{NAME, ONCE, PROFILE, TWICE, ask, own, picky::Picky, run, service, start, write};
use actix_web::http::header::{AUTHORIZATION, HeaderValue};
use bff_core::{
    Fault as Refused,
    ports::{Local, Principal, Vouch},
};
use bff_fixtures::token_endpoint::{Says, TokenEndpoint};
use bff_server::Settings;
use bff_testkit::{Fault, Service as Sample, TestBff};
use bff_upstream::{Header, Proof, Services};
use std::rc::Rc;

const ONE: &str = "Bearer token-1";
const TWO: &str = "Bearer token-2";

fn picky(issuer: &TokenEndpoint, picky: &Picky) -> TestBff {
    let tables = own(&issuer.url()) + &service("picky", &picky.url(), "credential = \"own\"");
    start(&tables)
}

#[test]
fn a_refused_token_is_replaced_and_the_read_is_made_again() {
    let (issuer, service) = (TokenEndpoint::start(Says::Token(300)), Picky::start("token-1"));
    let bff = picky(&issuer, &service);
    for _ in 0..2 {
        let reply = bff.get(NAME);
        assert_eq!((reply.status, reply.at("/displayName")), (200, "Ada".into()));
    }
    assert_eq!(service.shown(), [ONE, TWO, TWO]);
    assert_eq!(issuer.asked().len(), 2);
}

#[test]
fn a_write_is_made_again_only_when_the_service_knows_it_again() {
    let (issuer, service) = (TokenEndpoint::start(Says::Token(300)), Picky::start("token-1"));
    let bff = picky(&issuer, &service);
    assert_eq!(write(&bff, ONCE, &[]).status, 502);
    assert_eq!(service.shown(), [ONE]);
    // The next one profits from the first one's trouble.
    assert_eq!(write(&bff, ONCE, &[]).status, 200);
    assert_eq!(service.shown(), [ONE, TWO]);

    let (issuer, service) = (TokenEndpoint::start(Says::Token(300)), Picky::start("token-1"));
    let bff = picky(&issuer, &service);
    let reply = write(&bff, TWICE, &[("idempotency-key", "k-1")]);
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(service.shown(), [ONE, TWO]);
}

#[test]
fn a_service_that_refuses_every_token_is_asked_twice_at_most_and_the_issuer_too() {
    let (issuer, service) = (TokenEndpoint::start(Says::Token(300)), Picky::start("token-"));
    let bff = picky(&issuer, &service);
    for _ in 0..5 {
        assert_eq!(bff.get(NAME).status, 502);
    }
    assert_eq!(service.shown(), [ONE, TWO, TWO, TWO, TWO, TWO]);
    assert_eq!(issuer.asked().len(), 2);
}

/// Always has another proof.
struct Inexhaustible;

impl Vouch<Header> for Inexhaustible {
    fn at_hand(&self, _user: Option<&Principal>) -> Option<Proof> {
        let value = HeaderValue::from_static("Bearer token-0");
        Some(Proof { credential: Some((AUTHORIZATION, value)), user: None })
    }

    fn find<'a>(&'a self, _user: Option<&'a Principal>) -> Local<'a, Result<Proof, Refused>> {
        Box::pin(async { Ok(Proof::NONE) })
    }

    fn instead_of<'a>(
        &'a self,
        _refused: &'a Proof,
        user: Option<&'a Principal>,
    ) -> Local<'a, Option<Proof>> {
        Box::pin(async move { self.at_hand(user) })
    }
}

#[test]
fn a_call_is_made_again_once_however_many_proofs_there_are() {
    let picky = Picky::start("token-");
    let settings: Settings = toml::from_str(&format!(
        "server.listen = '127.0.0.1:0'\nadmin.listen = '127.0.0.1:0'\n{}",
        service("picky", &picky.url(), "")
    ))
    .unwrap();
    let services = Services::new("test", &settings.services).unwrap();
    run(async {
        let transport = services.transport(|_| Rc::new(Inexhaustible));
        let fault = ask(&transport, "picky", "/names/u-1", None).await.unwrap_err();
        assert_eq!(fault.to_string(), "answered with status 401");
    });
    assert_eq!(picky.shown().len(), 2);
}

#[test]
fn a_service_without_a_credential_that_says_401_is_asked_once() {
    let bff = start(&service("users", "http://users", ""));
    bff.services.set_fault(Sample::Users, Some(Fault::Status { code: 401, retry_after: None }));
    assert_eq!(bff.get(PROFILE).status, 502);
    assert_eq!(bff.services.stats(Sample::Users).requests_started, 1);
}

#[test]
fn without_a_token_the_service_is_not_called_and_the_page_fails_in_its_time() {
    let mut away = TokenEndpoint::start(Says::Silence);
    away.close();
    let hanging = TokenEndpoint::start(Says::Silence);
    let saying_no = TokenEndpoint::start(Says::Body(401, String::new()));
    for issuer in [away, hanging, saying_no] {
        // The issuer is waited for two seconds, the service a fifth of one.
        let users = service("users", "http://users", "credential = \"own\"")
            .replace("timeout = \"20s\"\n", "timeout = \"200ms\"\n");
        let bff = start(&(own(&issuer.url()) + &users));
        let reply = bff.get(PROFILE);
        assert_eq!((reply.status, reply.code().as_str()), (503, "PROFILE_UNAVAILABLE"));
        assert_eq!(bff.services.stats(Sample::Users).requests_started, 0);
        let counted = r#"bff_upstream_calls_total{endpoint="profile",dependency="profile",service="users",criticality="critical",outcome="UNAVAILABLE"}"#;
        assert_eq!(bff.metric(counted), 1.0, "{}", bff.metrics());
        assert!(!reply.text().contains("token"), "{}", reply.text());
    }
}
