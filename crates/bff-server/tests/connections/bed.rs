//! The BFF that these tests connect to, in this process or in one of its own.

use bff_core::{Auth, Bff, prelude::*};
use bff_server::Settings;
use bff_testkit::{TestBff, http};
use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Mutex, PoisonError},
};

pub(crate) const QUICK: &str = "/test/v1/quick";
pub(crate) const LARGE: &str = "/test/v1/large";
pub(crate) const PAGE: &str = "/test/v1/page";
pub(crate) const NOTES: &str = "/test/v1/notes";

#[derive(View)]
struct Quick {
    word: String,
}

#[derive(View)]
struct Large {
    word: String,
}

#[derive(View)]
struct Note {
    number: u64,
}

async fn quick(_: &Cx) -> Result<Quick> {
    std::future::ready(Ok(Quick { word: "sesame".to_owned() })).await
}

/// 512 KiB: a few of them fill all buffers between two programs.
async fn large(_: &Cx) -> Result<Large> {
    std::future::ready(Ok(Large { word: "a".repeat(512 << 10) })).await
}

#[derive(View)]
struct Page {
    word: String,
}

/// 32 KiB: as large as a page may become that a phone shows.
async fn page(_: &Cx) -> Result<Page> {
    std::future::ready(Ok(Page { word: "a".repeat(32 << 10) })).await
}

/// How often each note was carried out, by all servers in this process.
static WRITTEN: Mutex<Option<HashMap<u64, u32>>> = Mutex::new(None);

fn carry_out(number: u64) {
    let mut written = WRITTEN.lock().unwrap_or_else(PoisonError::into_inner);
    *written.get_or_insert_default().entry(number).or_default() += 1;
}

async fn write(_: &Cx, Body(note): Body<Note>) -> Result<Note> {
    carry_out(note.number);
    // Once more through the event loop, so that a request can be interrupted.
    tokio::task::yield_now().await;
    Ok(note)
}

/// How often a note was carried out.
pub(crate) fn written(number: u64) -> u32 {
    let written = WRITTEN.lock().unwrap_or_else(PoisonError::into_inner);
    written.as_ref().and_then(|notes| notes.get(&number).copied()).unwrap_or_default()
}

pub(crate) fn bff() -> Bff {
    let endpoints = vec![
        get(QUICK).to(quick),
        get(LARGE).payload_budget(1 << 20).to(large),
        get(PAGE).to(page),
        post(NOTES).to(write),
    ];
    Bff { name: "test", version: "1.0.0", auth: Auth::Open, endpoints }
}

/// With more in its settings for the server.
pub(crate) fn settings(server: &str) -> String {
    format!(
        r#"
        admin.listen = "127.0.0.1:0"
        [server]
        listen = "127.0.0.1:0"
        workers = 2
        {server}
        "#
    )
}

pub(crate) fn read(text: &str) -> Settings {
    toml::from_str(text).unwrap_or_else(|error| unreachable!("{error}"))
}

pub(crate) fn start(server: &str) -> TestBff {
    TestBff::start_from(&bff(), read(&settings(server)))
}

/// A number that the admin port tells.
pub(crate) fn metric(admin: SocketAddr, series: &str) -> f64 {
    let text = http::send(admin, "GET", "/metrics", &[]).map(|reply| reply.text());
    let text = text.unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.and_then(|value| value.parse().ok()).unwrap_or_default()
}

/// How many connections were cut for a reason.
pub(crate) fn cut(admin: SocketAddr, reason: &str) -> f64 {
    metric(admin, &format!("bff_connections_cut_total{{reason=\"{reason}\"}}"))
}
