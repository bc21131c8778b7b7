//! What is wrong, in sentences, and where to look.

use super::{
    picture::{Dependency, EndpointPicture, Picture, Went},
    verdict::Verdict,
};
use bff_limits::overload::Level;
use serde::Serialize;

/// One thing that is wrong.
#[derive(Debug, Serialize)]
pub(crate) struct Finding {
    pub(crate) verdict: Verdict,
    pub(crate) what: String,
    pub(crate) look_at: String,
}

/// All that is wrong, the worst first.
pub(super) fn of(picture: &Picture) -> Vec<Finding> {
    let mut findings: Vec<_> = of_process(picture)
        .into_iter()
        .map(|(verdict, what, look_at)| Finding {
            verdict,
            what: what.to_owned(),
            look_at: look_at.to_owned(),
        })
        .collect();
    for link in &picture.redis_away {
        let (verdict, look_at) = match *link {
            "sessions" => (Verdict::Failing, "the Redis server; signed-in users get 503 meanwhile"),
            _ => (Verdict::Degraded, "the Redis server; pages go on without it"),
        };
        let what = format!("Redis is not asked for {link}: it is away or slow");
        findings.push(Finding { verdict, what, look_at: look_at.to_owned() });
    }
    for endpoint in &picture.endpoints {
        of_endpoint(endpoint, &picture.degradations, &mut findings);
    }
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.verdict));
    findings
}

fn of_process(picture: &Picture) -> Vec<(Verdict, &'static str, &'static str)> {
    let mut all = Vec::new();
    if !picture.ready {
        let what = "not ready: the gateway sends no new requests";
        all.push((Verdict::Failing, what, "starting, draining or overloaded: see its level"));
    }
    let load = "more instances, or what makes pages slow";
    match picture.overload.level {
        Level::Calm => {}
        Level::Brownout => {
            all.push((Verdict::Degraded, "overload: optional calls are left out", load));
        }
        Level::Shedding | Level::Unready => {
            all.push((Verdict::Failing, "overload: requests are refused", load));
        }
    }
    all
}

/// `degradations` say for what reason, the newest first.
fn of_endpoint(endpoint: &EndpointPicture, degradations: &[Went], findings: &mut Vec<Finding>) {
    let trouble = endpoint.dependencies.iter().filter(|known| known.verdict > Verdict::Ok);
    for Dependency { name, service, criticality, verdict, numbers, breaker, .. } in trouble {
        let percent = numbers.error_percent.unwrap_or_default();
        let is_it = |went: &&Went| went.endpoint == endpoint.name && went.section == *name;
        let reason = degradations.iter().find(is_it);
        let reason = reason.map(|went| format!(", {}", went.reason)).unwrap_or_default();
        findings.push(Finding {
            verdict: *verdict,
            what: format!(
                "{}: {criticality} `{name}` fails {percent:.0}\u{a0}%{reason}",
                endpoint.name
            ),
            look_at: look_at(service, breaker),
        });
    }
    let by_itself = endpoint.dependencies.iter().all(|known| known.verdict < Verdict::Failing);
    if endpoint.verdict == Verdict::Failing && by_itself {
        let percent = endpoint.numbers.error_percent.unwrap_or_default();
        findings.push(Finding {
            verdict: Verdict::Failing,
            what: format!("{}: {percent:.0}\u{a0}% of requests fail", endpoint.name),
            look_at: "log lines `request` and `panicked` of this endpoint".to_owned(),
        });
    }
}

/// Calls that a breaker keeps back have no log line of their own.
fn look_at(service: &str, breaker: &str) -> String {
    let line = if breaker == "open" { "breaker opened" } else { "call failed" };
    format!("service {service}, breaker {breaker}; log lines `{line}` with service={service}")
}
