//! The five methods, from a client through an endpoint to a service.

#![allow(clippy::unwrap_used, reason = "a test that cannot start has nothing to say")]

use bff_core::{Auth, Bff, Routes, TableError, prelude::*};
use bff_fixtures::token_endpoint::{Says, TokenEndpoint};
use bff_testkit::{
    TestBff,
    http::{self, Reply},
};

/// No sample service has this name, so its URL is the test's.
const CARTS: Service = Service::named("main");
const PATH: &str = "/test/v1/cart";
const CART: &str = r#"{"units":3}"#;

#[derive(View)]
struct Item {
    units: u32,
}

#[derive(View)]
struct Cart {
    units: u32,
}

async fn read(cx: &Cx) -> Result<Cart> {
    cx.gather(Critical(CARTS.get("cart").named("cart"))).await
}

async fn add(cx: &Cx, Body(item): Body<Item>) -> Result<Cart> {
    cx.gather(Critical(CARTS.post("cart", &item).named("cart"))).await
}

async fn replace(cx: &Cx, Body(item): Body<Item>) -> Result<Cart> {
    cx.gather(Critical(CARTS.put("cart", &item).named("cart"))).await
}

async fn change(cx: &Cx, Body(item): Body<Item>) -> Result<Cart> {
    cx.gather(Critical(CARTS.patch("cart", &item).named("cart"))).await
}

async fn remove(cx: &Cx) -> Result<Cart> {
    cx.gather(Critical(CARTS.delete("cart").named("cart"))).await
}

fn bff() -> Bff {
    let endpoints = vec![
        get(PATH).budget(seconds(9)).to(read),
        post(PATH).budget(seconds(9)).to(add),
        put(PATH).budget(seconds(9)).to(replace),
        patch(PATH).budget(seconds(9)).to(change),
        delete(PATH).budget(seconds(9)).to(remove),
        put("/test/v1/replaced").to(replace),
    ];
    Bff { name: "test", version: "1.0.0", auth: Auth::Open, endpoints }
}

fn start(service: &TokenEndpoint) -> TestBff {
    let settings = format!(
        "server.listen = \"127.0.0.1:0\"\nadmin.listen = \"127.0.0.1:0\"\n\
         overload.brownout_lag = \"1m\"\noverload.shed_lag = \"1m\"\n\
         [services.main]\nurl = \"http://127.0.0.1:{}\"\ntimeout = \"4s\"\n\
         breaker.min_success_percent = 0.0\n",
        service.port
    );
    TestBff::start_from(&bff(), toml::from_str(&settings).unwrap())
}

fn send(bff: &TestBff, method: &str, path: &str, body: &str) -> Reply {
    let body = match body {
        "" => String::new(),
        body => format!(
            "content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        ),
    };
    let end = if body.is_empty() { "\r\n" } else { "" };
    let request =
        format!("{method} {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{body}{end}");
    http::exchange(bff.address, request.as_bytes()).unwrap()
}

/// Methods with what a client sends and what the service gets.
const WRITES: [(&str, &str); 4] = [("POST", CART), ("PUT", CART), ("PATCH", CART), ("DELETE", "")];

#[test]
fn each_method_reaches_the_service_with_its_body() {
    let service = TokenEndpoint::start(Says::Raw(answer()));
    let bff = start(&service);
    for (method, body) in [("GET", "")].into_iter().chain(WRITES) {
        let reply = send(&bff, method, PATH, body);
        assert_eq!((reply.status, reply.at("/units")), (200, 3.into()), "{method}");
        let asked = service.asked().pop().unwrap();
        let (head, sent) = asked.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with(&format!("{method} /cart HTTP/1.1\r\n")), "{head}");
        assert_eq!(sent, body, "{method}");
        let head = head.to_ascii_lowercase();
        assert_eq!(head.contains("\r\ncontent-type: application/json"), !body.is_empty(), "{head}");
    }
    assert_eq!(send(&bff, "HEAD", PATH, "").status, 200);
}

#[test]
fn a_method_that_the_path_does_not_answer_is_told_which_do() {
    let service = TokenEndpoint::start(Says::Raw(answer()));
    let bff = start(&service);
    for (path, allow) in
        [(PATH, "GET, HEAD, POST, PUT, PATCH, DELETE"), ("/test/v1/replaced", "PUT")]
    {
        for method in ["OPTIONS", "TRACE", "get", "PROPFIND"] {
            let reply = send(&bff, method, path, "");
            assert_eq!((reply.status, reply.code().as_str()), (405, "METHOD_NOT_ALLOWED"));
            assert_eq!(reply.header("allow"), Some(allow), "{method} {path}");
        }
    }
    assert_eq!(service.asked().len(), 0);
}

#[test]
fn a_body_where_the_method_takes_none_is_refused() {
    let service = TokenEndpoint::start(Says::Raw(answer()));
    let bff = start(&service);
    for method in ["GET", "DELETE"] {
        let reply = send(&bff, method, PATH, CART);
        assert_eq!((reply.status, reply.code().as_str()), (415, "BODY_NOT_READ"), "{method}");
    }
}

#[test]
fn a_table_with_a_body_where_the_method_takes_none_is_refused() {
    let refused = Routes::of(&Bff { endpoints: vec![delete(PATH).to(add)], ..bff() }).err();
    assert!(matches!(refused, Some(TableError::BodyOfRead { path: PATH })), "{refused:?}");
}

#[test]
fn only_idempotent_methods_are_sent_again_without_a_key() {
    let service = TokenEndpoint::start(Says::Raw(String::new()));
    let bff = start(&service);
    for (method, body) in [("GET", "")].into_iter().chain(WRITES) {
        let before = service.asked().len();
        assert_eq!(send(&bff, method, PATH, body).status, 503, "{method}");
        let attempts = service.asked().len() - before;
        let is_idempotent = ["GET", "PUT", "DELETE"].contains(&method);
        assert_eq!(attempts > 1, is_idempotent, "{method}: {attempts} attempts");
    }
}

fn answer() -> String {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n{CART}",
        CART.len()
    )
}
