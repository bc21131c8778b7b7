//! Starting, serving connections, noticing callers that leave, and stopping.

use super::{Call, Fault, Ports, SOON, SampleServices, Service, get};
use std::{
    io::Write,
    net::{TcpListener, TcpStream},
    time::Duration,
};

fn port(url: &str) -> u16 {
    url.rsplit(':').next().unwrap().parse().unwrap()
}

#[test]
fn instances_live_side_by_side() {
    let (one, two) = (SampleServices::start().unwrap(), SampleServices::start().unwrap());
    get(&one, Service::Users, "/users/u-1");
    assert_eq!(one.stats(Service::Users).requests_started, 1);
    assert_eq!(two.stats(Service::Users).requests_started, 0);
}

#[test]
fn a_connection_carries_many_requests() {
    let services = SampleServices::start().unwrap();
    let mut call = Call::to(&services.url(Service::Users));
    let sent: usize = (1..=3)
        .map(|number| {
            call.send(&format!("GET /users/u-{number}"), "X-Trace: abc\r\n", "");
            let reply = call.reply();
            assert_eq!(reply.json()["userId"], format!("u-{number}"));
            reply.head.len() + reply.body.len()
        })
        .sum();
    assert!(services.wait_until(Service::Users, |stats| stats.requests_finished == 3, SOON));
    let stats = services.stats(Service::Users);
    assert_eq!((stats.connections_total, stats.connections_open), (1, 1));
    assert_eq!((stats.requests_started, stats.requests_aborted), (3, 0));
    assert_eq!((stats.bytes_sent, stats.last_target.as_str()), (sent as u64, "/users/u-3"));
    assert!(stats.last_headers.contains(&("X-Trace".to_owned(), "abc".to_owned())));
    drop(call);
    assert!(services.wait_until(Service::Users, |stats| stats.connections_open == 0, SOON));
}

#[test]
fn a_request_that_arrives_in_pieces_during_another_is_answered_after_it() {
    let services = SampleServices::start().unwrap();
    services.set_fault(Service::Users, Some(Fault::Delay { millis: 50 }));
    let mut call = Call::to(&services.url(Service::Users));
    call.0.set_nodelay(true).unwrap();
    call.send("GET /users/u-1", "", "");
    assert!(services.wait_until(Service::Users, |stats| stats.requests_started == 1, SOON));
    for byte in b"GET /users/u-2 HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}" {
        call.0.write_all(&[*byte]).unwrap();
    }
    assert_eq!(call.reply().json()["userId"], "u-1");
    assert_eq!(call.reply().json()["userId"], "u-2");
}

#[tokio::test]
async fn a_caller_that_leaves_during_a_delay_is_an_aborted_request() {
    let services = SampleServices::start().unwrap();
    services.set_fault(Service::Users, Some(Fault::Delay { millis: 3_600_000 }));
    let mut call = Call::to(&services.url(Service::Users));
    call.send("GET /users/u-1", "", "");
    assert!(services.eventually(Service::Users, |stats| stats.requests_started == 1, SOON).await);
    drop(call);
    assert!(services.eventually(Service::Users, |stats| stats.requests_aborted == 1, SOON).await);
    assert_eq!(services.stats(Service::Users).requests_finished, 0);
}

#[tokio::test]
async fn waiting_for_what_does_not_happen_ends() {
    let services = SampleServices::start().unwrap();
    let moment = Duration::from_millis(10);
    assert!(!services.eventually(Service::Users, |stats| stats.requests_started > 0, moment).await);
    assert!(!services.wait_until(Service::Users, |stats| stats.requests_started > 0, moment));
}

#[test]
fn a_taken_port_is_an_error_that_names_service_and_address() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let error = |ports| SampleServices::start_on(&ports, 1).unwrap_err().to_string();
    let control = error(Ports { control: port, first: 0 });
    let begin = format!("sample service control cannot listen on 127.0.0.1:{port}: ");
    assert!(control.starts_with(&begin), "{control}");
    let users = error(Ports { control: 0, first: port });
    let begin = format!("sample service users cannot listen on 127.0.0.1:{port}: ");
    assert!(users.starts_with(&begin), "{users}");
    let beyond = error(Ports { control: 0, first: 65_535 });
    assert_eq!(beyond, "no port left for sample service orders above 65535");
}

#[test]
fn dropping_closes_every_port_and_connection() {
    let services = SampleServices::start().unwrap();
    let mut urls: Vec<String> = Service::ALL.map(|service| services.url(service)).to_vec();
    urls.push(services.control_url());
    services.set_fault(Service::Users, Some(Fault::HangBeforeHeaders));
    let mut hanging = Call::to(&urls[0]);
    hanging.send("GET /users/u-1", "", "");
    assert!(services.wait_until(Service::Users, |stats| stats.requests_started == 1, SOON));
    drop(services);
    assert_eq!(hanging.rest().0, b"");
    for url in urls {
        assert!(TcpStream::connect(("127.0.0.1", port(&url))).is_err(), "{url}");
    }
}

#[test]
fn fixed_ports_follow_the_order_of_the_services_and_are_free_again_after_a_drop() {
    // Below what the operating system hands out, and away from another run of this test.
    let start = 18_000 + u16::try_from(std::process::id() % 1_500).unwrap() * 8;
    let mut ranges =
        (start..32_000).step_by(8).map(|control| Ports { control, first: control + 1 });
    let (ports, services) =
        ranges.find_map(|ports| Some((ports, SampleServices::start_on(&ports, 1).ok()?))).unwrap();
    let served = Service::ALL.map(|service| port(&services.url(service)) - ports.first);
    assert_eq!(served, [0, 1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(port(&services.control_url()), ports.control);
    // A connection with traffic is what makes a port linger after a careless bind.
    get(&services, Service::Users, "/users/u-1");
    drop(services);
    SampleServices::start_on(&ports, 1).unwrap();
}
