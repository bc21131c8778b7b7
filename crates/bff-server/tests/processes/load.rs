//! Requests at a fixed rate that nothing slows down: each is sent when its time has come, whether or
//! not those before it are answered (an open loop).

use bff_testkit::{
    BffProcess,
    http::{self, Replies, Reply, Requests},
    redis::eventually,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// Connections to each process.
const LANES: usize = 4;

/// Requests that go on until they are ended.
pub(crate) struct Load {
    shared: Arc<Shared>,
    sender: JoinHandle<()>,
    readers: Vec<JoinHandle<()>>,
}

struct Shared {
    lanes: Vec<Lane>,
    ended: AtomicBool,
    /// What went wrong with a connection.
    broken: AtomicU64,
}

/// One connection.
#[derive(Default)]
struct Lane {
    sent: AtomicU64,
    answered: AtomicU64,
}

impl Load {
    /// Asks the processes in turn, `rate` requests per second in total. `ask` gives the target of
    /// the nth request; `see` gets every answer, with the place of the process that gave it.
    pub(crate) fn start(
        processes: &[BffProcess],
        rate: u32,
        ask: fn(u64) -> String,
        see: impl Fn(usize, &Reply) + Clone + Send + 'static,
    ) -> Self {
        let lanes = LANES * processes.len();
        let shared = Arc::new(Shared {
            lanes: (0..lanes).map(|_| Lane::default()).collect(),
            ended: AtomicBool::new(false),
            broken: AtomicU64::new(0),
        });
        let (mut requests, mut readers) = (Vec::new(), Vec::new());
        for (lane, process) in (0..lanes).zip(processes.iter().cycle()) {
            let opened = http::pipeline(process.address);
            let Ok((half, replies)) = opened else { unreachable!("the process accepts") };
            requests.push(half);
            let (shared, see, place) = (shared.clone(), see.clone(), lane % processes.len());
            readers.push(thread::spawn(move || {
                shared.read(lane, replies, |reply| see(place, reply));
            }));
        }
        let sending = shared.clone();
        let sender = thread::spawn(move || sending.send(requests, rate, ask));
        Self { shared, sender, readers }
    }

    pub(crate) fn sent(&self) -> u64 {
        self.shared.lanes.iter().map(|lane| lane.sent.load(SeqCst)).sum()
    }

    /// Waits until every request is answered that was sent before this.
    pub(crate) fn all_sent_are_answered(&self) {
        let sent: Vec<u64> = self.shared.lanes.iter().map(|lane| lane.sent.load(SeqCst)).collect();
        eventually("all that was sent is answered", || {
            let mut lanes = self.shared.lanes.iter().zip(&sent);
            lanes.all(|(lane, sent)| lane.answered.load(SeqCst) >= *sent)
        });
    }

    /// Stops when everything is answered. The number of requests.
    pub(crate) fn end(self) -> u64 {
        self.all_sent_are_answered();
        let sent = self.sent();
        self.shared.ended.store(true, SeqCst);
        let ended = self.sender.join().is_ok()
            && self.readers.into_iter().all(|reader| reader.join().is_ok());
        assert!(ended, "an answer was wrong, or there was none");
        assert_eq!(self.shared.broken.load(SeqCst), 0, "connections broke");
        sent
    }
}

impl Shared {
    fn send(&self, mut requests: Vec<Requests>, rate: u32, ask: fn(u64) -> String) {
        let begun = Instant::now();
        let mut nth = 0;
        while !self.ended.load(SeqCst) {
            let due = begun + Duration::from_secs(1) * nth / rate;
            thread::sleep(due.saturating_duration_since(Instant::now()));
            let place = nth as usize % requests.len();
            if let (Some(half), Some(lane)) = (requests.get_mut(place), self.lanes.get(place)) {
                // Counted first, so that no answer is ahead of its request.
                lane.sent.fetch_add(1, SeqCst);
                if half.get(&ask(nth.into())).is_err() {
                    self.broken.fetch_add(1, SeqCst);
                }
            }
            nth += 1;
        }
        for half in &requests {
            let _gone_already = half.close();
        }
    }

    fn read(&self, lane: usize, mut replies: Replies, see: impl Fn(&Reply)) {
        let Some(lane) = self.lanes.get(lane) else { return };
        loop {
            match replies.read() {
                Ok(reply) => see(&reply),
                Err(_) if self.ended.load(SeqCst) => return,
                Err(_) => {
                    self.broken.fetch_add(1, SeqCst);
                    return;
                }
            }
            lane.answered.fetch_add(1, SeqCst);
        }
    }
}
