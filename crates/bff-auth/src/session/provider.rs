//! The identity provider: where its endpoints are, and the requests that this BFF sends them.

use super::settings::{SessionSettings, SessionSettingsError, is_safe};
use crate::{
    fetch,
    keys::{Keyring, Keys},
    moment::Moment,
    proof::ClientProof,
    settings::KeySource,
};
use arc_swap::ArcSwapOption;
use awc::Client;
use form_urlencoded::Serializer;
use rustls::ClientConfig;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use url::Url;

/// The discovery document is read anew after this.
const METADATA_FOR: Duration = Duration::from_secs(60 * 60);
/// A provider that did not answer is left alone for this long.
const REST: Duration = Duration::from_secs(1);
/// What an access token lives when the provider does not say, in seconds.
const DEFAULT_LIFETIME: u64 = 300;

/// The provider, for the whole process.
pub(super) struct Provider {
    discovery: Url,
    tls: Option<Arc<ClientConfig>>,
    proof: ClientProof,
    known: ArcSwapOption<Known>,
    rest_until: Mutex<Option<Instant>>,
}

/// What is known about the provider.
pub(super) struct Known {
    pub(super) endpoints: Endpoints,
    keys: Arc<Keys>,
    read_at: Instant,
}

/// The part of the discovery document that is used (OpenID Connect Discovery, section 3).
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Endpoints {
    issuer: String,
    pub(super) authorization_endpoint: Url,
    token_endpoint: Url,
    jwks_uri: Url,
    pub(super) end_session_endpoint: Option<Url>,
    revocation_endpoint: Option<Url>,
    /// RFC 9207.
    #[serde(default, rename = "authorization_response_iss_parameter_supported")]
    pub(super) names_itself: bool,
}

/// What the token endpoint gives.
#[derive(Debug, Deserialize)]
pub(super) struct Tokens {
    pub(super) access_token: SecretString,
    token_type: String,
    #[serde(default)]
    expires_in: Option<u64>,
    #[serde(default)]
    pub(super) refresh_token: Option<SecretString>,
    #[serde(default)]
    pub(super) id_token: Option<SecretString>,
    #[serde(default)]
    scope: Option<String>,
}

/// Why there are no tokens.
#[derive(Debug)]
pub(super) enum NoTokens {
    /// The provider will not give any for this code or refresh token, now or later.
    Refused,
    /// It cannot be asked, or answers nonsense.
    Away,
}

#[derive(Deserialize)]
struct OAuthError {
    error: String,
}

impl Tokens {
    /// How long the access token lives, in seconds.
    pub(super) fn lifetime(&self) -> u64 {
        self.expires_in.unwrap_or(DEFAULT_LIFETIME)
    }

    /// What was granted; `None` for just what was asked for (RFC 6749, section 5.1).
    pub(super) fn scopes(&self) -> Option<Vec<String>> {
        let scope = self.scope.as_deref()?;
        Some(scope.split_ascii_whitespace().map(str::to_owned).collect())
    }
}

impl Provider {
    pub(super) fn new(settings: &SessionSettings) -> Result<Self, SessionSettingsError> {
        let wrong = |why: String| SessionSettingsError::new("issuer", why);
        let base = settings.issuer.trim_end_matches('/');
        let discovery = format!("{base}/.well-known/openid-configuration");
        let discovery = Url::parse(&discovery).map_err(|error| wrong(error.to_string()))?;
        Ok(Self {
            tls: fetch::tls(&discovery).map_err(wrong)?,
            discovery,
            proof: settings.proof()?,
            known: ArcSwapOption::empty(),
            rest_until: Mutex::default(),
        })
    }

    /// A client for one worker.
    pub(super) fn client(&self) -> Client {
        fetch::client(self.tls.as_ref())
    }

    /// What is known, read when needed. What was known stays in use while the provider is away.
    pub(super) async fn known(
        &self,
        client: &Client,
        settings: &SessionSettings,
    ) -> Option<Arc<Known>> {
        let known = self.known.load_full();
        if known.as_ref().is_some_and(|known| known.read_at.elapsed() < METADATA_FOR) {
            return known;
        }
        match self.discover(client, settings).await {
            Ok(new) => {
                // The same address keeps the keys that are known.
                let keys = known.filter(|old| old.endpoints.jwks_uri == new.endpoints.jwks_uri);
                let keys = keys.map_or_else(|| Arc::clone(&new.keys), |old| Arc::clone(&old.keys));
                let new = Arc::new(Known { keys, ..new });
                self.known.store(Some(Arc::clone(&new)));
                Some(new)
            }
            Err(reason) => {
                tracing::warn!(
                    reason,
                    url = %self.discovery,
                    known = known.is_some(),
                    "the identity provider's discovery document could not be read; what was known stays in use"
                );
                known
            }
        }
    }

    async fn discover(&self, client: &Client, settings: &SessionSettings) -> Result<Known, String> {
        let json = fetch::fetch(client, &self.discovery).await?;
        let endpoints: Endpoints = serde_json::from_slice(&json)
            .map_err(|error| format!("not a discovery document: {error}"))?;
        endpoints.check(settings)?;
        let source = KeySource::Url(endpoints.jwks_uri.clone());
        let keys = Keys::open(&source, &settings.algorithms).map_err(|error| error.to_string())?;
        Ok(Known { endpoints, keys, read_at: Instant::now() })
    }

    /// Tokens for the code that a browser brought back.
    pub(super) async fn redeem(
        &self,
        client: &Client,
        settings: &SessionSettings,
        code: &str,
        verifier: &str,
    ) -> Result<Tokens, NoTokens> {
        let callback = settings.callback_url();
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &callback),
            ("code_verifier", verifier),
        ];
        self.ask(client, settings, &form).await
    }

    /// New tokens for a refresh token, which may be used up by that.
    pub(super) async fn refresh(
        &self,
        client: &Client,
        settings: &SessionSettings,
        token: &SecretString,
    ) -> Result<Tokens, NoTokens> {
        let form = [("grant_type", "refresh_token"), ("refresh_token", token.expose_secret())];
        self.ask(client, settings, &form).await
    }

    async fn ask(
        &self,
        client: &Client,
        settings: &SessionSettings,
        form: &[(&str, &str)],
    ) -> Result<Tokens, NoTokens> {
        if self.rests() {
            return Err(NoTokens::Away);
        }
        let known = self.known(client, settings).await.ok_or(NoTokens::Away)?;
        let answer = self.post(client, settings, &known.endpoints.token_endpoint, form).await;
        let away = |reason: &str| {
            self.rest();
            tracing::warn!(
                reason,
                "the identity provider gave no tokens; signed-in users go on while their access tokens last"
            );
            NoTokens::Away
        };
        let fetch::Answer { status, body } = answer.map_err(|reason| away(&reason))?;
        if status == 200 {
            let tokens: Tokens = serde_json::from_slice(&body)
                .map_err(|_its_text_may_quote_a_token| away("the answer is no token response"))?;
            let bearer = tokens.token_type.eq_ignore_ascii_case("bearer");
            return if bearer { Ok(tokens) } else { Err(away("the tokens are not bearer tokens")) };
        }
        match serde_json::from_slice::<OAuthError>(&body) {
            Ok(OAuthError { error }) if error == "invalid_grant" => Err(NoTokens::Refused),
            Ok(OAuthError { error }) if error.len() < 64 && !error.contains(char::is_control) => {
                Err(away(&format!("status {status}, {error}")))
            }
            _ => Err(away(&format!("status {status}"))),
        }
    }

    /// Tells the provider that a refresh token is not used any more (RFC 7009).
    pub(super) async fn revoke(
        &self,
        client: &Client,
        settings: &SessionSettings,
        token: &SecretString,
    ) {
        let Some(known) = self.known(client, settings).await else { return };
        let Some(url) = &known.endpoints.revocation_endpoint else { return };
        let form = [("token", token.expose_secret()), ("token_type_hint", "refresh_token")];
        let reason = match self.post(client, settings, url, &form).await {
            Ok(fetch::Answer { status: 200, .. }) => return,
            Ok(fetch::Answer { status, .. }) => format!("status {status}"),
            Err(reason) => reason,
        };
        tracing::warn!(
            reason,
            "a refresh token could not be revoked at the identity provider; its session has ended here"
        );
    }

    async fn post(
        &self,
        client: &Client,
        settings: &SessionSettings,
        url: &Url,
        fields: &[(&str, &str)],
    ) -> Result<fetch::Answer, String> {
        let mut form = Serializer::new(String::new());
        form.extend_pairs(fields);
        // The issuer and not the endpoint: no other server can use what is meant for this one.
        let proof =
            self.proof.prove(&settings.client_id, &settings.issuer, &mut form, Moment::now());
        let authorization = proof.await?;
        fetch::post_form(client, url, authorization, form.finish()).await
    }

    fn rests(&self) -> bool {
        let until = *self.rest_until.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| Instant::now() < until)
    }

    fn rest(&self) {
        let until = Instant::now() + REST;
        *self.rest_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
    }
}

impl Known {
    /// The keys that the provider signs with, as one worker reaches them.
    pub(super) fn keyring(&self, client: &Client) -> Keyring {
        Keyring::with_client(Arc::clone(&self.keys), client.clone())
    }
}

impl Endpoints {
    /// A document that names another issuer, or hosts that nobody allowed, is not believed.
    fn check(&self, settings: &SessionSettings) -> Result<(), String> {
        if self.issuer != settings.issuer {
            return Err("it is another issuer's".to_owned());
        }
        let own = Url::parse(&settings.issuer).ok();
        let own = own.as_ref().and_then(Url::host_str);
        let optional = [&self.end_session_endpoint, &self.revocation_endpoint];
        let all = [&self.authorization_endpoint, &self.token_endpoint, &self.jwks_uri];
        for url in all.into_iter().chain(optional.into_iter().flatten()) {
            let host = url.host_str();
            let allowed = |host: &str| settings.provider_hosts.iter().any(|known| known == host);
            if !is_safe(url) || !(host == own || host.is_some_and(allowed)) {
                return Err(format!(
                    "{url} is on a host that is neither the issuer's nor in session.provider_hosts"
                ));
            }
        }
        Ok(())
    }
}
