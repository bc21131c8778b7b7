//! Problems: the only errors that clients see (RFC 9457, `application/problem+json`).

use crate::{Fault, Reason, TraceId};
use serde::{Serialize, Serializer, ser::SerializeStruct};
use std::{borrow::Cow, time::Duration};

/// The result of everything that an endpoint does.
///
/// ```
/// # use bff_core::prelude::*;
///
/// async fn open(_cx: &Cx) -> Result<bool> {
///     Ok(true)
/// }
/// ```
pub type Result<T, E = Problem> = std::result::Result<T, E>;

/// A refusal that a client can act on. Made from a [`Class`], which fixes status and retryability.
///
/// ```
/// # use bff_core::prelude::*;
///
/// let problem = Problem::unauthenticated();
/// assert_eq!((problem.class().status(), problem.code()), (401, "UNAUTHENTICATED"));
/// assert!(!problem.class().retryable());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    class: Class,
    code: Cow<'static, str>,
    message: Cow<'static, str>,
    retry_after: Option<Duration>,
    missing_scope: Option<&'static str>,
    cause: Option<&'static str>,
}

/// What kind of refusal it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The request does not make sense.
    Invalid,
    /// The caller is not known.
    Unauthenticated,
    /// The caller is known and may not.
    Forbidden,
    /// There is no such thing.
    NotFound,
    /// The path exists, the method does not.
    MethodNotAllowed,
    /// The client took too long to send its request.
    RequestTimeout,
    /// The thing's state does not allow it.
    Conflict,
    /// The request body is too large.
    BodyTooLarge,
    /// The path and query are too long.
    UriTooLong,
    /// The request body has a type that nobody reads here.
    UnsupportedMediaType,
    /// A service understands the request and will not do it.
    Unprocessable,
    /// The caller asks more often than it may.
    TooManyRequests,
    /// The request head is too large.
    HeadersTooLarge,
    /// A fault of this BFF.
    Internal,
    /// A service answered nonsense.
    BadGateway,
    /// A service, or this BFF, cannot answer now.
    Unavailable,
    /// The request's whole budget is used up.
    Late,
    /// The request already passed through a BFF.
    Loop,
}

impl Class {
    /// The HTTP status.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Invalid => 400,
            Self::Unauthenticated => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::RequestTimeout => 408,
            Self::Conflict => 409,
            Self::BodyTooLarge => 413,
            Self::UriTooLong => 414,
            Self::UnsupportedMediaType => 415,
            Self::Unprocessable => 422,
            Self::TooManyRequests => 429,
            Self::HeadersTooLarge => 431,
            Self::Internal => 500,
            Self::BadGateway => 502,
            Self::Unavailable => 503,
            Self::Late => 504,
            Self::Loop => 508,
        }
    }

    /// Whether the same request may succeed later.
    #[must_use]
    pub const fn retryable(self) -> bool {
        matches!(
            self,
            Self::RequestTimeout | Self::TooManyRequests | Self::Unavailable | Self::Late
        )
    }

    /// The standard phrase of the status: the `title` of a problem whose `type` is `about:blank`.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Invalid => "Bad Request",
            Self::Unauthenticated => "Unauthorized",
            Self::Forbidden => "Forbidden",
            Self::NotFound => "Not Found",
            Self::MethodNotAllowed => "Method Not Allowed",
            Self::RequestTimeout => "Request Timeout",
            Self::Conflict => "Conflict",
            Self::BodyTooLarge => "Content Too Large",
            Self::UriTooLong => "URI Too Long",
            Self::UnsupportedMediaType => "Unsupported Media Type",
            Self::Unprocessable => "Unprocessable Content",
            Self::TooManyRequests => "Too Many Requests",
            Self::HeadersTooLarge => "Request Header Fields Too Large",
            Self::Internal => "Internal Server Error",
            Self::BadGateway => "Bad Gateway",
            Self::Unavailable => "Service Unavailable",
            Self::Late => "Gateway Timeout",
            Self::Loop => "Loop Detected",
        }
    }
}

/// What a client is told to wait when the service that failed did not say.
const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(1);
/// Longer waits that a service asks for are cut to this.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(120);

impl Problem {
    /// A problem with a stable `code` (`SCREAMING_SNAKE_CASE`) and a message that is safe to show
    /// to a person.
    #[must_use]
    pub fn new(
        class: Class,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        let retry_after = (class == Class::Unavailable).then_some(DEFAULT_RETRY_AFTER);
        let (code, message) = (code.into(), message.into());
        Self { class, code, message, retry_after, missing_scope: None, cause: None }
    }

    /// Tells the client when to try again.
    #[must_use]
    pub fn retry_after(self, wait: Duration) -> Self {
        Self { retry_after: Some(wait.min(MAX_RETRY_AFTER)), ..self }
    }

    /// Adds one word about why, for logs: the client does not hear it.
    #[must_use]
    pub fn because(self, cause: &'static str) -> Self {
        Self { cause: Some(cause), ..self }
    }

    /// Why, in one word for logs, where somebody said so.
    #[must_use]
    pub const fn cause(&self) -> Option<&'static str> {
        self.cause
    }

    /// The one place where a fault becomes something that a client sees: the failure of the
    /// critical dependency `name`, as `USER_PROFILE_UNAVAILABLE` for `userProfile`.
    #[must_use]
    pub fn of_dependency(name: &str, fault: &Fault) -> Self {
        match fault {
            Fault::UnknownCursor => return Self::invalid_cursor(),
            Fault::NoContent => return Self::done(name),
            _ => {}
        }
        let (class, ending, message) = match fault.reason() {
            Reason::Unavailable | Reason::Timeout | Reason::Overload => (
                Class::Unavailable,
                "UNAVAILABLE",
                "This is not available at the moment. Please try again.",
            ),
            Reason::Invalid => {
                (Class::BadGateway, "INVALID", "This cannot be shown at the moment.")
            }
            Reason::NotFound => {
                (Class::NotFound, "NOT_FOUND", "This does not exist, or no longer does.")
            }
            Reason::Forbidden => (Class::Forbidden, "FORBIDDEN", "You do not have access to this."),
            Reason::Conflict => {
                (Class::Conflict, "CONFLICT", "This has changed in the meantime. Please reload.")
            }
            Reason::Refused => {
                (Class::Unprocessable, "REFUSED", "This cannot be done as it was asked for.")
            }
            Reason::Unauthenticated => return Self::unauthenticated(),
        };
        let problem = Self::new(class, format!("{}_{ending}", screaming(name)), message);
        match fault.retry_after() {
            Some(wait) if class.retryable() => problem.retry_after(wait),
            _ => problem,
        }
    }

    /// A write was done and there is nothing to show of it: neither is it to be repeated, nor did
    /// nothing happen.
    fn done(name: &str) -> Self {
        let message = "This was done, but its result cannot be shown. Please look again before you repeat it.";
        Self::new(Class::BadGateway, format!("{}_DONE", screaming(name)), message)
    }

    /// Nobody is signed in, or not with a credential that counts.
    #[must_use]
    pub fn unauthenticated() -> Self {
        Self::new(Class::Unauthenticated, "UNAUTHENTICATED", "Please sign in.")
    }

    /// The client's cursor is none that a page gave out, whether this BFF sees that or the service.
    pub(crate) fn invalid_cursor() -> Self {
        let message = "`cursor` must be the `nextCursor` of an earlier page.";
        Self::new(Class::Invalid, "INVALID_CURSOR", message)
    }

    /// The caller is known, and its credential does not carry the scope (RFC 6750, section 3.1).
    #[must_use]
    pub fn insufficient_scope(scope: &'static str) -> Self {
        let message = format!("This needs the permission `{scope}`, which you do not have.");
        let problem = Self::new(Class::Forbidden, "INSUFFICIENT_SCOPE", message);
        Self { missing_scope: Some(scope), ..problem }
    }

    /// The scope that the caller lacks, for the challenge.
    #[must_use]
    pub const fn missing_scope(&self) -> Option<&'static str> {
        self.missing_scope
    }

    /// The class.
    #[must_use]
    pub const fn class(&self) -> Class {
        self.class
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Whole seconds for the `Retry-After` header, rounded up.
    #[must_use]
    pub fn retry_after_seconds(&self) -> Option<u64> {
        self.retry_after.map(|wait| wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
    }

    /// The problem as JSON.
    #[must_use]
    pub fn to_json(&self, trace_id: TraceId) -> Vec<u8> {
        // A struct of strings and numbers always serialises.
        serde_json::to_vec(&Body { problem: self, trace_id }).unwrap_or_default()
    }
}

struct Body<'a> {
    problem: &'a Problem,
    trace_id: TraceId,
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let Problem { class, code, message, .. } = self.problem;
        let mut body = serializer.serialize_struct("Problem", 7)?;
        body.serialize_field("type", "about:blank")?;
        body.serialize_field("title", class.title())?;
        body.serialize_field("status", &class.status())?;
        body.serialize_field("code", code)?;
        body.serialize_field("message", message)?;
        body.serialize_field("traceId", &format_args!("{}", self.trace_id))?;
        body.serialize_field("retryable", &class.retryable())?;
        body.end()
    }
}

/// `userProfile` as `USER_PROFILE`; an acronym is one word.
fn screaming(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    let mut letters = name.chars().peekable();
    let mut before = None;
    while let Some(letter) = letters.next() {
        let begins = before.is_some_and(|before: char| {
            !before.is_ascii_uppercase() || letters.peek().is_some_and(char::is_ascii_lowercase)
        });
        if letter.is_ascii_uppercase() && begins {
            out.push('_');
        }
        out.push(letter.to_ascii_uppercase());
        before = Some(letter);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_names_the_dependency_and_the_status_says_whether_to_try_again() {
        let status = |status| Fault::Status { status, retry_after: None };
        let cases = [
            (Fault::Unreachable("refused".into()), "USER_PROFILE_UNAVAILABLE", 503, true),
            (Fault::TimedOut(Duration::from_millis(300)), "USER_PROFILE_UNAVAILABLE", 503, true),
            (status(500), "USER_PROFILE_UNAVAILABLE", 503, true),
            (status(429), "USER_PROFILE_UNAVAILABLE", 503, true),
            (Fault::Malformed("x".into()), "USER_PROFILE_INVALID", 502, false),
            (status(302), "USER_PROFILE_INVALID", 502, false),
            (status(401), "USER_PROFILE_INVALID", 502, false),
            (status(404), "USER_PROFILE_NOT_FOUND", 404, false),
            (status(403), "USER_PROFILE_FORBIDDEN", 403, false),
            (status(409), "USER_PROFILE_CONFLICT", 409, false),
            (Fault::NoCredential("x".into()), "USER_PROFILE_UNAVAILABLE", 503, true),
            (Fault::Anonymous, "UNAUTHENTICATED", 401, false),
            (Fault::UnknownCursor, "INVALID_CURSOR", 400, false),
            (Fault::NoContent, "USER_PROFILE_DONE", 502, false),
        ];
        for (fault, code, status, retryable) in cases {
            let problem = Problem::of_dependency("userProfile", &fault);
            let seen = (problem.code(), problem.class().status(), problem.class().retryable());
            assert_eq!(seen, (code, status, retryable), "{fault}");
        }
    }

    #[test]
    fn an_acronym_in_the_name_of_a_call_is_one_word() {
        for (name, expected) in [
            ("stock", "STOCK"),
            ("userProfile", "USER_PROFILE"),
            ("productSKU", "PRODUCT_SKU"),
            ("userVATNumber", "USER_VAT_NUMBER"),
        ] {
            assert_eq!(screaming(name), expected);
        }
    }

    #[test]
    fn a_service_cannot_send_clients_away_for_a_week() {
        let fault = Fault::Status { status: 503, retry_after: Some(Duration::from_secs(604_800)) };
        assert_eq!(Problem::of_dependency("stock", &fault).retry_after_seconds(), Some(120));
    }
}
