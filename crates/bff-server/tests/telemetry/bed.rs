//! A BFF with a page of three services and a collector, and a service that drops its first caller.

use bff_core::{Auth, Bff, prelude::*};
use bff_testkit::{Collector, Json, TestBff, json};
use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

const SHAKY: Service = Service::named("shaky");
const CATALOG: Service = Service::named("catalog");
const PRICING: Service = Service::named("pricing");

/// Far less than a hang, far more than a loaded machine needs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
pub(crate) const PAGE: &str = "/test/v1/pages/p-1";
pub(crate) const SLOW: &str = "/test/v1/slow/p-1";

enum Product {}

impl Kind for Product {
    type Scope = Shared;
    const PARAMETER: &'static str = "id";
}

#[derive(View)]
struct Title {
    title: String,
}

#[derive(View)]
struct Page {
    product: Title,
    shaky: Title,
    price: Option<String>,
}

async fn page(cx: &Cx, id: Id<Product>) -> Result<Page> {
    let product = CATALOG.get(("products", &id)).named::<Title>("product").cached(minutes(1));
    let (product, shaky, price) = cx
        .gather((
            Critical(product),
            Critical(SHAKY.get("things").named("shaky")),
            Omittable(PRICING.get(("prices", &id)).at("priceFormatted").named("price")),
        ))
        .await?;
    Ok(Page { product, shaky, price })
}

async fn slow(cx: &Cx, id: Id<Product>) -> Result<Title> {
    cx.gather(Critical(CATALOG.get(("products", &id)).named("alike"))).await
}

/// A service that hangs up on its first caller and answers all others.
pub(crate) struct Shaky {
    url: String,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Shaky {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (heads, first) = (Arc::<Mutex<Vec<String>>>::default(), AtomicBool::new(true));
        let seen = heads.clone();
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut head = String::new();
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).unwrap_or(0) > 0 {}
                seen.lock().unwrap().push(head.to_lowercase());
                if first.swap(false, Ordering::SeqCst) {
                    continue;
                }
                let body = r#"{"title":"a thing"}"#;
                let about = "content-type: application/json\r\nconnection: close";
                let length = body.len();
                let answer =
                    format!("HTTP/1.1 200 OK\r\n{about}\r\ncontent-length: {length}\r\n\r\n{body}");
                let _gone = stream.write_all(answer.as_bytes());
            }
        });
        Self { url, heads }
    }

    /// The `traceparent` of each request.
    pub(crate) fn traceparents(&self) -> Vec<String> {
        let heads = self.heads.lock().unwrap();
        let of = |head: &String| {
            Some(head.lines().find_map(|line| line.strip_prefix("traceparent: "))?.to_owned())
        };
        heads.iter().filter_map(of).collect()
    }
}

/// A BFF that sends `ratio` of its traces, and its metrics when it ends.
pub(crate) fn start(collector: &Collector, ratio: f64) -> (TestBff, Shaky) {
    let shaky = Shaky::start();
    let service = |url: &str| -> Json {
        json!({ "url": url, "timeout": "5s", "connect_timeout": "5s", "hedge": { "percentile": 100.0 } })
    };
    let settings = json!({
        "server": { "listen": "127.0.0.1:0", "drain_delay": "0s" },
        "admin": { "listen": "127.0.0.1:0" },
        "traces": { "otlp_endpoint": collector.url("traces"), "sample_ratio": ratio },
        "metrics": { "otlp_endpoint": collector.url("metrics"), "otlp_interval": "1h" },
        "overload": { "brownout_lag": "1m", "shed_lag": "1m" },
        "services": {
            "shaky": service(&shaky.url),
            "catalog": service("http://catalog"),
            "pricing": service("http://pricing"),
        },
    });
    let endpoints = vec![
        get("/test/v1/pages/{id}").budget(seconds(10)).to(page),
        get("/test/v1/slow/{id}").budget(seconds(10)).to(slow),
    ];
    let bff = Bff { name: "test", version: "1.2.3", auth: Auth::Open, endpoints };
    (TestBff::start_from(&bff, toml::Value::try_from(settings).unwrap().try_into().unwrap()), shaky)
}
