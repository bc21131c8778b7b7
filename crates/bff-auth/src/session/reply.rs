//! What a browser gets from the session endpoints, before it is HTTP.

use super::cookies::{self, SameSite};

/// An answer. It is never stored by anybody.
#[derive(Debug, Default)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// Where the browser goes: always with 303, so that no form is sent on (RFC 9700, 4.12).
    pub location: Option<String>,
    /// `Set-Cookie` values.
    pub cookies: Vec<String>,
    /// A JSON body.
    pub json: Option<Vec<u8>>,
    /// Or a page that leads on.
    pub onward: Option<Onward>,
}

/// A page of our own that leads on to another one of ours. The next request then comes from our own
/// origin, with every cookie.
#[derive(Debug)]
pub struct Onward {
    /// Where to: path and query.
    pub to: String,
    /// Whether it goes on without a click.
    pub by_itself: bool,
}

impl Reply {
    pub(super) fn see_other(location: String) -> Self {
        Self { status: 303, location: Some(location), ..Self::default() }
    }

    pub(super) fn json(value: &serde_json::Value) -> Self {
        Self { status: 200, json: Some(value.to_string().into_bytes()), ..Self::default() }
    }

    pub(super) fn onward(status: u16, to: String, by_itself: bool) -> Self {
        Self { status, onward: Some(Onward { to, by_itself }), ..Self::default() }
    }

    pub(super) fn empty(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    pub(super) fn with(mut self, cookie: String) -> Self {
        self.cookies.push(cookie);
        self
    }

    pub(super) fn without(self, cookie: &str, site: SameSite) -> Self {
        self.with(cookies::expire(cookie, site))
    }
}
