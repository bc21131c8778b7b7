//! The audit of a running BFF with a real Redis behind it: nothing to find, and then each planted
//! fault. The BFF is one that nobody has heard of: the audit reads what is committed about it.

use bff_core::{Auth, Bff, prelude::*};
use bff_server::Settings;
use bff_testkit::{TestBff, contracts, redis::RedisServer};
use std::{
    fs,
    path::{Path, PathBuf},
    process,
};
use xtask::Outcome;

const CATALOG: Service = Service::named("catalog");

type ThingId = Id<Thing>;

enum Thing {}

impl Kind for Thing {
    type Scope = Shared;
    const PARAMETER: &'static str = "id";
}

/// Who asks, and one thing that may be missing.
#[derive(View)]
struct Home {
    greeting: String,
    offer: Option<String>,
}

#[derive(View)]
struct Card {
    title: String,
}

async fn home(_: &Cx, _me: User) -> Result<Home> {
    Ok(Home { greeting: "Good morning".to_owned(), offer: None })
}

async fn card(cx: &Cx, id: ThingId) -> Result<Card> {
    let card = CATALOG.get(("products", &id)).named::<Card>("product");
    cx.gather(Critical(card.cached(minutes(5)))).await
}

fn bff() -> Bff {
    let endpoints = vec![
        get("/kiosk/v1/home").payload_budget(kilobytes(1)).to(home),
        get("/kiosk/v1/things/{id}").to(card),
    ];
    Bff { name: "kiosk", version: "1.0.0", auth: Auth::Bearer, endpoints }
}

/// A root with the contracts of the BFF, removed with the value.
struct Root(PathBuf);

impl Root {
    fn new(name: &str) -> Self {
        let root = std::env::temp_dir().join(format!("bff-audit-{}-{name}", process::id()));
        contracts::write(&bff(), &root.join("contracts")).unwrap_or_else(|w| unreachable!("{w}"));
        Self(root)
    }

    /// Audits the BFF with more arguments.
    fn audit(&self, bff: &TestBff, more: &[&str]) -> Outcome {
        let url = format!("http://{}", bff.address);
        let root = self.0.to_string_lossy();
        let arguments = [&["--live", &url, "--root", &root], more].concat();
        let arguments: Vec<_> = arguments.into_iter().map(str::to_owned).collect();
        bff_dev::audit::run(&arguments).unwrap_or_else(|why| unreachable!("{why}"))
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        let _may_be_gone = fs::remove_dir_all(Path::new(&self.0));
    }
}

fn settings(redis: &str) -> Settings {
    let text = format!(
        "server = {{ listen = \"127.0.0.1:0\", drain_delay = \"0s\" }}\n\
         admin = {{ listen = \"127.0.0.1:0\" }}\n\
         cache = {{ redis = {{ url = {redis:?}, lookup_timeout = \"5s\" }} }}\n\
         services = {{ catalog = {{ url = \"http://replaced\", timeout = \"5s\" }} }}\n\
         [issuers.main]\nissuer = \"https://issuer.test\"\nkeys = {{ file = \"replaced\" }}\n\
         audience = \"kiosk-bff\"\nalgorithms = [\"ES256\", \"RS256\"]\n"
    );
    toml::from_str(&text).unwrap_or_else(|error| unreachable!("{error}"))
}

fn start(redis: &RedisServer) -> (TestBff, String) {
    let bff = TestBff::start_from(&bff(), settings(&redis.url()));
    let token = bff.credential("u-1").replace("Bearer ", "");
    (bff, token)
}

#[test]
fn a_good_bff_passes_and_what_is_wrong_with_its_redis_is_found() {
    let (root, redis) = (Root::new("good"), RedisServer::start());
    let (bff, token) = start(&redis);
    let url = redis.url();
    let all = ["--bearer", &token, "--parameter", "id=p-1", "--redis", &url];

    let good = root.audit(&bff, &all);
    assert!(good.is_good, "{}", good.text);
    for path in ["/kiosk/v1/home: ", "/kiosk/v1/things/p-1: "] {
        assert!(good.text.contains(path) && !good.text.contains(": 401"), "{}", good.text);
    }
    bff_testkit::redis::eventually("the product is in Redis", || {
        root.audit(&bff, &all).text.contains("1 keys in Redis")
    });

    // More than one step of the scan.
    let fill = "for i = 1, 1200 do redis.call('SET', 'bff:tag:filler:' .. i, 1, 'EX', 600) end \
                return redis.call('SET', 'product:p-1', 1)";
    assert_eq!(redis.cli(&["EVAL", fill, "0"]), "OK");
    let bad = root.audit(&bff, &all);
    assert!(!bad.is_good);
    assert!(bad.text.contains("`product:p-1` has no version"), "{}", bad.text);
    assert!(bad.text.contains("`product:p-1` never ends"), "{}", bad.text);
    assert!(bad.text.contains("2 findings"), "{}", bad.text);
}

#[test]
fn without_a_credential_problems_are_looked_at_and_the_rest_is_said() {
    let (root, redis) = (Root::new("nobody"), RedisServer::start());
    let (bff, _) = start(&redis);
    let outcome = root.audit(&bff, &[]);
    assert!(outcome.is_good, "{}", outcome.text);
    assert!(outcome.text.contains("/kiosk/v1/home: 401 UNAUTHENTICATED"), "{}", outcome.text);
    assert!(outcome.text.contains("/kiosk/v1/things/{id}: not asked"), "{}", outcome.text);
}

#[test]
fn an_answer_of_another_release_is_found() {
    let (root, redis) = (Root::new("other"), RedisServer::start());
    let (bff, token) = start(&redis);
    let path = root.0.join("contracts/kiosk/v1/home.json");
    let contract = fs::read_to_string(&path).unwrap();
    let newer =
        contract.replace("kiosk.home/1", "kiosk.home/2").replace("\"greeting\"", "\"hello\"");
    fs::write(&path, newer).unwrap();
    let outcome = root.audit(&bff, &["--bff", "kiosk", "--bearer", &token]);
    assert!(!outcome.is_good);
    for what in [
        "contract: X-Schema-Version is kiosk.home/1, not kiosk.home/2",
        "no-view: /greeting is not in the contract",
        "no-view: /hello is missing",
    ] {
        assert!(outcome.text.contains(what), "{}", outcome.text);
    }
}
