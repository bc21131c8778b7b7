//! What an identity token has to say (OpenID Connect Core, sections 2 and 3.1.3.7).

use super::{
    Claim, issuer,
    number::{Date, LenientDate},
    required, subject,
};
use crate::{
    foreign::{Members, Texts},
    moment::Moment,
    refusal::Refusal,
    settings::Algorithm,
};
use std::collections::BTreeMap;

/// How far the provider's clock may be from ours, in seconds.
pub(super) const LEEWAY: f64 = 30.0;

/// For whom a provider's token has to be, and how large.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) client: &'a str,
    pub(crate) algorithms: &'a [Algorithm],
    pub(crate) max_token_bytes: usize,
    pub(crate) max_subject_bytes: usize,
}

/// Who signed in.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) subject: String,
    /// The provider's own session.
    pub(crate) sid: Option<String>,
    /// What was asked for of the rest.
    pub(crate) claims: BTreeMap<String, serde_json::Value>,
}

impl Identity {
    /// Who signed in, if the token answers the login that `nonce` began; with the claims in `wanted`
    /// as far as they can be read.
    pub(crate) fn of(
        members: &Members<'_>,
        expected: Expected<'_>,
        nonce: &str,
        wanted: &[String],
        now: Moment,
    ) -> Result<Self, Refusal> {
        addressed(members, expected, now)?;
        if required::<String>(members, Claim::Nonce)? != nonce {
            return Err(Refusal::Claim(Claim::Nonce));
        }
        let user = subject(members, expected.max_subject_bytes)?;
        let claim = |name: &String| Some((name.clone(), members.get(name).ok()?));
        Ok(Self {
            subject: user.subject().to_owned(),
            sid: members.get(Claim::Sid.name()).ok(),
            claims: wanted.iter().filter_map(claim).collect(),
        })
    }
}

/// Checks from whom and for whom a provider's token is, and since when and until when. Answers when it
/// was made, in seconds since 1970.
pub(super) fn addressed(
    members: &Members<'_>,
    expected: Expected<'_>,
    now: Moment,
) -> Result<f64, Refusal> {
    let refused = |claim| Err(Refusal::Claim(claim));
    let now = now.seconds();
    if issuer(members)? != expected.issuer {
        return refused(Claim::Iss);
    }
    let aud: Texts = required(members, Claim::Aud)?;
    if !aud.all().iter().any(|one| one == expected.client) {
        return refused(Claim::Aud);
    }
    // With several audiences it has to say who asked for it.
    let azp: Option<String> = match aud.all() {
        [_alone] => members.get(Claim::Azp.name()).ok(),
        _ => Some(required(members, Claim::Azp)?),
    };
    if azp.is_some_and(|azp| azp != expected.client) {
        return refused(Claim::Azp);
    }
    let LenientDate(made) = required(members, Claim::Iat)?;
    if made > now + LEEWAY {
        return refused(Claim::Iat);
    }
    let Date(end) = required(members, Claim::Exp)?;
    if end + LEEWAY <= now {
        return Err(Refusal::Expired);
    }
    Ok(made)
}
