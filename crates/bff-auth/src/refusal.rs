//! Why a caller was not let in: a reason for the log, and the little of it that the client hears.

use bff_core::{Class, Problem};

/// The outcome of a verification that is not a principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// There is no credential.
    Anonymous,
    /// There are two, and nobody can say which of them counts.
    Ambiguous,
    /// Everything about the token is right, except that its time is over.
    Expired,
    /// Something else is wrong; the word is for the log.
    Invalid(&'static str),
    /// There are no keys to verify with.
    Unavailable,
    /// The API key is the right one, except that its time is over.
    KeyExpired,
    /// The API key is none of ours; the word is for the log.
    KeyInvalid(&'static str),
}

impl Refusal {
    /// What the client gets, after the log got the reason.
    pub(crate) fn told(self) -> Problem {
        tracing::debug!(reason = self.reason(), "refused a caller");
        self.problem()
    }

    /// Which check failed would help nobody but an attacker, so the client only learns what it can
    /// act on.
    fn problem(self) -> Problem {
        match self {
            Self::Anonymous | Self::Ambiguous => Problem::unauthenticated(),
            Self::Expired => {
                refused("TOKEN_EXPIRED", "Your session has ended. Please sign in again.")
            }
            Self::Invalid(_) => refused("TOKEN_INVALID", "Please sign in again."),
            Self::Unavailable => Problem::new(
                Class::Unavailable,
                "IDENTITY_UNAVAILABLE",
                "Your sign-in cannot be checked at the moment. Please try again.",
            ),
            Self::KeyExpired => {
                refused("API_KEY_EXPIRED", "This API key has expired. Please use its successor.")
            }
            Self::KeyInvalid(_) => refused("API_KEY_INVALID", "This API key is not valid."),
        }
    }

    /// One word for the log.
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Ambiguous => "token and API key",
            Self::Expired => "expired",
            Self::Invalid(reason) | Self::KeyInvalid(reason) => reason,
            Self::Unavailable => "no keys",
            Self::KeyExpired => "API key expired",
        }
    }
}

fn refused(code: &'static str, message: &'static str) -> Problem {
    Problem::new(Class::Unauthenticated, code, message)
}
