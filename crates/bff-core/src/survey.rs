//! What an endpoint depends on, before anybody has asked it anything.
//!
//! The handler is begun once, with made-up arguments and a transport that never answers, and then
//! given up: the records of the calls that it had in flight say what they were and what their
//! failure would have meant. Nothing is sent. A second stage needs what the first one brings, so it
//! is not seen here; traffic shows it.

use crate::{
    Bff, Criticality, Cx, Deadline, Endpoint, Fault, Incoming, Member, Need, Parameters, Shape,
    TraceContext,
    ports::{Local, Outbound, Principal, Transport},
};
use bytes::Bytes;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    rc::Rc,
    sync::Arc,
    task::{Context, Waker},
    time::Duration,
};
use tokio::time::Instant;

/// One call of an endpoint's first stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Depends {
    /// The name of the call.
    pub dependency: &'static str,
    /// The service that it asks.
    pub service: &'static str,
    /// What its failure means to the page.
    pub criticality: Criticality,
}

/// Longer than it takes to begin.
const BUDGET: Duration = Duration::from_secs(60);

impl Bff {
    /// The first-stage calls of each endpoint, in the order of the table, critical ones first. An endpoint whose handler
    /// makes none, or does not get as far with made-up arguments, has an empty list.
    #[must_use]
    pub fn first_stages(&self) -> Vec<Vec<Depends>> {
        self.endpoints.iter().map(|endpoint| self.first_stage(endpoint)).collect()
    }

    fn first_stage(&self, endpoint: &Endpoint) -> Vec<Depends> {
        let cx = self.made_up(endpoint);
        let begun = || {
            let mut answer = endpoint.answer(&cx);
            // Whatever it is, dropping it ends the calls that it waits for.
            let _pending = answer.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        };
        let _a_panic_ends_it_too = catch_unwind(AssertUnwindSafe(begun));
        let mut all: Vec<Depends> = Vec::new();
        for call in cx.take_calls() {
            let (dependency, service, criticality) =
                (call.dependency, call.service, call.criticality);
            let depends = Depends { dependency, service, criticality };
            if !all.contains(&depends) {
                all.push(depends);
            }
        }
        all.sort_by_key(|call| (call.criticality.word(), call.dependency));
        all
    }

    fn made_up(&self, endpoint: &Endpoint) -> Cx {
        let scopes = self.endpoints.iter().flat_map(Endpoint::scopes);
        let names = endpoint.needs().iter().filter_map(Need::parameter);
        let parameters = names.map(|name| (name.to_owned(), "1".to_owned()));
        let mut body = String::new();
        if let Some(shape) = endpoint.body() {
            made_up(shape, &mut body);
        }
        Cx::new(Incoming {
            bff: self.name,
            transport: Rc::new(Silence),
            store: None,
            background: Rc::new(()),
            principal: Principal::new("nobody").map(|nobody| Arc::new(nobody.with_scopes(scopes))),
            trace: TraceContext::continue_from(None, None, || false),
            deadline: Deadline::starting_now(BUDGET),
            brownout: false,
            parameters: parameters.collect::<Parameters>(),
            query: String::new(),
            body: body.into(),
            idempotency_key: Some("made-up".to_owned()),
        })
    }
}

/// Never answers.
struct Silence;

impl Transport for Silence {
    fn send<'a>(&'a self, _: &'a Outbound<'a>, _: Instant) -> Local<'a, Result<Bytes, Fault>> {
        Box::pin(std::future::pending())
    }
}

/// JSON of that shape.
fn made_up(shape: &Shape, out: &mut String) {
    match shape {
        Shape::Flag => out.push_str("true"),
        Shape::Whole { .. } | Shape::Decimal { .. } => out.push('1'),
        Shape::Text => out.push_str("\"1\""),
        Shape::Maybe(_) => out.push_str("null"),
        Shape::List(inner) => {
            out.push('[');
            made_up(inner, out);
            out.push(']');
        }
        Shape::Choice { words, .. } => {
            let word = words.first().copied().unwrap_or_default();
            out.extend(["\"", word, "\""]);
        }
        Shape::Record { members, .. } => {
            for (place, Member { name, shape, .. }) in members.iter().enumerate() {
                out.extend([if place == 0 { "{\"" } else { ",\"" }, name, "\":"]);
                made_up(shape, out);
            }
            out.push_str(if members.is_empty() { "{}" } else { "}" });
        }
    }
}
