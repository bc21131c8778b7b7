//! A rolling restart of each BFF with no gateway in between: clients keep their connections, as a mesh or a load
//! balancer does, and nothing is asked again.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test's own equipment: when it fails, the test has to stop"
)]

use crate::{bed::Bed, instance::Instance};
use bff_testkit::{
    Browser, Issuer, Service,
    http::{self, Reply, Requests},
    redis::eventually,
};
use rustix::process::Signal;
use std::{
    io,
    net::SocketAddr,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    thread,
};

const CLIENTS: usize = 24;
const RESTARTS: u64 = 3;
/// Fewer would say little about one in ten thousand.
const ENOUGH: u64 = 20_000;

/// What the clients of one BFF ask for.
struct Traffic {
    headers: String,
    page: &'static str,
    write: &'static str,
    /// Of a write: a BFF without writes refuses it.
    status: u16,
}

impl Traffic {
    /// One request in three is a write.
    fn send(&self, requests: &mut Requests, number: u64) -> io::Result<u16> {
        let (page, write, headers) = (self.page, self.write, &self.headers);
        if !number.is_multiple_of(3) {
            let head = format!("GET {page} HTTP/1.1\r\nhost: shop\r\n{headers}\r\n");
            return requests.write(head.as_bytes()).map(|()| 200);
        }
        let body = r#"{"productId":"p-1","units":1}"#;
        let length = body.len();
        let head = format!(
            "POST {write} HTTP/1.1\r\nhost: shop\r\n{headers}idempotency-key: k-{number}\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        requests.write(head.as_bytes()).map(|()| self.status)
    }
}

/// What all clients know: which instances are ready, and how far everything is.
struct Rollout {
    traffic: Traffic,
    ready: Mutex<Vec<SocketAddr>>,
    asked: AtomicU64,
    written: AtomicU64,
    answered: AtomicU64,
    is_over: AtomicBool,
}

impl Rollout {
    fn set_ready(&self, instances: &[Instance]) {
        let ready = instances.iter().filter(|one| is_ready(one)).map(|one| one.address);
        *self.ready.lock().unwrap_or_else(PoisonError::into_inner) = ready.collect();
    }

    fn connect(&self, client: usize) -> (Requests, http::Replies) {
        let ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        http::pipeline(ready[client % ready.len()]).unwrap()
    }

    /// One client, on one connection after another.
    fn ask(&self, client: usize) {
        let mut connection = self.connect(client);
        while !self.is_over.load(SeqCst) {
            let number = self.asked.fetch_add(1, SeqCst);
            let (requests, replies) = &mut connection;
            let sent = self.traffic.send(requests, number);
            let answered = sent.and_then(|status| Ok((status, replies.read()?)));
            let (status, reply): (u16, Reply) =
                answered.unwrap_or_else(|error| panic!("request {number} was lost: {error}"));
            assert_eq!(reply.status, status, "request {number}: {}", reply.text());
            self.written.fetch_add(u64::from(number.is_multiple_of(3)), SeqCst);
            self.answered.fetch_add(1, SeqCst);
            if reply.header("connection") == Some("close") {
                connection = self.connect(client);
            }
        }
    }

    /// Waits for so many more answers, so that a restart happens in the middle of them.
    fn go_on_for(&self, requests: u64) {
        let until = self.answered.load(SeqCst) + requests;
        eventually("the load goes on", || self.answered.load(SeqCst) >= until);
    }
}

fn is_ready(instance: &Instance) -> bool {
    http::send(instance.admin, "GET", "/readyz", &[]).is_ok_and(|reply| reply.status == 200)
}

/// The number of writes that were answered.
fn roll(instances: &mut [Instance; 2], traffic: Traffic) -> u64 {
    let rollout = Rollout {
        traffic,
        ready: Mutex::default(),
        asked: AtomicU64::default(),
        written: AtomicU64::default(),
        answered: AtomicU64::default(),
        is_over: AtomicBool::default(),
    };
    rollout.set_ready(instances);
    thread::scope(|scope| {
        let rollout = &rollout;
        for client in 0..CLIENTS {
            scope.spawn(move || rollout.ask(client));
        }
        for _ in 0..RESTARTS {
            for nth in 0..instances.len() {
                rollout.go_on_for(ENOUGH / RESTARTS / 2);
                instances[nth].signal(Signal::TERM);
                // As the endpoints of a cluster follow readiness.
                eventually("it drains", || !is_ready(&instances[nth]));
                rollout.set_ready(instances);
                assert!(instances[nth].has_ended_well());
                instances[nth].start_again();
                rollout.set_ready(instances);
            }
        }
        rollout.go_on_for(ENOUGH / RESTARTS / 2);
        rollout.is_over.store(true, SeqCst);
    });
    let (asked, answered) = (rollout.asked.into_inner(), rollout.answered.into_inner());
    assert!(answered >= ENOUGH && asked == answered, "{answered} of {asked}");
    rollout.written.into_inner()
}

fn bearer(bff: &str) -> String {
    let token = Issuer::shared().token_with("u-1", &format!("{bff}-bff"), &["catalogue:read"]);
    format!("authorization: Bearer {token}\r\n")
}

#[test]
fn c4_a_rolling_restart_of_each_bff_without_a_gateway_loses_and_repeats_nothing() {
    let mut bed = Bed::start();
    let mobile = Traffic {
        headers: bearer("mobile"),
        page: "/mobile/v1/home",
        write: "/mobile/v1/home",
        status: 405,
    };
    let partner = Traffic {
        headers: bearer("partner"),
        page: "/v2/products/p-1",
        write: "/v2/products",
        status: 405,
    };
    assert!(roll(&mut bed.mobile, mobile) > 0 && roll(&mut bed.partner, partner) > 0);

    let mut browser = Browser::new();
    let back = browser.sign_in(bed.gateway(), &bed.idp, "u-1");
    assert_eq!(back.status, 303, "{}", back.text());
    let cookies = browser.cookies(bed.gateway());
    let cookies: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let cookies = cookies.join("; ");
    let web = Traffic {
        headers: format!("cookie: {cookies}\r\nx-csrf: 1\r\nsec-fetch-site: same-origin\r\n"),
        page: "/web/v1/products/p-1",
        write: "/web/v1/cart/items",
        status: 200,
    };
    let written = roll(&mut bed.web, web);
    let carried_out = bed.services.stats(Service::Carts).requests_started;
    assert_eq!(carried_out, written, "writes at the service");
}
