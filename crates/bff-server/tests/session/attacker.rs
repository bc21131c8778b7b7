//! An anonymous attacker who does the worst that he can, again and again, while two users are signed
//! in and a third signs in: none of them notices. He speaks with the BFF himself, and has sites and
//! scripts that their browsers come by.

use crate::bed::{self, Bed, ME};
use bff_testkit::{Browser, http, http::Reply, idp::Endpoint};
use std::{
    collections::BTreeMap,
    env,
    net::SocketAddr,
    sync::atomic::{AtomicBool, Ordering::SeqCst},
    thread,
    time::{Duration, Instant},
};

/// The rounds in which each attack is tried once; 300 are half a minute.
fn rounds() -> u32 {
    env::var("ATTACK_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(20)
}

/// Ten rounds a second.
const PACE: Duration = Duration::from_millis(100);

/// Where his sites lead a browser.
const PAGES: [&str; 8] = [
    "/bff/login",
    "/bff/login?return_to=//evil.example",
    "/bff/callback",
    "/bff/callback?code=&state=x",
    "/bff/user",
    "/bff/logout",
    "/bff/logout?key=guessed",
    "/bff/backchannel-logout",
];

/// What the attacker has: a browser of his own, and logins of others that he has seen go by.
struct Attacker<'a> {
    bed: &'a Bed,
    /// An address to come back by that was another browser's, not used yet.
    stolen: &'a str,
}

/// Never the same address twice, so that no limit of one holds him up.
fn an_address() -> String {
    format!("198.{}.{}.{}", fastrand::u8(18..20), fastrand::u8(..), fastrand::u8(..))
}

/// The instance that believes its proxy about addresses; the users come from the proxy's own.
fn site(bed: &Bed) -> SocketAddr {
    bed.at(1)
}

impl Attacker<'_> {
    fn go(&self, browser: &mut Browser, target: &str) -> Reply {
        let from = an_address();
        browser.send(site(self.bed), "GET", target, &[("x-forwarded-for", &from)], "")
    }

    /// A login of his own, begun as it should be, and the state that leads back to it.
    fn begun(&self) -> (Browser, String) {
        let mut browser = Browser::new();
        let started = self.go(&mut browser, "/bff/login");
        let location = started.header("location").unwrap_or_default().to_owned();
        let (_, after) = location.split_once("state=").unwrap_or_default();
        (browser, after.split('&').next().unwrap_or_default().to_owned())
    }

    fn back(&self, code: &str) {
        let (mut browser, state) = self.begun();
        let issuer = self.bed.idp.url();
        let target = format!("/bff/callback?state={state}&iss={issuer}{code}");
        // Once, and once more.
        let _refused = self.go(&mut browser, &target);
        let _refused = self.go(&mut browser, &target);
    }

    fn odd_codes(&self) {
        let long = format!("&code={}", "x".repeat(5000));
        for code in ["&code=", "", "&code=%00", "&code=a&code=b", "&error=server_error", &long] {
            self.back(code);
        }
    }

    fn refused_codes(&self) {
        for code in ["&code=made-up", "&code=%27%20OR%201%3D1--", "&code=..%2F..%2Fetc"] {
            self.back(code);
        }
    }

    fn stolen_states(&self) {
        let (mut own, _) = self.begun();
        for mut browser in [Browser::new(), own.clone()] {
            let _unknown = self.go(&mut browser, self.stolen);
        }
        // As if a script of his had put his own cookie in the place of the other one.
        let state = self.stolen.split_once("state=").unwrap_or_default().1;
        let name = format!("__Host-Http-login-{}", state.get(..8).unwrap_or_default());
        for value in own.cookies(site(self.bed)).into_values() {
            own.toss(site(self.bed), &name, &value);
        }
        let _unknown = self.go(&mut own, self.stolen);
    }

    fn five_logins_at_a_time(&self) {
        let mut browser = Browser::new();
        for _ in 0..5 {
            let _begun = self.go(&mut browser, "/bff/login?return_to=/cart");
        }
        thread::scope(|scope| {
            for _ in 0..5 {
                scope.spawn(|| self.go(&mut Browser::new(), "/bff/login"));
            }
        });
    }

    fn forged_logouts(&self) {
        let _out = self.go(&mut Browser::new(), "/bff/logout?key=guessed");
        for token in ["", "a.b.c", &"x".repeat(9000)] {
            let _refused = Browser::new().submit(
                site(self.bed),
                "/bff/backchannel-logout",
                &[("logout_token", token)],
            );
        }
    }

    fn cookies_of_every_octet(&self) {
        let octets = (0..=u8::MAX).filter(|octet| !matches!(octet, b'\r' | b'\n'));
        let all: Vec<u8> = octets.clone().flat_map(|octet| [b'a', b'=', octet, b';']).collect();
        let (one, session) = (fastrand::u8(0x80..), "__Host-Http-session=");
        for cookies in [all, [session.as_bytes(), &[one]].concat(), vec![one; 4000]] {
            for target in [ME, "/bff/login", "/bff/callback?code=x&state=y", "/bff/user"] {
                let head = format!(
                    "GET {target} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\nx-csrf: 1\r\n\
                     x-forwarded-for: {}\r\ncookie: ",
                    site(self.bed),
                    an_address()
                );
                let _refused = http::exchange(
                    site(self.bed),
                    &[head.as_bytes(), &cookies, b"\r\n\r\n"].concat(),
                );
            }
        }
    }
}

/// A browser comes by one of the attacker's sites, and by a script of his on a sibling domain.
fn comes_by_his_sites(bed: &Bed, browser: &mut Browser) {
    if let Some(page) = fastrand::choice(PAGES) {
        let _nothing = browser.led(site(bed), page, &[]);
    }
    let octet = char::from(fastrand::u8(0x80..));
    browser.toss(site(bed), "city", &format!("M{octet}nchen"));
    browser.toss(site(bed), "__Host-Http-login-00000000", &octet.to_string());
}

/// What came of somebody's requests.
#[derive(Debug, Default)]
struct Seen {
    well: usize,
    failed: BTreeMap<String, usize>,
    slowest: Duration,
}

impl Seen {
    fn see(&mut self, what: &str, expected: u16, ask: impl FnOnce() -> Reply) {
        let began = Instant::now();
        let reply = ask();
        self.slowest = self.slowest.max(began.elapsed());
        if reply.status == expected {
            self.well += 1;
        } else {
            let failed = format!("{what}: {} {}", reply.status, reply.code());
            *self.failed.entry(failed).or_default() += 1;
        }
    }
}

#[test]
fn an_attacker_costs_no_user_a_page_and_nobody_a_login() {
    // Not renewed ahead, so that once a second each user's page waits for the provider.
    let mut bed = bed::with("refresh_ahead = \"0s\"", 1, true);
    bed.start_another_with(|settings| {
        let behind = "[server]\ntrusted_proxies = [\"127.0.0.0/8\"]\nforwarding_header = \"x-forwarded-for\"";
        settings.replacen("[server]", behind, 1)
    });
    let bed = bed;
    bed.idp.set_access_token_lifetime(Duration::from_secs(1));
    let users = ["u-1", "u-2"].map(|user| bed.signed_in(user));
    let mut under_way = Browser::new();
    let stolen = under_way.sign_in_at(site(&bed), &bed.idp, "/bff/login", "u-4");
    let attacker = Attacker { bed: &bed, stolen: &stolen };
    let over = AtomicBool::new(false);
    let attacks: [fn(&Attacker<'_>); 6] = [
        |attacker| attacker.odd_codes(),
        |attacker| attacker.refused_codes(),
        |attacker| attacker.stolen_states(),
        |attacker| attacker.five_logins_at_a_time(),
        |attacker| attacker.forged_logouts(),
        |attacker| attacker.cookies_of_every_octet(),
    ];
    let seen = thread::scope(|scope| {
        let (attacker, over, bed) = (&attacker, &over, &bed);
        let attacking: Vec<_> = attacks
            .into_iter()
            .map(|attack| {
                scope.spawn(move || {
                    let began = Instant::now();
                    for round in 1..=rounds() {
                        attack(attacker);
                        thread::sleep((PACE * round).saturating_sub(began.elapsed()));
                    }
                })
            })
            .collect();
        let honest: Vec<_> = users
            .iter()
            .map(|user| {
                scope.spawn(move || {
                    let (mut seen, mut user) = (Seen::default(), user.clone());
                    while !over.load(SeqCst) {
                        comes_by_his_sites(bed, &mut user);
                        seen.see("page", 200, || user.fetch(site(bed), ME));
                        seen.see("user", 200, || user.fetch(site(bed), "/bff/user"));
                        thread::sleep(PACE);
                    }
                    seen
                })
            })
            .chain([scope.spawn(move || {
                let mut seen = Seen::default();
                while !over.load(SeqCst) {
                    let mut browser = Browser::new();
                    let back = browser.sign_in_at(site(bed), &bed.idp, "/bff/login", "u-3");
                    comes_by_his_sites(bed, &mut browser);
                    seen.see("login", 303, || browser.led(site(bed), &back, &[]));
                    seen.see("first page", 200, || browser.fetch(site(bed), ME));
                    thread::sleep(PACE);
                }
                seen
            })])
            .collect();
        let attacked = attacking.into_iter().fold(true, |all, thread| all & thread.join().is_ok());
        over.store(true, SeqCst);
        assert!(attacked, "an attack gave up");
        honest.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    for seen in &seen {
        assert!(seen.failed.is_empty() && seen.well > 0, "{seen:?}");
    }
    assert!(bed.idp.refreshes() > 0, "renewals took place meanwhile");
    assert_eq!(bed.idp.reused_refresh_tokens(), 0);
    let asked = bed.idp.count(Endpoint::Token);
    let back = under_way.go(site(&bed), &stolen);
    assert_eq!(back.status, 303, "whose state was stolen signs in: {}", back.text());
    if env::var_os("ATTACK_ROUNDS").is_some() {
        let figures = format!(
            "{} rounds, {asked} token requests, {} renewals\n{seen:#?}\n",
            rounds(),
            bed.idp.refreshes()
        );
        std::fs::write(env::temp_dir().join("attack-figures"), figures).unwrap();
    }
}
