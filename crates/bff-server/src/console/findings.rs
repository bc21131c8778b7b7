//! What is wrong, in sentences, and where to look.

use super::{
    picture::{Dependency, EndpointPicture, Picture},
    verdict::Verdict,
};
use crate::overload::Level;
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
        findings.push(Finding {
            verdict: Verdict::Degraded,
            what: format!("Redis is not asked for {link}: it is away or slow"),
            look_at: "the Redis server; pages go on without it".to_owned(),
        });
    }
    picture.endpoints.iter().for_each(|endpoint| of_endpoint(endpoint, &mut findings));
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.verdict));
    findings
}

fn of_process(picture: &Picture) -> Vec<(Verdict, &'static str, &'static str)> {
    let mut all = Vec::new();
    if !picture.ready {
        let what = "not ready: the gateway sends no new requests";
        all.push((Verdict::Failing, what, "starting, draining or overloaded: see the level above"));
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

fn of_endpoint(endpoint: &EndpointPicture, findings: &mut Vec<Finding>) {
    let trouble = endpoint.dependencies.iter().filter(|known| known.verdict > Verdict::Ok);
    for Dependency { name, service, criticality, verdict, numbers, breaker, .. } in trouble {
        let percent = numbers.error_percent.unwrap_or_default();
        findings.push(Finding {
            verdict: *verdict,
            what: format!("{}: {criticality} `{name}` fails {percent:.0}\u{a0}%", endpoint.name),
            look_at: format!(
                "service {service}, breaker {breaker}; log lines `call failed` with service={service}"
            ),
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
