//! The right to recompute one value for everybody, and the fence that makes a late holder harmless.

use super::script::{Command, Script};
use std::{
    fmt,
    hash::{BuildHasher, Hasher, RandomState},
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// Whether the caller is the one to recompute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lease {
    /// Yes. Write with [`put_fenced`](super::Redis::put_fenced), or give it back with
    /// [`release`](super::Redis::release); otherwise it ends by itself.
    Held(Token),
    /// No, somebody else is at it.
    Taken,
    /// Redis did not say. Recompute without it.
    Trouble,
}

/// A holder's proof: unlike any other, in any process.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(Arc<str>);

impl Token {
    pub(super) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        // The keys of std's hashers come from the operating system's own chance.
        static PROCESS: LazyLock<[u64; 2]> =
            LazyLock::new(|| [0; 2].map(|_| RandomState::new().build_hasher().finish()));
        let [high, low] = *PROCESS;
        let count = NEXT.fetch_add(1, Ordering::Relaxed);
        Self(format!("{high:016x}{low:016x}-{count}").into())
    }

    fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Writes `KEYS[1]` and ends the lease `KEYS[2]`, if that is still the writer's.
static PUT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end \
         redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) \
         redis.call('DEL', KEYS[2]) \
         return 1",
    )
});

/// Takes the lease `KEYS[1]`, if nobody has it. What never ends is no lease of anybody's.
static TAKE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('PTTL', KEYS[1]) == -1 then redis.call('DEL', KEYS[1]) end \
         return redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2])",
    )
});

/// Ends the lease `KEYS[1]`, if it is still the caller's.
static RELEASE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end \
         return redis.call('DEL', KEYS[1])",
    )
});

pub(super) fn take(key: &str, token: &Token, for_: Duration) -> Command {
    let millis = millis(for_).to_string();
    TAKE.on(&[lease_key(key)], &[token.as_str(), &millis])
}

pub(super) fn put(key: &str, stored: &[u8], ttl: Duration, token: &Token) -> Command {
    let millis = millis(ttl).to_string();
    let arguments = [token.as_str().as_bytes(), stored, millis.as_bytes()];
    PUT.on(&[key, &lease_key(key)], &arguments)
}

pub(super) fn release(key: &str, token: &Token) -> Command {
    RELEASE.on(&[lease_key(key)], &[token.as_str()])
}

/// Redis knows no lifetime below a millisecond.
pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).clamp(1, 1 << 50)
}

/// Where the lease on `key` is kept. In a cluster both have to be on one node, so the lease repeats
/// in braces whatever Redis hashes of `key`: the text in its own first braces, if there is any, or
/// else the whole key. The value stays under the key as it was given.
///
/// A key with a closing brace but nothing in braces has no such partner; in a cluster its fenced
/// writes are refused with CROSSSLOT, which costs the hit and nothing else.
fn lease_key(key: &str) -> String {
    match key.split_once('{').and_then(|(_, rest)| rest.split_once('}')) {
        Some((hashed, _)) if !hashed.is_empty() => format!("bff:lease:{{{hashed}}}:{key}"),
        _ => format!("bff:lease:{{{key}}}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_repeats_what_redis_hashes_of_the_key() {
        for (key, expected) in [
            ("mobile:product:v1:shared:p-1", "bff:lease:{mobile:product:v1:shared:p-1}"),
            ("a:{b}:c", "bff:lease:{b}:a:{b}:c"),
            ("{b}{c}", "bff:lease:{b}:{b}{c}"),
        ] {
            assert_eq!(lease_key(key), expected);
        }
    }

    #[test]
    fn no_two_tokens_are_alike() {
        assert_ne!(Token::new(), Token::new());
    }
}
