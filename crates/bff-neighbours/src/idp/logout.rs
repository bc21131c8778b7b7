//! The end of a session: `/end-session` for browsers, logout tokens for the clients.

use super::{
    asked::{Asked, Params},
    authorize::{BROWSER_COOKIE, SESSION_COOKIE, set_cookie},
    page,
    provider::{Provider, Session, now},
    reply::redirect,
    secrets::random,
    serve::Answer,
};
use actix_web::{
    HttpResponse,
    http::header::{HeaderValue, SET_COOKIE},
};
use bff_fixtures::{Issuer, Json};
use serde_json::json;

/// The event of OpenID Connect Back-Channel Logout 1.0.
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// How long a logout token is good, in seconds.
const TOKEN_LIFETIME: u64 = 120;

/// Header and claims of a logout token (Back-Channel Logout, section 2.4).
pub(super) fn token(key: &Issuer, client: &str, sub: &str, sid: &str) -> (Json, Json) {
    let claims = json!({
        "iss": key.issuer(),
        "sub": sub,
        "aud": client,
        "iat": now(),
        "exp": now() + TOKEN_LIFETIME,
        "jti": random(),
        "sid": sid,
        "events": { EVENT: {} },
    });
    (json!({ "alg": "RS256", "typ": "logout+jwt", "kid": key.key_id() }), claims)
}

/// What a request to end a session amounts to.
struct Wish<'a> {
    /// The session of the hint; without one, a person has to say yes.
    sid: Option<String>,
    /// The checked address to go to.
    to: Option<&'a str>,
}

impl Provider {
    /// OpenID Connect RP-Initiated Logout 1.0.
    pub(super) fn end_session(&mut self, asked: &Asked) -> Answer {
        let wish = match self.wish(&asked.params) {
            Ok(wish) => wish,
            Err(why) => return page::refused(why).into(),
        };
        match wish.sid {
            Some(sid) => self.sign_out(asked, &sid, &asked.params),
            None if self.session(asked).is_some() => {
                let (ticket, browser) = self.remember(asked);
                let mut reply = page::sign_out(&ticket, wish.to);
                set_cookie(&mut reply, BROWSER_COOKIE, &browser);
                reply.into()
            }
            None => gone(&asked.params, wish.to).into(),
        }
    }

    /// The form of the page: yes, sign me out.
    pub(super) fn confirm_sign_out(&mut self, asked: &Asked) -> Answer {
        let Some(params) = self.take_pending(asked, "/end-session") else {
            return page::refused("This page is too old, or was not made for this browser.").into();
        };
        let sid = self.session(asked).map(|session| session.sid.clone()).unwrap_or_default();
        self.sign_out(asked, &sid, &params)
    }

    fn session(&self, asked: &Asked) -> Option<&Session> {
        self.sessions.get(&asked.cookie(SESSION_COOKIE)?.to_owned())
    }

    fn sign_out(&mut self, asked: &Asked, sid: &str, params: &Params) -> Answer {
        let is_this_browser = self.session(asked).is_some_and(|session| session.sid == sid);
        let told = self.end_sessions(sid);
        let mut response = gone(params, params.get("post_logout_redirect_uri"));
        if is_this_browser {
            let removed = HeaderValue::from_static("idp_session=; Path=/; HttpOnly; Max-Age=0");
            response.headers_mut().append(SET_COOKIE, removed);
        }
        Answer { response, told }
    }

    fn wish<'a>(&self, params: &'a Params) -> Result<Wish<'a>, &'static str> {
        let claims = match params.get("id_token_hint") {
            None => Json::Null,
            // Also an expired one says who it was made for.
            Some(hint) => {
                self.keys.verified(hint, "JWT").ok_or("This id_token_hint is not ours.")?
            }
        };
        let claim = |name: &str| claims.get(name).and_then(Json::as_str);
        let client = match (params.get("client_id"), claim("aud")) {
            (Some(id), Some(aud)) if id != aud => {
                return Err("The id_token_hint is of another client.");
            }
            (id, aud) => id.or(aud).and_then(|id| self.clients.get(id)),
        };
        let to = params.get("post_logout_redirect_uri");
        let is_registered = |to: &str| {
            client
                .is_some_and(|client| client.post_logout_redirect_uris.iter().any(|uri| uri == to))
        };
        if to.is_some_and(|to| !is_registered(to)) {
            return Err("This post_logout_redirect_uri is not registered.");
        }
        Ok(Wish { sid: claim("sid").map(str::to_owned), to })
    }
}

fn gone(params: &Params, to: Option<&str>) -> HttpResponse {
    match to {
        Some(to) => redirect(to, &[("state", params.get("state"))]),
        None => page::signed_out(),
    }
}
