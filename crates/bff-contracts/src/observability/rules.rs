//! Alert rules as values: what each watches, when it fires, and cases that show both.

use super::{
    burn::{FAST, SLOW, burn},
    targets::{FAILING, failures},
};
use bff_core::{Auth, Bff, Criticality, Depends, Endpoint};

/// One alert.
pub(super) struct Rule {
    pub(super) alert: &'static str,
    pub(super) expr: String,
    /// How long it has to be so.
    pub(super) wait: &'static str,
    pub(super) severity: &'static str,
    pub(super) bff: &'static str,
    /// Labels that the rule adds.
    pub(super) labels: Vec<(&'static str, String)>,
    pub(super) summary: String,
    /// The part of the runbook.
    pub(super) runbook: &'static str,
    pub(super) cases: Vec<Case>,
}

/// What is seen, and what comes of it.
pub(super) struct Case {
    pub(super) name: &'static str,
    /// Series and their values, one a minute.
    pub(super) series: Vec<(String, String)>,
    /// When it is looked at.
    pub(super) at: &'static str,
    /// The labels that the alert has from its series, if it fires.
    pub(super) fires: Option<Vec<(&'static str, String)>>,
}

pub(super) const WARNING: &str = "warning";
pub(super) const PAGE: &str = "page";

/// All rules of a BFF.
pub(super) fn of(bff: &Bff) -> Vec<Rule> {
    let stages = bff.first_stages();
    let calls = || {
        let pairs = bff.endpoints.iter().zip(&stages);
        pairs.flat_map(|(endpoint, stage)| stage.iter().map(move |call| (endpoint, call)))
    };
    let example = |criticality| calls().find(|(_, call)| call.criticality == criticality);
    let dependencies = [Criticality::Optional, Criticality::Critical].into_iter();
    let mut rules: Vec<_> = dependencies
        .filter_map(|criticality| Some(dependency(bff.name, criticality, example(criticality)?)))
        .collect();
    for endpoint in &bff.endpoints {
        rules.extend([burn(bff.name, endpoint, &FAST), burn(bff.name, endpoint, &SLOW)]);
    }
    rules.extend([overload(bff.name), gone(bff.name), breaker(bff.name), redis(bff.name)]);
    if bff.auth == Auth::Session {
        rules.push(sessions(bff.name));
    }
    rules
}

/// `name{job="bff-mobile",more}`: a scrape's job is named after the BFF.
pub(super) fn series(name: &str, bff: &str, more: &str) -> String {
    let comma = if more.is_empty() { "" } else { "," };
    format!("{name}{{job=\"bff-{bff}\"{comma}{more}}}")
}

fn dependency(
    bff: &'static str,
    criticality: Criticality,
    (endpoint, call): (&Endpoint, &Depends),
) -> Rule {
    const CALLS: &str = "bff_upstream_calls_total";
    let word = criticality.word();
    let by = "sum by (endpoint, dependency, service)";
    let failed = series(CALLS, bff, &format!("criticality=\"{word}\",outcome=~\"{}\"", failures()));
    let all = series(CALLS, bff, &format!("criticality=\"{word}\",outcome!=\"CANCELLED\""));
    let labels = vec![
        ("endpoint", endpoint.name().to_owned()),
        ("dependency", call.dependency.to_owned()),
        ("service", call.service.to_owned()),
    ];
    let seen = |outcome: &str, values: &str| {
        let labels = labels.iter().map(|(name, value)| format!("{name}=\"{value}\","));
        let labels: String = labels.collect();
        let more = format!("{labels}criticality=\"{word}\",outcome=\"{outcome}\"");
        (series(CALLS, bff, &more), values.to_owned())
    };
    let case = |name, good, bad, at, fires| Case {
        name,
        series: vec![seen("OK", good), seen("TIMEOUT", bad)],
        at,
        fires,
    };
    let (alert, wait, severity, runbook) = match criticality {
        Criticality::Optional => {
            ("BffOptionalDependencyFails", "5m", WARNING, "a-section-is-missing")
        }
        Criticality::Critical => ("BffCriticalDependencyFails", "2m", PAGE, "a-page-fails"),
    };
    Rule {
        alert,
        expr: format!(
            "{by} (rate({failed}[5m]))\n  / {by} (rate({all}[5m]))\n  > {FAILING}\n\
             and {by} (increase({failed}[5m])) >= 2"
        ),
        wait,
        severity,
        bff,
        labels: Vec::new(),
        summary: format!(
            "{bff}: {word} dependency {{{{ $labels.dependency }}}} of {{{{ $labels.endpoint }}}} fails above 5 % (service {{{{ $labels.service }}}})"
        ),
        runbook,
        cases: vec![
            case("one in ten fails", "0+90x30", "0+10x30", "15m", Some(labels.clone())),
            case("three in a hundred fail", "0+97x30", "0+3x30", "15m", None),
            case("a single call fails", "0+1x30", "0x10 1x20", "14m", None),
            case("it is over", "0+90x60", "0+10x20 200x40", "30m", None),
        ],
    }
}

/// A rule about one gauge.
fn gauge(rule: Rule, seen: (String, Vec<(&'static str, String)>), bad: &str, good: &str) -> Rule {
    let (series, labels) = seen;
    let case = |name, values: &str, fires| Case {
        name,
        series: vec![(series.clone(), values.to_owned())],
        at: "20m",
        fires,
    };
    let cases = vec![case("it is so", bad, Some(labels)), case("it is not so", good, None)];
    Rule { cases, ..rule }
}

fn overload(bff: &'static str) -> Rule {
    let name = "bff_overload_level";
    let rule = Rule {
        alert: "BffRefusesRequests",
        expr: format!("max({}) >= 2", series(name, bff, "")),
        wait: "5m",
        severity: PAGE,
        bff,
        labels: Vec::new(),
        summary: format!("{bff}: requests are refused because of overload"),
        runbook: "overload",
        cases: Vec::new(),
    };
    gauge(rule, (series(name, bff, ""), Vec::new()), "2x30", "1x30")
}

fn gone(bff: &'static str) -> Rule {
    let name = "bff_build_info";
    let labels = vec![("job", format!("bff-{bff}"))];
    let case = |name, seen: String, fires| Case {
        name,
        series: vec![(seen, "1x30".to_owned())],
        at: "20m",
        fires,
    };
    Rule {
        alert: "BffGone",
        expr: format!("absent({})", series(name, bff, "")),
        wait: "5m",
        severity: PAGE,
        bff,
        labels: Vec::new(),
        summary: format!("{bff}: no instance tells its metrics"),
        runbook: "no-instance-answers",
        cases: vec![
            case("only another one is there", series(name, "other", ""), Some(labels)),
            case("it is there", series(name, bff, ""), None),
        ],
    }
}

fn breaker(bff: &'static str) -> Rule {
    let name = "bff_upstream_breaker_state";
    let labels = [("service", "any".to_owned()), ("host", "any:80".to_owned())].to_vec();
    let rule = Rule {
        alert: "BffBreakerOpen",
        expr: format!("max by (service, host) (max_over_time({}[1m])) == 2", series(name, bff, "")),
        wait: "5m",
        severity: WARNING,
        bff,
        labels: Vec::new(),
        summary: format!(
            "{bff}: host {{{{ $labels.host }}}} of service {{{{ $labels.service }}}} is left alone because it fails"
        ),
        runbook: "a-breaker-is-open",
        cases: Vec::new(),
    };
    gauge(
        rule,
        (series(name, bff, "service=\"any\",host=\"any:80\""), labels),
        "2x30",
        "0x10 2 0x20",
    )
}

fn redis(bff: &'static str) -> Rule {
    let name = "bff_redis_breaker_open";
    let rule = Rule {
        alert: "BffRedisAway",
        expr: format!(
            "max by (link) (max_over_time({}[1m])) == 1",
            series(name, bff, "link!=\"sessions\"")
        ),
        wait: "5m",
        severity: WARNING,
        bff,
        labels: Vec::new(),
        summary: format!(
            "{bff}: Redis is not asked for {{{{ $labels.link }}}}: it is away or slow"
        ),
        runbook: "redis-is-away",
        cases: Vec::new(),
    };
    let labels = vec![("link", "cache".to_owned())];
    gauge(rule, (series(name, bff, "link=\"cache\""), labels), "1x30", "0x10 1 0x20")
}

/// Pages are whole without a cache; without its session no user gets one.
fn sessions(bff: &'static str) -> Rule {
    let name = "bff_redis_breaker_open";
    let seen = series(name, bff, "link=\"sessions\"");
    let rule = Rule {
        alert: "BffSessionsAway",
        expr: format!("max(max_over_time({seen}[1m])) == 1"),
        wait: "2m",
        severity: PAGE,
        bff,
        labels: Vec::new(),
        summary: format!(
            "{bff}: signed-in users get 503, because the Redis of sessions is away or slow"
        ),
        runbook: "redis-is-away",
        cases: Vec::new(),
    };
    gauge(rule, (seen, Vec::new()), "1x30", "0x18 1 0x12")
}

#[cfg(test)]
mod tests {
    use super::*;
    use bff_core::prelude::*;

    #[derive(View)]
    struct Thing {
        name: String,
    }

    #[test]
    fn every_alert_has_cases_in_which_it_fires_and_in_which_it_does_not() {
        let thing = async |cx: &Cx| -> Result<Thing> {
            let call = |name| Service::named("things").get("things").named::<Thing>(name);
            let calls = (Critical(call("one")), Omittable(call("two")));
            let (thing, _more): (Thing, Option<Thing>) = cx.gather(calls).await?;
            Ok(thing)
        };
        let endpoints = vec![get("/test/v1/things").to(thing)];
        let bff = Bff { name: "test", version: "1", auth: Auth::Session, endpoints };
        let rules = of(&bff);
        assert_eq!(rules.len(), 9);
        for Rule { alert, cases, .. } in rules {
            let fires = |expected| cases.iter().any(|case| case.fires.is_some() == expected);
            assert!(fires(true) && fires(false), "{alert}");
        }
    }
}
