//! `/token`: codes, refresh tokens and client credentials become access tokens.

use super::{
    asked::Asked,
    authorize::allowed_scope,
    client::Client,
    grants::{Code, Grant, Issued},
    mint::{Access, add},
    provider::{Provider, now},
    reply::OAuthError,
    secrets::proves,
};
use bff_fixtures::Json;
use serde_json::json;

/// A code or a token that is no longer good for anything.
const NOT_ACCEPTED: &str = "unknown, expired, revoked, or made for somebody else";

impl Provider {
    pub(super) fn token(&mut self, asked: &Asked) -> Result<Json, OAuthError> {
        let client = self.client(asked)?;
        match asked.params.need("grant_type")? {
            "authorization_code" => self.redeem_code(asked, &client),
            "refresh_token" => self.refresh(asked, &client),
            "client_credentials" => self.for_itself(asked, &client),
            "urn:ietf:params:oauth:grant-type:token-exchange" => self.exchange(asked, &client),
            _ => Err(OAuthError::new("unsupported_grant_type", "no such grant")),
        }
    }

    /// RFC 6749, section 4.1.3, with the verifier of RFC 7636.
    fn redeem_code(&mut self, asked: &Asked, client: &Client) -> Result<Json, OAuthError> {
        let refused = || OAuthError::invalid_grant(NOT_ACCEPTED);
        let code = asked.params.need("code")?.to_owned();
        let Code { grant, redirect_uri, challenge, nonce, expires, used } =
            self.grants.codes.get(&code).ok_or_else(refused)?.clone();
        if self.grants.client_of(grant) != Some(&client.id) {
            return Err(refused());
        }
        if used {
            // Two parties have had this code: what the first one got is worth nothing now.
            self.grants.revoke(grant);
            return Err(refused());
        }
        if let Some(code) = self.grants.codes.get_mut(&code) {
            code.used = true;
        }
        let verifier = asked.params.get("code_verifier").unwrap_or_default();
        if expires <= now()
            || asked.params.get("redirect_uri") != Some(&redirect_uri)
            || !proves(verifier, &challenge)
        {
            return Err(refused());
        }
        let held = self.grants.valid(grant).ok_or_else(refused)?.clone();
        let scope = held.scope.clone();
        Ok(self.tokens(grant, &held, client, &scope, nonce.as_deref()))
    }

    /// RFC 6749, section 6, with the rotation of RFC 9700, section 4.14.2.
    fn refresh(&mut self, asked: &Asked, client: &Client) -> Result<Json, OAuthError> {
        let refused = || OAuthError::invalid_grant(NOT_ACCEPTED);
        let token = asked.params.need("refresh_token")?.to_owned();
        let Issued { grant, expires, spent } =
            self.grants.refresh_tokens.get(&token).ok_or_else(refused)?.clone();
        if self.grants.client_of(grant) != Some(&client.id) {
            return Err(refused());
        }
        if spent {
            // Two parties have this family of tokens, and nobody can tell which one is right.
            self.grants.reused += 1;
            self.grants.revoke(grant);
            return Err(refused());
        }
        let held =
            self.grants.valid(grant).filter(|_| expires > now()).ok_or_else(refused)?.clone();
        let scope = narrowed(&held.scope, asked)?;
        if let Some(token) = self.grants.refresh_tokens.get_mut(&token) {
            token.spent = true;
        }
        self.grants.refreshes += 1;
        Ok(self.tokens(grant, &held, client, &scope, None))
    }

    /// RFC 6749, section 4.4.
    fn for_itself(&mut self, asked: &Asked, client: &Client) -> Result<Json, OAuthError> {
        let allowed: Vec<_> =
            client.scopes.iter().filter(|scope| *scope != "openid").cloned().collect();
        let scope = allowed_scope(&allowed, asked.params.get("scope"))?;
        let held = Grant { client: client.id.clone(), user: None, scope, revoked: false };
        let grant = self.grants.add(held.clone());
        Ok(self.access_only(grant, &held, client, &held.scope))
    }

    /// An access token, a refresh token and, with `openid`, an ID token.
    fn tokens(
        &mut self,
        id: u64,
        grant: &Grant,
        client: &Client,
        scope: &str,
        nonce: Option<&str>,
    ) -> Json {
        let mut body = self.access_only(id, grant, client, scope);
        let refresh_token = self.grants.new_refresh_token(id, self.refresh_token_lifetime);
        let id_token = self.id_token(client, grant, nonce);
        add(
            &mut body,
            [("refresh_token", Some(refresh_token.into())), ("id_token", id_token.map(Json::from))],
        );
        body
    }

    fn access_only(&mut self, id: u64, grant: &Grant, client: &Client, scope: &str) -> Json {
        let expires = self.access_token_expires();
        let token = self.access_token(Access {
            grant: id,
            client: &client.id,
            sub: grant.user.as_ref().map_or(&client.id, |user| &user.sub),
            user: grant.user.as_ref(),
            audience: json!(client.audiences),
            scope,
            act: None,
            expires,
        });
        json!({
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": self.access_token_lifetime.as_secs(),
            "scope": scope,
        })
    }
}

/// What was asked for out of a scope that was granted before.
pub(super) fn narrowed(granted: &str, asked: &Asked) -> Result<String, OAuthError> {
    let granted: Vec<_> = granted.split(' ').map(str::to_owned).collect();
    allowed_scope(&granted, asked.params.get("scope"))
}
