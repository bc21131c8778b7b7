//! Sessions of browsers: a cookie that means nothing, and everything else on this side.
//!
//! The BFF of the IETF draft "OAuth 2.0 for Browser-Based Applications" (section 6.1): a
//! confidential client signs the user in, keeps the tokens, and gives the browser a random name for
//! them. [`Vault`] is shared by the process; [`Sessions`] is one worker's way to it.

mod activation;
mod cookies;
mod csrf;
mod discovery;
mod login;
mod logout;
mod memory;
mod over;
mod provider;
mod record;
mod refresh;
mod reply;
mod return_to;
mod seal;
mod settings;
mod shared;
mod stats;
mod store;
mod tokens;
mod told;
mod visit;

pub use self::{
    cookies::Cookies,
    csrf::Provenance,
    reply::{Onward, Reply},
    settings::{SessionSettings, SessionSettingsError},
    stats::SessionStats,
    visit::Visit,
};

use self::{
    activation::Activation,
    memory::Memory,
    provider::{Known, Provider},
    record::{Record, now},
    refresh::{Renewed, Renewing},
    return_to::ReturnTo,
    seal::Seals,
    shared::Shared,
    stats::Counts,
    store::{Away, Store},
};
use crate::{refusal::Refusals, token_endpoint::InVain};
use awc::Client;
use bff_core::{
    Class, Problem, Result,
    flight::Flights,
    ports::{Authenticator, Local, Presented, Principal},
};
use bff_redis::{Redis, RedisSettings, RedisStats};
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

/// The sessions of all browsers, for the whole process.
pub struct Vault {
    settings: Arc<SessionSettings>,
    provider: Arc<Provider>,
    store: Store,
    seals: Seals,
    activation: Activation,
    return_to: ReturnTo,
    origin: String,
    renewals: Flights<Renewed>,
    /// Sessions whose renewal the provider refused without ending them.
    in_vain: InVain,
    counts: Counts,
    refusals: Arc<Refusals>,
    /// Renewals that are under way or about to be.
    renewing: AtomicUsize,
    /// Whether the process ends: then nothing begins that no request waits for.
    draining: AtomicBool,
}

impl Vault {
    /// Sessions of the BFF called `bff`: in Redis, or in this process when none is configured.
    ///
    /// # Errors
    /// A setting that cannot work.
    pub fn open(
        bff: &'static str,
        settings: &SessionSettings,
    ) -> Result<Arc<Self>, SessionSettingsError> {
        settings.check()?;
        let store = match &settings.redis {
            Some(redis) => {
                let redis = Redis::start(&patient(redis, settings.store_timeout), Vec::new())?;
                Store::Shared(Shared::new(redis, bff, settings.store_timeout))
            }
            None => Store::Memory(Memory::new(settings.max_in_memory)),
        };
        let shared = Arc::new(settings.clone());
        Ok(Arc::new(Self {
            provider: Provider::new(&shared)?,
            store,
            seals: settings.seals()?,
            activation: Activation::new(settings.key_activation),
            return_to: settings.return_to(),
            origin: settings.origin(),
            renewals: Flights::default(),
            in_vain: InVain::default(),
            counts: Counts::default(),
            refusals: Arc::default(),
            renewing: AtomicUsize::new(0),
            draining: AtomicBool::new(false),
            settings: shared,
        }))
    }

    /// The name of the session cookie.
    #[must_use]
    pub fn cookie(&self) -> &str {
        &self.settings.cookie
    }

    /// What happened to sessions so far.
    #[must_use]
    pub fn stats(&self) -> SessionStats {
        self.counts.snapshot()
    }

    /// The longest token of the provider's that is looked at, in bytes.
    #[must_use]
    pub fn max_token_bytes(&self) -> usize {
        self.settings.max_token_bytes
    }

    /// How often each rule refused a token of the provider's.
    #[must_use]
    pub fn refusals(&self) -> Arc<Refusals> {
        Arc::clone(&self.refusals)
    }

    /// The link to Redis; none when sessions are in this process.
    #[must_use]
    pub fn redis(&self) -> Option<RedisStats> {
        match &self.store {
            Store::Shared(shared) => Some(shared.stats()),
            Store::Memory(_) => None,
        }
    }

    /// The ids of the keys that sessions are sealed with, newest first, and whether each is the one
    /// that seals now. None while a key of this process cannot be made.
    #[must_use]
    pub fn keys(&self) -> Vec<(String, bool)> {
        let state = |key: &seal::Key| (key.id.to_string(), self.activation.seals_with(&key.id));
        self.seals.ring().map(|ring| ring.keys().map(state).collect()).unwrap_or_default()
    }

    /// Begins no renewal any more that no request waits for, because the process ends.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::SeqCst);
    }

    /// Whether tokens are being renewed. A process that ended now could lose what the provider gave.
    #[must_use]
    pub fn is_renewing(&self) -> bool {
        self.renewing.load(Ordering::SeqCst) > 0
    }

    /// The origin that requests to this BFF come from.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }
}

/// One worker's way to the sessions. To be used inside the worker's `LocalSet`: tokens are renewed by
/// tasks of their own.
pub struct Sessions {
    vault: Arc<Vault>,
    client: Client,
}

impl Sessions {
    /// The sessions of `vault`, for the thread that this is called on.
    #[must_use]
    pub fn new(vault: Arc<Vault>) -> Self {
        Self { client: vault.provider.client(), vault }
    }

    /// The sessions of all browsers.
    #[must_use]
    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    async fn known(&self) -> Result<Arc<Known>> {
        self.vault.provider.known(&self.client).await.ok_or_else(unavailable)
    }

    /// The session that a cookie names, with an access token that is good; `slide` makes it last
    /// longer.
    async fn current(&self, cookie: Option<&str>, slide: bool) -> Result<Arc<Record>> {
        let vault = &self.vault;
        let cookie = cookie.ok_or_else(Problem::unauthenticated)?;
        let name = seal::name_of(cookie);
        let idle = slide.then_some(vault.settings.idle);
        let sealed = vault.store.read(&name, idle).await.map_err(away)?.ok_or_else(ended)?;
        let record = Record::open(&name, &sealed, vault).await.map_err(away)?;
        let record = record.ok_or_else(ended)?;
        if record.is_over(now()) {
            vault.expire(&name).await;
            return Err(ended());
        }
        if !vault.is_due(&record) {
            return Ok(Arc::new(record));
        }
        // Counted before it is asked whether the process ends, so that the end sees it or it sees the
        // end.
        let (renewing, is_good) = (Renewing::begin(vault), now() < record.access_until);
        if is_good && vault.draining.load(Ordering::SeqCst) {
            return Ok(Arc::new(record));
        }
        let renewal = vault.renew(&self.client, &name, renewing);
        if is_good {
            return Ok(Arc::new(record));
        }
        match renewal.await {
            Ok(Renewed::Fresh(record)) => Ok(record),
            Ok(Renewed::Ended) => Err(ended()),
            Ok(Renewed::Away) | Err(_) => Err(unavailable()),
        }
    }

    /// Ends a session and its refresh token; whether there was one.
    async fn end(&self, name: &str) -> Result<Option<Record>> {
        // One that cannot be opened here ends all the same; only its refresh token lives on.
        let record = self.vault.look(name).await.unwrap_or_default();
        self.vault.store.end(name).await.map_err(away)?;
        if let Some(token) = record.as_ref().and_then(|record| record.refresh_token.as_ref()) {
            self.vault.revoke(&self.client, token);
        }
        Ok(record)
    }
}

impl Authenticator for Sessions {
    fn authenticate<'a>(
        &'a self,
        presented: Presented<'a>,
    ) -> Local<'a, Result<Arc<Principal>, Problem>> {
        Box::pin(async move {
            let record = self.current(presented.session, true).await?;
            record.principal().map(Arc::new).ok_or_else(ended)
        })
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(..)")
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sessions(..)")
    }
}

/// A cache gives Redis a few milliseconds, because it can do without. Here nothing goes on without.
fn patient(redis: &RedisSettings, time: Duration) -> RedisSettings {
    let command_timeout = redis.command_timeout.max(time);
    RedisSettings { lookup_timeout: time, command_timeout, ..redis.clone() }
}

fn ended() -> Problem {
    let message = "Your session has ended. Please sign in again.";
    Problem::new(Class::Unauthenticated, "SESSION_ENDED", message)
}

/// A store that is away says nothing about the session, so nobody is signed out by it.
fn away(_: Away) -> Problem {
    unavailable()
}

fn unavailable() -> Problem {
    let message = "Your sign-in cannot be checked at the moment. Please try again.";
    Problem::new(Class::Unavailable, "IDENTITY_UNAVAILABLE", message)
}
