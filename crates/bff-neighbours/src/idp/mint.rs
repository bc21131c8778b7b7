//! Making ID tokens and access tokens.

use super::{
    client::Client,
    grants::{Grant, Issued, SignedIn},
    provider::{Provider, now},
    secrets::random,
    users,
};
use bff_fixtures::Json;
use serde_json::json;

/// What an access token is to say.
pub(super) struct Access<'a> {
    pub(super) grant: u64,
    pub(super) client: &'a str,
    pub(super) sub: &'a str,
    pub(super) user: Option<&'a SignedIn>,
    pub(super) audience: Json,
    pub(super) scope: &'a str,
    /// Who acts for the user (RFC 8693, section 4.1).
    pub(super) act: Option<Json>,
    /// Seconds since 1970.
    pub(super) expires: u64,
}

impl Provider {
    /// When an access token made now ends, in seconds since 1970.
    pub(super) fn access_token_expires(&self) -> u64 {
        now().saturating_add(self.access_token_lifetime.as_secs())
    }

    /// An access token of RFC 9068.
    pub(super) fn access_token(&mut self, access: Access<'_>) -> String {
        let jti = random();
        let issued = Issued { grant: access.grant, expires: access.expires, spent: false };
        self.grants.access_tokens.insert(jti.clone(), issued);
        let mut claims = json!({
            "iss": self.url,
            "sub": access.sub,
            "aud": access.audience,
            "client_id": access.client,
            "scope": access.scope,
            "iat": now(),
            "exp": access.expires,
            "jti": jti,
        });
        let sid = access.user.map(|user| json!(user.sid));
        let auth_time = access.user.map(|user| json!(user.auth_time));
        add(&mut claims, [("sid", sid), ("auth_time", auth_time), ("act", access.act)]);
        self.signed("at+jwt", &claims)
    }

    /// An ID token; none when nobody asked for `openid`.
    pub(super) fn id_token(
        &self,
        client: &Client,
        grant: &Grant,
        nonce: Option<&str>,
    ) -> Option<String> {
        let user = grant.user.as_ref().filter(|_| has(&grant.scope, "openid"))?;
        let mut claims = json!({
            "iss": self.url,
            "sub": user.sub,
            "aud": client.id,
            "azp": client.id,
            "iat": now(),
            "exp": self.access_token_expires(),
            "auth_time": user.auth_time,
            "sid": user.sid,
        });
        let [name, email] = about(&user.sub, &grant.scope);
        add(&mut claims, [("nonce", nonce.map(|nonce| json!(nonce))), name, email]);
        let changes = self.id_token_claims.as_object().cloned();
        if let Some((claims, changes)) = claims.as_object_mut().zip(changes) {
            claims.extend(changes);
        }
        Some(self.signed("JWT", &claims))
    }
}

/// The claims about a user that a scope opens.
pub(super) fn about(sub: &str, scope: &str) -> [(&'static str, Option<Json>); 2] {
    let (name, email) = users::find(sub).unzip();
    [
        ("name", name.filter(|_| has(scope, "profile")).map(Json::from)),
        ("email", email.filter(|_| has(scope, "email")).map(Json::from)),
    ]
}

/// Whether a list of scopes has one.
pub(super) fn has(scope: &str, name: &str) -> bool {
    scope.split(' ').any(|known| known == name)
}

/// Adds the claims that there are.
pub(super) fn add<const N: usize>(claims: &mut Json, more: [(&'static str, Option<Json>); N]) {
    if let Some(claims) = claims.as_object_mut() {
        let present = more.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        claims.extend(present);
    }
}
