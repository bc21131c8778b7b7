//! Whether a call is made a second time: after a failure, or beside an attempt that takes long.

use crate::{attempt::Attempt, policy::limiter::Permit, service::Service};
use bff_core::{Fault, ports::Outbound};
use std::time::Duration;
use tokio::time::Instant;

/// Whether a second attempt has the effect of one: for a read, an idempotent method (RFC 9110, section
/// 9.2.2), a write that the service recognises by its key, or a request that was never sent.
pub(crate) fn is_repeatable(request: &Outbound<'_>, fault: &Fault) -> bool {
    let once =
        request.write.is_some_and(|write| write.key.is_none() && !write.method.is_idempotent());
    !once || matches!(fault, Fault::Unreachable(_))
}

/// Whether the service may answer another time: it broke off, or says that it cannot just now. One
/// host that names a time to come back is believed; a host that was only probed is no reason to
/// fail when there is another.
pub(crate) fn is_worth_a_retry(service: &Service, fault: &Fault, probe: bool) -> bool {
    let others = service.hosts().len() > 1;
    match fault {
        Fault::Unreachable(_) | Fault::Broken(_) => true,
        Fault::Status { status: 502..=504, retry_after } => others || retry_after.is_none(),
        _ => probe && others,
    }
}

/// Whether there is time and budget for one more attempt.
pub(crate) fn may_retry(service: &Service, retries: u32, until: Instant) -> bool {
    let possible = retries < service.settings.retry.times && service.can_finish_by(until);
    possible && paid(service)
}

/// When a second attempt pays, if it ever does.
pub(crate) fn hedge_after(service: &Service, left: Duration) -> Option<Duration> {
    let hedge = service.settings.hedge;
    if hedge.percentile >= 100.0 || service.is_seen_through_overload() {
        return None;
    }
    let after = service.latencies.tail(service.now())?.max(hedge.at_least);
    (after < left).then_some(after)
}

/// A second attempt, when there is room, budget and a host for it. It never waits for any of them.
pub(crate) fn hedge(
    service: &Service,
    avoid: u32,
    until: Instant,
) -> Option<(Attempt<'_>, Permit<'_>)> {
    let permit = service.limiter.try_acquire()?;
    if !service.can_finish_by(until) || !paid(service) {
        return None;
    }
    let attempt = service.begin(Some(avoid), until).ok()?;
    Some((attempt, permit))
}

pub(crate) fn paid(service: &Service) -> bool {
    let paid = service.budget.withdraw(service.now());
    if !paid {
        service.events.budget_spent.add();
    }
    paid
}
