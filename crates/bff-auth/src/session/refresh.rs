//! Renewing a session's tokens: ahead of their end, and once per refresh token, however many
//! requests on however many instances notice at the same time.
//!
//! A provider with one-time refresh tokens ends the whole grant when one is used twice (RFC 9700,
//! section 4.14.2). So one task per process asks for a lease on the session, looks whether somebody
//! was faster, asks the provider, and stores the new tokens only if the lease is still its own and
//! the session still there. Everybody else reads what it stored. The task belongs to no request: a
//! client that leaves cannot interrupt it between the provider's answer and the store.

use super::{
    Vault,
    provider::Purpose,
    record::{Record, access_until, now},
    store::{Away, Lease},
};
use crate::{
    audit,
    token_endpoint::{Granted, Means, NoTokens, Refused},
};
use awc::Client;
use bff_core::flight::{Part, landed};
use secrecy::SecretString;
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::{
    task::{JoinHandle, spawn_local},
    time::{Instant, sleep, timeout},
};

/// How long a lease outlives a holder that was killed.
const LEASE: Duration = Duration::from_secs(2);
/// How often others look whether the holder is done.
const LOOK: Duration = Duration::from_millis(25);
/// How long a task tries in all.
const PATIENCE: Duration = Duration::from_secs(10);

/// What became of a renewal.
#[derive(Clone)]
pub(super) enum Renewed {
    /// The session with tokens that last.
    Fresh(Arc<Record>),
    /// There is no such session, or no longer.
    Ended,
    /// Nobody can say now.
    Away,
}

/// What the provider said.
enum Asked {
    Granted(Granted),
    /// The session has ended there.
    Refused,
    /// It was not asked, or said nothing about the session.
    Nothing,
}

/// A renewal that is under way or about to be, for as long as this is kept.
pub(super) struct Renewing(Arc<Vault>);

impl Renewing {
    pub(super) fn begin(vault: &Arc<Vault>) -> Self {
        vault.renewing.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(vault))
    }
}

impl Drop for Renewing {
    fn drop(&mut self) {
        self.0.renewing.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Vault {
    /// Begins to renew the session, unless that is under way; the task goes on when nobody waits.
    pub(super) fn renew(
        self: &Arc<Self>,
        client: &Client,
        name: &str,
        renewing: Renewing,
    ) -> JoinHandle<Renewed> {
        let (vault, client, name) = (Arc::clone(self), client.clone(), name.to_owned());
        spawn_local(async move {
            let _until_it_is_over = renewing;
            match vault.renewals.join(&name) {
                Part::Follow(flight) => landed(flight).await.unwrap_or(Renewed::Away),
                Part::Lead(lead) => {
                    let renewal = timeout(PATIENCE, vault.renew_once(&client, &name));
                    let renewed = match renewal.await {
                        Ok(Ok(renewed)) => renewed,
                        Ok(Err(Away)) | Err(_) => Renewed::Away,
                    };
                    if matches!(renewed, Renewed::Away) {
                        vault.counts.refresh_trouble.add(1);
                    }
                    lead.land(&renewed);
                    renewed
                }
            }
        })
    }

    async fn renew_once(&self, client: &Client, name: &str) -> Result<Renewed, Away> {
        loop {
            // Taken before the look: what is seen under the lease is the newest there is.
            match self.store.lease(name, LEASE).await? {
                Lease::Held(lease) => return self.renew_under(client, name, &lease).await,
                Lease::Taken => sleep(LOOK).await,
            }
            match self.look(name).await? {
                Some(record) if self.is_due(&record) => {}
                Some(record) => return Ok(Renewed::Fresh(Arc::new(record))),
                None => return Ok(Renewed::Ended),
            }
        }
    }

    async fn renew_under(&self, client: &Client, name: &str, lease: &str) -> Result<Renewed, Away> {
        let record = match self.look(name).await? {
            Some(record) if self.is_due(&record) => record,
            other => {
                self.store.release(name, lease).await?;
                return Ok(other.map_or(Renewed::Ended, |record| Renewed::Fresh(Arc::new(record))));
            }
        };
        match self.holding(name, lease, self.ask(client, name, &record)).await {
            Asked::Granted(granted) => self.keep(client, name, lease, record, granted).await,
            Asked::Refused => self.refused(name, &record).await,
            Asked::Nothing => {
                self.store.release(name, lease).await?;
                Ok(Renewed::Away)
            }
        }
    }

    /// Asks the provider, unless everybody leaves it alone, or this session does.
    async fn ask(&self, client: &Client, name: &str, record: &Record) -> Asked {
        let Some(token) = &record.refresh_token else { return Asked::Nothing };
        if self.in_vain.is_on(name, Instant::now().into_std()) {
            return Asked::Nothing;
        }
        let Some(known) = self.provider.known(client).await else { return Asked::Nothing };
        let Some(turn) = self.provider.turn(&known, Purpose::Refresh) else {
            return Asked::Nothing;
        };
        match turn.refresh(client, token).await {
            Ok(granted) => {
                self.in_vain.end(name);
                Asked::Granted(granted)
            }
            Err(NoTokens::Trouble(_)) => Asked::Nothing,
            Err(NoTokens::Refused(Refused { means: Means::SignInAgain, .. })) => {
                self.in_vain.end(name);
                Asked::Refused
            }
            Err(NoTokens::Refused(_)) => {
                self.in_vain.begin(name, Instant::now().into_std());
                Asked::Nothing
            }
        }
    }

    /// Does `work` and holds the lease meanwhile.
    async fn holding<T>(&self, name: &str, lease: &str, work: impl Future<Output = T>) -> T {
        let hold = async {
            loop {
                sleep(LEASE / 3).await;
                // Losing it shows when the tokens are stored.
                let _still = self.store.extend(name, lease, LEASE).await;
            }
        };
        tokio::select! {
            done = work => done,
            never = hold => never,
        }
    }

    async fn keep(
        &self,
        client: &Client,
        name: &str,
        lease: &str,
        old: Record,
        granted: Granted,
    ) -> Result<Renewed, Away> {
        let fresh = Record {
            access_until: access_until(now(), &granted),
            scopes: granted.scopes.unwrap_or_else(|| old.scopes.clone()),
            access_token: granted.access_token,
            refresh_token: granted.refresh_token.or_else(|| old.refresh_token.clone()),
            generation: old.generation + 1,
            ..old
        };
        if self.store_renewed(name, lease, &fresh).await? {
            self.counts.refreshed.add(1);
            audit::decided("refresh", "ok", Some(&fresh.subject));
            return Ok(Renewed::Fresh(Arc::new(fresh)));
        }
        match self.look(name).await? {
            // Somebody else took over, which is no reason to end what works.
            Some(record) if record.generation > fresh.generation - 1 => {
                Ok(Renewed::Fresh(Arc::new(record)))
            }
            Some(_) => Ok(Renewed::Away),
            // It ended while the provider was asked: what was given for it must not outlive it.
            None => {
                if let Some(token) = &fresh.refresh_token {
                    self.revoke(client, token);
                }
                Ok(Renewed::Ended)
            }
        }
    }

    /// The old refresh token is used up, so a store that stumbles is tried again while the lease can
    /// be held.
    async fn store_renewed(&self, name: &str, lease: &str, fresh: &Record) -> Result<bool, Away> {
        let sealed = fresh.seal(name, self).await?;
        let until = Instant::now() + PATIENCE / 2;
        loop {
            match self.store.renew(name, sealed.clone(), self.settings.idle, lease).await {
                Err(Away) if Instant::now() < until => {
                    sleep(LOOK * 4).await;
                    let _still = self.store.extend(name, lease, LEASE).await;
                }
                stored => return stored,
            }
        }
    }

    /// The provider ended it, unless somebody else used the token first.
    async fn refused(&self, name: &str, old: &Record) -> Result<Renewed, Away> {
        match self.look(name).await? {
            Some(record) if record.generation != old.generation => {
                Ok(Renewed::Fresh(Arc::new(record)))
            }
            _ => {
                self.store.end(name).await?;
                self.counts.refresh_refused.add(1);
                audit::decided("refresh", "refused", Some(&old.subject));
                Ok(Renewed::Ended)
            }
        }
    }

    /// Forgets a session that is too old. A store that is away forgets it by itself, later.
    pub(super) async fn expire(&self, name: &str) {
        if let Ok(true) = self.store.end(name).await {
            self.counts.expired.add(1);
        }
    }

    /// Tells the provider, beside everything else.
    pub(super) fn revoke(&self, client: &Client, token: &SecretString) {
        let (client, token) = (client.clone(), token.clone());
        let provider = Arc::clone(&self.provider);
        spawn_local(async move { provider.revoke(&client, &token).await });
    }

    /// The session without making it last longer.
    pub(super) async fn look(&self, name: &str) -> Result<Option<Record>, Away> {
        let Some(sealed) = self.store.read(name, None).await? else { return Ok(None) };
        Ok(Record::open(name, &sealed, self).await?.filter(|record| !record.is_over(now())))
    }

    /// Whether its access token ends soon and can be renewed.
    pub(super) fn is_due(&self, record: &Record) -> bool {
        record.refresh_token.is_some()
            && record.access_until <= now().saturating_add(self.settings.refresh_ahead.as_secs())
    }
}
