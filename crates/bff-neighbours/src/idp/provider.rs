//! What the provider knows: clients, sessions, grants, tokens, faults and counts.

use super::{
    asked::Params,
    bounded::Bounded,
    client::Client,
    courier::{Delivery, Notice},
    fault::{Endpoint, IdpFault},
    grants::Grants,
    keys::Keys,
    logout,
};
use bff_fixtures::Json;
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::sync::{mpsc, oneshot};

/// The most of anything that a peer can cause to be kept.
pub(super) const MOST: usize = 16 * 1024;
/// Finished logout notices that are remembered.
const DELIVERIES: usize = 256;

/// Everything, behind one lock that is never held across an await.
#[derive(Clone)]
pub(super) struct Shared(Arc<Mutex<Provider>>);

impl Shared {
    pub(super) fn new(provider: Provider) -> Self {
        Self(Arc::new(Mutex::new(provider)))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Provider> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Codes and tokens are nothing to print.
impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shared(..)")
    }
}

#[derive(Debug)]
pub(super) struct Provider {
    pub(super) url: String,
    pub(super) keys: Keys,
    pub(super) clients: BTreeMap<String, Client>,
    /// By the value of the browser's cookie.
    pub(super) sessions: Bounded<String, Session>,
    /// What waits for a click, by its ticket.
    pub(super) pending: Bounded<String, Pending>,
    pub(super) grants: Grants,
    /// The `jti` of client assertions, each good for one use.
    pub(super) assertions: Bounded<String, ()>,
    pub(super) access_token_lifetime: Duration,
    pub(super) refresh_token_lifetime: Duration,
    /// What ID tokens say instead, or besides.
    pub(super) id_token_claims: Json,
    pub(super) desks: BTreeMap<Endpoint, Desk>,
    pub(super) deliveries: VecDeque<Delivery>,
    courier: mpsc::Sender<Notice>,
}

/// One person signed in with one browser.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) sid: String,
    pub(super) sub: String,
    pub(super) auth_time: u64,
    /// The clients that took part.
    pub(super) clients: BTreeSet<String>,
}

/// A page that was shown and waits for its form, from the same browser.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) browser: String,
    /// What was asked for: a sign-in or a sign-out.
    pub(super) path: String,
    pub(super) expires: u64,
    pub(super) params: Params,
}

/// Changes the text of an answer.
pub(super) type Reword = fn(&str) -> String;

/// The fault and the count of one endpoint.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Desk {
    pub(super) fault: Option<IdpFault>,
    /// What becomes of the text of its right answers.
    pub(super) reword: Option<Reword>,
    pub(super) requests: usize,
}

impl Provider {
    pub(super) fn new(url: String, courier: mpsc::Sender<Notice>) -> Self {
        Self {
            keys: Keys::new(&url),
            url,
            clients: [Client::demo()].map(|client| (client.id.clone(), client)).into(),
            sessions: Bounded::new(MOST),
            pending: Bounded::new(1024),
            grants: Grants::new(),
            assertions: Bounded::new(MOST),
            id_token_claims: json!({}),
            access_token_lifetime: Duration::from_secs(300),
            refresh_token_lifetime: Duration::from_secs(8 * 3600),
            desks: BTreeMap::new(),
            deliveries: VecDeque::new(),
            courier,
        }
    }

    /// Counts a request and says what is to go wrong with it.
    pub(super) fn begin(&mut self, endpoint: Endpoint) -> Desk {
        let desk = self.desks.entry(endpoint).or_default();
        desk.requests += 1;
        *desk
    }

    /// Ends the sessions of a user, or the one with that `sid`: their grants are revoked, and each
    /// client that took part is told. Each receiver is ready when one of them was.
    pub(super) fn end_sessions(&mut self, sub_or_sid: &str) -> Vec<oneshot::Receiver<()>> {
        let of_them = |session: &Session| session.sub == sub_or_sid || session.sid == sub_or_sid;
        let ended = self.sessions.iter().filter(|(_, session)| of_them(session));
        let ended: Vec<_> = ended.map(|(cookie, _)| cookie.clone()).collect();
        let ended: Vec<_> =
            ended.iter().filter_map(|cookie| self.sessions.remove(cookie)).collect();
        ended.iter().flat_map(|session| self.end(session)).collect()
    }

    fn end(&mut self, session: &Session) -> Vec<oneshot::Receiver<()>> {
        self.grants.revoke_session(&session.sid);
        let (key, mut told) = (self.keys.current(), Vec::new());
        for client in session.clients.iter().filter_map(|id| self.clients.get(id)) {
            let Some(url) = client.backchannel_logout_uri.clone() else { continue };
            let (header, claims) = logout::token(key, &client.id, &session.sub, &session.sid);
            let (done, is_done) = oneshot::channel();
            let token = key.sign(&header, &claims);
            let (client, sid) = (client.id.clone(), session.sid.clone());
            // A full queue drops the notice and with it `done`, which wakes whoever waits.
            let _full = self.courier.try_send(Notice { client, sid, url, token, done });
            told.push(is_done);
        }
        told
    }

    /// A token of ours, of type `typ`.
    pub(super) fn signed(&self, typ: &str, claims: &Json) -> String {
        let key = self.keys.current();
        key.sign(&json!({ "alg": "RS256", "typ": typ, "kid": key.key_id() }), claims)
    }

    pub(super) fn note(&mut self, delivery: Delivery) {
        if self.deliveries.len() == DELIVERIES {
            self.deliveries.pop_front();
        }
        self.deliveries.push_back(delivery);
    }
}

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
