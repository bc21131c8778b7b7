//! Why a caller was not let in: a reason for the log, and the little of it that the client hears.

use bff_core::{Class, Problem};

/// The outcome of a verification that is not a principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// There is no bearer token.
    Anonymous,
    /// Everything about the token is right, except that its time is over.
    Expired,
    /// Something else is wrong; the word is for the log.
    Invalid(&'static str),
    /// There are no keys to verify with.
    Unavailable,
}

impl Refusal {
    /// What the client gets. Which check failed would help nobody but an attacker, so it only
    /// learns what it can act on.
    pub(crate) fn problem(self) -> Problem {
        match self {
            Self::Anonymous => Problem::unauthenticated(),
            Self::Expired => {
                refused("TOKEN_EXPIRED", "Your session has ended. Please sign in again.")
            }
            Self::Invalid(_) => refused("TOKEN_INVALID", "Please sign in again."),
            Self::Unavailable => Problem::new(
                Class::Unavailable,
                "IDENTITY_UNAVAILABLE",
                "Your sign-in cannot be checked at the moment. Please try again.",
            ),
        }
    }

    /// One word for the log.
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Expired => "expired",
            Self::Invalid(reason) => reason,
            Self::Unavailable => "no keys",
        }
    }
}

fn refused(code: &'static str, message: &'static str) -> Problem {
    Problem::new(Class::Unauthenticated, code, message)
}
