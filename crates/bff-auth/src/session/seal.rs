//! Sealing: what is kept outside this process can be read, and changed, only with a key that is not
//! kept with it.

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey},
    digest, rand,
};
use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use secrecy::{ExposeSecret, SecretBox, zeroize::Zeroizing};
use std::{fs, path::Path};

/// What keys are derived for; another purpose gives another key.
const CONTEXT: &str = "bff-auth 2026-11 sealed records";

/// The keys, newest first: the first one seals, all of them open.
pub(super) struct Seals(Vec<SecretBox<[u8; 32]>>);

impl Seals {
    /// One key that ends with the process.
    pub(super) fn random() -> Self {
        let mut key = [0; 32];
        // The system's source of randomness does not fail once the system is up.
        let _filled = rand::fill(&mut key);
        Self(vec![SecretBox::new(Box::new(key))])
    }

    /// One key per line, 32 bytes in base64.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let failed = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
        let text = Zeroizing::new(fs::read_to_string(path).map_err(|error| failed(&error))?);
        let mut keys = Vec::new();
        for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
            let key = BASE64_STANDARD.decode(line.trim()).ok();
            let key = key.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
            let key = key.ok_or_else(|| {
                failed(&format!(
                    "line {number} is not 32 bytes in base64; `openssl rand -base64 32` makes one"
                ))
            })?;
            keys.push(SecretBox::new(Box::new(key)));
        }
        if keys.is_empty() { Err(failed(&"there is no key in it")) } else { Ok(Self(keys)) }
    }

    /// Seals `plain` for `name`: bound to it, so that no record can stand in for another, and under
    /// a key that the name is part of, so that the keys alone open nothing.
    pub(super) fn seal(&self, name: &str, plain: &[u8]) -> Option<Vec<u8>> {
        let key = derive(self.0.first()?, name)?;
        let mut sealed = plain.to_vec();
        let nonce = key.seal_in_place_append_tag(Aad::from(name.as_bytes()), &mut sealed).ok()?;
        let mut record = nonce.as_ref().to_vec();
        record.append(&mut sealed);
        Some(record)
    }

    /// What was sealed for `name` with one of the keys; `None` for anything else.
    pub(super) fn open(&self, name: &str, record: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, sealed) = record.split_at_checked(NONCE_LEN)?;
        self.0.iter().find_map(|key| {
            let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
            let mut buffer = Zeroizing::new(sealed.to_vec());
            let plain = derive(key, name)?
                .open_in_place(nonce, Aad::from(name.as_bytes()), &mut buffer)
                .ok()?
                .len();
            buffer.truncate(plain);
            Some(buffer)
        })
    }
}

fn derive(key: &SecretBox<[u8; 32]>, name: &str) -> Option<RandomizedNonceKey> {
    let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
    hasher.update(key.expose_secret()).update(name.as_bytes());
    RandomizedNonceKey::new(&AES_256_GCM, hasher.finalize().as_bytes()).ok()
}

/// 256 random bits as text for cookies and URLs.
pub(super) fn random() -> String {
    let mut bytes = [0; 32];
    let _filled = rand::fill(&mut bytes);
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
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
    use super::{Seals, random};
    use std::fs;

    #[test]
    fn a_record_opens_under_its_own_name_and_unchanged() {
        let seals = Seals::random();
        let record = seals.seal("one", b"secret").unwrap();
        assert!(!record.windows(6).any(|window| window == b"secret"));
        assert_eq!(seals.open("one", &record).unwrap().as_slice(), b"secret");
        assert!(seals.open("other", &record).is_none());
        assert!(Seals::random().open("one", &record).is_none());
        for at in 0..record.len() {
            let mut changed = record.clone();
            changed[at] ^= 1;
            assert!(seals.open("one", &changed).is_none(), "byte {at}");
        }
        assert!(seals.open("one", &record[..20]).is_none());
        assert!(seals.open("one", b"").is_none());
    }

    #[test]
    fn an_old_key_still_opens_and_a_removed_one_does_not() {
        use base64::{Engine, prelude::BASE64_STANDARD};
        let path =
            std::env::temp_dir().join(format!("bff-seals-{}-{}", std::process::id(), random()));
        let lines = |keys: &[u8]| {
            let lines: Vec<_> = keys.iter().map(|key| BASE64_STANDARD.encode([*key; 32])).collect();
            fs::write(&path, lines.join("\n")).unwrap();
            Seals::read(&path).unwrap()
        };
        let record = lines(&[1]).seal("one", b"secret").unwrap();
        let rotated = lines(&[2, 1]);
        assert!(rotated.open("one", &record).is_some());
        let newer = rotated.seal("one", b"secret").unwrap();
        assert!(lines(&[1]).open("one", &newer).is_none());
        assert!(lines(&[2]).open("one", &newer).is_some());
        fs::write(&path, "short\n").unwrap();
        assert!(Seals::read(&path).err().unwrap().contains("line 1"));
        fs::remove_file(path).unwrap();
    }
}
