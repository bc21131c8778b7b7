//! Single flight: identical reads that are in flight at the same time are made once per process.
//!
//! As Go's `golang.org/x/sync/singleflight`, across worker threads: the first caller makes the call
//! on its own thread, the others wait for its bytes. When it leaves before the answer came, one of
//! them makes the call anew.

use crate::policy::lock;
use bff_core::Fault;
use bytes::Bytes;
use std::{collections::HashMap, sync::Mutex};
use tokio::sync::watch;

type Landed = Option<Result<Bytes, Fault>>;

/// The reads of one service that are in flight, by target.
#[derive(Debug, Default)]
pub(crate) struct Flights(Mutex<HashMap<Box<str>, watch::Receiver<Landed>>>);

/// What a caller is to do.
pub(crate) enum Part<'a> {
    /// Make the call and [`Lead::land`] it.
    Lead(Lead<'a>),
    /// Wait for somebody else's.
    Follow(watch::Receiver<Landed>),
}

/// The duty to make a call. Dropping it lets another caller make it.
pub(crate) struct Lead<'a> {
    flights: &'a Flights,
    target: &'a str,
    landed: watch::Sender<Landed>,
}

impl Flights {
    /// The caller's part in reading `target`.
    pub(crate) fn join<'a>(&'a self, target: &'a str) -> Part<'a> {
        let mut flights = lock(&self.0);
        if let Some(flight) = flights.get(target) {
            return Part::Follow(flight.clone());
        }
        let (landed, flight) = watch::channel(None);
        flights.insert(target.into(), flight);
        Part::Lead(Lead { flights: self, target, landed })
    }

    /// Reads in flight now.
    pub(crate) fn len(&self) -> usize {
        lock(&self.0).len()
    }
}

impl Lead<'_> {
    /// Gives everybody who waits the same answer.
    pub(crate) fn land(self, answer: &Result<Bytes, Fault>) {
        if self.landed.receiver_count() > 1 {
            self.landed.send_replace(Some(answer.clone()));
        }
    }
}

impl Drop for Lead<'_> {
    fn drop(&mut self) {
        lock(&self.flights.0).remove(self.target);
    }
}

/// The answer of a call that somebody else makes; `None` when it was not made to its end.
pub(crate) async fn landed(mut flight: watch::Receiver<Landed>) -> Landed {
    flight.wait_for(Option::is_some).await.ok()?.clone()
}
