//! What tells an access token from its issuer's other tokens when its `typ` does not (RFC 8725, section
//! 3.12).
//!
//! Only `at+jwt` (RFC 9068) says that nothing else is meant. Many issuers write `JWT` on all that they
//! sign, or nothing, so the claims must not speak for another kind:
//!
//! - Some issuers name the kind: Amazon Cognito in `token_use`, Keycloak in a claim `typ`.
//! - `at_hash` and `c_hash` (OpenID Connect Core, section 3.3.2.11) are in identity tokens alone, `events` in those of
//!   logout. `nonce` is in identity tokens, and with old releases of Keycloak in access tokens that
//!   say so.
//! - What has no type at all has to have a claim that only access tokens have: scopes, or the client
//!   (`client_id`; Okta's `cid`). A bare identity token has neither.

use super::says;
use crate::{foreign::Members, refusal::Refusal};

/// What the header's `typ` tells about the kind of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Typed {
    /// It is an access token.
    Access,
    /// Something that other tokens are as well.
    Vaguely,
    /// Nothing.
    Untyped,
}

/// Where issuers name the kind.
const NAMES: [&str; 2] = ["token_use", "typ"];
/// What they call access tokens.
const ACCESS: [&str; 3] = ["access", "Bearer", "DPoP"];
/// What they call others.
const OTHERS: [&str; 4] = ["id", "refresh", "offline", "logout"];

/// Refuses a token whose claims speak for another kind than an access token.
pub(super) fn check(members: &Members<'_>, typed: Typed) -> Result<(), Refusal> {
    if typed == Typed::Access {
        return Ok(());
    }
    let is_called = |kinds: &[&str]| {
        let mut names = NAMES.iter().filter_map(|name| members.get::<String>(name).ok());
        names.any(|name| kinds.iter().any(|kind| kind.eq_ignore_ascii_case(&name)))
    };
    let says_any = |names: &[&str]| names.iter().any(|name| says(members, name));
    let is_access = is_called(&ACCESS);
    let is_other = is_called(&OTHERS)
        || says_any(&["at_hash", "c_hash", "events"])
        || (!is_access && says(members, "nonce"));
    let speaks_for_access = is_access || says_any(&["scope", "scp", "client_id", "cid"]);
    if is_other || (typed == Typed::Untyped && !speaks_for_access) {
        return Err(Refusal::Kind);
    }
    Ok(())
}
