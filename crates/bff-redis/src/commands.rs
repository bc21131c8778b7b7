//! The plain commands, as Redis reads them, and the names of our own keys there.

use super::{lease::millis, script::Command};
use redis::cmd;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Where invalidations are published.
pub(super) const CHANNEL: &str = "bff:invalidations";

/// Where the time of a tag's last invalidation is kept.
pub(super) fn tag_key(tag: &str) -> String {
    format!("bff:tag:{tag}")
}

/// The value, or one byte more than `limit` of whatever somebody put there; empty when there is
/// nothing.
pub(super) fn get(key: &str, limit: usize) -> Command {
    let mut command = cmd("GETRANGE");
    command.arg(key).arg(0).arg(limit);
    command.into()
}

pub(super) fn put(key: &str, stored: &[u8], ttl: Duration) -> Command {
    let mut command = cmd("SET");
    command.arg(key).arg(stored).arg("PX").arg(millis(ttl));
    command.into()
}

/// The time of an invalidation, for readers that were not listening.
pub(super) fn remember(tag: &str, memory: Duration) -> Command {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    put(&tag_key(tag), millis(now).to_string().as_bytes(), memory)
}

pub(super) fn publish(channel: &str, payload: &[u8]) -> Command {
    let mut command = cmd("PUBLISH");
    command.arg(channel).arg(payload);
    command.into()
}

pub(super) fn times(keys: &[String]) -> Command {
    let mut command = cmd("MGET");
    command.arg(keys);
    command.into()
}

/// The time that is kept of a tag. `None` for what is no time, which nobody here has written.
pub(super) fn read_time(kept: Option<Vec<u8>>) -> Option<Option<u64>> {
    let Some(digits) = kept else { return Some(None) };
    str::from_utf8(&digits).ok()?.parse().ok().map(Some)
}

/// A lookup of no consequence: of another key each time, because the nodes of a cluster can be in
/// trouble one by one.
pub(super) fn probe() -> Command {
    get(&format!("bff:probe:{}", fastrand::u16(..)), 0)
}
