//! Rules and their tests in the files that Prometheus and promtool read.

use super::rules::{Case, Rule};
use std::fmt::Write;

const HEAD: &str = "# Written by `make observability` from the endpoint table; do not edit.\n";

pub(super) fn rules(bff: &str, rules: &[Rule]) -> String {
    let mut out = format!("{HEAD}groups:\n  - name: bff-{bff}\n    rules:\n");
    for rule in rules {
        let _ = writeln!(out, "      - alert: {}\n        expr: |", rule.alert);
        for line in rule.expr.lines() {
            let _ = writeln!(out, "          {line}");
        }
        let _ = writeln!(out, "        for: {}\n        labels:", rule.wait);
        members(&mut out, 10, &labels_of(rule));
        out.push_str("        annotations:\n");
        members(&mut out, 10, &annotations_of(rule));
    }
    out
}

pub(super) fn tests(rules: &[Rule]) -> String {
    let mut out = format!("{HEAD}rule_files: [rules.yml]\nevaluation_interval: 1m\ntests:\n");
    for rule in rules {
        for case in &rule.cases {
            test(&mut out, rule, case);
        }
    }
    out
}

fn test(out: &mut String, rule: &Rule, case: &Case) {
    let own = rule.labels.iter().map(|(_, value)| format!(" ({value})"));
    let own: String = own.collect();
    let name = quoted(&format!("{}{own}: {}", rule.alert, case.name));
    let _ = writeln!(out, "  - name: {name}\n    interval: 1m\n    input_series:");
    for (series, values) in &case.series {
        let (series, values) = (quoted(series), quoted(values));
        let _ = writeln!(out, "      - series: {series}\n        values: {values}");
    }
    let (alert, at) = (rule.alert, case.at);
    let _ = write!(
        out,
        "    alert_rule_test:\n      - eval_time: {at}\n        alertname: {alert}\n        exp_alerts:"
    );
    let Some(fires) = &case.fires else {
        out.push_str(" []\n");
        return;
    };
    out.push_str("\n          - exp_labels:\n");
    let mut labels = labels_of(rule);
    labels.extend(fires.iter().cloned());
    members(out, 14, &labels);
    out.push_str("            exp_annotations:\n");
    let filled = annotations_of(rule).into_iter().map(|(name, text)| {
        let fill = |text: String, (label, value): &(&str, String)| {
            text.replace(&format!("{{{{ $labels.{label} }}}}"), value)
        };
        (name, fires.iter().fold(text, fill))
    });
    members(out, 14, &filled.collect::<Vec<_>>());
}

fn labels_of(rule: &Rule) -> Vec<(&'static str, String)> {
    let mut labels = vec![("severity", rule.severity.to_owned()), ("bff", rule.bff.to_owned())];
    labels.extend(rule.labels.iter().cloned());
    labels
}

fn annotations_of(rule: &Rule) -> Vec<(&'static str, String)> {
    let runbook = format!("docs/runbook.md#{}", rule.runbook);
    vec![("summary", rule.summary.clone()), ("runbook", runbook)]
}

fn members(out: &mut String, indent: usize, members: &[(&'static str, String)]) {
    for (name, value) in members {
        let _ = writeln!(out, "{:indent$}{name}: {}", "", quoted(value));
    }
}

/// In single quotes nothing but the quote itself means anything.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
