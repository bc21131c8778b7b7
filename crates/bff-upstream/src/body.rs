//! The body of an answer: its type, its size, its encoding. The limit counts decoded bytes.

use awc::{
    ClientResponse,
    error::PayloadError,
    http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue},
};
use bff_core::{
    Fault,
    fields::{self, Quotes},
};
use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use futures_util::{FutureExt, Stream, StreamExt};
use std::io::Read;

const BROTLI_BUFFER_BYTES: usize = 4096;

/// Refuses anything that does not say it is JSON: an error page with status 200 is not an answer.
pub(crate) fn check_type(headers: &HeaderMap) -> Result<(), Fault> {
    let declared = headers.get(CONTENT_TYPE).map_or(&[][..], HeaderValue::as_bytes);
    let (essence, _) = fields::parameters(declared);
    let json = essence.eq_ignore_ascii_case(b"application/json")
        || (essence.len() > 5
            && essence.last_chunk::<5>().is_some_and(|end| end.eq_ignore_ascii_case(b"+json")));
    if json { Ok(()) } else { Err(Fault::Malformed("its content type is not JSON".to_owned())) }
}

/// Reads the whole body, without a copy when it comes in one piece, as most do.
///
/// A body that ends before its declared length is broken; awc would take it for whole.
pub(crate) async fn read<S>(
    answer: &mut ClientResponse<S>,
    limit_bytes: usize,
) -> Result<Bytes, Fault>
where
    S: Stream<Item = Result<Bytes, PayloadError>>,
    ClientResponse<S>: Stream<Item = Result<Bytes, PayloadError>> + Unpin,
{
    let declared = answer.headers().get(CONTENT_LENGTH);
    let declared = declared.and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|bytes| bytes > limit_bytes) {
        return Err(Fault::TooLarge { limit_bytes });
    }
    let (mut first, mut rest) = (Bytes::new(), Vec::new());
    while let Some(chunk) = answer.next().await {
        let chunk = chunk.map_err(|error| Fault::Broken(error.to_string()))?;
        if first.len() + rest.len() + chunk.len() > limit_bytes {
            return Err(Fault::TooLarge { limit_bytes });
        }
        if first.is_empty() {
            first = chunk;
        } else {
            rest.extend_from_slice(&chunk);
        }
    }
    let read = if rest.is_empty() { first } else { [&*first, &rest].concat().into() };
    match declared {
        Some(bytes) if bytes != read.len() => {
            Err(Fault::Broken(format!("{} of {bytes} bytes came", read.len())))
        }
        _ => Ok(read),
    }
}

/// Passes over what is there already of a body that nobody reads, so that its connection can be used
/// again. A longer one costs the connection.
pub(crate) fn pass_over<S>(answer: &mut ClientResponse<S>, limit_bytes: usize)
where
    ClientResponse<S>: Stream<Item = Result<Bytes, PayloadError>> + Unpin,
{
    let mut passed = 0_usize;
    while let Some(Some(Ok(chunk))) = answer.next().now_or_never() {
        passed = passed.saturating_add(chunk.len());
        if passed > limit_bytes {
            return;
        }
    }
}

/// Undoes the content encoding. What was read is already within the limit; what comes out stays
/// within it too.
pub(crate) fn decode(headers: &HeaderMap, body: Bytes, limit_bytes: usize) -> Result<Bytes, Fault> {
    let lines = headers.get_all(CONTENT_ENCODING).map(HeaderValue::as_bytes);
    let codings = fields::members(lines, Quotes::None);
    let mut codings = codings.filter(|coding| !coding.eq_ignore_ascii_case(b"identity"));
    let (coding, more) = (codings.next().map(<[u8]>::to_ascii_lowercase), codings.next());
    match (coding.as_deref(), more) {
        (None, _) => Ok(body),
        (Some(b"gzip" | b"x-gzip"), None) => inflate(MultiGzDecoder::new(&*body), limit_bytes),
        (Some(b"br"), None) => {
            inflate(brotli::Decompressor::new(&*body, BROTLI_BUFFER_BYTES), limit_bytes)
        }
        _ => Err(Fault::Malformed("its content encoding is none that was asked for".to_owned())),
    }
}

fn inflate(encoded: impl Read, limit_bytes: usize) -> Result<Bytes, Fault> {
    let mut decoded = Vec::new();
    let one_more = u64::try_from(limit_bytes).unwrap_or(u64::MAX).saturating_add(1);
    let broken = |error: std::io::Error| {
        Fault::Malformed(format!("its content encoding is broken: {error}"))
    };
    encoded.take(one_more).read_to_end(&mut decoded).map_err(broken)?;
    if decoded.len() > limit_bytes {
        Err(Fault::TooLarge { limit_bytes })
    } else {
        Ok(decoded.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn headers(name: awc::http::header::HeaderName, value: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_static(value));
        headers
    }

    fn gzip(bytes: &[u8]) -> Bytes {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder
            .write_all(bytes)
            .and_then(|()| encoder.finish())
            .map(Bytes::from)
            .unwrap_or_default()
    }

    #[test]
    fn only_json_is_an_answer() {
        for good in
            ["application/json", "Application/JSON; charset=utf-8", "application/vnd.shop+json"]
        {
            assert_eq!(check_type(&headers(CONTENT_TYPE, good)), Ok(()), "{good}");
        }
        for bad in ["text/html", "", "json", "+json", "application/jsonx"] {
            assert!(check_type(&headers(CONTENT_TYPE, bad)).is_err(), "{bad}");
        }
        assert!(check_type(&HeaderMap::new()).is_err());
    }

    #[test]
    fn the_limit_counts_decoded_bytes() {
        let encoded = headers(CONTENT_ENCODING, "gzip");
        let body = vec![b' '; 1000];
        assert_eq!(decode(&encoded, gzip(&body), 1000), Ok(Bytes::from(body)));
        assert_eq!(
            decode(&encoded, gzip(&[b' '; 1001]), 1000),
            Err(Fault::TooLarge { limit_bytes: 1000 })
        );
    }

    #[test]
    fn c15_codings_and_types_are_read_in_whatever_case() {
        let packed = gzip(b"{}");
        for lines in
            [&["GZIP"][..], &["X-GZip "], &[" ,Gzip,"], &["Identity", "gZIP"], &["", "gzip"]]
        {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(CONTENT_ENCODING, HeaderValue::from_static(line));
            }
            let decoded = decode(&headers, packed.clone(), 10);
            assert_eq!(decoded, Ok(Bytes::from_static(b"{}")), "{lines:?}");
        }
        for plain in ["IDENTITY", "", "identity, identity"] {
            let headers = headers(CONTENT_ENCODING, plain);
            let body = Bytes::from_static(b"{}");
            assert_eq!(decode(&headers, body.clone(), 10), Ok(body), "{plain}");
        }
        let mut odd = HeaderMap::new();
        let value = HeaderValue::from_bytes(b"application/JSON; x=M\xc3\xbcnchen; \"").unwrap();
        odd.insert(CONTENT_TYPE, value);
        assert_eq!(check_type(&odd), Ok(()));
    }

    #[test]
    fn brotli_is_understood_and_nothing_else_is_guessed() {
        let mut encoded = Vec::new();
        let written = brotli::CompressorWriter::new(&mut encoded, 4096, 4, 22).write_all(b"{}");
        assert!(written.is_ok());
        assert_eq!(
            decode(&headers(CONTENT_ENCODING, "br"), encoded.into(), 10),
            Ok(Bytes::from_static(b"{}"))
        );
        for odd in ["zstd", "gzip, br", "deflate"] {
            assert!(matches!(
                decode(&headers(CONTENT_ENCODING, odd), Bytes::new(), 10),
                Err(Fault::Malformed(_))
            ));
        }
    }
}
