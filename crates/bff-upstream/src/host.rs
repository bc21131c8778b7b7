//! One place where a service can be reached, with what is known about it.

use crate::{
    base::Base,
    policy::{
        breaker::{Breaker, BreakerPolicy, Pass},
        load::Load,
    },
};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};

/// A base URL, or one of the addresses behind its name. Shared by all workers.
#[derive(Debug)]
pub struct Host {
    id: u32,
    label: Box<str>,
    pub(crate) base: Arc<Base>,
    /// `None` when the client looks the name up itself.
    pub(crate) address: Option<SocketAddr>,
    pub(crate) breaker: Breaker,
    pub(crate) load: Load,
}

impl Host {
    pub(crate) fn new(
        base: &Arc<Base>,
        address: Option<SocketAddr>,
        policy: BreakerPolicy,
    ) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let label = match address {
            Some(address) => address.to_string(),
            None => base.authority.to_string(),
        };
        Self {
            id: NEXT.fetch_add(1, Relaxed),
            label: label.into(),
            base: base.clone(),
            address,
            breaker: Breaker::new(policy),
            load: Load::default(),
        }
    }

    /// Unlike that of any other host of the process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.id
    }

    /// `orders:8080`, or `10.0.0.7:8080` when the name has several addresses.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// What one more call costs here. A host that just came back is made expensive and becomes
    /// cheap over `slow_start`.
    fn cost(&self, now: Duration, slow_start: Duration) -> f32 {
        let cost = self.load.cost(now).max(1.0);
        match self.breaker.closed_for(now) {
            Some(back) if back < slow_start => {
                cost * slow_start.as_secs_f32()
                    / back.as_secs_f32().max(slow_start.as_secs_f32() / 20.0)
            }
            _ => cost,
        }
    }
}

/// The host for the next call and its breaker's permission: the less loaded of two random ones
/// whose breakers let it through. Not the one to `avoid` when there is another.
pub(crate) fn pick(
    hosts: &[Arc<Host>],
    avoid: Option<u32>,
    now: Duration,
    slow_start: Duration,
) -> Option<(Arc<Host>, Pass)> {
    let admit = |host: &Arc<Host>| Some((host.clone(), host.breaker.admit(now)?));
    if let [only] = hosts {
        return admit(only);
    }
    let (first, second) = two_of(hosts)?;
    let (better, worse) = if second.cost(now, slow_start) < first.cost(now, slow_start) {
        (second, first)
    } else {
        (first, second)
    };
    let rest = hosts.iter().cycle().skip(fastrand::usize(..hosts.len())).take(hosts.len());
    [better, worse]
        .into_iter()
        .chain(rest)
        .filter(|host| Some(host.id) != avoid)
        .find_map(admit)
        .or_else(|| hosts.iter().find_map(admit))
}

/// Two different hosts by chance.
fn two_of(hosts: &[Arc<Host>]) -> Option<(&Arc<Host>, &Arc<Host>)> {
    let last = hosts.len().checked_sub(1)?;
    let first = fastrand::usize(..=last);
    let second = (first + fastrand::usize(1..=last.max(1))) % hosts.len();
    Some((hosts.get(first)?, hosts.get(second)?))
}
