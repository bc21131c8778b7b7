//! Nobody without a good token gets anything, and no service hears of it.

use bff_testkit::{Issuer, Service, TestBff, json};

const AUDIENCE: &str = "mobile-bff";

fn bearer(token: &str) -> Option<String> {
    Some(format!("Bearer {token}"))
}

#[test]
fn a_bad_credential_is_refused_and_reaches_no_service() {
    let issuer = Issuer::shared();
    let (header, claims) = (issuer.header(), issuer.claims("u-1", AUDIENCE));
    let with = |name: &str, value| {
        let mut changed = claims.clone();
        changed[name] = value;
        bearer(&issuer.sign(&header, &changed))
    };
    let good = issuer.token("u-1", AUDIENCE);
    let (signed, _) = good.rsplit_once('.').unwrap();
    let other = issuer.token("u-2", AUDIENCE);
    let (_, foreign_signature) = other.rsplit_once('.').unwrap();
    let hs256 = json!({ "alg": "HS256", "typ": "at+jwt", "kid": "dev-1" });
    let pem = issuer.public_key_pem();
    let cases = [
        ("no token", None, "UNAUTHENTICATED"),
        ("another scheme", Some("Basic dTpw".to_owned()), "UNAUTHENTICATED"),
        ("garbage", bearer("a.b.c"), "TOKEN_INVALID"),
        ("wrong signature", bearer(&format!("{signed}.{foreign_signature}")), "TOKEN_INVALID"),
        (
            "alg none",
            bearer(&issuer.sign_text(r#"{"alg":"none","typ":"at+jwt"}"#, &claims.to_string())),
            "TOKEN_INVALID",
        ),
        (
            "HS256 signed with the public key",
            bearer(&issuer.sign_hs256(&hs256, &claims, pem.as_bytes())),
            "TOKEN_INVALID",
        ),
        ("expired", with("exp", json!(1_000_000)), "TOKEN_EXPIRED"),
        ("wrong audience", with("aud", json!("partner-bff")), "TOKEN_INVALID"),
        ("wrong issuer", with("iss", json!("https://evil.test")), "TOKEN_INVALID"),
        ("not yet", with("nbf", json!(4_000_000_000_u64)), "TOKEN_INVALID"),
        ("nobody", with("sub", json!("")), "TOKEN_INVALID"),
        ("a subject without end", with("sub", json!("x".repeat(256))), "TOKEN_INVALID"),
    ];
    let bff = TestBff::start(&mobile::bff());
    for (what, credential, code) in cases {
        let headers: Vec<_> =
            credential.iter().map(|value| ("authorization", value.as_str())).collect();
        let reply = bff.send("GET", "/mobile/v1/home", &headers);
        assert_eq!((reply.status, reply.code().as_str()), (401, code), "{what}: {}", reply.text());
        assert_eq!(reply.header("content-type"), Some("application/problem+json"), "{what}");
        let challenge = match code {
            "UNAUTHENTICATED" => "Bearer",
            _ => r#"Bearer error="invalid_token""#,
        };
        assert_eq!(reply.header("www-authenticate"), Some(challenge), "{what}");
    }
    for service in Service::ALL {
        assert_eq!(bff.services.stats(service).requests_started, 0, "{service}");
    }
    assert_eq!(bff.get("/mobile/v1/home").status, 200, "a good token is good");
}

#[test]
fn a_token_for_another_surface_opens_nothing() {
    let bff = TestBff::start(&mobile::bff());
    let token = format!("Bearer {}", Issuer::shared().token("u-1", "web-bff"));
    assert_eq!(
        bff.send("GET", "/mobile/v1/products/p-1", &[("authorization", &token)]).status,
        401
    );
}

#[test]
fn users_see_their_own_screens_only() {
    let bff = TestBff::start(&mobile::bff());
    for user in ["u-1", "u-2", "u-3"] {
        assert_eq!(bff.get_as(user, "/mobile/v1/home").at("/user/userId"), user);
    }
}
