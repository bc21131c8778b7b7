//! An endpoint with recorded answers in the place of services.

use super::{Call, Client, Recordings};
use crate::fake::{self, Asked};
use bff_core::{Bff, CallRecord, Failure, Fault, Method, ports::Outbound};
use serde_json::Value;
use std::{collections::BTreeMap, fmt, rc::Rc};

/// The recorded bodies: by call and request, and of each call any.
#[derive(Debug)]
pub(super) struct Answers(BTreeMap<Call, Vec<(String, Value)>>);

/// One client's request, which can be made again and again.
pub(super) struct Replay<'a> {
    bff: &'a Bff,
    asked: Asked,
    answers: &'a Rc<Answers>,
}

/// One call among those that the request leads to.
pub(super) struct Subject<'a> {
    replay: &'a Replay<'a>,
    service: &'a str,
    call: &'a str,
    request: &'a str,
}

/// Why there is no view.
#[derive(Debug)]
pub(super) enum Unread {
    /// The call cannot read the answer.
    Fault(Fault),
    /// The request does not lead to this call.
    NotAsked,
    /// The page failed by another call, and this one was given up with it.
    GivenUp,
}

impl Answers {
    pub(super) fn of(recordings: &Recordings) -> Self {
        let bodies = recordings.iter().map(|(call, recording)| {
            let all = recording.answers.iter();
            (call.clone(), all.map(|one| (one.request.clone(), one.body.clone())).collect())
        });
        Self(bodies.collect())
    }

    pub(super) fn to(&self, call: &Outbound<'_>) -> Result<Value, Fault> {
        if call.write.is_some_and(|write| write.answers == bff_core::Answers::Nothing) {
            return Ok(Value::Null);
        }
        let key = (call.service.to_owned(), call.dependency.to_owned());
        let known = self.0.get(&key).map(Vec::as_slice).unwrap_or_default();
        let request = request(call);
        let body = known.iter().find(|(asked, _)| *asked == request).or_else(|| known.first());
        body.map(|(_, body)| body.clone()).ok_or(Fault::Late)
    }
}

impl<'a> Replay<'a> {
    pub(super) fn new(bff: &'a Bff, client: &Client, answers: &'a Rc<Answers>) -> Self {
        Self { bff, asked: Asked::from(client), answers }
    }

    /// The calls that the request leads to, as service and name.
    pub(super) fn calls(&self) -> Vec<(&'static str, &'static str)> {
        let answers = Rc::clone(self.answers);
        let ran = fake::run(self.bff, &self.asked, move |call| answers.to(call));
        ran.calls.iter().map(|call| (call.service, call.dependency)).collect()
    }

    pub(super) fn of(&'a self, service: &'a str, call: &'a str, request: &'a str) -> Subject<'a> {
        Subject { replay: self, service, call, request }
    }
}

impl Subject<'_> {
    /// What the client gets when the service answers the call with `body`, without `meta`; other
    /// calls get what was recorded.
    ///
    /// # Errors
    /// Why the call could not read it, or that it was not made.
    pub(super) fn view(&self, body: &Value) -> Result<Value, Unread> {
        let answers = Rc::clone(self.replay.answers);
        let (service, call) = (self.service.to_owned(), self.call.to_owned());
        let (wanted, body) = (self.request.to_owned(), body.clone());
        let ran = fake::run(self.replay.bff, &self.replay.asked, move |asked| {
            let is_it = asked.service == service && asked.dependency == call;
            if is_it && request(asked) == wanted { Ok(body.clone()) } else { answers.to(asked) }
        });
        let is_own = |of: &&CallRecord| of.service == self.service && of.dependency == self.call;
        let own: Vec<_> = ran.calls.iter().filter(is_own).collect();
        let fault = own.iter().find_map(|call| match &call.failure {
            Some(Failure::Fault(fault)) => Some(fault.clone()),
            _ => None,
        });
        if let Some(fault) = fault {
            return Err(Unread::Fault(fault));
        }
        if own.iter().all(|call| call.failure.is_some()) {
            return Err(if ran.answer.is_err() { Unread::GivenUp } else { Unread::NotAsked });
        }
        let mut view = ran.answer.unwrap_or_default();
        view.as_object_mut().map(|members| members.remove("meta"));
        Ok(view)
    }
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fault(fault) => fault.fmt(f),
            Self::NotAsked => {
                f.write_str("the request leads to no such call; delete the file if it is gone")
            }
            Self::GivenUp => f.write_str("the page failed by another call"),
        }
    }
}

impl From<&Client> for Asked {
    fn from(client: &Client) -> Self {
        let (method, target) = client.request.split_once(' ').unwrap_or_default();
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            user: client.user.clone(),
            body: if client.body.is_null() { String::new() } else { client.body.to_string() },
        }
    }
}

/// `GET /products/p-1`.
pub(super) fn request(call: &Outbound<'_>) -> String {
    let method = call.write.map_or(Method::Get, |write| write.method);
    format!("{} {}", method.name(), call.target)
}
