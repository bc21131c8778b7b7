//! Private keys that sign: for a service, who the user is; for the issuer, who we are.

use jsonwebtoken::{
    Algorithm, EncodingKey, Header,
    jwk::{Jwk, PublicKeyUse, ThumbprintHash},
};
use serde::Serialize;

/// A private key, what it signs with, and its public half.
#[derive(Debug)]
pub(crate) struct SigningKey {
    key: EncodingKey,
    algorithm: Algorithm,
    /// The thumbprint of the public key (RFC 7638).
    id: String,
    pub(crate) public: Jwk,
}

impl SigningKey {
    /// The keys in some PEM, at least one, each for the first of the `allowed` algorithms that it
    /// fits.
    ///
    /// # Errors
    /// What is wrong, in words for an operator, and without a word of the key.
    pub(crate) fn read_all(pem: &[u8], allowed: &[Algorithm]) -> Result<Vec<Self>, String> {
        const END: &str = "-----END PRIVATE KEY-----";
        let text = str::from_utf8(pem).map_err(|_| "it is not text".to_owned())?;
        let blocks = text.split_inclusive(END).filter(|block| block.contains(END));
        let keys = blocks.map(|block| {
            let key = allowed.iter().find_map(|algorithm| Self::read(block, *algorithm));
            key.ok_or_else(|| format!("a key in it fits none of {allowed:?}"))
        });
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() { Err("no PEM block PRIVATE KEY in it".to_owned()) } else { Ok(keys) }
    }

    fn read(pem: &str, algorithm: Algorithm) -> Option<Self> {
        let key = match algorithm {
            Algorithm::EdDSA => EncodingKey::from_ed_pem(pem.as_bytes()),
            Algorithm::ES256 => EncodingKey::from_ec_pem(pem.as_bytes()),
            _ => EncodingKey::from_rsa_pem(pem.as_bytes()),
        };
        let key = key.ok()?;
        let mut public = Jwk::from_encoding_key(&key, algorithm).ok()?;
        let id = public.thumbprint(ThumbprintHash::SHA256).ok()?;
        public.common.key_id = Some(id.clone());
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        let key = Self { key, algorithm, id, public };
        // A key of another curve is only found out by using it.
        key.sign("JWT", &()).ok().map(|_| key)
    }

    /// A signed token (RFC 7519) of the type `typ`.
    ///
    /// # Errors
    /// The key cannot sign.
    pub(crate) fn sign(&self, typ: &str, claims: &impl Serialize) -> Result<String, String> {
        let header = Header {
            typ: Some(typ.to_owned()),
            kid: Some(self.id.clone()),
            ..Header::new(self.algorithm)
        };
        jsonwebtoken::encode(&header, claims, &self.key).map_err(|error| error.to_string())
    }
}
