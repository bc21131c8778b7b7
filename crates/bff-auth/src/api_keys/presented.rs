//! An API key as text: made at random, and read from a header.

use aws_lc_rs::{error::Unspecified, rand};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

/// Tells scanners for leaked secrets what they have found.
const PREFIX: &str = "bffp_";
const ID_DIGITS: usize = 8;
/// 256 bits in base64url.
const SECRET_DIGITS: usize = 43;

/// 256 random bits.
pub(super) type Secret = [u8; 32];

/// `bffp_3f9c2a71_<43 characters of base64url>`, taken apart.
pub(super) struct ApiKey<'a> {
    pub(super) id: &'a str,
    pub(super) secret: Secret,
}

impl<'a> ApiKey<'a> {
    /// `None` for what no key of ours looks like. Every key has one spelling only.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let (id, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
        if !is_id(id) || secret.len() != SECRET_DIGITS {
            return None;
        }
        let secret = BASE64_URL_SAFE_NO_PAD.decode(secret).ok()?;
        Some(Self { id, secret: secret.try_into().ok()? })
    }
}

/// Lower-case hexadecimal digits.
pub(super) fn is_id(text: &str) -> bool {
    text.len() == ID_DIGITS && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// A new id.
pub(super) fn new_id() -> Result<String, Unspecified> {
    let mut bytes = [0; ID_DIGITS / 2];
    rand::fill(&mut bytes)?;
    Ok(format!("{:08x}", u32::from_be_bytes(bytes)))
}

/// A new secret.
pub(super) fn new_secret() -> Result<Secret, Unspecified> {
    let mut secret = Secret::default();
    rand::fill(&mut secret)?;
    Ok(secret)
}

/// The key as its partner gets it.
pub(super) fn text(id: &str, secret: &Secret) -> String {
    format!("{PREFIX}{id}_{}", BASE64_URL_SAFE_NO_PAD.encode(secret))
}
