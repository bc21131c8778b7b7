//! What a logout token has to say (OpenID Connect Back-Channel Logout 1.0, sections 2.4 and 2.6).

use super::{
    Claim, counting,
    identity::{Expected, LEEWAY, addressed},
    required, says, subject,
};
use crate::{foreign::Members, moment::Moment, refusal::Refusal};

/// The oldest logout token that counts, in seconds.
const MOST_AGE: f64 = 120.0;
/// The member of `events` that makes a token a logout token.
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// Whose sessions end.
#[derive(Debug)]
pub(crate) struct Logout {
    pub(crate) whose: Whose,
    /// The number by which the token is known again.
    pub(crate) jti: String,
}

/// What names the sessions.
#[derive(Debug)]
pub(crate) enum Whose {
    /// The provider's own session, which all of them came from.
    ProviderSession(String),
    /// The user of all of them.
    Subject(String),
}

impl Logout {
    /// Whose sessions end, if the provider says so and means us.
    pub(crate) fn of(
        members: &Members<'_>,
        expected: Expected<'_>,
        now: Moment,
    ) -> Result<Self, Refusal> {
        let made = addressed(members, expected, now)?;
        let events: Members<'_> = required(members, Claim::Events)?;
        if events.get::<Members<'_>>(EVENT).ok().is_none() {
            return Err(Refusal::Claim(Claim::Events));
        }
        if says(members, Claim::Nonce.name()) {
            return Err(Refusal::Claim(Claim::Nonce));
        }
        if made + MOST_AGE + LEEWAY < now.seconds() {
            return Err(Refusal::Claim(Claim::Iat));
        }
        let whose = match counting(members, Claim::Sid)? {
            Some(sid) => Whose::ProviderSession(sid),
            None => {
                let user = subject(members, expected.max_subject_bytes)?;
                Whose::Subject(user.subject().to_owned())
            }
        };
        Ok(Self { whose, jti: required(members, Claim::Jti)? })
    }
}
