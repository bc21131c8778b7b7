//! An identity provider for tests and for `make run`: its keys, the tokens it signs, and the ones
//! it never would.
#![allow(
    clippy::expect_used,
    reason = "a test's own equipment: when it fails, the test has to stop"
)]

use aws_lc_rs::{
    encoding::AsDer,
    rsa::KeySize,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RsaKeyPair},
};
use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use jsonwebtoken::{
    Algorithm, EncodingKey,
    crypto::sign,
    jwk::{Jwk, PublicKeyUse},
};
use serde_json::{Value, json};
use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::LazyLock,
    time::{SystemTime, UNIX_EPOCH},
};

/// The key id of the RSA key.
pub const RSA_KEY_ID: &str = "dev-1";
/// The key id of the key for ES256.
pub const EC_KEY_ID: &str = "dev-2";

/// How long a token lives, in seconds.
const LIFETIME: u64 = 3600;

/// Signs tokens: good ones with [`Issuer::token`], any others with [`Issuer::sign`].
pub struct Issuer {
    rsa: EncodingKey,
    ec: EncodingKey,
    /// The RSA public key in DER.
    public: Vec<u8>,
    url: String,
    rsa_key_id: String,
    ec_key_id: String,
}

impl Issuer {
    /// An issuer with new keys, which takes a moment; see [`Issuer::shared`].
    #[must_use]
    pub fn new() -> Self {
        Self::named("https://issuer.test", RSA_KEY_ID, EC_KEY_ID)
    }

    /// As [`Issuer::new`], with an `iss` and key ids of its own.
    #[must_use]
    pub fn named(url: &str, rsa_key_id: &str, ec_key_id: &str) -> Self {
        let rsa = RsaKeyPair::generate(KeySize::Rsa2048).expect("an RSA key");
        let ec = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("an EC key");
        let rsa_der = AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(&rsa).expect("PKCS#8");
        let ec_der = ec.to_pkcs8v1().expect("PKCS#8");
        let public = AsDer::<aws_lc_rs::encoding::PublicKeyX509Der<'_>>::as_der(rsa.public_key())
            .expect("X.509");
        Self {
            rsa: EncodingKey::from_rsa_pem(pem("PRIVATE KEY", rsa_der.as_ref()).as_bytes())
                .expect("an RSA key"),
            ec: EncodingKey::from_ec_pem(pem("PRIVATE KEY", ec_der.as_ref()).as_bytes())
                .expect("an EC key"),
            public: public.as_ref().to_vec(),
            url: url.to_owned(),
            rsa_key_id: rsa_key_id.to_owned(),
            ec_key_id: ec_key_id.to_owned(),
        }
    }

    /// The one issuer of this process.
    #[must_use]
    pub fn shared() -> &'static Self {
        static SHARED: LazyLock<Issuer> = LazyLock::new(Issuer::new);
        &SHARED
    }

    /// The `iss` of its tokens.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.url
    }

    /// The `kid` of its RSA key.
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.rsa_key_id
    }

    /// The public keys as a JWKS document.
    #[must_use]
    pub fn jwks(&self) -> String {
        let keys = [
            (&self.rsa, Algorithm::RS256, &self.rsa_key_id),
            (&self.ec, Algorithm::ES256, &self.ec_key_id),
        ];
        let keys = keys.map(|(key, algorithm, id)| {
            let mut jwk = Jwk::from_encoding_key(key, algorithm).expect("a public key");
            jwk.common.key_id = Some(id.clone());
            jwk.common.public_key_use = Some(PublicKeyUse::Signature);
            jwk
        });
        json!({ "keys": keys }).to_string()
    }

    /// Writes the JWKS document into `dir`.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write_jwks(&self, dir: &Path) -> io::Result<PathBuf> {
        let path = dir.join("jwks.json");
        fs::write(&path, self.jwks())?;
        Ok(path)
    }

    /// A good access token, signed with RS256 and valid for an hour.
    #[must_use]
    pub fn token(&self, subject: &str, audience: &str) -> String {
        self.sign(&self.header(), &self.claims(subject, audience))
    }

    /// The same, signed with ES256: for thousands of users, because that takes a fraction of the
    /// time.
    #[must_use]
    pub fn token_es256(&self, subject: &str, audience: &str) -> String {
        let header = json!({ "alg": "ES256", "typ": "at+jwt", "kid": EC_KEY_ID });
        self.sign_es256(&header, &self.claims(subject, audience))
    }

    /// The same with these scopes.
    #[must_use]
    pub fn token_with(&self, subject: &str, audience: &str, scopes: &[&str]) -> String {
        let mut claims = self.claims(subject, audience);
        if let Some(members) = claims.as_object_mut() {
            members.insert("scope".to_owned(), json!(scopes.join(" ")));
        }
        self.sign(&self.header(), &claims)
    }

    /// The header of a good token.
    #[must_use]
    pub fn header(&self) -> Value {
        json!({ "alg": "RS256", "typ": "at+jwt", "kid": self.rsa_key_id })
    }

    /// The claims of a good token.
    #[must_use]
    pub fn claims(&self, subject: &str, audience: &str) -> Value {
        let now =
            SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970").as_secs();
        json!({ "iss": self.issuer(), "aud": audience, "sub": subject, "iat": now, "nbf": now, "exp": now + LIFETIME })
    }

    /// Signs anything with the RSA key and RS256, whatever `header` says.
    #[must_use]
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        compact(&header.to_string(), &claims.to_string(), &self.rsa, Algorithm::RS256)
    }

    /// Signs anything with the RSA key and RS512, whatever `header` says.
    #[must_use]
    pub fn sign_rs512(&self, header: &Value, claims: &Value) -> String {
        compact(&header.to_string(), &claims.to_string(), &self.rsa, Algorithm::RS512)
    }

    /// Signs anything with the EC key and ES256, whatever `header` says.
    #[must_use]
    pub fn sign_es256(&self, header: &Value, claims: &Value) -> String {
        compact(&header.to_string(), &claims.to_string(), &self.ec, Algorithm::ES256)
    }

    /// Signs with HS256 and `secret`: what an attacker does who knows the public key and hopes that
    /// we take it for a secret.
    #[must_use]
    pub fn sign_hs256(&self, header: &Value, claims: &Value, secret: &[u8]) -> String {
        let key = EncodingKey::from_secret(secret);
        compact(&header.to_string(), &claims.to_string(), &key, Algorithm::HS256)
    }

    /// Signs text that need not even be JSON with the RSA key and RS256.
    #[must_use]
    pub fn sign_text(&self, header: &str, claims: &str) -> String {
        compact(header, claims, &self.rsa, Algorithm::RS256)
    }

    /// The RSA public key in PEM.
    #[must_use]
    pub fn public_key_pem(&self) -> String {
        pem("PUBLIC KEY", &self.public)
    }

    /// The RSA public key in DER.
    #[must_use]
    pub fn public_key_der(&self) -> &[u8] {
        &self.public
    }
}

impl Default for Issuer {
    fn default() -> Self {
        Self::new()
    }
}

/// Private keys stay private, also those of tests.
impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Issuer(..)")
    }
}

fn compact(header: &str, claims: &str, key: &EncodingKey, algorithm: Algorithm) -> String {
    let signed = format!(
        "{}.{}",
        BASE64_URL_SAFE_NO_PAD.encode(header),
        BASE64_URL_SAFE_NO_PAD.encode(claims)
    );
    let signature = sign(signed.as_bytes(), key, algorithm).expect("a signature");
    format!("{signed}.{signature}")
}

fn pem(label: &str, der: &[u8]) -> String {
    let base64 = BASE64_STANDARD.encode(der);
    let lines: Vec<_> = base64.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
