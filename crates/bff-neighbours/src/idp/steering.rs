//! What a test changes while the provider runs, and what it sees.

use super::{
    Client, Delivery, Endpoint, IdentityProvider, IdpFault, keys, logout, provider::Session,
};
use bff_fixtures::{Issuer, Json};
use std::{sync::Arc, time::Duration};

/// Somebody who is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// The session's id, as in tokens.
    pub sid: String,
    /// The user.
    pub sub: String,
    /// The ids of the clients that took part, sorted.
    pub clients: Vec<String>,
}

impl IdentityProvider {
    /// Adds a client, or replaces the one with its id.
    pub fn register(&self, client: Client) {
        self.shared.lock().clients.insert(client.id.clone(), client);
    }

    /// For access tokens and ID tokens made from now on, in whole seconds; 5 minutes at first.
    pub fn set_access_token_lifetime(&self, lifetime: Duration) {
        self.shared.lock().access_token_lifetime = lifetime;
    }

    /// For refresh tokens made from now on, in whole seconds; 8 hours at first.
    pub fn set_refresh_token_lifetime(&self, lifetime: Duration) {
        self.shared.lock().refresh_token_lifetime = lifetime;
    }

    /// What ID tokens made from now on say instead of their own claims or besides them.
    pub fn set_id_token_claims(&self, claims: Json) {
        self.shared.lock().id_token_claims = claims;
    }

    /// Who is signed in.
    #[must_use]
    pub fn signed_in(&self) -> Vec<SignedIn> {
        let provider = self.shared.lock();
        let sessions = provider.sessions.iter().map(|(_, session)| {
            let Session { sid, sub, clients, .. } = session.clone();
            SignedIn { sid, sub, clients: clients.into_iter().collect() }
        });
        sessions.collect()
    }

    /// Ends a user's sessions, or the one with that `sid`, as an administrator would. Tokens are
    /// revoked at once; the clients are told in the background, see [`deliveries`]. Gives how many
    /// logout tokens are on their way.
    ///
    /// [`deliveries`]: Self::deliveries
    pub fn end_user_session(&self, sub_or_sid: &str) -> usize {
        self.shared.lock().end_sessions(sub_or_sid).len()
    }

    /// What became of the last 256 logout tokens, the newest last.
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.shared.lock().deliveries.iter().cloned().collect()
    }

    /// A logout token for a client, good or with whatever `change` makes of its header and claims.
    /// It is signed with RS256 by the current key and not sent.
    #[must_use]
    pub fn logout_token(
        &self,
        client: &str,
        sub: &str,
        sid: &str,
        change: impl FnOnce(&mut Json, &mut Json),
    ) -> String {
        let key = self.issuer();
        let (mut header, mut claims) = logout::token(&key, client, sub, sid);
        change(&mut header, &mut claims);
        key.sign(&header, &claims)
    }

    /// The keys that sign now, for tokens of a test's own making.
    #[must_use]
    pub fn issuer(&self) -> Arc<Issuer> {
        Arc::clone(self.shared.lock().keys.current())
    }

    /// Signs with a new key from now on; the old ones stay in the JWKS until
    /// [`withdraw_old_keys`](Self::withdraw_old_keys). New keys take a moment.
    pub fn rotate_keys(&self) {
        let number = self.shared.lock().keys.next_generation();
        // Made without the lock, so that requests go on.
        let newest = keys::generation(&self.url, number);
        self.shared.lock().keys.replace(newest);
    }

    /// Takes every key but the newest out of the JWKS.
    pub fn withdraw_old_keys(&self) {
        self.shared.lock().keys.withdraw_old();
    }

    /// Makes an endpoint misbehave from its next request on, or behave again. Requests already
    /// hanging stay so until their caller leaves.
    pub fn set_fault(&self, endpoint: Endpoint, fault: Option<IdpFault>) {
        self.shared.lock().desks.entry(endpoint).or_default().fault = fault;
    }

    /// Changes the text of an endpoint's right answers from its next request on, or no longer.
    pub fn set_wording(&self, endpoint: Endpoint, reword: Option<fn(&str) -> String>) {
        self.shared.lock().desks.entry(endpoint).or_default().reword = reword;
    }

    /// The requests that an endpoint has had, whatever became of them.
    #[must_use]
    pub fn count(&self, endpoint: Endpoint) -> usize {
        self.shared.lock().desks.get(&endpoint).map_or(0, |desk| desk.requests)
    }

    /// Refresh tokens exchanged for new ones.
    #[must_use]
    pub fn refreshes(&self) -> usize {
        self.shared.lock().grants.refreshes
    }

    /// Refresh tokens that came a second time; each revoked its family.
    #[must_use]
    pub fn reused_refresh_tokens(&self) -> usize {
        self.shared.lock().grants.reused
    }

    /// Tokens that clients have revoked at `/revoke`.
    #[must_use]
    pub fn revocations(&self) -> usize {
        self.shared.lock().grants.revocations
    }

    /// The refresh tokens of a user that would be accepted now: 0 after a logout.
    #[must_use]
    pub fn live_refresh_tokens(&self, sub: &str) -> usize {
        self.shared.lock().grants.live_refresh_tokens(sub)
    }

    /// Whether one of its refresh tokens or access tokens would be accepted now.
    #[must_use]
    pub fn is_live(&self, token: &str) -> bool {
        let provider = self.shared.lock();
        let refresh = provider.grants.refresh_tokens.get(&token.to_owned());
        refresh.is_some_and(|issued| provider.grants.is_live(issued))
            || provider.known(token).is_some()
    }
}
