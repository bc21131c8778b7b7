//! A value as Redis holds it: a header by which we know our own, then the bytes, compressed when
//! that pays.

use bytes::Bytes;
use zstd::bulk;

/// Foreign bytes begin with this by chance once in 65536 times; what follows is then checked by the
/// reader of the value, who knows its shape.
const MAGIC: [u8; 2] = [0xBF, 0xF1];
const PLAIN: u8 = 0;
const ZSTD: u8 = 1;
/// Magic, kind, and four bytes for the length before compression.
pub(super) const HEADER_BYTES: usize = 7;
/// The fastest that still halves JSON and the like.
const LEVEL: i32 = 1;

/// What stored bytes mean.
pub(super) enum Decoded {
    /// A value of ours.
    Value(Bytes),
    /// No bytes: there is no such key.
    Nothing,
    /// Bytes that are no value of ours, or no longer.
    Foreign,
}

/// The stored form of `value`, which is not larger than a `u32` can say.
pub(super) fn encode(value: &[u8], compress_above_bytes: usize) -> Vec<u8> {
    let compressed = (value.len() > compress_above_bytes)
        .then(|| bulk::compress(value, LEVEL).ok())
        .flatten()
        .filter(|compressed| compressed.len() < value.len());
    let (kind, body) = match &compressed {
        Some(compressed) => (ZSTD, compressed.as_slice()),
        None => (PLAIN, value),
    };
    let length = u32::try_from(value.len()).unwrap_or(u32::MAX);
    [&MAGIC[..], &[kind], &length.to_be_bytes(), body].concat()
}

/// Reads the stored form, and makes no more than `max_value_bytes` of it.
pub(super) fn decode(stored: Vec<u8>, max_value_bytes: usize) -> Decoded {
    if stored.is_empty() {
        return Decoded::Nothing;
    }
    let Some((header, body)) = stored.split_first_chunk::<HEADER_BYTES>() else {
        return Decoded::Foreign;
    };
    let [m0, m1, kind, l0, l1, l2, l3] = *header;
    let length = usize::try_from(u32::from_be_bytes([l0, l1, l2, l3])).unwrap_or(usize::MAX);
    if [m0, m1] != MAGIC || length > max_value_bytes {
        return Decoded::Foreign;
    }
    match kind {
        PLAIN if body.len() == length => Decoded::Value(Bytes::from(stored).slice(HEADER_BYTES..)),
        ZSTD => match bulk::decompress(body, length) {
            Ok(value) if value.len() == length => Decoded::Value(value.into()),
            _ => Decoded::Foreign,
        },
        _ => Decoded::Foreign,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: usize = 1 << 20;

    fn read(stored: Vec<u8>, max: usize) -> Option<Bytes> {
        match decode(stored, max) {
            Decoded::Value(value) => Some(value),
            Decoded::Nothing | Decoded::Foreign => None,
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let noise: Vec<u8> = (0..5000).map(|_| fastrand::u8(..)).collect();
        for value in [&b""[..], b"x", &[7; 100_000], &noise] {
            for above in [0, 2048, MAX] {
                assert_eq!(read(encode(value, above), MAX).as_deref(), Some(value));
            }
        }
    }

    #[test]
    fn only_what_gets_smaller_is_compressed() {
        assert!(encode(&[7; 100_000], 2048).len() < 1000);
        assert_eq!(encode(&[7; 2048], 2048).len(), 2048 + HEADER_BYTES);
        let noise: Vec<u8> = (0..5000).map(|_| fastrand::u8(..)).collect();
        assert_eq!(encode(&noise, 0).len(), 5000 + HEADER_BYTES);
    }

    #[test]
    fn anything_else_is_foreign() {
        let good = encode(&[7; 10_000], 0);
        let mut longer = good.clone();
        longer[3] = 0xFF;
        let mut other_kind = good.clone();
        other_kind[2] = 9;
        let mut other_magic = good.clone();
        other_magic[0] = b'{';
        let cut = good[..good.len() - 1].to_vec();
        let plain_cut = encode(b"hello", MAX)[..9].to_vec();
        for bad in [longer, other_kind, other_magic, cut, plain_cut, b"{}".to_vec(), vec![0xBF]] {
            assert!(matches!(decode(bad.clone(), MAX), Decoded::Foreign), "{bad:?}");
        }
    }

    #[test]
    fn a_bomb_is_refused_before_it_is_unpacked() {
        let bomb = encode(&vec![0; 50 * MAX], 0);
        assert!(bomb.len() < MAX);
        assert!(matches!(decode(bomb.clone(), MAX), Decoded::Foreign));
        let mut liar = bomb;
        liar[3..7].copy_from_slice(&1000_u32.to_be_bytes());
        assert!(matches!(decode(liar, MAX), Decoded::Foreign));
    }
}
