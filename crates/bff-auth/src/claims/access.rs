//! What an access token has to say (RFC 9068, without what real issuers leave out).

use super::{
    Claim, counting, issuer,
    kind::{self, Typed},
    number::{Date, LenientDate},
    required, subject,
};
use crate::{
    foreign::{Members, Texts},
    moment::Moment,
    refusal::Refusal,
    settings::{AudienceClaim, IssuerSettings},
};
use bff_core::ports::Principal;

/// The end of the year 9999. A date beyond it is one in milliseconds, and the token would never end.
const LAST_SECOND: f64 = 253_402_300_799.0;

/// The caller, and when the token ends in seconds since 1970, if it is from our issuer, for us, and
/// for now.
///
/// # Errors
/// [`Refusal::Expired`] only when nothing else is wrong.
pub(crate) fn access(
    members: &Members<'_>,
    settings: &IssuerSettings,
    typed: Typed,
    now: Moment,
) -> Result<(Principal, f64), Refusal> {
    let refused = |claim| Err(Refusal::Claim(claim));
    let (now, leeway) = (now.seconds(), settings.leeway.as_secs_f64());
    let in_future = |date: Option<f64>| date.is_some_and(|date| date > now + leeway);
    if issuer(members)? != settings.issuer {
        return refused(Claim::Iss);
    }
    kind::check(members, typed)?;
    check_audience(members, settings)?;
    check_party(members, &settings.authorized_parties)?;
    let principal = subject(members, settings.max_subject_bytes)?;
    let scopes = scopes(members)?;
    let Date(exp) = required(members, Claim::Exp)?;
    if exp > LAST_SECOND {
        return refused(Claim::Exp);
    }
    if in_future(counting(members, Claim::Nbf)?.map(|Date(from)| from)) {
        return refused(Claim::Nbf);
    }
    if in_future(counting(members, Claim::Iat)?.map(|LenientDate(made)| made)) {
        return refused(Claim::Iat);
    }
    if exp + leeway <= now {
        return Err(Refusal::Expired);
    }
    let words = scopes.as_ref().map(Texts::words).unwrap_or_default();
    Ok((principal.with_scopes(words), exp))
}

/// An `aud` that is there has to name us in any case (RFC 7519, section 4.1.3).
fn check_audience(members: &Members<'_>, settings: &IssuerSettings) -> Result<(), Refusal> {
    let aud = match settings.audience_claim {
        AudienceClaim::Aud => Some(required(members, Claim::Aud)?),
        AudienceClaim::ClientId => {
            if required::<String>(members, Claim::ClientId)? != settings.audience {
                return Err(Refusal::Claim(Claim::ClientId));
            }
            counting(members, Claim::Aud)?
        }
    };
    let is_ours = aud.is_none_or(|aud: Texts| aud.all().contains(&settings.audience));
    if is_ours { Ok(()) } else { Err(Refusal::Claim(Claim::Aud)) }
}

/// The client that the token was given to: `azp` (OpenID Connect), or else `client_id` (RFC 9068). Asked
/// for only where not every client counts.
fn check_party(members: &Members<'_>, known: &[String]) -> Result<(), Refusal> {
    if known.is_empty() {
        return Ok(());
    }
    let (claim, party) = match counting(members, Claim::Azp)? {
        Some(party) => (Claim::Azp, party),
        None => (Claim::ClientId, required(members, Claim::ClientId)?),
    };
    if known.contains(&party) { Ok(()) } else { Err(Refusal::Claim(claim)) }
}

/// What the caller was granted (RFC 9068, section 2.2.3), as text or as a list; `scp` is the older name.
fn scopes(members: &Members<'_>) -> Result<Option<Texts>, Refusal> {
    match counting(members, Claim::Scope)? {
        None => counting(members, Claim::Scp),
        scopes => Ok(scopes),
    }
}
