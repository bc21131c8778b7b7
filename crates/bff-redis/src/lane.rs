//! The one connection that all lookups share.
//!
//! Commands travel on it one behind the other without waiting for answers, so it carries thousands
//! of lookups at once. Writes have the pool, because a large value would hold lookups up.

use super::{
    pools::{Line, Pools},
    settings::RedisSettings,
    trouble::Failure,
};
use tokio::{
    sync::{Mutex, MutexGuard},
    time::{Instant, timeout_at},
};

/// Connected when it is needed, by one at a time.
#[derive(Default)]
pub(super) struct Lane {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    line: Option<Line>,
    /// How many lines there have been.
    number: u64,
}

impl State {
    fn begin(&mut self, line: Line) -> Line {
        self.number += 1;
        self.line = Some(line.clone());
        line
    }
}

impl Lane {
    /// The line and its number. Whoever finds none connects, however long that may take by the
    /// settings, so that the next one finds it; nobody else waits longer than `until`.
    pub(super) async fn get(
        &self,
        pools: &Pools,
        settings: &RedisSettings,
        until: Option<Instant>,
    ) -> Result<(Line, u64), Failure> {
        let late = || Failure::timeout("connecting took longer than a lookup may");
        let mut state = match until {
            Some(until) => timeout_at(until, self.state.lock()).await.map_err(|_| late())?,
            None => self.state.lock().await,
        };
        let line = match &state.line {
            Some(line) => line.clone(),
            None => state.begin(pools.get(settings.command_timeout).await?.take()),
        };
        if until.is_some_and(|until| until <= Instant::now()) {
            return Err(late());
        }
        Ok((line, state.number))
    }

    /// Nobody waits for the new line, and whoever is on the old one ends there.
    pub(super) async fn change_to(&self, line: Line) {
        let _for_the_next = self.state().await.begin(line);
    }

    /// Closes the line as soon as everything on it has ended.
    pub(super) async fn leave(&self) {
        self.state().await.line = None;
    }

    /// The same, unless there is another by now.
    pub(super) async fn leave_if(&self, number: u64) {
        let mut state = self.state().await;
        if state.number == number {
            state.line = None;
        }
    }

    async fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().await
    }
}
