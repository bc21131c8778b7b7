//! An answer belongs to the request that it answers, whatever a service does with its connections.

use crate::{
    bed::{self, PATIENCE, busy, page, service, soon},
    neighbour::{Caller, Neighbour},
};
use bff_core::prelude::*;
use std::{io, thread, time::Instant};

/// What no service should say, and then nothing more on that connection.
fn oddities() -> Vec<String> {
    // Right, so that nothing but the frame is a reason to refuse it: 15 bytes.
    let body = r#"{"title":"odd"}"#;
    let json = "content-type: application/json\r\n";
    let head = |lines: &str| format!("HTTP/1.1 200 OK\r\n{json}{lines}\r\n");
    vec![
        head("content-length: 15\r\ncontent-length: +15\r\n") + body,
        head("content-length: +15\r\n") + body,
        head("content-length: 15, 15\r\n") + body,
        head("content-length: 15\r\n folded: 1\r\n") + body,
        head("content-length: 15\r\nbad name: 1\r\n") + body,
        head("transfer-encoding: chunked, identity\r\n") + "f\r\n" + body + "\r\n0\r\n\r\n",
        head("transfer-encoding: chunked\r\n") + "+f\r\n" + body + "\r\n0\r\n\r\n",
        head("transfer-encoding: chunked\r\n") + "f;a=b\n" + body + "\r\n0\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(1000),
        format!("HTTP/1.1 200 {}\r\n{json}content-length: 15\r\n\r\n{body}", "x".repeat(200_000)),
        head(&("content-length: 15\r\n".to_owned() + &"a: b\r\n".repeat(1000))) + body,
        head(&format!("content-length: 15\r\na: {}\r\n", "b".repeat(200_000))) + body,
        head("content-length: -1\r\n") + body,
        head("content-length: 99999999999999999999999\r\n") + body,
        head("content-length: 15\r\ncontent-length: 16\r\n") + body,
        head("content-length: 15\r\ntransfer-encoding: chunked\r\n") + body,
        head("transfer-encoding: chunked\r\n") + "zz\r\n",
        head("transfer-encoding: chunked\r\n") + "ffffffffffffffffff\r\n",
        head("transfer-encoding: gzip\r\ncontent-length: 15\r\n") + body,
        head("content-encoding: gzip\r\ncontent-length: 15\r\n") + body,
        head("content-encoding: zstd\r\ncontent-length: 15\r\n") + body,
        format!("HTTP/1.1 999 What\r\n{json}content-length: 15\r\n\r\n{body}"),
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n".to_owned(),
        format!("HTTP/3.7 200 OK\r\n{json}content-length: 15\r\n\r\n{body}"),
        "\r\n".repeat(100_000),
    ]
}

fn say_something_odd(caller: &mut Caller) -> io::Result<()> {
    let Some(id) = caller.next()? else { return Ok(()) };
    let nth = id.trim_start_matches("p-").parse::<usize>().unwrap_or_default();
    match oddities().get(nth) {
        Some(text) => caller.say(text)?,
        // A body that never ends, a byte now and then.
        None if nth == oddities().len() => {
            caller.say("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n")?;
            caller.say("content-length: 50000\r\n\r\n")?;
            while !caller.leaves_within(millis(20))? {
                caller.say(" ")?;
            }
        }
        // One that never ends, as fast as it is read.
        None => {
            caller.say("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n")?;
            caller.say("transfer-encoding: chunked\r\n\r\n")?;
            let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x1_0000));
            loop {
                caller.say(&chunk)?;
            }
        }
    }
    caller.leaves_within(2 * PATIENCE).map(drop)
}

#[test]
fn whatever_a_service_says_costs_its_call_and_nothing_else() {
    let odd = Neighbour::start(say_something_odd).unwrap();
    let fine = Neighbour::start(|caller| {
        while let Some(id) = caller.next()? {
            caller.answer(&id)?;
        }
        Ok(())
    })
    .unwrap();
    let more = "timeout = \"400ms\"\nbody_limit_bytes = 100000\nbreaker.min_success_percent = 0.0";
    let services =
        [service("main", &[odd.url()], more), service("other", &[fine.url()], "timeout = \"4s\"")];
    let bff = bed::start(seconds(5), &services);
    let either = ["PRODUCT_INVALID", "PRODUCT_UNAVAILABLE"].as_slice();
    let mut texts: Vec<_> = oddities().into_iter().map(|text| (text, either)).collect();
    texts.push(("a body by drips".to_owned(), &["PRODUCT_UNAVAILABLE"]));
    texts.push(("a body without end".to_owned(), &["PRODUCT_INVALID"]));
    thread::scope(|scope| {
        for (nth, (text, codes)) in texts.iter().enumerate() {
            let (bff, text) = (&bff, text.chars().take(80).collect::<String>());
            scope.spawn(move || {
                let begun = Instant::now();
                let reply = page(bff, &format!("/test/v1/critical/p-{nth}"));
                assert!(begun.elapsed() < PATIENCE, "{text}: {:?}", begun.elapsed());
                assert!(codes.contains(&reply.code().as_str()), "{text}: {}", reply.text());
            });
        }
        for nth in 1..=10 {
            let reply = page(&bff, &format!("/test/v1/other/p-{nth}"));
            assert_eq!(reply.at("/title"), format!("p-{nth}"), "{}", reply.text());
        }
    });
    assert!(soon(|| busy(&bff).is_empty()), "{:?}", busy(&bff));
}

/// A service that says 103 at once and the rest a little later, as RFC 8297 has it.
#[test]
fn an_answer_behind_early_hints_is_never_given_to_somebody_else() {
    let neighbour = Neighbour::start(|caller| {
        while let Some(id) = caller.next()? {
            caller.say("HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\n\r\n")?;
            thread::sleep(millis(50));
            caller.answer(&id)?;
        }
        Ok(())
    })
    .unwrap();
    let more = "timeout = \"2s\"\nkeep_alive = \"60s\"";
    let bff = bed::start(seconds(3), &[service("main", &[neighbour.url()], more)]);
    for nth in 1..=20 {
        let reply = page(&bff, &format!("/test/v1/critical/p-{nth}"));
        let expected = reply.status != 200 || reply.at("/title") == format!("p-{nth}");
        assert!(expected, "p-{nth} got {}", reply.text());
    }
}

/// A body that is not announced ends with the connection (RFC 9112 section 6.3); it must not be
/// taken for the next answer.
#[test]
fn a_body_without_a_length_is_never_the_next_answer() {
    let neighbour = Neighbour::start(|caller| {
        while let Some(id) = caller.next()? {
            caller.say("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n")?;
            thread::sleep(millis(50));
            caller.answer(&id)?;
        }
        Ok(())
    })
    .unwrap();
    let more = "timeout = \"2s\"\nkeep_alive = \"60s\"";
    let bff = bed::start(seconds(3), &[service("main", &[neighbour.url()], more)]);
    for nth in 1..=20 {
        let reply = page(&bff, &format!("/test/v1/critical/p-{nth}"));
        let expected = reply.status != 200 || reply.at("/title") == format!("p-{nth}");
        assert!(expected, "p-{nth} got {}", reply.text());
    }
}
