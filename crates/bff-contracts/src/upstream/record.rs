//! Recording: the endpoints are asked with the sample services behind them, and what those answered is
//! written down, once per kind.

use super::{
    Call, Client, Recorded, Recording, Recordings, asked, json, reads,
    replay::{Answers, Replay, request},
};
use crate::fake::{self, Asked};
use bff_core::{Bff, Fault, ports::Outbound};
use bff_fixtures::http;
use bff_neighbours::{SampleServices, Service};
use serde_json::Value;
use std::{cell::RefCell, io, rc::Rc};

/// So many requests are tried per endpoint: among them are users without orders and products without
/// reviews.
const TRIED: u32 = 30;

/// An answer with the call that it was for.
type Heard = (Call, Recorded);

/// The recordings of every call that the sample services can answer, beside those that they cannot.
/// What is read of them is to be found out.
pub(super) fn all(bff: &Bff, mut by_hand: Recordings) -> io::Result<Recordings> {
    let services = Rc::new(SampleServices::start()?);
    by_hand.retain(|(service, _), _| service.parse::<Service>().is_err());
    by_hand.values_mut().for_each(|recording| recording.reads = Value::Null);
    let mut recordings = by_hand.clone();
    let by_hand = Rc::new(Answers::of(&by_hand));
    for endpoint in &bff.endpoints {
        let mut heard = Recordings::new();
        for n in 1..=TRIED {
            let [product, order] = asked::of(endpoint, n);
            let all = hear(bff, &product, &services, &by_hand)
                .or_else(|| hear(bff, &order, &services, &by_hand))
                .unwrap_or_default();
            for (call, recorded) in all {
                let known = &mut heard.entry(call).or_default().answers;
                let kind = json::kind(&recorded.body);
                if known.iter().all(|known| json::kind(&known.body) != kind) {
                    known.push(recorded);
                }
            }
        }
        let answers = Rc::new(Answers::of(&heard));
        for (call, mut recording) in heard {
            thin(bff, &call, &mut recording, &answers);
            recordings.entry(call).or_default().answers.append(&mut recording.answers);
        }
    }
    Ok(recordings)
}

/// What the services answer while one request is made; nothing of one that is not answered well.
fn hear(
    bff: &Bff,
    client: &Client,
    services: &Rc<SampleServices>,
    by_hand: &Rc<Answers>,
) -> Option<Vec<Heard>> {
    let heard = Rc::new(RefCell::new(Vec::new()));
    let (noted, services) = (Rc::clone(&heard), Rc::clone(services));
    let (by_hand, from) = (Rc::clone(by_hand), client.clone());
    let ran = fake::run(bff, &Asked::from(client), move |call| {
        let Ok(service) = call.service.parse::<Service>() else { return by_hand.to(call) };
        let reply = send(&services.url(service), call)
            .map_err(|error| Fault::Unreachable(error.to_string()))?;
        if reply.status != 200 {
            return Err(Fault::Status { status: reply.status, retry_after: None });
        }
        let recorded = Recorded {
            client: from.clone(),
            request: request(call),
            status: reply.status,
            content_type: reply.header("content-type").unwrap_or_default().to_owned(),
            body: json::cut(reply.json()),
        };
        let call = (call.service.to_owned(), call.dependency.to_owned());
        noted.borrow_mut().push((call, recorded));
        Ok(reply.json())
    });
    ran.answer.is_ok().then(|| heard.take())
}

fn send(url: &str, call: &Outbound<'_>) -> io::Result<http::Reply> {
    let address = url.trim_start_matches("http://").parse().map_err(io::Error::other)?;
    let json = call.write.map(|write| write.json.clone()).unwrap_or_default();
    let head = format!(
        "{} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        request(call),
        json.len()
    );
    http::exchange(address, &[head.as_bytes(), &json].concat())
}

/// Leaves one answer of each kind, as the one sees it who reads only some members.
fn thin(bff: &Bff, (service, call): &Call, recording: &mut Recording, answers: &Rc<Answers>) {
    let mut kinds = Vec::new();
    recording.answers.retain(|recorded| {
        let replay = Replay::new(bff, &recorded.client, answers);
        let reads = reads::of(&replay.of(service, call, &recorded.request), &recorded.body);
        let kind = json::kind(&json::only(&recorded.body, &reads));
        let is_new = !kinds.contains(&kind);
        kinds.push(kind);
        is_new
    });
}
