//! Cookies: found in a request exactly once or not at all, and set with every protection there is.

use std::time::Duration;

/// The attributes of every cookie of ours. `Secure` and `Path=/` without `Domain` is what the
/// `__Host-` prefix demands (RFC 6265bis, section 4.1.3).
const ATTRIBUTES: &str = "; Path=/; Secure; HttpOnly; SameSite=";

/// Whether a browser sends it along when another site links here.
#[derive(Debug, Clone, Copy)]
pub(super) enum SameSite {
    Strict,
    /// Also on the way back from the identity provider.
    Lax,
}

/// Refuses a name that a sibling domain could set, or that is no token.
pub(super) fn check_name(name: &str) -> Result<(), String> {
    let rest = name.strip_prefix("__Host-");
    let rest = rest.ok_or("must start with `__Host-`, so that no sibling domain can set it")?;
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let bare = rest.strip_prefix("Http-").unwrap_or(rest);
    if bare.is_empty() || name.len() > 64 || !rest.bytes().all(allowed) {
        return Err("must be up to 64 letters, digits, `-` or `_`".to_owned());
    }
    Ok(())
}

/// A `Set-Cookie` value; `None` ends with the browser.
pub(super) fn set(name: &str, value: &str, site: SameSite, max_age: Option<Duration>) -> String {
    let site = match site {
        SameSite::Strict => "Strict",
        SameSite::Lax => "Lax",
    };
    let max_age = max_age.map(|age| format!("; Max-Age={}", age.as_secs())).unwrap_or_default();
    format!("{name}={value}{ATTRIBUTES}{site}{max_age}")
}

/// A `Set-Cookie` value that takes a cookie away.
pub(super) fn expire(name: &str, site: SameSite) -> String {
    set(name, "", site, Some(Duration::ZERO))
}

/// The cookies of a request: the values of its `Cookie` headers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cookies<'a>(&'a [&'a str]);

impl<'a> Cookies<'a> {
    /// The `Cookie` headers, as they came.
    #[must_use]
    pub fn new(headers: &'a [&'a str]) -> Self {
        Self(headers)
    }

    /// The cookie of that name. Two of them are none that can be trusted: one may have been tossed
    /// in.
    #[must_use]
    pub fn only(self, name: &str) -> Option<&'a str> {
        let mut found = self.pairs().filter(|(known, _)| *known == name);
        let (_, value) = found.next()?;
        found.next().is_none().then_some(value)
    }

    /// The names that start with `prefix`.
    pub(super) fn names(self, prefix: &str) -> impl Iterator<Item = &'a str> {
        self.pairs().map(|(name, _)| name).filter(move |name| name.starts_with(prefix))
    }

    fn pairs(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().flat_map(|header| header.split(';')).filter_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            Some((name.trim(), value.trim()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Cookies, SameSite, check_name, expire, set};
    use std::time::Duration;

    #[test]
    fn a_cookie_is_found_once_or_not_at_all() {
        let one = ["a=1; __Host-s=x; b=2"];
        assert_eq!(Cookies::new(&one).only("__Host-s"), Some("x"));
        for tossed in [
            &["__Host-s=x; __Host-s=y"][..],
            &["__Host-s=x", "__Host-s=y"],
            &["__Host-S=x"],
            &["x__Host-s=x"],
            &["__Host-s"],
            &[],
        ] {
            assert_eq!(Cookies::new(tossed).only("__Host-s"), None, "{tossed:?}");
        }
    }

    #[test]
    fn every_protection_is_on() {
        let cookie = set("__Host-s", "v", SameSite::Strict, Some(Duration::from_secs(60)));
        assert_eq!(cookie, "__Host-s=v; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=60");
        assert!(expire("__Host-s", SameSite::Lax).ends_with("SameSite=Lax; Max-Age=0"));
        assert!(!cookie.contains("Domain"));
    }

    #[test]
    fn a_name_that_anybody_could_set_is_refused() {
        for good in ["__Host-s", "__Host-Http-session"] {
            assert_eq!(check_name(good), Ok(()));
        }
        for bad in [
            "session",
            "__Secure-s",
            "__host-s",
            "__Host-",
            "__Host-Http-",
            "__Host-a b",
            "__Host-a;b",
        ] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }
}
