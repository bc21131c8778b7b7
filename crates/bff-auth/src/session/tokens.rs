//! What the provider's signed tokens have to say before they are believed: identity tokens at login,
//! and logout tokens.

use crate::{
    jwks::KeySet,
    keys::Keyring,
    moment::Moment,
    refusal::Refusal,
    settings::Algorithm,
    token::{Token, present},
};
use serde::{Deserialize, de::DeserializeOwned};
use std::collections::BTreeMap;

/// How far the provider's clock may be from ours, in seconds.
const LEEWAY: f64 = 30.0;
/// The oldest logout token that counts, in seconds.
const LOGOUT_AGE: f64 = 120.0;
/// The member of `events` that makes a token a logout token.
const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// For whom a token has to be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client: &'a str,
    pub(super) algorithms: &'a [Algorithm],
}

/// Who signed in (OpenID Connect Core, section 2).
#[derive(Debug, Deserialize)]
pub(super) struct Identity {
    pub(super) sub: String,
    #[serde(default, deserialize_with = "present")]
    pub(super) sid: Option<String>,
    #[serde(flatten)]
    about: About,
    #[serde(default, deserialize_with = "present")]
    nonce: Option<String>,
    #[serde(flatten)]
    pub(super) rest: BTreeMap<String, serde_json::Value>,
}

/// Whose sessions end (OpenID Connect Back-Channel Logout, section 2.4).
#[derive(Debug, Deserialize)]
pub(super) struct Logout {
    #[serde(default, deserialize_with = "present")]
    pub(super) sub: Option<String>,
    #[serde(default, deserialize_with = "present")]
    pub(super) sid: Option<String>,
    pub(super) jti: String,
    #[serde(flatten)]
    about: About,
    events: BTreeMap<String, serde_json::Value>,
    #[serde(default)]
    nonce: Option<serde_json::Value>,
}

/// What both say about themselves.
#[derive(Debug, Deserialize)]
struct About {
    iss: String,
    aud: Audience,
    #[serde(default)]
    azp: Option<String>,
    exp: f64,
    iat: f64,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Identity {
    /// Who signed in, if the token answers the login that `nonce` began.
    pub(super) async fn read(
        text: &str,
        expected: Expected<'_>,
        nonce: &str,
        keyring: &Keyring,
    ) -> Result<Self, Refusal> {
        let now = Moment::now();
        let token = signed(text, expected, &["JWT"], true, keyring, now).await?;
        let identity: Self = token;
        identity.about.check(expected, now)?;
        if identity.nonce.as_deref() != Some(nonce) {
            return Err(Refusal::Invalid("nonce"));
        }
        Ok(identity)
    }
}

impl Logout {
    /// Whose sessions end, if the provider says so and means us.
    pub(super) async fn read(
        text: &str,
        expected: Expected<'_>,
        types: &[String],
        keyring: &Keyring,
    ) -> Result<Self, Refusal> {
        let now = Moment::now();
        let types: Vec<&str> = types.iter().map(String::as_str).collect();
        let logout: Self =
            signed(text, expected, &types, types.contains(&"JWT"), keyring, now).await?;
        logout.about.check(expected, now)?;
        let event = logout.events.get(LOGOUT_EVENT).is_some_and(serde_json::Value::is_object);
        if !event || logout.nonce.is_some() || (logout.sub.is_none() && logout.sid.is_none()) {
            return Err(Refusal::Invalid("not a logout token"));
        }
        if logout.about.iat + LOGOUT_AGE + LEEWAY < now.seconds() {
            return Err(Refusal::Invalid("too old"));
        }
        Ok(logout)
    }
}

impl About {
    fn check(&self, expected: Expected<'_>, now: Moment) -> Result<(), Refusal> {
        let now = now.seconds();
        let (ours, alone) = match &self.aud {
            Audience::One(one) => (one == expected.client, true),
            Audience::Many(many) => {
                (many.iter().any(|one| one == expected.client), many.len() == 1)
            }
        };
        let party = self.azp.as_deref();
        let wrong = [
            (self.iss != expected.issuer, "issuer"),
            (!ours, "audience"),
            // Core, section 3.1.3.7: with several audiences it has to say who asked for it.
            (!alone && party.is_none(), "authorized party"),
            (party.is_some_and(|party| party != expected.client), "authorized party"),
            (self.iat > now + LEEWAY, "not yet valid"),
            (self.exp + LEEWAY <= now, "expired"),
        ];
        match wrong.into_iter().find(|(is_wrong, _)| *is_wrong) {
            Some((_, why)) => Err(Refusal::Invalid(why)),
            None => Ok(()),
        }
    }
}

/// The claims of a token that the provider signed and typed as expected.
async fn signed<T: DeserializeOwned>(
    text: &str,
    expected: Expected<'_>,
    types: &[&str],
    untyped: bool,
    keyring: &Keyring,
    now: Moment,
) -> Result<T, Refusal> {
    let token = Token::read(text)?;
    let typ = token.header.typ.as_deref();
    let typed =
        typ.map_or(untyped, |typ| types.iter().any(|known| crate::token::same_type(known, typ)));
    if !expected.algorithms.contains(&token.header.alg) || !typed {
        return Err(Refusal::Invalid("type"));
    }
    let find = |keys: &KeySet| keys.find(token.header.kid.as_deref(), token.header.alg).cloned();
    let keys = keyring.current(now.steady).await.ok_or(Refusal::Unavailable)?;
    let key = match find(&keys) {
        Some(key) => key,
        None => {
            let keys = keyring.with_unknown(now.steady).await.ok_or(Refusal::Unavailable)?;
            find(&keys).ok_or(Refusal::Invalid("unknown key"))?
        }
    };
    token.verified(&key)
}

#[cfg(test)]
mod tests {
    use super::{Expected, Identity, Keyring};
    use crate::{
        issuer::Issuer,
        keys::Keys,
        refusal::Refusal,
        settings::{Algorithm, KeySource},
        support::run,
    };
    use serde_json::{Value, json};

    const EXPECTED: Expected<'_> = Expected {
        issuer: "https://issuer.test",
        client: "web-bff",
        algorithms: &[Algorithm::RS256],
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
        let cases: [(&str, Change, Option<&str>); 19] = [
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
            ("another login's", |_, claims| claims["nonce"] = json!("other"), Some("nonce")),
            (
                "of no login",
                |_, claims| drop(claims.as_object_mut().unwrap().remove("nonce")),
                Some("nonce"),
            ),
            ("a nonce that is none", |_, claims| claims["nonce"] = json!(null), Some("claims")),
            (
                "another issuer",
                |_, claims| claims["iss"] = json!("https://issuer.test/"),
                Some("issuer"),
            ),
            ("another client", |_, claims| claims["aud"] = json!("mobile-bff"), Some("audience")),
            ("for nobody", |_, claims| claims["aud"] = json!([]), Some("audience")),
            (
                "for several, asked for by nobody",
                |_, claims| {
                    claims["aud"] = json!(["web-bff", "api"]);
                },
                Some("authorized party"),
            ),
            (
                "asked for by another",
                |_, claims| claims["azp"] = json!("mobile-bff"),
                Some("authorized party"),
            ),
            ("expired", |_, claims| claims["exp"] = json!(1_000_000_000), Some("expired")),
            (
                "without an end",
                |_, claims| drop(claims.as_object_mut().unwrap().remove("exp")),
                Some("claims"),
            ),
            (
                "from the future",
                |_, claims| {
                    claims["iat"] = json!(claims["iat"].as_u64().unwrap() + 3600);
                },
                Some("not yet valid"),
            ),
            ("an access token", |header, _| header["typ"] = json!("at+jwt"), Some("type")),
            ("a logout token", |header, _| header["typ"] = json!("logout+jwt"), Some("type")),
            ("another algorithm", |header, _| header["alg"] = json!("ES256"), Some("type")),
            ("another key", |header, _| header["kid"] = json!("dev-9"), Some("unknown key")),
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
                let read = Identity::read(&token, EXPECTED, "n-1", &keyring).await;
                let expected = refused.map_or(Ok("u-1"), |why| Err(Refusal::Invalid(why)));
                assert_eq!(
                    read.as_ref().map(|identity| identity.sub.as_str()).map_err(|r| *r),
                    expected,
                    "{what}"
                );
            }
        });
    }
}
