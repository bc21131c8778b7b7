//! A service's cursors in a client's hands.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

use bff_core::{Auth, Bff, prelude::*};
use bff_testkit::{Json, TestBff, http::Reply};
use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

const LISTS: Service = Service::named("lists");
const ITEMS: &str = "/test/v1/items";
const KEPT: &str = "/test/v1/kept";
const PARTS: &str = "/test/v1/parts";

#[derive(View)]
struct ItemList {
    items: Vec<Item>,
    next_cursor: Option<Cursor>,
}

#[derive(View)]
struct KeptList {
    items: Vec<Item>,
    next_cursor: Option<Cursor>,
}

#[derive(View)]
struct Parts {
    lists: Vec<ItemList>,
    more: Option<ItemList>,
}

#[derive(View)]
struct Item {
    title: String,
}

async fn items(cx: &Cx, page: Page) -> Result<ItemList> {
    let list = LISTS.get("items").query_if("cursor", page.cursor.as_ref()).named("items");
    cx.gather(Critical(list)).await
}

async fn kept(cx: &Cx, page: Page) -> Result<KeptList> {
    let list = LISTS.get("items").query_if("cursor", page.cursor.as_ref()).named("items");
    cx.gather(Critical(list.cached(minutes(1)))).await
}

async fn parts(cx: &Cx) -> Result<Parts> {
    let (list, more) = cx
        .gather((
            Critical(LISTS.get("items").query("nth", 1_u8).named("lists")),
            Omittable(LISTS.get("items").query("nth", 2_u8).named("more")),
        ))
        .await?;
    Ok(Parts { lists: vec![list], more })
}

/// A service that says this of where its list goes on, and remembers what it was asked for.
struct Lists {
    next: Arc<Mutex<String>>,
    asked: Arc<Mutex<Vec<String>>>,
    url: String,
}

impl Lists {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (next, asked) = (Arc::<Mutex<String>>::default(), Arc::<Mutex<Vec<_>>>::default());
        let (says, hears) = (next.clone(), asked.clone());
        thread::spawn(move || {
            for stream in listener.incoming() {
                let next = says.lock().unwrap().clone();
                hears.lock().unwrap().push(answer(stream.unwrap(), &next));
            }
        });
        Self { next, asked, url }
    }

    fn say(&self, next: &str) {
        next.clone_into(&mut self.next.lock().unwrap());
    }

    /// The cursor of the last request.
    fn heard(&self) -> Option<String> {
        let target = self.asked.lock().unwrap().last().cloned().unwrap_or_default();
        let query = target.split_once('?')?.1;
        let cursor = query.strip_prefix("cursor=")?;
        Some(percent_encoding::percent_decode_str(cursor).decode_utf8().unwrap().into_owned())
    }
}

/// Answers one request and gives its target.
fn answer(mut stream: TcpStream, next: &str) -> String {
    let mut lines =
        BufReader::new(stream.try_clone().unwrap()).lines().map_while(std::io::Result::ok);
    let target = lines.next().unwrap_or_default().split(' ').nth(1).unwrap_or_default().to_owned();
    let _head = lines.find(String::is_empty);
    let body = format!(r#"{{"items":[{{"title":"a"}},{{"title":"b"}}]{next}}}"#);
    let length = body.len();
    let _sent = write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\
         content-length: {length}\r\n\r\n{body}"
    );
    target
}

fn start(lists: &Lists) -> TestBff {
    let endpoints = vec![get(ITEMS).to(items), get(KEPT).to(kept), get(PARTS).to(parts)];
    let bff = Bff { name: "test", version: "1.0.0", auth: Auth::Open, endpoints };
    let settings = format!(
        "server.listen = \"127.0.0.1:0\"\nadmin.listen = \"127.0.0.1:0\"\n\
         services.lists = {{ url = \"{}\", timeout = \"5s\", connect_timeout = \"5s\" }}",
        lists.url
    );
    TestBff::start_from(&bff, toml::from_str(&settings).unwrap())
}

fn titles(reply: &Reply) -> usize {
    reply.count("/items").unwrap_or_default()
}

#[test]
fn c11_a_cursor_comes_back_to_its_service_as_the_service_wrote_it() {
    let lists = Lists::start();
    let bff = start(&lists);
    let long = "+".repeat(1024);
    for (n, token) in [
        "abc+/=",
        "a:b",
        "{\"k\":1}",
        "a b&cursor=c",
        "M\u{fc}nchen",
        "~YSti",
        "0015ab",
        "7",
        &long,
    ]
    .into_iter()
    .enumerate()
    {
        for path in [ITEMS, KEPT] {
            lists.say(&format!(",\"nextCursor\":{}", Json::from(token)));
            // A page of its own for each: what is kept is read from what was kept.
            let first = format!("{path}?cursor=first-{n}");
            for _ in 0..2 {
                let reply = bff.send("GET", &first, &[]);
                assert_eq!((reply.status, titles(&reply)), (200, 2), "{token}: {}", reply.text());
                assert_eq!(reply.at("/meta/degraded"), false, "{token}");
                let cursor = reply.at("/nextCursor").as_str().unwrap_or_default().to_owned();
                // A client that encodes nothing.
                let next = bff.send("GET", &format!("{ITEMS}?limit=2&cursor={cursor}"), &[]);
                assert_eq!(next.status, 200, "{token}: {}", next.text());
                assert_eq!(lists.heard().as_deref(), Some(token));
            }
        }
    }
}

#[test]
fn c11_the_last_page_has_no_cursor_however_the_service_says_so() {
    let lists = Lists::start();
    let bff = start(&lists);
    for next in ["", ",\"nextCursor\":null", ",\"nextCursor\":\"\""] {
        lists.say(next);
        let reply = bff.send("GET", ITEMS, &[]);
        assert_eq!((reply.status, titles(&reply)), (200, 2), "{next}");
        assert_eq!(reply.names(""), ["items", "meta"], "{next}");
        assert_eq!(reply.at("/meta/degraded"), false, "{next}");
    }
}

#[test]
fn c11_a_bad_cursor_costs_no_item_and_is_told() {
    let lists = Lists::start();
    let bff = start(&lists);
    let too_long = Json::from("x".repeat(1025)).to_string();
    for (n, next) in [&too_long, "1.5", "true", "{\"k\":[1]}", "[\"a\"]"].into_iter().enumerate() {
        lists.say(&format!(",\"nextCursor\":{next}"));
        for target in [ITEMS.to_owned(), format!("{KEPT}?cursor=bad-{n}")].iter().cycle().take(4) {
            let reply = bff.send("GET", target, &[]);
            assert_eq!((reply.status, titles(&reply)), (200, 2), "{next}: {}", reply.text());
            assert_eq!(reply.names(""), ["items", "meta"], "{next}");
            let told = "nextCursor;filled=absent;reason=INVALID";
            assert_eq!(reply.header("degraded"), Some(told), "{next} {target}");
            assert_eq!(reply.header("cache-control"), Some("no-store"), "{next}");
        }
        let reply = bff.send("GET", PARTS, &[]);
        assert_eq!((reply.status, reply.at("/meta/degraded")), (200, true.into()), "{next}");
        assert_eq!(reply.count("/more/items"), Some(2), "{next}: {}", reply.text());
    }
}

#[test]
fn c11_a_cursor_that_no_page_gave_out_is_the_clients_mistake() {
    let lists = Lists::start();
    let bff = start(&lists);
    for cursor in ["", "a%20b", "a+b", "~", "~YSt", "~YSti%3D", "%C3%BC", "%00", &"x".repeat(1025)]
    {
        let reply = bff.send("GET", &format!("{ITEMS}?cursor={cursor}"), &[]);
        assert_eq!((reply.status, reply.code().as_str()), (400, "INVALID_CURSOR"), "{cursor}");
    }
    assert_eq!(lists.asked.lock().unwrap().len(), 0);
}
