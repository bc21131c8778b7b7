//! Token exchange (RFC 8693): a token of ours becomes one for another audience.

use super::{
    asked::Asked,
    client::Client,
    grants::Issued,
    mint::Access,
    provider::{Provider, now},
    reply::OAuthError,
    token::narrowed,
};
use bff_fixtures::Json;
use serde::Deserialize;
use serde_json::json;

const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// The longest name of an audience.
const LONGEST_AUDIENCE: usize = 200;

/// What an access token of ours says.
#[derive(Deserialize)]
pub(super) struct Known {
    pub(super) jti: String,
    sub: String,
    pub(super) client_id: String,
    aud: Json,
    pub(super) scope: String,
    act: Option<Json>,
}

impl Provider {
    /// An access token of ours that still holds, and the grant behind it.
    pub(super) fn known(&self, token: &str) -> Option<(Known, Issued)> {
        let known: Known = serde_json::from_value(self.keys.verified(token, "at+jwt")?).ok()?;
        let issued = self.grants.access_tokens.get(&known.jti)?;
        self.grants.is_live(issued).then(|| (known, issued.clone()))
    }

    pub(super) fn exchange(&mut self, asked: &Asked, client: &Client) -> Result<Json, OAuthError> {
        let params = &asked.params;
        for (name, is_needed) in [("subject_token_type", true), ("requested_token_type", false)] {
            let typ = params.get(name);
            if typ.is_some_and(|typ| typ != ACCESS_TOKEN) || is_needed && typ.is_none() {
                return Err(OAuthError::invalid_request(format!("{name}: only {ACCESS_TOKEN}")));
            }
        }
        if params.get("actor_token").is_some() {
            return Err(OAuthError::invalid_request("no actor_token: the client acts"));
        }
        let audience = params.need("audience")?;
        if audience.len() > LONGEST_AUDIENCE || audience.chars().any(char::is_control) {
            return Err(OAuthError::new("invalid_target", "no name of a service"));
        }
        let refused = || OAuthError::invalid_request("subject_token is not accepted");
        let (subject, issued) = self.known(params.need("subject_token")?).ok_or_else(refused)?;
        // Only who was given the token, or is meant by it, may turn it into others.
        if subject.client_id != client.id && !is_for(&subject.aud, &client.id) {
            return Err(refused());
        }
        let user = self.grants.valid(issued.grant).and_then(|grant| grant.user.clone());
        let scope = narrowed(&subject.scope, asked)?;
        let expires = issued.expires.min(self.access_token_expires());
        let token = self.access_token(Access {
            grant: issued.grant,
            client: &client.id,
            sub: &subject.sub,
            user: user.as_ref(),
            audience: json!(audience),
            scope: &scope,
            act: Some(actor(&client.id, subject.act)),
            expires,
        });
        Ok(json!({
            "access_token": token,
            "issued_token_type": ACCESS_TOKEN,
            "token_type": "Bearer",
            "expires_in": expires.saturating_sub(now()),
            "scope": scope,
        }))
    }
}

fn is_for(aud: &Json, id: &str) -> bool {
    aud == id || aud.as_array().is_some_and(|list| list.iter().any(|one| one == id))
}

/// The client, and who acted before it.
fn actor(client: &str, before: Option<Json>) -> Json {
    match before {
        Some(before) => json!({ "sub": client, "act": before }),
        None => json!({ "sub": client }),
    }
}
