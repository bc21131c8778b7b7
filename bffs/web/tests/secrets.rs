//! A whole session with the binary: no token, code or cookie in its log, traces or metrics.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]
#![allow(clippy::disallowed_types, reason = "what a log line says is nobody's view")]

use bff_testkit::{
    Browser, Collector, SampleServices, Service, idp::IdentityProvider, json, log_line,
};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

fn holds(text: &[u8], secret: &str) -> bool {
    text.windows(secret.len()).any(|window| window == secret.as_bytes())
}

#[test]
fn no_token_code_or_cookie_of_a_whole_session_is_logged_or_sent_to_a_collector() {
    let (services, idp) = (SampleServices::start().unwrap(), IdentityProvider::start().unwrap());
    let collector = Collector::start().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_bff-web"));
    command
        .env_clear()
        .env("BFF_CONFIG_DIR", Path::new(env!("CARGO_MANIFEST_DIR")).join("config"))
        .env("BFF__SERVER__LISTEN", "127.0.0.1:0")
        .env("BFF__SERVER__DRAIN_DELAY", "0s")
        .env("BFF__ADMIN__LISTEN", "127.0.0.1:0")
        .env("BFF__LOGS__LEVEL", "debug")
        .env("BFF__TRACES__OTLP_ENDPOINT", collector.url("traces"))
        .env("BFF__METRICS__OTLP_ENDPOINT", collector.url("metrics"))
        .env("BFF__TRACES__SAMPLE_RATIO", "1.0")
        .env("BFF__SESSION__ISSUER", idp.url())
        .env("BFF__SESSION__CLIENT_SECRET", bff_testkit::idp::DEMO_SECRET)
        .env("BFF__SESSION__PUBLIC_URL", "http://127.0.0.1:8082")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for service in Service::ALL.into_iter().filter(|service| *service != Service::Recommendations) {
        let key = format!("BFF__SERVICES__{}", service.name().to_uppercase());
        command
            .env(format!("{key}__URL"), services.url(service))
            .env(format!("{key}__TIMEOUT"), "5s");
    }
    let mut child = command.spawn().expect("it starts");
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut log = String::new();
    let site: SocketAddr = loop {
        let from = log.len();
        assert!(output.read_line(&mut log).unwrap() > 0, "it ends: {log}");
        let line: bff_testkit::Json = log.get(from..).unwrap_or_default().parse().unwrap();
        if line.pointer("/message") == Some(&json!("ready")) {
            break line.pointer("/address").and_then(|text| text.as_str()?.parse().ok()).unwrap();
        }
    };
    let rest = thread::spawn(move || {
        let mut rest = String::new();
        output.read_to_string(&mut rest).map(|_| rest)
    });

    // Each access token is over at once, so that each request renews it.
    idp.set_access_token_lifetime(Duration::ZERO);
    let mut browser = Browser::new();
    let callback = browser.sign_in_at(site, &idp, "/bff/login", "u-4711");
    assert_eq!(browser.go(site, &callback).status, 303);
    let session = browser.cookies(site).into_values().next().unwrap();
    for target in ["/web/v1/me", "/web/v1/orders", "/bff/user", "/web/v1/products/p-1"] {
        assert_eq!(browser.fetch(site, target).status, 200, "{target}");
    }
    assert!(idp.refreshes() >= 3);
    let write = [("x-csrf", "1"), ("content-type", "application/json"), ("idempotency-key", "k-1")];
    let item = json!({ "productId": "p-1", "units": 2 }).to_string();
    assert_eq!(browser.send(site, "POST", "/web/v1/cart/items", &write, &item).status, 200);
    let user = browser.fetch(site, "/bff/user");
    let logout = user.at("/logoutUrl").as_str().unwrap().to_owned();
    assert_eq!(browser.go(site, &logout).status, 303);
    assert_eq!(browser.fetch(site, "/web/v1/me").status, 401);
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert!(child.wait().unwrap().success());
    log += &rest.join().unwrap().unwrap();
    let unreadable = log.lines().filter_map(|line| log_line(line).err());
    assert_eq!(unreadable.collect::<Vec<_>>(), [""; 0]);

    let value = |name: &str| {
        let (_, after) = callback.split_once(&format!("{name}=")).unwrap();
        after.split('&').next().unwrap().to_owned()
    };
    let key = logout.rsplit('=').next().unwrap().to_owned();
    assert!(log.matches(r#""action":"refresh""#).count() >= 3, "the log tells a lot: {log}");
    let sent: Vec<u8> = collector.exports().into_iter().flat_map(|export| export.body).collect();
    assert!(!collector.spans().is_empty() && !collector.metrics().is_empty());
    assert!(holds(&sent, "userProfile"), "telemetry tells a lot");
    let secrets =
        ["eyJ", "u-4711", "user4711@example.com", &session, &key, &value("code"), &value("state")];
    for secret in secrets.into_iter().chain([bff_testkit::idp::DEMO_SECRET]) {
        assert!(!log.contains(secret), "`{secret}` is in the log: {log}");
        assert!(!holds(&sent, secret), "`{secret}` is in traces or metrics");
    }
}
