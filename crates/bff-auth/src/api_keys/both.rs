//! Callers that bring a bearer token or an API key, whichever they have.

use super::ApiKeys;
use crate::{Bearer, moment::Moment, refusal::Refusal};
use bff_core::{
    Problem,
    ports::{Authenticator, Local, Presented, Principal},
};
use std::sync::Arc;

/// Takes the credential that a request brings, and refuses two. One per worker.
#[derive(Debug)]
pub struct BearerOrKey {
    bearer: Bearer,
    keys: Arc<ApiKeys>,
}

impl BearerOrKey {
    /// Knows callers by tokens that `bearer` accepts, and by `keys`.
    #[must_use]
    pub fn new(bearer: Bearer, keys: Arc<ApiKeys>) -> Self {
        Self { bearer, keys }
    }

    async fn verify(
        &self,
        presented: Presented<'_>,
        now: Moment,
    ) -> Result<Arc<Principal>, Refusal> {
        match (presented.authorization, presented.api_key) {
            (Some(_), Some(_)) => Err(Refusal::TwoCredentials),
            (None, Some(key)) => self.keys.verify(key, now),
            (authorization, None) => self.bearer.verify(authorization, now).await,
        }
    }
}

impl Authenticator for BearerOrKey {
    fn authenticate<'a>(
        &'a self,
        presented: Presented<'a>,
    ) -> Local<'a, Result<Arc<Principal>, Problem>> {
        Box::pin(async move {
            let verified = self.verify(presented, Moment::now()).await;
            verified.map_err(|refusal| self.bearer.told(refusal))
        })
    }
}
