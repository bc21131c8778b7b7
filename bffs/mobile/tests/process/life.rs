//! From start to end: ports, readiness, draining, and starts that fail.

use crate::running::{HOME, PRODUCT, Running, command, slow_home};
use bff_testkit::{Fault, Service};
use rustix::process::Signal;
use std::{fs, net::TcpStream};

const LATE: Fault = Fault::Delay { millis: 150 };

#[test]
fn health_and_metrics_are_on_the_admin_port_only() {
    let bff = Running::start(&[]);
    for (target, word) in [
        ("/livez", "alive"),
        ("/readyz", "ready"),
        ("/startupz", "started"),
        ("/metrics", "# EOF"),
        ("/console", "mobile"),
    ] {
        let inside = bff.ask_admin(target);
        assert_eq!(inside.status, 200, "{target}");
        assert!(inside.text().contains(word), "{target}: {}", inside.text());
        let outside = bff.get(target, &[]);
        assert_eq!((outside.status, outside.code().as_str()), (404, "NO_SUCH_ROUTE"), "{target}");
    }
    for target in [HOME, PRODUCT, "/debug"] {
        assert_eq!(bff.ask_admin(target).status, 404, "{target}");
    }
}

#[test]
fn a_page_under_way_is_finished_before_the_process_ends() {
    for signal in [Signal::TERM, Signal::INT] {
        let bff = Running::start(&[]);
        let page = slow_home(&bff, LATE);
        bff.signal(signal);
        assert_eq!(page.join().unwrap(), 200, "{signal:?}");
        let (address, admin) = (bff.address, bff.admin);
        let (status, output, errors) = bff.end();
        assert_eq!((status.code(), errors.as_str()), (Some(0), ""), "{signal:?}: {output}");
        assert!(output.contains(r#""message":"stopped""#), "{output}");
        for closed in [address, admin] {
            assert!(TcpStream::connect(closed).is_err(), "{signal:?}: {closed} is still open");
        }
    }
}

#[test]
fn while_it_drains_it_is_alive_and_answers_but_is_not_ready() {
    let bff = Running::start(&[("BFF__SERVER__DRAIN_DELAY", "3s")]);
    // An idle connection, as a gateway keeps them, must not hold the process up.
    let _idle = TcpStream::connect(bff.address).unwrap();
    let page = slow_home(&bff, LATE);
    bff.signal(Signal::TERM);
    assert!(bff.eventually(|bff| bff.ask_admin("/readyz").status == 503), "still ready");
    assert_eq!(bff.ask_admin("/readyz").text(), "not ready");
    assert_eq!((bff.ask_admin("/livez").status, bff.ask_admin("/startupz").status), (200, 200));
    bff.services.set_fault(Service::Users, None);
    assert_eq!(bff.get(HOME, &[]).status, 200, "a gateway may not have noticed yet");
    assert_eq!(page.join().unwrap(), 200);
    assert_eq!(bff.end().0.code(), Some(0));
}

/// A start that has to fail: everything that `expected` lists stands in standard error, and nothing on standard output.
#[expect(clippy::unwrap_used, reason = "a binary that cannot be run has nothing to say")]
fn check(what: &str, variables: &[(&str, &str)], expected: &[&str]) {
    let ended = command().envs(variables.iter().copied()).output().unwrap();
    let (output, errors) =
        (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert_eq!((ended.status.code(), &*output), (Some(1), ""), "{what}: {errors}");
    assert!(errors.starts_with("bff-mobile: ") && errors.lines().count() == 1, "{what}: {errors}");
    for part in expected {
        assert!(errors.contains(part), "{what}: `{part}` is not in {errors}");
    }
}

#[test]
fn a_bad_configuration_ends_the_start_and_names_key_and_source() {
    let environment = "environment";
    check("value", &[("BFF__SERVER__MAX_HEADERS", "many")], &["server.max_headers", environment]);
    check("typo", &[("BFF__SERVER__MAX_HEADER", "7")], &["max_header", environment]);
    check("range", &[("BFF__SERVER__HEAD_TIMEOUT", "0s")], &["server.head_timeout", "1s"]);
    check(
        "directory",
        &[("BFF_CONFIG_DIR", "/nowhere")],
        &["/nowhere/base.toml", "BFF_CONFIG_DIR"],
    );
    let unit = ["server.head_timeout", "5s", environment];
    check("unit", &[("BFF__SERVER__HEAD_TIMEOUT", "5")], &unit);
    check("list", &[("BFF__SERVER__TRUSTED_PROXIES", "10.0.0.0/8")], &["trusted_proxies", "file"]);
    check("port", &[("BFF__SERVER__LISTEN", "8081")], &["server.listen", "0.0.0.0:"]);
    check("name", &[("BFF_SERVER__LISTEN", "127.0.0.1:0")], &["BFF__SERVER__LISTEN", "not read"]);
    check("level", &[("BFF__LOGS__LEVEL", "loud")], &["logs.level", environment]);
    let certificate = [
        ("BFF__SERVICES__USERS__URL", "https://users"),
        ("BFF__SERVICES__USERS__CA_FILE", "/nowhere.pem"),
    ];
    check("certificate", &certificate, &["services.users.ca_file", "/nowhere.pem", environment]);
    check("layer", &[("BFF_ENV", "moon")], &["moon.toml", "BFF_ENV"]);
    check(
        "bff",
        &[("BFF__SERVICES__USERS__URL", "http://web-bff")],
        &["services.users.url", "web-bff"],
    );
    check(
        "keys",
        &[("BFF__ISSUERS__MAIN__KEYS__FILE", "/nowhere")],
        &["issuers.main.keys.file", "/nowhere"],
    );

    let directory = std::env::temp_dir().join(format!("bff-process-{}-bad", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    let file = directory.join("base.toml");
    let shipped =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/config/base.toml")).unwrap();
    let (directory, path) = (directory.to_str().unwrap(), file.to_str().unwrap());
    for (what, line, key) in [
        ("unknown", "prot = 1", "server.prot"),
        ("type", "max_headers = \"many\"", "server.max_headers"),
    ] {
        fs::write(&file, shipped.replace("[server]\n", &format!("[server]\n{line}\n"))).unwrap();
        check(what, &[("BFF_CONFIG_DIR", directory)], &[key, path]);
    }
}
