//! The ways in which a sample service can misbehave.

use serde::{Deserialize, Serialize};

/// What a service does wrong, from the next request until the fault is replaced or cleared.
///
/// As JSON, the kind is a tag and its parameters are members: `{"kind":"delay","millis":300}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Fault {
    /// The right answer, late.
    Delay {
        /// How late, in milliseconds.
        millis: u64,
    },
    /// An error answer.
    Status {
        /// The HTTP status.
        code: u16,
        /// Seconds for a `Retry-After` header; none leaves it out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<u64>,
    },
    /// Nothing is ever sent; the connection stays open.
    HangBeforeHeaders,
    /// The head and half of the body, then nothing more.
    HangInBody,
    /// The connection is reset (RST) before any answer.
    Reset,
    /// The connection is reset (RST) after half of the body.
    ResetInBody,
    /// A complete response whose JSON ends half way.
    TruncatedJson,
    /// Half of the promised body, then an orderly close.
    ShortBody,
    /// The right JSON with every string turned into a number and every number into a string.
    WrongTypes,
    /// An HTML page with status 200.
    WrongContentType,
    /// The right JSON behind a very long member, streamed.
    HugeBody {
        /// The length of that member in MiB.
        #[serde(default = "ten")]
        megabytes: u32,
    },
    /// The right members behind 100,000 nested arrays.
    DeepNesting,
    /// About 1 MiB of gzip that inflates to 1 GiB of spaces.
    GzipBomb,
    /// The right answer, gzip encoded whether or not the client accepts that.
    Gzip,
    /// A 302 to somewhere else.
    Redirect {
        /// Where to.
        location: String,
    },
    /// Status 200, a JSON content type and no body.
    Empty,
    /// The right JSON with bytes that are not UTF-8 in every string.
    BadUtf8,
    /// The right members, each written twice.
    DuplicateKeys,
    /// The right JSON with `NaN` for every number.
    NotANumber,
    /// Bytes that are not HTTP, then a close.
    Garbage,
    /// The right answer with a header whose name has 70,000 bytes.
    HugeHeader,
    /// A 103 before the right answer.
    EarlyHints,
    /// Status 500 for every n-th request counted from setting the fault, the right answer
    /// otherwise.
    FailEvery {
        /// How many requests make one failure; 0 never fails.
        n: u64,
    },
}

const fn ten() -> u32 {
    10
}

impl Fault {
    /// What this fault means for one request, given how many it has seen including this one.
    pub(super) fn for_request(&self, ordinal: u64) -> Option<Self> {
        match self {
            Self::FailEvery { n } => {
                ordinal.is_multiple_of(*n).then_some(Self::Status { code: 500, retry_after: None })
            }
            other => Some(other.clone()),
        }
    }
}
