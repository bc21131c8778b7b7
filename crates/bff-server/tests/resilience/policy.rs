//! What the admin port tells about policies: every knob, in effect, and no secret.

use crate::bed::{self, admin, page, policy, service};
use bff_core::prelude::*;
use bff_testkit::{Json, SampleServices, Service as Sample, http, json};

/// What `[services.main]` below and the defaults make together.
fn expected(url: &str) -> Json {
    json!({
        "url": [format!("{url}/")],
        "connect_timeout": "5s",
        "timeout": "1s 500ms",
        "keep_alive": "4s",
        "max_connections": 1024,
        "body_limit_bytes": 2_097_152,
        "compression": true,
        "ca_file": null,
        "client_certificate_file": null,
        "client_key_file": null,
        "credential": "main",
        "identity": null,
        "retry": {
            "times": 1, "backoff": "10ms", "budget_percent": 20.0, "budget_per_second": 3.0
        },
        "hedge": { "percentile": 99.0, "at_least": "10ms" },
        "breaker": {
            "window": "10s", "min_calls": 20, "min_success_percent": 50.0,
            "open": "250ms", "open_at_most": "5s", "probes": 3
        },
        "concurrency": { "initial": 100, "min": 20, "max": 64, "waiting": 100 },
        "resolve_every": "5s",
        "slow_start": "10s"
    })
}

#[test]
fn every_knob_is_told_with_its_effective_value_and_no_secret() {
    let sample = SampleServices::start().unwrap();
    let url = sample.url(Sample::Catalog);
    let more = "timeout = \"1500ms\"\ncompression = true\nretry.times = 1\nhedge.percentile = 99.0\n\
                breaker.open = \"250ms\"\nconcurrency.max = 64\n\
                credential = \"main\"\n\
                [credentials.main]\nkind = \"static_key\"\nheader = \"X-Api-Key\"\nsecret = \"hunter2\"";
    let main = service("main", std::slice::from_ref(&url), more);
    let bff = bed::start_under(seconds(3), &[main], "shed_lag = \"70ms\"");
    assert_eq!(page(&bff, "/test/v1/critical/p-1").status, 200);
    let sent = sample.stats(Sample::Catalog).last_headers;
    assert!(sent.iter().any(|(_, value)| value == "hunter2"), "the service gets it");

    let all = policy(&bff);
    assert_eq!(all["services"][0]["policy"], expected(&url), "{all}");
    let overload = json!({
        "max_in_flight": 1024, "brownout_lag": "20ms", "shed_lag": "70ms",
        "unready_after": "5s", "calm": "1s"
    });
    assert_eq!(all["overload"], overload);
    assert_eq!(all["services"][0]["hosts"][0]["breaker"], "closed");
    assert_eq!(all["workers"][0]["level"], "calm");
    for path in ["/policy", "/metrics", "/livez", "/readyz", "/startupz"] {
        let reply = http::send(bff.admin_address, "GET", path, &[]).unwrap();
        assert!(!reply.text().contains("hunter2"), "{path}");
    }
    assert_eq!(page(&bff, "/policy").status, 404, "nobody outside is told");
    assert_eq!(admin(&bff, "/policy"), 200);
}
