//! What is in a Redis: keys that this system makes have a version or a known purpose, and all of
//! them end.

use bff_redis::{Redis, RedisSettings, cmd};
use std::time::Duration;
use url::Url;

const WITHIN: Duration = Duration::from_secs(5);
/// Keys per step; Redis answers others in between.
const STEP: u32 = 500;

/// A key, and the milliseconds that it has left: -1 for one that never ends.
pub(crate) type Key = (String, i64);

/// Every key, step by step: `KEYS` would hold up everybody.
pub(crate) fn keys(url: &str) -> Result<Vec<Key>, String> {
    let wrong = |error: &dyn std::fmt::Display| format!("{url}: {error}");
    let parsed = Url::parse(url).map_err(|error| wrong(&error))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| wrong(&error))?.block_on(async {
        let mut settings = RedisSettings::single(parsed);
        settings.command_timeout = WITHIN;
        let redis = Redis::start(&settings, Vec::new()).map_err(|error| wrong(&error))?;
        let (mut cursor, mut keys) = ("0".to_owned(), Vec::new());
        loop {
            let step = cmd("SCAN").arg(&cursor).arg("COUNT").arg(STEP).clone();
            let (next, names): (String, Vec<Vec<u8>>) =
                redis.run(step, WITHIN).await.map_err(|error| wrong(&error))?;
            for name in names {
                let left = cmd("PTTL").arg(&name).clone();
                let left = redis.run(left, WITHIN).await.map_err(|error| wrong(&error))?;
                keys.push((String::from_utf8_lossy(&name).into_owned(), left));
            }
            if next == "0" {
                keys.sort();
                keys.dedup();
                return Ok(keys);
            }
            cursor = next;
        }
    })
}

/// What is wrong with each key, and what to do.
pub(crate) fn check(keys: &[Key], bffs: &[&str]) -> Vec<(String, &'static str)> {
    let mut found = Vec::new();
    for (name, left) in keys {
        if !is_ours(name, bffs) {
            let advice = "let `.cached(..)` make it: client:entity:vN:scope:id; or move it to a Redis of its own";
            found.push((format!("`{}` has no version", shown(name)), advice));
        }
        if *left == -1 {
            let advice = "set it with a lifetime: what never ends fills the Redis";
            found.push((format!("`{}` never ends", shown(name)), advice));
        }
    }
    found
}

fn is_ours(name: &str, bffs: &[&str]) -> bool {
    let parts: Vec<&str> = name.split(':').collect();
    match parts.as_slice() {
        ["bff", kind, ..] => {
            ["tag", "lease", "probe"].contains(kind) || kind.starts_with("{limits")
        }
        [bff, "session-keys"] => bffs.contains(bff),
        [bff, "session" | "session-lease" | "session-list" | "used", _, ..] => bffs.contains(bff),
        [bff, entity, version, scope, _, ..] => {
            let number = version.strip_prefix('v').and_then(|number| number.parse::<u32>().ok());
            let scoped = *scope == "shared" || scope.starts_with("user=");
            bffs.contains(bff) && !entity.is_empty() && number.is_some() && scoped
        }
        _ => false,
    }
}

/// The beginning: a key may name a user.
fn shown(name: &str) -> String {
    let parts: Vec<&str> = name.splitn(4, ':').take(3).collect();
    parts.join(":")
}

#[cfg(test)]
mod tests {
    use super::{check, is_ours};

    #[test]
    fn our_keys_are_told_from_others() {
        for ours in [
            "mobile:product:v3:shared:catalog/products/p-1#",
            "web:profile:v1:user=u-1:users/users/u-1#",
            "bff:tag:product:p-1",
            "bff:lease:{mobile:product:v1:shared:p-1}",
            "bff:{limits:mobile}:p:00ff",
            "web:session:{abc}",
            "web:session-keys",
        ] {
            assert!(is_ours(ours, &["mobile", "web"]), "{ours}");
        }
        for other in [
            "product:p-1",
            "mobile:product:shared:p-1",
            "shop:product:v1:shared:x",
            "x",
            "mobile:product:vx:shared:p-1",
            "mobile:product:v1:all:p-1",
            "shop:session:{abc}",
        ] {
            assert!(!is_ours(other, &["mobile", "web"]), "{other}");
        }
    }

    #[test]
    fn a_key_that_never_ends_is_found_and_its_user_is_not_told() {
        let keys = [("web:profile:v1:user=ada:x".to_owned(), -1), ("web:used:y".to_owned(), 5)];
        let found = check(&keys, &["web"]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].0, "`web:profile:v1` never ends");
    }
}
