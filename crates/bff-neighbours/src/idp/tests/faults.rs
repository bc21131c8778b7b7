//! Endpoints that misbehave, from Rust and from the control path.

use super::{ID, SECRET, SOON, get, idp, post};
use crate::idp::{Endpoint, IdentityProvider, IdpFault};
use bff_fixtures::http;
use serde_json::json;
use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

#[test]
fn every_endpoint_fails_by_itself_and_is_counted() {
    let idp = idp();
    for endpoint in Endpoint::ALL {
        let before = idp.count(endpoint);
        idp.set_fault(endpoint, Some(IdpFault::Status(503)));
        let others = Endpoint::ALL.map(|other| get(&idp, other.path()).status);
        let expected = Endpoint::ALL.map(|other| other == endpoint);
        assert_eq!(others.map(|status| status == 503), expected, "{endpoint:?}");
        idp.set_fault(endpoint, None);
        assert_ne!(get(&idp, endpoint.path()).status, 503);
        assert_eq!(idp.count(endpoint), before + 2, "{endpoint:?}");
    }
}

#[test]
fn garbage_is_no_json_and_a_delay_is_only_late() {
    let idp = idp();
    idp.set_fault(Endpoint::Jwks, Some(IdpFault::Garbage));
    let reply = get(&idp, "/jwks");
    assert_eq!((reply.status, reply.json()), (200, json!(null)));
    idp.set_fault(Endpoint::Jwks, Some(IdpFault::Delay(Duration::from_millis(50))));
    let asked = Instant::now();
    assert_eq!(get(&idp, "/jwks").count("/keys"), Some(2));
    assert!(asked.elapsed() >= Duration::from_millis(50));
}

#[test]
fn a_closed_connection_has_no_answer() {
    let idp = idp();
    idp.set_fault(Endpoint::Discovery, Some(IdpFault::Close));
    let mut stream = asked(&idp, Endpoint::Discovery);
    let mut received = Vec::new();
    // An orderly end or a reset; never a byte, never silence.
    let end = stream.read_to_end(&mut received);
    assert!(!end.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock));
    assert_eq!(received, b"");
}

#[test]
fn a_hanging_endpoint_holds_up_neither_the_others_nor_the_end() {
    let idp = idp();
    idp.set_fault(Endpoint::Token, Some(IdpFault::Hang));
    let mut stream = asked(&idp, Endpoint::Token);
    let until = Instant::now() + SOON;
    while idp.count(Endpoint::Token) == 0 && Instant::now() < until {
        thread::yield_now();
    }
    assert_eq!((idp.count(Endpoint::Token), get(&idp, "/jwks").status), (1, 200));
    let (ended, has_ended) = mpsc::channel();
    thread::spawn(move || {
        drop(idp);
        ended.send(()).unwrap();
    });
    has_ended.recv_timeout(SOON).unwrap();
    let mut received = Vec::new();
    let _closed_or_reset = stream.read_to_end(&mut received);
    assert_eq!(received, b"");
}

/// A connection with a request on it.
fn asked(idp: &IdentityProvider, endpoint: Endpoint) -> TcpStream {
    let mut stream = TcpStream::connect(idp.address()).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    let head = format!("GET {} HTTP/1.1\r\nhost: x\r\n\r\n", endpoint.path());
    stream.write_all(head.as_bytes()).unwrap();
    stream
}

#[test]
fn people_break_and_heal_it_with_curl() {
    let idp = idp();
    let send = |method: &str, target: &str| http::send(idp.address(), method, target, &[]).unwrap();
    for (kind, fault) in [
        ("status?code=502", IdpFault::Status(502)),
        ("delay?millis=5", IdpFault::Delay(Duration::from_millis(5))),
        ("hang", IdpFault::Hang),
        ("close", IdpFault::Close),
        ("garbage", IdpFault::Garbage),
    ] {
        assert_eq!(send("PUT", &format!("/control/faults/token/{kind}")).status, 200, "{kind}");
        let shown = send("GET", "/control").at("/endpoints/token/fault");
        assert_eq!(shown, json!(format!("{fault:?}")));
    }
    for wrong in ["token/explode", "nothing/hang", "token/status", "token/delay?millis=x"] {
        assert_eq!(send("PUT", &format!("/control/faults/{wrong}")).status, 404, "{wrong}");
    }
    send("DELETE", "/control/faults");
    assert_eq!(send("GET", "/control").at("/endpoints/token/fault"), json!(null));
    let pairs = [("grant_type", "client_credentials")];
    assert_eq!(post(&idp, "/token", Some((ID, SECRET)), &pairs).status, 200);
    assert_eq!(send("GET", "/control").at("/endpoints/token/requests"), json!(1));
}

#[test]
fn people_end_sessions_with_curl() {
    let idp = idp();
    super::tokens_of(&idp, "u-1");
    let shown = get(&idp, "/control").at("/sessions/0");
    assert_eq!((&shown["sub"], &shown["clients"]), (&json!("u-1"), &json!([ID])));
    let ended = http::send(idp.address(), "POST", "/control/users/u-1/end-session", &[]).unwrap();
    assert_eq!(ended.at("/logoutTokens"), json!(0));
    assert_eq!((idp.signed_in(), idp.live_refresh_tokens("u-1")), (vec![], 0));
}
