//! What an answer says about limits: draft-ietf-httpapi-ratelimit-headers (the structured fields of
//! its versions from 08 on), and `Retry-After` (RFC 9110, 10.2.3).

use crate::settings::Quota;
use bytes::Bytes;
use std::fmt;

/// The header fields of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Headers<'a> {
    /// `RateLimit-Policy`: every limit that the request is under; text, and shared by all answers.
    pub policy: &'a Bytes,
    /// `RateLimit`: the tightest of them, as text.
    pub limit: RateLimit<'a>,
    /// `Retry-After` in seconds, for a refused request: the `t` of [`limit`](Self::limit).
    pub retry_after: Option<u64>,
}

/// `"principal";r=50;t=30`: of this limit `r` requests are left. `t` is the time in seconds, rounded
/// up, until there is one again when there is none, or else until all are back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit<'a> {
    /// The limit's name: `principal`, `surface`, `failures`, or the class's own.
    pub name: &'a str,
    /// `r`.
    pub remaining: u64,
    /// `t`.
    pub seconds: u64,
}

impl fmt::Display for RateLimit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, remaining, seconds } = self;
        write!(f, "\"{name}\";r={remaining};t={seconds}")
    }
}

/// `"principal";q=100;w=60, "surface";q=5000;w=1`
pub(crate) fn policy(limits: &[Option<(&str, &Quota)>]) -> Bytes {
    let item = |(name, quota): &(&str, &Quota)| {
        format!("\"{name}\";q={};w={}", quota.requests, quota.per.as_secs())
    };
    limits.iter().flatten().map(item).collect::<Vec<_>>().join(", ").into()
}
