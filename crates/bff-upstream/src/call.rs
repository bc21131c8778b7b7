//! One call with everything that decides about it: shared flight, room, host, retry, hedge.
//!
//! The order, outermost first: single flight, the whole call's timer, what the service is shown, the
//! concurrency limit, the retry loop, the hedge, the host with its breaker, the wire.

use crate::{
    Header, Proof,
    again::{hedge, hedge_after, is_repeatable, is_worth_a_retry, may_retry, paid},
    attempt::Attempt,
    host::Host,
    policy::limiter::Permit,
    service::Service,
};
use bff_core::{
    Fault,
    flight::{Part, landed},
    ports::{Local, Outbound, Transport, Vouch, Way},
};
use bytes::Bytes;
use futures_util::future::{Either, select};
use std::{fmt, pin::pin, rc::Rc, sync::Arc, time::Duration};
use tokio::time::{Instant, sleep, timeout_at};

/// How one attempt travels to one host and back. Policies are above it, sockets below.
pub trait Wire {
    /// Sends `request` with `proof` to `host` and reads the whole answer. The future is dropped when its time is
    /// over, which is in `left`.
    fn exchange(
        &self,
        service: &Service,
        host: &Host,
        request: &Outbound<'_>,
        proof: &Proof,
        left: Duration,
    ) -> impl Future<Output = Result<Bytes, Fault>>;
}

/// The services as one worker reaches them.
pub struct Upstream<W> {
    services: Arc<[Service]>,
    /// What each of them is shown, in their order.
    vouches: Box<[Rc<dyn Vouch<Header>>]>,
    wire: W,
}

/// A service and what it is shown.
#[derive(Clone, Copy)]
struct Seat<'a> {
    service: &'a Service,
    vouch: &'a dyn Vouch<Header>,
}

impl<W: Wire> Upstream<W> {
    /// Calls `services` over `wire` and shows them nothing.
    #[must_use]
    pub fn new(services: Arc<[Service]>, wire: W) -> Self {
        let vouches = services.iter().map(|_| Rc::new(()) as Rc<dyn Vouch<Header>>).collect();
        Self { services, vouches, wire }
    }

    /// The same, and `vouch` knows what a service is shown, by its name.
    #[must_use]
    pub fn vouched(self, mut vouch: impl FnMut(&str) -> Rc<dyn Vouch<Header>>) -> Self {
        let vouches = self.services.iter().map(|service| vouch(service.name())).collect();
        Self { vouches, ..self }
    }

    fn seat(&self, name: &str) -> Option<Seat<'_>> {
        let mut seats = self.services.iter().zip(&self.vouches);
        let (service, vouch) = seats.find(|(service, _)| service.name() == name)?;
        Some(Seat { service, vouch: &**vouch })
    }
}

impl<W: Wire> Transport for Upstream<W> {
    fn send<'a>(
        &'a self,
        request: &'a Outbound<'a>,
        until: Instant,
    ) -> Local<'a, Result<Bytes, Fault>> {
        Box::pin(async move {
            let seat = self.seat(request.service).ok_or(Fault::Unconfigured)?;
            match (request.on_behalf_of, request.write) {
                (None, None) => self.call_once(seat, request, until).await,
                _ => self.call(seat, request, until).await,
            }
        })
    }
}

impl<W: Wire> Upstream<W> {
    /// A read that is the same for everybody: made by one caller, for all that want it meanwhile.
    async fn call_once(
        &self,
        seat: Seat<'_>,
        request: &Outbound<'_>,
        until: Instant,
    ) -> Result<Bytes, Fault> {
        let (begun, service) = (Instant::now(), seat.service);
        loop {
            let lead = match service.flights.join(request.target) {
                Part::Lead(lead) => lead,
                Part::Follow(flight) => {
                    request.way.set(Way { shared: true, ..Way::default() });
                    let until = until.min(begun + service.settings.timeout);
                    let late = |_| Fault::TimedOut(begun.elapsed());
                    match timeout_at(until, landed(flight)).await.map_err(late)? {
                        Some(answer) => {
                            service.events.shared.add();
                            return answer;
                        }
                        None => {
                            request.way.take();
                            continue;
                        }
                    }
                }
            };
            let answer = self.call(seat, request, until).await;
            // Having had no time is this caller's own trouble.
            if !matches!(answer, Err(Fault::TimedOut(_) | Fault::Late)) {
                lead.land(&answer);
            }
            return answer;
        }
    }

    async fn call(
        &self,
        seat: Seat<'_>,
        request: &Outbound<'_>,
        until: Instant,
    ) -> Result<Bytes, Fault> {
        let begun = Instant::now();
        let until = until.min(begun + seat.service.settings.timeout);
        let answer = timeout_at(until, self.try_until(seat, request, until)).await;
        answer.unwrap_or_else(|_| Err(Fault::TimedOut(begun.elapsed())))
    }

    async fn try_until(
        &self,
        seat: Seat<'_>,
        request: &Outbound<'_>,
        until: Instant,
    ) -> Result<Bytes, Fault> {
        let Seat { service, vouch } = seat;
        // Before anything of the service's is taken: what the issuer does is not the service's doing.
        let mut proof = proof(vouch, request, until).await?;
        let mut may_vouch_anew = true;
        let _permit = room(service, until).await?;
        let mut attempt = service.begin(None, until)?;
        // After the breaker: calls that are not made save nothing up for the host's return.
        service.budget.deposit(service.now());
        let mut retries = 0;
        loop {
            let (failed, probe) = (attempt.host.id(), attempt.is_probe());
            let fault = match self.hedged(service, attempt, request, &proof).await {
                Ok(answer) => return Ok(answer),
                Err(fault) => fault,
            };
            if matches!(fault, Fault::Status { status: 401, .. }) && may_vouch_anew {
                may_vouch_anew = false;
                let other = vouch.instead_of(&proof, request.on_behalf_of).await;
                let again = is_repeatable(request, &fault) && service.can_finish_by(until);
                let Some(other) = other.filter(|_| again && paid(service)) else {
                    return Err(fault);
                };
                proof = other;
                attempt = service.begin(None, until).map_err(|_open| fault)?;
                service.events.retries.add();
                continue;
            }
            let wait = service.settings.retry.backoff * (1 << retries);
            let wait = wait.mul_f64(fastrand::f64());
            let worth_it =
                is_repeatable(request, &fault) && is_worth_a_retry(service, &fault, probe);
            if !worth_it || !may_retry(service, retries, until - wait) {
                return Err(fault);
            }
            retries += 1;
            sleep(wait).await;
            attempt = match service.begin(Some(failed), until) {
                Ok(attempt) => attempt,
                Err(_open) => return Err(fault),
            };
            service.events.retries.add();
        }
    }

    /// The first of two answers, when the first attempt takes longer than most do.
    async fn hedged(
        &self,
        service: &Service,
        first: Attempt<'_>,
        request: &Outbound<'_>,
        proof: &Proof,
    ) -> Result<Bytes, Fault> {
        let (begun, until, host) = (first.begun, first.until, first.host.id());
        let mut first = pin!(self.once(first, request, proof));
        let after = hedge_after(service, until - begun).filter(|_| request.write.is_none());
        let Some(after) = after else { return first.await };
        if let Ok(answer) = timeout_at(begun + after, &mut first).await {
            return answer;
        }
        let Some((second, _permit)) = hedge(service, host, until) else { return first.await };
        service.events.hedges.add();
        request.way.update(|way| Way { hedged: true, ..way });
        // In a box: it is rare, and every call's future would be as large as two.
        let second = Box::pin(self.once(second, request, proof));
        let (answer, won) = match select(first, second).await {
            Either::Left((Ok(answer), _)) => (Ok(answer), false),
            Either::Left((Err(_), second)) => (second.await, true),
            Either::Right((Ok(answer), _)) => (Ok(answer), true),
            Either::Right((Err(_), first)) => (first.await, false),
        };
        if won && answer.is_ok() {
            service.events.hedges_won.add();
        }
        answer
    }

    async fn once(
        &self,
        attempt: Attempt<'_>,
        request: &Outbound<'_>,
        proof: &Proof,
    ) -> Result<Bytes, Fault> {
        request.way.update(|way| Way { attempts: way.attempts + 1, ..way });
        let left = attempt.until.saturating_duration_since(Instant::now());
        let answer = self.wire.exchange(attempt.service, &attempt.host, request, proof, left).await;
        attempt.finish(&answer);
        answer
    }
}

impl<W: fmt::Debug> fmt::Debug for Upstream<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { services, wire, .. } = self;
        f.debug_struct("Upstream")
            .field("services", services)
            .field("wire", wire)
            .finish_non_exhaustive()
    }
}

/// What the service is shown, in the call's time.
async fn proof(
    vouch: &dyn Vouch<Header>,
    request: &Outbound<'_>,
    until: Instant,
) -> Result<Proof, Fault> {
    if let Some(proof) = vouch.at_hand(request.on_behalf_of) {
        return Ok(proof);
    }
    let late = |_| Fault::NoCredential("none came in the call's time".to_owned());
    timeout_at(until, vouch.find(request.on_behalf_of)).await.map_err(late)?
}

/// Room for a call that can still be done in time.
async fn room(service: &Service, until: Instant) -> Result<Permit<'_>, Fault> {
    if !service.can_finish_by(until) {
        service.events.refused_late.add();
        return Err(Fault::Late);
    }
    if let Some(permit) = service.limiter.try_acquire() {
        return Ok(permit);
    }
    let median = service.latencies.median(service.now()).unwrap_or_default();
    let full = || {
        service.events.refused_full.add();
        Fault::Full
    };
    let latest = until.checked_sub(median).unwrap_or(until);
    let permit = timeout_at(latest, service.limiter.acquire()).await;
    permit.map_err(|_| full())?.map_err(|_| full())
}
