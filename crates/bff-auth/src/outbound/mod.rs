//! How this BFF proves itself to the services behind it, and tells them who the user is.
//!
//! [`Credentials`] are read from the configuration once per process and hold what all workers share;
//! [`Credentials::voucher`] is what one service is shown by one worker. The client's own credential
//! goes to nobody but the issuer, to be exchanged.

mod exchange;
mod fixed;
mod grant;
mod own;
mod settings;
mod token;
mod user;
mod voucher;

pub use settings::{
    CredentialError, CredentialSettings, InternalTokenSettings, StaticKeySettings, TokenSettings,
};
pub use voucher::Voucher;

#[cfg(test)]
mod tests;

use bff_core::ports::Identity;
use exchange::Exchange;
use fixed::Fixed;
use grant::Grant;
use own::Own;
use std::{collections::BTreeMap, sync::Arc};
use user::Signer;
use voucher::{Introduction, Source, Standing};

/// What one service is to be shown, as `[services.<name>]` says it.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The name of the service.
    pub service: &'a str,
    /// The name of the credential.
    pub credential: Option<&'a str>,
    /// How it learns who the user is; by default signed where that is possible, else plain.
    pub identity: Option<Identity>,
}

/// What this BFF shows each service. One per process.
#[derive(Debug)]
pub struct Credentials {
    standings: BTreeMap<String, Arc<Standing>>,
    signer: Option<Arc<Signer>>,
}

impl Credentials {
    /// Reads all files and checks that every service gets what it is to be shown. `bff` is the name
    /// of the BFF: `mobile`.
    ///
    /// # Errors
    /// The first setting that cannot work, by its key.
    pub fn new<'a>(
        bff: &str,
        credentials: &BTreeMap<String, CredentialSettings>,
        internal_tokens: Option<&InternalTokenSettings>,
        services: impl IntoIterator<Item = Wanted<'a>>,
    ) -> Result<Self, CredentialError> {
        let signer = internal_tokens.map(|settings| Signer::new(&format!("{bff}-bff"), settings));
        let signer = signer
            .transpose()
            .map_err(|(key, why)| CredentialError::new(format!("internal_tokens.{key}"), why))?;
        let signer = signer.map(Arc::new);
        let mut sources = BTreeMap::new();
        for (name, settings) in credentials {
            let source = source(name, settings).map_err(|(key, why)| {
                CredentialError::new(format!("credentials.{name}.{key}"), why)
            })?;
            sources.insert(name.as_str(), source);
        }
        let standings = services.into_iter().map(|wanted| {
            let standing = standing(&wanted, &sources, signer.as_ref()).map_err(|(key, why)| {
                CredentialError::new(format!("services.{}.{key}", wanted.service), why)
            })?;
            Ok((wanted.service.to_owned(), Arc::new(standing)))
        });
        Ok(Self { standings: standings.collect::<Result<_, _>>()?, signer })
    }

    /// What one worker shows `service`; nothing for a service that was not wanted. To be made and
    /// used inside the worker's `LocalSet`: tokens are fetched by tasks of their own, the first one
    /// at once.
    #[must_use]
    pub fn voucher(&self, service: &str) -> Voucher {
        Voucher::new(self.standings.get(service).cloned().unwrap_or_default())
    }

    /// The public keys of the users' tokens as a JWKS document (RFC 7517), for services; without
    /// keys when no tokens are signed. To be called inside a runtime: a changed file is read beside
    /// it.
    #[must_use]
    pub fn internal_jwks(&self) -> String {
        self.signer.as_ref().map_or_else(|| r#"{"keys":[]}"#.to_owned(), |signer| signer.jwks())
    }
}

fn source(name: &str, settings: &CredentialSettings) -> Result<Source, (&'static str, String)> {
    match settings {
        CredentialSettings::ClientCredentials(settings) => {
            Ok(Source::Own(Own::new(name, Grant::new(settings)?)))
        }
        CredentialSettings::TokenExchange(settings) => {
            if settings.audience.is_none() {
                return Err(("audience", "is missing: for whom are tokens exchanged?".to_owned()));
            }
            let own = Own::new(name, Grant::new(settings)?);
            Ok(Source::Exchanged { own, exchange: Exchange::new(Grant::new(settings)?) })
        }
        CredentialSettings::StaticKey(settings) => Ok(Source::Fixed(Fixed::new(settings)?)),
    }
}

fn standing(
    wanted: &Wanted<'_>,
    sources: &BTreeMap<&str, Source>,
    signer: Option<&Arc<Signer>>,
) -> Result<Standing, (&'static str, String)> {
    let source = wanted.credential.map(|name| {
        let known = sources.get(name).cloned();
        known.ok_or_else(|| ("credential", format!("there is no [credentials.{name}]")))
    });
    let identity = wanted.identity.unwrap_or(match signer {
        Some(_) => Identity::Signed,
        None => Identity::Plain,
    });
    let introduction = match (identity, signer) {
        (Identity::Signed, Some(signer)) => Introduction::Signed(Arc::clone(signer)),
        (Identity::Signed, None) => {
            return Err(("identity", "`signed` needs [internal_tokens]".to_owned()));
        }
        (Identity::Plain, _) => Introduction::Plain,
        (Identity::None, _) => Introduction::None,
    };
    Ok(Standing { service: wanted.service.to_owned(), source: source.transpose()?, introduction })
}
