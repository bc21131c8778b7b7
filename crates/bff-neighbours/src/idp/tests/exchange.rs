//! Token exchange: another audience, the same person, and who acts for them.

use super::{ID, SECRET, claims, error, idp, post, text, tokens_of};
use crate::idp::{DEMO_SECRET, IdentityProvider};
use bff_fixtures::{Json, http::Reply};
use serde_json::json;
use std::time::Duration;

const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

fn exchange(idp: &IdentityProvider, client: (&str, &str), subject: &str, audience: &str) -> Reply {
    let pairs = [
        ("grant_type", GRANT),
        ("subject_token", subject),
        ("subject_token_type", ACCESS_TOKEN),
        ("audience", audience),
    ];
    post(idp, "/token", Some(client), &pairs)
}

#[test]
fn a_users_token_becomes_one_for_a_service() {
    let idp = idp();
    idp.set_access_token_lifetime(Duration::from_secs(30));
    let body = tokens_of(&idp, "u-3");
    let subject = claims(&idp, text(&body, "access_token"), "at+jwt");
    idp.set_access_token_lifetime(Duration::from_secs(300));
    let reply = exchange(&idp, (ID, SECRET), text(&body, "access_token"), "orders");
    assert_eq!(reply.at("/issued_token_type"), json!(ACCESS_TOKEN), "{}", reply.text());
    let body = reply.json();
    let access = claims(&idp, text(&body, "access_token"), "at+jwt");
    assert_eq!((&access["sub"], &access["aud"]), (&json!("u-3"), &json!("orders")));
    assert_eq!((&access["client_id"], &access["act"]), (&json!(ID), &json!({ "sub": ID })));
    assert!(body["refresh_token"].is_null(), "{body}");
    assert_eq!(access["exp"], subject["exp"], "no token outlives the one that it was made from");

    // Once more: the one before is remembered. And whoever is not meant gets nothing.
    let again = exchange(&idp, (ID, SECRET), text(&body, "access_token"), "stock").json();
    let act = claims(&idp, text(&again, "access_token"), "at+jwt")["act"].clone();
    assert_eq!(act, json!({ "sub": ID, "act": { "sub": ID } }));
    let other = exchange(&idp, ("web-bff", DEMO_SECRET), text(&body, "access_token"), "orders");
    assert_eq!(error(&other), (400, "invalid_request".to_owned()));
}

#[test]
fn whose_audience_one_is_may_exchange() {
    let idp = idp();
    let body = tokens_of(&idp, "u-3");
    let for_web = exchange(&idp, (ID, SECRET), text(&body, "access_token"), "web-bff").json();
    let subject = text(&for_web, "access_token");
    let reply = exchange(&idp, ("web-bff", DEMO_SECRET), subject, "orders");
    let access = claims(&idp, text(&reply.json(), "access_token"), "at+jwt");
    assert_eq!(access["act"], json!({ "sub": "web-bff", "act": { "sub": ID } }));
}

#[test]
fn only_a_live_access_token_of_ours_is_exchanged() {
    let idp = idp();
    let body = tokens_of(&idp, "u-3");
    let refused =
        |subject: &str, audience: &str| error(&exchange(&idp, (ID, SECRET), subject, audience));
    let invalid = (400, "invalid_request".to_owned());
    let access = text(&body, "access_token");
    assert_eq!(refused(access, ""), invalid);
    assert_eq!(refused(text(&body, "id_token"), "orders"), invalid);
    let mut claims: Json = claims(&idp, access, "at+jwt");
    claims["sub"] = json!("u-4");
    let header = json!({ "alg": "RS256", "typ": "at+jwt", "kid": idp.issuer().key_id() });
    let forged = bff_fixtures::Issuer::shared().sign(&header, &claims);
    assert_eq!(refused(&forged, "orders"), invalid);
    assert_eq!(post(&idp, "/revoke", Some((ID, SECRET)), &[("token", access)]).status, 200);
    assert_eq!(refused(access, "orders"), invalid);
}

#[test]
fn a_clients_own_token_stays_its_own() {
    let idp = idp();
    let own = post(&idp, "/token", Some((ID, SECRET)), &[("grant_type", "client_credentials")]);
    let reply = exchange(&idp, (ID, SECRET), text(&own.json(), "access_token"), "orders");
    let access = claims(&idp, text(&reply.json(), "access_token"), "at+jwt");
    assert_eq!((&access["sub"], &access["sid"]), (&json!(ID), &Json::Null));
}
