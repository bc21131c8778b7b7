//! Verifies `Authorization: Bearer <token>`: from the header's text to a principal, or to a
//! problem.

use crate::{
    claims::{Claim, access},
    issuers::{Issuer, Issuers},
    jwks::KeySet,
    keys::Keyring,
    moment::Moment,
    refusal::{Refusal, Refusals},
    seen::Seen,
    settings::IssuerSettings,
    token::{Header, Token},
};
use bff_core::{
    Problem,
    ports::{Authenticator, Local, Presented, Principal},
};
use jsonwebtoken::DecodingKey;
use secrecy::SecretString;
use std::{cell::RefCell, fmt, sync::Arc};

/// Knows callers by their bearer tokens (RFC 6750, RFC 8725, RFC 9068). One per worker.
pub struct Bearer {
    issuers: Vec<Verifier>,
    /// The longest token that any of them accepts, in bytes.
    max_token_bytes: usize,
    refusals: Arc<Refusals>,
}

/// One issuer's tokens. Nothing that another issuer's token says or does reaches it.
struct Verifier {
    settings: Arc<IssuerSettings>,
    keyring: Keyring,
    seen: RefCell<Seen>,
}

impl Bearer {
    /// Accepts the tokens of `issuers`. Belongs to the thread that it is made on, and is to be used
    /// inside its `LocalSet`, as every actix worker has one: keys are fetched by tasks of their own.
    #[must_use]
    pub fn new(issuers: &Issuers) -> Self {
        let max_token_bytes = issuers.iter().map(|issuer| issuer.settings.max_token_bytes).max();
        Self {
            issuers: issuers.iter().map(Verifier::new).collect(),
            max_token_bytes: max_token_bytes.unwrap_or_default(),
            refusals: issuers.refusals(),
        }
    }

    /// What can be refused for its looks is refused first, and costs no fetch and no cryptography.
    pub(crate) async fn verify(
        &self,
        authorization: Option<&str>,
        now: Moment,
    ) -> Result<Arc<Principal>, Refusal> {
        let text = credential(authorization)?;
        let hash = blake3::hash(text.as_bytes());
        if let Some(known) = self.issuers.iter().find_map(|issuer| issuer.remembered(&hash, now)) {
            return Ok(known);
        }
        let token = Token::read(text, self.max_token_bytes)?;
        let named = token.issuer()?;
        let issuer = self.issuers.iter().find(|issuer| issuer.settings.issuer == named);
        let issuer = issuer.ok_or(Refusal::Claim(Claim::Iss))?;
        // Boxed, so that the future of a known token stays small.
        Box::pin(issuer.verify(token, text, hash, now)).await
    }

    /// What the client gets who was refused.
    pub(crate) fn told(&self, refusal: Refusal) -> Problem {
        self.refusals.count(refusal).problem()
    }
}

impl Verifier {
    fn new(issuer: &Issuer) -> Self {
        let Issuer { settings, keys } = issuer.clone();
        Self { settings, keyring: Keyring::new(keys), seen: RefCell::default() }
    }

    /// One fetch of keys at most: when the ones for this very token have just been fetched, no
    /// others can be had.
    async fn verify(
        &self,
        token: Token<'_>,
        text: &str,
        hash: blake3::Hash,
        now: Moment,
    ) -> Result<Arc<Principal>, Refusal> {
        let settings = &*self.settings;
        if text.len() > settings.max_token_bytes {
            return Err(Refusal::TooLong);
        }
        let typed = token.header.check(
            &settings.algorithms,
            &settings.token_types,
            settings.allow_untyped,
        )?;
        let mut keys = self.keyring.current(now.steady).await.ok_or(Refusal::NoKeys)?;
        if let Some(principal) = self.seen.borrow().get(&hash, &keys, now) {
            return Ok(principal);
        }
        if key_for(&token.header, &keys).is_none() && keys.read_at < now.steady {
            keys = self.keyring.with_unknown(now.steady).await.ok_or(Refusal::NoKeys)?;
        }
        let key = key_for(&token.header, &keys).ok_or(Refusal::Kid)?;
        let payload = token.vouched(key)?;
        let (mut principal, exp) = access(&payload.claims()?, settings, typed, now)?;
        if settings.exchange {
            principal = principal.with_token(SecretString::from(text));
        }
        let principal = Arc::new(principal);
        self.seen.borrow_mut().put(hash, &keys, &principal, exp, now);
        Ok(principal)
    }

    /// A token that keys which need no renewal verified a moment ago is good without another look.
    fn remembered(&self, hash: &blake3::Hash, now: Moment) -> Option<Arc<Principal>> {
        let keys = self.keyring.fresh(now.steady)?;
        self.seen.borrow().get(hash, &keys, now)
    }
}

impl Authenticator for Bearer {
    fn authenticate<'a>(
        &'a self,
        presented: Presented<'a>,
    ) -> Local<'a, Result<Arc<Principal>, Problem>> {
        Box::pin(async move {
            let verified = self.verify(presented.authorization, Moment::now()).await;
            verified.map_err(|refusal| self.told(refusal))
        })
    }
}

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = self.issuers.iter().map(|issuer| &issuer.settings);
        f.debug_list().entries(settings).finish()
    }
}

/// The token in the header. Other schemes are no wrong tokens: their users have not signed in here.
fn credential(authorization: Option<&str>) -> Result<&str, Refusal> {
    let header = authorization.ok_or(Refusal::NoCredential)?;
    let (scheme, token) = header.split_once(' ').unwrap_or((header, ""));
    let is_bearer = scheme.eq_ignore_ascii_case("bearer");
    if is_bearer { Ok(token.trim_matches(' ')) } else { Err(Refusal::NoCredential) }
}

fn key_for<'a>(header: &Header, keys: &'a KeySet) -> Option<&'a DecodingKey> {
    keys.find(header.kid.as_deref(), header.alg)
}
