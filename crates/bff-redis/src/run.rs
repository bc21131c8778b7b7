//! Redis for state that is no cache: commands with the caller's own time, and messages.

use super::{
    Redis,
    publication::{Publication, What},
    reply::{FromReply, read},
    script::Command,
    thread::Ask,
    trouble::Trouble,
};
use std::{sync::atomic::Ordering, time::Duration};
use tokio::{
    sync::mpsc::{Sender, error::TrySendError},
    time::Instant,
};

impl Redis {
    /// Runs one command, or one script as one step, and waits for its answer within `within` (and
    /// no longer than [`RedisSettings::command_timeout`](super::RedisSettings::command_timeout)).
    ///
    /// Failures count for the breaker as those of lookups do, refusals do not; while it is open the
    /// command is not sent. It is never sent again by us, because it may have been done; only a
    /// cluster's connection sends it again when a node was lost under it. The command must not
    /// block in Redis: all commands of the process are behind it.
    ///
    /// # Errors
    /// [`Trouble`], which tells a Redis that is away from one that says no.
    pub async fn run<T: FromReply>(
        &self,
        command: impl Into<Command>,
        within: Duration,
    ) -> Result<T, Trouble> {
        let (command, begun) = (command.into(), Instant::now());
        let answer = self.ask_within(within, |reply| Ask::Run { command, reply }).await;
        let answer = answer
            .and_then(|reply| read(reply, &self.shared.breaker).map_err(|failure| failure.trouble));
        self.shared.stats.command_took(begun.elapsed());
        match &answer {
            Ok(_) => drop(self.shared.stats.commands.fetch_add(1, Ordering::Relaxed)),
            Err(trouble) => self.shared.stats.trouble(trouble),
        }
        answer
    }

    /// Tells everybody who listens to `channel`, in all instances, this one included. While Redis is
    /// away it is tried again until it is older than
    /// [`RedisSettings::invalidation_patience`](super::RedisSettings::invalidation_patience), so a
    /// message can be heard twice. Who was not listening is told of a gap instead, by
    /// [`Heard::Gap`](super::Heard::Gap).
    pub fn publish(&self, channel: &str, payload: &[u8]) {
        let (channel, payload) = (channel.to_owned(), payload.to_vec());
        self.announce(&self.shared.senders.messages, What::Message { channel, payload });
    }

    /// Queues it, unless too many wait already.
    pub(super) fn announce(&self, queue: &Sender<Publication>, what: What) {
        if let Err(
            TrySendError::Full(Publication { what, .. })
            | TrySendError::Closed(Publication { what, .. }),
        ) = queue.try_send(Publication::now(what))
        {
            what.dropped(&self.shared.stats).fetch_add(1, Ordering::Relaxed);
        }
    }
}
