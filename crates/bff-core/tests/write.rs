//! What clients send, what services are told, and what a caller may do.

mod support;

use bff_core::{Auth, Bff, Found, Need, Routes, TableError, ports::Principal, prelude::*};
use serde_json::{Value, json};
use support::{Fake, cx_writing};

const CARTS: Service = Service::named("carts");

/// May change carts.
enum WriteCarts {}

impl Grant for WriteCarts {
    const SCOPE: &'static str = "carts:write";
}

#[derive(View)]
struct NewItem {
    product_id: String,
    units: u8,
}

#[derive(View)]
struct Cart {
    units: u32,
}

/// Only a caller with the proof can ask for it.
fn add(
    me: &User,
    item: &NewItem,
    key: IdempotencyKey,
    _may: &Granted<WriteCarts>,
) -> Write<Cart, Personal> {
    CARTS.post(("carts", me, "items"), item).once(key).named("cart")
}

async fn add_item(
    cx: &Cx,
    me: User,
    may: Granted<WriteCarts>,
    Body(item): Body<NewItem>,
    key: IdempotencyKey,
) -> Result<Cart> {
    cx.gather(Critical(add(&me, &item, key, &may))).await
}

fn endpoint() -> Endpoint {
    post("/test/v1/items").to(add_item)
}

const ITEM: &str = r#"{"productId":"p-1","units":2,"priceCents":1}"#;

async fn sent(scopes: &[&str], body: &str, key: Option<&str>) -> (Result<String>, Vec<Value>) {
    let fake = Fake::saying(r#"{"units":2}"#);
    let cx = cx_writing(&fake, scopes, body, key);
    let answer = endpoint().answer(&cx).await;
    let answer = answer.map(|answer| String::from_utf8_lossy(answer.content()).into_owned());
    let written = fake.written.take().into_iter().map(|(body, key)| {
        json!({ "body": serde_json::from_str::<Value>(&body).unwrap_or_default(), "key": key })
    });
    (answer, written.collect())
}

#[tokio::test]
async fn only_what_the_view_declares_is_written_and_the_key_goes_along() {
    let (answer, written) = sent(&["carts:write"], ITEM, Some("\"k-1\"")).await;
    assert!(answer.is_ok_and(|content| content.contains(r#""units":2"#)));
    let body = json!({ "productId": "p-1", "units": 2 });
    assert_eq!(written, [json!({ "body": body, "key": "k-1" })]);
}

#[tokio::test]
async fn what_the_client_sends_wrongly_is_its_own_400_and_writes_nothing() {
    let cases = [
        (r#"{"units":2}"#, Some("k"), "INVALID_BODY", "missing field `productId`"),
        (r#"{"productId":"p-1","units":"hunter2"}"#, Some("k"), "INVALID_BODY", "expected u8"),
        ("", Some("k"), "INVALID_BODY", "line 1"),
        (ITEM, None, "IDEMPOTENCY_KEY_MISSING", "Idempotency-Key"),
        (ITEM, Some("a b"), "IDEMPOTENCY_KEY_INVALID", "64"),
    ];
    for (body, key, code, why) in cases {
        let (answer, written) = sent(&["carts:write"], body, key).await;
        let Err(problem) = answer else { unreachable!("{body} was accepted") };
        let text = format!("{problem:?}");
        assert_eq!(problem.code(), code, "{body}");
        assert!(text.contains(why) && !text.contains("hunter2"), "{text}");
        assert!(written.is_empty());
    }
}

#[tokio::test]
async fn without_the_scope_there_is_no_proof() {
    for scopes in [&[][..], &["carts:read"], &["carts:write2"], &["carts:"]] {
        let (answer, written) = sent(scopes, ITEM, Some("k")).await;
        assert_eq!(
            answer.err().map(|p| (p.class().status(), p.missing_scope())),
            Some((403, Some("carts:write")))
        );
        assert!(written.is_empty());
    }
}

/// Only tells the service.
fn mark(me: &User, item: &NewItem, key: IdempotencyKey) -> Write<(), Personal> {
    CARTS.post(("carts", me, "marks"), item).once(key).answers_nothing().named("mark")
}

async fn mark_item(
    cx: &Cx,
    me: User,
    Body(item): Body<NewItem>,
    key: IdempotencyKey,
) -> Result<Cart> {
    let done = mark(&me, &item, key).map(|()| 7);
    Ok(Cart { units: cx.gather(Critical(done)).await? })
}

#[tokio::test]
async fn c16_a_write_yields_what_it_declares_and_what_was_done_never_looks_undone() {
    for (answer, cart, mark) in [
        (r#"{"units":2}"#, "2", "7"),
        ("\u{feff}{\"units\":2}", "2", "7"),
        ("", "CART_DONE", "7"),
        (" \r\n", "CART_DONE", "7"),
        ("null", "CART_INVALID", "7"),
        ("{}", "CART_INVALID", "7"),
        ("<html>", "CART_INVALID", "7"),
    ] {
        for (endpoint, expected) in
            [(endpoint(), cart), (post("/test/v1/marks").to(mark_item), mark)]
        {
            let fake = Fake::saying(answer);
            let cx = cx_writing(&fake, &["carts:write"], ITEM, Some("k-1"));
            let told = match endpoint.answer(&cx).await {
                Ok(answer) => String::from_utf8_lossy(answer.content()).into_owned(),
                Err(problem) => problem.code().to_owned(),
            };
            assert!(told.contains(expected), "{answer:?}: {told}, not {expected}");
            assert_eq!(fake.written.borrow().len(), 1, "{answer:?}");
        }
    }
}

#[tokio::test]
async fn a_byte_order_mark_before_what_a_client_sends_is_passed_over() {
    let (answer, written) = sent(&["carts:write"], &format!("\u{feff}{ITEM}"), Some("k")).await;
    assert!(answer.is_ok());
    assert_eq!(written.len(), 1);
    let (answer, written) =
        sent(&["carts:write"], &format!("\u{feff}\u{feff}{ITEM}"), Some("k")).await;
    assert_eq!(
        answer.err().map(|problem| problem.code().to_owned()).as_deref(),
        Some("INVALID_BODY")
    );
    assert!(written.is_empty());
}

#[test]
fn the_table_says_what_an_endpoint_needs() {
    let endpoint = endpoint();
    assert!(endpoint.needs_caller());
    assert_eq!(endpoint.scopes().collect::<Vec<_>>(), ["carts:write"]);
    assert!(endpoint.body().is_some());
    assert!(endpoint.needs().iter().any(|need| matches!(need, Need::IdempotencyKey)));
    let known = Principal::new("u-1");
    assert_eq!(endpoint.admit(None).err().map(|p| p.class().status()), Some(401));
    assert_eq!(endpoint.admit(known.as_ref()).err().map(|p| p.class().status()), Some(403));
    let granted = known.map(|user| user.with_scopes(["carts:write"]));
    assert!(endpoint.admit(granted.as_ref()).is_ok());
}

#[test]
fn a_path_answers_each_method_apart() {
    async fn read(_: &Cx) -> Result<Cart> {
        Ok(Cart { units: 0 })
    }
    let table = |endpoints| {
        Routes::of(&Bff { name: "test", version: "1.0.0", auth: Auth::Bearer, endpoints })
    };
    let routes = table(vec![get("/a").to(read), post("/a").to(add_item), post("/b").to(add_item)]);
    let Ok(routes) = routes else { unreachable!("a good table") };
    for (method, path, expected) in [
        ("GET", "/a", "0"),
        ("HEAD", "/a", "0"),
        ("POST", "/a", "1"),
        ("PUT", "/a", "GET, HEAD, POST"),
        ("GET", "/b", "POST"),
        ("GET", "/c", "nothing"),
    ] {
        let found = match routes.find(method, path) {
            Found::Endpoint(place, ..) => place.to_string(),
            Found::MethodNotAllowed { allow } => allow.to_owned(),
            Found::NotFound => "nothing".to_owned(),
        };
        assert_eq!(found, expected, "{method} {path}");
    }
    let refused = |endpoint: Endpoint| table(vec![endpoint]).err();
    assert!(matches!(refused(get("/a").to(add_item)), Some(TableError::BodyOfRead { .. })));
    assert!(matches!(refused(get("/bff/x").to(read)), Some(TableError::OwnPath { .. })));
    let kept = post("/a").client_cache(seconds(1)).to(read);
    assert!(matches!(refused(kept), Some(TableError::KeptWrite { .. })));
    let twice = table(vec![post("/a").to(read), post("/a").to(read)]);
    assert!(matches!(twice.err(), Some(TableError::Route { .. })));
}
