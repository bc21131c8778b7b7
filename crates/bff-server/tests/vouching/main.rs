//! How services know who is calling: what they are shown, and what no service ever gets to see.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail")]

mod exchange;
mod keys;
mod picky;
mod refused;
mod shown;

use bff_core::{
    Auth, Bff, Criticality, Fault, TraceContext,
    ports::{Outbound, Principal, Transport},
    prelude::*,
};
use bff_testkit::{TestBff, http::Reply};
use bytes::Bytes;
use std::{cell::Cell, result::Result};
use tokio::{runtime::Builder, task::LocalSet, time::Instant};

const USERS: Service = Service::named("users");
const CATALOG: Service = Service::named("catalog");
const PICKY: Service = Service::named("picky");

pub(crate) const PROFILE: &str = "/test/v1/profile";
pub(crate) const PRODUCT: &str = "/test/v1/products/p-1";
pub(crate) const NAME: &str = "/test/v1/name";
pub(crate) const ONCE: &str = "/test/v1/once";
pub(crate) const TWICE: &str = "/test/v1/twice";

type Page<T> = bff_core::Result<T>;

enum Product {}

impl Kind for Product {
    type Scope = Shared;
    const PARAMETER: &'static str = "id";
}

#[derive(View)]
struct Profile {
    display_name: String,
}

#[derive(View)]
struct ProductPage {
    title: String,
}

#[derive(View)]
struct Name {
    display_name: String,
}

async fn profile(cx: &Cx, me: User) -> Page<Profile> {
    cx.gather(Critical(USERS.get(("users", &me)).named("profile"))).await
}

async fn product(cx: &Cx, id: Id<Product>) -> Page<ProductPage> {
    cx.gather(Critical(CATALOG.get(("products", &id)).named("product"))).await
}

async fn name(cx: &Cx, me: User) -> Page<Profile> {
    cx.gather(Critical(PICKY.get(("names", &me)).named("name"))).await
}

/// A write that the service would do twice.
async fn once(cx: &Cx, me: User, Body(name): Body<Name>) -> Page<Profile> {
    cx.gather(Critical(PICKY.post(("names", &me), &name).named("name"))).await
}

/// A write that the service knows again.
async fn twice(cx: &Cx, me: User, Body(name): Body<Name>, key: IdempotencyKey) -> Page<Profile> {
    cx.gather(Critical(PICKY.post(("names", &me), &name).once(key).named("name"))).await
}

/// A BFF with these tables in its configuration, besides those that every BFF has.
pub(crate) fn start(tables: &str) -> TestBff {
    let endpoints = vec![
        get(PROFILE).budget(seconds(30)).to(profile),
        get("/test/v1/products/{id}").budget(seconds(30)).to(product),
        get(NAME).budget(seconds(30)).to(name),
        post(ONCE).budget(seconds(30)).to(once),
        post(TWICE).budget(seconds(30)).to(twice),
    ];
    let bff = Bff { name: "test", version: "1.0.0", auth: Auth::Bearer, endpoints };
    let settings = format!(
        r#"
        server.listen = "127.0.0.1:0"
        admin.listen = "127.0.0.1:0"
        [issuers.main]
        issuer = "https://issuer.test"
        audience = "test-bff"
        algorithms = ["RS256"]
        keys = {{ file = "replaced" }}
        {tables}
        "#
    );
    let settings = toml::from_str(&settings).unwrap_or_else(|error| unreachable!("{error}"));
    TestBff::start_from(&bff, settings)
}

/// `[services.<name>]` with patience, and `more`.
pub(crate) fn service(name: &str, url: &str, more: &str) -> String {
    format!(
        "[services.{name}]\nurl = \"{url}\"\ntimeout = \"20s\"\nconnect_timeout = \"5s\"\n{more}\n"
    )
}

/// `[credentials.own]`: a token from the issuer at `url`.
pub(crate) fn own(url: &str) -> String {
    format!(
        "[credentials.own]\nkind = \"client_credentials\"\ntoken_url = \"{url}\"\n\
         client_id = \"test-bff\"\nclient_secret = \"hunter2\"\n"
    )
}

/// Runs `test` as a worker runs a handler: on one thread, inside a `LocalSet`.
pub(crate) fn run(test: impl Future<Output = ()>) {
    let worker = Builder::new_current_thread().enable_all().build().unwrap();
    LocalSet::new().block_on(&worker, test);
}

/// What a service answers to a read.
pub(crate) async fn ask(
    transport: &dyn Transport,
    service: &'static str,
    target: &str,
    user: Option<&Principal>,
) -> Result<Bytes, Fault> {
    let trace = TraceContext::continue_from(None, None, || true);
    let request = Outbound {
        service,
        dependency: "test",
        target,
        on_behalf_of: user,
        write: None,
        trace: &trace,
        span: trace.span,
        criticality: Criticality::Critical,
        way: &Cell::default(),
    };
    transport.send(&request, Instant::now() + seconds(20)).await
}

/// A write by the test user.
pub(crate) fn write(bff: &TestBff, target: &str, headers: &[(&str, &str)]) -> Reply {
    let body = r#"{"displayName":"written"}"#;
    let headers: String =
        headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let request = format!(
        "POST {target} HTTP/1.1\r\nhost: a\r\nconnection: close\r\nauthorization: {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n{headers}\r\n{body}",
        bff.credential("u-1"),
        body.len()
    );
    bff_testkit::http::exchange(bff.address, request.as_bytes())
        .unwrap_or_else(|error| unreachable!("{error}"))
}
