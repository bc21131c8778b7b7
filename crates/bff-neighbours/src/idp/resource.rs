//! `/userinfo` and `/revoke`: what a token is good for, and its end.

use super::{
    asked::Asked,
    mint::{about, add, has},
    provider::Provider,
    reply::{OAuthError, json},
};
use actix_web::{HttpResponse, http::header::WWW_AUTHENTICATE};
use serde_json::json;

impl Provider {
    /// OpenID Connect Core, section 5.3.
    pub(super) fn userinfo(&self, asked: &Asked) -> HttpResponse {
        let Some(token) = asked.credential("Bearer") else {
            return HttpResponse::Unauthorized()
                .insert_header((WWW_AUTHENTICATE, "Bearer"))
                .finish();
        };
        let refused = |mut reply: actix_web::HttpResponseBuilder, code| {
            reply.insert_header((WWW_AUTHENTICATE, format!("Bearer error=\"{code}\""))).finish()
        };
        let Some((known, issued)) = self.known(token) else {
            return refused(HttpResponse::Unauthorized(), "invalid_token");
        };
        let user = self.grants.valid(issued.grant).and_then(|grant| grant.user.as_ref());
        let Some(user) = user.filter(|_| has(&known.scope, "openid")) else {
            return refused(HttpResponse::Forbidden(), "insufficient_scope");
        };
        let mut claims = json!({ "sub": user.sub });
        add(&mut claims, about(&user.sub, &known.scope));
        json(&claims)
    }

    /// RFC 7009: a refresh token ends its whole grant, an access token only itself.
    pub(super) fn revoke(&mut self, asked: &Asked) -> Result<(), OAuthError> {
        let client = self.client(asked)?;
        let token = asked.params.need("token")?.to_owned();
        let of_another = || OAuthError::new("unauthorized_client", "the token is another client's");
        if let Some(issued) = self.grants.refresh_tokens.get(&token) {
            let grant = issued.grant;
            if self.grants.client_of(grant) != Some(&client.id) {
                return Err(of_another());
            }
            self.grants.revoke(grant);
            self.grants.revocations += 1;
        } else if let Some((known, _)) = self.known(&token) {
            if known.client_id != client.id {
                return Err(of_another());
            }
            if let Some(issued) = self.grants.access_tokens.get_mut(&known.jti) {
                issued.spent = true;
            }
            self.grants.revocations += 1;
        }
        // An unknown token is revoked already (section 2.2).
        Ok(())
    }
}
