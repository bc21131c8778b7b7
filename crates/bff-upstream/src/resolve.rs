//! Host names looked up again and again, so that a service that moves or grows is found.

use crate::{base::Base, service::Service};
use std::{collections::BTreeSet, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::lookup_host,
    time::{sleep, timeout},
};

/// A slower answer is none; what was known stays in use.
const LOOKUP_WITHIN: Duration = Duration::from_secs(2);

/// Looks up the names of one service for ever. Ends at once when it has none.
pub(crate) async fn keep_resolving(service: &Service) {
    let named: Vec<_> = service.bases.iter().filter(|base| base.name.is_some()).collect();
    while !named.is_empty() {
        for base in &named {
            resolve(service, base).await;
        }
        // Instances must not ask in step.
        sleep(service.settings.resolve_every.mul_f64(0.8 + fastrand::f64() * 0.4)).await;
    }
}

async fn resolve(service: &Service, base: &Arc<Base>) {
    let Some(name) = &base.name else { return };
    let found = match timeout(LOOKUP_WITHIN, lookup_host((&**name, base.port))).await {
        Ok(Ok(found)) => found.collect::<BTreeSet<_>>(),
        Ok(Err(error)) => {
            return tracing::debug!(service = service.name(), %name, %error, "lookup failed");
        }
        Err(_) => return tracing::debug!(service = service.name(), %name, "lookup timed out"),
    };
    let addresses: Vec<SocketAddr> = found.into_iter().collect();
    service.resolved(base, &addresses);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AwcWire, Upstream};
    use bff_core::{
        Criticality, SpanId, TraceContext,
        ports::{Outbound, Transport},
    };
    use std::{
        cell::Cell,
        collections::HashSet,
        io::{Read, Write},
        net::{Ipv4Addr, TcpListener},
        thread,
    };
    use tokio::{task::LocalSet, time::Instant};

    fn service(url: &str) -> Service {
        let settings = toml::from_str(&format!("url = \"{url}\"\ntimeout = \"5s\"")).unwrap();
        Service::new("stores", &settings).unwrap()
    }

    /// Says who it is to whoever asks for `stores.test`, one call per connection.
    fn say_who(listener: TcpListener, who: usize) {
        thread::spawn(move || {
            for caller in listener.incoming() {
                let (mut caller, mut asked) = (caller.unwrap(), vec![0; 4096]);
                let read = caller.read(&mut asked).unwrap();
                let asked = String::from_utf8_lossy(&asked[..read]).to_ascii_lowercase();
                let right = asked.contains("\r\nhost: stores.test:");
                let status = if right { "200 OK" } else { "400 Bad Request" };
                let head = "content-type: application/json\r\nconnection: close";
                let answer =
                    format!("HTTP/1.1 {status}\r\n{head}\r\ncontent-length: 1\r\n\r\n{who}");
                caller.write_all(answer.as_bytes()).unwrap();
            }
        });
    }

    #[tokio::test]
    async fn a_name_with_several_addresses_is_several_hosts() {
        let first = TcpListener::bind((Ipv4Addr::new(127, 0, 0, 2), 0)).unwrap();
        let port = first.local_addr().unwrap().port();
        let second = TcpListener::bind((Ipv4Addr::new(127, 0, 0, 3), port)).unwrap();
        let addresses = [first.local_addr().unwrap(), second.local_addr().unwrap()];
        say_who(first, 1);
        say_who(second, 2);
        let service = service(&format!("http://stores.test:{port}"));
        service.resolved(&service.bases[0], &addresses);
        let upstream = Upstream::new([service].into(), AwcWire::new("test-bff"));
        let trace = TraceContext::continue_from(None, None, || false);
        let request = Outbound {
            service: "stores",
            dependency: "stores",
            target: "/stores",
            on_behalf_of: None,
            write: None,
            trace: &trace,
            span: SpanId::random(),
            criticality: Criticality::Critical,
            way: &Cell::default(),
        };
        let mut said = HashSet::new();
        let calls = async {
            for _ in 0..50 {
                let until = Instant::now() + Duration::from_secs(5);
                said.insert(upstream.send(&request, until).await.unwrap());
            }
        };
        LocalSet::new().run_until(calls).await;
        assert_eq!(said, HashSet::from([b"1".as_slice().into(), b"2".as_slice().into()]));
    }

    #[test]
    fn hosts_that_stay_keep_what_is_known_about_them() {
        let service = service("http://stores.test");
        let [a, b, c] = [1, 2, 3].map(|n| SocketAddr::from((Ipv4Addr::new(10, 0, 0, n), 80)));
        let ids = |wanted: &[SocketAddr]| {
            service.resolved(&service.bases[0], wanted);
            service.hosts().iter().map(|host| host.id()).collect::<Vec<_>>()
        };
        let unresolved = ids(&[]);
        let two = ids(&[a, b]);
        assert!(!two.contains(&unresolved[0]));
        assert_eq!(ids(&[b, c])[0], two[1], "b is the same host");
        assert_eq!(ids(&[]).len(), 2, "a lookup that finds nothing changes nothing");
        assert_eq!(ids(&[a]).len(), 1, "one address is left to the client");
    }

    #[tokio::test]
    async fn the_real_lookup_finds_this_machine() {
        let service = service("http://localhost:7101");
        resolve(&service, &service.bases[0]).await;
        assert!(
            service
                .hosts()
                .iter()
                .all(|host| { host.address.is_none_or(|address| address.ip().is_loopback()) })
        );
    }
}
