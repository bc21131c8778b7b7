//! Cookies: found in a request exactly once or not at all, and set with every protection there is.

use bff_core::fields::trimmed;
use std::{fmt, time::Duration};

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

/// The cookies of a request: the values of its `Cookie` lines, as octets.
///
/// Browsers send what any script of this host or of a parent domain has stored, in any encoding
/// (RFC 6265, section 5.4), so a line is text in parts at best. It is split at `;` and names are
/// compared as octets: whatever the other pairs are, ours are found.
#[derive(Clone, Copy, Default)]
pub struct Cookies<'a>(&'a [&'a [u8]]);

impl<'a> Cookies<'a> {
    /// The `Cookie` lines, as they came.
    #[must_use]
    pub fn new(lines: &'a [&'a [u8]]) -> Self {
        Self(lines)
    }

    /// The cookie of that name. Two values are none that can be trusted: one of them may have been
    /// tossed in. The same value twice is one, as a proxy may have doubled the line.
    #[must_use]
    pub fn only(self, name: &str) -> Option<&'a str> {
        let mut found = self.pairs().filter(|(known, _)| *known == name.as_bytes());
        let (_, value) = found.next()?;
        found.all(|(_, other)| other == value).then_some(value)?;
        // Ours are ASCII.
        str::from_utf8(value).ok()
    }

    /// The names that are `prefix` and then letters, digits, `-` or `_`, as those of ours are.
    pub(super) fn names(self, prefix: &str) -> impl Iterator<Item = &'a str> {
        let is_ours = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        self.pairs().filter_map(|(name, _)| str::from_utf8(name).ok()).filter(move |name| {
            name.strip_prefix(prefix).is_some_and(|rest| rest.as_bytes().iter().all(is_ours))
        })
    }

    fn pairs(self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        self.0.iter().flat_map(|line| line.split(|b| *b == b';')).filter_map(|pair| {
            let end = pair.iter().position(|b| *b == b'=')?;
            let (name, value) = pair.split_at(end);
            // A browser lets a script set a name that begins with another white space: it is not ours.
            Some((trimmed(name), trimmed(value.get(1..)?)))
        })
    }
}

impl fmt::Debug for Cookies<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cookies(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::{Cookies, SameSite, check_name, expire, set};
    use std::time::Duration;

    fn only<'a>(lines: &'a [&'a [u8]]) -> Option<&'a str> {
        Cookies::new(lines).only("__Host-s")
    }

    #[test]
    fn a_cookie_is_found_once_or_not_at_all() {
        assert_eq!(only(&[b"a=1; __Host-s=x; b=2"]), Some("x"));
        for tossed in [
            &[&b"__Host-s=x; __Host-s=y"[..]][..],
            &[b"__Host-s=x", b"__Host-s=y"],
            &[b"__Host-s=x; __Host-s=x; __Host-s=y"],
            &[b"__Host-S=x"],
            &[b"x__Host-s=x"],
            &[b"__Host-s"],
            &[b"=__Host-s=x"],
            &[b"\x0b__Host-s=x"],
            &[b"\x85__Host-s=x"],
            &[b"\xa0__Host-s=x"],
            &["\u{2000}__Host-s=x".as_bytes()],
            &["\u{feff}__Host-s=x".as_bytes()],
            &["__Host-s\u{3000}=x".as_bytes()],
            &["__Ho\u{17f}t-s=x".as_bytes()],
            &[b"__Host-s=\xff"],
            &[],
        ] {
            assert_eq!(only(tossed), None, "{tossed:?}");
        }
        for doubled in [&[&b"__Host-s=x; __Host-s=x"[..]][..], &[b"__Host-s=x", b"__Host-s=x"]] {
            assert_eq!(only(doubled), Some("x"), "{doubled:?}");
        }
    }

    #[test]
    fn c2_no_other_cookie_hides_ours_whatever_it_is() {
        let mut others: Vec<Vec<u8>> = [
            "city=München".as_bytes(),
            b"city=M\xfcnchen",
            "mood=\u{1f600}".as_bytes(),
            b"quoted=\"a b\"",
            b"open=\"a",
            b"=nameless",
            b"bare",
            b"",
            b" ",
            b"a=b=c==",
            b"\xff\xfe=\xc3",
            "\u{2028}=\u{202e}".as_bytes(),
        ]
        .map(<[u8]>::to_vec)
        .to_vec();
        // What HTTP/1.1 lets into a field (RFC 9110, section 5.5), apart from the separator.
        let all = (0x20..=0xff).chain([b'\t']).filter(|b| !matches!(b, b';' | 0x7f));
        others.extend(all.flat_map(|b| [vec![b'a', b'=', b], vec![b, b'=', b'1']]));
        for other in others {
            let other = other.as_slice();
            let (good, more) = (&b"__Host-s=x"[..], &b"b=2"[..]);
            for pairs in [[other, good, more], [good, other, more], [other, good, other]] {
                let one = pairs.join(&b"; "[..]);
                let close = pairs.join(&b";"[..]);
                for lines in [&[one.as_slice()][..], &[close.as_slice()], &pairs] {
                    assert_eq!(only(lines), Some("x"), "{lines:?}");
                }
            }
        }
    }

    #[test]
    fn c2_names_of_ours_are_found_among_any_others_and_can_be_written_again() {
        let lines = [
            &b"__Host-l-\xff=1; __Host-l-abc=2; \xc3=3"[..],
            b"__Host-l-a b=4; __Host-l-x_-1=\xe4",
        ];
        let found: Vec<_> = Cookies::new(&lines).names("__Host-l-").collect();
        assert_eq!(found, ["__Host-l-abc", "__Host-l-x_-1"]);
    }

    #[test]
    fn what_cookies_are_is_not_printed() {
        assert_eq!(format!("{:?}", Cookies::new(&[b"a=secret"])), "Cookies(..)");
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
