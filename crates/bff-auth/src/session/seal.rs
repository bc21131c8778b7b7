//! Sealing: what is kept outside this process can be read, and changed, only with a key that is not
//! kept with it.

use super::holders::{KeyId, Others};
use arc_swap::ArcSwapOption;
use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    digest, rand,
};
use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use bff_files::Watched;
use secrecy::{ExposeSecret, SecretBox, zeroize::Zeroizing};
use std::{
    path::Path,
    sync::{Arc, LazyLock},
};

/// What keys are derived for; another purpose gives another key.
const CONTEXT: &str = "bff-auth 2026-11 sealed records";

/// The keys that records are sealed with.
pub(super) struct Seals {
    source: Source,
    /// What the other instances can open with; nothing while that is not known.
    others: ArcSwapOption<Others>,
}

enum Source {
    /// One key that ends with the process, made when it is first needed: making it takes long.
    Own(LazyLock<Ring>),
    /// Those of a file, read again when it changes.
    File(Arc<Watched<Ring>>),
}

/// Keys, newest first: the first one that all instances have seals, all of them open.
pub(super) struct Ring(Vec<Key>);

struct Key {
    id: KeyId,
    secret: SecretBox<[u8; 32]>,
}

/// What became of a record.
pub(super) enum Opened {
    Plain(Zeroizing<Vec<u8>>),
    /// It was not sealed like this for this name, though the key that it names is here.
    Changed,
    /// It names a key that is not here.
    Locked(KeyId),
}

impl Seals {
    /// The keys in a file; without one, a key of this process.
    pub(super) fn open(file: Option<&Path>) -> Result<Self, String> {
        let source = match file {
            None => Source::Own(LazyLock::new(Ring::random)),
            Some(path) => Source::File(Watched::file(path, Ring::read)?),
        };
        Ok(Self { source, others: ArcSwapOption::empty() })
    }

    /// Takes note of what the other instances can open with.
    pub(super) fn learn(&self, others: Others) {
        self.others.store(Some(Arc::new(others)));
    }

    /// Whether another instance is known that can open with this key.
    pub(super) fn is_held_elsewhere(&self, key: KeyId) -> bool {
        self.others.load().as_ref().is_some_and(|others| others.any_has(key))
    }

    /// The keys, newest first.
    pub(super) fn ids(&self) -> Vec<KeyId> {
        self.with(|ring| ring.0.iter().map(|key| key.id).collect())
    }

    /// The key that seals.
    pub(super) fn sealing(&self) -> Option<KeyId> {
        self.with(|ring| ring.sealing(self.others.load().as_deref()).map(|key| key.id))
    }

    /// Seals `plain` for `name`: bound to it, so that no record can stand in for another, and under
    /// a key that the name is part of, so that the keys alone open nothing.
    pub(super) fn seal(&self, name: &str, plain: &[u8]) -> Option<Vec<u8>> {
        self.with(|ring| ring.sealing(self.others.load().as_deref())?.seal(name, plain))
    }

    /// What was sealed for `name` with one of the keys.
    pub(super) fn unseal(&self, name: &str, record: &[u8]) -> Opened {
        self.with(|ring| ring.unseal(name, record))
    }

    fn with<T>(&self, use_it: impl FnOnce(&Ring) -> T) -> T {
        match &self.source {
            Source::Own(ring) => use_it(ring),
            Source::File(file) => use_it(&file.current()),
        }
    }
}

impl Ring {
    fn random() -> Self {
        let mut key = [0; 32];
        // The system's source of randomness does not fail once the system is up.
        let _filled = rand::fill(&mut key);
        Self(vec![Key::new(key)])
    }

    /// One key per line, 32 bytes in base64.
    fn read(text: &[u8]) -> Result<Self, String> {
        let text = str::from_utf8(text).map_err(|_| "it is not text".to_owned())?;
        let mut keys = Vec::new();
        for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
            let key = BASE64_STANDARD.decode(line.trim()).ok();
            let key = key.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
            let key = key.ok_or_else(|| {
                format!(
                    "line {number} is not 32 bytes in base64; `openssl rand -base64 32` makes one"
                )
            })?;
            keys.push(Key::new(key));
        }
        if keys.is_empty() { Err("there is no key in it".to_owned()) } else { Ok(Self(keys)) }
    }

    /// The key that seals: the newest that every instance can open with. Until it is known what the
    /// others have, and where there is no such key, the oldest is most likely to be one.
    fn sealing(&self, others: Option<&Others>) -> Option<&Key> {
        let agreed = others.and_then(|others| self.0.iter().find(|key| others.all_have(key.id)));
        agreed.or(self.0.last())
    }

    /// The key that the record names comes first; records of earlier releases name none.
    fn unseal(&self, name: &str, record: &[u8]) -> Opened {
        let Some(id) = KeyId::in_front_of(record) else { return Opened::Changed };
        let (named, rest): (Vec<_>, Vec<_>) = self.0.iter().partition(|key| key.id == id);
        let is_here = !named.is_empty();
        match named.into_iter().chain(rest).find_map(|key| key.unseal(name, record)) {
            Some(plain) => Opened::Plain(plain),
            None if is_here => Opened::Changed,
            None => Opened::Locked(id),
        }
    }
}

impl Key {
    fn new(secret: [u8; 32]) -> Self {
        Self { id: KeyId::of(&secret), secret: SecretBox::new(Box::new(secret)) }
    }

    fn seal(&self, name: &str, plain: &[u8]) -> Option<Vec<u8>> {
        // The nonce begins with the key's id. What is left of it is by chance, and plenty: no two
        // names share a derived key, and a name is sealed a few times.
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce).ok()?;
        let (front, _) = nonce.split_first_chunk_mut()?;
        *front = self.id.octets();
        let mut record = nonce.to_vec();
        let mut sealed = plain.to_vec();
        let nonce = Nonce::assume_unique_for_key(nonce);
        self.derive(name)?
            .seal_in_place_append_tag(nonce, Aad::from(name.as_bytes()), &mut sealed)
            .ok()?;
        record.append(&mut sealed);
        Some(record)
    }

    fn unseal(&self, name: &str, record: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, sealed) = record.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut buffer = Zeroizing::new(sealed.to_vec());
        let aad = Aad::from(name.as_bytes());
        let plain = self.derive(name)?.open_in_place(nonce, aad, &mut buffer).ok()?.len();
        buffer.truncate(plain);
        Some(buffer)
    }

    fn derive(&self, name: &str) -> Option<LessSafeKey> {
        let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
        hasher.update(self.secret.expose_secret()).update(name.as_bytes());
        UnboundKey::new(&AES_256_GCM, hasher.finalize().as_bytes()).ok().map(LessSafeKey::new)
    }
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
    use super::{Key, KeyId, Opened, Others, Ring};
    use base64::{Engine, prelude::BASE64_STANDARD};

    fn ring(keys: &[u8]) -> Ring {
        let lines: Vec<_> = keys.iter().map(|key| BASE64_STANDARD.encode([*key; 32])).collect();
        Ring::read(lines.join("\n").as_bytes()).unwrap()
    }

    fn id(key: u8) -> KeyId {
        Key::new([key; 32]).id
    }

    fn seal(ring: &Ring) -> Vec<u8> {
        ring.sealing(Some(&Others::Nobody)).unwrap().seal("one", b"secret").unwrap()
    }

    /// What was sealed, or why not.
    fn unseal(ring: &Ring, name: &str, record: &[u8]) -> Result<Vec<u8>, &'static str> {
        match ring.unseal(name, record) {
            Opened::Plain(plain) => Ok(plain.to_vec()),
            Opened::Changed => Err("changed"),
            Opened::Locked(_) => Err("locked"),
        }
    }

    #[test]
    fn a_record_opens_under_its_own_name_and_unchanged() {
        let ring = Ring::random();
        let record = seal(&ring);
        assert!(!record.windows(6).any(|window| window == b"secret"));
        assert_eq!(unseal(&ring, "one", &record).unwrap(), b"secret");
        assert_eq!(unseal(&ring, "other", &record), Err("changed"));
        for at in 0..record.len() {
            let mut changed = record.clone();
            changed[at] ^= 1;
            assert!(unseal(&ring, "one", &changed).is_err(), "byte {at}");
        }
        assert_eq!(unseal(&ring, "one", &record[..20]), Err("changed"));
        assert_eq!(unseal(&ring, "one", b""), Err("changed"));
        assert_ne!(seal(&ring), seal(&ring), "a nonce is used once");
    }

    #[test]
    fn c19_an_old_key_still_opens_and_a_removed_one_is_known_to_be_missing() {
        let record = seal(&ring(&[1]));
        let rotated = ring(&[2, 1]);
        assert!(unseal(&rotated, "one", &record).is_ok());
        let newer = seal(&rotated);
        assert!(unseal(&ring(&[2]), "one", &newer).is_ok());
        assert_eq!(unseal(&ring(&[1]), "one", &newer), Err("locked"));
        assert_eq!(unseal(&Ring::random(), "one", &record), Err("locked"));
        assert!(matches!(ring(&[1]).unseal("one", &newer), Opened::Locked(key) if key == id(2)));
        assert!(Ring::read(b"\nshort\n").err().unwrap().contains("line 2"));
        assert!(Ring::read(b"\n").is_err());
    }

    #[test]
    fn c19_a_record_of_an_earlier_release_opens() {
        let (key, mut sealed) = (Key::new([1; 32]), b"secret".to_vec());
        let nonce = super::Nonce::assume_unique_for_key([7; super::NONCE_LEN]);
        let aad = super::Aad::from(b"one");
        key.derive("one").unwrap().seal_in_place_append_tag(nonce, aad, &mut sealed).unwrap();
        let record = [vec![7; super::NONCE_LEN], sealed].concat();
        assert_eq!(unseal(&ring(&[2, 1]), "one", &record).unwrap(), b"secret");
    }

    #[test]
    fn c19_a_key_seals_once_every_instance_has_it() {
        let ids = |keys: &[u8]| keys.iter().map(|key| id(*key)).collect::<Vec<_>>();
        let others = |theirs: &[&[u8]]| Some(theirs.iter().map(|keys| ids(keys)).collect());
        for (keys, others, seals) in [
            // Nobody else is there.
            (&[1][..], others(&[]), 1),
            (&[2, 1], others(&[]), 2),
            // It is not known who is.
            (&[1], None, 1),
            (&[2, 1], None, 1),
            // Another one has not read its file yet, has, or has forgotten the old key.
            (&[2, 1], others(&[&[1]]), 1),
            (&[2, 1], others(&[&[2, 1]]), 2),
            (&[2, 1], others(&[&[2]]), 2),
            (&[2, 1], others(&[&[2, 1], &[1]]), 1),
            (&[2, 1], others(&[&[2, 1], &[2, 1]]), 2),
            (&[3, 2, 1], others(&[&[2, 1], &[3, 2, 1]]), 2),
            // The order of the others does not matter, nor does that of two steps.
            (&[2, 1], others(&[&[1, 2]]), 2),
            (&[1, 2], others(&[&[2, 1]]), 1),
            // Nothing in common.
            (&[2], others(&[&[1]]), 2),
            (&[3, 2], others(&[&[1]]), 2),
        ] {
            let others = others.map(|theirs| Others::Said { mine: ids(keys), theirs });
            let sealing = ring(keys).sealing(others.as_ref()).unwrap().id;
            assert_eq!(sealing, id(seals), "{keys:?} {others:?}");
        }
        // What others said before this instance had the key says nothing about it.
        let before = Others::Said { mine: ids(&[1]), theirs: Vec::new() };
        assert_eq!(ring(&[2, 1]).sealing(Some(&before)).unwrap().id, id(1));
    }
}
