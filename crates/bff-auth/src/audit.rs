//! Decisions about who somebody is, for those who have to look into them later. Without secrets, and
//! without names: a user is the start of a hash of its subject.

use bff_core::Problem;

/// One decision: what was asked for, how it ended, and about whom if that is known.
pub(crate) fn decided(action: &'static str, outcome: &str, subject: Option<&str>) {
    let user = subject.map(user);
    tracing::info!(target: "audit", action, outcome, user, "identity");
}

/// A decision against somebody, who cannot be named: nobody vouches for a name then. With the rule
/// that it came by, where that is one about a token.
pub(crate) fn refused(action: &'static str, problem: &Problem) {
    let (outcome, reason) = (problem.code(), problem.cause());
    tracing::info!(target: "audit", action, outcome, reason, "identity");
}

/// Enough to find what belongs together, and to check a suspicion about somebody.
fn user(subject: &str) -> String {
    let hash = blake3::derive_key("bff-auth 2026-11 audit user", subject.as_bytes());
    blake3::Hash::from_bytes(hash).to_hex().chars().take(16).collect()
}
