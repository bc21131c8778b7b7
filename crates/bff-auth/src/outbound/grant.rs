//! The two grants that services' credentials come from (RFC 6749, RFC 8693).

use super::{settings::TokenSettings, token::Token};
use crate::{
    fetch,
    proof::ClientProof,
    token_endpoint::{Granted, NoTokens, TokenEndpoint, Trouble},
};
use awc::Client;
use rustls::ClientConfig;
use secrecy::{ExposeSecret, SecretString};
use std::{fmt, sync::Arc, time::Instant};
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

    /// Asks for a token of the BFF's own; `stands_in` when a service has refused another one.
    pub(crate) async fn own(&self, client: &Client, stands_in: bool) -> Result<Token, Trouble> {
        let fields = self.fields(&[("grant_type", "client_credentials")]);
        self.endpoint().ask_for_all(client, &fields, taken(stands_in)).await
    }

    /// Exchanges a user's token for another one.
    pub(crate) async fn exchanged(
        &self,
        client: &Client,
        subject: &SecretString,
        stands_in: bool,
    ) -> Result<Token, NoTokens> {
        let fields = self.fields(&[
            ("grant_type", EXCHANGE),
            ("subject_token", subject.expose_secret()),
            ("subject_token_type", ACCESS_TOKEN),
            ("requested_token_type", ACCESS_TOKEN),
        ]);
        self.endpoint().ask_for_one(client, &fields, taken(stands_in)).await
    }

    fn endpoint(&self) -> TokenEndpoint<'_> {
        TokenEndpoint {
            url: &self.url,
            client_id: &self.client_id,
            proof: &self.proof,
            audience: self.url.as_str(),
        }
    }

    fn fields<'a>(&'a self, grant: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let more = [("scope", self.scope.as_deref()), ("audience", self.audience.as_deref())];
        let more = more.into_iter().filter_map(|(name, value)| Some((name, value?)));
        grant.iter().copied().chain(more).collect()
    }
}

/// A token is as old as the wish for it.
fn taken(stands_in: bool) -> impl FnOnce(Granted) -> Result<Token, String> {
    let asked_at = Instant::now();
    move |granted| Token::of(&granted, asked_at, stands_in)
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant").field("url", &self.url.as_str()).finish_non_exhaustive()
    }
}
