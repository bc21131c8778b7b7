//! A signed token as text (RFC 7515, compact form): what its header says, and its claims once a key
//! vouches for them.

use crate::{
    claims::{self, Typed},
    foreign::{self, Members},
    refusal::Refusal,
    settings::Algorithm,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::DecodingKey;
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, IntoDeserializer, value},
};

/// A token whose signature nobody has checked yet.
#[derive(Debug)]
pub(crate) struct Token<'a> {
    pub(crate) header: Header,
    signed: &'a str,
    payload: Vec<u8>,
    signature: &'a str,
}

/// What a token says about itself.
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) alg: Algorithm,
    pub(crate) kid: Option<String>,
    typ: Option<String>,
}

/// The header as it stands there. Keys and addresses of keys (`jwk`, `jku`, `x5u`) are not even read.
#[derive(Deserialize)]
struct Said {
    alg: String,
    #[serde(default, deserialize_with = "present")]
    typ: Option<String>,
    #[serde(default, deserialize_with = "present")]
    kid: Option<String>,
    #[serde(default, deserialize_with = "present")]
    crit: Option<IgnoredAny>,
    #[serde(default, deserialize_with = "present")]
    b64: Option<IgnoredAny>,
    #[serde(default, deserialize_with = "present")]
    zip: Option<IgnoredAny>,
}

/// What a token says, vouched for by a key.
#[derive(Debug)]
pub(crate) struct Payload(Vec<u8>);

impl<'a> Token<'a> {
    /// Takes a token of at most `max_bytes` apart.
    ///
    /// # Errors
    /// It is no token, or one that asks for something that we do not do.
    pub(crate) fn read(text: &'a str, max_bytes: usize) -> Result<Self, Refusal> {
        if text.len() > max_bytes {
            return Err(Refusal::TooLong);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(Refusal::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(Refusal::Malformed)?;
        let said = decode(header).ok_or(Refusal::Malformed)?;
        let payload = decode(payload).ok_or(Refusal::Malformed)?;
        if !is_base64url(signature) {
            return Err(Refusal::Malformed);
        }
        Ok(Self { header: Header::read(&said)?, signed, payload, signature })
    }

    /// The issuer that the token names. Nobody vouches for it yet: it chooses whose keys are asked,
    /// and nothing else.
    ///
    /// # Errors
    /// It names none.
    pub(crate) fn issuer(&self) -> Result<String, Refusal> {
        claims::issuer(&members(&self.payload)?)
    }

    /// What the token says, if `key` signed it. There is no other way to get at it, and it takes the
    /// token: whatever a token says, it costs one signature check at most.
    ///
    /// jsonwebtoken checks the signature only: its own validation accepts missing and wrongly typed
    /// claims, and its clock cannot be set, so all rules about claims are in one place,
    /// [`claims`].
    ///
    /// # Errors
    /// The key did not sign it.
    pub(crate) fn vouched(self, key: &DecodingKey) -> Result<Payload, Refusal> {
        let algorithm = self.header.alg.into();
        match jsonwebtoken::crypto::verify(self.signature, self.signed.as_bytes(), key, algorithm) {
            Ok(true) => Ok(Payload(self.payload)),
            _ => Err(Refusal::Signature),
        }
    }
}

impl Payload {
    /// The claims.
    ///
    /// # Errors
    /// It is no JSON object.
    pub(crate) fn claims(&self) -> Result<Members<'_>, Refusal> {
        members(&self.0)
    }
}

impl Header {
    fn read(json: &[u8]) -> Result<Self, Refusal> {
        // The check for `{` is needed because serde also reads a struct from an array.
        let is_object = json.trim_ascii_start().starts_with(b"{");
        let said = if is_object { serde_json::from_slice(json).ok() } else { None };
        let Said { alg, typ, kid, crit, b64, zip } = said.ok_or(Refusal::Malformed)?;
        // Extensions that have to be understood (`crit`), of which `b64` is one: we understand
        // none. Nor is anything compressed here: `zip` belongs to encrypted tokens.
        if crit.is_some() || b64.is_some() || zip.is_some() {
            return Err(Refusal::Extension);
        }
        let name: value::StrDeserializer<'_, value::Error> = alg.as_str().into_deserializer();
        let alg = Algorithm::deserialize(name).map_err(|_| Refusal::Alg)?;
        Ok(Self { alg, kid, typ })
    }

    /// Whether the token's algorithm and type are among these, and what the type tells.
    ///
    /// # Errors
    /// One of them is not.
    pub(crate) fn check(
        &self,
        algorithms: &[Algorithm],
        types: &[String],
        untyped: bool,
    ) -> Result<Typed, Refusal> {
        if !algorithms.contains(&self.alg) {
            return Err(Refusal::Alg);
        }
        let Some(typ) = &self.typ else {
            return if untyped { Ok(Typed::Untyped) } else { Err(Refusal::Typ) };
        };
        if !types.iter().any(|known| same_type(known, typ)) {
            return Err(Refusal::Typ);
        }
        Ok(if same_type(typ, "at+jwt") { Typed::Access } else { Typed::Vaguely })
    }
}

fn members(payload: &[u8]) -> Result<Members<'_>, Refusal> {
    let text = foreign::exact_text(payload).ok_or(Refusal::Malformed)?;
    Members::read(text).map_err(|_no_object| Refusal::Malformed)
}

fn decode(part: &str) -> Option<Vec<u8>> {
    if is_base64url(part) { BASE64_URL_SAFE_NO_PAD.decode(part).ok() } else { None }
}

fn is_base64url(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// A member that may be absent but not `null`. serde itself refuses one that is there twice.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    member: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(member).map(Some)
}

/// Media types compare without case, and `application/` may be left out (RFC 7515, 4.1.9).
fn same_type(one: &str, other: &str) -> bool {
    short_type(one).eq_ignore_ascii_case(short_type(other))
}

fn short_type(typ: &str) -> &str {
    match typ.split_at_checked("application/".len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case("application/") => rest,
        _ => typ,
    }
}
