//! From `new-bff` to a BFF that is green, served and gone again, with the times; no file is edited in between.
//!
//! `make scaffold-test` runs this, in the workspace itself: a copy would have to be built from nothing, because what is
//! built for one place has its paths in it. Whatever happens, the BFF is removed in the end.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use bff_fixtures::{Issuer, http, redis::eventually};
use bff_neighbours::{SampleServices, Service};
use std::{
    io::Write,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Instant,
};

/// The workspace, and when the first command was given. Dropping it removes the BFF if it is still there.
struct Whole {
    begun: Instant,
}

impl Whole {
    /// Runs a command to its good end, and says how long it took and what has passed since the first one.
    fn step(&self, line: &str) {
        let (mut words, begun) = (line.split(' '), Instant::now());
        let mut command = Command::new(words.next().unwrap());
        said(command.args(words));
        self.say(line, begun);
    }

    /// Past the test's own output, which is shown only when it fails.
    fn say(&self, what: &str, begun: Instant) {
        let (took, since) = (begun.elapsed().as_secs_f64(), self.begun.elapsed().as_secs_f64());
        let mut terminal = std::io::stderr();
        writeln!(terminal, "{took:7.1} s {since:7.1} s  {what}").unwrap();
    }
}

impl Drop for Whole {
    fn drop(&mut self) {
        if thread::panicking() {
            let words = ["remove-bff", "trial-tv", "--force"].map(str::to_owned);
            let _may_be_gone = xtask::scaffold::run(&words, &root());
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

/// What a program wrote; the test ends when it fails.
fn said(command: &mut Command) -> String {
    let output = command.current_dir(root()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{command:?}:\n{out}{err}");
    out
}

/// Everything that is not committed, to the letter.
fn uncommitted() -> String {
    let git = |words: &[&str]| said(Command::new("git").args(words));
    git(&["status", "--porcelain", "--untracked-files=all"]) + &git(&["diff", "HEAD"])
}

#[test]
fn a_new_bff_is_green_and_served_at_once_and_gone_again() {
    let taken = root().join("bffs/trial-tv");
    assert!(!taken.exists(), "{} is left: cargo xtask remove-bff trial-tv", taken.display());
    let before = uncommitted();
    // What whoever works here has built already.
    said(Command::new("cargo").args(["test", "--quiet", "--package", "bff-mobile", "--no-run"]));
    said(Command::new("cargo").args(["build", "--quiet", "--package", "xtask"]));

    let whole = Whole { begun: Instant::now() };
    whole.step("cargo xtask new-bff trial-tv");
    whole.step("cargo test --quiet --locked --package bff-trial-tv");
    whole.step("cargo build --quiet --locked --package bff-trial-tv");
    let begun = Instant::now();
    is_served();
    whole.say("GET /trial-tv/v1/home through the gateway: 200", begun);
    whole.step("cargo fmt --all -- --check");
    whole.step("cargo clippy --quiet --locked --package bff-trial-tv --all-targets -- -D warnings");
    whole.step("cargo xtask audit");
    whole.step("cargo test --quiet --locked --package xtask");
    whole.step("cargo test --quiet --locked --package bff-testkit --test architecture");
    whole.step("make alerts-check");
    whole.step("make deploy-check");

    whole.step("cargo xtask new-endpoint trial-tv rows");
    whole.step("cargo test --quiet --locked --package bff-trial-tv");
    whole.step("cargo xtask audit");
    whole.step("cargo xtask remove-endpoint trial-tv rows");
    whole.step("cargo xtask remove-bff trial-tv");
    assert_eq!(uncommitted(), before, "something is left");
}

/// Starts the binary with its own configuration, sample services behind it and the gateway before it, and
/// asks it as a client would.
fn is_served() {
    let services = SampleServices::start().unwrap();
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let keys = Issuer::shared().write_jwks(scratch).unwrap();
    let [address, admin, gateway] = [(); 3].map(|()| free_address());
    let mut bff = Command::new(scratch.parent().unwrap().join("debug/bff-trial-tv"));
    bff.env_clear()
        .env("BFF_CONFIG_DIR", root().join("bffs/trial-tv/config"))
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    bff.env("BFF__SERVER__LISTEN", address.to_string())
        .env("BFF__ADMIN__LISTEN", admin.to_string());
    bff.env("BFF__SERVER__DRAIN_DELAY", "0s")
        .env("BFF__ISSUERS__MAIN__ISSUER", Issuer::shared().issuer());
    bff.env("BFF__ISSUERS__MAIN__KEYS__FILE", keys);
    for service in [Service::Users, Service::Recommendations] {
        let name = service.name().to_uppercase();
        bff.env(format!("BFF__SERVICES__{name}__URL"), services.url(service));
        // What a busy machine takes for a call is not what is tested here.
        bff.env(format!("BFF__SERVICES__{name}__TIMEOUT"), "5s");
    }
    let _bff = Running(bff.spawn().unwrap());
    let mut nginx = Command::new(root().join("deploy/gateway/run.sh"));
    nginx.env("PORT", gateway.port().to_string()).env("TRIAL_TV_INSTANCES", address.to_string());
    let _nginx = Running(nginx.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap());
    eventually("it is ready", || {
        http::send(admin, "GET", "/readyz", &[]).is_ok_and(|reply| reply.status == 200)
            && http::send(gateway, "GET", "/", &[]).is_ok()
    });

    let token = format!("Bearer {}", Issuer::shared().token("u-1", "trial-tv-bff"));
    let credential = [("authorization", token.as_str())];
    let reply = http::send(gateway, "GET", "/trial-tv/v1/home", &credential).unwrap();
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.header("x-schema-version"), Some("trial-tv.home/1"));
    assert_eq!(reply.count("/trialTvPicks"), Some(8), "{}", reply.text());
    assert_eq!(http::send(gateway, "GET", "/trial-tv/v1/home", &[]).unwrap().status, 401);
}

/// A process that is asked to end when the test does.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _already_gone = Command::new("kill").arg(self.0.id().to_string()).status();
        let _status = self.0.wait();
    }
}

/// An address that nobody has at the moment.
fn free_address() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap()
}
