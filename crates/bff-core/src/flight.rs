//! Single flight: what several ask for at the same time is fetched once per process.
//!
//! As Go's `golang.org/x/sync/singleflight`, across worker threads: the first caller fetches on its
//! own thread, the others wait for what it got. When it leaves before that, one of them fetches
//! anew.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::watch;

/// What is in flight, by name.
#[derive(Debug)]
pub struct Flights<T>(Mutex<HashMap<Box<str>, Flight<T>>>);

/// Something that somebody else fetches.
pub type Flight<T> = watch::Receiver<Option<T>>;

/// What a caller is to do.
#[derive(Debug)]
pub enum Part<'a, T> {
    /// Fetch, and [`Lead::land`] it.
    Lead(Lead<'a, T>),
    /// Wait: [`landed`].
    Follow(Flight<T>),
}

/// The duty to fetch. Dropping it lets another caller do it.
#[derive(Debug)]
pub struct Lead<'a, T> {
    flights: &'a Flights<T>,
    name: &'a str,
    landed: watch::Sender<Option<T>>,
}

impl<T> Default for Flights<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Flights<T> {
    /// The caller's part in fetching what is called `name`.
    pub fn join<'a>(&'a self, name: &'a str) -> Part<'a, T> {
        let mut flights = self.lock();
        if let Some(flight) = flights.get(name) {
            return Part::Follow(flight.clone());
        }
        let (landed, flight) = watch::channel(None);
        flights.insert(name.into(), flight);
        Part::Lead(Lead { flights: self, name, landed })
    }

    /// Whether something called `name` is in flight now.
    pub fn has(&self, name: &str) -> bool {
        self.lock().contains_key(name)
    }

    /// How much is in flight now.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether nothing is in flight now.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }
}

impl<T> Flights<T> {
    /// A panic elsewhere does not make the list unusable.
    fn lock(&self) -> MutexGuard<'_, HashMap<Box<str>, Flight<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Clone> Lead<'_, T> {
    /// Gives everybody who waits the same.
    pub fn land(self, what: &T) {
        // One receiver is the list's own.
        if self.landed.receiver_count() > 1 {
            self.landed.send_replace(Some(what.clone()));
        }
    }
}

impl<T> Drop for Lead<'_, T> {
    fn drop(&mut self) {
        self.flights.lock().remove(self.name);
    }
}

/// What somebody else fetched; `None` when nobody did to the end.
pub async fn landed<T: Clone>(mut flight: Flight<T>) -> Option<T> {
    flight.wait_for(Option::is_some).await.ok()?.clone()
}
