//! Decisions about who somebody is, for those who have to look into them later. Without secrets, and
//! without names: a user is the start of a hash of its subject.

/// One decision: what was asked for, how it ended, and about whom if that is known.
pub(crate) fn decided(action: &'static str, outcome: &str, subject: Option<&str>) {
    let user = subject.map(user);
    tracing::info!(target: "audit", action, outcome, user, "identity");
}

/// Enough to find what belongs together, and to check a suspicion about somebody.
fn user(subject: &str) -> String {
    let hash = blake3::derive_key("bff-auth 2026-11 audit user", subject.as_bytes());
    blake3::Hash::from_bytes(hash).to_hex().chars().take(16).collect()
}
