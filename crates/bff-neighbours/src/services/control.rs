//! The control port: sets and clears faults and tells what the services have seen, over HTTP.

use super::{Fault, Service, answer::Answer, board::Board, request::Request, wire::Wire};
use serde_json::{Map, Value, json};
use std::{io, sync::Arc};

/// Answers control requests until the peer closes.
pub(super) async fn converse(mut wire: Wire, board: Arc<Board>) -> io::Result<()> {
    while let Some(request) = wire.next_request().await? {
        let answer = match outcome(&board, &request) {
            Ok(body) => Answer::json(200, &body),
            Err(Refusal { status, text }) => Answer::json(status, &json!({ "error": text })),
        };
        wire.send(&answer.bytes("control")).await?;
        if request.wants_close() {
            break;
        }
    }
    Ok(())
}

struct Refusal {
    status: u16,
    text: String,
}

fn outcome(board: &Board, request: &Request) -> Result<Value, Refusal> {
    match (request.method.as_str(), request.segments().as_slice()) {
        ("GET", [""]) => {
            let services = Service::ALL.map(|service| description(board, service));
            Ok(json!({ "services": services }))
        }
        ("GET", ["stats", name]) => Ok(json!(board.desk(service(name)?).stats())),
        ("PUT", ["faults", name]) => {
            let fault = serde_json::from_slice(&request.body).map_err(not_a_fault)?;
            set_fault(board, service(name)?, Some(fault))
        }
        ("PUT", ["faults", name, kind]) => {
            let fault = serde_json::from_value(spelled_out(kind, request)).map_err(not_a_fault)?;
            set_fault(board, service(name)?, Some(fault))
        }
        ("DELETE", ["faults", name]) => set_fault(board, service(name)?, None),
        ("DELETE", ["faults"]) => {
            Service::ALL.iter().for_each(|service| board.desk(*service).set_fault(None));
            Ok(json!({ "fault": null }))
        }
        _ => Err(Refusal { status: 404, text: USAGE.to_owned() }),
    }
}

const USAGE: &str = "try GET /, GET /stats/{service}, PUT /faults/{service} with a fault as JSON, \
                     PUT /faults/{service}/{kind}?name=value, \
                     DELETE /faults/{service}, DELETE /faults";

fn service(name: &str) -> Result<Service, Refusal> {
    name.parse().map_err(|unknown| Refusal { status: 404, text: format!("{unknown}") })
}

#[expect(clippy::needless_pass_by_value, reason = "the shape map_err wants")]
fn not_a_fault(error: serde_json::Error) -> Refusal {
    Refusal { status: 400, text: format!("not a fault: {error}") }
}

/// The JSON of `delay?millis=300`.
fn spelled_out(kind: &str, request: &Request) -> Value {
    let mut fault = Map::new();
    for (name, value) in request.query() {
        let value = value.parse::<u64>().map_or_else(|_| json!(value), |number| json!(number));
        fault.insert(name, value);
    }
    fault.insert("kind".to_owned(), json!(kind));
    Value::Object(fault)
}

fn set_fault(board: &Board, service: Service, fault: Option<Fault>) -> Result<Value, Refusal> {
    let body = json!({ "service": service.name(), "fault": &fault });
    board.desk(service).set_fault(fault);
    Ok(body)
}

fn description(board: &Board, service: Service) -> Value {
    let desk = board.desk(service);
    json!({
        "service": service.name(),
        "url": board.url(service),
        "fault": desk.fault(),
        "stats": desk.stats(),
    })
}
