//! The issuer's keys over time: fetched when needed, kept fresh on use, and kept in use when the
//! issuer is away.

use crate::{
    fetch,
    jwks::KeySet,
    settings::{Algorithm, AuthError, IssuerSettings, KeySource},
};
use arc_swap::ArcSwapOption;
use awc::Client;
use bff_files::Watched;
use rustls::ClientConfig;
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

/// Keys older than this are renewed in the background; a withdrawn key dies with the next renewal.
const FRESH: Duration = Duration::from_secs(5 * 60);
/// Keys older than this no longer count: by then the issuer may have withdrawn any of them.
const USABLE: Duration = Duration::from_secs(24 * 60 * 60);

/// One issuer's public keys. One per issuer and process.
#[derive(Debug)]
pub struct Keys {
    /// Those of a file.
    file: Option<Arc<Watched<KeySet>>>,
    /// Those that were fetched.
    fetched: ArcSwapOption<KeySet>,
    /// What tokens may be signed with; other keys are not kept.
    allowed: Vec<Algorithm>,
    /// `None` for a file.
    remote: Option<Remote>,
}

#[derive(Debug)]
struct Remote {
    url: Url,
    tls: Option<Arc<ClientConfig>>,
    /// Held by the one fetch that is under way, of all workers; inside, when the next one may
    /// start.
    gate: Arc<Mutex<Option<Instant>>>,
}

/// Why keys are fetched, and how long the next fetch has to wait after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    /// There are none. Nobody can sign in, so it is urgent.
    Missing,
    /// They are old.
    Old,
    /// A token named another one. Anybody can make such tokens, so it must not become a way to
    /// flood the issuer.
    Unknown,
}

impl Need {
    const fn pause(self) -> Duration {
        match self {
            Self::Missing => Duration::from_secs(1),
            Self::Old | Self::Unknown => Duration::from_secs(30),
        }
    }
}

impl Keys {
    /// The keys that `settings` point to. A file is read now, and again when it changes; a URL is only looked at when the
    /// first token comes.
    ///
    /// # Errors
    /// A setting that cannot work, or a file without a usable key.
    pub fn new(settings: &IssuerSettings) -> Result<Arc<Self>, AuthError> {
        settings.check()?;
        Self::open(&settings.keys, &settings.algorithms)
    }

    /// The keys in `source` that verify with one of the `allowed` algorithms.
    pub(crate) fn open(source: &KeySource, allowed: &[Algorithm]) -> Result<Arc<Self>, AuthError> {
        let allowed = allowed.to_vec();
        let (file, remote) = match source {
            KeySource::File(path) => {
                let file = Watched::file(path, {
                    let allowed = allowed.clone();
                    move |json| KeySet::read(json, &allowed, Instant::now())
                });
                (Some(file.map_err(|why| AuthError::new("keys.file", why))?), None)
            }
            KeySource::Url(url) => (
                None,
                Some(Remote {
                    url: url.clone(),
                    tls: fetch::tls(url).map_err(|why| AuthError::new("keys.url", why))?,
                    gate: Arc::default(),
                }),
            ),
        };
        Ok(Arc::new(Self { file, fetched: ArcSwapOption::empty(), allowed, remote }))
    }

    fn usable(&self, now: Instant) -> Option<Arc<KeySet>> {
        match &self.file {
            Some(file) => Some(Arc::clone(&file.current())),
            None => self.fetched.load_full().filter(|keys| keys.age(now) < USABLE),
        }
    }
}

impl KeySet {
    fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.read_at)
    }
}

/// One worker's way to the keys.
pub(crate) struct Keyring {
    keys: Arc<Keys>,
    /// `None` when there is nothing to fetch.
    client: Option<Client>,
}

impl Keyring {
    pub(crate) fn new(keys: Arc<Keys>) -> Self {
        let client = keys.remote.as_ref().map(|remote| fetch::client(remote.tls.as_ref()));
        Self { keys, client }
    }

    /// The same over a client that is there already.
    pub(crate) fn with_client(keys: Arc<Keys>, client: Client) -> Self {
        Self { keys, client: Some(client) }
    }

    /// The keys to verify with, if they need no renewal. Those of a file never do.
    pub(crate) fn fresh(&self, now: Instant) -> Option<Arc<KeySet>> {
        let is_fresh = |keys: &Arc<KeySet>| self.keys.remote.is_none() || keys.age(now) < FRESH;
        self.keys.usable(now).filter(is_fresh)
    }

    /// The keys to verify with. Waits only when there are none, and then no longer than one fetch
    /// takes.
    pub(crate) async fn current(&self, now: Instant) -> Option<Arc<KeySet>> {
        let usable = self.keys.usable(now);
        match &usable {
            None => return self.renewed(Need::Missing, now).await,
            Some(keys) if keys.age(now) >= FRESH => drop(self.start(Need::Old, now)),
            Some(_) => {}
        }
        usable
    }

    /// The keys after a token named one that the current ones lack. Waits no longer than one fetch
    /// takes.
    pub(crate) async fn with_unknown(&self, now: Instant) -> Option<Arc<KeySet>> {
        self.renewed(Need::Unknown, now).await
    }

    async fn renewed(&self, need: Need, now: Instant) -> Option<Arc<KeySet>> {
        match (self.start(need, now), &self.keys.remote) {
            // The only error is that the task ended early, and then the keys are as they were.
            (Some(fetch), _) => drop(fetch.await),
            // Whoever is fetching holds the gate until the new keys are there; another worker's
            // thread may be stuck.
            (None, Some(remote)) => drop(timeout(fetch::TIMEOUT, remote.gate.lock()).await),
            (None, None) => {}
        }
        self.keys.usable(now)
    }

    /// Starts a fetch, unless one is under way or it is too early. It runs on its own: a caller
    /// that hangs up must not end it for all others.
    fn start(&self, need: Need, now: Instant) -> Option<JoinHandle<()>> {
        let (Some(client), Some(remote)) = (&self.client, &self.keys.remote) else { return None };
        let mut gate = Arc::clone(&remote.gate).try_lock_owned().ok()?;
        if gate.is_some_and(|next| now < next) {
            return None;
        }
        *gate = Some(now + need.pause());
        let (keys, client) = (Arc::clone(&self.keys), client.clone());
        Some(spawn_local(async move { keys.renew(&client, need, gate, now).await }))
    }
}

impl Keys {
    async fn renew(
        &self,
        client: &Client,
        need: Need,
        mut gate: OwnedMutexGuard<Option<Instant>>,
        now: Instant,
    ) {
        let Some(Remote { url, .. }) = &self.remote else { return };
        let fetched = fetch::fetch(client, url).await;
        match fetched.and_then(|json| KeySet::read(&json, &self.allowed, now)) {
            Ok(keys) => {
                self.fetched.store(Some(Arc::new(keys)));
                // A fetch that no stranger can cause does not use up the one that a new key may
                // need.
                if need != Need::Unknown {
                    *gate = None;
                }
            }
            Err(reason) => tracing::warn!(
                issuer_host = url.host_str(),
                reason,
                keys_in_use = self.usable(now).is_some(),
                "the issuer's keys could not be fetched; known keys stay in use for 24 h; \
                 check that the issuer is up, reachable from here, and serves a JWKS"
            ),
        }
    }
}
