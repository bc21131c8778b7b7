//! Log lines on their way out: workers append to memory, one thread writes.
//!
//! A line costs a worker the copy into a shared buffer; the system call is another thread's, once per batch.

use std::{
    io::{self, Write, stdout},
    mem,
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
    thread::{self, Thread},
    time::{Duration, Instant},
};
use tracing_subscriber::fmt::MakeWriter;

/// How long the writing thread lets lines gather.
const GATHER: Duration = Duration::from_millis(10);
/// What may wait when nobody reads standard output; later lines are dropped and counted.
const MAX_WAITING_BYTES: usize = 4 * 1024 * 1024;
/// How long [`Lines::flush`] waits for a reader.
const FLUSH_WITHIN: Duration = Duration::from_secs(2);

/// Where all log lines of the process go.
pub(super) static LINES: Lines =
    Lines { waiting: Mutex::new(Waiting::none()), writer: OnceLock::new() };

pub(super) struct Lines {
    waiting: Mutex<Waiting>,
    writer: OnceLock<Thread>,
}

struct Waiting {
    bytes: Vec<u8>,
    dropped: usize,
    being_written: bool,
}

impl Waiting {
    const fn none() -> Self {
        Self { bytes: Vec::new(), dropped: 0, being_written: false }
    }
}

impl Lines {
    /// Starts the writing thread.
    pub(super) fn start(&'static self) -> io::Result<()> {
        let thread =
            thread::Builder::new().name("log-lines".to_owned()).spawn(|| self.write_for_ever())?;
        let _already = self.writer.set(thread.thread().clone());
        Ok(())
    }

    /// Waits until everything is written, or nobody seems to read.
    pub(super) fn flush(&self) {
        let until = Instant::now() + FLUSH_WITHIN;
        while self.is_waiting() && Instant::now() < until {
            self.wake();
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn is_waiting(&self) -> bool {
        let waiting = self.lock();
        self.writer.get().is_some() && (waiting.being_written || !waiting.bytes.is_empty())
    }

    fn push(&self, line: &[u8]) {
        let mut waiting = self.lock();
        if waiting.bytes.len() + line.len() > MAX_WAITING_BYTES {
            waiting.dropped += 1;
            return;
        }
        let first = waiting.bytes.is_empty();
        waiting.bytes.extend_from_slice(line);
        drop(waiting);
        if first {
            self.wake();
        }
    }

    fn write_for_ever(&self) {
        let mut batch = Vec::new();
        loop {
            let dropped = {
                let mut waiting = self.lock();
                mem::swap(&mut waiting.bytes, &mut batch);
                waiting.being_written = !batch.is_empty();
                mem::take(&mut waiting.dropped)
            };
            if batch.is_empty() {
                thread::park();
                thread::sleep(GATHER);
                continue;
            }
            // A closed standard output is no reason to stop serving.
            let _closed = stdout().write_all(&batch).and_then(|()| stdout().flush());
            batch.clear();
            self.lock().being_written = false;
            if dropped > 0 {
                tracing::warn!(dropped, "log lines were dropped: nobody reads standard output");
            }
        }
    }

    fn wake(&self) {
        if let Some(writer) = self.writer.get() {
            writer.unpark();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One line; tracing-subscriber writes each event with one call.
pub(super) struct Line(&'static Lines);

impl Write for Line {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for &'static Lines {
    type Writer = Line;

    fn make_writer(&self) -> Line {
        Line(self)
    }
}
