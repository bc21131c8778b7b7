//! Clients that do not play their part: each is cut within a stated bound, and costs little until then.

use crate::bed::{LARGE, NOTES, QUICK, cut, metric, start};
use bff_testkit::{TestBff, http, redis::eventually};
use std::io::Read;

fn all_gone(bff: &TestBff) -> bool {
    metric(bff.admin_address, "bff_connections_open") == 0.0
}

#[test]
fn c20_a_body_that_is_not_read_does_not_keep_the_connection() {
    let bff = start("");
    for (what, head) in [
        ("no such route", "POST /nowhere HTTP/1.1"),
        ("no body is read", &format!("GET {QUICK} HTTP/1.1")),
        ("wrong method", &format!("DELETE {QUICK} HTTP/1.1")),
        ("wrong type", &format!("POST {NOTES} HTTP/1.1")),
    ] {
        let before = cut(bff.admin_address, "lingering");
        let (mut requests, mut replies) = http::pipeline(bff.address).unwrap();
        let head = format!("{head}\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n");
        requests.write(head.as_bytes()).unwrap();
        let reply = replies.read().unwrap();
        assert_eq!(reply.header("connection"), Some("close"), "{what}: {}", reply.status);
        // The server has ended its side; ours stays open and says nothing.
        assert!(replies.read().is_err(), "{what}");
        eventually("it is cut", || cut(bff.admin_address, "lingering") > before);
    }
    eventually("no connection is left", || all_gone(&bff));
}

#[test]
fn c21_pipelined_requests_wait_for_the_answers_before_them() {
    let bff = start("");
    let (mut requests, mut replies) = http::pipeline(bff.address).unwrap();
    let many = 300;
    for _ in 0..many {
        requests.get(LARGE).unwrap();
    }
    let answered =
        || metric(bff.admin_address, "bff_requests_total{endpoint=\"large\",status=\"200\"}");
    // What has been answered is what the kernel's buffers take, and one more.
    let mut seen = 0.0;
    eventually("nothing more is answered", || {
        let before = std::mem::replace(&mut seen, answered());
        before > 0.0 && before == seen
    });
    assert!(seen < 40.0, "{seen} of {many} answers were made for a client that reads none");
    for nth in 0..many {
        let reply = replies.read().unwrap_or_else(|error| panic!("answer {nth}: {error}"));
        assert_eq!(reply.status, 200);
    }
    assert!((answered() - f64::from(many)).abs() < f64::EPSILON);
}

#[test]
fn c22_a_client_that_does_not_read_is_cut() {
    let bff = start("write_timeout = '1s'");
    let clients: Vec<_> = (0..4)
        .map(|_| {
            let (mut requests, replies) = http::pipeline(bff.address).unwrap();
            for _ in 0..40 {
                requests.get(LARGE).unwrap();
            }
            (requests, replies)
        })
        .collect();
    eventually("all are cut", || cut(bff.admin_address, "unread_answer") >= 4.0 && all_gone(&bff));
    drop(clients);
}

#[test]
fn c22_a_slow_client_that_goes_on_reading_is_not_cut() {
    let bff = start("write_timeout = '1s'");
    let (mut requests, _replies) = http::pipeline(bff.address).unwrap();
    for _ in 0..40 {
        requests.get(LARGE).unwrap();
    }
    let mut socket = requests.into_stream();
    // A little at a time, for longer than the bound in all.
    let until = std::time::Instant::now() + std::time::Duration::from_millis(2500);
    let mut part = vec![0; 256 << 10];
    while std::time::Instant::now() < until {
        assert!(socket.read(&mut part).unwrap() > 0);
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert!(cut(bff.admin_address, "unread_answer") < 1.0);
}

#[test]
fn half_a_head_on_a_connection_that_was_good_before_is_cut() {
    let bff = start("head_timeout = '1s'");
    let (mut requests, mut replies) = http::pipeline(bff.address).unwrap();
    requests.get(QUICK).unwrap();
    assert_eq!(replies.read().unwrap().status, 200);
    requests.write(b"GET / HTTP/1.1\r\nhost: te").unwrap();
    eventually("it is cut", || cut(bff.admin_address, "slow_head") > 0.0);
    assert!(replies.read().is_err());
}

#[test]
fn an_idle_connection_ends_after_its_time_and_not_before() {
    let bff = start("keep_alive = '1s'");
    let begun = std::time::Instant::now();
    let (mut requests, mut replies) = http::pipeline(bff.address).unwrap();
    requests.get(QUICK).unwrap();
    assert_eq!(replies.read().unwrap().status, 200);
    assert!(replies.read().is_err(), "it ends");
    assert!(begun.elapsed() >= std::time::Duration::from_secs(1));
    eventually("it is gone", || all_gone(&bff));
}
