//! The ways in which the identity provider can misbehave, per endpoint.

use super::asked::Params;
use std::time::Duration;

/// What can be counted and made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Endpoint {
    /// `/jwks`.
    Jwks,
    /// `/token`.
    Token,
    /// `/authorize`.
    Authorize,
    /// `/.well-known/openid-configuration`.
    Discovery,
    /// `/revoke`.
    Revoke,
    /// `/end-session`.
    EndSession,
}

impl Endpoint {
    /// Every endpoint.
    pub const ALL: [Self; 6] =
        [Self::Jwks, Self::Token, Self::Authorize, Self::Discovery, Self::Revoke, Self::EndSession];

    /// Its name on the control path, such as `end-session`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jwks => "jwks",
            Self::Token => "token",
            Self::Authorize => "authorize",
            Self::Discovery => "discovery",
            Self::Revoke => "revoke",
            Self::EndSession => "end-session",
        }
    }

    /// Where it is, below the issuer's URL.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Jwks => "/jwks",
            Self::Token => "/token",
            Self::Authorize => "/authorize",
            Self::Discovery => "/.well-known/openid-configuration",
            Self::Revoke => "/revoke",
            Self::EndSession => "/end-session",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|endpoint| endpoint.name() == name)
    }

    pub(super) fn at(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|endpoint| endpoint.path() == path)
    }
}

/// What an endpoint does wrong, from the next request until the fault is cleared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdpFault {
    /// This HTTP status instead of an answer.
    Status(u16),
    /// Nothing is ever sent; the connection stays open.
    Hang,
    /// The right answer, late.
    Delay(Duration),
    /// Status 200, a JSON content type and text that is no JSON.
    Garbage,
    /// This status and this body, said to be JSON, instead of an answer.
    Answer(u16, &'static str),
    /// The connection is closed before anything is done.
    Close,
}

impl IdpFault {
    /// From the control path: `status?code=503`, `hang`, `delay?millis=300`, `garbage`, `close`.
    pub(super) fn named(kind: &str, params: &Params) -> Option<Self> {
        match kind {
            "status" => params.get("code")?.parse().ok().map(Self::Status),
            "hang" => Some(Self::Hang),
            "delay" => {
                params.get("millis")?.parse().ok().map(Duration::from_millis).map(Self::Delay)
            }
            "garbage" => Some(Self::Garbage),
            "close" => Some(Self::Close),
            _ => None,
        }
    }
}
