//! The parts of a server that only some BFFs have: made where the BFF needs them, and refused where it
//! has no use for them.

use crate::{Settings, StartError, request::sign_in::SIGN_IN};
use bff_auth::{
    ApiKeys, Issuers, SessionSettings, Vault,
    outbound::{CredentialError, Credentials, Wanted},
};
use bff_core::{Auth, Bff, Endpoint};
use bff_limits::{LimitSettings, Limits, Quota};
use std::{borrow::Cow, sync::Arc, time::Duration};

/// How often one address may ask for the pages around signing in where `[limits]` does not say. A whole
/// company may be behind it; what it bounds is what somebody without an account can cost the provider.
const SIGN_IN_QUOTA: Quota = Quota { requests: 3000, per: Duration::from_secs(60), burst: None };

pub(crate) fn issuers(auth: Auth, settings: &Settings) -> Result<Option<Arc<Issuers>>, StartError> {
    let wrong = |why| StartError::AuthMismatch { key: "issuers", why };
    match (auth, settings.issuers.is_empty()) {
        (Auth::Bearer | Auth::BearerOrApiKey, false) => Ok(Some(Issuers::new(&settings.issuers)?)),
        (Auth::Open | Auth::Session, true) => Ok(None),
        (Auth::Bearer | Auth::BearerOrApiKey, true) => {
            Err(wrong("missing, but every endpoint of this BFF needs a credential"))
        }
        (Auth::Open | Auth::Session, false) => {
            Err(wrong("configured, but this BFF takes no bearer tokens"))
        }
    }
}

/// A class that no route has would limit nothing, which nobody means.
pub(crate) fn limits(
    bff: &Bff,
    settings: Option<&LimitSettings>,
) -> Result<Option<Limits>, StartError> {
    let signs_in = bff.auth == Auth::Session;
    let mut settings = match settings {
        Some(settings) => Cow::Borrowed(settings),
        None if signs_in => Cow::Owned(LimitSettings::default()),
        None => return Ok(None),
    };
    if signs_in && !settings.classes.contains_key(SIGN_IN) {
        settings.to_mut().classes.insert(SIGN_IN.to_owned(), SIGN_IN_QUOTA);
    }
    let known = |class: &&String| {
        let is_it = |e: &Endpoint| e.rate_class() == class.as_str();
        (signs_in && *class == SIGN_IN) || bff.endpoints.iter().any(is_it)
    };
    if let Some(class) = settings.classes.keys().find(|class| !known(class)) {
        return Err(StartError::UnknownRateClass(class.clone()));
    }
    Ok(Some(Limits::start(bff.name, &settings, None)?))
}

pub(crate) fn vault(
    bff: &Bff,
    settings: Option<&SessionSettings>,
) -> Result<Option<Arc<Vault>>, StartError> {
    match (bff.auth, settings) {
        (Auth::Session, Some(settings)) => Ok(Some(Vault::open(bff.name, settings)?)),
        (Auth::Session, None) => Err(StartError::SessionMismatch(
            "missing, but users of this BFF sign in with a browser",
        )),
        (_, Some(_)) => {
            Err(StartError::SessionMismatch("configured, but this BFF keeps no sessions"))
        }
        (_, None) => Ok(None),
    }
}

pub(crate) fn credentials(bff: &str, settings: &Settings) -> Result<Credentials, CredentialError> {
    let wanted = settings.services.iter().map(|(service, settings)| Wanted {
        service,
        credential: settings.credential.as_deref(),
        identity: settings.identity,
    });
    Credentials::new(bff, &settings.credentials, settings.internal_tokens.as_ref(), wanted)
}

pub(crate) fn api_keys(
    auth: Auth,
    settings: &Settings,
) -> Result<Option<Arc<ApiKeys>>, StartError> {
    let why = "configured, but this BFF takes no API keys";
    match (auth, &settings.api_keys) {
        (_, None) => Ok(None),
        (Auth::BearerOrApiKey, Some(settings)) => Ok(Some(ApiKeys::open(settings)?)),
        _ => Err(StartError::AuthMismatch { key: "api_keys", why }),
    }
}
