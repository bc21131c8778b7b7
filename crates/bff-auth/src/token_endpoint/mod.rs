//! Token endpoints (RFC 6749, section 3.2): one way to ask one, one reader of what it grants, and
//! one table of what it means when it does not.
//!
//! Sessions and the credentials that services are shown ask in the same way. Whose trouble a failure
//! is, is a type: see [`NoTokens`].

mod granted;
mod pause;
mod refused;

pub(crate) use self::{
    granted::Granted,
    pause::{InVain, Pause},
    refused::{Means, NoTokens, Refused, Trouble, means},
};

use crate::{fetch, moment::Moment, proof::ClientProof};
use awc::Client;
use form_urlencoded::Serializer;
use url::Url;

/// A token endpoint, and who we are there.
#[derive(Clone, Copy)]
pub(crate) struct TokenEndpoint<'a> {
    pub(crate) url: &'a Url,
    pub(crate) client_id: &'a str,
    pub(crate) proof: &'a ClientProof,
    /// For whom the proof is meant.
    pub(crate) audience: &'a str,
}

impl TokenEndpoint<'_> {
    /// Asks with somebody's code or token; `take` makes what is wanted of the tokens, or says why
    /// they cannot be used.
    ///
    /// # Errors
    /// Whose trouble it is, and what it means: what the issuer says to one user, it says to nobody
    /// else.
    pub(crate) async fn ask_for_one<T>(
        self,
        client: &Client,
        fields: &[(&str, &str)],
        take: impl FnOnce(Granted) -> Result<T, String>,
    ) -> Result<T, NoTokens> {
        let answer = self.post(client, fields).await.map_err(NoTokens::failed)?;
        if !answer.is_success() {
            return Err(NoTokens::answered(&answer));
        }
        Granted::read(&answer.body).and_then(take).map_err(NoTokens::unusable)
    }

    /// Asks in the name of the BFF, for all.
    ///
    /// # Errors
    /// What is refused to all is everybody's trouble.
    pub(crate) async fn ask_for_all<T>(
        self,
        client: &Client,
        fields: &[(&str, &str)],
        take: impl FnOnce(Granted) -> Result<T, String>,
    ) -> Result<T, Trouble> {
        self.ask_for_one(client, fields, take).await.map_err(NoTokens::of_all)
    }

    /// Sends a form and the proof.
    ///
    /// # Errors
    /// Why there is no answer.
    pub(crate) async fn post(
        self,
        client: &Client,
        fields: &[(&str, &str)],
    ) -> Result<fetch::Answer, fetch::Failure> {
        let mut form = Serializer::new(String::new());
        form.extend_pairs(fields);
        let proof = self.proof.prove(self.client_id, self.audience, &mut form, Moment::now());
        let authorization = proof.await.map_err(fetch::Failure::NotSent)?;
        fetch::post_form(client, self.url, authorization, form.finish()).await
    }
}
