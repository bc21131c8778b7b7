//! Why a call failed: the closed set of causes, with the detail that operators need and clients
//! never see.

use std::time::Duration;

/// What went wrong with one call to a service.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// No connection within the connect timeout, or none at all.
    #[error("cannot connect: {0}")]
    Unreachable(String),
    /// The connection ended, or stopped making sense, before the whole answer was there.
    #[error("the connection failed before the whole answer was read: {0}")]
    Broken(String),
    /// The call took longer than its timeout.
    #[error("no complete answer within {} ms", .0.as_millis())]
    TimedOut(Duration),
    /// The request's time was used up before the call could be made, or less of it was left than
    /// the service usually takes.
    #[error("not called: the request had too little time left")]
    Late,
    /// The service failed so often that it is left alone for a moment.
    #[error("not called: the breaker of every host is open")]
    Open,
    /// As many calls as the service can take are in flight, and no room came in time.
    #[error("not called: too many calls to the service are in flight")]
    Full,
    /// This BFF has more to do than it can, and the page can do without this call.
    #[error("not called: this BFF is overloaded and the call is optional")]
    Skipped,
    /// The service answered with a status that is not success.
    #[error("answered with status {status}")]
    Status {
        /// The HTTP status.
        status: u16,
        /// When the service asks to be called again.
        retry_after: Option<Duration>,
    },
    /// The service does not take the cursor that the client sent: 400 to a call that carried one.
    #[error("the service does not know the client's cursor")]
    UnknownCursor,
    /// A write was done, and the answer has nothing of what the view shows.
    #[error("it was done, but the answer has no content")]
    NoContent,
    /// The body cannot be read as what the view needs. The text never quotes values.
    #[error("the answer cannot be read: {0}")]
    Malformed(String),
    /// The body is larger than the service's limit.
    #[error("the answer is larger than {limit_bytes} bytes")]
    TooLarge {
        /// The configured limit, in bytes after decoding.
        limit_bytes: usize,
    },
    /// The transport panicked; the panic ended with this call.
    #[error("the client crashed while reading the answer")]
    Crashed,
    /// The configuration has no such service.
    #[error("the service is not configured")]
    Unconfigured,
    /// The call needs a verified user and the request has none.
    #[error("not called: the request has no verified user")]
    Anonymous,
    /// This BFF has nothing to show the service. The text never quotes secrets.
    #[error("not called: no credential for the service: {0}")]
    NoCredential(String),
}

/// The public name of a cause: what a client may branch on and a metric may count by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The service did not answer, or said that it cannot.
    Unavailable,
    /// The service took too long.
    Timeout,
    /// The service, or this BFF, has more to do than it can.
    Overload,
    /// The service answered something that is not an answer.
    Invalid,
    /// There is no such thing.
    NotFound,
    /// This caller may not have it.
    Forbidden,
    /// The thing's state does not allow it.
    Conflict,
    /// The service understands what is asked for and will not do it.
    Refused,
    /// The caller is not known.
    Unauthenticated,
}

impl Fault {
    /// The public name of the cause. 404, 403, 409 and 422 mean what they say, 429 and 5xx mean "later",
    /// and any other status means that this BFF and the service do not understand each other; but
    /// see [`UnknownCursor`](Self::UnknownCursor) and [`NoContent`](Self::NoContent).
    #[must_use]
    pub fn reason(&self) -> Reason {
        match self {
            Self::Unreachable(_)
            | Self::Broken(_)
            | Self::Crashed
            | Self::Unconfigured
            | Self::NoCredential(_)
            | Self::Open => Reason::Unavailable,
            Self::TimedOut(_) | Self::Late => Reason::Timeout,
            Self::Full | Self::Skipped => Reason::Overload,
            Self::Malformed(_) | Self::TooLarge { .. } | Self::NoContent => Reason::Invalid,
            Self::Anonymous => Reason::Unauthenticated,
            Self::UnknownCursor => Reason::Refused,
            Self::Status { status, .. } => match status {
                404 | 410 => Reason::NotFound,
                403 => Reason::Forbidden,
                409 => Reason::Conflict,
                422 => Reason::Refused,
                429 | 500..=599 => Reason::Unavailable,
                _ => Reason::Invalid,
            },
        }
    }

    /// When the service asks to be called again, if it does.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

impl Reason {
    /// All of them, for contracts.
    pub const ALL: [Self; 9] = [
        Self::Unavailable,
        Self::Timeout,
        Self::Overload,
        Self::Invalid,
        Self::NotFound,
        Self::Forbidden,
        Self::Conflict,
        Self::Refused,
        Self::Unauthenticated,
    ];

    /// Whether it is a failure of the service or of the way to it, and not an answer that means
    /// what it says.
    #[must_use]
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::Unavailable | Self::Timeout | Self::Overload | Self::Invalid)
    }

    /// The reason as clients see it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unavailable => "UNAVAILABLE",
            Self::Timeout => "TIMEOUT",
            Self::Overload => "OVERLOAD",
            Self::Invalid => "INVALID",
            Self::NotFound => "NOT_FOUND",
            Self::Forbidden => "FORBIDDEN",
            Self::Conflict => "CONFLICT",
            Self::Refused => "REFUSED",
            Self::Unauthenticated => "UNAUTHENTICATED",
        }
    }
}
