//! Cookies of others, which browsers send along whatever they are.

use crate::bed::{self, ME, SESSION};
use bff_testkit::{Browser, http, http::Reply};
use std::net::SocketAddr;

/// Sends `Cookie` lines as they are.
fn send(site: SocketAddr, target: &str, lines: &[Vec<u8>]) -> Reply {
    let head = format!(
        "GET {target} HTTP/1.1\r\nhost: {site}\r\nconnection: close\r\nx-csrf: 1\r\n\
         sec-fetch-site: same-origin\r\n"
    );
    let mut request = head.into_bytes();
    for line in lines {
        request.extend([b"cookie: ", line.as_slice(), b"\r\n"].concat());
    }
    request.extend(b"\r\n");
    http::exchange(site, &request).unwrap()
}

fn cookies(browser: &Browser, site: SocketAddr) -> Vec<u8> {
    let pairs = browser.cookies(site).into_iter().map(|(name, value)| format!("{name}={value}"));
    pairs.collect::<Vec<_>>().join("; ").into_bytes()
}

/// Cookies that scripts of the same host and of its parent domains have stored.
fn of_others() -> Vec<Vec<u8>> {
    let mut all = [
        "city=München".as_bytes(),
        b"city=M\xfcnchen",
        "mood=\u{1f600}".as_bytes(),
        b"quoted=\"a b\"",
        b"open=\"a, b",
        b"=nameless",
        b"bare",
        "\u{2028}=\u{202e}".as_bytes(),
    ]
    .map(<[u8]>::to_vec)
    .to_vec();
    all.extend((0x80..=0xff).map(|octet| vec![b'a', b'=', octet]));
    all
}

/// The lines in which a bad pair is before, after and between the good ones.
fn around(other: &[u8], good: &[u8]) -> [Vec<Vec<u8>>; 4] {
    let (pair, split) = (&b"; "[..], good.splitn(2, |b| *b == b';').collect::<Vec<_>>());
    let mut between = [split[0], other].join(pair);
    if let Some(rest) = split.get(1) {
        between = [between.as_slice(), rest].join(pair);
    }
    [
        vec![[other, good].join(pair)],
        vec![[good, other].join(pair)],
        vec![between],
        vec![other.to_vec(), good.to_vec(), other.to_vec()],
    ]
}

#[test]
fn c2_no_cookie_of_others_ends_a_session() {
    let bed = bed::one();
    let browser = bed.signed_in("u-1");
    let mut good = b"first=1; ".to_vec();
    good.extend(cookies(&browser, bed.at(0)));
    for other in of_others() {
        for lines in around(&other, &good) {
            let reply = send(bed.at(0), ME, &lines);
            assert_eq!(reply.status, 200, "{lines:?}: {}", reply.text());
        }
    }
    let user = send(bed.at(0), "/bff/user", &around("a=ü".as_bytes(), &good)[0]);
    assert_eq!(user.status, 200, "{}", user.text());
}

#[test]
fn c2_no_cookie_of_others_makes_signing_in_impossible() {
    let bed = bed::one();
    for other in ["city=München".as_bytes(), b"city=M\xfcnchen", "a=\u{1f600}".as_bytes()] {
        for place in 0..4 {
            let mut browser = Browser::new();
            let callback = browser.sign_in_at(bed.at(0), &bed.idp, "/bff/login", "u-1");
            let mut good = b"first=1; ".to_vec();
            good.extend(cookies(&browser, bed.at(0)));
            let lines = &around(other, &good)[place];
            let back = send(bed.at(0), &callback, lines);
            assert_eq!(back.status, 303, "{lines:?}: {}", back.text());
        }
    }
}

#[test]
fn c2_a_cookie_of_ours_that_came_twice_counts_when_it_is_the_same() {
    let bed = bed::one();
    let browser = bed.signed_in("u-1");
    let good = cookies(&browser, bed.at(0));
    let tossed = format!("{SESSION}=tossed").into_bytes();
    let hidden: Vec<Vec<u8>> = ["\u{2000}", "\u{85}", "\u{a0}", "\u{b}"]
        .iter()
        .map(|space| format!("{space}{SESSION}=tossed").into_bytes())
        .collect();
    assert_eq!(send(bed.at(0), ME, &[good.clone(), good.clone()]).status, 200);
    assert_eq!(send(bed.at(0), ME, &[tossed, good.clone()]).status, 401);
    // Some servers take these spaces away and find our name.
    for hidden in hidden.into_iter().filter(|hidden| !hidden.starts_with(b"\x0b")) {
        assert_eq!(send(bed.at(0), ME, &[hidden, good.clone()]).status, 200);
    }
}
