//! Ends that are not orderly by themselves: somebody hangs, or somebody has no patience.

use crate::running::{HOME, Running, slow_home};
use bff_testkit::Fault;
use rustix::process::Signal;
use std::{
    io,
    net::{SocketAddr, TcpListener},
};

/// Takes every connection and never says a word.
fn silent() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || listener.incoming().flatten().collect::<Vec<_>>());
    Ok(address)
}

#[test]
fn a_second_signal_ends_the_process_at_once_and_says_so() {
    for (second, code) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let bff = Running::start(&[("BFF__SERVER__DRAIN_DELAY", "1h")]);
        bff.signal(Signal::TERM);
        assert!(bff.eventually(|bff| bff.logged("draining").is_some()), "{:?}", bff.lines());
        let said = "a second signal: the process ends at once";
        let insists = |bff: &Running| {
            bff.signal(second);
            bff.logged(said).is_some()
        };
        assert!(bff.eventually(insists), "{:?}", bff.lines());
        let (status, output, errors) = bff.end();
        assert_eq!((status.code(), errors.as_str()), (Some(code), ""), "{output}");
    }
}

#[test]
fn requests_without_an_answer_after_the_drain_are_in_the_exit_code() {
    let bff = Running::start(&[("BFF__SERVER__DRAIN_TIMEOUT", "0s")]);
    let page = slow_home(&bff, Fault::HangBeforeHeaders);
    bff.signal(Signal::INT);
    let (status, output, errors) = bff.end();
    assert_eq!((status.code(), errors.as_str()), (Some(3), ""), "{output}");
    assert!(output.contains(r#""message":"requests were cut off""#), "{output}");
    assert_ne!(page.join().unwrap(), 200);
}

#[test]
fn a_collector_that_never_answers_holds_nobody_up() {
    let collector = silent().unwrap();
    let bff = Running::start(&[
        ("BFF__TRACES__OTLP_ENDPOINT", &format!("http://{collector}/v1/traces")),
        ("BFF__TRACES__SAMPLE_RATIO", "1"),
    ]);
    assert_eq!(bff.get(HOME, &[]).status, 200);
    bff.signal(Signal::TERM);
    let (status, output, errors) = bff.end();
    assert_eq!((status.code(), errors.as_str()), (Some(0), ""), "{output}");
    assert!(output.contains("the last spans were not delivered"), "{output}");
    assert!(output.contains(r#""message":"stopped""#), "{output}");
}

#[test]
fn a_redis_that_never_answers_holds_nobody_up() {
    let redis = format!("redis://{}", silent().unwrap());
    let bff = Running::start(&[("BFF__CACHE__REDIS__URL", &redis)]);
    assert_eq!(bff.get(HOME, &[]).status, 200);
    bff.signal(Signal::TERM);
    let (status, output, errors) = bff.end();
    assert_eq!((status.code(), errors.as_str()), (Some(0), ""), "{output}");
    assert!(output.contains(r#""message":"stopped""#), "{output}");
}
