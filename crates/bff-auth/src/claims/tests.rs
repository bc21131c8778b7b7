//! Identity and logout tokens in all the forms that providers give them; access tokens are in
//! `tests/bearer`.

use super::{Claim, Expected, Identity, Logout, Whose};
use crate::{foreign::Members, moment::Moment, refusal::Refusal};
use serde_json::{Value, json};

const EXPECTED: Expected<'_> = Expected {
    issuer: "https://issuer.test",
    client: "web-bff",
    algorithms: &[],
    max_token_bytes: 8 * 1024,
    max_subject_bytes: 255,
};

/// `good` with other members, or more.
fn with(mut good: Value, changes: &Value) -> Value {
    let members = good.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap() {
        members.insert(name.clone(), value.clone());
    }
    good
}

fn without(mut good: Value, name: &str) -> Value {
    good.as_object_mut().unwrap().remove(name);
    good
}

fn good(now: Moment) -> Value {
    let iat = now.whole_seconds();
    json!({ "iss": "https://issuer.test", "aud": "web-bff", "sub": "u-1", "iat": iat, "exp": iat + 300 })
}

fn identity(claims: &str, now: Moment) -> Result<Identity, Refusal> {
    let wanted = ["name", "email", "groups"].map(str::to_owned);
    let members = Members::read(claims).map_err(|_| Refusal::Malformed)?;
    Identity::of(&members, EXPECTED, "n-1", &wanted, now)
}

fn logout(claims: &Value, now: Moment) -> Result<String, Refusal> {
    let claims = claims.to_string();
    let members = Members::read(&claims).map_err(|_| Refusal::Malformed)?;
    Logout::of(&members, EXPECTED, now).map(|logout| match logout.whose {
        Whose::ProviderSession(sid) => format!("sid {sid}"),
        Whose::Subject(sub) => format!("sub {sub}"),
    })
}

#[test]
fn c6_whoever_the_provider_vouches_for_can_sign_in() {
    let now = Moment::now();
    let good = with(good(now), &json!({ "nonce": "n-1" }));
    for subject in [
        "S//808E9UOiYKKAkagOBLGx=",
        "samlp|Okta|o'brien@x.test",
        "https://idp.test/users/1",
        "user#1",
        "..",
        "\r\n",
        &"x".repeat(255),
    ] {
        let read = identity(&with(good.clone(), &json!({ "sub": subject })).to_string(), now);
        assert_eq!(read.map(|identity| identity.subject), Ok(subject.to_owned()));
    }
    for subject in [json!(""), json!("x".repeat(256)), json!(1), json!(["u-1"]), json!(null)] {
        let read = identity(&with(good.clone(), &json!({ "sub": subject })).to_string(), now);
        assert_eq!(read.err(), Some(Refusal::Claim(Claim::Sub)), "{subject}");
    }
}

#[test]
fn what_nobody_needs_of_an_identity_token_cannot_fail_a_login() {
    let now = Moment::now();
    let good = with(good(now), &json!({ "nonce": "n-1" }));
    let iat = now.whole_seconds();
    let end = good.to_string().trim_end_matches('}').to_owned();
    for more in [
        r#""acr":{"a":[]},"amr":"pwd","auth_time":"yesterday""#,
        r#""azp":["web-bff"]"#,
        r#""azp":null"#,
        r#""azp":"web-bff""#,
        r#""sid":7"#,
        r#""nbf":"tomorrow""#,
        r#""nbf":9e999"#,
        r#""email":null,"name":7,"groups":1e999"#,
        r#""email":"a","email":"b""#,
        r#""at_hash":false,"c_hash":[]"#,
        r#""":0,"scope":[1]"#,
        &format!(r#""groups":{}{}"#, "[".repeat(5000), "]".repeat(5000)),
    ] {
        let read = identity(&format!("{end},{more}}}"), now);
        assert_eq!(read.map(|identity| identity.subject).as_deref(), Ok("u-1"), "{more}");
    }
    for (changes, refused) in [
        (json!({ "iat": f64::from(u32::try_from(iat).unwrap()) + 0.5 }), None),
        (json!({ "iat": iat.to_string() }), None),
        (json!({ "iat": -1 }), None),
        (json!({ "iat": u64::MAX }), Some(Refusal::Claim(Claim::Iat))),
        (json!({ "iat": 1e300 }), Some(Refusal::Claim(Claim::Iat))),
        (json!({ "iat": true }), Some(Refusal::Claim(Claim::Iat))),
        (json!({ "exp": 1e300 }), None),
        (json!({ "exp": u64::MAX }), None),
        (json!({ "exp": i64::MIN }), Some(Refusal::Expired)),
        (json!({ "exp": "9999999999" }), Some(Refusal::Claim(Claim::Exp))),
        (json!({ "aud": ["web-bff", 7] }), Some(Refusal::Claim(Claim::Aud))),
        (json!({ "aud": ["web-bff", "a"], "azp": ["web-bff"] }), Some(Refusal::Claim(Claim::Azp))),
        (json!({ "nonce": ["n-1"] }), Some(Refusal::Claim(Claim::Nonce))),
    ] {
        let read = identity(&with(good.clone(), &changes).to_string(), now);
        assert_eq!(read.err(), refused, "{changes}");
    }
}

#[test]
fn the_claims_that_are_wanted_are_told_as_far_as_they_can_be_read() {
    let now = Moment::now();
    let good = with(good(now), &json!({ "nonce": "n-1", "sid": "s-1", "name": "Ada", "extra": 1 }));
    let end = good.to_string().trim_end_matches('}').to_owned();
    let read = identity(&format!(r#"{end},"email":null,"groups":1e999}}"#), now).unwrap();
    assert_eq!(read.sid.as_deref(), Some("s-1"));
    assert_eq!(json!(read.claims), json!({ "name": "Ada" }));
}

#[test]
fn a_logout_token_names_sessions_by_what_can_be_read_of_it() {
    let now = Moment::now();
    let event = json!({ "http://schemas.openid.net/event/backchannel-logout": {} });
    let good = with(good(now), &json!({ "jti": "1", "sid": "s-1", "events": event }));
    let refused = |claim| Err(Refusal::Claim(claim));
    for (changes, whose) in [
        (json!({}), Ok("sid s-1")),
        (json!({ "sub": 7 }), Ok("sid s-1")),
        (json!({ "sub": null }), Ok("sid s-1")),
        (json!({ "sid": null }), Ok("sub u-1")),
        (
            json!({ "sid": null, "sub": "https://idp.test/users/1" }),
            Ok("sub https://idp.test/users/1"),
        ),
        (json!({ "nonce": null, "acr": [], "azp": {}, "nbf": "x", "email": 1 }), Ok("sid s-1")),
        (json!({ "iat": (now.whole_seconds() - 1).to_string() }), Ok("sid s-1")),
        // By the subject it would end more than the provider said.
        (json!({ "sid": 7 }), refused(Claim::Sid)),
        (json!({ "sid": null, "sub": ["u-1"] }), refused(Claim::Sub)),
        (json!({ "sid": null, "sub": null }), refused(Claim::Sub)),
        (json!({ "sid": null, "sub": "x".repeat(256) }), refused(Claim::Sub)),
        (json!({ "jti": 7 }), refused(Claim::Jti)),
        (json!({ "events": [] }), refused(Claim::Events)),
        (json!({ "nonce": 7 }), refused(Claim::Nonce)),
        (json!({ "iat": -1e300 }), refused(Claim::Iat)),
        (json!({ "iat": u64::MAX }), refused(Claim::Iat)),
        (json!({ "exp": -1 }), Err(Refusal::Expired)),
    ] {
        let read = logout(&with(good.clone(), &changes), now);
        assert_eq!(read.as_deref().map_err(|refusal| *refusal), whose, "{changes}");
    }
    for claim in [Claim::Iss, Claim::Aud, Claim::Iat, Claim::Exp, Claim::Jti, Claim::Events] {
        let read = logout(&without(good.clone(), claim.name()), now);
        assert_eq!(read, Err(Refusal::Claim(claim)));
    }
}
