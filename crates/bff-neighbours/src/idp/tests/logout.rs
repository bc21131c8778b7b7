//! Signing out: the browser, the tokens, and the clients that are told.

use super::{
    Browser, ID, SOON, authorize, browser::ticket, claims, form, idp, in_location, redeem, shop,
    text, tokens_of,
};
use crate::idp::{Client, Delivery};
use bff_fixtures::Json;
use serde_json::json;
use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::mpsc::{Receiver, channel},
    thread,
};
use url::form_urlencoded;

/// A client that listens for logout tokens at a free port.
fn listening() -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/backchannel", listener.local_addr().unwrap());
    let (sender, received) = channel();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            if sender.send(logout_token(stream)).is_err() {
                break;
            }
        }
    });
    (url, received)
}

/// The token in a request, which is answered with 200.
fn logout_token(mut stream: TcpStream) -> String {
    stream.set_read_timeout(Some(SOON)).unwrap();
    let (mut bytes, mut chunk) = (Vec::new(), [0; 4096]);
    loop {
        let count = stream.read(&mut chunk).unwrap();
        bytes.extend_from_slice(&chunk[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| {
            line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned)
        });
        if body.len() < length.unwrap().parse::<usize>().unwrap() {
            continue;
        }
        assert!(head.starts_with("POST /backchannel "), "{head}");
        // A kept connection could be closed by us while the next token is on its way.
        assert!(head.to_ascii_lowercase().contains("\r\nconnection: close"), "{head}");
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
        let pairs = form_urlencoded::parse(body.as_bytes());
        return pairs.into_owned().find(|(name, _)| name == "logout_token").unwrap().1;
    }
}

fn end_session(pairs: &[(&str, &str)]) -> String {
    format!("/end-session?{}", form(pairs))
}

#[test]
fn the_end_of_a_session_reaches_the_clients() {
    let idp = idp();
    let (url, tokens) = listening();
    idp.register(Client { backchannel_logout_uri: Some(url), ..shop() });
    let mut browser = Browser::new(&idp);
    let code = browser.code("u-1");
    let body = redeem(&idp, &code, &[]).json();
    let hint = text(&body, "id_token");
    let target = end_session(&[
        ("id_token_hint", hint),
        ("post_logout_redirect_uri", "http://127.0.0.1:9/bye"),
        ("state", "s"),
    ]);
    let reply = browser.get(&target);
    assert_eq!(reply.status, 303, "{}", reply.text());
    assert_eq!(reply.header("location"), Some("http://127.0.0.1:9/bye?state=s"));
    // The browser goes on when the clients know.
    let sid = claims(&idp, hint, "JWT")["sid"].clone();
    let known = Delivery {
        client: ID.to_owned(),
        sid: sid.as_str().unwrap().to_owned(),
        status: Some(200),
    };
    assert_eq!(idp.deliveries(), [known]);

    let logout = claims(&idp, &tokens.recv_timeout(SOON).unwrap(), "logout+jwt");
    let expected = (&json!("u-1"), &json!(ID), &sid);
    assert_eq!((&logout["sub"], &logout["aud"], &logout["sid"]), expected);
    let event = "http://schemas.openid.net/event/backchannel-logout";
    assert_eq!(logout["events"], json!({ event: {} }));
    assert!(logout["jti"].is_string() && logout["nonce"].is_null(), "{logout}");
    assert!(!browser.is_signed_in());
    assert_eq!((idp.signed_in(), idp.live_refresh_tokens("u-1")), (vec![], 0));
    assert!(!idp.is_live(text(&body, "access_token")));
    let none = browser.get(&authorize(&[("prompt", "none")]));
    assert_eq!(in_location(&none, "error").as_deref(), Some("login_required"));
}

#[test]
fn without_a_hint_a_person_is_asked() {
    let idp = idp();
    let mut browser = Browser::new(&idp);
    assert!(browser.get("/end-session").text().contains("Signed out"));
    browser.code("u-1");
    let pairs = [("client_id", ID), ("post_logout_redirect_uri", "http://127.0.0.1:9/bye")];
    let page = browser.get(&end_session(&pairs));
    assert_eq!((page.status, idp.signed_in().len()), (200, 1));
    let reply = browser.post("/sign-out", &[("ticket", &ticket(&page))]);
    assert_eq!(reply.header("location"), Some("http://127.0.0.1:9/bye"));
    assert_eq!(idp.signed_in(), []);
}

#[test]
fn a_wrong_wish_ends_nothing() {
    let idp = idp();
    let body = tokens_of(&idp, "u-1");
    let hint = text(&body, "id_token");
    let bye = ("post_logout_redirect_uri", "http://127.0.0.1:9/bye");
    for wrong in [
        &[("id_token_hint", hint), ("post_logout_redirect_uri", "http://127.0.0.1:9/bye2")][..],
        &[("id_token_hint", hint), ("client_id", "web-bff")],
        &[("id_token_hint", text(&body, "access_token")), bye],
        &[("id_token_hint", text(&body, "access_token"))],
        &[bye],
    ] {
        let reply = super::get(&idp, &end_session(wrong));
        assert_eq!((reply.status, reply.header("location")), (400, None), "{wrong:?}");
    }
    assert_eq!(idp.live_refresh_tokens("u-1"), 1);
}

#[test]
fn an_administrator_ends_the_sessions_of_one_user() {
    let idp = idp();
    let (url, tokens) = listening();
    idp.register(Client { backchannel_logout_uri: Some(url), ..shop() });
    for user in ["u-1", "u-1", "u-2"] {
        tokens_of(&idp, user);
    }
    assert_eq!(idp.end_user_session("u-1"), 2);
    let subjects = [(); 2].map(|()| {
        let token = tokens.recv_timeout(SOON).unwrap();
        claims(&idp, &token, "logout+jwt")["sub"].clone()
    });
    assert_eq!(subjects, [json!("u-1"), json!("u-1")]);
    assert_eq!((idp.live_refresh_tokens("u-1"), idp.live_refresh_tokens("u-2")), (0, 1));
    let sid = idp.signed_in()[0].sid.clone();
    assert_eq!(idp.end_user_session(&sid), 1);
    assert_eq!((idp.signed_in(), idp.end_user_session("u-9")), (vec![], 0));
}

#[test]
fn a_client_that_is_away_does_not_keep_anybody_signed_in() {
    let idp = idp();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/backchannel", listener.local_addr().unwrap());
    thread::spawn(move || drop(listener.accept()));
    idp.register(Client { backchannel_logout_uri: Some(url), ..shop() });
    let body = tokens_of(&idp, "u-1");
    let target = end_session(&[("id_token_hint", text(&body, "id_token"))]);
    assert_eq!(super::get(&idp, &target).status, 200);
    assert_eq!(idp.deliveries()[0].status, None);
    assert_eq!(idp.signed_in(), []);
}

#[test]
fn logout_tokens_can_be_made_good_and_bad() {
    let idp = idp();
    let good = idp.logout_token("web-bff", "u-1", "s-1", |_, _| {});
    assert_eq!(claims(&idp, &good, "logout+jwt")["aud"], json!("web-bff"));
    let forged = idp.logout_token("web-bff", "u-1", "s-1", |header, claims| {
        header["typ"] = json!("JWT");
        claims["nonce"] = json!("n");
        claims["events"] = Json::Null;
    });
    assert_eq!(claims(&idp, &forged, "JWT")["nonce"], json!("n"));
}
