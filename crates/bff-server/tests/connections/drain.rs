//! A server that stops while its clients go on: what they sent is answered once, and nothing is reset.

use crate::bed::{self, LARGE, NOTES, QUICK, bff, settings, written};
use bff_server::{Server, Stop};
use bff_testkit::{
    Rollout,
    http::{self, Requests},
    redis::eventually,
};
use std::{
    io,
    net::SocketAddr,
    thread::{self, JoinHandle},
};

/// A server on a thread of its own.
struct Instance {
    address: SocketAddr,
    admin: SocketAddr,
    stop: Stop,
    thread: JoinHandle<io::Result<()>>,
}

impl Instance {
    fn start(drain_delay: &str) -> Self {
        let server = format!("drain_timeout = '20s'\ndrain_delay = '{drain_delay}'");
        let server = Server::bind(&bff(), &bed::read(&settings(&server))).unwrap();
        Self {
            address: server.address(),
            admin: server.admin_address(),
            stop: server.stop_handle(),
            thread: thread::spawn(|| server.run_blocking()),
        }
    }

    fn is_ready(&self) -> bool {
        http::send(self.admin, "GET", "/readyz", &[]).is_ok_and(|reply| reply.status == 200)
    }

    fn ends(self) {
        self.thread.join().unwrap().unwrap();
    }
}

#[test]
fn c4_from_the_signal_on_every_answer_is_the_last_on_its_connection() {
    let bff = Instance::start("1h");
    eventually("it is ready", || bff.is_ready());
    let open = || http::pipeline(bff.address).unwrap();
    let [page, problem, empty, pipelined] = [(); 4].map(|()| open());
    bff.stop.stop();
    eventually("it drains", || !bff.is_ready());
    let targets = [("a page", page, QUICK, 200), ("a problem", problem, "/nowhere", 404)];
    for (what, (mut requests, mut replies), target, status) in targets {
        requests.get(target).unwrap();
        let reply = replies.read().unwrap();
        assert_eq!((reply.status, reply.header("connection")), (status, Some("close")), "{what}");
        let end = replies.read().unwrap_err();
        assert_eq!(end.kind(), io::ErrorKind::UnexpectedEof, "{what}");
    }
    let (mut requests, mut replies) = empty;
    requests.write(format!("HEAD {QUICK} HTTP/1.1\r\nhost: test\r\n\r\n").as_bytes()).unwrap();
    let head = replies.read_head().unwrap();
    assert_eq!(head.header("connection"), Some("close"), "a head");
    // Of several requests at once one is answered; the client sees that it was the last.
    let (mut requests, mut replies) = pipelined;
    let both = format!("GET {QUICK} HTTP/1.1\r\nhost: test\r\n\r\n").repeat(2);
    requests.write(both.as_bytes()).unwrap();
    assert_eq!(replies.read().unwrap().header("connection"), Some("close"));
    assert_eq!(replies.read().unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
}

#[test]
fn c4_idle_connections_end_without_a_reset_when_the_port_closes() {
    let bff = Instance::start("0s");
    eventually("it is ready", || bff.is_ready());
    let mut idle: Vec<_> = (0..8).map(|_| http::pipeline(bff.address).unwrap()).collect();
    for (requests, replies) in idle.iter_mut().skip(1) {
        requests.get(QUICK).unwrap();
        assert_eq!(replies.read().unwrap().header("connection"), None);
    }
    let (requests, large) = &mut idle[0];
    requests.get(LARGE).unwrap();
    bff.stop.stop();
    assert_eq!(large.read().unwrap().status, 200, "what was asked is answered");
    for (_, replies) in &mut idle {
        assert_eq!(replies.read().unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
    drop(idle);
    bff.ends();
}

/// How many requests a rolling restart has to carry.
const REQUESTS: u64 = 20_000;
const CLIENTS: usize = 24;
const RESTARTS: usize = 3;

/// The first note: others of this process have smaller numbers.
const FIRST: u64 = 1_000_000;

/// One in three is a write.
fn is_write(number: u64) -> bool {
    number.is_multiple_of(3)
}

fn post(requests: &mut Requests, number: u64) -> io::Result<()> {
    let body = format!("{{\"number\":{number}}}");
    let length = body.len();
    let head = format!(
        "POST {NOTES} HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    );
    requests.write(format!("{head}{body}").as_bytes())
}

#[test]
fn c4_rolling_restarts_without_a_gateway_lose_and_repeat_nothing() {
    let start = || {
        let instance = Instance::start("300ms");
        eventually("it is ready", || instance.is_ready());
        instance
    };
    let mut instances = vec![start(), start()];
    let rollout = Rollout::default();
    let follow = |instances: &[Instance]| rollout.set_ready(instances.iter().map(|it| it.address));
    follow(&instances);
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let rollout = &rollout;
            scope.spawn(move || {
                let send = |requests: &mut Requests, number| match is_write(number) {
                    true => post(requests, FIRST + number),
                    false => requests.get(QUICK),
                };
                rollout.ask(client, send, |number, reply| {
                    assert_eq!(reply.status, 200);
                    let times = u32::from(is_write(number));
                    assert_eq!(
                        written(FIRST + number),
                        times,
                        "times that {number} was carried out"
                    );
                });
            });
        }
        for _ in 0..RESTARTS * instances.len() {
            rollout.go_on_for(REQUESTS / RESTARTS as u64 / 2);
            instances.push(start());
            let old = instances.remove(0);
            old.stop.stop();
            // As endpoints of a cluster follow readiness.
            eventually("it drains", || !old.is_ready());
            follow(&instances);
            old.ends();
        }
        rollout.go_on_for(REQUESTS / RESTARTS as u64 / 2);
        rollout.end();
    });
    let (asked, answered) = rollout.counts();
    assert!(answered >= REQUESTS && asked == answered, "{answered} of {asked}");
}
