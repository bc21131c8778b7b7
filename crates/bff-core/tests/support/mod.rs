//! A context whose services are a function and whose clock can be paused.
#![allow(dead_code, unreachable_pub, reason = "shared by test files; each uses its own part")]

use bff_core::ports::{Key, Local, Outbound, Principal, Served, Store, Tier, Transport, Wanted};
use bff_core::{Cx, Deadline, Fault, Incoming, Keep, TraceContext};
use bytes::Bytes;
use std::{cell::RefCell, collections::HashMap, rc::Rc, sync::Arc, time::Duration};
use tokio::time::Instant;

/// What a service says, and after how long.
pub type Script = Box<dyn Fn(&str) -> (Duration, Result<&'static str, Fault>)>;

/// Plays all services and writes down what was asked.
pub struct Fake {
    script: Script,
    pub seen: RefCell<Vec<(String, Option<String>)>>,
    pub at_once: RefCell<(usize, usize)>,
    /// What was to be written, and under which key.
    pub written: RefCell<Vec<(String, Option<String>)>>,
}

impl Fake {
    pub fn new(
        script: impl Fn(&str) -> (Duration, Result<&'static str, Fault>) + 'static,
    ) -> Rc<Self> {
        Rc::new(Self {
            script: Box::new(script),
            seen: RefCell::default(),
            at_once: RefCell::default(),
            written: RefCell::default(),
        })
    }

    /// Every service answers the same at once.
    pub fn saying(answer: &'static str) -> Rc<Self> {
        Self::new(move |_| (Duration::ZERO, Ok(answer)))
    }

    pub fn targets(&self) -> Vec<String> {
        self.seen.borrow().iter().map(|(target, _)| target.clone()).collect()
    }
}

impl Transport for Fake {
    fn send<'a>(
        &'a self,
        request: &'a Outbound<'a>,
        until: Instant,
    ) -> Local<'a, Result<Bytes, Fault>> {
        let user = request.on_behalf_of.map(|user| user.subject().to_owned());
        self.seen.borrow_mut().push((format!("{}{}", request.service, request.target), user));
        if let Some(write) = request.write {
            let json = String::from_utf8_lossy(&write.json).into_owned();
            let key = write.key.as_ref().map(|key| key.as_str().to_owned());
            self.written.borrow_mut().push((json, key));
        }
        let (delay, answer) = (self.script)(request.target);
        Box::pin(async move {
            {
                let mut at_once = self.at_once.borrow_mut();
                at_once.0 += 1;
                at_once.1 = at_once.1.max(at_once.0);
            }
            let slept = tokio::time::timeout_at(until, tokio::time::sleep(delay)).await;
            self.at_once.borrow_mut().0 -= 1;
            slept.map_err(|_| Fault::TimedOut(delay))?;
            answer.map(|json| Bytes::from_static(json.as_bytes()))
        })
    }
}

/// A store in memory whose values have the age that the test gives them. Like the real one it keeps
/// bytes: what comes back went through the codec.
#[derive(Default)]
pub struct Shelf {
    pub values: RefCell<HashMap<String, (Bytes, Duration)>>,
}

impl Shelf {
    pub fn age_all(&self, age: Duration) {
        self.values.borrow_mut().values_mut().for_each(|value| value.1 = age);
    }

    pub fn keys(&self) -> Vec<String> {
        self.values.borrow().keys().cloned().collect()
    }
}

impl Store for Shelf {
    fn near(&self, _key: &Key, _keep: &Keep) -> Option<Served> {
        None
    }

    fn find<'a>(&'a self, wanted: Wanted<'a>) -> Local<'a, Served> {
        Box::pin(async move {
            let Wanted { key, keep, codec, fetch, .. } = wanted;
            let kept = self.values.borrow().get(key.as_str()).cloned();
            let kept = kept.and_then(|(bytes, age)| Some(((codec.decode)(&bytes)?, age)));
            let served = |value, age, tier, instead_of| Served {
                value,
                age,
                fresh_for: Duration::ZERO,
                tier,
                instead_of,
            };
            let lifetime = keep.lifetime(0.5);
            if let Some((value, age)) = kept.clone().filter(|(_, age)| *age < lifetime) {
                return served(Ok(value), age, Tier::Near, None);
            }
            match (fetch.await, kept) {
                (Err(fault), Some((value, age))) if age < lifetime + keep.grace() => {
                    served(Ok(value), age, Tier::Near, Some(fault))
                }
                (value, _) => {
                    if let Some(bytes) = value.as_ref().ok().and_then(|v| (codec.encode)(&**v)) {
                        let key = key.as_str().to_owned();
                        self.values.borrow_mut().insert(key, (bytes, Duration::ZERO));
                    }
                    served(value, Duration::ZERO, Tier::Service, None)
                }
            }
        })
    }
}

/// A request of user `u-1` with a budget of one second: its calls have 900 ms.
pub fn cx(fake: &Rc<Fake>) -> Cx {
    cx_of(fake, Some("u-1"), None)
}

pub fn cx_of(fake: &Rc<Fake>, user: Option<&str>, store: Option<&Rc<Shelf>>) -> Cx {
    Cx::new(incoming(fake, user, store))
}

/// A write of user `u-1`.
pub fn cx_writing(fake: &Rc<Fake>, scopes: &[&str], body: &str, key: Option<&str>) -> Cx {
    let user = Principal::new("u-1").map(|user| user.with_scopes(scopes.iter().copied()));
    Cx::new(Incoming {
        principal: user.map(Arc::new),
        body: Bytes::copy_from_slice(body.as_bytes()),
        idempotency_key: key.map(str::to_owned),
        ..incoming(fake, None, None)
    })
}

pub fn incoming(fake: &Rc<Fake>, user: Option<&str>, store: Option<&Rc<Shelf>>) -> Incoming {
    Incoming {
        bff: "mobile",
        transport: fake.clone(),
        store: store.map(|shelf| shelf.clone() as Rc<dyn Store>),
        background: Rc::new(()),
        principal: user.and_then(Principal::new).map(Arc::new),
        trace: TraceContext::continue_from(None, None, || false),
        deadline: Deadline::starting_now(Duration::from_secs(1)),
        brownout: false,
        parameters: vec![("id".to_owned(), "p-1".to_owned())],
        query: String::new(),
        body: bytes::Bytes::new(),
        idempotency_key: None,
    }
}
