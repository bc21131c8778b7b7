//! What counts as a failure, and how much of it is too much.

use bff_core::{Endpoint, Priority, Reason};

/// A dependency that fails in more than this part of its calls is in trouble, as on the console.
pub(super) const FAILING: f64 = bff_server::FAILING_PERCENT / 100.0;

const REASONS: [Reason; 9] = [
    Reason::Unavailable,
    Reason::Timeout,
    Reason::Overload,
    Reason::Invalid,
    Reason::NotFound,
    Reason::Forbidden,
    Reason::Conflict,
    Reason::Refused,
    Reason::Unauthenticated,
];

/// The outcomes of calls that are failures, as a regular expression.
pub(super) fn failures() -> String {
    let failures = REASONS.into_iter().filter(|reason| reason.is_failure());
    failures.map(Reason::code).collect::<Vec<_>>().join("|")
}

/// The part of an endpoint's requests that has to succeed: the more depends on it, the more.
pub(super) fn availability(endpoint: &Endpoint) -> f64 {
    match endpoint.priority() {
        Priority::Low => 0.995,
        Priority::Normal => 0.999,
        Priority::High => 0.9995,
    }
}
