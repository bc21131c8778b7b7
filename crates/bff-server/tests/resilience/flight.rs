//! Many who want the same at the same time ask once; what belongs to one user is asked for each
//! time.

use crate::{
    bed::{self, PATIENCE, about, busy, count, is_good, service, soon},
    neighbour::Neighbour,
};
use bff_core::prelude::*;
use bff_testkit::{Fault, SampleServices, Service as Sample, TestBff, http};
use std::{
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
};

const PAGE: &str = "/test/v1/critical/p-1";

fn start(sample: &SampleServices, delay: u64) -> TestBff {
    let main = service("main", &[sample.url(Sample::Catalog)], "timeout = \"9s\"");
    let bff = bed::start(seconds(10), &[main]);
    sample.set_fault(Sample::Catalog, Some(Fault::Delay { millis: delay }));
    bff
}

/// A request without its last line.
fn begin(address: SocketAddr) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(2 * PATIENCE))?;
    write!(stream, "GET {PAGE} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n")?;
    Ok(stream)
}

fn send(mut stream: &TcpStream) -> io::Result<()> {
    stream.write_all(b"\r\n")
}

fn answer(mut stream: TcpStream) -> io::Result<String> {
    let mut text = String::new();
    stream.read_to_string(&mut text).map(|_| text)
}

fn good(answers: &[String]) -> usize {
    let is_good = |text: &&String| {
        text.starts_with("HTTP/1.1 200 ")
            && text.contains("\"title\":")
            && !text.contains("egraded:")
    };
    answers.iter().filter(is_good).count()
}

fn in_flight(bff: &TestBff) -> f64 {
    bff.metric("bff_requests_in_flight")
}

#[test]
fn two_hundred_who_want_the_same_make_one_call() {
    let sample = SampleServices::start().unwrap();
    let bff = start(&sample, 2_000);
    let clients: Vec<_> = (0..200).map(|_| begin(bff.address).unwrap()).collect();
    clients.iter().for_each(|client| send(client).unwrap());
    assert!(soon(|| in_flight(&bff) == 200.0), "{} in flight", in_flight(&bff));
    assert_eq!(about(&bff, "main")["flights"], 1);
    let answers: Vec<_> = clients.into_iter().map(|client| answer(client).unwrap()).collect();
    assert_eq!(good(&answers), 200);
    assert_eq!(sample.stats(Sample::Catalog).requests_started, 1);
    assert_eq!(count(&bff, "main", "shared"), 199);
    assert!(soon(|| busy(&bff).is_empty()), "{:?}", busy(&bff));
}

#[test]
fn a_failure_is_shared_like_an_answer_and_not_remembered() {
    let calls = Arc::new(AtomicU64::new(0));
    let of_service = calls.clone();
    let neighbour = Neighbour::start(move |caller| {
        while let Some(id) = caller.next()? {
            if of_service.fetch_add(1, Relaxed) > 0 {
                caller.answer(&id)?;
            } else if !caller.leaves_within(seconds(1))? {
                caller.say("HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n")?;
            }
        }
        Ok(())
    })
    .unwrap();
    let main = service("main", &[neighbour.url()], "timeout = \"9s\"");
    let bff = bed::start(seconds(10), &[main]);
    let clients: Vec<_> = (0..20).map(|_| begin(bff.address).unwrap()).collect();
    clients.iter().for_each(|client| send(client).unwrap());
    let answers: Vec<_> = clients.into_iter().map(|client| answer(client).unwrap()).collect();
    assert!(answers.iter().all(|answer| answer.contains("PRODUCT_UNAVAILABLE")), "{answers:?}");
    assert_eq!((calls.load(Relaxed), count(&bff, "main", "shared")), (1, 19));
    assert!(is_good(&bed::page(&bff, PAGE)));
    assert_eq!(calls.load(Relaxed), 2);
}

#[test]
fn when_the_one_who_calls_leaves_another_calls() {
    let sample = SampleServices::start().unwrap();
    let bff = start(&sample, 1_000);
    let leader = begin(bff.address).unwrap();
    send(&leader).unwrap();
    let started = |n| move |stats: &bff_testkit::Stats| stats.requests_started == n;
    assert!(sample.wait_until(Sample::Catalog, started(1), PATIENCE));
    let others: Vec<_> = (0..20).map(|_| begin(bff.address).unwrap()).collect();
    others.iter().for_each(|client| send(client).unwrap());
    assert!(soon(|| in_flight(&bff) == 21.0), "{} in flight", in_flight(&bff));
    assert_eq!(sample.stats(Sample::Catalog).requests_started, 1);
    leader.shutdown(Shutdown::Both).unwrap();
    assert!(sample.wait_until(Sample::Catalog, started(2), PATIENCE), "nobody took over");
    let answers: Vec<_> = others.into_iter().map(|client| answer(client).unwrap()).collect();
    assert_eq!(good(&answers), 20, "{answers:?}");
    let stats = sample.stats(Sample::Catalog);
    assert_eq!((stats.requests_started, stats.requests_aborted), (2, 1));
    assert!(soon(|| busy(&bff).is_empty()), "{:?}", busy(&bff));
}

#[test]
fn what_belongs_to_one_user_is_asked_for_each_time() {
    let sample = SampleServices::start().unwrap();
    let main = service("main", &[sample.url(Sample::Users)], "timeout = \"9s\"");
    let bff = bed::start_personal(&[main]);
    sample.set_fault(Sample::Users, Some(Fault::Delay { millis: 1_000 }));
    let users = ["u-1", "u-2", "u-1", "u-2"];
    let names: Vec<_> = thread::scope(|scope| {
        let read = |user| {
            let credential = bff.credential(user);
            let headers = [("authorization", credential.as_str())];
            let reply = http::send(bff.address, "GET", "/test/v1/profile", &headers).unwrap();
            reply.at("/displayName").as_str().unwrap_or_default().to_owned()
        };
        let waiting = users.map(|user| scope.spawn(move || read(user)));
        waiting.into_iter().map(|reader| reader.join().unwrap()).collect()
    });
    assert_eq!((&names[0], &names[1]), (&names[2], &names[3]));
    assert!(names[0] != names[1] && !names[0].is_empty(), "{names:?}");
    assert_eq!(sample.stats(Sample::Users).requests_started, 4);
    assert_eq!(count(&bff, "main", "shared"), 0);
}
