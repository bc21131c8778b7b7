//! The provider's signed tokens before they are believed: identity tokens at login, and logout tokens.
//! What they have to say is in [`claims`](crate::claims).

use crate::{
    claims::{Expected, Identity, Logout},
    jwks::KeySet,
    keys::Keyring,
    moment::Moment,
    refusal::Refusal,
    token::{Payload, Token},
};

/// Who signed in, if the token answers the login that `nonce` began; with the claims in `wanted`.
pub(super) async fn identity(
    text: &str,
    expected: Expected<'_>,
    nonce: &str,
    wanted: &[String],
    keyring: &Keyring,
) -> Result<Identity, Refusal> {
    let now = Moment::now();
    let payload = signed(text, expected, &["JWT".to_owned()], true, keyring, now).await?;
    Identity::of(&payload.claims()?, expected, nonce, wanted, now)
}

/// Whose sessions end, if the provider says so and means us.
pub(super) async fn logout(
    text: &str,
    expected: Expected<'_>,
    types: &[String],
    keyring: &Keyring,
) -> Result<Logout, Refusal> {
    let now = Moment::now();
    let untyped = types.iter().any(|typ| typ == "JWT");
    let payload = signed(text, expected, types, untyped, keyring, now).await?;
    Logout::of(&payload.claims()?, expected, now)
}

/// What a token says that the provider signed and typed as expected.
async fn signed(
    text: &str,
    expected: Expected<'_>,
    types: &[String],
    untyped: bool,
    keyring: &Keyring,
    now: Moment,
) -> Result<Payload, Refusal> {
    let token = Token::read(text, expected.max_token_bytes)?;
    token.header.check(expected.algorithms, types, untyped)?;
    let find = |keys: &KeySet| keys.find(token.header.kid.as_deref(), token.header.alg).cloned();
    let keys = keyring.current(now.steady).await.ok_or(Refusal::NoKeys)?;
    let key = match find(&keys) {
        Some(key) => key,
        None => {
            let keys = keyring.with_unknown(now.steady).await.ok_or(Refusal::NoKeys)?;
            find(&keys).ok_or(Refusal::Kid)?
        }
    };
    token.vouched(&key)
}

#[cfg(test)]
mod tests {
    use super::{Expected, Keyring};
    use crate::{
        claims::Claim,
        keys::Keys,
        refusal::Refusal,
        settings::{Algorithm, KeySource},
        support::run,
    };
    use bff_fixtures::Issuer;
    use serde_json::{Value, json};

    const EXPECTED: Expected<'_> = Expected {
        issuer: "https://issuer.test",
        client: "web-bff",
        algorithms: &[Algorithm::RS256],
        max_token_bytes: 8 * 1024,
        max_subject_bytes: 255,
    };

    fn keyring() -> Keyring {
        let directory = std::env::temp_dir().join(format!("bff-id-tokens-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let file = KeySource::File(Issuer::shared().write_jwks(&directory).unwrap());
        Keyring::new(Keys::open(&file, EXPECTED.algorithms).unwrap())
    }

    #[test]
    fn an_identity_token_answers_this_login_of_this_client_and_nothing_else() {
        type Change = fn(&mut Value, &mut Value);
        let same: Change = |_, _| {};
        let cases: [(&str, Change, Option<Refusal>); 19] = [
            ("good", same, None),
            ("for us alone", |_, claims| claims["aud"] = json!(["web-bff"]), None),
            (
                "asked for by us",
                |_, claims| {
                    claims["aud"] = json!(["web-bff", "api"]);
                    claims["azp"] = json!("web-bff");
                },
                None,
            ),
            ("untyped", |header, _| drop(header.as_object_mut().unwrap().remove("typ")), None),
            (
                "another login's",
                |_, claims| claims["nonce"] = json!("other"),
                Some(Refusal::Claim(Claim::Nonce)),
            ),
            (
                "of no login",
                |_, claims| drop(claims.as_object_mut().unwrap().remove("nonce")),
                Some(Refusal::Claim(Claim::Nonce)),
            ),
            (
                "a nonce that is none",
                |_, claims| claims["nonce"] = json!(null),
                Some(Refusal::Claim(Claim::Nonce)),
            ),
            (
                "another issuer",
                |_, claims| claims["iss"] = json!("https://issuer.test/"),
                Some(Refusal::Claim(Claim::Iss)),
            ),
            (
                "another client",
                |_, claims| claims["aud"] = json!("mobile-bff"),
                Some(Refusal::Claim(Claim::Aud)),
            ),
            ("for nobody", |_, claims| claims["aud"] = json!([]), Some(Refusal::Claim(Claim::Aud))),
            (
                "for several, asked for by nobody",
                |_, claims| {
                    claims["aud"] = json!(["web-bff", "api"]);
                },
                Some(Refusal::Claim(Claim::Azp)),
            ),
            (
                "asked for by another",
                |_, claims| claims["azp"] = json!("mobile-bff"),
                Some(Refusal::Claim(Claim::Azp)),
            ),
            ("expired", |_, claims| claims["exp"] = json!(1_000_000_000), Some(Refusal::Expired)),
            (
                "without an end",
                |_, claims| drop(claims.as_object_mut().unwrap().remove("exp")),
                Some(Refusal::Claim(Claim::Exp)),
            ),
            (
                "from the future",
                |_, claims| {
                    claims["iat"] = json!(claims["iat"].as_u64().unwrap() + 3600);
                },
                Some(Refusal::Claim(Claim::Iat)),
            ),
            ("an access token", |header, _| header["typ"] = json!("at+jwt"), Some(Refusal::Typ)),
            ("a logout token", |header, _| header["typ"] = json!("logout+jwt"), Some(Refusal::Typ)),
            ("another algorithm", |header, _| header["alg"] = json!("ES256"), Some(Refusal::Alg)),
            ("another key", |header, _| header["kid"] = json!("dev-9"), Some(Refusal::Kid)),
        ];
        let issuer = Issuer::shared();
        run(async move {
            let keyring = keyring();
            for (what, change, refused) in cases {
                let (mut header, mut claims) = (
                    json!({ "alg": "RS256", "typ": "JWT", "kid": "dev-1" }),
                    issuer.claims("u-1", "web-bff"),
                );
                claims["nonce"] = json!("n-1");
                change(&mut header, &mut claims);
                let token = issuer.sign(&header, &claims);
                let read = super::identity(&token, EXPECTED, "n-1", &[], &keyring).await;
                let expected = refused.map_or(Ok("u-1"), Err);
                assert_eq!(
                    read.as_ref().map(|identity| identity.subject.as_str()).map_err(|r| *r),
                    expected,
                    "{what}"
                );
            }
        });
    }
}
