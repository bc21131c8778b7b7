//! What a browser may know about its session, and the two ways to end it: the user's own, and the
//! provider's (OpenID Connect Back-Channel Logout 1.0).

use super::{
    Sessions, away,
    cookies::{Cookies, SameSite},
    ended,
    login::parameters,
    over::START,
    record::now,
    reply::Reply,
    seal,
    store::List,
    tokens::logout,
    visit::Visit,
};
use crate::{audit, claims::Whose, refusal::Refusal};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use bff_core::{Class, Problem, Result, ports::Principal};
use serde_json::json;
use std::time::Duration;
use url::Url;

/// Logout tokens are good for two minutes; their numbers are remembered for longer.
const REMEMBERED: Duration = Duration::from_secs(10 * 60);

impl Sessions {
    /// `GET /bff/user`: who is signed in, for how long, and where to sign out; never a token. With
    /// `slide=false` in the query the look does not make the session last longer. With the user, whose
    /// limits hold for it.
    ///
    /// # Errors
    /// 401 when nobody is signed in, 503 while nobody can say.
    pub async fn user(&self, query: &str, cookies: Cookies<'_>) -> Result<(Principal, Reply)> {
        let slide = parameters(query).get("slide") != Some(&Some("false".to_owned()));
        let cookie = cookies.only(&self.vault.settings.cookie);
        let record = self.current(cookie, slide).await?;
        let user = record.principal().ok_or_else(ended)?;
        let mut claims = serde_json::Map::from_iter(record.claims.clone());
        claims.insert("sub".to_owned(), json!(record.subject));
        let reply = Reply::json(&json!({
            "claims": claims,
            "sessionExpiresInSeconds": record.until.saturating_sub(now()),
            "idleAfterSeconds": self.vault.settings.idle.as_secs(),
            "logoutUrl": format!("/bff/logout?key={}", logout_key(cookie.unwrap_or_default())),
        }));
        Ok((user, reply))
    }

    /// `GET /bff/logout?key=...`: ends the session here and sends the browser to the provider to end
    /// its session there. The key comes from [`user`](Self::user), so that no other site can sign
    /// anybody out.
    ///
    /// Without the cookie that the key belongs to nothing ends, here or there: the cookie is also
    /// missing when another site leads a signed-in user here.
    ///
    /// # Errors
    /// 400 for a wrong key, 403 for what is no visit, 503 while the session cannot be ended.
    pub async fn logout(
        &self,
        query: &str,
        cookies: Cookies<'_>,
        visit: Visit<'_>,
    ) -> Result<Reply> {
        visit.check()?;
        let settings = &self.vault.settings;
        let Some(cookie) = cookies.only(&settings.cookie) else {
            let elsewhere = visit.is_from_elsewhere();
            let to = if elsewhere { START.to_owned() } else { self.after_logout().to_string() };
            return Ok(Reply::see_other(to));
        };
        let key = parameters(query).remove("key").flatten().unwrap_or_default();
        let expected = logout_key(cookie);
        if verify_slices_are_equal(key.as_bytes(), expected.as_bytes()).is_err() {
            let message = "Take the address from `logoutUrl` of `/bff/user`.";
            return Err(Problem::new(Class::Invalid, "INVALID_LOGOUT_KEY", message));
        }
        let ended = self.end(&seal::name_of(cookie)).await?;
        self.vault.counts.logout.add(usize::from(ended.is_some()));
        audit::decided("logout", "ok", ended.as_ref().map(|record| record.subject.as_str()));
        // Also when it had ended here, there may be one at the provider, and the user wants none.
        let reply = Reply::see_other(self.end_session_url().await);
        Ok(reply.without(&settings.cookie, SameSite::Strict))
    }

    fn after_logout(&self) -> &Url {
        let settings = &self.vault.settings;
        settings.after_logout.as_ref().unwrap_or(&settings.public_url)
    }

    /// Where the provider's own session ends. Without `id_token_hint`: that would put a token into
    /// the browser's address bar.
    async fn end_session_url(&self) -> String {
        let settings = &self.vault.settings;
        let after = self.after_logout();
        let known = self.vault.provider.known(&self.client).await;
        let Some(mut url) = known.and_then(|known| known.endpoints.end_session.clone()) else {
            return after.to_string();
        };
        url.query_pairs_mut()
            .append_pair("client_id", &settings.client_id)
            .append_pair("post_logout_redirect_uri", after.as_str());
        url.into()
    }

    /// `POST /bff/backchannel-logout`: the provider ends sessions. 200 when none of them is left.
    ///
    /// # Errors
    /// 400 for anything that is no logout token of the provider's, 503 when it has to come again.
    pub async fn backchannel_logout(&self, form: &[u8]) -> Result<Reply> {
        let mut fields = form_urlencoded::parse(form).filter(|(name, _)| name == "logout_token");
        let text = fields.next().filter(|_| fields.next().is_none()).map(|(_, value)| value);
        let ended = self.end_for_provider(text.as_deref().unwrap_or_default()).await;
        match &ended {
            Ok(_) => audit::decided("backchannel-logout", "ok", None),
            Err(problem) => audit::refused("backchannel-logout", problem),
        }
        ended.map(|sessions| {
            tracing::info!(sessions, "the identity provider ended sessions");
            Reply::empty(200)
        })
    }

    async fn end_for_provider(&self, text: &str) -> Result<usize> {
        let vault = &*self.vault;
        let keyring = self.known().await?.keyring(&self.client);
        let types = &vault.settings.logout_token_types;
        let logout = logout(text, vault.expected(), types, &keyring).await;
        let logout = logout.map_err(|refusal| match vault.refusals.count(refusal) {
            Refusal::NoKeys => super::unavailable().because(refusal.word()),
            _ => invalid().because(refusal.word()),
        })?;
        let list = match &logout.whose {
            Whose::ProviderSession(sid) => List::ProviderSession(sid),
            Whose::Subject(subject) => List::Subject(subject),
        };
        // Ending twice ends nothing more, so a number is used up only by a logout that succeeded.
        let ended = vault.store.end_all(list).await.map_err(away)?;
        vault.counts.back_channel_logout.add(ended);
        let number = format!("logout:{}", seal::name_of(&logout.jti));
        if !vault.store.use_once(&number, REMEMBERED).await.map_err(away)? {
            tracing::warn!("a logout token came twice; the sessions that it names have ended");
        }
        Ok(ended)
    }
}

/// What only the browser with this cookie can know, and what does not tell the cookie.
fn logout_key(cookie: &str) -> String {
    let key = blake3::derive_key("bff-auth 2026-11 logout key", cookie.as_bytes());
    blake3::Hash::from_bytes(key).to_hex().chars().take(32).collect()
}

fn invalid() -> Problem {
    Problem::new(Class::Invalid, "INVALID_LOGOUT_TOKEN", "This is no logout token for this client.")
}
