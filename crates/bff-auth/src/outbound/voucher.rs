//! What one worker shows one service.

use super::{exchange::Exchange, fixed::Fixed, own::Own, user::Signer};
use crate::moment::Moment;
use awc::{
    Client,
    http::header::{AUTHORIZATION, HeaderName, HeaderValue},
};
use bff_core::{
    Fault,
    ports::{Local, Principal, Proof, Vouch},
};
use secrecy::SecretString;
use std::{cell::RefCell, collections::HashMap, fmt, sync::Arc, time::Instant};

/// The user of a personal call, plain.
const USER_ID: HeaderName = HeaderName::from_static("x-user-id");
/// The same, signed.
const USER_TOKEN: HeaderName = HeaderName::from_static("x-user-token");
/// How many users' tokens are kept, per worker and service.
const MAX_USERS: usize = 1024;

type Header = (HeaderName, HeaderValue);

/// What a service is to be shown.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    pub(crate) service: String,
    pub(crate) source: Option<Source>,
    pub(crate) introduction: Introduction,
}

/// Where the credential comes from.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    Fixed(Fixed),
    Own(Arc<Own>),
    /// The user's token exchanged, and for shared calls the BFF's own.
    Exchanged {
        own: Arc<Own>,
        exchange: Arc<Exchange>,
    },
}

/// How the user is introduced.
#[derive(Debug, Default)]
pub(crate) enum Introduction {
    Signed(Arc<Signer>),
    Plain,
    #[default]
    None,
}

/// What one service is shown. One per worker and service.
pub struct Voucher {
    standing: Arc<Standing>,
    /// To the issuer; `None` when nothing is asked there.
    client: Option<Client>,
    signed: RefCell<HashMap<Box<str>, Signed>>,
}

/// A user's token and when another one is to be signed.
struct Signed {
    value: HeaderValue,
    until: Instant,
}

/// Where the credential of one call comes from.
enum Way<'a> {
    None,
    Fixed(&'a Fixed),
    Own(&'a Arc<Own>, &'a Client),
    Exchanged(&'a Arc<Exchange>, &'a Client, &'a SecretString),
}

impl Voucher {
    pub(crate) fn new(standing: Arc<Standing>) -> Self {
        let client = match &standing.source {
            Some(Source::Own(own)) => {
                let client = own.grant.client();
                own.warm_up(&client);
                Some(client)
            }
            Some(Source::Exchanged { own, .. }) => Some(own.grant.client()),
            Some(Source::Fixed(_)) | None => None,
        };
        Self { standing, client, signed: RefCell::default() }
    }

    fn way<'a>(&'a self, user: Option<&'a Principal>) -> Result<Way<'a>, Fault> {
        let (own, client) = match (&self.standing.source, &self.client) {
            (Some(Source::Fixed(fixed)), _) => return Ok(Way::Fixed(fixed)),
            (Some(Source::Own(own)), Some(client)) => (own, client),
            (Some(Source::Exchanged { own, exchange }), Some(client)) => match user {
                Some(user) => {
                    let token = user.token().ok_or_else(|| {
                        Fault::NoCredential("the caller brought no token to exchange".to_owned())
                    })?;
                    return Ok(Way::Exchanged(exchange, client, token));
                }
                None => (own, client),
            },
            (_, _) => return Ok(Way::None),
        };
        Ok(Way::Own(own, client))
    }

    fn introduced(&self, user: Option<&Principal>, now: Instant) -> Result<Option<Header>, Fault> {
        let Some(user) = user else { return Ok(None) };
        let header = match &self.standing.introduction {
            Introduction::None => return Ok(None),
            Introduction::Plain => HeaderValue::from_str(user.id())
                .map(|value| (USER_ID, value))
                .map_err(|error| error.to_string()),
            Introduction::Signed(signer) => {
                self.signed(signer, user.subject(), now).map(|value| (USER_TOKEN, value))
            }
        };
        header.map(Some).map_err(Fault::NoCredential)
    }

    /// A token is used for half its life, so that it has the other half to travel and for clocks to
    /// differ.
    fn signed(&self, signer: &Signer, user: &str, now: Instant) -> Result<HeaderValue, String> {
        let mut signed = self.signed.borrow_mut();
        if let Some(known) = signed.get(user).filter(|known| now < known.until) {
            return Ok(known.value.clone());
        }
        let value = signer.sign(&self.standing.service, user, Moment::now())?;
        // Starting over is the simplest bound, and costs at most one more signature per user.
        if signed.len() >= MAX_USERS {
            signed.clear();
        }
        let until = now + signer.lifetime / 2;
        signed.insert(user.into(), Signed { value: value.clone(), until });
        Ok(value)
    }
}

impl Way<'_> {
    fn at_hand(&self, now: Instant) -> Option<Option<Header>> {
        match self {
            Self::None => Some(None),
            Self::Fixed(fixed) => Some(Some((fixed.header.clone(), fixed.at_hand()))),
            Self::Own(own, client) => own.at_hand(client, now).map(bearer),
            Self::Exchanged(exchange, _, token) => exchange.at_hand(token, now).map(bearer),
        }
    }

    async fn find(&self, now: Instant) -> Result<Option<Header>, Fault> {
        if let Some(known) = self.at_hand(now) {
            return Ok(known);
        }
        match self {
            Self::Own(own, client) => own.find(client, now).await.map(bearer),
            Self::Exchanged(exchange, client, token) => {
                exchange.find(client, token).await.map(bearer)
            }
            Self::None | Self::Fixed(_) => Ok(None),
        }
    }

    async fn instead_of(&self, refused: &HeaderValue, now: Instant) -> Option<HeaderValue> {
        match self {
            Self::None => None,
            Self::Fixed(fixed) => fixed.instead_of(refused).await,
            Self::Own(own, client) => own.instead_of(client, refused, now).await,
            Self::Exchanged(exchange, client, token) => {
                exchange.instead_of(client, token, refused, now).await
            }
        }
    }
}

impl Vouch<Header> for Voucher {
    fn at_hand(&self, user: Option<&Principal>) -> Option<Proof<Header>> {
        let now = Instant::now();
        let credential = self.way(user).ok()?.at_hand(now)?;
        Some(Proof { credential, user: self.introduced(user, now).ok()? })
    }

    fn find<'a>(&'a self, user: Option<&'a Principal>) -> Local<'a, Result<Proof<Header>, Fault>> {
        Box::pin(async move {
            let credential = self.way(user)?.find(Instant::now()).await?;
            Ok(Proof { credential, user: self.introduced(user, Instant::now())? })
        })
    }

    fn instead_of<'a>(
        &'a self,
        refused: &'a Proof<Header>,
        user: Option<&'a Principal>,
    ) -> Local<'a, Option<Proof<Header>>> {
        Box::pin(async move {
            let (name, value) = refused.credential.as_ref()?;
            let value = self.way(user).ok()?.instead_of(value, Instant::now()).await?;
            Some(Proof { credential: Some((name.clone(), value)), user: refused.user.clone() })
        })
    }
}

impl fmt::Debug for Voucher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Voucher").field("standing", &self.standing).finish_non_exhaustive()
    }
}

fn bearer(value: HeaderValue) -> Option<Header> {
    Some((AUTHORIZATION, value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbound::settings::InternalTokenSettings;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
    use base64::{Engine, prelude::BASE64_STANDARD};
    use bff_fixtures::TestFile;
    use std::time::Duration;

    #[test]
    fn a_users_token_is_sent_for_half_its_life() {
        // Each signature with such a key is another one.
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let base64 = BASE64_STANDARD.encode(key.to_pkcs8v1().unwrap().as_ref());
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{base64}\n-----END PRIVATE KEY-----\n");
        let file = TestFile::new("half.pem", &pem);
        let settings = InternalTokenSettings {
            key_file: file.0.clone(),
            lifetime: Duration::from_secs(60),
            listen: None,
        };
        let signer = Signer::new("mobile-bff", &settings).unwrap();
        crate::support::run(async {
            let voucher = Voucher::new(Arc::default());
            let now = Instant::now();
            let at = |seconds| {
                let value = voucher.signed(&signer, "u-1", now + Duration::from_secs(seconds));
                value.unwrap()
            };
            let first = at(0);
            assert_eq!(at(29), first);
            assert_ne!(at(30), first);
        });
    }
}
