//! Three instances of a small BFF behind one address, with sessions in Redis and a provider in Node.

use crate::node::NodeProvider;
use bff_core::{Auth, Bff, prelude::*};
use bff_testkit::{Browser, Gateway, TestBff, browser, http::Reply, redis::RedisServer};
use std::{
    fs,
    net::SocketAddr,
    time::{Duration, Instant},
};
use url::Url;

const USERS: Service = Service::named("users");
const PATIENCE: Duration = Duration::from_secs(15);
const ME: &str = "/test/v1/me";

#[derive(View)]
struct Me {
    user_id: String,
}

async fn me(cx: &Cx, me: User) -> Result<Me> {
    cx.gather(Critical(USERS.get(("users", &me)).named("userProfile"))).await
}

pub(crate) struct Bed {
    bffs: Vec<TestBff>,
    /// Where browsers and the provider find the first instance.
    pub(crate) gateway: Gateway,
    pub(crate) idp: NodeProvider,
    _redis: RedisServer,
}

impl Bed {
    pub(crate) fn new() -> Self {
        let (redis, gateway) = (RedisServer::start(), Gateway::start_on(0).unwrap());
        let idp = NodeProvider::start(&gateway.url());
        let keys = std::env::temp_dir().join(format!("bff-idp-keys-{}", std::process::id()));
        fs::write(&keys, "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=\n").unwrap();
        let (issuer, public, redis_url) = (idp.url(), gateway.url(), redis.url());
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
            [session]
            issuer = "{issuer}"
            client_id = "web-bff"
            client_secret = "development-only"
            public_url = "{public}"
            keys_file = {keys:?}
            redis = {{ url = "{redis_url}" }}
            "#
        );
        let endpoints = || vec![get(ME).budget(seconds(9)).to(me)];
        let bff =
            || Bff { name: "test", version: "1.0.0", auth: Auth::Session, endpoints: endpoints() };
        let start = |_| TestBff::start_from(&bff(), toml::from_str(&settings).unwrap());
        let bffs: Vec<_> = (0..3).map(start).collect();
        gateway.lead_to(bffs[0].address);
        Self { bffs, gateway, idp, _redis: redis }
    }

    pub(crate) fn at(&self, instance: usize) -> SocketAddr {
        self.bffs[instance].address
    }

    pub(crate) fn me(&self, instance: usize, browser: &Browser) -> Reply {
        browser.clone().fetch(self.at(instance), ME)
    }

    /// A browser whose user has signed in, as all instances know it.
    pub(crate) fn signed_in(&self, user: &str) -> Browser {
        let mut browser = Browser::new();
        let started = browser.go(self.at(0), "/bff/login");
        let (url, page) = self.follow(&mut browser, &started);
        assert!(page.text().contains("Sign in"), "{url}: {}", page.text());
        let chosen = browser.submit(self.idp.address, &browser::target(&url), &[("user", user)]);
        let (callback, _) = self.follow(&mut browser, &chosen);
        let back = browser.go(self.at(0), &browser::target(&callback));
        assert_eq!(back.status, 303, "{}", back.text());
        for bff in &self.bffs {
            browser.also_at(self.at(0), bff.address);
        }
        browser
    }

    /// Follows redirects for as long as they stay at the provider: the last address, and its answer
    /// or, when that is elsewhere, the redirect to it.
    pub(crate) fn follow(&self, browser: &mut Browser, reply: &Reply) -> (Url, Reply) {
        let mut url: Url = self.idp.url().parse().unwrap();
        let mut reply = reply.clone();
        while let Some(to) = reply.header("location") {
            url = url.join(to).unwrap();
            if url.port() != Some(self.idp.address.port()) {
                break;
            }
            reply = browser.go(self.idp.address, &browser::target(&url));
        }
        (url, reply)
    }

    /// Says yes on the provider's page that asks whether to sign out, and gives its last redirect.
    pub(crate) fn confirm(&self, browser: &mut Browser, url: &Url, page: &Reply) -> Reply {
        let text = page.text();
        let between = |before: &str| {
            let (_, after) = text.split_once(before).unwrap_or_else(|| panic!("{url}: {text}"));
            after.split('"').next().unwrap_or_default().to_owned()
        };
        let action = url.join(&between("action=\"")).unwrap();
        let fields = [("xsrf", between("name=\"xsrf\" value=\"")), ("logout", "yes".to_owned())];
        let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
        browser.submit(self.idp.address, &browser::target(&action), &fields)
    }
}

/// Polls until `condition` holds.
#[must_use]
pub(crate) fn eventually(condition: impl Fn() -> bool) -> bool {
    let until = Instant::now() + PATIENCE;
    while !condition() {
        if Instant::now() > until {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    true
}
