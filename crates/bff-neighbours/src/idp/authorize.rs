//! `/authorize` and the form on its page: from a client's question to a code.

use super::{
    asked::{Asked, Params},
    client::Client,
    grants::{Code, Grant, SignedIn},
    page,
    provider::{Pending, Provider, Session, now},
    reply::{OAuthError, redirect},
    secrets::random,
    users,
};
use actix_web::{
    HttpResponse,
    http::header::{HeaderValue, SET_COOKIE},
};
use std::collections::BTreeSet;

/// The cookie of a signed-in browser.
pub(super) const SESSION_COOKIE: &str = "idp_session";
/// The cookie that ties a form to the browser that got its page.
pub(super) const BROWSER_COOKIE: &str = "idp_browser";
/// How long a page may stay open, in seconds.
const PAGE_LIFETIME: u64 = 600;
/// How long a code waits, in seconds.
const CODE_LIFETIME: u64 = 60;

impl Provider {
    /// `GET` or `POST /authorize` (RFC 6749, section 4.1.1; OpenID Connect Core, section 3.1.2).
    pub(super) fn authorize(&mut self, asked: &Asked) -> HttpResponse {
        let params = &asked.params;
        let client = params.get("client_id").and_then(|id| self.clients.get(id)).cloned();
        let (Some(client), Some(to)) = (client, params.get("redirect_uri")) else {
            return page::refused("No such client, or no redirect_uri.");
        };
        // An address that is not registered gets nothing, not even an error.
        if !client.redirect_uris.iter().any(|known| known == to) {
            return page::refused("This redirect_uri is not registered.");
        }
        let prompt = params.get("prompt").unwrap_or_default();
        let outcome = check(&client, params).and_then(|()| match self.usable_session(asked) {
            Some(cookie) if !matches!(prompt, "login" | "select_account") => Ok(Some(cookie)),
            None if prompt == "none" => Err(OAuthError::new("login_required", "nobody signed in")),
            _ => Ok(None),
        });
        match outcome {
            Ok(Some(cookie)) => self.send_code(&cookie, params),
            Ok(None) => self.ask_who(asked, &client),
            Err(error) => error.redirect(to, params, &self.url),
        }
    }

    /// The form of the page: who it is.
    pub(super) fn sign_in(&mut self, asked: &Asked) -> HttpResponse {
        let user = asked.params.get("user").unwrap_or_default().trim();
        if users::find(user).is_none() {
            // The page is still good: a person goes back and corrects it.
            return page::refused("There is no such user. Users are u-1 to u-5000.");
        }
        let Some(params) = self.take_pending(asked, "/authorize") else {
            return page::refused("This page is too old, or was not made for this browser.");
        };
        // A new value: one that somebody planted before the sign-in is worth nothing after it.
        let cookie = random();
        let session = Session {
            sid: random(),
            sub: user.to_owned(),
            auth_time: now(),
            clients: BTreeSet::new(),
        };
        self.sessions.insert(cookie.clone(), session);
        let mut reply = self.send_code(&cookie, &params);
        set_cookie(&mut reply, SESSION_COOKIE, &cookie);
        reply
    }

    /// The cookie of this browser's session, unless the client wants a fresher one.
    fn usable_session(&self, asked: &Asked) -> Option<String> {
        let cookie = asked.cookie(SESSION_COOKIE)?.to_owned();
        let session = self.sessions.get(&cookie)?;
        let max_age = asked.params.get("max_age").and_then(|age| age.parse().ok());
        let is_fresh =
            max_age.is_none_or(|age: u64| now().saturating_sub(session.auth_time) <= age);
        is_fresh.then_some(cookie)
    }

    fn ask_who(&mut self, asked: &Asked, client: &Client) -> HttpResponse {
        let (ticket, browser) = self.remember(asked);
        let mut reply = page::sign_in(client, &ticket, asked.params.get("login_hint"));
        set_cookie(&mut reply, BROWSER_COOKIE, &browser);
        reply
    }

    /// Keeps a request until its page's form comes back: its ticket and its browser.
    pub(super) fn remember(&mut self, asked: &Asked) -> (String, String) {
        let browser = asked.cookie(BROWSER_COOKIE).filter(|value| value.len() == 43);
        let (browser, ticket) = (browser.map_or_else(random, str::to_owned), random());
        let (params, expires) = (asked.params.clone(), now() + PAGE_LIFETIME);
        let pending =
            Pending { browser: browser.clone(), path: asked.path.clone(), expires, params };
        self.pending.insert(ticket.clone(), pending);
        (ticket, browser)
    }

    /// The request that a form answers, once, and only for the browser that was asked.
    pub(super) fn take_pending(&mut self, asked: &Asked, path: &str) -> Option<Params> {
        let ticket = asked.params.get("ticket")?.to_owned();
        let pending = self.pending.get(&ticket)?;
        let is_same =
            asked.cookie(BROWSER_COOKIE) == Some(&pending.browser) && pending.path == path;
        if !is_same || pending.expires <= now() {
            return None;
        }
        self.pending.remove(&ticket).map(|pending| pending.params)
    }

    /// 303 to the client with a code, for a request that was checked.
    fn send_code(&mut self, cookie: &str, params: &Params) -> HttpResponse {
        let get = |name| params.get(name).unwrap_or_default().to_owned();
        let client = self.clients.get(&get("client_id"));
        let (Some(client), Some(session)) = (client, self.sessions.get_mut(&cookie.to_owned()))
        else {
            return page::refused("The client is no longer registered.");
        };
        session.clients.insert(client.id.clone());
        let Session { sub, sid, auth_time, .. } = session.clone();
        let grant = Grant {
            client: client.id.clone(),
            user: Some(SignedIn { sub, sid, auth_time }),
            scope: params.get("scope").map_or_else(|| client.scopes.join(" "), str::to_owned),
            revoked: false,
        };
        let code = random();
        let kept = Code {
            grant: self.grants.add(grant),
            redirect_uri: get("redirect_uri"),
            challenge: get("code_challenge"),
            nonce: params.get("nonce").map(str::to_owned),
            expires: now() + CODE_LIFETIME,
            used: false,
        };
        self.grants.codes.insert(code.clone(), kept);
        let (state, iss) = (params.get("state"), Some(self.url.as_str()));
        redirect(&get("redirect_uri"), &[("code", Some(&code)), ("state", state), ("iss", iss)])
    }
}

/// What has to hold once the address for errors is known.
fn check(client: &Client, params: &Params) -> Result<(), OAuthError> {
    if params.need("response_type")? != "code" {
        return Err(OAuthError::new("unsupported_response_type", "only code"));
    }
    if params.get("response_mode").is_some_and(|mode| mode != "query") {
        return Err(OAuthError::invalid_request("only response_mode query"));
    }
    if params.get("request").or(params.get("request_uri")).is_some() {
        return Err(OAuthError::new("request_not_supported", "no request objects"));
    }
    if params.need("code_challenge")?.len() != 43
        || params.get("code_challenge_method") != Some("S256")
    {
        return Err(OAuthError::invalid_request("PKCE with S256 is required"));
    }
    if params.get("max_age").is_some_and(|age| age.parse::<u64>().is_err()) {
        return Err(OAuthError::invalid_request("max_age is no number"));
    }
    allowed_scope(&client.scopes, params.get("scope")).map(drop)
}

/// The scope that was asked for, if all of it may be had; everything when none was.
pub(super) fn allowed_scope(allowed: &[String], asked: Option<&str>) -> Result<String, OAuthError> {
    match asked {
        None => Ok(allowed.join(" ")),
        Some(asked) if asked.split(' ').all(|one| allowed.iter().any(|known| known == one)) => {
            Ok(asked.to_owned())
        }
        Some(_) => Err(OAuthError::new("invalid_scope", "more than may be asked for")),
    }
}

/// For as long as the browser runs; the provider has no TLS, and so the cookie is not `Secure`.
pub(super) fn set_cookie(reply: &mut HttpResponse, name: &str, value: &str) {
    let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        reply.headers_mut().append(SET_COOKIE, cookie);
    }
}
