//! Sealing: what is kept outside this process can be read, and changed, only with a key that is not
//! kept with it.

use super::store::Away;
use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey},
    digest,
    error::Unspecified,
    rand,
};
use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use bff_files::Watched;
use secrecy::{ExposeSecret, SecretBox, zeroize::Zeroizing};
use std::{
    fmt, iter,
    path::Path,
    sync::{Arc, OnceLock},
};

/// What keys are derived for; another purpose gives another key.
const CONTEXT: &str = "bff-auth 2026-11 sealed records";

/// What an id is derived for.
const ID_CONTEXT: &str = "bff-auth 2026-11 id of a sealing key";

/// Fills a buffer with random bytes, all of it or none.
type Fill = fn(&mut [u8]) -> Result<(), Unspecified>;

/// What was sealed; wiped when it is dropped.
pub(super) type Plain = Zeroizing<Vec<u8>>;

/// The keys that records are sealed with.
pub(super) enum Seals {
    /// One key that ends with the process, made when it is first needed: making it takes long.
    Own(OnceLock<Arc<Ring>>),
    /// Those of a file, read again when it changes.
    File(Arc<Watched<Ring>>),
}

/// Keys, newest first: all of them open.
pub(super) struct Ring {
    newest: Key,
    older: Vec<Key>,
}

/// A key.
pub(super) struct Key {
    pub(super) id: KeyId,
    secret: SecretBox<[u8; 32]>,
}

/// What a key is called where others can read it: it tells nothing about the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeyId(pub(super) String);

impl Seals {
    /// The keys in a file; without one, a key of this process.
    pub(super) fn open(file: Option<&Path>) -> Result<Self, String> {
        match file {
            None => Ok(Self::Own(OnceLock::new())),
            Some(path) => Watched::file(path, Ring::read).map(Self::File),
        }
    }

    /// The keys as they are now.
    ///
    /// # Errors
    /// There is no randomness to make the first one of. The next call tries again.
    pub(super) fn ring(&self) -> Result<Arc<Ring>, Away> {
        self.ring_from(rand::fill)
    }

    fn ring_from(&self, fill: Fill) -> Result<Arc<Ring>, Away> {
        match self {
            Self::File(file) => Ok(Arc::clone(&file.current())),
            Self::Own(own) => match own.get() {
                Some(ring) => Ok(Arc::clone(ring)),
                None => {
                    let made = Arc::new(Ring::random(fill)?);
                    Ok(Arc::clone(own.get_or_init(|| made)))
                }
            },
        }
    }
}

impl Ring {
    fn random(fill: Fill) -> Result<Self, Away> {
        Ok(Self { newest: Key::new(random_bytes(fill)?), older: Vec::new() })
    }

    /// One key per line, 32 bytes in base64.
    fn read(text: &[u8]) -> Result<Self, String> {
        let text = str::from_utf8(text).map_err(|_| "it is not text".to_owned())?;
        let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
        let mut keys = lines.map(|(number, line)| {
            let key = BASE64_STANDARD.decode(line.trim()).ok();
            let key = key.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
            key.map(Key::new).ok_or_else(|| {
                format!(
                    "line {number} is not 32 bytes in base64; `openssl rand -base64 32` makes one"
                )
            })
        });
        let newest = keys.next().unwrap_or_else(|| Err("there is no key in it".to_owned()))?;
        Ok(Self { newest, older: keys.collect::<Result<_, _>>()? })
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &Key> {
        iter::once(&self.newest).chain(&self.older)
    }

    pub(super) fn newest(&self) -> &Key {
        &self.newest
    }

    pub(super) fn oldest(&self) -> &Key {
        self.older.last().unwrap_or(&self.newest)
    }

    /// What was sealed for `name` with one of the keys; `None` for anything else.
    pub(super) fn unseal(&self, name: &str, record: &[u8]) -> Option<Plain> {
        self.keys().find_map(|key| key.unseal(name, record))
    }
}

impl Key {
    fn new(secret: [u8; 32]) -> Self {
        let id = blake3::derive_key(ID_CONTEXT, &secret);
        let id = KeyId(blake3::Hash::from_bytes(id).to_hex()[..16].to_owned());
        Self { id, secret: SecretBox::new(Box::new(secret)) }
    }

    /// Seals `plain` for `name`: bound to it, so that no record can stand in for another, and under
    /// a key that the name is part of, so that the keys alone open nothing.
    pub(super) fn seal(&self, name: &str, plain: &[u8]) -> Option<Vec<u8>> {
        let mut sealed = plain.to_vec();
        let key = self.derive(name)?;
        let nonce = key.seal_in_place_append_tag(Aad::from(name.as_bytes()), &mut sealed).ok()?;
        let mut record = nonce.as_ref().to_vec();
        record.append(&mut sealed);
        Some(record)
    }

    fn unseal(&self, name: &str, record: &[u8]) -> Option<Plain> {
        let (nonce, sealed) = record.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut buffer = Zeroizing::new(sealed.to_vec());
        let key = self.derive(name)?;
        let plain = key.open_in_place(nonce, Aad::from(name.as_bytes()), &mut buffer).ok()?.len();
        buffer.truncate(plain);
        Some(buffer)
    }

    fn derive(&self, name: &str) -> Option<RandomizedNonceKey> {
        let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
        hasher.update(self.secret.expose_secret()).update(name.as_bytes());
        RandomizedNonceKey::new(&AES_256_GCM, hasher.finalize().as_bytes()).ok()
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// 256 random bits as text for cookies and URLs.
///
/// # Errors
/// There is no randomness: without it everybody would get the same text.
pub(super) fn random() -> Result<String, Away> {
    random_from(rand::fill)
}

fn random_from(fill: Fill) -> Result<String, Away> {
    random_bytes(fill).map(|bytes| BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

fn random_bytes(fill: Fill) -> Result<[u8; 32], Away> {
    let mut bytes = [0; 32];
    match fill(&mut bytes) {
        Ok(()) => Ok(bytes),
        Err(_) => {
            let advice = "look at the system's source of random bytes, getrandom(2)";
            tracing::error!(advice, "no random bytes: nobody can sign in");
            Err(Away)
        }
    }
}

/// SHA-256 as text for URLs: the S256 method of PKCE (RFC 7636, section 4.2).
pub(super) fn s256(text: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, text.as_bytes()))
}

/// A name for what only the holder of `secret` may find; it tells nothing about the secret.
pub(super) fn name_of(secret: &str) -> String {
    blake3::hash(secret.as_bytes()).to_hex().as_str().to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Away, Ring, Seals, Unspecified, rand, random, random_from};
    use base64::{Engine, prelude::BASE64_STANDARD};

    #[test]
    fn without_randomness_there_is_no_key_and_no_secret_and_nobody_gets_zeros() {
        let fails = |_: &mut [u8]| Err(Unspecified);
        let own = Seals::open(None).unwrap();
        assert_eq!(own.ring_from(fails).err(), Some(Away));
        assert_eq!(random_from(fails), Err(Away));
        let problem = super::super::away(Away);
        assert_eq!((problem.class().status(), problem.code()), (503, "IDENTITY_UNAVAILABLE"));

        let made = own.ring().unwrap();
        assert_eq!(own.ring_from(fails).unwrap().newest().id, made.newest().id, "made once");
        assert_ne!(random().unwrap(), random().unwrap());
    }

    #[test]
    fn a_record_opens_under_its_own_name_and_unchanged() {
        let ring = Ring::random(rand::fill).unwrap();
        let record = ring.newest().seal("one", b"secret").unwrap();
        assert!(!record.windows(6).any(|window| window == b"secret"));
        assert_eq!(ring.unseal("one", &record).unwrap().as_slice(), b"secret");
        assert!(ring.unseal("other", &record).is_none());
        assert!(Ring::random(rand::fill).unwrap().unseal("one", &record).is_none());
        for at in 0..record.len() {
            let mut changed = record.clone();
            changed[at] ^= 1;
            assert!(ring.unseal("one", &changed).is_none(), "byte {at}");
        }
        assert!(ring.unseal("one", &record[..20]).is_none());
        assert!(ring.unseal("one", b"").is_none());
    }

    #[test]
    fn an_old_key_still_opens_and_a_removed_one_does_not() {
        let ring = |keys: &[u8]| {
            let lines: Vec<_> = keys.iter().map(|key| BASE64_STANDARD.encode([*key; 32])).collect();
            Ring::read(lines.join("\n").as_bytes()).unwrap()
        };
        let record = ring(&[1]).newest().seal("one", b"secret").unwrap();
        let rotated = ring(&[2, 1]);
        assert!(rotated.unseal("one", &record).is_some());
        let newer = rotated.newest().seal("one", b"secret").unwrap();
        assert!(ring(&[1]).unseal("one", &newer).is_none());
        assert!(ring(&[2]).unseal("one", &newer).is_some());
        assert!(Ring::read(b"\nshort\n").err().unwrap().contains("line 2"));
        assert!(Ring::read(b"\n").is_err());
    }
}
