//! The claims of a token (RFC 7519) and the rules that they have to meet.

use crate::{moment::Moment, refusal::Refusal, settings::BearerSettings, token::present};
use bff_core::ports::Principal;
use serde::Deserialize;

/// What the issuer says about the caller. Dates are seconds since 1970 and may have fractions.
#[derive(Debug, Deserialize)]
pub(crate) struct Claims {
    iss: String,
    aud: Audience,
    sub: String,
    pub(crate) exp: f64,
    #[serde(default, deserialize_with = "present")]
    nbf: Option<f64>,
    #[serde(default, deserialize_with = "present")]
    iat: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
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
        settings: &BearerSettings,
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
        if in_future(self.nbf) || in_future(self.iat) {
            return Err(Refusal::Invalid("not yet valid"));
        }
        if self.exp + leeway <= now { Err(Refusal::Expired) } else { Ok(principal) }
    }
}

impl Audience {
    fn contains(&self, name: &str) -> bool {
        match self {
            Self::One(one) => one == name,
            Self::Many(many) => many.iter().any(|one| one == name),
        }
    }
}
