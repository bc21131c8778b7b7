//! How long an answer is as fresh as the policies at its calls want it: the smallest of what is left
//! of the kept values that it was made of.

use bff_core::{Answer, Looked, Outcome};
use bytes::Bytes;
use std::{sync::LazyLock, time::Duration};
use tokio::time::Instant;

/// How much longer an answer is fresh that was made from these values within `took`. `None` when
/// nothing in it is kept.
///
/// A value was read at some time during `took`; all of it is taken off, so that it is never said to
/// be fresher than it is.
pub(crate) fn left(lookups: &[Looked], took: Duration) -> Option<Duration> {
    let kept = lookups.iter().filter(|looked| looked.outcome != Outcome::Error);
    Some(kept.map(|looked| looked.fresh_for).min()?.saturating_sub(took))
}

/// An answer, and how much longer it is fresh where something decides about that besides the values
/// in it.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) answer: Answer,
    pub(crate) fresh_for: Option<Duration>,
}

impl Made {
    /// An answer for this one request.
    pub(crate) fn once(answer: Answer) -> Self {
        Self { answer, fresh_for: None }
    }
}

/// A whole page as it is kept: until when it is fresh (8 bytes, milliseconds of this process,
/// big-endian), then its content.
#[derive(Debug)]
pub(crate) struct KeptPage(Bytes);

impl KeptPage {
    /// Of content that is fresh for so long.
    pub(crate) fn new(content: &[u8], fresh_for: Duration) -> Self {
        let until = millis(process_time() + fresh_for);
        Self([until.to_be_bytes().as_slice(), content].concat().into())
    }

    /// What [`into_bytes`](Self::into_bytes) gave.
    pub(crate) fn of(bytes: Bytes) -> Self {
        Self(bytes)
    }

    pub(crate) fn into_bytes(self) -> Bytes {
        self.0
    }

    /// The page for one more request; `None` for bytes that are no page.
    pub(crate) fn made(&self) -> Option<Made> {
        let (until, content) = self.0.split_first_chunk()?;
        let until = Duration::from_millis(u64::from_be_bytes(*until));
        let fresh_for = Some(until.saturating_sub(process_time()));
        Some(Made { answer: Answer::of_content(content), fresh_for })
    }
}

/// Since a moment early in this process: a clock that nobody sets.
fn process_time() -> Duration {
    static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
    BEGIN.elapsed()
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
