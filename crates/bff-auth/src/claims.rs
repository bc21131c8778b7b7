//! The claims of a token (RFC 7519) and the rules that they have to meet.

use crate::{moment::Moment, refusal::Refusal, settings::IssuerSettings, token::present};
use bff_core::ports::Principal;
use serde::Deserialize;

/// The end of the year 9999. A date beyond it is one in milliseconds, and the token would never end.
const LAST_SECOND: f64 = 253_402_300_799.0;

/// What the issuer says about the caller. Dates are seconds since 1970 and may have fractions.
#[derive(Debug, Deserialize)]
pub(crate) struct Claims {
    iss: String,
    aud: OneOrMany,
    sub: String,
    pub(crate) exp: f64,
    #[serde(default, deserialize_with = "present")]
    nbf: Option<f64>,
    #[serde(default, deserialize_with = "present")]
    iat: Option<f64>,
    /// The client that the token was given to (OpenID Connect); `client_id` is RFC 9068's name.
    #[serde(default, deserialize_with = "present")]
    azp: Option<String>,
    #[serde(default, deserialize_with = "present")]
    client_id: Option<String>,
    /// Separated by spaces (RFC 9068, section 2.2.3).
    #[serde(default, deserialize_with = "present")]
    scope: Option<String>,
    /// The older name, either way of writing it.
    #[serde(default, deserialize_with = "present")]
    scp: Option<OneOrMany>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl Claims {
    /// The caller, if the token is from our issuer, for us, and for now.
    ///
    /// # Errors
    /// [`Refusal::Expired`] only when nothing else is wrong.
    pub(crate) fn check(
        &self,
        settings: &IssuerSettings,
        now: Moment,
    ) -> Result<Principal, Refusal> {
        let (now, leeway) = (now.seconds(), settings.leeway.as_secs_f64());
        let in_future = |date: Option<f64>| date.is_some_and(|date| date > now + leeway);
        if self.iss != settings.issuer {
            return Err(Refusal::Invalid("issuer"));
        }
        if !self.aud.contains(&settings.audience) {
            return Err(Refusal::Invalid("audience"));
        }
        let principal = Principal::new(&self.sub).ok_or(Refusal::Invalid("subject"))?;
        if !self.is_of_a_known_party(&settings.authorized_parties) {
            return Err(Refusal::Invalid("authorized party"));
        }
        if self.exp > LAST_SECOND {
            return Err(Refusal::Invalid("expiry"));
        }
        if in_future(self.nbf) || in_future(self.iat) {
            return Err(Refusal::Invalid("not yet valid"));
        }
        if self.exp + leeway <= now {
            return Err(Refusal::Expired);
        }
        Ok(principal.with_scopes(self.scopes()))
    }

    fn is_of_a_known_party(&self, known: &[String]) -> bool {
        let party = self.azp.as_ref().or(self.client_id.as_ref());
        known.is_empty() || party.is_some_and(|party| known.contains(party))
    }

    fn scopes(&self) -> Vec<&str> {
        match (&self.scope, &self.scp) {
            (Some(text), _) | (None, Some(OneOrMany::One(text))) => {
                text.split(' ').filter(|scope| !scope.is_empty()).collect()
            }
            (None, Some(OneOrMany::Many(all))) => all.iter().map(String::as_str).collect(),
            (None, None) => vec![],
        }
    }
}

impl OneOrMany {
    fn contains(&self, name: &str) -> bool {
        match self {
            Self::One(one) => one == name,
            Self::Many(many) => many.iter().any(|one| one == name),
        }
    }
}
