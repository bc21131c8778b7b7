//! Grafana dashboards as JSON: one for each BFF, one for all of them.

use super::targets::{availability, failures};
use bff_core::{Auth, Bff, Depends, Endpoint};
use serde_json::{Value, json};

/// A picture on a dashboard.
struct Panel {
    title: String,
    unit: &'static str,
    /// Queries with their legends.
    lines: Vec<(String, &'static str)>,
}

fn panel(title: impl Into<String>, unit: &'static str, lines: &[(&str, &'static str)]) -> Panel {
    let lines = lines.iter().map(|(query, legend)| ((*query).to_owned(), *legend)).collect();
    Panel { title: title.into(), unit, lines }
}

/// The dashboard of one BFF: a pair of pictures for each endpoint, then what they share.
pub(super) fn of(bff: &Bff) -> Value {
    let stages = bff.first_stages();
    let mut panels = vec![
        panel(
            "Requests by endpoint",
            "reqps",
            &[("sum by (endpoint) (rate(bff_requests_total{JOB}[5m]))", "{{endpoint}}")],
        ),
        panel(
            "Failed requests by endpoint",
            "percentunit",
            &[(
                "sum by (endpoint) (rate(bff_requests_total{JOB,status=~\"5..\"}[5m])) / sum by (endpoint) (rate(bff_requests_total{JOB}[5m]))",
                "{{endpoint}}",
            )],
        ),
    ];
    for (endpoint, stage) in bff.endpoints.iter().zip(&stages) {
        panels.extend(of_endpoint(endpoint, stage));
    }
    panels.extend(shared());
    if bff.auth != Auth::Open {
        panels.push(panel(
            "Refused credentials",
            "ops",
            &[("sum by (reason) (rate(bff_auth_refusals_total{JOB}[5m]))", "{{reason}}")],
        ));
    }
    if bff.auth == Auth::Session {
        panels.push(panel(
            "Sessions",
            "ops",
            &[("sum by (event) (rate(bff_session_events_total{JOB}[5m]))", "{{event}}")],
        ));
    }
    let job = format!("job=\"bff-{}\"", bff.name);
    dashboard(&format!("BFF {}", bff.name), &format!("bff-{}", bff.name), &panels, &job)
}

/// The dashboard of all BFFs.
pub(super) fn fleet() -> Value {
    let panels = [
        panel("Instances", "short", &[("count by (job) (bff_build_info{JOB})", "{{job}}")]),
        panel(
            "Versions",
            "short",
            &[(
                "count by (job, version, revision) (bff_build_info{JOB})",
                "{{job}} {{version}} {{revision}}",
            )],
        ),
        panel(
            "Requests",
            "reqps",
            &[("sum by (job) (rate(bff_requests_total{JOB}[5m]))", "{{job}}")],
        ),
        panel(
            "Failed requests",
            "percentunit",
            &[(
                "sum by (job) (rate(bff_requests_total{JOB,status=~\"5..\"}[5m])) / sum by (job) (rate(bff_requests_total{JOB}[5m]))",
                "{{job}}",
            )],
        ),
        panel(
            "p99 of requests",
            "s",
            &[(
                "histogram_quantile(0.99, sum by (job, le) (rate(bff_request_duration_seconds_bucket{JOB}[5m])))",
                "{{job}}",
            )],
        ),
        panel(
            "Failing calls by service",
            "percentunit",
            &[(
                "sum by (job, service) (rate(bff_upstream_calls_total{JOB,outcome=~\"FAILURES\"}[5m])) / sum by (job, service) (rate(bff_upstream_calls_total{JOB,outcome!=\"CANCELLED\"}[5m]))",
                "{{job}} {{service}}",
            )],
        ),
        panel(
            "Degraded sections",
            "ops",
            &[(
                "sum by (job, section, criticality) (rate(bff_degraded_sections_total{JOB}[5m]))",
                "{{job}} {{section}} ({{criticality}})",
            )],
        ),
        panel("Overload level", "short", &[("max by (job) (bff_overload_level{JOB})", "{{job}}")]),
        panel(
            "Bytes read for each byte sent",
            "short",
            &[(
                "sum by (job) (rate(bff_upstream_read_bytes_total{JOB}[5m])) / sum by (job) (rate(bff_sent_bytes_total{JOB}[5m]))",
                "{{job}}",
            )],
        ),
        panel(
            "Open breakers",
            "short",
            &[(
                "sum by (job, service) (bff_upstream_breaker_state{JOB} == bool 2)",
                "{{job}} {{service}}",
            )],
        ),
    ];
    dashboard("BFFs", "bff-fleet", &panels, "job=~\"bff-.+\"")
}

fn of_endpoint(endpoint: &Endpoint, stage: &[Depends]) -> [Panel; 2] {
    let name = endpoint.name();
    let own = |query: &str| query.replace("OWN", &format!("endpoint=\"{name}\""));
    let words = stage.iter().map(|d| format!("{} {}", d.criticality.word(), d.dependency));
    let words = words.collect::<Vec<_>>().join(", ");
    let quantile = |of: &str| {
        own(&format!(
            "histogram_quantile({of}, sum by (le) (rate(bff_request_duration_seconds_bucket{{JOB,OWN}}[5m])))"
        ))
    };
    let budget = format!("vector({})", endpoint.budget().as_secs_f64());
    let calls = own(
        "sum by (dependency, criticality) (rate(bff_upstream_calls_total{JOB,OWN,outcome=~\"FAILURES\"}[5m])) / sum by (dependency, criticality) (rate(bff_upstream_calls_total{JOB,OWN,outcome!=\"CANCELLED\"}[5m]))",
    );
    let target = availability(endpoint) * 100.0;
    [
        panel(
            format!("{name}: duration ({} {})", endpoint.method().name(), endpoint.path()),
            "s",
            &[
                (&quantile("0.5"), "p50"),
                (&quantile("0.95"), "p95"),
                (&quantile("0.99"), "p99"),
                (&budget, "budget"),
            ],
        ),
        panel(
            format!("{name}: failing calls; target {target:.2} %; {words}"),
            "percentunit",
            &[(&calls, "{{criticality}} {{dependency}}")],
        ),
    ]
}

fn shared() -> Vec<Panel> {
    vec![
        panel(
            "p99 of calls",
            "s",
            &[(
                "histogram_quantile(0.99, sum by (endpoint, dependency, le) (rate(bff_upstream_call_duration_seconds_bucket{JOB}[5m])))",
                "{{endpoint}} {{dependency}}",
            )],
        ),
        panel(
            "Degraded sections",
            "ops",
            &[(
                "sum by (endpoint, section, criticality, reason) (rate(bff_degraded_sections_total{JOB}[5m]))",
                "{{endpoint}} {{section}} ({{criticality}}, {{reason}})",
            )],
        ),
        panel(
            "Retries, hedges, breakers, refusals",
            "ops",
            &[(
                "sum by (service, event) (rate(bff_upstream_events_total{JOB,event!=\"attempt\"}[5m])) > 0",
                "{{service}} {{event}}",
            )],
        ),
        panel(
            "Breakers: 0 closed, 1 half open, 2 open",
            "short",
            &[("max by (service, host) (bff_upstream_breaker_state{JOB})", "{{service}} {{host}}")],
        ),
        panel(
            "Calls in flight against their limit",
            "percentunit",
            &[(
                "max by (service) (bff_upstream_in_flight{JOB} / bff_upstream_limit{JOB})",
                "{{service}}",
            )],
        ),
        panel(
            "Cache by tier",
            "ops",
            &[(
                "sum by (entity, tier, outcome) (rate(bff_cache_lookups_total{JOB}[5m]))",
                "{{entity}} {{tier}} {{outcome}}",
            )],
        ),
        panel(
            "Bytes read and sent",
            "Bps",
            &[
                ("sum(rate(bff_upstream_read_bytes_total{JOB}[5m]))", "read"),
                ("sum(rate(bff_sent_bytes_total{JOB}[5m]))", "sent"),
            ],
        ),
        panel(
            "Rate limits",
            "ops",
            &[("sum by (event) (rate(bff_limit_events_total{JOB}[5m]))", "{{event}}")],
        ),
        panel(
            "Redis",
            "ops",
            &[
                (
                    "sum by (link, event) (rate(bff_redis_events_total{JOB}[5m])) > 0",
                    "{{link}} {{event}}",
                ),
                ("max by (link) (bff_redis_breaker_open{JOB})", "{{link}} not asked"),
            ],
        ),
        panel(
            "Overload level and loop lag",
            "short",
            &[
                ("max(bff_overload_level{JOB})", "level"),
                ("max(bff_event_loop_lag_seconds{JOB})", "lag, s"),
            ],
        ),
    ]
}

fn dashboard(title: &str, uid: &str, panels: &[Panel], job: &str) -> Value {
    let failures = failures();
    let source = json!({ "type": "prometheus", "uid": "${datasource}" });
    let panels = panels.iter().enumerate().map(|(place, Panel { title, unit, lines })| {
        let targets = lines.iter().zip('A'..).map(|((query, legend), name)| {
            let query = query.replace("JOB", job).replace("FAILURES", &failures);
            // Exemplars lead from a slow bucket to its trace.
            let exemplar = query.contains("bff_request_duration_seconds_bucket");
            json!({ "refId": name, "expr": query, "legendFormat": legend, "exemplar": exemplar, "datasource": source })
        });
        json!({
            "id": place + 1,
            "type": "timeseries",
            "title": title,
            "datasource": source,
            "gridPos": { "h": 8, "w": 12, "x": place % 2 * 12, "y": place / 2 * 8 },
            "fieldConfig": { "defaults": { "unit": unit, "min": 0 }, "overrides": [] },
            "targets": targets.collect::<Vec<_>>(),
        })
    });
    json!({
        "uid": uid,
        "title": title,
        "tags": ["bff"],
        "schemaVersion": 39,
        "time": { "from": "now-3h", "to": "now" },
        "refresh": "30s",
        "templating": { "list": [{ "name": "datasource", "type": "datasource", "query": "prometheus" }] },
        "panels": panels.collect::<Vec<_>>(),
    })
}
