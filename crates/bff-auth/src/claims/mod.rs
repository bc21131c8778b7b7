//! The claims of foreign tokens (RFC 7519): which have to be there, which count when they are, and how
//! each is read. Everything else that a token says is passed over, whatever it is.
//!
//! | claim | access token | identity token | logout token |
//! |---|---|---|---|
//! | `iss`, `exp` | required | required | required |
//! | `aud` | required, unless `client_id` stands in | required | required |
//! | `sub` | required | required | required without `sid` |
//! | `iat` | counts when it is there | required, not of the future | required, not old |
//! | `nbf` | counts when it is there | - | - |
//! | `azp`, `client_id` | required when only some clients count | `azp` with several audiences | as there |
//! | `scope`, `scp` | count when they are there | - | - |
//! | `nonce` | tells an identity token | required | must not be there |
//! | `sid` | - | optional | counts when it is there |
//! | `jti`, `events` | - | - | required |
//!
//! *Required*: the token is refused without it. *Counts*: it may be missing or `null`, but a form that
//! cannot be read refuses the token, because the token would count for more than its issuer said.
//! *Optional*: one that cannot be read is none. What is there twice cannot be read (section 4).

mod access;
mod identity;
mod kind;
mod logout;
mod number;
#[cfg(test)]
mod tests;

pub(crate) use self::{
    access::access,
    identity::{Expected, Identity},
    kind::Typed,
    logout::{Logout, Whose},
};

use crate::{
    foreign::{Members, Said},
    refusal::Refusal,
};
use bff_core::ports::Principal;
use serde::Deserialize;

/// Every claim that is read.
macro_rules! claims {
    ($($claim:ident = $name:literal,)+) => {
        /// A claim that is read; see the table of this module.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Claim { $($claim,)+ }

        impl Claim {
            /// All of them.
            pub(crate) const ALL: &[Self] = &[$(Self::$claim),+];

            /// The name of the member.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$claim => $name,)+ }
            }
        }
    };
}

claims! {
    Iss = "iss",
    Aud = "aud",
    Sub = "sub",
    Exp = "exp",
    Nbf = "nbf",
    Iat = "iat",
    Azp = "azp",
    ClientId = "client_id",
    Scope = "scope",
    Scp = "scp",
    Nonce = "nonce",
    Sid = "sid",
    Jti = "jti",
    Events = "events",
}

/// A claim that has to be there.
fn required<'a, T: Deserialize<'a>>(members: &Members<'a>, claim: Claim) -> Result<T, Refusal> {
    counting(members, claim)?.ok_or(Refusal::Claim(claim))
}

/// A claim that counts when it is there.
fn counting<'a, T: Deserialize<'a>>(
    members: &Members<'a>,
    claim: Claim,
) -> Result<Option<T>, Refusal> {
    match members.get(claim.name()) {
        Said::Well(value) => Ok(Some(value)),
        Said::Not => Ok(None),
        Said::Oddly => Err(Refusal::Claim(claim)),
    }
}

/// The issuer that a token names.
pub(crate) fn issuer(members: &Members<'_>) -> Result<String, Refusal> {
    required(members, Claim::Iss)
}

/// Whom the issuer vouches for: any text within the bound.
fn subject(members: &Members<'_>, max_bytes: usize) -> Result<Principal, Refusal> {
    let subject: String = required(members, Claim::Sub)?;
    let principal = Principal::new(&subject).filter(|_| subject.len() <= max_bytes);
    principal.ok_or(Refusal::Claim(Claim::Sub))
}

/// Whether anything but `null` stands under `name`, whatever it is.
fn says(members: &Members<'_>, name: &str) -> bool {
    members.get::<serde::de::IgnoredAny>(name) != Said::Not
}
