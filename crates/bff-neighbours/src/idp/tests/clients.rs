//! How clients say who they are.

use super::{Client, ID, SECRET, claims, error, idp, post, text, tokens_of};
use bff_fixtures::{Issuer, Json};
use serde_json::json;
use std::time::{SystemTime, UNIX_EPOCH};

const CREDENTIALS: (&str, &str) = ("grant_type", "client_credentials");

#[test]
fn a_client_gets_a_token_for_itself() {
    let idp = idp();
    let reply = post(&idp, "/token", Some((ID, SECRET)), &[CREDENTIALS]);
    assert_eq!(reply.status, 200, "{}", reply.text());
    let body = reply.json();
    assert!(body["refresh_token"].is_null() && body["id_token"].is_null(), "{body}");
    let access = claims(&idp, text(&body, "access_token"), "at+jwt");
    assert_eq!((&access["sub"], &access["sid"]), (&json!(ID), &Json::Null));
    idp.register(Client::service("mobile-bff"));
    for id in ["mobile-bff", "web-bff"] {
        let credential = Some((id, crate::idp::DEMO_SECRET));
        assert_eq!(post(&idp, "/token", credential, &[CREDENTIALS]).status, 200, "{id}");
    }
}

#[test]
fn a_secret_comes_in_one_place() {
    let idp = idp();
    let in_form = [CREDENTIALS, ("client_id", ID), ("client_secret", SECRET)];
    assert_eq!(post(&idp, "/token", None, &in_form).status, 200);
    let refused = |basic, pairs: &[_]| error(&post(&idp, "/token", basic, pairs));
    let unknown = (401, "invalid_client".to_owned());
    assert_eq!(refused(Some((ID, "wrong")), &[CREDENTIALS]), unknown);
    assert_eq!(refused(Some(("nobody", SECRET)), &[CREDENTIALS]), unknown);
    assert_eq!(refused(None, &[CREDENTIALS, ("client_id", ID)]), unknown);
    let invalid = (400, "invalid_request".to_owned());
    assert_eq!(refused(Some((ID, SECRET)), &in_form), invalid);
    assert_eq!(refused(Some((ID, SECRET)), &[CREDENTIALS, ("client_id", "web-bff")]), invalid);
}

#[test]
fn a_client_without_credentials_gets_nothing() {
    let idp = idp();
    idp.register(Client::new("open"));
    let reply = post(&idp, "/token", Some(("open", "")), &[CREDENTIALS]);
    assert_eq!(error(&reply), (401, "invalid_client".to_owned()));
}

#[test]
fn an_assertion_is_as_good_as_a_secret_and_good_once() {
    let (idp, keys) = (idp(), Issuer::shared());
    let published: Json = serde_json::from_str(&keys.jwks()).unwrap();
    for (n, id) in ["by-rsa", "by-ec"].into_iter().enumerate() {
        let public_key_jwk = Some(published["keys"][n].clone());
        idp.register(Client { public_key_jwk, ..Client::new(id) });
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let good = |id: &str, jti: &str| json!({ "iss": id, "sub": id, "aud": idp.url(), "exp": now + 60, "jti": jti });
    let ask = |assertion: &str| {
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        let pairs = [CREDENTIALS, ("client_assertion_type", kind), ("client_assertion", assertion)];
        post(&idp, "/token", None, &pairs).status
    };
    let rs256 = json!({ "alg": "RS256" });
    let assertion = keys.sign(&rs256, &good("by-rsa", "1"));
    assert_eq!([ask(&assertion), ask(&assertion)], [200, 401]);
    assert_eq!(ask(&keys.sign_es256(&json!({ "alg": "ES256" }), &good("by-ec", "1"))), 200);
    for (name, value) in [
        ("iss", json!("shop")),
        ("sub", json!("by-ec")),
        ("aud", json!("http://127.0.0.1:1")),
        ("exp", json!(now - 3600)),
        ("exp", json!(now + 86_400)),
        ("jti", Json::Null),
    ] {
        let mut claims = good("by-rsa", "2");
        claims[name] = value;
        assert_eq!(ask(&keys.sign(&rs256, &claims)), 401, "{claims}");
    }
    let forged = Issuer::new().sign(&rs256, &good("by-rsa", "2"));
    assert_eq!(ask(&forged), 401);
    let by_public_key =
        keys.sign_hs256(&json!({ "alg": "HS256" }), &good("by-rsa", "2"), keys.public_key_der());
    assert_eq!(ask(&by_public_key), 401);
    assert_eq!(ask(&keys.sign(&rs256, &good("by-rsa", "2"))), 200);
}

#[test]
fn a_client_revokes_its_own_tokens_only() {
    let idp = idp();
    let body = tokens_of(&idp, "u-1");
    let [access, refresh] = ["access_token", "refresh_token"].map(|name| text(&body, name));
    let other = Some(("web-bff", crate::idp::DEMO_SECRET));
    for token in [access, refresh] {
        assert_eq!(post(&idp, "/revoke", other, &[("token", token)]).status, 400);
        assert!(idp.is_live(token));
    }
    let own = Some((ID, SECRET));
    assert_eq!(post(&idp, "/revoke", own, &[("token", "unknown")]).status, 200);
    assert_eq!(post(&idp, "/revoke", own, &[("token", access)]).status, 200);
    assert_eq!([access, refresh].map(|token| idp.is_live(token)), [false, true]);
    assert_eq!(post(&idp, "/revoke", own, &[("token", refresh)]).status, 200);
    assert_eq!((idp.live_refresh_tokens("u-1"), idp.revocations()), (0, 2));
    assert_eq!(post(&idp, "/revoke", None, &[("token", refresh)]).status, 401);
}
