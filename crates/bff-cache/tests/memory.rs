//! What the cache counts as bytes is what it takes, near enough to size a pod by.

use bff_cache::{Cache, CacheSettings};
use bff_core::{
    CallRecord, Criticality, Cx, Deadline, Fault, Incoming, TraceContext,
    ports::{Local, Outbound, Transport},
    prelude::*,
};
use bytes::Bytes;
use std::{fs, rc::Rc};
use tokio::time::Instant;

const LIMIT_BYTES: u64 = 32 * 1024 * 1024;

#[derive(View)]
struct Product {
    title: String,
    description: String,
    price_formatted: String,
    image_urls: Vec<String>,
    specs: Vec<Spec>,
}

#[derive(View)]
struct Spec {
    name: String,
    value: String,
}

enum ProductId {}

impl Kind for ProductId {
    type Scope = Shared;
    const PARAMETER: &'static str = "id";
}

/// Answers every call with a product of about a kilobyte.
struct Catalogue;

impl Transport for Catalogue {
    fn send<'a>(
        &'a self,
        request: &'a Outbound<'a>,
        _until: Instant,
    ) -> Local<'a, Result<Bytes, Fault>> {
        let id = request.target;
        let image = format!(r#""https://img.example{id}/large-and-detailed.webp""#);
        let spec = format!(r#"{{"name":"Length of{id}","value":"about 120 centimetres"}}"#);
        let body = format!(
            r#"{{"title":"Product{id}","description":"{}","priceFormatted":"19,90 EUR",
                "imageUrls":[{image},{image}],"specs":[{spec},{spec},{spec}]}}"#,
            "A fine thing. ".repeat(30)
        );
        Box::pin(std::future::ready(Ok(body.into())))
    }
}

fn resident_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or_default() * 1024
}

#[tokio::test]
async fn a_full_cache_takes_what_it_counts() {
    let settings = CacheSettings { memory_bytes: LIMIT_BYTES, ..CacheSettings::default() };
    let cache = Cache::start(&settings).unwrap().unwrap();
    let before = resident_bytes();
    for n in 0..60_000 {
        let cx = Cx::new(Incoming {
            bff: "mobile",
            transport: Rc::new(Catalogue),
            store: Some(Rc::new(cache.clone())),
            background: Rc::new(()),
            principal: None,
            trace: TraceContext::continue_from(None, None, || false),
            deadline: Deadline::starting_now(seconds(60)),
            brownout: false,
            parameters: Vec::new(),
            query: String::new(),
            body: bytes::Bytes::new(),
            idempotency_key: None,
        });
        let id = Id::<ProductId>::parse(&format!("p-{n}")).unwrap();
        let call = Service::named("catalog").get(("products", &id)).named::<Product>("product");
        cx.gather(Critical(call.cached(minutes(60)))).await.unwrap();
        let calls: Vec<CallRecord> = cx.take_calls();
        assert!(calls.iter().all(|call| call.criticality == Criticality::Critical));
    }
    let (status, grown) = (cache.status(), resident_bytes().saturating_sub(before));
    assert!(status.near_bytes <= LIMIT_BYTES, "{status:?}");
    assert!(status.near_bytes > LIMIT_BYTES * 9 / 10, "it is full: {status:?}");
    let share = grown as f64 / status.near_bytes as f64;
    assert!((0.3..1.25).contains(&share), "{grown} bytes for {status:?}");
}
