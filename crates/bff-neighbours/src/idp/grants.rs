//! What was granted, and the codes and tokens that stand for it.

use super::{
    bounded::Bounded,
    provider::{MOST, now},
    secrets::random,
};
use std::time::Duration;

/// What one sign-in, or one client for itself, was granted. Revoking it revokes all its tokens.
#[derive(Clone, Debug)]
pub(super) struct Grant {
    pub(super) client: String,
    /// The user; none when a client asks for itself.
    pub(super) user: Option<SignedIn>,
    pub(super) scope: String,
    pub(super) revoked: bool,
}

/// Who signed in, and when and where.
#[derive(Clone, Debug)]
pub(super) struct SignedIn {
    pub(super) sub: String,
    pub(super) sid: String,
    pub(super) auth_time: u64,
}

/// An authorization code.
#[derive(Clone, Debug)]
pub(super) struct Code {
    pub(super) grant: u64,
    pub(super) redirect_uri: String,
    pub(super) challenge: String,
    pub(super) nonce: Option<String>,
    pub(super) expires: u64,
    pub(super) used: bool,
}

/// A refresh token or an access token.
#[derive(Clone, Debug)]
pub(super) struct Issued {
    pub(super) grant: u64,
    pub(super) expires: u64,
    /// A refresh token that was exchanged, or an access token that was revoked by itself.
    pub(super) spent: bool,
}

#[derive(Debug)]
pub(super) struct Grants {
    grants: Bounded<u64, Grant>,
    next: u64,
    pub(super) codes: Bounded<String, Code>,
    pub(super) refresh_tokens: Bounded<String, Issued>,
    /// By their `jti`.
    pub(super) access_tokens: Bounded<String, Issued>,
    pub(super) refreshes: usize,
    pub(super) reused: usize,
    pub(super) revocations: usize,
}

impl Grants {
    pub(super) fn new() -> Self {
        Self {
            grants: Bounded::new(MOST),
            next: 0,
            codes: Bounded::new(1024),
            refresh_tokens: Bounded::new(MOST),
            access_tokens: Bounded::new(MOST),
            refreshes: 0,
            reused: 0,
            revocations: 0,
        }
    }

    pub(super) fn add(&mut self, grant: Grant) -> u64 {
        self.next += 1;
        self.grants.insert(self.next, grant);
        self.next
    }

    /// A grant that still holds.
    pub(super) fn valid(&self, id: u64) -> Option<&Grant> {
        self.grants.get(&id).filter(|grant| !grant.revoked)
    }

    /// The client that a grant was made to, also when it was revoked since.
    pub(super) fn client_of(&self, id: u64) -> Option<&str> {
        self.grants.get(&id).map(|grant| grant.client.as_str())
    }

    pub(super) fn revoke(&mut self, id: u64) {
        if let Some(grant) = self.grants.get_mut(&id) {
            grant.revoked = true;
        }
    }

    pub(super) fn revoke_session(&mut self, sid: &str) {
        let of_session = |grant: &&mut Grant| grant.user.as_ref().is_some_and(|u| u.sid == sid);
        self.grants.values_mut().filter(of_session).for_each(|grant| grant.revoked = true);
    }

    pub(super) fn new_refresh_token(&mut self, grant: u64, lifetime: Duration) -> String {
        let token = random();
        let expires = now().saturating_add(lifetime.as_secs());
        self.refresh_tokens.insert(token.clone(), Issued { grant, expires, spent: false });
        token
    }

    /// Whether a token still stands for something.
    pub(super) fn is_live(&self, issued: &Issued) -> bool {
        !issued.spent && issued.expires > now() && self.valid(issued.grant).is_some()
    }

    /// The refresh tokens of a user that would be accepted now.
    pub(super) fn live_refresh_tokens(&self, sub: &str) -> usize {
        let of_user = |issued: &Issued| {
            let user = self.valid(issued.grant).and_then(|grant| grant.user.as_ref());
            user.is_some_and(|user| user.sub == sub)
        };
        let tokens = self.refresh_tokens.iter().map(|(_, issued)| issued);
        tokens.filter(|issued| of_user(issued) && self.is_live(issued)).count()
    }
}
