//! Compressed answers: gzip, brotli or zstd, whichever the client likes best.

use crate::request::headers::lines;
use actix_web::{HttpRequest, http::header::ACCEPT_ENCODING};
use bff_core::fields::{self, Pair, Quotes};
use std::io::{self, Write};

/// Below this size an answer fits into one packet anyway.
const WORTH_IT_BYTES: usize = 1024;
/// Brotli's quality for answers made once per request: near gzip's cost, smaller result.
const BROTLI_QUALITY: u32 = 4;
const BROTLI_WINDOW: u32 = 20;
const BROTLI_BUFFER_BYTES: usize = 4096;

/// How an answer travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    Identity,
    Gzip,
    Brotli,
    Zstd,
}

/// From 0, never, to 1000, best (RFC 9110, section 12.4.2).
type Weight = u16;
const BEST: Weight = 1000;

impl Coding {
    /// In the order in which they are taken where the client likes several equally.
    const ALL: [Self; 4] = [Self::Brotli, Self::Zstd, Self::Gzip, Self::Identity];

    /// The coding for an answer of `bytes` bytes to `request`.
    pub(crate) fn choose(request: &HttpRequest, bytes: usize) -> Self {
        if bytes < WORTH_IT_BYTES {
            return Self::Identity;
        }
        Self::preferred(lines(request, ACCEPT_ENCODING))
    }

    /// The coding that `Accept-Encoding` asks for (RFC 9110, section 12.5.3); none where none is
    /// acceptable. A member that cannot be read counts as absent.
    fn preferred<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut named = [None; Self::ALL.len()];
        let mut any = None;
        for member in fields::members(lines, Quotes::Strings) {
            let (coding, parameters) = fields::parameters(member);
            let Some(weight) = weight(parameters) else { continue };
            if coding == b"*" {
                any = any.max(Some(weight));
            } else if let Some(known) = Self::named(coding)
                && let Some(of) = Self::ALL.iter().zip(&mut named).find(|(one, _)| **one == known)
            {
                *of.1 = (*of.1).max(Some(weight));
            }
        }
        // What is not named is never better than what is, and no coding at all needs no naming.
        let weights = Self::ALL.iter().zip(named).map(|(coding, named)| {
            let unnamed = if *coding == Self::Identity { any.or(Some(1)) } else { any };
            (*coding, named.or(unnamed).unwrap_or(0), named.is_some() || *coding == Self::Identity)
        });
        let acceptable = weights.filter(|(_, weight, _)| *weight > 0).rev();
        let best = acceptable.max_by_key(|(_, weight, is_named)| (*is_named, *weight));
        best.map_or(Self::Identity, |(coding, ..)| coding)
    }

    fn named(coding: &[u8]) -> Option<Self> {
        let is = |name: &str| coding.eq_ignore_ascii_case(name.as_bytes());
        let known = Self::ALL.into_iter().find(|known| is(known.token().unwrap_or("identity")));
        known.or_else(|| is("x-gzip").then_some(Self::Gzip))
    }

    /// The value of `Content-Encoding`; none for identity.
    pub(crate) fn token(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Brotli => Some("br"),
            Self::Zstd => Some("zstd"),
        }
    }

    pub(crate) fn encode(self, body: Vec<u8>) -> io::Result<Vec<u8>> {
        let out = Vec::with_capacity(body.len() / 2);
        match self {
            Self::Identity => Ok(body),
            Self::Gzip => {
                let mut encoder =
                    flate2::write::GzEncoder::new(out, flate2::Compression::default());
                encoder.write_all(&body)?;
                encoder.finish()
            }
            Self::Brotli => {
                let mut encoder = brotli::CompressorWriter::new(
                    out,
                    BROTLI_BUFFER_BYTES,
                    BROTLI_QUALITY,
                    BROTLI_WINDOW,
                );
                encoder.write_all(&body)?;
                encoder.flush()?;
                Ok(encoder.into_inner())
            }
            Self::Zstd => zstd::bulk::compress(&body, zstd::DEFAULT_COMPRESSION_LEVEL),
        }
    }
}

/// How much a member is wanted (RFC 9110, section 12.4.2), of [`BEST`]; zero refuses. `None` for a
/// weight that cannot be read.
pub(crate) fn weight<'a>(mut parameters: impl Iterator<Item = Option<Pair<'a>>>) -> Option<Weight> {
    let weight = parameters.find_map(|pair| pair.filter(|pair| pair.is("q")));
    weight.map_or(Some(BEST), |pair| weight_of(&pair.value))
}

/// `1`, `0.5`: digits behind the third do not count.
fn weight_of(value: &[u8]) -> Option<Weight> {
    let (whole, rest) = value.split_first()?;
    let digits = match rest.split_first() {
        None => &[],
        Some((b'.', digits)) => digits,
        Some(_) => return None,
    };
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let thousandths = digits.iter().chain(b"000").take(3);
    let part = thousandths.fold(0, |sum, digit| sum * 10 + Weight::from(digit - b'0'));
    match (whole, part) {
        (b'0', part) => Some(part),
        (b'1', 0) => Some(BEST),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c15_a_coding_is_chosen_from_all_lines_whatever_their_case() {
        use Coding::{Brotli, Gzip, Identity, Zstd};
        for (lines, expected) in [
            (&[&b"GZIP"[..]][..], Gzip),
            (&[b"X-Gzip"], Gzip),
            (&[b"deflate, Br;Q=0.5, gZip; q=0.499"], Brotli),
            (&[b"deflate", b"gzip"], Gzip),
            (&[b"gzip;q=0.5", b"IDENTITY;q=1"], Identity),
            (&[b"gzip;q=\"0.5\", zstd;q=0.6"], Zstd),
            // A member that nobody can read costs no other one.
            (&[b"M\xc3\xbcnchen, gzip"], Gzip),
            (&[b"gzip;q=oops, zstd"], Zstd),
            (&[b"br;\xff;level=4;q=1, gzip;q=0.2"], Brotli),
            (&[b"br;q=2, zstd;q=1.001, gzip;q=0.1234"], Gzip),
            (&[b"gzip;x=\", br"], Brotli),
            (&[b", ,gzip,"], Gzip),
            // What is not named is acceptable, and no reason to encode unless nothing else is.
            (&[b"*"], Identity),
            (&[b"*;q=1, gzip;q=0.1"], Identity),
            (&[b"*, identity;q=0"], Brotli),
            (&[b"*;q=0.5, br;q=0, identity;q=0"], Zstd),
            (&[b"identity;q=0"], Identity),
            (&[], Identity),
        ] {
            assert_eq!(Coding::preferred(lines.iter().copied()), expected, "{lines:?}");
        }
    }
}
