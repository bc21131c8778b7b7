//! Requests whose head is odd: what is read, and what is refused.

use crate::bed::{NOTES, QUICK, start};
use bff_testkit::http;

#[test]
fn c9_an_empty_body_is_no_body_however_it_is_framed() {
    let bff = start("");
    for (what, head, body) in [
        ("chunked", "transfer-encoding: chunked", "0\r\n\r\n"),
        ("chunked, several zeros", "transfer-encoding: chunked", "000\r\n\r\n"),
        ("chunked, in capitals", "Transfer-Encoding: Chunked", "0\r\n\r\n"),
        ("a length of zero", "content-length: 0", ""),
        (
            "with a type",
            "content-type: application/json\r\ntransfer-encoding: chunked",
            "0\r\n\r\n",
        ),
    ] {
        let (mut requests, mut replies) = http::pipeline(bff.address).unwrap();
        for method in ["GET", "GET"] {
            let request =
                format!("{method} {QUICK} HTTP/1.1\r\nhost: test\r\n{head}\r\n\r\n{body}");
            requests.write(request.as_bytes()).unwrap();
            let reply = replies.read().unwrap();
            assert_eq!((reply.status, reply.header("connection")), (200, None), "{what}");
        }
    }
}

#[test]
fn c9_the_body_may_come_later_than_the_head() {
    let bff = start("");
    let (mut requests, mut replies) = http::pipeline(bff.address).unwrap();
    let head = format!("GET {QUICK} HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n");
    requests.write(head.as_bytes()).unwrap();
    requests.write(b"0\r\n").unwrap();
    requests.write(b"\r\n").unwrap();
    assert_eq!(replies.read().unwrap().status, 200);
}

#[test]
fn c9_a_body_that_has_content_is_refused_and_never_read_as_a_request() {
    let bff = start("");
    let smuggled = format!("GET {QUICK} HTTP/1.1\r\nhost: test\r\n\r\n");
    for (what, head, body) in [
        ("chunked", "transfer-encoding: chunked", format!("1\r\na\r\n0\r\n\r\n{smuggled}")),
        ("a chunk that does not end", "transfer-encoding: chunked", format!("ff\r\n{smuggled}")),
        ("a length", "content-length: 3", format!("abc{smuggled}")),
    ] {
        let (mut requests, mut replies) = http::pipeline(bff.address).unwrap();
        let request = format!("GET {QUICK} HTTP/1.1\r\nhost: test\r\n{head}\r\n\r\n{body}");
        requests.write(request.as_bytes()).unwrap();
        let reply = replies.read().unwrap();
        assert_eq!((reply.status, reply.code().as_str()), (415, "BODY_NOT_READ"), "{what}");
        assert_eq!(reply.header("connection"), Some("close"), "{what}");
        assert!(replies.read().is_err(), "{what}: there was a second answer");
    }
}

#[test]
fn c17_a_host_that_is_none_is_refused() {
    let bff = start("");
    let ask = |host: &str| {
        let request = format!("GET {QUICK} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        http::exchange(bff.address, request.as_bytes()).unwrap()
    };
    for good in [
        "shop.example",
        "SHOP.example:8443",
        "127.0.0.1:80",
        "[::1]",
        "[2001:db8::1]:8080",
        "a_b.test",
        "",
        "shop.example:",
    ] {
        assert_eq!(ask(good).status, 200, "{good}");
    }
    for bad in [
        "a b/c",
        "a/b",
        "user@shop.example",
        "shop.example:80a",
        "shop.example:808080",
        "[::1",
        "[::1]x",
        "[zz]",
        "a,b",
        "a?b",
        "a#b",
        "a\\b",
        "m\u{fc}nchen.example",
        "shop.example:80:80",
    ] {
        let reply = ask(bad);
        assert_eq!((reply.status, reply.code().as_str()), (400, "INVALID_HOST"), "{bad}");
    }
}

#[test]
fn a_body_is_read_in_pieces_and_the_connection_goes_on() {
    let bff = start("");
    let (mut requests, mut replies) = http::pipeline(bff.address).unwrap();
    for number in [7, 8] {
        let body = format!("{{\"number\":{number}}}");
        let length = body.len();
        let head = format!(
            "POST {NOTES} HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
        );
        requests.write(head.as_bytes()).unwrap();
        for byte in body.as_bytes() {
            requests.write(&[*byte]).unwrap();
        }
        requests.get(QUICK).unwrap();
        assert_eq!(replies.read().unwrap().at("/number"), number);
        assert_eq!(replies.read().unwrap().at("/word"), "sesame");
    }
}
