//! Writes to services: what counts as done, what a client is told when nothing can be shown of it, and that nothing is
//! done twice.

#![allow(clippy::unwrap_used, reason = "a test that cannot start has nothing to say")]

use bff_core::{Auth, Bff, prelude::*};
use bff_testkit::{
    TestBff,
    http::{self, Reply},
};
use std::{
    io::{self, Read, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
};

/// No sample service of that name.
const CARTS: Service = Service::named("main");

#[derive(View)]
struct Item {
    units: u32,
}

#[derive(View)]
struct Cart {
    units: u32,
}

/// Shows what came of it.
async fn add(cx: &Cx, Body(item): Body<Item>, key: IdempotencyKey) -> Result<Cart> {
    cx.gather(Critical(CARTS.post("items", &item).once(key).named("cart"))).await
}

/// The same without a key: nobody may do it twice.
async fn add_unkeyed(cx: &Cx, Body(item): Body<Item>) -> Result<Cart> {
    cx.gather(Critical(CARTS.post("items", &item).named("cart"))).await
}

/// Shows nothing of it.
async fn remove(cx: &Cx, Body(item): Body<Item>, key: IdempotencyKey) -> Result<Cart> {
    cx.gather(Critical(CARTS.post("items", &item).answers_nothing().once(key).named("cart")))
        .await?;
    Ok(Cart { units: 0 })
}

/// The same without a key, and the page can do without it.
async fn mark(cx: &Cx, Body(item): Body<Item>) -> Result<Cart> {
    let mark = CARTS.post("items", &item).answers_nothing().named("mark");
    let done = cx.gather(Omittable(mark)).await?;
    Ok(Cart { units: done.map_or(0, |()| 1) })
}

/// A service that answers every request with the same bytes.
#[derive(Clone)]
struct Says {
    address: SocketAddr,
    said: Arc<Said>,
}

#[derive(Default)]
struct Said {
    answer: Mutex<String>,
    /// Whether the connection ends behind it.
    ends: Mutex<bool>,
    requests: AtomicU64,
    connections: AtomicU64,
}

impl Says {
    fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let says = Self { address: listener.local_addr().unwrap(), said: Arc::default() };
        let said = says.said.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                said.connections.fetch_add(1, Relaxed);
                let said = said.clone();
                thread::spawn(move || serve(&said, stream));
            }
        });
        says
    }

    /// From now on; `~` at the end stands for the end of the connection.
    fn now(&self, answer: &str) {
        let whole = answer.strip_suffix('~');
        *self.said.ends.lock().unwrap_or_else(PoisonError::into_inner) = whole.is_some();
        *self.said.answer.lock().unwrap_or_else(PoisonError::into_inner) =
            whole.unwrap_or(answer).replace('\n', "\r\n");
    }

    fn requests(&self) -> u64 {
        self.said.requests.load(Relaxed)
    }

    fn connections(&self) -> u64 {
        self.said.connections.load(Relaxed)
    }
}

fn serve(said: &Said, mut stream: TcpStream) -> io::Result<()> {
    let mut received = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        let count = stream.read(&mut chunk)?;
        if count == 0 {
            return Ok(());
        }
        received.extend(chunk.iter().take(count));
        // All bodies here are one object.
        if received.ends_with(b"}") {
            received.clear();
            said.requests.fetch_add(1, Relaxed);
            let answer = said.answer.lock().unwrap_or_else(PoisonError::into_inner).clone();
            stream.write_all(answer.as_bytes())?;
            if *said.ends.lock().unwrap_or_else(PoisonError::into_inner) {
                return Ok(());
            }
        }
    }
}

/// `more` goes into the service's table.
fn start(says: &Says, more: &str) -> TestBff {
    let slow = seconds(9);
    let endpoints = vec![
        post("/test/v1/add").budget(slow).to(add),
        post("/test/v1/add-unkeyed").budget(slow).to(add_unkeyed),
        post("/test/v1/remove").budget(slow).to(remove),
        post("/test/v1/mark").budget(slow).to(mark),
    ];
    let bff = Bff { name: "test", version: "1.0.0", auth: Auth::Open, endpoints };
    let settings = format!(
        "server.listen = \"127.0.0.1:0\"\nadmin.listen = \"127.0.0.1:0\"\nserver.workers = 1\n\
         overload.brownout_lag = \"1m\"\noverload.shed_lag = \"1m\"\n\
         [services.main]\nurl = \"http://{}\"\ntimeout = \"4s\"\nkeep_alive = \"1m\"\n\
         body_limit_bytes = 100000\n{more}\n",
        says.address
    );
    TestBff::start_from(&bff, toml::from_str(&settings).unwrap())
}

fn send(bff: &TestBff, to: &str) -> Reply {
    let request = format!(
        "POST {to} HTTP/1.1\r\nhost: a\r\nconnection: close\r\nidempotency-key: k-1\r\n\
         content-type: application/json\r\ncontent-length: 11\r\n\r\n{{\"units\":1}}"
    );
    http::exchange(bff.address, request.as_bytes()).unwrap()
}

/// What a client is told, and how often the service was asked.
fn told(bff: &TestBff, says: &Says, to: &str) -> (u16, String, u64) {
    let before = says.requests();
    let reply = send(bff, to);
    let what = if reply.status == 200 { reply.at("/units").to_string() } else { reply.code() };
    if what == "CART_DONE" {
        assert_eq!(reply.at("/retryable"), false);
        assert!(reply.at("/message").to_string().contains("was done"), "{}", reply.text());
        assert_eq!(reply.header("retry-after"), None);
    }
    (reply.status, what, says.requests() - before)
}

/// Each row is to be seen as it is.
const NO_BREAKER: &str = "breaker.min_success_percent = 0.0";
const CREATED: &str = "HTTP/1.1 201 Created\nlocation: /items/7\n";
const JSON: &str = "content-type: application/json\n";

#[test]
fn c16_a_write_that_was_done_without_an_answer_says_that_it_was_done() {
    let says = Says::start();
    let bff = start(&says, "breaker.min_calls = 5");
    let done = (502, "CART_DONE".to_owned(), 1);
    let invalid = (502, "CART_INVALID".to_owned(), 1);
    let shown = (200, "3".to_owned(), 1);
    for (answer, expected) in [
        ("HTTP/1.1 204 No Content\n\n".to_owned(), &done),
        ("HTTP/1.1 205 Reset Content\ncontent-length: 0\n\n".to_owned(), &done),
        ("HTTP/1.1 202 Accepted\ncontent-length: 0\n\n".to_owned(), &done),
        (format!("{CREATED}content-length: 0\n\n"), &done),
        (format!("{CREATED}{JSON}content-length: 0\n\n"), &done),
        (format!("{CREATED}{JSON}content-length: 2\n\n\n"), &done),
        (format!("{CREATED}transfer-encoding: chunked\n\n0\n\n"), &done),
        (format!("{CREATED}content-encoding: gzip\ncontent-length: 0\n\n"), &done),
        ("HTTP/1.1 200 OK\ncontent-length: 0\n\n".to_owned(), &done),
        ("HTTP/1.1 200 OK\nconnection: close\n\n~".to_owned(), &done),
        ("HTTP/1.1 203 Non-Authoritative Information\ncontent-length: 0\n\n".to_owned(), &done),
        // What comes is read, whichever success it is.
        (format!("HTTP/1.1 202 Accepted\n{JSON}content-length: 11\n\n{{\"units\":3}}"), &shown),
        (format!("{CREATED}{JSON}content-length: 11\n\n{{\"units\":3}}"), &shown),
        // Nobody knows what this was.
        ("HTTP/1.1 200 OK\ncontent-type: text/html\ncontent-length: 2\n\nok".to_owned(), &invalid),
        (format!("{CREATED}{JSON}content-length: 2\n\n{{}}"), &invalid),
        (format!("HTTP/1.1 206 Partial Content\n{JSON}content-length: 0\n\n"), &invalid),
        ("HTTP/1.1 303 See Other\nlocation: /\ncontent-length: 0\n\n".to_owned(), &invalid),
    ] {
        says.now(&answer);
        for to in ["/test/v1/add", "/test/v1/add-unkeyed"] {
            assert_eq!(&told(&bff, &says, to), expected, "{answer:?} to {to}");
        }
    }
    // The service is well all the time.
    let opened = r#"bff_upstream_events_total{service="main",event="breaker_opened"}"#;
    assert_eq!(bff.metric(opened), 0.0);
}

#[test]
fn c16_what_breaks_off_behind_a_success_was_done_and_is_not_done_twice() {
    let says = Says::start();
    let bff = start(&says, NO_BREAKER);
    for answer in [
        format!("{CREATED}{JSON}content-length: 11\n\n{{\"uni~"),
        format!("{CREATED}{JSON}content-length: 11\n\n~"),
    ] {
        says.now(&answer);
        let done = (502, "CART_DONE".to_owned(), 1);
        assert_eq!(told(&bff, &says, "/test/v1/add-unkeyed"), done, "{answer:?}");
        // By its key the service knows it again, and may answer better.
        let (status, code, asked) = told(&bff, &says, "/test/v1/add");
        assert!(asked > 1, "{answer:?}: asked once");
        assert_eq!((status, code.as_str()), (503, "CART_UNAVAILABLE"), "{answer:?}");
    }
}

#[test]
fn c16_a_write_that_answers_nothing_is_done_with_any_success() {
    let says = Says::start();
    let bff = start(&says, NO_BREAKER);
    let endless = format!("transfer-encoding: chunked\n\n{}", "4\nabcd\n".repeat(1000));
    for (answer, keeps) in [
        ("HTTP/1.1 204 No Content\n\n".to_owned(), true),
        ("HTTP/1.1 205 Reset Content\ncontent-length: 0\n\n".to_owned(), true),
        ("HTTP/1.1 202 Accepted\ncontent-length: 0\n\n".to_owned(), true),
        (format!("{CREATED}content-length: 0\n\n"), true),
        // Content that nobody asked for is passed over, and none of it is read.
        (format!("HTTP/1.1 200 OK\n{JSON}content-length: 3\n\n{{]}}"), true),
        ("HTTP/1.1 200 OK\ncontent-type: text/html\ncontent-length: 2\n\nok".to_owned(), true),
        (format!("HTTP/1.1 200 OK\n{JSON}content-encoding: zstd\ncontent-length: 1\n\nx"), true),
        (format!("HTTP/1.1 200 OK\n{endless}"), false),
        (format!("HTTP/1.1 200 OK\n{JSON}content-length: 9999999999\n\n{{"), false),
        (format!("HTTP/1.1 200 OK\n{JSON}content-length: 50\n\n{{~"), false),
        ("HTTP/1.1 200 OK\nconnection: close\n\nok~".to_owned(), false),
    ] {
        says.now(&answer);
        let shown: String = answer.chars().take(90).collect();
        assert_eq!(told(&bff, &says, "/test/v1/mark"), (200, "1".to_owned(), 1), "{shown:?}");
        let before = says.connections();
        for _ in 0..3 {
            assert_eq!(told(&bff, &says, "/test/v1/remove"), (200, "0".to_owned(), 1), "{shown:?}");
        }
        let more = says.connections() - before;
        assert!(if keeps { more == 0 } else { more >= 2 }, "{shown:?}: {more} connections");
    }
}

#[test]
fn c16_a_write_that_answers_nothing_fails_as_others_do() {
    let says = Says::start();
    let bff = start(&says, NO_BREAKER);
    for (status, code, told_to_client, asked) in [
        (404, "CART_NOT_FOUND", 404, 1),
        (409, "CART_CONFLICT", 409, 1),
        (422, "CART_REFUSED", 422, 1),
        (206, "CART_INVALID", 502, 1),
        (304, "CART_INVALID", 502, 1),
        (500, "CART_UNAVAILABLE", 503, 1),
        // By its key it may be tried again.
        (503, "CART_UNAVAILABLE", 503, 3),
    ] {
        says.now(&format!("HTTP/1.1 {status} X\ncontent-length: 0\n\n"));
        let expected = (told_to_client, code.to_owned(), asked);
        assert_eq!(told(&bff, &says, "/test/v1/remove"), expected, "{status}");
        let (answer, units, asked) = told(&bff, &says, "/test/v1/mark");
        assert_eq!((answer, units.as_str(), asked), (200, "0", 1), "{status}: not without a key");
    }
}
