//! Gzip bodies: an honest one, and one that inflates a thousandfold.

use super::answer::Answer;
use flate2::{Compress, Compression, Crc, FlushCompress, write::GzEncoder};
use std::{io::Write, sync::OnceLock};

/// The same answer, gzip encoded.
pub(super) fn encoded(answer: Answer) -> Answer {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // Writing to memory cannot fail.
    let _ = encoder.write_all(&answer.body);
    let body = encoder.finish().unwrap_or_default();
    answer.with_body(body).with_header("Content-Encoding", "gzip")
}

/// About 1 MiB that inflates to 1 GiB of spaces; built once.
pub(super) fn bomb(answer: Answer) -> Answer {
    static BOMB: OnceLock<Vec<u8>> = OnceLock::new();
    let body = BOMB.get_or_init(gibibyte_of_spaces).clone();
    answer.with_body(body).with_header("Content-Encoding", "gzip")
}

/// One gzip member made of the same deflated MiB 1024 times, so that nobody compresses a GiB.
fn gibibyte_of_spaces() -> Vec<u8> {
    const MEBIBYTE: usize = 1 << 20;
    const REPEATS: usize = 1024;
    let spaces = vec![b' '; MEBIBYTE];
    // A full flush ends on a byte and forgets its window: the piece can follow itself.
    let mut piece = Vec::with_capacity(MEBIBYTE);
    let mut deflate = Compress::new(Compression::best(), false);
    let _ = deflate.compress_vec(&spaces, &mut piece, FlushCompress::Full);
    let (mut one, mut checksum) = (Crc::new(), Crc::new());
    one.update(&spaces);
    for _ in 0..REPEATS {
        checksum.combine(&one);
    }
    let header = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    let empty_last_block = [0x03, 0x00];
    let mut bomb = header.to_vec();
    bomb.extend(piece.repeat(REPEATS));
    bomb.extend(empty_last_block);
    bomb.extend(checksum.sum().to_le_bytes());
    bomb.extend(checksum.amount().to_le_bytes());
    bomb
}
