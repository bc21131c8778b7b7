//! Compressed answers: gzip, brotli or zstd, whichever the client likes best.

use actix_web::{
    HttpRequest,
    http::header::{AcceptEncoding, Encoding, Header},
};
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

impl Coding {
    /// The coding for an answer of `bytes` bytes to `request`. A header that cannot be read counts
    /// as absent.
    pub(crate) fn choose(request: &HttpRequest, bytes: usize) -> Self {
        if bytes < WORTH_IT_BYTES {
            return Self::Identity;
        }
        let Ok(accepted) = AcceptEncoding::parse(request) else { return Self::Identity };
        let offered =
            [Encoding::brotli(), Encoding::zstd(), Encoding::gzip(), Encoding::identity()];
        match accepted.negotiate(offered.iter()) {
            Some(chosen) if chosen == Encoding::brotli() => Self::Brotli,
            Some(chosen) if chosen == Encoding::zstd() => Self::Zstd,
            Some(chosen) if chosen == Encoding::gzip() => Self::Gzip,
            _ => Self::Identity,
        }
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
