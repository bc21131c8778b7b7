//! What a change of `Cargo.lock` touches: the members that use a package whose entry is new or
//! different. A release, which changes one member's version, touches that member.

use serde::Deserialize;
use std::collections::BTreeSet;

#[derive(Deserialize)]
struct Lock {
    version: u32,
    #[serde(default)]
    package: Vec<Entry>,
}

#[derive(PartialEq, Deserialize)]
struct Entry {
    name: String,
    version: String,
    source: Option<String>,
    checksum: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
}

/// The members that reach a changed entry without passing through another member; who needs those
/// is not asked here. `None` when the two cannot be compared.
pub(super) fn users_of_changes(
    old: &str,
    new: &str,
    members: &BTreeSet<&str>,
) -> Option<BTreeSet<String>> {
    let (old, new): (Lock, Lock) = (toml::from_str(old).ok()?, toml::from_str(new).ok()?);
    if old.version != new.version {
        return None;
    }
    let is_member = |entry: &Entry| entry.source.is_none() && members.contains(entry.name.as_str());
    let uses_a_change = |member: &&Entry| {
        let mut seen = vec![*member];
        let mut at = 0;
        while let Some(entry) = seen.get(at).copied() {
            if !old.package.contains(entry) {
                return true;
            }
            let next = entry.dependencies.iter().flat_map(|name| new.named(name));
            for entry in next.filter(|entry| !is_member(entry)) {
                if !seen.iter().any(|known| std::ptr::eq(*known, entry)) {
                    seen.push(entry);
                }
            }
            at += 1;
        }
        false
    };
    let entries = new.package.iter().filter(|entry| is_member(entry));
    Some(entries.filter(uses_a_change).map(|entry| entry.name.clone()).collect())
}

impl Lock {
    /// The entries that `name`, `name version` or `name version (source)` means.
    fn named<'a>(&'a self, dependency: &'a str) -> impl Iterator<Item = &'a Entry> {
        let mut words = dependency.split(' ');
        let (name, version) = (words.next(), words.next());
        self.package.iter().filter(move |entry| {
            Some(entry.name.as_str()) == name && version.is_none_or(|it| it == entry.version)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = r#"
        version = 4
        [[package]]
        name = "bff-web"
        version = "0.1.0"
        dependencies = ["bff-core"]
        [[package]]
        name = "bff-core"
        version = "0.1.0"
        dependencies = ["bytes", "syn 2.0.0"]
        [[package]]
        name = "xtask"
        version = "0.1.0"
        dependencies = ["syn 3.0.0 (registry+x)"]
        [[package]]
        name = "bytes"
        version = "1.0.0"
        source = "registry+x"
        [[package]]
        name = "syn"
        version = "2.0.0"
        source = "registry+x"
        dependencies = ["quote"]
        [[package]]
        name = "syn"
        version = "3.0.0"
        source = "registry+x"
        [[package]]
        name = "quote"
        version = "1.0.0"
        source = "registry+x"
    "#;

    fn users(new: &str) -> Option<Vec<String>> {
        let members = BTreeSet::from(["bff-web", "bff-core", "xtask"]);
        users_of_changes(LOCK, new, &members).map(|names| names.into_iter().collect())
    }

    #[test]
    fn only_who_uses_what_changed_is_touched() {
        let changed = |from: &str, to: &str| {
            assert_eq!(LOCK.matches(from).count(), 1, "{from}");
            users(&LOCK.replace(from, to)).unwrap()
        };
        assert_eq!(users(LOCK).unwrap(), [""; 0]);
        // A version of one's own is nobody else's business.
        let web = "name = \"bff-web\"\n        version = \"0.1.0\"";
        assert_eq!(changed(web, &web.replace("0.1.0", "0.2.0")), ["bff-web"]);
        // Through another package; two versions of one are two packages.
        let quote = "name = \"quote\"\n        version = \"1.0.0\"";
        assert_eq!(changed(quote, &quote.replace("1.0.0", "1.0.1")), ["bff-core"]);
        let syn = "version = \"3.0.0\"";
        assert_eq!(changed(syn, "version = \"3.0.0\"\n        checksum = \"1\""), ["xtask"]);
    }

    #[test]
    fn what_cannot_be_compared_is_not_guessed() {
        assert_eq!(users(&LOCK.replace("version = 4", "version = 5")), None);
        assert_eq!(users("<<<<<<< HEAD"), None);
        assert_eq!(users(""), None);
    }
}
