//! One home page, two clients behind the same transport port: what another client than awc would give. With `--odd` it
//! prints what either makes of answers that are not quite HTTP. A measurement, no contender and no product.
#![forbid(unsafe_code)]

mod home;
mod hyper_transport;
mod odd;

use actix_web::{App, HttpResponse, HttpServer, web};
use bff_bench::arguments;
use bff_core::{
    Cx, Deadline, Endpoint, Fault, Incoming, Meta, Parameters, TraceContext,
    ports::{Local, Outbound, Principal, Transport},
};
// For its allocator: production's.
use bff_server as _;
use bff_upstream::{ServiceSettings, Services};
use bytes::Bytes;
use hyper_transport::HyperTransport;
use std::{
    collections::BTreeMap,
    error::Error,
    net::SocketAddr,
    path::{Path, PathBuf},
    rc::Rc,
    sync::Arc,
    time::SystemTime,
};
use tokio::time::Instant;

type Settings = BTreeMap<String, ServiceSettings>;

/// No client at all: what is left when the calls cost nothing.
struct Canned(Vec<(&'static str, Bytes)>);

impl Canned {
    fn load(bodies: &Path) -> std::io::Result<Self> {
        let read = |(service, file)| Ok((service, std::fs::read(bodies.join(file))?.into()));
        let files = [
            ("users", "user.json"),
            ("orders", "orders.json"),
            ("recommendations", "recommendations.json"),
        ];
        files.into_iter().map(read).collect::<std::io::Result<_>>().map(Self)
    }
}

impl Transport for Canned {
    fn send<'a>(
        &'a self,
        request: &'a Outbound<'a>,
        _: Instant,
    ) -> Local<'a, Result<Bytes, Fault>> {
        let body = self.0.iter().find(|(service, _)| *service == request.service);
        Box::pin(async move { body.map(|(_, body)| body.clone()).ok_or(Fault::Unconfigured) })
    }
}

fn transport(
    client: &str,
    settings: &Settings,
    services: &Services,
    bodies: &Path,
) -> Result<Rc<dyn Transport>, Box<dyn Error>> {
    match client {
        "awc" => Ok(Rc::new(services.transport(|_| Rc::new(())))),
        "hyper" => Ok(Rc::new(HyperTransport::new("bench-bff", settings)?)),
        "none" => Ok(Rc::new(Canned::load(bodies)?)),
        other => Err(format!("--client {other}: expected awc, hyper or none").into()),
    }
}

struct Worker {
    endpoint: Endpoint,
    transport: Rc<dyn Transport>,
    caller: Arc<Principal>,
}

async fn page(worker: web::Data<Worker>) -> HttpResponse {
    let cx = Cx::new(Incoming {
        bff: "bench",
        transport: worker.transport.clone(),
        store: None,
        background: Rc::new(()),
        principal: Some(worker.caller.clone()),
        trace: TraceContext::continue_from(None, None, || false),
        deadline: Deadline::starting_now(worker.endpoint.budget()),
        brownout: false,
        parameters: Parameters::default(),
        query: String::new(),
        body: bytes::Bytes::new(),
        idempotency_key: None,
    });
    let Ok(answer) = worker.endpoint.answer(&cx).await else {
        return HttpResponse::BadGateway().finish();
    };
    let notes = cx.notes();
    if !notes.is_empty() {
        return HttpResponse::BadGateway().finish();
    }
    let body = answer.into_body(&Meta {
        trace_id: cx.trace().trace_id,
        generated_at: SystemTime::now(),
        latency: cx.deadline().start().elapsed(),
        notes: &notes,
    });
    HttpResponse::Ok().content_type("application/json").body(body)
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    if arguments::has("odd") {
        return odd::table().await;
    }
    let listen: SocketAddr = arguments::value("listen", None)?;
    let upstream: SocketAddr = arguments::value("upstream", None)?;
    let workers: usize = arguments::value("workers", Some(1))?;
    let client: String = arguments::value("client", None)?;
    let bodies: PathBuf = arguments::value("bodies", Some(PathBuf::new()))?;
    let service: ServiceSettings =
        serde_json::from_value(serde_json::json!({ "url": format!("http://{upstream}") }))?;
    let named = |name: &str| (name.to_owned(), service.clone());
    let settings = Settings::from(["users", "orders", "recommendations"].map(named));
    let services = Services::new("bench", &settings)?;
    let caller = Arc::new(Principal::new("u-1").ok_or("no subject")?);
    transport(&client, &settings, &services, &bodies)?;
    let app = move || {
        // Checked above; a worker without a transport could only refuse.
        let transport = transport(&client, &settings, &services, &bodies)
            .unwrap_or_else(|_| Rc::new(Canned(Vec::new())));
        let worker = Worker { endpoint: home::endpoint(), transport, caller: caller.clone() };
        App::new()
            .app_data(web::Data::new(worker))
            .route(home::endpoint().path(), web::get().to(page))
    };
    HttpServer::new(app).workers(workers).bind(listen)?.run().await?;
    Ok(())
}
