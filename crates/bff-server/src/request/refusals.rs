//! Refusals for those who have to look into them later: the first of each second in words, the rest
//! as a number, so that nobody fills the log by being refused, nor hides another one's refusal in it.

use bff_core::Problem;
use std::{cell::RefCell, rc::Rc, time::Duration};
use tokio::time::{Instant, sleep_until};

/// What is written of one outcome per second and worker.
const MOST_LINES: u32 = 10;
const SECOND: Duration = Duration::from_secs(1);

/// One worker's refusals.
#[derive(Debug, Clone, Default)]
pub(crate) struct Audit(Rc<RefCell<Vec<Window>>>);

/// One outcome's refusals by one rule in the current second.
#[derive(Debug)]
struct Window {
    outcome: Box<str>,
    /// Which rule it was, where it was one about a credential.
    reason: Option<&'static str>,
    since: Instant,
    written: u32,
    /// Not written, and not counted in a line yet.
    suppressed: u64,
}

#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Write,
    /// Nobody reports the number yet.
    CountFirst,
    Count,
}

impl Window {
    fn new(outcome: &str, reason: Option<&'static str>, since: Instant) -> Self {
        Self { outcome: outcome.into(), reason, since, written: 0, suppressed: 0 }
    }

    fn take(&mut self, now: Instant) -> Verdict {
        if now >= self.since + SECOND {
            (self.since, self.written) = (now, 0);
        }
        if self.written < MOST_LINES {
            self.written += 1;
            return Verdict::Write;
        }
        self.suppressed += 1;
        if self.suppressed == 1 { Verdict::CountFirst } else { Verdict::Count }
    }
}

impl Audit {
    /// Somebody who is not let in; without a name, because there is none that can be believed.
    pub(crate) fn refused(&self, problem: &Problem, endpoint: &str) {
        let (outcome, reason) = (problem.code(), problem.cause());
        if self.may_write(outcome, reason) {
            tracing::info!(target: "audit", action = "authenticate", outcome, reason, endpoint, "identity");
        }
    }

    /// A stranger who names a caller, as only the gateway may.
    pub(crate) fn stranger(&self) {
        let outcome = "IDENTITY_FROM_A_STRANGER";
        if self.may_write(outcome, None) {
            tracing::warn!(target: "audit", action = "authenticate", outcome, "identity");
        }
    }

    fn may_write(&self, outcome: &str, reason: Option<&'static str>) -> bool {
        let now = Instant::now();
        let take = |window: &mut Window| (window.take(now), window.since);
        let (verdict, since) = self.with((outcome, reason), now, take);
        if verdict == Verdict::CountFirst {
            let (audit, outcome) = (self.clone(), outcome.to_owned());
            actix_web::rt::spawn(async move {
                sleep_until(since + SECOND).await;
                let told = |window: &mut Window| std::mem::take(&mut window.suppressed);
                let suppressed = audit.with((&outcome, reason), now, told);
                tracing::warn!(target: "audit", action = "authenticate", outcome, reason, suppressed, "identity");
            });
        }
        verdict == Verdict::Write
    }

    fn with<T>(
        &self,
        (outcome, reason): (&str, Option<&'static str>),
        now: Instant,
        work: impl FnOnce(&mut Window) -> T,
    ) -> T {
        let mut all = self.0.borrow_mut();
        let is_it = |known: &&mut Window| (&*known.outcome, known.reason) == (outcome, reason);
        if let Some(window) = all.iter_mut().find(is_it) {
            return work(window);
        }
        let mut window = Window::new(outcome, reason, now);
        let done = work(&mut window);
        all.push(window);
        done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_has_ten_lines_and_one_who_counts() {
        let begun = Instant::now();
        let mut window = Window::new("X", None, begun);
        for _ in 0..MOST_LINES {
            assert_eq!(window.take(begun), Verdict::Write);
        }
        assert_eq!(window.take(begun), Verdict::CountFirst);
        let late = begun + SECOND.saturating_sub(Duration::from_nanos(1));
        assert_eq!(window.take(late), Verdict::Count);
        assert_eq!(window.take(begun + SECOND), Verdict::Write, "another second");
        assert_eq!(window.suppressed, 2, "nobody has told them yet");
    }

    #[test]
    fn one_outcome_takes_no_lines_from_another_nor_one_rule_from_another() {
        let (audit, now) = (Audit::default(), Instant::now());
        let take = |outcome, reason| audit.with((outcome, reason), now, |window| window.take(now));
        (0..MOST_LINES).for_each(|_| assert_eq!(take("UNAUTHENTICATED", None), Verdict::Write));
        assert_eq!(take("UNAUTHENTICATED", None), Verdict::CountFirst);
        let malformed = || take("TOKEN_INVALID", Some("malformed"));
        (0..MOST_LINES).for_each(|_| assert_eq!(malformed(), Verdict::Write));
        assert_eq!(malformed(), Verdict::CountFirst);
        assert_eq!(take("TOKEN_INVALID", Some("aud")), Verdict::Write);
    }
}
