//! What happened to sessions since the process started, counted without anybody's name.

use std::sync::atomic::{AtomicU64, Ordering};

/// How often each thing happened in this process. A session that nobody used for longer than it may be idle is
/// forgotten by the store and counted nowhere.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SessionStats {
    /// Logins that became sessions.
    pub opened: u64,
    /// Browsers that came back from the provider and were not signed in.
    pub login_failed: u64,
    /// Sessions that their users ended.
    pub logout: u64,
    /// Sessions that the provider ended.
    pub back_channel_logout: u64,
    /// Sessions that a new login in the same browser ended.
    pub replaced: u64,
    /// Sessions that ended because of their age.
    pub expired: u64,
    /// Renewals of tokens that worked.
    pub refreshed: u64,
    /// Renewals that the provider refused, which ended the session.
    pub refresh_refused: u64,
    /// Renewals that did not come about: provider or store was away.
    pub refresh_trouble: u64,
    /// Sessions and logins that no key of this instance opened.
    pub unopened: u64,
}

/// The counters themselves.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) opened: Count,
    pub(super) login_failed: Count,
    pub(super) logout: Count,
    pub(super) back_channel_logout: Count,
    pub(super) replaced: Count,
    pub(super) expired: Count,
    pub(super) refreshed: Count,
    pub(super) refresh_refused: Count,
    pub(super) refresh_trouble: Count,
    pub(super) unopened: Count,
}

/// One of them.
#[derive(Debug, Default)]
pub(super) struct Count(AtomicU64);

impl Count {
    pub(super) fn add(&self, times: usize) {
        self.0.fetch_add(u64::try_from(times).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

impl Counts {
    pub(super) fn snapshot(&self) -> SessionStats {
        let now = |count: &Count| count.0.load(Ordering::Relaxed);
        SessionStats {
            opened: now(&self.opened),
            login_failed: now(&self.login_failed),
            logout: now(&self.logout),
            back_channel_logout: now(&self.back_channel_logout),
            replaced: now(&self.replaced),
            expired: now(&self.expired),
            refreshed: now(&self.refreshed),
            refresh_refused: now(&self.refresh_refused),
            refresh_trouble: now(&self.refresh_trouble),
            unopened: now(&self.unopened),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Sessions, Vault, record::Record, seal};
    use bff_core::ports::{Authenticator, Presented};
    use secrecy::SecretString;
    use std::{collections::BTreeMap, time::Duration};
    use tokio::task::LocalSet;

    #[tokio::test]
    async fn a_session_that_is_too_old_ends_once() {
        let settings = serde_json::from_value(serde_json::json!({
            "issuer": "https://id.test",
            "client_id": "web",
            "client_secret": "secret",
            "public_url": "https://shop.test",
        }));
        let vault = Vault::open("test", &settings.unwrap()).unwrap();
        let (cookie, over) = ("a-cookie", super::super::record::now() - 1);
        let name = seal::name_of(cookie);
        let record = Record {
            subject: "u-1".to_owned(),
            provider_session: None,
            claims: BTreeMap::new(),
            scopes: Vec::new(),
            access_token: SecretString::from("token"),
            access_until: over,
            refresh_token: None,
            until: over,
            generation: 0,
        };
        let (sealed, long) = (record.seal(&name, &vault).await.unwrap(), Duration::from_secs(60));
        vault.store.create(&name, sealed, long, long, &[]).await.unwrap();
        let work = async {
            let sessions = Sessions::new(vault.clone());
            for _ in 0..3 {
                let presented = Presented { session: Some(cookie), ..Presented::default() };
                let refused = sessions.authenticate(presented).await.err().unwrap();
                assert_eq!(refused.code(), "SESSION_ENDED");
            }
        };
        LocalSet::new().run_until(work).await;
        assert_eq!(vault.stats().expired, 1);
        assert!(vault.store.read(&name, None).await.unwrap().is_none(), "it is forgotten");
    }
}
