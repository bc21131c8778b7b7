//! Users: each looks at a page for a while and asks for the next one, and sooner after a failure.

use crate::{figures::Record, server::exponential};
use fastrand::Rng;
use futures_util::future::join_all;
use std::{rc::Rc, time::Duration};
use tokio::{
    task::spawn_local,
    time::{Instant, sleep},
};

/// So many users, for so long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Crowd {
    pub(crate) users: usize,
    /// How long one looks at a page, on average.
    pub(crate) think: Duration,
    /// How long until one tries again after a failure, on average.
    pub(crate) reload: Duration,
    pub(crate) lasting: Duration,
    pub(crate) seed: u64,
}

impl Crowd {
    /// What became of the calls of all users; `call` is told who calls, and says whether it went well.
    pub(crate) async fn visit<F, C>(self, call: C) -> Rc<Record>
    where
        C: Fn(usize) -> F + 'static,
        F: Future<Output = bool>,
    {
        let (call, record) = (Rc::new(call), Rc::new(Record::new()));
        let end = Instant::now() + self.lasting;
        let users = (0..self.users).map(|user| {
            let (call, record) = (call.clone(), record.clone());
            spawn_local(async move {
                let mut rng = Rng::with_seed(self.seed ^ (user as u64) << 20);
                let mut wait = self.think;
                loop {
                    sleep(wait.mul_f64(exponential(&mut rng))).await;
                    if Instant::now() >= end {
                        break;
                    }
                    let begun = Instant::now();
                    let good = call(user).await;
                    record.call(begun, good);
                    wait = if good { self.think } else { self.reload };
                }
            })
        });
        join_all(users.collect::<Vec<_>>()).await;
        record
    }
}
