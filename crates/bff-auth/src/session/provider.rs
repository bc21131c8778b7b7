//! The identity provider: where its endpoints are, and the requests that this BFF sends them.

use super::{
    discovery::Endpoints,
    settings::{SessionSettings, SessionSettingsError},
    told::Told,
};
use crate::{
    fetch,
    keys::{Keyring, Keys},
    proof::ClientProof,
    settings::KeySource,
    token_endpoint::{Granted, NoTokens, Pause, TokenEndpoint},
};
use arc_swap::ArcSwapOption;
use awc::Client;
use rustls::ClientConfig;
use secrecy::{ExposeSecret, SecretString};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    sync::{Mutex, OwnedMutexGuard},
    task::{JoinHandle, spawn_local},
    time::timeout,
};
use url::Url;

/// The discovery document is read anew after this.
const METADATA_FOR: Duration = Duration::from_secs(60 * 60);
/// A discovery document that could not be read is left alone for this long.
const REST: Duration = Duration::from_secs(1);
/// The longest code; real ones have some KiB at most.
const LONGEST_CODE: usize = 4096;

/// The provider, for the whole process.
pub(super) struct Provider {
    settings: Arc<SessionSettings>,
    discovery: Url,
    tls: Option<Arc<ClientConfig>>,
    proof: ClientProof,
    known: ArcSwapOption<Known>,
    /// Held by the one who reads the discovery document; inside, when it may be read again.
    gate: Arc<Mutex<Option<Instant>>>,
    /// Two pauses, because anybody can begin a login, and nobody is signed out by that.
    logins: Pause,
    refreshes: Pause,
    told: Told,
}

/// What is known about the provider.
pub(super) struct Known {
    pub(super) endpoints: Endpoints,
    keys: Arc<Keys>,
    read_at: Instant,
}

/// What tokens are asked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose {
    Login,
    Refresh,
}

/// The right to ask the token endpoint once: there is no pause. A login is used up by what is done
/// with it, and not before.
pub(super) struct Turn<'a> {
    provider: &'a Provider,
    endpoints: &'a Endpoints,
    pause: &'a Pause,
}

/// What a browser may bring back from the provider (RFC 6749, appendix A.11). Whatever else comes
/// in its place is nothing that a provider gave.
pub(super) struct Code<'a>(&'a str);

impl<'a> Code<'a> {
    pub(super) fn of(text: &'a str) -> Option<Self> {
        let visible = |b| matches!(b, b' '..=b'~');
        let is_code = text.len() <= LONGEST_CODE && text.bytes().all(visible);
        (is_code && !text.trim().is_empty()).then_some(Self(text))
    }
}

impl Provider {
    pub(super) fn new(settings: &Arc<SessionSettings>) -> Result<Arc<Self>, SessionSettingsError> {
        let wrong = |why: String| SessionSettingsError::new("issuer", why);
        let base = settings.issuer.trim_end_matches('/');
        let discovery = format!("{base}/.well-known/openid-configuration");
        let discovery = Url::parse(&discovery).map_err(|error| wrong(error.to_string()))?;
        Ok(Arc::new(Self {
            tls: fetch::tls(&discovery).map_err(wrong)?,
            discovery,
            proof: settings.proof()?,
            settings: Arc::clone(settings),
            known: ArcSwapOption::empty(),
            gate: Arc::default(),
            logins: Pause::short(),
            refreshes: Pause::short(),
            told: Told::default(),
        }))
    }

    /// A client for one worker.
    pub(super) fn client(&self) -> Client {
        fetch::client(self.tls.as_ref())
    }

    /// What is known, read when needed: waits only when nothing is. What was known stays in use
    /// while it is read again, and while the provider is away.
    pub(super) async fn known(self: &Arc<Self>, client: &Client) -> Option<Arc<Known>> {
        let known = self.known.load_full();
        if let Some(known) = known {
            if known.read_at.elapsed() >= METADATA_FOR {
                drop(self.start(client));
            }
            return Some(known);
        }
        match self.start(client) {
            // The only error is that the task ended early, and then nothing is known.
            Some(reading) => drop(reading.await),
            // Whoever reads holds the gate until it is known; another worker's thread may be stuck.
            None => drop(timeout(fetch::TIMEOUT, self.gate.lock()).await),
        }
        self.known.load_full()
    }

    /// Starts to read the document, unless somebody does or it is too early. It is read by a task of
    /// its own: a browser that leaves must not end it for all others.
    fn start(self: &Arc<Self>, client: &Client) -> Option<JoinHandle<()>> {
        let gate = Arc::clone(&self.gate).try_lock_owned().ok()?;
        if gate.is_some_and(|next| Instant::now() < next) {
            return None;
        }
        let (provider, client) = (Arc::clone(self), client.clone());
        Some(spawn_local(async move { provider.read(&client, gate).await }))
    }

    async fn read(&self, client: &Client, mut gate: OwnedMutexGuard<Option<Instant>>) {
        let known = self.known.load_full();
        *gate = match self.discover(client).await {
            Ok(new) => {
                // The same address keeps the keys that are known.
                let keys = known.filter(|old| old.endpoints.keys == new.endpoints.keys);
                let keys = keys.map_or_else(|| Arc::clone(&new.keys), |old| Arc::clone(&old.keys));
                self.known.store(Some(Arc::new(Known { keys, ..new })));
                None
            }
            Err(reason) => {
                tracing::warn!(
                    reason,
                    url = %self.discovery,
                    known = known.is_some(),
                    "the identity provider's discovery document could not be read; what was known stays in use"
                );
                Some(Instant::now() + REST)
            }
        };
    }

    async fn discover(&self, client: &Client) -> Result<Known, String> {
        let json = fetch::fetch(client, &self.discovery).await?;
        let endpoints = Endpoints::read(&json, &self.settings)?;
        let source = KeySource::Url(endpoints.keys.clone());
        let keys = Keys::open(&source, &self.settings.algorithms);
        let keys = keys.map_err(|error| error.to_string())?;
        Ok(Known { endpoints, keys, read_at: Instant::now() })
    }

    /// The right to ask for tokens; none while the provider is left alone.
    pub(super) fn turn<'a>(&'a self, known: &'a Known, purpose: Purpose) -> Option<Turn<'a>> {
        let pause = match purpose {
            Purpose::Login => &self.logins,
            Purpose::Refresh => &self.refreshes,
        };
        let free = !pause.is_on(Instant::now());
        free.then_some(Turn { provider: self, endpoints: &known.endpoints, pause })
    }

    /// Tells the provider that a refresh token is not used any more (RFC 7009).
    pub(super) async fn revoke(self: &Arc<Self>, client: &Client, token: &SecretString) {
        let Some(known) = self.known(client).await else { return };
        let Some(url) = &known.endpoints.revocation else { return };
        let form = [("token", token.expose_secret()), ("token_type_hint", "refresh_token")];
        let reason = match self.endpoint(url).post(client, &form).await {
            Ok(answer) if answer.is_success() => return,
            Ok(answer) => format!("status {}", answer.status),
            Err(failure) => failure.to_string(),
        };
        tracing::warn!(
            reason,
            "a refresh token could not be revoked at the identity provider; its session has ended here"
        );
    }

    /// The proof is for the issuer and not for the endpoint: no other server can use what is meant
    /// for this one.
    fn endpoint<'a>(&'a self, url: &'a Url) -> TokenEndpoint<'a> {
        TokenEndpoint {
            url,
            client_id: &self.settings.client_id,
            proof: &self.proof,
            audience: &self.settings.issuer,
        }
    }
}

impl Turn<'_> {
    /// Tokens for the code that a browser brought back.
    pub(super) async fn redeem(
        self,
        client: &Client,
        code: Code<'_>,
        verifier: &str,
    ) -> Result<Granted, NoTokens> {
        let callback = self.provider.settings.callback_url();
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code.0),
            ("redirect_uri", &callback),
            ("code_verifier", verifier),
        ];
        self.ask(client, &form).await
    }

    /// New tokens for a refresh token, which may be used up by that.
    pub(super) async fn refresh(
        self,
        client: &Client,
        token: &SecretString,
    ) -> Result<Granted, NoTokens> {
        let form = [("grant_type", "refresh_token"), ("refresh_token", token.expose_secret())];
        self.ask(client, &form).await
    }

    async fn ask(self, client: &Client, form: &[(&str, &str)]) -> Result<Granted, NoTokens> {
        let endpoint = self.provider.endpoint(&self.endpoints.token);
        let asked = endpoint.ask_for_one(client, form, Ok).await;
        let now = Instant::now();
        match &asked {
            Ok(_) => {
                self.pause.end();
                self.provider.told.accepted();
            }
            Err(NoTokens::Trouble(trouble)) => {
                self.pause.begin(now, trouble);
                tracing::warn!(
                    reason = trouble.why(),
                    "the identity provider gave no tokens; signed-in users go on while their access tokens last"
                );
            }
            Err(NoTokens::Refused(refused)) => self.provider.told.refused(refused, now),
        }
        asked
    }
}

impl Known {
    /// The keys that the provider signs with, as one worker reaches them.
    pub(super) fn keyring(&self, client: &Client) -> Keyring {
        Keyring::with_client(Arc::clone(&self.keys), client.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::{Code, LONGEST_CODE};

    #[test]
    fn c3_what_no_provider_gave_is_no_code() {
        for code in ["a", "a.b-c_~+/=", "4/0AX4 x", &"x".repeat(LONGEST_CODE)] {
            assert!(Code::of(code).is_some(), "{code:.20}");
        }
        for none in [
            "",
            "  ",
            "a\nb",
            "a\0",
            "\u{7f}",
            "caf\u{e9}",
            "\u{feff}a",
            &"x".repeat(LONGEST_CODE + 1),
        ] {
            assert!(Code::of(none).is_none(), "{none:.20}");
        }
    }
}
