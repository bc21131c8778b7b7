//! What the services' thread and its owner share: each service's fault and what it has seen.

use super::{Fault, Service, Stats, data::World, request::Request};
use std::{net::SocketAddr, time::Duration};
use tokio::{sync::watch, time::timeout};

/// The state of all services.
#[derive(Debug)]
pub(super) struct Board {
    pub(super) world: World,
    addresses: [SocketAddr; 8],
    desks: [Desk; 8],
}

impl Board {
    pub(super) fn new(world: World, addresses: [SocketAddr; 8]) -> Self {
        Self { world, addresses, desks: Service::ALL.map(|_| Desk::default()) }
    }

    pub(super) fn desk(&self, service: Service) -> &Desk {
        service.of(&self.desks)
    }

    pub(super) fn url(&self, service: Service) -> String {
        format!("http://{}", service.of(&self.addresses))
    }
}

/// The state of one service; whoever waits for a change is woken by it.
#[derive(Debug, Default)]
pub(super) struct Desk {
    record: watch::Sender<Record>,
}

#[derive(Debug, Default)]
struct Record {
    fault: Option<Fault>,
    requests_since_fault: u64,
    stats: Stats,
    /// Every request as it came, once somebody wants to know.
    heard: Option<Vec<u8>>,
}

impl Desk {
    pub(super) fn fault(&self) -> Option<Fault> {
        self.record.borrow().fault.clone()
    }

    pub(super) fn set_fault(&self, fault: Option<Fault>) {
        self.record.send_modify(|record| {
            record.fault = fault;
            record.requests_since_fault = 0;
        });
    }

    pub(super) fn stats(&self) -> Stats {
        self.record.borrow().stats.clone()
    }

    pub(super) fn listen(&self) {
        self.record.send_modify(|record| record.heard = Some(Vec::new()));
    }

    pub(super) fn heard(&self) -> Vec<u8> {
        self.record.borrow().heard.clone().unwrap_or_default()
    }

    pub(super) fn note(&self, change: impl FnOnce(&mut Stats)) {
        self.record.send_modify(|record| change(&mut record.stats));
    }

    /// Counts a request and says what is to go wrong with it.
    pub(super) fn begin(&self, request: &Request) -> Option<Fault> {
        let mut fault = None;
        self.record.send_modify(|record| {
            record.stats.requests_started += 1;
            record.stats.last_headers.clone_from(&request.headers);
            record.stats.last_target.clone_from(&request.target);
            if let Some(heard) = &mut record.heard {
                heard.extend(&request.bytes);
            }
            record.requests_since_fault += 1;
            let ordinal = record.requests_since_fault;
            fault = record.fault.as_ref().and_then(|fault| fault.for_request(ordinal));
        });
        fault
    }

    pub(super) async fn eventually(
        &self,
        predicate: impl Fn(&Stats) -> bool,
        within: Duration,
    ) -> bool {
        let mut record = self.record.subscribe();
        let met = record.wait_for(|record| predicate(&record.stats));
        matches!(timeout(within, met).await, Ok(Ok(_)))
    }
}
