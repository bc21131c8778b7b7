//! Ports, keys, limits and what is published.

use super::{ID, claims, get, idp, text, tokens_of};
use crate::{
    SampleServices, Service,
    idp::{IdentityProvider, users},
};
use bff_fixtures::http;
use jsonwebtoken::jwk::JwkSet;
use serde_json::json;

#[test]
fn what_is_published_is_there() {
    let idp = idp();
    let found = get(&idp, "/.well-known/openid-configuration").json();
    assert_eq!(text(&found, "issuer"), idp.url());
    assert_eq!(found["authorization_response_iss_parameter_supported"], json!(true));
    for name in [
        "authorization_endpoint",
        "token_endpoint",
        "userinfo_endpoint",
        "jwks_uri",
        "revocation_endpoint",
        "end_session_endpoint",
    ] {
        let path = text(&found, name).strip_prefix(idp.url()).unwrap();
        // Some want a form, a token or a client, but each is somewhere.
        assert!(
            [get(&idp, path).status, super::post(&idp, path, None, &[]).status]
                .iter()
                .any(|status| *status != 404),
            "{name}"
        );
    }
}

#[test]
fn keys_rotate_while_tokens_live_on() {
    let idp = idp();
    let kids = || {
        let keys: JwkSet = serde_json::from_slice(&get(&idp, "/jwks").body).unwrap();
        keys.keys.into_iter().map(|key| key.common.key_id.unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(kids(), ["idp-1", "idp-1-ec"]);
    let old = tokens_of(&idp, "u-1");
    idp.rotate_keys();
    let new = tokens_of(&idp, "u-1");
    assert_eq!(kids(), ["idp-1", "idp-1-ec", "idp-2", "idp-2-ec"]);
    // Both are checked against what is published.
    for body in [&old, &new] {
        assert_eq!(claims(&idp, text(body, "id_token"), "JWT")["aud"], json!(ID));
    }
    idp.withdraw_old_keys();
    assert_eq!(kids(), ["idp-2", "idp-2-ec"]);
    assert_eq!(idp.issuer().key_id(), "idp-2");
    assert!(idp.is_live(text(&old, "access_token")));
}

#[test]
fn a_long_body_or_query_is_refused() {
    let idp = idp();
    let long = "x".repeat(17 * 1024);
    assert_eq!(super::post(&idp, "/token", None, &[("code", &long)]).status, 413);
    assert_eq!(get(&idp, &format!("/authorize?state={long}")).status, 400);
}

#[test]
fn a_taken_port_is_named() {
    let idp = idp();
    let error = IdentityProvider::start_on(idp.address().port()).unwrap_err();
    assert!(error.to_string().contains(&idp.address().to_string()), "{error}");
    let port = idp.address().port();
    drop(idp);
    assert_eq!(IdentityProvider::start_on(port).unwrap().address().port(), port);
}

#[test]
fn the_people_are_those_of_the_sample_services() {
    let services = SampleServices::start().unwrap();
    let address = services.url(Service::Users).strip_prefix("http://").unwrap().parse().unwrap();
    for (id, name) in users::DEMO {
        let user = http::send(address, "GET", &format!("/users/{id}"), &[("connection", "close")]);
        let user = user.unwrap().json();
        assert_eq!(
            (text(&user, "displayName"), text(&user, "email")),
            (name, users::find(id).unwrap().1.as_str())
        );
    }
}
