//! Tokens of issuers that type theirs otherwise than RFC 9068 says, or not at all, and the other
//! tokens of the same issuers.

use crate::{
    INVALID, outcome_of,
    support::{Answer, KeyEndpoint, US, run, settings},
    with,
};
use bff_auth::{AudienceClaim, IssuerSettings};
use bff_fixtures::Issuer;
use serde_json::{Value, json};

/// Asks with a token of this `typ`, of a good token's claims and `more`.
async fn outcome(settings: &IssuerSettings, typ: &Value, more: &Value) -> String {
    let issuer = Issuer::shared();
    let mut claims = issuer.claims("u-1", US);
    for (name, value) in more.as_object().unwrap() {
        claims = with(claims, name, value.clone());
    }
    let header = with(issuer.header(), "typ", typ.clone());
    outcome_of(settings.clone(), &issuer.sign(&header, &claims)).await
}

#[test]
fn access_tokens_without_a_type_or_with_another_can_be_allowed() {
    run(async {
        let endpoint = KeyEndpoint::start(Answer::Body(Issuer::shared().jwks())).await;
        let strict = settings(endpoint.source());
        let untyped = IssuerSettings { allow_untyped: true, ..strict.clone() };
        let other = IssuerSettings { token_types: vec!["access+jwt".to_owned()], ..strict.clone() };
        let scope = json!({ "scope": "orders:read" });
        for (settings, typ, expected) in [
            (&strict, Value::Null, INVALID),
            (&strict, json!("access+jwt"), INVALID),
            (&untyped, Value::Null, "ok"),
            (&untyped, json!("at+jwt"), "ok"),
            (&untyped, json!("access+jwt"), INVALID),
            (&untyped, json!(""), INVALID),
            (&untyped, json!(7), INVALID),
            (&other, json!("application/Access+JWT"), "ok"),
            (&other, json!("at+jwt"), INVALID),
            (&other, Value::Null, INVALID),
        ] {
            assert_eq!(outcome(settings, &typ, &scope).await, expected, "{typ} {settings:?}");
        }
    });
}

#[test]
fn another_kind_of_token_is_no_access_token_whatever_types_are_allowed() {
    run(async {
        let endpoint = KeyEndpoint::start(Answer::Body(Issuer::shared().jwks())).await;
        let settings = IssuerSettings { allow_untyped: true, ..settings(endpoint.source()) };
        let scope = json!("orders:read");
        let logout = json!({ "http://schemas.openid.net/event/backchannel-logout": {} });
        for (what, claims, typed, untyped) in [
            ("nothing but who", json!({}), "ok", INVALID),
            ("scopes", json!({ "scope": scope }), "ok", "ok"),
            ("no scopes", json!({ "scp": [] }), "ok", "ok"),
            ("Okta", json!({ "cid": "0oa1", "uid": "00u1" }), "ok", "ok"),
            ("RFC 9068", json!({ "client_id": "app" }), "ok", "ok"),
            ("Cognito's", json!({ "token_use": "access", "username": "u" }), "ok", "ok"),
            ("Keycloak's, old", json!({ "typ": "Bearer", "nonce": "n" }), "ok", "ok"),
            ("identity", json!({ "nonce": "n", "at_hash": "h", "azp": "app" }), INVALID, INVALID),
            ("identity with scopes", json!({ "nonce": "n", "scope": scope }), INVALID, INVALID),
            ("identity without nonce", json!({ "at_hash": "h" }), INVALID, INVALID),
            ("of a hybrid flow", json!({ "c_hash": "h", "scope": scope }), INVALID, INVALID),
            ("an odd nonce", json!({ "nonce": 7, "client_id": "app" }), INVALID, INVALID),
            ("Cognito's identity", json!({ "token_use": "id", "scope": scope }), INVALID, INVALID),
            ("Keycloak's identity", json!({ "typ": "ID", "scope": scope }), INVALID, INVALID),
            ("Keycloak's refresh", json!({ "typ": "Refresh", "scope": scope }), INVALID, INVALID),
            ("logout", json!({ "events": logout, "scope": scope }), INVALID, INVALID),
            ("Bearer with a hash", json!({ "typ": "Bearer", "at_hash": "h" }), INVALID, INVALID),
        ] {
            for (typ, expected) in
                [(json!("JWT"), typed), (Value::Null, untyped), (json!("at+jwt"), "ok")]
            {
                assert_eq!(outcome(&settings, &typ, &claims).await, expected, "{what}, {typ}");
            }
        }
    });
}

#[test]
fn an_issuer_that_knows_clients_only_names_us_as_one() {
    run(async {
        let endpoint = KeyEndpoint::start(Answer::Body(Issuer::shared().jwks())).await;
        let cognito = IssuerSettings {
            allow_untyped: true,
            audience_claim: AudienceClaim::ClientId,
            ..settings(endpoint.source())
        };
        for (claims, expected) in [
            (json!({ "aud": null, "client_id": US, "token_use": "access" }), "ok"),
            (json!({ "aud": US, "client_id": US }), "ok"),
            (json!({ "aud": ["https://api.test", US], "client_id": US }), "ok"),
            (json!({ "aud": "https://api.test", "client_id": US }), INVALID),
            (json!({ "aud": 7, "client_id": US }), INVALID),
            (json!({ "aud": null, "client_id": "other" }), INVALID),
            (json!({ "aud": null, "client_id": [US] }), INVALID),
            (json!({ "aud": US, "scope": "a" }), INVALID),
            (json!({ "aud": US, "token_use": "id" }), INVALID),
        ] {
            assert_eq!(outcome(&cognito, &Value::Null, &claims).await, expected, "{claims}");
        }
        let usual = IssuerSettings { audience_claim: AudienceClaim::Aud, ..cognito };
        let claims = json!({ "aud": null, "client_id": US });
        assert_eq!(outcome(&usual, &Value::Null, &claims).await, INVALID);
    });
}

#[test]
fn how_long_a_token_may_be_is_a_setting() {
    run(async {
        let endpoint = KeyEndpoint::start(Answer::Body(Issuer::shared().jwks())).await;
        for (most, bytes, expected) in [
            (8 * 1024, 12_000, INVALID),
            (32 * 1024, 12_000, "ok"),
            (32 * 1024, 23_000, "ok"),
            (32 * 1024, 25_000, INVALID),
            (100, 0, INVALID),
        ] {
            let settings = IssuerSettings { max_token_bytes: most, ..settings(endpoint.source()) };
            let roles = json!({ "roles": "x".repeat(bytes) });
            let outcome = outcome(&settings, &json!("at+jwt"), &roles).await;
            assert_eq!(outcome, expected, "{bytes} bytes of roles where {most} are allowed");
        }
    });
}
