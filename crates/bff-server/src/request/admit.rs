//! Letting a request in: who is calling, what they may, how often, and what they send.
//!
//! In this order: an address that failed too often is not verified again, nobody's body is read
//! before it is known who sends it, and a request that is refused takes nothing from its limits.

use super::{arrival::Arrival, client, headers::only, perimeter, sign_in};
use crate::settings::trust;
use actix_web::{
    HttpRequest,
    http::header::{AUTHORIZATION, HeaderName},
    web::Payload,
};
use bff_auth::Cookies;
use bff_core::{
    Class, Deadline, Endpoint, Problem, Result,
    ports::{Authenticator, Presented, Principal},
};
use bff_limits::{Decision, Limits};
use bytes::Bytes;
use std::{net::IpAddr, sync::Arc, time::Duration};

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// What somebody gets who tries credentials. One that was good once is no guess.
const GUESSES: [&str; 2] = ["TOKEN_INVALID", "API_KEY_INVALID"];

/// What an endpoint may know about a request besides its address.
#[derive(Debug, Default)]
pub(crate) struct Admitted {
    pub(crate) caller: Option<Arc<Principal>>,
    pub(crate) body: Bytes,
}

impl Arrival<'_> {
    /// Lets a request in; `decision` is what its limits said, also when it is refused afterwards.
    pub(crate) async fn admit(
        &self,
        endpoint: &Endpoint,
        payload: Payload,
        deadline: Deadline,
        decision: &mut Option<Decision>,
    ) -> Result<Admitted> {
        // Only limits ask where a request comes from.
        let ip = self.worker.shared.rates.as_ref().and_then(|_| self.client());
        let caller = self.caller(endpoint, ip, deadline, decision).await;
        if let Err(problem) = &caller {
            self.worker.audit.refused(problem, endpoint.name());
        }
        let caller = caller?;
        self.limit(endpoint.rate_class(), caller.as_deref(), ip, decision).await?;
        let body = match endpoint.body() {
            None => Bytes::new(),
            Some(_) => {
                let limit = self.worker.shared.limits.max_body_bytes;
                self.read_body().await;
                perimeter::read_body(payload, limit, deadline.end()).await?
            }
        };
        Ok(Admitted { caller, body })
    }

    /// The verified caller, who may use the endpoint. A wrong credential counts against the address
    /// that it came from; having none, or one that has ended, does not.
    async fn caller(
        &self,
        endpoint: &Endpoint,
        ip: Option<IpAddr>,
        deadline: Deadline,
        decision: &mut Option<Decision>,
    ) -> Result<Option<Arc<Principal>>> {
        let quota = self.worker.shared.rates.as_ref().zip(ip);
        if let Some((limits, ip)) = quota {
            let may_try = limits.may_try(ip);
            if !may_try.allowed {
                *decision = Some(may_try);
                return Err(too_many(limits, &may_try));
            }
        }
        let found = crate::request::arrival::within(deadline, self.authenticate(endpoint)).await;
        if let (Err(problem), Some((limits, ip))) = (&found, quota)
            && GUESSES.contains(&problem.code())
        {
            limits.failed(ip).await;
        }
        let caller = found?;
        endpoint.admit(caller.as_deref())?;
        Ok(caller)
    }

    /// Nobody for a BFF that asks nobody, and nobody for a page of a web BFF that is everybody's.
    async fn authenticate(&self, endpoint: &Endpoint) -> Result<Option<Arc<Principal>>> {
        let Self { request, worker, .. } = *self;
        if let Some(sessions) = &worker.sessions {
            if !endpoint.needs_caller() {
                return Ok(None);
            }
            let vault = sessions.vault();
            sign_in::provenance(request).check(vault.origin())?;
            let lines = sign_in::cookie_lines(request);
            let session = Cookies::new(&lines).only(vault.cookie());
            let presented = Presented { session, ..Presented::default() };
            return sessions.authenticate(presented).await.map(Some);
        }
        let Some(authenticator) = &worker.authenticator else { return Ok(None) };
        if let Some(caller) = self.vouched() {
            return Ok(Some(caller));
        }
        let presented = Presented {
            authorization: credential(request, &AUTHORIZATION)?,
            api_key: credential(request, &API_KEY)?,
            session: None,
        };
        authenticator.authenticate(presented).await.map(Some)
    }

    /// The caller as a gateway names it that has verified it already. Anybody can write such a
    /// header, so it counts from the gateway only.
    fn vouched(&self) -> Option<Arc<Principal>> {
        let Self { request, worker, .. } = *self;
        let gateway = worker.shared.gateway.as_ref()?;
        let subject = only(request, &gateway.subject)?;
        if !trust::is_from(request, &gateway.from) {
            worker.audit.stranger();
            return None;
        }
        let scopes = gateway.scopes.as_ref().and_then(|name| only(request, name));
        let principal = Principal::new(subject)?;
        Some(Arc::new(principal.with_scopes(scopes.unwrap_or_default().split_ascii_whitespace())))
    }

    /// Takes a request to a route of `class` from its limits.
    pub(crate) async fn limit(
        &self,
        class: &str,
        caller: Option<&Principal>,
        ip: Option<IpAddr>,
        decision: &mut Option<Decision>,
    ) -> Result<()> {
        let Some(limits) = &self.worker.shared.rates else { return Ok(()) };
        let class = Some(class);
        let taken = match (caller.map(Principal::id), ip) {
            // Who is not known is known by its address.
            (None, Some(ip)) => limits.take_anonymous(ip, class).await,
            (principal, _) => limits.take(&bff_limits::Request { principal, class }).await,
        };
        *decision = Some(taken);
        if taken.allowed { Ok(()) } else { Err(too_many(limits, &taken)) }
    }

    /// The client's address, as far as trusted proxies tell it.
    pub(crate) fn client(&self) -> Option<IpAddr> {
        client::client(self.request, &self.worker.shared.limits)
    }
}

/// A credential. Two of one kind are no caller, and no reason to look for one of another kind.
fn credential<'a>(request: &'a HttpRequest, name: &HeaderName) -> Result<Option<&'a str>> {
    match only(request, name) {
        None if request.headers().contains_key(name) => Err(Problem::unauthenticated()),
        found => Ok(found),
    }
}

fn too_many(limits: &Limits, decision: &Decision) -> Problem {
    let wait = limits.headers(decision).and_then(|headers| headers.retry_after).unwrap_or(1);
    let message = format!("Too many requests. Please try again in {wait} seconds.");
    Problem::new(Class::TooManyRequests, "RATE_LIMITED", message)
        .retry_after(Duration::from_secs(wait))
}
