//! Verified callers: whom a credential stands for, and what it was granted.

use secrecy::SecretString;
use std::fmt;

/// A verified caller: whom its credential stands for, and what it was granted.
#[derive(Clone)]
pub struct Principal {
    subject: Box<str>,
    scopes: Box<[Box<str>]>,
    token: Option<SecretString>,
}

impl Principal {
    /// The longest subject, in bytes.
    pub const MAX_SUBJECT_BYTES: usize = 128;

    /// A caller by the subject of its verified credential: 1 to 128 letters, digits or `.`, `_`,
    /// `~`, `-`, `|`, `:`, `@`, `+`, `=`, and not dots alone. `None` for anything else, because
    /// the subject becomes a path segment and no encoding protects every service from `..` or
    /// an encoded slash.
    #[must_use]
    pub fn new(subject: &str) -> Option<Self> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._~-|:@+=".contains(&b);
        let safe = !subject.is_empty()
            && subject.len() <= Self::MAX_SUBJECT_BYTES
            && subject.bytes().all(allowed)
            && subject.bytes().any(|b| b != b'.');
        safe.then(|| Self { subject: subject.into(), scopes: Box::default(), token: None })
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

    /// The subject.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
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

/// Subjects are personal data; logs that print a context must not collect them.
impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Principal(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::Principal;

    #[test]
    fn a_subject_that_could_walk_a_path_is_no_principal() {
        for bad in [
            "",
            ".",
            "..",
            "../admin",
            "a/b",
            "a\\b",
            "a%2Fb",
            "a b",
            "a\nb",
            "é",
            &"x".repeat(129),
        ] {
            assert!(Principal::new(bad).is_none(), "{bad}");
        }
        for good in ["u-1", "auth0|123", "a@b.example", "00u1:x"] {
            assert!(Principal::new(good).is_some(), "{good}");
        }
    }

    #[test]
    fn a_scope_is_granted_whole_or_not_at_all() {
        let principal = Principal::new("p-1").map(|p| p.with_scopes(["orders:read", "a"]));
        let may = |scope| principal.as_ref().is_some_and(|principal| principal.may(scope));
        assert!(may("orders:read") && may("a"));
        assert!(!may("orders:write") && !may("orders") && !may("") && !may("orders:read a"));
    }
}
