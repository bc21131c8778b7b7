//! A small BFF with sessions, as one instance or several behind one address.

use bff_core::{Auth, Bff, prelude::*};
use bff_testkit::{
    BffProcess, Browser, Json, TestBff,
    http::Reply,
    idp::{Client, DEMO_SECRET, IdentityProvider},
    json,
    process::Part,
    redis::RedisServer,
};
use std::{
    fs,
    net::SocketAddr,
    path::PathBuf,
    sync::LazyLock,
    time::{Duration, Instant},
};

const USERS: Service = Service::named("users");
const CARTS: Service = Service::named("carts");

pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// Where browsers think that all instances are.
pub(crate) const ORIGIN: &str = "http://127.0.0.1:8082";
pub(crate) const SESSION: &str = "__Host-Http-session";
pub(crate) const ME: &str = "/test/v1/me";

#[derive(View)]
struct Me {
    user_id: String,
    display_name: String,
}

#[derive(View)]
struct Item {
    product_id: String,
    units: u8,
}

#[derive(View)]
struct Cart {
    units: u32,
}

#[derive(View)]
struct Hello {
    text: String,
}

async fn me(cx: &Cx, me: User) -> Result<Me> {
    cx.gather(Critical(USERS.get(("users", &me)).named("userProfile"))).await
}

async fn add(cx: &Cx, me: User, Body(item): Body<Item>, key: IdempotencyKey) -> Result<Cart> {
    cx.gather(Critical(CARTS.post(("carts", &me, "items"), &item).once(key).named("cart"))).await
}

async fn hello(_: &Cx) -> Result<Hello> {
    Ok(Hello { text: "hello".to_owned() })
}

fn bff() -> Bff {
    let endpoints = vec![
        get(ME).budget(seconds(9)).to(me),
        get("/test/v1/hello").client_cache(minutes(1)).to(hello),
        post("/test/v1/items").budget(seconds(9)).to(add),
    ];
    Bff { name: "test", version: "1.0.0", auth: Auth::Session, endpoints }
}

/// Instances that share a provider and, when there are several, a Redis.
pub(crate) struct Bed {
    pub(crate) bffs: Vec<TestBff>,
    pub(crate) idp: IdentityProvider,
    pub(crate) redis: Option<RedisServer>,
    settings: String,
}

/// One instance with its sessions in the process.
pub(crate) fn one() -> Bed {
    with("", 1, false)
}

/// Instances with their sessions in Redis.
pub(crate) fn several(instances: usize, more: &str) -> Bed {
    with(more, instances, true)
}

/// `more` goes into `[session]`.
pub(crate) fn with(more: &str, instances: usize, shared: bool) -> Bed {
    let idp = IdentityProvider::start().unwrap();
    let redis = shared.then(RedisServer::start);
    let store = redis.as_ref().map_or_else(String::new, |redis| {
        let (keys, url) = (keys_file(), redis.url());
        format!("keys_file = {keys:?}\nredis = {{ url = \"{url}\" }}")
    });
    let issuer = idp.url();
    let settings = format!(
        r#"
        [server]
        listen = "127.0.0.1:0"
        drain_delay = "0s"
        drain_timeout = "1s"
        [admin]
        listen = "127.0.0.1:0"
        [services.users]
        url = "http://users"
        timeout = "2s"
        [services.carts]
        url = "http://carts"
        timeout = "2s"
        [session]
        issuer = "{issuer}"
        client_id = "web-bff"
        client_secret = "{DEMO_SECRET}"
        public_url = "{ORIGIN}"
        {more}
        {store}
        "#
    );
    let mut bed = Bed { bffs: Vec::new(), idp, redis, settings };
    (0..instances).for_each(|_| bed.start_another());
    if instances > 0 {
        bed.tell_idp(0);
    }
    bed
}

/// A key to seal with, for all instances of this process. Written once: an instance of another test
/// may be reading it.
pub(crate) fn keys_file() -> PathBuf {
    static WRITTEN: LazyLock<PathBuf> = LazyLock::new(|| {
        let path = std::env::temp_dir().join(format!("bff-session-keys-{}", std::process::id()));
        fs::write(&path, "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=\n").unwrap();
        path
    });
    WRITTEN.clone()
}

impl Bed {
    fn start_another(&mut self) {
        self.start_another_with(|settings| settings);
    }

    /// An instance whose settings, as text, are changed first.
    pub(crate) fn start_another_with(&mut self, change: impl FnOnce(String) -> String) {
        let settings = change(self.settings.clone());
        self.bffs.push(TestBff::start_from(&bff(), toml::from_str(&settings).unwrap()));
    }

    /// Has the provider send logout tokens to an instance.
    pub(crate) fn tell_idp(&self, instance: usize) {
        let address = self.at(instance);
        let client = Client::demo();
        self.idp.register(Client {
            backchannel_logout_uri: Some(format!("http://{address}/bff/backchannel-logout")),
            ..client
        });
    }

    pub(crate) fn at(&self, instance: usize) -> SocketAddr {
        self.bffs[instance].address
    }

    /// A browser whose user has signed in, as all instances know it.
    pub(crate) fn signed_in(&self, user: &str) -> Browser {
        let mut browser = Browser::new();
        let back = browser.sign_in(self.at(0), &self.idp, user);
        assert_eq!(back.status, 303, "{}", back.text());
        for bff in &self.bffs {
            browser.also_at(self.at(0), bff.address);
        }
        browser
    }

    pub(crate) fn me(&self, instance: usize, browser: &Browser) -> Reply {
        browser.clone().fetch(self.at(instance), ME)
    }

    /// Where Redis keeps something of a browser's session.
    pub(crate) fn key(&self, what: &str, browser: &Browser) -> String {
        let cookie = &browser.cookies(self.at(0))[SESSION];
        format!("test:{what}:{{{}}}", blake3::hash(cookie.as_bytes()).to_hex())
    }

    /// The requests that the users service of any instance has had.
    pub(crate) fn calls(&self) -> u64 {
        let calls =
            |bff: &TestBff| bff.services.stats(bff_testkit::Service::Users).requests_started;
        self.bffs.iter().map(calls).sum()
    }
}

pub(crate) fn add_to_cart(
    browser: &mut Browser,
    site: SocketAddr,
    headers: &[(&str, &str)],
) -> Reply {
    let item: Json = json!({ "productId": "p-1", "units": 2 });
    let headers = [&[("content-type", "application/json"), ("idempotency-key", "k-1")], headers];
    browser.send(site, "POST", "/test/v1/items", &headers.concat(), &item.to_string())
}

/// An instance in a process of its own that shares everything with the others of `bed`.
pub(crate) fn process(bed: &Bed) -> BffProcess {
    let users = bed.bffs[0].services.url(bff_testkit::Service::Users);
    process_with(bed, "answers", |settings| settings.replace("http://users", &users))
}

/// The same with settings, as text, that are changed first; one that `obeys` ends in order when it
/// is told to.
pub(crate) fn process_with(
    bed: &Bed,
    role: &str,
    change: impl FnOnce(String) -> String,
) -> BffProcess {
    let settings = change(bed.settings.clone());
    BffProcess::start("bed::each_is_a_process_of_its_own", role, &settings)
}

#[test]
fn each_is_a_process_of_its_own() {
    if let Some(part) = Part::of_this_process() {
        let settings = toml::from_str(&part.settings).unwrap();
        if part.role != "obeys" {
            return part.play(&bff(), &settings);
        }
        let server = Part::bind(&bff(), &settings);
        let end = actix_web::rt::System::new().block_on(server.run_until_signal()).unwrap();
        std::process::exit(end.code().into());
    }
    let bed = several(1, "");
    let mut browser = bed.signed_in("u-1");
    let process = process(&bed);
    browser.also_at(bed.at(0), process.address);
    assert_eq!(browser.fetch(process.address, ME).at("/userId"), "u-1");
}

/// Polls until `condition` holds.
#[must_use]
pub(crate) fn eventually(condition: impl Fn() -> bool) -> bool {
    let until = Instant::now() + PATIENCE;
    while !condition() {
        if Instant::now() > until {
            return false;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    true
}
