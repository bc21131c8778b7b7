//! Keys that sessions are sealed with, changed while everything goes on.

use crate::bed::{self, Bed, ME, SESSION};
use base64::{Engine, prelude::BASE64_STANDARD};
use bff_testkit::{
    BffProcess, Browser, SampleServices,
    browser::target,
    http::{self, Reply},
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

/// Tokens are renewed all the time, nobody is hurried on a busy machine, and who is gone is gone soon.
const MORE: &str = "refresh_ahead = \"2s\"\nstore_timeout = \"5s\"\nkey_activation = \"4s\"";

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

    fn metric(&self, event: &str) -> f64 {
        let admin = self.process.lock().unwrap().as_ref().unwrap().admin_address;
        let text = http::send(admin, "GET", "/metrics", &[]).unwrap().text();
        let name = format!("bff_session_events_total{{event=\"{event}\"}} ");
        let line = text.lines().find_map(|line| line.strip_prefix(name.as_str()));
        line.and_then(|value| value.parse().ok()).unwrap_or_default()
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
    let unopened = to.map(|i| i.address.read().unwrap().map(|_| i.metric("unopened")));
    assert_eq!(back.status, 303, "a login is lost: {} {unopened:?}", back.text());
    cookie(&back, SESSION).unwrap()
}

/// The name of a key, as records begin with it.
fn id_of(key: u8) -> String {
    let id = blake3::derive_key("bff-auth 2026-11 key id", &[key; 32]);
    id[..4].iter().map(|octet| format!("{octet:02x}")).collect()
}

/// The name of the key that a session is sealed with, by its cookie.
fn sealed_with(bed: &Bed, cookie: &str) -> String {
    const READ: &str = "local record, id = redis.call('GET', KEYS[1]), '' \
        for at = 1, 4 do id = id .. string.format('%02x', record:byte(at)) end return id";
    let (_, value) = cookie.split_once('=').unwrap();
    let key = format!("test:session:{{{}}}", blake3::hash(value.as_bytes()).to_hex());
    bed.redis.as_ref().unwrap().cli(&["EVAL", READ, "1", &key]).trim().to_owned()
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

#[test]
fn c19_a_key_changed_over_two_instances_in_any_order_loses_no_session_and_no_login() {
    let bed = bed::several(0, MORE);
    bed.idp.set_access_token_lifetime(Duration::from_secs(3));
    let services = SampleServices::start().unwrap();
    let [a, b] = ["a", "b"].map(|name| Instance::start(&bed, &services, name, &[1]));
    let (is_over, pages, logins) =
        (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    let sessions: Mutex<Vec<String>> = Mutex::default();
    let mut keys = vec![1];
    for user in 1..=4 {
        sessions.lock().unwrap().push(sign_in(&bed, [&a, &b], &format!("u-{user}")));
    }
    thread::scope(|scope| {
        let stop_if_it_fails = StopOnDrop(&is_over);
        for worker in 0..3_usize {
            let (a, b, sessions, is_over, pages) = (&a, &b, &sessions, &is_over, &pages);
            scope.spawn(move || {
                for number in worker.. {
                    if is_over.load(SeqCst) {
                        return;
                    }
                    let to = if number % 2 == 0 { [a, b] } else { [b, a] };
                    let cookie = {
                        let sessions = sessions.lock().unwrap();
                        sessions[number % sessions.len()].clone()
                    };
                    let reply = page(to, &cookie);
                    if reply.status != 200 {
                        is_over.store(true, SeqCst);
                    }
                    assert_eq!(reply.status, 200, "a session is lost: {}", reply.text());
                    pages.fetch_add(1, SeqCst);
                }
            });
        }
        {
            let (a, b, bed, sessions, is_over, logins) =
                (&a, &b, &bed, &sessions, &is_over, &logins);
            scope.spawn(move || {
                let _stop = StopOnDrop(is_over);
                for number in 0_usize.. {
                    if is_over.load(SeqCst) {
                        return;
                    }
                    let to = if number % 2 == 0 { [a, b] } else { [b, a] };
                    let cookie = sign_in(bed, to, &format!("u-{}", 10 + number));
                    let mut sessions = sessions.lock().unwrap();
                    if sessions.len() < 40 {
                        sessions.push(cookie);
                    }
                    drop(sessions);
                    logins.fetch_add(1, SeqCst);
                }
            });
        }
        for (number, order) in orders().into_iter().enumerate() {
            keys.insert(0, keys[0] + 1);
            for step in order {
                match step {
                    0 => a.file.write(&keys),
                    1 => b.file.write(&keys),
                    2 => a.restart(),
                    _ => b.restart(),
                }
                // Somebody has come by between any two steps.
                let (seen, begun) = (pages.load(SeqCst), logins.load(SeqCst));
                let moved = || {
                    is_over.load(SeqCst)
                        || (pages.load(SeqCst) > seen + 10 && logins.load(SeqCst) > begun)
                };
                assert!(bed::eventually(moved) && !is_over.load(SeqCst), "after {order:?}, {step}");
            }
            // Now and then it comes so far that the new key seals.
            if number % 12 == 11 {
                let seals = || {
                    is_over.load(SeqCst)
                        || sealed_with(&bed, &sign_in(&bed, [&a, &b], "u-5")) == id_of(keys[0])
                };
                assert!(bed::eventually(seals), "{keys:?}");
            }
        }
        drop(stop_if_it_fails);
    });
    assert!(bed.idp.refreshes() > 100, "{} tokens were renewed meanwhile", bed.idp.refreshes());
    assert_eq!(bed.idp.reused_refresh_tokens(), 0);
    for instance in [&a, &b] {
        assert_eq!(instance.metric("unopened"), 0.0);
    }
}

/// Tells everybody to stop, also when the one who holds it fails.
struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}

#[test]
fn c19_a_new_key_seals_once_every_instance_has_it() {
    let mut bed = bed::several(0, MORE);
    let files = ["first", "second"].map(|name| KeysFile::new(name, &[1]));
    for file in &files {
        bed.start_another_with(|settings| file.named_in(&settings));
    }
    let seals = |instance: usize| {
        let mut browser = Browser::new();
        assert_eq!(browser.sign_in(bed.at(instance), &bed.idp, "u-1").status, 303);
        let cookie = browser.cookies(bed.at(instance))[SESSION].clone();
        for other in 0..2 {
            browser.also_at(bed.at(instance), bed.at(other));
            assert_eq!(
                bed.me(other, &browser).status,
                200,
                "sealed at {instance}, read at {other}"
            );
        }
        sealed_with(&bed, &format!("{SESSION}={cookie}"))
    };
    assert_eq!([seals(0), seals(1)], [id_of(1), id_of(1)]);
    // However long the second file takes.
    files[0].write(&[2, 1]);
    let until = Instant::now() + Duration::from_secs(4);
    while Instant::now() < until {
        assert_eq!([seals(0), seals(1)], [id_of(1), id_of(1)]);
    }
    files[1].write(&[2, 1]);
    assert!(bed::eventually(|| [seals(0), seals(1)] == [id_of(2), id_of(2)]));
    // The old one is taken away, here first.
    files[1].write(&[2]);
    let until = Instant::now() + Duration::from_secs(4);
    while Instant::now() < until {
        assert_eq!([seals(0), seals(1)], [id_of(2), id_of(2)]);
    }
}

#[test]
fn c19_a_session_whose_key_is_not_here_has_not_ended() {
    let mut bed = bed::several(1, "");
    let (one, two) = (KeysFile::new("one", &[1]), KeysFile::new("two", &[2]));
    bed.start_another_with(|settings| one.named_in(&settings));
    bed.start_another_with(|settings| two.named_in(&settings));
    let mut browser = Browser::new();
    let back = browser.sign_in(bed.at(1), &bed.idp, "u-1");
    assert_eq!(back.status, 303);
    browser.also_at(bed.at(1), bed.at(2));
    let unopened = || bed.bffs[2].metric("bff_session_events_total{event=\"unopened\"}");
    let before = browser.cookies(bed.at(2));
    for seen in 1..=3 {
        let away = browser.fetch(bed.at(2), ME);
        assert_eq!((away.status, away.code().as_str()), (503, "IDENTITY_UNAVAILABLE"));
        assert!(away.header("retry-after").is_some() && away.header("set-cookie").is_none());
        assert_eq!(unopened(), f64::from(seen));
    }
    assert_eq!(browser.cookies(bed.at(2)), before);
    assert_eq!(browser.fetch(bed.at(1), ME).status, 200, "it is there");
    // A login that another instance sealed is told to wait, and anybody's nonsense is not.
    let mut other = Browser::new();
    let callback = other.sign_in_at(bed.at(1), &bed.idp, "/bff/login", "u-2");
    other.also_at(bed.at(1), bed.at(2));
    assert_eq!(other.clone().go(bed.at(2), &callback).code(), "IDENTITY_UNAVAILABLE");
    let login = other.cookies(bed.at(1)).into_keys().find(|name| name.contains("login")).unwrap();
    let mut nonsense = other.clone();
    nonsense.toss(bed.at(2), &login, &"A".repeat(300));
    assert_eq!(nonsense.go(bed.at(2), &callback).code(), "LOGIN_UNKNOWN");
    // The key comes: nobody has lost anything.
    two.write(&[2, 1]);
    assert!(bed::eventually(|| bed.me(2, &browser).status == 200));
    assert_eq!(other.go(bed.at(2), &callback).status, 303);
}

#[test]
fn c19_one_key_alone_seals_at_once_and_sessions_in_the_process_need_no_agreement() {
    let file = KeysFile::new("alone", &[2, 1]);
    let bed = bed::with(&format!("keys_file = {:?}", file.0), 1, false);
    let browser = bed.signed_in("u-1");
    file.write(&[3, 2, 1]);
    assert_eq!(bed.me(0, &browser).status, 200);
    let other = bed.signed_in("u-2");
    assert_eq!(bed.me(0, &other).status, 200);
}
