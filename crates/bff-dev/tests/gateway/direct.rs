//! A rolling restart of each BFF with no gateway in between: clients keep their connections, as a mesh or a load
//! balancer does, and nothing is asked again.
#![allow(
    clippy::unwrap_used,
    reason = "a test's own equipment: when it fails, the test has to stop"
)]

use crate::{bed::Bed, instance::Instance};
use bff_fixtures::Rollout;
use bff_fixtures::{
    Issuer,
    http::{self, Requests},
    redis::eventually,
};
use bff_neighbours::{Browser, Service};
use rustix::process::Signal;
use std::{
    io,
    sync::atomic::{AtomicU64, Ordering::SeqCst},
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
    fn is_write(number: u64) -> bool {
        number.is_multiple_of(3)
    }

    fn send(&self, requests: &mut Requests, number: u64) -> io::Result<()> {
        let (page, write, headers) = (self.page, self.write, &self.headers);
        if !Self::is_write(number) {
            let head = format!("GET {page} HTTP/1.1\r\nhost: shop\r\n{headers}\r\n");
            return requests.write(head.as_bytes());
        }
        let body = r#"{"productId":"p-1","units":1}"#;
        let length = body.len();
        let head = format!(
            "POST {write} HTTP/1.1\r\nhost: shop\r\n{headers}idempotency-key: k-{number}\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        requests.write(head.as_bytes())
    }
}

fn is_ready(instance: &Instance) -> bool {
    http::send(instance.admin, "GET", "/readyz", &[]).is_ok_and(|reply| reply.status == 200)
}

/// The number of writes that were answered.
fn roll(instances: &mut [Instance; 2], traffic: &Traffic) -> u64 {
    let (rollout, written) = (Rollout::default(), AtomicU64::default());
    let follow_readiness = |instances: &[Instance; 2]| {
        let ready = instances.iter().filter(|one| is_ready(one)).map(|one| one.address);
        rollout.set_ready(ready);
    };
    follow_readiness(instances);
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (rollout, written) = (&rollout, &written);
            scope.spawn(move || {
                let send = |requests: &mut Requests, number| traffic.send(requests, number);
                rollout.ask(client, send, |number, reply| {
                    let is_write = Traffic::is_write(number);
                    let status = if is_write { traffic.status } else { 200 };
                    assert_eq!(reply.status, status, "request {number}: {}", reply.text());
                    written.fetch_add(u64::from(is_write), SeqCst);
                });
            });
        }
        for _ in 0..RESTARTS {
            // Each of the two in its turn.
            for _ in 0..instances.len() {
                rollout.go_on_for(ENOUGH / RESTARTS / 2);
                instances.rotate_left(1);
                let [_, old] = &*instances;
                old.signal(Signal::TERM);
                // As the endpoints of a cluster follow readiness.
                eventually("it drains", || !is_ready(old));
                follow_readiness(instances);
                let [_, old] = &mut *instances;
                assert!(old.has_ended_well());
                old.start_again();
                follow_readiness(instances);
            }
        }
        rollout.go_on_for(ENOUGH / RESTARTS / 2);
        rollout.end();
    });
    let (asked, answered) = rollout.counts();
    assert!(answered >= ENOUGH && asked == answered, "{answered} of {asked}");
    written.into_inner()
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
    assert!(roll(&mut bed.mobile, &mobile) > 0 && roll(&mut bed.partner, &partner) > 0);

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
    let written = roll(&mut bed.web, &web);
    let carried_out = bed.services.stats(Service::Carts).requests_started;
    assert_eq!(carried_out, written, "writes at the service");
}
