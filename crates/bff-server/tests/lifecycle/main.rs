//! The end of a process in which something is stuck: it comes, in time, and says what it cost.

use bff_core::{Auth, Bff, prelude::*};
use bff_server::Settings;
use bff_testkit::{
    BffProcess, http,
    process::{Part, Signal},
};
use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    process::exit,
    thread,
};

/// What each process asks for its part.
const TEST: &str = "each_is_a_process_of_its_own";
/// Said by a process whose part is not over as it should be.
const NO_END: i32 = 99;

#[derive(View)]
struct Word {
    word: String,
}

async fn quick(_: &Cx) -> Result<Word> {
    std::future::ready(Ok(Word { word: "sesame".to_owned() })).await
}

/// More than all buffers between two programs hold.
async fn large(_: &Cx) -> Result<Word> {
    std::future::ready(Ok(Word { word: "sesame ".repeat(2 << 20) })).await
}

/// Holds its worker for ever; not at once, because a start looks at what handlers begin with.
async fn stuck(_: &Cx) -> Result<Word> {
    tokio::task::yield_now().await;
    for_ever();
    std::future::pending().await
}

fn for_ever() {
    loop {
        thread::park();
    }
}

#[test]
fn each_is_a_process_of_its_own() {
    let Some(part) = Part::of_this_process() else { return };
    let endpoints = vec![
        get("/test/v1/quick").to(quick),
        get("/test/v1/large").budget(seconds(30)).to(large),
        get("/test/v1/stuck").to(stuck),
    ];
    let bff = Bff { name: "test", version: "1.0.0", auth: Auth::Open, endpoints };
    let settings: Settings = toml::from_str(&part.settings).unwrap();
    let server = Part::bind(&bff, &settings);
    let system = actix_web::rt::System::new();
    let end = system.block_on(async {
        if part.role == "waits for a disk" {
            tokio::task::spawn_blocking(for_ever);
        }
        server.run_until_signal().await
    });
    // As in `bff_server::run`: waits for all that was handed to it.
    drop(system);
    exit(end.map_or(NO_END, |end| end.code().into()));
}

/// With more in its settings for the server.
fn start(role: &str, server: &str) -> BffProcess {
    let settings = format!(
        r#"
        admin.listen = "127.0.0.1:0"
        [server]
        listen = "127.0.0.1:0"
        workers = 2
        {server}
        "#
    );
    BffProcess::start(TEST, role, &settings)
}

/// Asks, and reads nothing until it is dropped.
fn ask(address: SocketAddr, target: &str) -> io::Result<TcpStream> {
    let mut socket = TcpStream::connect(address)?;
    write!(socket, "GET {target} HTTP/1.1\r\nhost: test\r\n\r\n")?;
    Ok(socket)
}

fn eventually(what: &str, condition: impl Fn() -> bool) {
    let until = std::time::Instant::now() + seconds(30);
    while !condition() {
        assert!(std::time::Instant::now() < until, "{what}");
        thread::sleep(millis(2));
    }
}

/// Whether the process has begun to answer that many requests.
fn in_flight(bff: &BffProcess, requests: usize) -> bool {
    let metrics = http::send(bff.admin_address, "GET", "/metrics", &[]);
    let line = format!("bff_requests_in_flight {requests}\n");
    metrics.is_ok_and(|metrics| metrics.text().contains(&line))
}

#[test]
fn a_worker_that_never_returns_ends_with_the_process_and_is_told() {
    let bff = start("stuck", "drain_timeout = '1s'");
    let _asked = ask(bff.address, "/test/v1/stuck").unwrap();
    eventually("the request is in flight", || in_flight(&bff, 1));
    bff.signal(Signal::TERM);
    assert_eq!(bff.end(), Some(3));
}

#[test]
fn a_client_that_does_not_read_is_cut_off_and_is_told() {
    let bff = start("large", "drain_timeout = '1s'");
    let mut socket = ask(bff.address, "/test/v1/large").unwrap();
    let mut head = [0; 12];
    socket.read_exact(&mut head).unwrap();
    assert_eq!(&head, b"HTTP/1.1 200");
    bff.signal(Signal::TERM);
    assert_eq!(bff.end(), Some(3));
}

#[test]
fn what_holds_the_process_after_the_last_answer_does_not_hold_it_for_ever() {
    let bff = start("waits for a disk", "drain_timeout = '0s'");
    let reply = http::send(bff.address, "GET", "/test/v1/quick", &[]).unwrap();
    assert_eq!(reply.at("/word"), "sesame");
    bff.signal(Signal::INT);
    assert_eq!(bff.end(), Some(0), "everything was answered");
}

#[test]
fn a_second_signal_ends_the_process_at_once_whatever_is_stuck() {
    for (second, code) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let bff = start("stuck", "drain_delay = '1h'");
        let _asked = ask(bff.address, "/test/v1/stuck").unwrap();
        eventually("the request is in flight", || in_flight(&bff, 1));
        bff.signal(Signal::TERM);
        let ready = || http::send(bff.admin_address, "GET", "/readyz", &[]).unwrap().status;
        eventually("it drains", || ready() == 503);
        assert_eq!(bff.end_by(second), Some(code), "{second:?}");
    }
}
