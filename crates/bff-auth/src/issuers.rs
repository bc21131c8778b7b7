//! The issuers whose tokens count, each with its own keys, algorithms and rules.

use crate::{
    keys::Keys,
    refusal::Refusals,
    settings::{AuthError, IssuerSettings},
};
use std::{collections::BTreeMap, sync::Arc};

/// All configured issuers with their keys. One per process.
#[derive(Debug)]
pub struct Issuers {
    all: Vec<Issuer>,
    refusals: Arc<Refusals>,
}

#[derive(Debug, Clone)]
pub(crate) struct Issuer {
    pub(crate) settings: Arc<IssuerSettings>,
    pub(crate) keys: Arc<Keys>,
}

impl Issuers {
    /// The issuers of `[issuers.<name>]`. Keys in files are read now, keys behind URLs when the
    /// first token comes.
    ///
    /// # Errors
    /// The first setting that cannot work, by its whole key.
    pub fn new(settings: &BTreeMap<String, IssuerSettings>) -> Result<Arc<Self>, AuthError> {
        let mut names = BTreeMap::new();
        let mut all = Vec::new();
        for (name, settings) in settings {
            let table = format!("issuers.{name}");
            let keys = Keys::new(settings).map_err(|error| error.within(&table))?;
            if let Some(other) = names.insert(&settings.issuer, name) {
                let why = format!("`issuers.{other}` is the same issuer; a token has only one");
                return Err(AuthError::new("issuer", why).within(&table));
            }
            all.push(Issuer { settings: Arc::new(settings.clone()), keys });
        }
        Ok(Arc::new(Self { all, refusals: Arc::default() }))
    }

    /// How often each rule refused a token, or an API key beside them.
    #[must_use]
    pub fn refusals(&self) -> Arc<Refusals> {
        Arc::clone(&self.refusals)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Issuer> {
        self.all.iter()
    }
}
