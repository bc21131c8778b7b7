//! One key in the file, and what in it can be wrong.

use super::presented::{Secret, is_id};
use aws_lc_rs::digest::{SHA256, digest};
use bff_core::ports::Principal;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fmt::{self, Write},
    time::{SystemTime, UNIX_EPOCH},
};

pub(super) type Hash = [u8; 32];

/// The longest subject of a partner.
const MAX_SUBJECT_BYTES: usize = 128;

/// The whole file: `[keys.<id>]` tables.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    #[serde(default)]
    pub(super) keys: BTreeMap<KeyId, Entry>,
}

/// One key: whose it is, and what it may do.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub(super) hash: HexHash,
    pub(super) subject: Subject,
    #[serde(default)]
    pub(super) scopes: Vec<Scope>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) not_after: Option<Date>,
}

/// One line for an operator, without the hash.
impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scopes: Vec<_> = self.scopes.iter().map(|scope| scope.0.as_str()).collect();
        let until = self.not_after.as_ref().map_or("forever", |date| date.text.as_str());
        write!(f, "{}  {}  until {until}", self.subject.0, scopes.join(" "))
    }
}

/// The SHA-256 of a secret.
pub(super) fn hash(secret: &Secret) -> Hash {
    let mut hash = Hash::default();
    for (to, from) in hash.iter_mut().zip(digest(&SHA256, secret).as_ref()) {
        *to = *from;
    }
    hash
}

/// Texts that are checked while the file is read, so that an error has its line.
macro_rules! checked {
    ($(#[$doc:meta])* $name:ident, $inner:ty, $into:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub(super) struct $name(pub(super) $inner);

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                $into(value.0)
            }
        }
    };
}

checked!(
    /// The public part of a key.
    KeyId, String, |id| id
);
checked!(
    /// A hash as 64 hexadecimal digits.
    HexHash, Hash, |hash: Hash| hash.iter().fold(String::new(), |mut text, byte| {
        // Writing to text does not fail.
        let _written = write!(text, "{byte:02x}");
        text
    })
);
checked!(
    /// The partner, as services see it.
    Subject, String, |subject| subject
);
checked!(
    /// A scope-token (RFC 6749, section 3.3).
    Scope, String, |scope| scope
);

impl TryFrom<String> for KeyId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if is_id(&text) { Ok(Self(text)) } else { Err("an id is 8 lower-case hexadecimal digits") }
    }
}

impl TryFrom<String> for HexHash {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let wrong = "a hash is 64 hexadecimal digits";
        let digits = text.bytes().map(|digit| char::from(digit).to_digit(16));
        let digits: Vec<u32> = digits.collect::<Option<_>>().ok_or(wrong)?;
        let bytes = digits.chunks(2).map(|pair| pair.iter().fold(0, |sum, digit| 16 * sum + digit));
        let bytes: Vec<u8> = bytes.filter_map(|byte| u8::try_from(byte).ok()).collect();
        if text.len() == 64 { bytes.try_into().map(Self).map_err(|_| wrong) } else { Err(wrong) }
    }
}

impl TryFrom<String> for Subject {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        // We choose the names of partners, so they are ones that people can read everywhere.
        match Principal::new(&text) {
            Some(partner) if partner.id() == text && text.len() <= MAX_SUBJECT_BYTES => {
                Ok(Self(text))
            }
            _ => Err("a subject is 1 to 128 letters, digits or `._~-|:@+=`"),
        }
    }
}

impl TryFrom<String> for Scope {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is_scope = |b: u8| b.is_ascii_graphic() && b != b'"' && b != b'\\';
        if !text.is_empty() && text.bytes().all(is_scope) {
            Ok(Self(text))
        } else {
            Err("a scope is one word without quotes")
        }
    }
}

/// From this moment on a key is refused: `2027-05-01`, its first moment in UTC, or
/// `2027-05-01T12:00:00Z`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Date {
    text: String,
    moment: SystemTime,
}

impl Date {
    /// Seconds since 1970.
    pub(super) fn seconds(&self) -> f64 {
        self.moment.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
    }
}

impl TryFrom<String> for Date {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let day = format!("{text}T00:00:00Z");
        let moment = humantime::parse_rfc3339(&text).or_else(|_| humantime::parse_rfc3339(&day));
        let moment = moment.map_err(|_| "a date is `2027-05-01` or `2027-05-01T12:00:00Z`")?;
        Ok(Self { text, moment })
    }
}

impl From<Date> for String {
    fn from(date: Date) -> Self {
        date.text
    }
}
