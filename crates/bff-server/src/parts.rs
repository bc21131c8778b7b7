//! The parts of a server that only some BFFs have: made where the BFF needs them, and refused where it
//! has no use for them.

use crate::{Settings, StartError};
use bff_auth::{
    ApiKeys, Issuers, SessionSettings, Vault,
    outbound::{CredentialError, Credentials, Wanted},
};
use bff_core::{Auth, Bff};
use bff_limits::{LimitSettings, Limits};
use std::sync::Arc;

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
    let Some(settings) = settings else { return Ok(None) };
    let known = |class: &&String| bff.endpoints.iter().any(|e| e.rate_class() == class.as_str());
    if let Some(class) = settings.classes.keys().find(|class| !known(class)) {
        return Err(StartError::UnknownRateClass(class.clone()));
    }
    Ok(Some(Limits::start(bff.name, settings, None)?))
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
