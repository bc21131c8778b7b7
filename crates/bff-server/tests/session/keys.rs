//! Keys that sessions are sealed with, changed while everything goes on.

use crate::bed::{self, Bed, ME, SESSION};
use base64::{Engine, prelude::BASE64_STANDARD};
use bff_testkit::{
    BffProcess, Browser, SampleServices,
    browser::target,
    http::{self, Reply},
    idp::{Endpoint, IdpFault},
    process::Signal,
};
use std::{
    fs, io,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Mutex, RwLock,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};
use url::Url;

/// Tokens are renewed all the time, nobody is hurried on a busy machine, and no key is old enough
/// before a test says so.
const MORE: &str = "refresh_ahead = \"2s\"\nstore_timeout = \"5s\"\nkey_activation = \"1h\"";

/// A file of keys, which is replaced as a whole.
struct KeysFile(PathBuf);

impl KeysFile {
    fn new(name: &str, keys: &[u8]) -> Self {
        let name = format!("bff-session-{name}-{}", std::process::id());
        let file = Self(std::env::temp_dir().join(name));
        file.write(keys);
        file
    }

    fn write(&self, keys: &[u8]) {
        let lines: String =
            keys.iter().map(|key| BASE64_STANDARD.encode([*key; 32]) + "\n").collect();
        let new = self.0.with_extension("new");
        fs::write(&new, lines).unwrap();
        fs::rename(new, &self.0).unwrap();
    }

    /// Settings with this file, and with time to end in.
    fn named_in(&self, settings: &str) -> String {
        let settings = settings
            .replace("drain_delay = \"0s\"", "drain_delay = \"100ms\"")
            .replace("drain_timeout = \"1s\"", "drain_timeout = \"20s\"");
        settings.replace(&format!("{:?}", bed::keys_file()), &format!("{:?}", self.0))
    }
}

impl Drop for KeysFile {
    fn drop(&mut self) {
        let _gone = fs::remove_file(&self.0);
    }
}

/// One of two instances, which is restarted now and then; its address while it is there.
struct Instance<'a> {
    bed: &'a Bed,
    services: &'a SampleServices,
    file: KeysFile,
    process: Mutex<Option<BffProcess>>,
    address: RwLock<Option<SocketAddr>>,
}

impl<'a> Instance<'a> {
    fn start(bed: &'a Bed, services: &'a SampleServices, name: &str, keys: &[u8]) -> Self {
        let (process, address) = (Mutex::default(), RwLock::default());
        let instance = Self { bed, services, file: KeysFile::new(name, keys), process, address };
        instance.begin();
        instance
    }

    fn begin(&self) {
        let process = bed::process_with(self.bed, "obeys", |settings| {
            let users = self.services.url(bff_testkit::Service::Users);
            self.file.named_in(&settings).replace("http://users", &users)
        });
        *self.address.write().unwrap() = Some(process.address);
        *self.process.lock().unwrap() = Some(process);
    }

    /// As an orchestrator does: nobody is sent there any more, then it ends, then it begins.
    fn restart(&self) {
        *self.address.write().unwrap() = None;
        let old = self.process.lock().unwrap().take().unwrap();
        old.signal(Signal::TERM);
        assert_eq!(old.end(), Some(0), "it answered everybody");
        self.begin();
    }

    fn metric(&self, name: &str) -> Option<f64> {
        let admin = self.process.lock().unwrap().as_ref().unwrap().admin_address;
        let text = http::send(admin, "GET", "/metrics", &[]).unwrap().text();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.and_then(|value| value.parse().ok())
    }

    /// Whether it has read this key, and whether it seals with it.
    fn key(&self, key: u8) -> Option<bool> {
        self.metric(&format!("bff_session_keys{{key=\"{}\"}}", id_of(key))).map(|seals| seals > 0.0)
    }
}

/// A request to the first of these instances that is there; one that refuses the connection has
/// begun to end since it was looked at.
fn send(to: [&Instance<'_>; 2], target: &str, headers: &[(&str, &str)]) -> Reply {
    let until = Instant::now() + bed::PATIENCE;
    loop {
        for instance in to {
            let Some(address) = *instance.address.read().unwrap() else { continue };
            match http::send(address, "GET", target, headers) {
                Ok(reply) => return reply,
                Err(error) => assert!(
                    matches!(
                        error.kind(),
                        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset
                    ),
                    "{error}"
                ),
            }
        }
        assert!(Instant::now() < until, "nobody answers");
    }
}

fn page(to: [&Instance<'_>; 2], cookie: &str) -> Reply {
    send(to, ME, &[("cookie", cookie), ("x-csrf", "1")])
}

/// A login that begins at the first instance and comes back to the second: its session's cookie.
fn sign_in(bed: &Bed, to: [&Instance<'_>; 2], user: &str) -> String {
    let [first, second] = to;
    let started = send([first, second], "/bff/login", &[]);
    let cookie = |reply: &Reply, name: &str| {
        let set = reply.headers.iter().filter(|(header, _)| header == "set-cookie");
        let pairs = set.filter_map(|(_, set)| set.split(';').next().map(str::to_owned));
        pairs.into_iter().find(|pair| pair.starts_with(name) && !pair.ends_with('='))
    };
    let login = cookie(&started, "__Host-Http-login-").unwrap();
    let authorize: Url = started.header("location").unwrap().parse().unwrap();
    let mut browser = Browser::new();
    let asked = browser.go(bed.idp.address(), &target(&authorize)).text();
    let (_, ticket) = asked.split_once("name=\"ticket\" value=\"").unwrap();
    let fields = [("ticket", ticket.split('"').next().unwrap()), ("user", user)];
    let back = browser.submit(bed.idp.address(), "/sign-in", &fields);
    let callback: Url = back.header("location").unwrap().parse().unwrap();
    let back = send([second, first], &target(&callback), &[("cookie", &login)]);
    assert_eq!(back.status, 303, "a login is lost: {}", back.text());
    cookie(&back, SESSION).unwrap()
}

/// What a key is called.
fn id_of(key: u8) -> String {
    let id = blake3::derive_key("bff-auth 2026-11 id of a sealing key", &[key; 32]);
    blake3::Hash::from_bytes(id).to_hex()[..16].to_owned()
}

impl Bed {
    /// As if the first instance had got this key long ago.
    fn age(&self, key: u8) {
        let redis = self.redis.as_ref().unwrap();
        let _replaced = redis.cli(&["HSET", "test:session-keys", &id_of(key), "1000"]);
    }
}

/// All orders of four steps.
fn orders() -> Vec<[usize; 4]> {
    let mut all = Vec::new();
    for number in 0..256_usize {
        let order = [number & 3, (number >> 2) & 3, (number >> 4) & 3, number >> 6];
        if (0..4).all(|step| order.contains(&step)) {
            all.push(order);
        }
    }
    all
}

/// Tells everybody to stop, also when the one who holds it fails.
struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}

/// Two instances under load: users who read pages, users who sign in.
struct Load<'a> {
    bed: &'a Bed,
    instances: [&'a Instance<'a>; 2],
    sessions: Mutex<Vec<String>>,
    is_over: AtomicBool,
    pages: AtomicUsize,
    logins: AtomicUsize,
}

impl<'a> Load<'a> {
    fn new(bed: &'a Bed, instances: [&'a Instance<'a>; 2]) -> Self {
        let sessions = (1..=4).map(|user| sign_in(bed, instances, &format!("u-{user}"))).collect();
        let (is_over, pages, logins) = Default::default();
        Self { bed, instances, sessions: Mutex::new(sessions), is_over, pages, logins }
    }

    /// Now the one instance first, now the other.
    fn way(&self, number: usize) -> [&'a Instance<'a>; 2] {
        let [a, b] = self.instances;
        if number.is_multiple_of(2) { [a, b] } else { [b, a] }
    }

    fn read_pages(&self, worker: usize) {
        let _stop = StopOnDrop(&self.is_over);
        for number in (worker..).take_while(|_| !self.is_over.load(SeqCst)) {
            let cookie = {
                let sessions = self.sessions.lock().unwrap();
                sessions[number % sessions.len()].clone()
            };
            let reply = page(self.way(number), &cookie);
            assert_eq!(reply.status, 200, "a session is lost: {}", reply.text());
            self.pages.fetch_add(1, SeqCst);
        }
    }

    fn sign_in(&self) {
        let _stop = StopOnDrop(&self.is_over);
        for number in (0_usize..).take_while(|_| !self.is_over.load(SeqCst)) {
            let cookie = sign_in(self.bed, self.way(number), &format!("u-{}", 10 + number));
            let mut sessions = self.sessions.lock().unwrap();
            if sessions.len() < 40 {
                sessions.push(cookie);
            }
            drop(sessions);
            self.logins.fetch_add(1, SeqCst);
        }
    }

    /// Waits until somebody has come by since.
    fn goes_on(&self) {
        let (pages, logins) = (self.pages.load(SeqCst), self.logins.load(SeqCst));
        let moved = || {
            self.is_over.load(SeqCst)
                || (self.pages.load(SeqCst) > pages + 10 && self.logins.load(SeqCst) > logins)
        };
        assert!(bed::eventually(moved) && !self.is_over.load(SeqCst), "it goes on");
    }
}

#[test]
fn c19_a_key_changed_over_two_instances_in_any_order_loses_no_session_and_no_login() {
    let bed = bed::several(0, MORE);
    bed.idp.set_access_token_lifetime(Duration::from_secs(3));
    let services = SampleServices::start().unwrap();
    let [a, b] = &["a", "b"].map(|name| Instance::start(&bed, &services, name, &[1]));
    let load = Load::new(&bed, [a, b]);
    thread::scope(|scope| {
        let _stop = StopOnDrop(&load.is_over);
        let load = &load;
        (0..3).for_each(|worker| drop(scope.spawn(move || load.read_pages(worker))));
        scope.spawn(|| load.sign_in());
        for (order, new) in orders().into_iter().zip(2_u8..) {
            let keys: Vec<_> = (1..=new).rev().collect();
            for step in order {
                match step {
                    0 => a.file.write(&keys),
                    1 => b.file.write(&keys),
                    2 => a.restart(),
                    _ => b.restart(),
                }
                load.goes_on();
                assert!([a, b].iter().all(|instance| instance.key(new) != Some(true)), "too early");
            }
            let have = || [a, b].iter().all(|instance| instance.key(new).is_some());
            assert!(bed::eventually(have), "both read key {new}");
            bed.age(new);
            let seal = || [a, b].iter().all(|instance| instance.key(new) == Some(true));
            assert!(bed::eventually(seal), "both seal with key {new}");
        }
    });
    assert!(bed.idp.refreshes() > 50, "{} tokens were renewed meanwhile", bed.idp.refreshes());
    assert_eq!(bed.idp.reused_refresh_tokens(), 0);
}

#[test]
fn c19_a_restart_waits_for_tokens_that_are_being_renewed() {
    let bed = bed::several(0, "");
    bed.idp.set_access_token_lifetime(Duration::from_secs(50));
    let services = SampleServices::start().unwrap();
    let [a, b] = ["leaves", "stays"].map(|name| Instance::start(&bed, &services, name, &[1]));
    let cookie = sign_in(&bed, [&a, &b], "u-1");
    bed.idp.set_fault(Endpoint::Token, Some(IdpFault::Delay(Duration::from_secs(1))));
    assert_eq!(page([&a, &a], &cookie).status, 200);
    assert!(bed::eventually(|| bed.idp.count(Endpoint::Token) == 2), "they are asked for");
    a.restart();
    bed.idp.set_fault(Endpoint::Token, None);
    assert_eq!(bed.idp.refreshes(), 1);
    let refreshed = |instance: &Instance<'_>| {
        assert_eq!(page([instance, instance], &cookie).status, 200);
        bed.idp.refreshes() > 1
    };
    assert!(bed::eventually(|| refreshed(&b)), "with the token that came last");
    assert_eq!(bed.idp.reused_refresh_tokens(), 0);
}

#[test]
fn c19_a_key_on_some_instances_only_does_not_seal() {
    let mut bed = bed::several(0, MORE);
    let files = [KeysFile::new("first", &[2, 1]), KeysFile::new("second", &[1])];
    for file in &files {
        bed.start_another_with(|settings| file.named_in(&settings));
    }
    // Neither with a Redis that knows nothing, nor while it is away.
    for user in ["u-1", "u-2"] {
        let mut browser = Browser::new();
        assert_eq!(browser.sign_in(bed.at(0), &bed.idp, user).status, 303);
        browser.also_at(bed.at(0), bed.at(1));
        assert_eq!(bed.me(1, &browser).status, 200);
    }
    // And what is no time in it.
    let redis = bed.redis.as_ref().unwrap();
    for nonsense in [
        &["HSET", "test:session-keys", &id_of(2), "soon"][..],
        &["SET", "test:session-keys", "no hash"],
    ] {
        let _replaced = redis.cli(nonsense);
        let mut browser = Browser::new();
        assert_eq!(browser.sign_in(bed.at(0), &bed.idp, "u-3").status, 303, "{nonsense:?}");
        browser.also_at(bed.at(0), bed.at(1));
        assert_eq!(bed.me(1, &browser).status, 200, "{nonsense:?}");
    }
}

#[test]
fn c19_a_sealed_session_whose_key_is_not_here_yet_has_not_ended() {
    let mut bed = bed::several(0, "");
    let (one, two) = (KeysFile::new("one", &[2]), KeysFile::new("two", &[1]));
    bed.start_another_with(|settings| one.named_in(&settings));
    bed.start_another_with(|settings| two.named_in(&settings));
    let mut browser = Browser::new();
    assert_eq!(browser.sign_in(bed.at(0), &bed.idp, "u-1").status, 303);
    browser.also_at(bed.at(0), bed.at(1));
    let unopened = || bed.bffs[1].metric("bff_session_events_total{event=\"unopened\"}");
    let before = browser.cookies(bed.at(1));
    for seen in 1..=3 {
        let away = browser.fetch(bed.at(1), ME);
        assert_eq!((away.status, away.code().as_str()), (503, "IDENTITY_UNAVAILABLE"));
        assert!(away.header("retry-after").is_some() && away.header("set-cookie").is_none());
        assert_eq!(unopened(), f64::from(seen));
    }
    assert_eq!(browser.cookies(bed.at(1)), before);
    assert_eq!(browser.fetch(bed.at(0), ME).status, 200, "it is there");
    // A login that another instance sealed is told to wait.
    let mut other = Browser::new();
    let callback = other.sign_in_at(bed.at(0), &bed.idp, "/bff/login", "u-2");
    other.also_at(bed.at(0), bed.at(1));
    assert_eq!(other.clone().go(bed.at(1), &callback).code(), "IDENTITY_UNAVAILABLE");
    // The key comes: nobody has lost anything.
    two.write(&[2, 1]);
    assert!(bed::eventually(|| bed.me(1, &browser).status == 200));
    assert_eq!(other.go(bed.at(1), &callback).status, 303);
}

#[test]
fn c19_a_session_whose_key_was_taken_away_has_ended() {
    let bed = bed::several(0, MORE);
    let file = KeysFile::new("away", &[1]);
    let mut bed = bed;
    bed.start_another_with(|settings| file.named_in(&settings));
    let browser = bed.signed_in("u-1");
    bed.age(1);
    file.write(&[2]);
    let ended = || bed.me(0, &browser).code() == "SESSION_ENDED";
    assert!(bed::eventually(ended), "{}", bed.me(0, &browser).text());
    assert_eq!(bed.signed_in("u-1").fetch(bed.at(0), ME).status, 200);
}

#[test]
fn c19_nonsense_in_place_of_a_login_is_still_unknown() {
    let bed = bed::several(1, "");
    let mut browser = Browser::new();
    let callback = browser.sign_in_at(bed.at(0), &bed.idp, "/bff/login", "u-2");
    let cookies = browser.cookies(bed.at(0));
    let login = cookies.keys().find(|name| name.contains("login")).unwrap();
    browser.toss(bed.at(0), login, &"A".repeat(300));
    assert_eq!(browser.go(bed.at(0), &callback).code(), "LOGIN_UNKNOWN");
}

#[test]
fn c19_without_other_instances_a_new_key_seals_at_once() {
    let file = KeysFile::new("alone", &[2, 1]);
    let bed = bed::with(&format!("keys_file = {:?}", file.0), 1, false);
    let browser = bed.signed_in("u-1");
    let seals = format!("bff_session_keys{{key=\"{}\"}}", id_of(2));
    assert_eq!(bed.bffs[0].metric(&seals), 1.0);
    file.write(&[3, 2, 1]);
    assert_eq!(bed.me(0, &browser).status, 200);
}
