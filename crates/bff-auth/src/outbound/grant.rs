//! One request to the issuer's token endpoint (RFC 6749, RFC 7523, RFC 8693).

use super::{settings::TokenSettings, token::Token};
use crate::{fetch, moment::Moment, proof::ClientProof};
use awc::{Client, http::header::HeaderValue};
use form_urlencoded::Serializer;
use rustls::ClientConfig;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::{fmt, sync::Arc};
use url::Url;

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// Where and how tokens are asked for.
pub(crate) struct Grant {
    url: Url,
    tls: Option<Arc<ClientConfig>>,
    client_id: String,
    proof: ClientProof,
    scope: Option<String>,
    audience: Option<String>,
}

/// Why there is no token.
pub(crate) struct Failure {
    pub(crate) why: String,
    /// Whether the issuer works and says no to this request.
    pub(crate) is_refusal: bool,
}

/// RFC 6749, section 5.2.
#[derive(Deserialize)]
struct Refusal {
    error: String,
}

impl Grant {
    /// Reads the files that `settings` name.
    ///
    /// # Errors
    /// The key that cannot work, and why.
    pub(crate) fn new(settings: &TokenSettings) -> Result<Self, (&'static str, String)> {
        if settings.client_id.is_empty() {
            return Err(("client_id", "must not be empty".to_owned()));
        }
        Ok(Self {
            url: settings.token_url.clone(),
            tls: fetch::tls(&settings.token_url).map_err(|why| ("token_url", why))?,
            client_id: settings.client_id.clone(),
            proof: ClientProof::of(
                settings.client_secret.as_ref(),
                settings.client_secret_file.as_deref(),
                settings.private_key_file.as_deref(),
            )?,
            scope: settings.scope.clone(),
            audience: settings.audience.clone(),
        })
    }

    /// A client for one worker.
    pub(crate) fn client(&self) -> Client {
        fetch::client(self.tls.as_ref())
    }

    /// Asks for a token: for `subject`'s, or for one of our own. `stands_in` when a service has
    /// refused another one.
    pub(crate) async fn token(
        &self,
        client: &Client,
        subject: Option<&SecretString>,
        stands_in: bool,
    ) -> Result<Token, Failure> {
        let now = Moment::now();
        let failed = |why| Failure { why, is_refusal: false };
        let (authorization, form) = self.request(subject, now).await.map_err(failed)?;
        let answer = fetch::post_form(client, &self.url, authorization, form).await;
        match answer.map_err(failed)? {
            fetch::Answer { status: 200, body } => {
                Token::read(&body, now.steady, stands_in).map_err(failed)
            }
            fetch::Answer { status, body } => Err(Failure {
                why: format!("answered with status {status}{}", reason(&body)),
                is_refusal: (400..500).contains(&status) && status != 429,
            }),
        }
    }

    async fn request(
        &self,
        subject: Option<&SecretString>,
        now: Moment,
    ) -> Result<(Option<HeaderValue>, String), String> {
        let mut form = Serializer::new(String::new());
        match subject {
            None => drop(form.append_pair("grant_type", "client_credentials")),
            Some(token) => {
                form.append_pair("grant_type", EXCHANGE)
                    .append_pair("subject_token", token.expose_secret())
                    .append_pair("subject_token_type", ACCESS_TOKEN)
                    .append_pair("requested_token_type", ACCESS_TOKEN);
            }
        }
        for (name, value) in [("scope", &self.scope), ("audience", &self.audience)] {
            if let Some(value) = value {
                form.append_pair(name, value);
            }
        }
        let proof = self.proof.prove(&self.client_id, self.url.as_str(), &mut form, now);
        let authorization = proof.await?;
        Ok((authorization, form.finish()))
    }
}

/// The error's name, when it is a name.
fn reason(body: &[u8]) -> String {
    let is_name = |text: &str| {
        (1..=40).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
    };
    match serde_json::from_slice::<Refusal>(body) {
        Ok(Refusal { error }) if is_name(&error) => format!(": {error}"),
        _ => String::new(),
    }
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant").field("url", &self.url.as_str()).finish_non_exhaustive()
    }
}
