//! Error budgets, endpoint by endpoint.
//!
//! They burn by two windows, a long one to be sure and a short one to end soon (Beyer et al., The Site
//! Reliability Workbook, chapter 5).

use super::{
    rules::{Case, PAGE, Rule, WARNING, series},
    targets::availability,
};
use bff_core::Endpoint;

/// How fast an error budget is spent.
pub(super) struct Burn {
    alert: &'static str,
    /// Times the rate that spends the budget in a month.
    factor: f64,
    short: &'static str,
    long: &'static str,
    severity: &'static str,
    /// When the long window is full.
    at: &'static str,
    text: &'static str,
}

pub(super) const FAST: Burn = Burn {
    alert: "BffErrorBudgetBurnsFast",
    factor: 14.4,
    short: "5m",
    long: "1h",
    severity: PAGE,
    at: "70m",
    text: "a month's error budget in two days",
};

pub(super) const SLOW: Burn = Burn {
    alert: "BffErrorBudgetBurnsSlowly",
    factor: 6.0,
    short: "30m",
    long: "6h",
    severity: WARNING,
    at: "375m",
    text: "a month's error budget in five days",
};

/// The alert about one endpoint's budget.
pub(super) fn burn(bff: &'static str, endpoint: &Endpoint, burn: &Burn) -> Rule {
    const REQUESTS: &str = "bff_requests_total";
    let Burn { alert, factor, short, long, severity, at, text } = *burn;
    let (name, target) = (endpoint.name(), availability(endpoint));
    let own = format!("endpoint=\"{name}\"");
    let all = series(REQUESTS, bff, &own);
    let failed = series(REQUESTS, bff, &format!("{own},status=~\"5..\""));
    let budget = 1.0 - target;
    let too_much = format!("{:.5}", factor * budget);
    let ratio = |window: &str| {
        format!("sum(rate({failed}[{window}])) / sum(rate({all}[{window}])) > {too_much}")
    };
    // Of ten thousand requests a minute; whole numbers, because counters have these.
    let case = |name, part: f64, fires: bool| {
        let bad = (10_000.0 * part).round();
        let seen = |status: &str, count: f64| {
            let more = format!("{own},status=\"{status}\"");
            (series(REQUESTS, bff, &more), format!("0+{count}x400"))
        };
        let series = vec![seen("200", 10_000.0 - bad), seen("503", bad)];
        Case { name, series, at, fires: fires.then(Vec::new) }
    };
    let few = |status: &str, values: &str| {
        (series(REQUESTS, bff, &format!("{own},status=\"{status}\"")), values.to_owned())
    };
    let single = vec![few("200", "0+1x400"), few("503", "0x66 1x330")];
    Rule {
        alert,
        expr: format!(
            "{}\nand {}\nand sum(increase({failed}[{long}])) >= 5",
            ratio(short),
            ratio(long)
        ),
        wait: "2m",
        severity,
        bff,
        labels: vec![("endpoint", name.to_owned())],
        summary: format!(
            "{bff}: {name} spends {text}; its target is {} %",
            (target * 1e5).round() / 1e3
        ),
        runbook: "a-page-fails",
        cases: vec![
            case("it burns at this rate and more", factor * budget * 1.3, true),
            case("it burns at a third of this rate", factor * budget / 3.0, false),
            Case { name: "a single request fails", series: single, at, fires: None },
        ],
    }
}
