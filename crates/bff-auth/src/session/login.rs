//! Login: to the provider with something to recognise the way back by, and back with a code.
//!
//! Authorization Code with PKCE, state and nonce (RFC 9700, section 2.1; OpenID Connect Core). What
//! is to be recognised travels in a sealed cookie of the browser that began, so that anonymous
//! logins cost this BFF no memory; a login that came back is marked as used.

use super::{
    Sessions,
    cookies::{self, Cookies, SameSite},
    provider::{Code, Known, Purpose},
    record::{Record, access_until, now},
    reply::Reply,
    seal,
    store::List,
    tokens::identity,
    visit::{self, Visit},
};
use crate::{
    audit,
    claims::Expected,
    refusal::Refusal,
    token_endpoint::{Granted, Means, NoTokens, means},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use bff_core::{Class, Problem, Result};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use std::{collections::HashMap, time::Duration};

/// The names of login cookies begin so; the start of the state follows.
const COOKIE: &str = "__Host-Http-login-";
/// How long somebody may take to sign in.
const PATIENCE: Duration = Duration::from_secs(10 * 60);
/// Logins that one browser may have begun; more are forgotten together.
const MOST_BEGUN: usize = 4;

/// What a browser brings back from the provider, and where it wanted to go.
#[derive(Serialize, Deserialize)]
struct Attempt {
    nonce: String,
    verifier: String,
    return_to: String,
    until: u64,
    /// The session that the browser had when it began; a new login ends it.
    replaces: Option<String>,
}

/// A query as its names and values; of a name that is there twice, neither counts.
pub(super) fn parameters(query: &str) -> HashMap<String, Option<String>> {
    let mut parameters = HashMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        parameters
            .entry(name.into_owned())
            .and_modify(|value| *value = None)
            .or_insert_with(|| Some(value.into_owned()));
    }
    parameters
}

fn take(parameters: &mut HashMap<String, Option<String>>, name: &str) -> Option<String> {
    parameters.remove(name).flatten()
}

impl Sessions {
    /// `GET /bff/login?return_to=/cart`: sends the browser to the provider. With `keep=true` in the
    /// query somebody who is signed in goes on at once.
    ///
    /// When another site leads here, nothing begins yet: the answer is a page that leads here again,
    /// because only then it shows whether there is a session, which a login would replace.
    ///
    /// # Errors
    /// 400 for a return URL that nobody allowed, 403 for what is no visit of a person, 503 while the
    /// provider is away.
    pub async fn login(
        &self,
        query: &str,
        cookies: Cookies<'_>,
        visit: Visit<'_>,
    ) -> Result<Reply> {
        visit.check()?;
        let vault = &*self.vault;
        let mut asked = parameters(query);
        let wanted = take(&mut asked, "return_to");
        let return_to = vault.return_to.accept(wanted.as_deref().unwrap_or("/"));
        let return_to = return_to.ok_or_else(|| {
            let message = "`return_to` must be a path of this site, such as `/cart`.";
            Problem::new(Class::Invalid, "INVALID_RETURN_URL", message)
        })?;
        if visit.is_from_elsewhere() {
            return visit::to_login(&return_to, visit);
        }
        let keep = take(&mut asked, "keep").as_deref() == Some("true");
        if keep && self.is_signed_in(cookies).await? {
            return Ok(Reply::see_other(return_to));
        }
        let known = self.known().await?;
        let state = seal::random().map_err(super::away)?;
        let old = cookies.only(&vault.settings.cookie);
        let attempt = Attempt {
            nonce: seal::random().map_err(super::away)?,
            verifier: seal::random().map_err(super::away)?,
            return_to,
            until: now() + PATIENCE.as_secs(),
            replaces: old.map(seal::name_of),
        };
        let location = self.authorization_url(&known, &state, &attempt);
        let mut reply = Reply::see_other(location);
        let begun: Vec<_> = cookies.names(COOKIE).collect();
        if begun.len() >= MOST_BEGUN {
            reply = begun.into_iter().fold(reply, |reply, name| reply.without(name, SameSite::Lax));
        }
        let json = serde_json::to_vec(&attempt).unwrap_or_default();
        let sealed = vault.seal(&sealed_as(&state), &json).await.map_err(super::away)?;
        let value = BASE64_URL_SAFE_NO_PAD.encode(sealed);
        Ok(reply.with(cookies::set(&cookie_of(&state), &value, SameSite::Lax, Some(PATIENCE))))
    }

    fn authorization_url(&self, known: &Known, state: &str, attempt: &Attempt) -> String {
        let settings = &self.vault.settings;
        let mut url = known.endpoints.authorization.clone();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &settings.client_id)
            .append_pair("redirect_uri", &settings.callback_url())
            .append_pair("scope", &settings.scopes.join(" "))
            .append_pair("state", state)
            .append_pair("nonce", &attempt.nonce)
            .append_pair("code_challenge", &seal::s256(&attempt.verifier))
            .append_pair("code_challenge_method", "S256");
        if let Some(prompt) = &settings.prompt {
            url.query_pairs_mut().append_pair("prompt", prompt);
        }
        url.into()
    }

    /// `GET /bff/callback`: the browser is back, with a code or without.
    ///
    /// # Errors
    /// 400 for a way back that did not begin in this browser, or was gone before; 403 when the
    /// provider did not let the user in; 502 and 503 when it cannot be understood or asked.
    pub async fn callback(
        &self,
        query: &str,
        cookies: Cookies<'_>,
        visit: Visit<'_>,
    ) -> Result<Reply> {
        visit.check()?;
        if query.is_empty() {
            return self.over(unknown(), cookies, visit).await;
        }
        let came_back = self.come_back(query, cookies).await;
        match &came_back {
            Ok((_, record)) => audit::decided("login", "ok", Some(&record.subject)),
            Err(problem) => audit::refused("login", problem),
        }
        let (counts, opened) = (&self.vault.counts, usize::from(came_back.is_ok()));
        counts.opened.add(opened);
        counts.login_failed.add(1 - opened);
        match came_back {
            Ok((reply, _)) => Ok(reply),
            Err(problem) => self.over(problem, cookies, visit).await,
        }
    }

    async fn come_back(&self, query: &str, cookies: Cookies<'_>) -> Result<(Reply, Record)> {
        let vault = &*self.vault;
        let mut parameters = parameters(query);
        let state = take(&mut parameters, "state").unwrap_or_default();
        let attempt = self.attempt(&state, cookies).await?.ok_or_else(unknown)?;
        let known = self.known().await?;
        let named = take(&mut parameters, "iss");
        let names_itself = known.endpoints.names_itself;
        if named.as_deref().map_or(names_itself, |issuer| issuer != vault.settings.issuer) {
            return Err(refused("LOGIN_MIXED_UP"));
        }
        if let Some(word) = parameters.remove("error") {
            return Err(denied(word.as_deref().unwrap_or_default()));
        }
        let code = take(&mut parameters, "code").unwrap_or_default();
        let code = Code::of(&code).ok_or_else(|| refused("LOGIN_REFUSED"))?;
        let granted = self.redeem(&known, &state, code, &attempt.verifier).await?;
        let record = self.signed_in(&known, granted, &attempt.nonce).await?;
        if let Some(old) = &attempt.replaces {
            let ended = self.end(old).await?;
            vault.counts.replaced.add(usize::from(ended.is_some()));
        }
        let id = seal::random().map_err(super::away)?;
        self.create(&seal::name_of(&id), &record).await?;
        let reply = Reply::see_other(attempt.return_to)
            .without(&cookie_of(&state), SameSite::Lax)
            .with(cookies::set(&vault.settings.cookie, &id, SameSite::Strict, None));
        Ok((reply, record))
    }

    /// Tokens for a code, once per state: whoever comes second, comes in vain. A code that never
    /// reached the provider may come again.
    async fn redeem(
        &self,
        known: &Known,
        state: &str,
        code: Code<'_>,
        verifier: &str,
    ) -> Result<Granted> {
        let vault = &*self.vault;
        let turn = vault.provider.turn(known, Purpose::Login).ok_or_else(super::unavailable)?;
        let used = format!("login:{}", seal::name_of(state));
        if !vault.store.use_once(&used, PATIENCE).await.map_err(super::away)? {
            return Err(refused("LOGIN_REPLAYED"));
        }
        match turn.redeem(&self.client, code, verifier).await {
            Ok(granted) => Ok(granted),
            Err(NoTokens::Refused(why)) if why.means == Means::SignInAgain => {
                Err(refused("LOGIN_REFUSED"))
            }
            Err(why) => {
                if !why.was_sent() {
                    // A store that is away forgets it by itself, later.
                    let _unused = vault.store.unuse(&used).await;
                }
                Err(super::unavailable())
            }
        }
    }

    /// What this browser began with this state.
    async fn attempt(&self, state: &str, cookies: Cookies<'_>) -> Result<Option<Attempt>> {
        let value = cookies.only(&cookie_of(state));
        let sealed = value.and_then(|value| BASE64_URL_SAFE_NO_PAD.decode(value).ok());
        let Some(sealed) = sealed else { return Ok(None) };
        let json = self.vault.unseal(&sealed_as(state), &sealed).await.map_err(super::away)?;
        let attempt = json.and_then(|json| serde_json::from_slice::<Attempt>(&json).ok());
        Ok(attempt.filter(|attempt| now() < attempt.until))
    }

    async fn signed_in(&self, known: &Known, granted: Granted, nonce: &str) -> Result<Record> {
        let vault = &*self.vault;
        let settings = &vault.settings;
        let strange = |refusal: Refusal| {
            let why = vault.refusals.count(refusal).word();
            if refusal == Refusal::NoKeys {
                return super::unavailable().because(why);
            }
            tracing::warn!(why, "the identity provider's answer to a login is not acceptable");
            let message = "Signing in does not work at the moment. Please try again later.";
            Problem::new(Class::BadGateway, "LOGIN_INVALID", message).because(why)
        };
        let text = granted.id_token.as_ref().ok_or_else(|| strange(Refusal::NoIdToken))?;
        let (expected, wanted) = (vault.expected(), &settings.claims);
        let keyring = known.keyring(&self.client);
        let identity = identity(text.expose_secret(), expected, nonce, wanted, &keyring).await;
        let identity = identity.map_err(strange)?;
        let begun = now();
        Ok(Record {
            claims: identity.claims,
            subject: identity.subject,
            provider_session: identity.sid,
            access_until: access_until(begun, &granted),
            scopes: granted.scopes.unwrap_or_else(|| settings.scopes.clone()),
            access_token: granted.access_token,
            refresh_token: granted.refresh_token,
            until: begun.saturating_add(settings.absolute.as_secs()),
            generation: 0,
        })
    }

    async fn create(&self, name: &str, record: &Record) -> Result<()> {
        let vault = &*self.vault;
        let lists = [
            Some(List::Subject(&record.subject)),
            record.provider_session.as_deref().map(List::ProviderSession),
        ];
        let lists: Vec<_> = lists.into_iter().flatten().collect();
        let sealed = record.seal(name, vault).await.map_err(super::away)?;
        let (idle, absolute) = (vault.settings.idle, vault.settings.absolute);
        vault.store.create(name, sealed, idle, absolute, &lists).await.map_err(super::away)
    }
}

impl super::Vault {
    /// For whom the provider's tokens have to be.
    pub(super) fn expected(&self) -> Expected<'_> {
        Expected {
            issuer: &self.settings.issuer,
            client: &self.settings.client_id,
            algorithms: &self.settings.algorithms,
            max_token_bytes: self.settings.max_token_bytes,
            max_subject_bytes: self.settings.max_subject_bytes,
        }
    }
}

fn cookie_of(state: &str) -> String {
    let allowed = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    format!("{COOKIE}{}", state.chars().filter(allowed).take(8).collect::<String>())
}

fn sealed_as(state: &str) -> String {
    format!("login:{state}")
}

/// What the provider's word in the browser's address means. It is not for operators: anybody can
/// write an address.
fn denied(word: &str) -> Problem {
    match means(word) {
        Means::Later => super::unavailable(),
        Means::SignInAgain | Means::Misconfigured => {
            let message = "You were not signed in. Please try again.";
            Problem::new(Class::Forbidden, "LOGIN_DENIED", message)
        }
    }
}

fn unknown() -> Problem {
    let message = "This sign-in did not begin in this browser, or took too long. Please try again.";
    Problem::new(Class::Invalid, "LOGIN_UNKNOWN", message)
}

fn refused(code: &'static str) -> Problem {
    Problem::new(Class::Invalid, code, "This sign-in cannot be completed. Please try again.")
}
