//! Verified callers: whom a credential stands for, and what it was granted.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use secrecy::SecretString;
use std::fmt;

/// A verified caller: whom its credential stands for, and what it was granted.
#[derive(Clone)]
pub struct Principal {
    subject: Box<str>,
    /// The id, where it is not the subject itself.
    encoded: Option<Box<str>>,
    scopes: Box<[Box<str>]>,
    token: Option<SecretString>,
}

impl Principal {
    /// The longest subject that any setting can allow, in bytes.
    pub const MAX_SUBJECT_BYTES: usize = 1024;

    /// A caller by the subject of its verified credential: any text up to
    /// [`MAX_SUBJECT_BYTES`](Self::MAX_SUBJECT_BYTES) that is not empty. Whom an issuer vouches for
    /// is a caller, whatever its alphabet; where one is needed there is the [`id`](Self::id).
    #[must_use]
    pub fn new(subject: &str) -> Option<Self> {
        let is_one = (1..=Self::MAX_SUBJECT_BYTES).contains(&subject.len());
        is_one.then(|| Self {
            subject: subject.into(),
            encoded: (!is_plain(subject)).then(|| encoded(subject)),
            scopes: Box::default(),
            token: None,
        })
    }

    /// The same caller with the scopes of its credential (RFC 6749, section 3.3).
    #[must_use]
    pub fn with_scopes<'a>(self, scopes: impl IntoIterator<Item = &'a str>) -> Self {
        Self { scopes: scopes.into_iter().map(Box::from).collect(), ..self }
    }

    /// The same caller with the access token that proves it, for nothing but to exchange it for a
    /// token that a service accepts (RFC 8693). It never travels to a service itself.
    #[must_use]
    pub fn with_token(self, token: SecretString) -> Self {
        Self { token: Some(token), ..self }
    }

    /// The subject: any text. It belongs into signed tokens and hashes, and nowhere else.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The subject where not every text can stand: in a path, a plain header, a key. A subject of
    /// letters, digits, `.`, `_`, `~`, `-`, `|`, `:`, `@`, `+`, `=` and not dots alone is its own id;
    /// every other is `!` and its base64url form (RFC 4648, section 5, unpadded). No encoding protects
    /// every service from `..` or an encoded slash, and this is one segment in any reading. No two
    /// subjects have one id, since no plain one has a `!`.
    #[must_use]
    pub fn id(&self) -> &str {
        self.encoded.as_deref().unwrap_or(&self.subject)
    }

    /// Whether its credential was granted `scope`.
    #[must_use]
    pub fn may(&self, scope: &str) -> bool {
        self.scopes.iter().any(|granted| **granted == *scope)
    }

    /// The access token that proves it, if it is one that can be exchanged.
    #[must_use]
    pub fn token(&self) -> Option<&SecretString> {
        self.token.as_ref()
    }
}

fn is_plain(subject: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._~-|:@+=".contains(&b);
    subject.bytes().all(allowed) && subject.bytes().any(|b| b != b'.')
}

fn encoded(subject: &str) -> Box<str> {
    format!("!{}", BASE64_URL_SAFE_NO_PAD.encode(subject)).into()
}

/// Subjects are personal data; logs that print a context must not collect them.
impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Principal(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::Principal;

    fn id(subject: &str) -> Option<String> {
        Principal::new(subject).map(|principal| principal.id().to_owned())
    }

    #[test]
    fn c6_any_text_is_a_subject_up_to_a_bound() {
        let longest = "ü".repeat(Principal::MAX_SUBJECT_BYTES / 2);
        for good in [" ", "\0", "..", &longest] {
            let principal = Principal::new(good);
            assert_eq!(principal.as_ref().map(Principal::subject), Some(good));
        }
        for bad in ["", &format!("{longest}x")] {
            assert!(Principal::new(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn c6_a_subject_of_safe_characters_is_its_own_id() {
        for plain in ["u-1", "auth0|123", "a@b.example", "00u1:x", "=a=", "...a", &"x".repeat(255)]
        {
            assert_eq!(id(plain).as_deref(), Some(plain));
        }
    }

    #[test]
    fn c6_every_other_subject_has_an_id_that_is_one_segment_and_nobody_elses() {
        let hostile = [
            "S//808E9UOiYKKAkagOBLGx=",
            "samlp|Okta|o'brien@x.test",
            "https://idp.test/users/1",
            "user#1",
            ".",
            "..",
            "../admin",
            "a\\b",
            "a%2Fb",
            "a b",
            "ip 127.0.0.1",
            "u-1\r\nX-User-Id: u-2",
            "\0",
            "é",
            "e\u{301}",
            "\u{202e}",
            "!Li4",
            "*",
        ];
        let mut ids: Vec<_> = hostile.into_iter().filter_map(id).collect();
        for id in &ids {
            let is_one_segment = |id: &str| {
                id.strip_prefix('!').is_some_and(|rest| {
                    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
                    rest.bytes().all(allowed)
                })
            };
            assert!(is_one_segment(id), "{id}");
        }
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), hostile.len());
        assert_eq!(id("..").as_deref(), Some("!Li4"), "as the documentation says");
    }

    #[test]
    fn a_scope_is_granted_whole_or_not_at_all() {
        let principal = Principal::new("p-1").map(|p| p.with_scopes(["orders:read", "a"]));
        let may = |scope| principal.as_ref().is_some_and(|principal| principal.may(scope));
        assert!(may("orders:read") && may("a"));
        assert!(!may("orders:write") && !may("orders") && !may("") && !may("orders:read a"));
    }
}
