//! Every fault of the sample services, on critical and on optional pages, with one host and with a
//! second, healthy one.

use crate::bed::{self, about, busy, count, is_good, page, service, sockets, soon};
use bff_core::prelude::*;
use bff_testkit::{Fault, Json, SampleServices, Service as Sample, TestBff, http::Reply};
use std::{
    collections::HashSet,
    mem::discriminant,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

/// What a healthy second host makes of a fault of the first.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Second {
    /// Every page is good, because failed calls are made again at the other host.
    Saves,
    /// Pages are marked at first, then good: the breaker, or the load that the balancer sees, keeps
    /// calls away from the first host.
    TakesOver,
    /// Any page may be marked: an answer that cannot be used is no reason to leave a host.
    DoesNotHelp,
}
use Second::{DoesNotHelp, Saves, TakesOver};

/// A fault; the reason that pages without another host show, or nothing; the calls that they make;
/// and what another host changes.
type Row = (Fault, &'static str, u64, Second);

fn table() -> Vec<Row> {
    let delay = |millis| Fault::Delay { millis };
    let status = |code| Fault::Status { code, retry_after: None };
    let later = |code, seconds| Fault::Status { code, retry_after: Some(seconds) };
    let location = "http://127.0.0.1:9/".to_owned();
    vec![
        // Late, and not made again: the service may be busy.
        (delay(20), "", 1, Saves),
        (delay(60_000), "TIMEOUT", 1, TakesOver),
        (Fault::HangBeforeHeaders, "TIMEOUT", 1, TakesOver),
        (Fault::HangInBody, "TIMEOUT", 1, TakesOver),
        // No answer at all, and made again twice.
        (Fault::Reset, "UNAVAILABLE", 3, Saves),
        (Fault::ResetInBody, "UNAVAILABLE", 3, Saves),
        (Fault::ShortBody, "UNAVAILABLE", 3, Saves),
        (Fault::Garbage, "UNAVAILABLE", 3, Saves),
        (later(503, 7), "UNAVAILABLE", 1, Saves),
        (later(503, 86_400), "UNAVAILABLE", 1, Saves),
        (status(502), "UNAVAILABLE", 3, Saves),
        (status(504), "UNAVAILABLE", 3, Saves),
        // A failure that would be the same again.
        (status(500), "UNAVAILABLE", 1, TakesOver),
        (status(501), "UNAVAILABLE", 1, TakesOver),
        (Fault::FailEvery { n: 1 }, "UNAVAILABLE", 1, TakesOver),
        (Fault::HugeHeader, "UNAVAILABLE", 1, TakesOver),
        (later(429, 2), "UNAVAILABLE", 1, TakesOver),
        // An answer, if not the one that was hoped for.
        (status(404), "NOT_FOUND", 1, DoesNotHelp),
        (status(410), "NOT_FOUND", 1, DoesNotHelp),
        (status(403), "FORBIDDEN", 1, DoesNotHelp),
        (status(409), "CONFLICT", 1, DoesNotHelp),
        (status(400), "INVALID", 1, DoesNotHelp),
        (status(401), "INVALID", 1, DoesNotHelp),
        (status(204), "INVALID", 1, DoesNotHelp),
        (status(206), "INVALID", 1, DoesNotHelp),
        (status(304), "INVALID", 1, DoesNotHelp),
        (Fault::Redirect { location }, "INVALID", 1, DoesNotHelp),
        (Fault::EarlyHints, "INVALID", 1, DoesNotHelp),
        // An answer that cannot be used.
        (Fault::TruncatedJson, "INVALID", 1, DoesNotHelp),
        (Fault::WrongTypes, "INVALID", 1, DoesNotHelp),
        (Fault::WrongContentType, "INVALID", 1, DoesNotHelp),
        (Fault::HugeBody { megabytes: 10 }, "INVALID", 1, DoesNotHelp),
        (Fault::GzipBomb, "INVALID", 1, DoesNotHelp),
        (Fault::Empty, "INVALID", 1, DoesNotHelp),
        (Fault::BadUtf8, "INVALID", 1, DoesNotHelp),
        (Fault::DuplicateKeys, "INVALID", 1, DoesNotHelp),
        (Fault::NotANumber, "INVALID", 1, DoesNotHelp),
        // Odd, whole and right.
        (Fault::Gzip, "", 1, Saves),
        (Fault::DeepNesting, "", 1, Saves),
    ]
}

/// How many variants `Fault` has. The match is for the compiler, which finds the ones that are new.
const FAULTS: usize = 23;

const fn known(fault: &Fault) {
    use Fault as F;
    match fault {
        F::Delay { .. } | F::HangBeforeHeaders | F::HangInBody => {}
        F::Reset | F::ResetInBody | F::ShortBody | F::Garbage => {}
        F::Status { .. } | F::FailEvery { .. } | F::Redirect { .. } | F::EarlyHints => {}
        F::TruncatedJson | F::WrongTypes | F::WrongContentType | F::Empty => {}
        F::HugeBody { .. } | F::DeepNesting | F::GzipBomb | F::Gzip | F::HugeHeader => {}
        F::BadUtf8 | F::DuplicateKeys | F::NotANumber => {}
    }
}

#[test]
fn every_fault_costs_what_the_table_says_and_leaves_nothing_behind() {
    let table = table();
    table.iter().for_each(|(fault, ..)| known(fault));
    let kinds: HashSet<_> = table.iter().map(|(fault, ..)| discriminant(fault)).collect();
    assert_eq!(kinds.len(), FAULTS, "a fault is missing in the table");
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                while let Some(row) = table.get(next.fetch_add(1, Relaxed)) {
                    Bed::start(&row.0).run(row);
                }
            });
        }
    });
}

/// A BFF with the faulty services alone, and beside healthy ones.
struct Bed {
    bff: TestBff,
    bad: SampleServices,
    good: SampleServices,
}

/// The longest wait for a call, and for any page.
const TIMEOUT: Duration = millis(400);
const AT_MOST: Duration = seconds(4);

impl Bed {
    #[expect(clippy::expect_used, reason = "a test that cannot start has nothing to say")]
    fn start(fault: &Fault) -> Self {
        let [bad, good] = [(); 2].map(|()| SampleServices::start().expect("services start"));
        let urls = [&bad, &good].map(|services| services.url(Sample::Catalog));
        let millis = TIMEOUT.as_millis();
        let common = format!("timeout = \"{millis}ms\"\nretry.budget_per_second = 100.0");
        // A breaker would show one fault as another.
        let alone = format!("{common}\nbreaker.min_success_percent = 0.0");
        let pair = format!("{common}\nbreaker.min_calls = 5");
        let services = [
            service("main", &urls[..1], &alone),
            service("pair", &urls, &pair),
            service("optional-pair", &urls, &pair),
        ];
        bad.set_fault(Sample::Catalog, Some(fault.clone()));
        Self { bff: bed::start(seconds(3), &services), bad, good }
    }

    fn run(self, (fault, reason, calls, second): &Row) {
        let before = sockets(&self.ports());
        for (at, calls) in [("/test/v1/critical/p-1", *calls), ("/test/v1/optional/p-1", 2 * calls)]
        {
            let seen = || self.bad.stats(Sample::Catalog).requests_started;
            let earlier = seen();
            self.expect(at, fault, reason);
            assert_eq!(seen() - earlier, calls, "{fault:?} at {at}: calls");
        }
        for (at, service) in
            [("/test/v1/pair/p-1", "pair"), ("/test/v1/optional-pair/p-1", "optional-pair")]
        {
            self.expect_of_two(at, service, fault, reason, *second);
        }
        self.bad.set_fault(Sample::Catalog, None);
        for at in ["/test/v1/critical/p-2", "/test/v1/optional/p-2"] {
            self.expect(at, fault, "");
        }
        self.expect_nothing_left(before, fault);
    }

    /// One page: what it says, and that it comes in time.
    fn expect(&self, at: &str, fault: &Fault, reason: &str) {
        let begun = Instant::now();
        let reply = page(&self.bff, at);
        let (took, text) = (begun.elapsed(), reply.text());
        assert!(took < AT_MOST, "{fault:?} at {at} took {took:?}");
        let fine = if reason.is_empty() { is_good(&reply) } else { is_marked(&reply, reason) };
        assert!(fine, "{fault:?} at {at}: not {reason:?} but {} {text}", reply.status);
        let Fault::Status { retry_after: Some(asked), .. } = fault else { return };
        if at.contains("critical") && !reason.is_empty() {
            let told = reply.header("retry-after").map(str::to_owned);
            assert_eq!(told, Some(asked.min(&120).to_string()), "{fault:?} at {at}");
        }
    }

    fn expect_of_two(&self, at: &str, name: &str, fault: &Fault, reason: &str, second: Second) {
        match second {
            Saves => (0..10).for_each(|_| self.expect(at, fault, "")),
            DoesNotHelp => {
                (0..10).for_each(|_| {
                    let reply = page(&self.bff, at);
                    let expected = is_good(&reply) || is_marked(&reply, reason);
                    assert!(expected, "{fault:?} at {at}: {}", reply.text());
                });
                assert_eq!(count(&self.bff, name, "breaker_opened"), 0, "{fault:?} at {at}");
            }
            TakesOver => {
                let mut good_in_a_row = 0;
                let taken_over = soon(|| {
                    let reply = page(&self.bff, at);
                    let good = is_good(&reply);
                    let text = reply.text();
                    assert!(good || is_marked(&reply, reason), "{fault:?} at {at}: {text}");
                    good_in_a_row = if good { good_in_a_row + 1 } else { 0 };
                    good_in_a_row == 10
                });
                assert!(taken_over, "{fault:?} at {at}: {}", about(&self.bff, name));
            }
        }
    }

    /// No call, place or connection, except those that are kept for the next call; and not even
    /// those without the BFF.
    fn expect_nothing_left(self, before: usize, fault: &Fault) {
        let ports = self.ports();
        assert!(soon(|| busy(&self.bff).is_empty()), "{fault:?}: {:?}", busy(&self.bff));
        // Three services, two calls at the same time, one connection to each of two hosts, two ends.
        let kept = || sockets(&ports) <= before + 3 * 2 * 2 * 2;
        assert!(soon(kept), "{fault:?}: {} sockets, {before} before", sockets(&ports));
        let Self { bff, bad, good } = self;
        drop(bff);
        let open = || [&bad, &good].map(|all| all.stats(Sample::Catalog).connections_open);
        assert!(soon(|| open() == [0, 0]), "{fault:?}: {:?} connections", open());
        assert!(soon(|| sockets(&ports) == 0), "{fault:?}: {} sockets", sockets(&ports));
    }

    fn ports(&self) -> Vec<u16> {
        let of = |services: &SampleServices| {
            let url = services.url(Sample::Catalog);
            url.rsplit(':').next().and_then(|port| port.parse().ok()).unwrap_or_default()
        };
        vec![self.bff.address.port(), of(&self.bad), of(&self.good)]
    }
}

/// The problem of a critical call, or the marks of optional ones: all that failed, and why. What there is
/// none of has no mark.
fn is_marked(reply: &Reply, reason: &str) -> bool {
    if reply.status != 200 {
        let (status, ending) = match reason {
            "INVALID" => (502, reason),
            "NOT_FOUND" => (404, reason),
            "FORBIDDEN" => (403, reason),
            "CONFLICT" => (409, reason),
            _ => (503, "UNAVAILABLE"),
        };
        return (reply.status, reply.code()) == (status, format!("PRODUCT_{ending}"))
            && reply.header("content-type") == Some("application/problem+json")
            && reply.header("retry-after").is_some() == (status == 503);
    }
    if reason == "NOT_FOUND" {
        // That there is none is an answer.
        return reply.at("/meta/degraded") == false
            && reply.header("degraded").is_none()
            && (reply.at("/withFallback/title") == "fallback"
                || reply.at("/omittable") == Json::Null);
    }
    let sections = reply.at("/meta/sections");
    let header = reply.header("degraded").unwrap_or_default();
    let has = |section: &str, filled: &str| {
        let note = bff_testkit::json!({"section": section, "filled": filled, "reason": reason});
        let item = format!("{section};filled={filled};reason={reason}");
        let marked = sections.as_array().is_some_and(|notes| notes.contains(&note));
        assert_eq!(marked, header.split(", ").any(|known| known == item), "{header}: {sections}");
        marked
    };
    let fallback = has("withFallback", "default");
    let absent = has("omittable", "absent");
    (fallback || absent)
        && sections.as_array().map(Vec::len) == Some(usize::from(fallback) + usize::from(absent))
        && reply.at("/meta/degraded") == true
        && (reply.at("/withFallback/title") == "fallback") == fallback
        && (reply.at("/omittable") == Json::Null) == absent
}
