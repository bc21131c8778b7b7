//! Every fault does what its name says.

use super::{Call, Fault, Reply, SOON, SampleServices, Service, get};
use serde_json::Value;
use std::{
    io::{BufReader, ErrorKind, Read},
    time::{Duration, Instant},
};

const TARGET: &str = "/users/u-1";

/// Services whose users service misbehaves, and its right body.
fn faulty(fault: Fault) -> (SampleServices, Vec<u8>) {
    let services = SampleServices::start().unwrap();
    let right = get(&services, Service::Users, TARGET).body;
    services.set_fault(Service::Users, Some(fault));
    (services, right)
}

/// The answer under a fault that leaves HTTP intact, and the right body.
fn spoiled(fault: Fault) -> (Reply, Vec<u8>) {
    let (services, right) = faulty(fault);
    (get(&services, Service::Users, TARGET), right)
}

/// All bytes until the connection ends, how it ends, and the right body.
fn raw(fault: Fault) -> (Vec<u8>, std::io::Result<usize>, Vec<u8>) {
    let (services, right) = faulty(fault);
    let mut call = Call::to(&services.url(Service::Users));
    call.send("GET /users/u-1", "", "");
    let (received, end) = call.rest();
    (received, end, right)
}

/// What arrives before silence sets in; then the caller leaves, which the service notices.
fn before_silence(fault: Fault) -> (Vec<u8>, Vec<u8>) {
    let (services, right) = faulty(fault);
    let mut call = Call::to(&services.url(Service::Users));
    call.send("GET /users/u-1", "", "");
    call.0.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let (received, end) = call.rest();
    assert_eq!(end.unwrap_err().kind(), ErrorKind::WouldBlock);
    assert_eq!(services.stats(Service::Users).requests_aborted, 0);
    drop(call);
    assert!(services.wait_until(Service::Users, |stats| stats.requests_aborted == 1, SOON));
    (received, right)
}

fn content_length(reply: &Reply) -> usize {
    reply.header("content-length").unwrap().parse().unwrap()
}

fn check_half(reply: &Reply, right: &[u8]) {
    assert_eq!(content_length(reply), right.len());
    assert_eq!(reply.body, right[..right.len() / 2]);
}

#[test]
fn delay_is_the_right_answer_late() {
    let started = Instant::now();
    let (reply, right) = spoiled(Fault::Delay { millis: 60 });
    assert!(started.elapsed() >= Duration::from_millis(60));
    assert_eq!((reply.status(), reply.body), (200, right));
}

#[test]
fn status_is_that_status_with_or_without_retry_after() {
    let (reply, _) = spoiled(Fault::Status { code: 503, retry_after: Some(7) });
    assert_eq!((reply.status(), reply.header("retry-after")), (503, Some("7")));
    let (reply, _) = spoiled(Fault::Status { code: 404, retry_after: None });
    assert_eq!((reply.status(), reply.header("retry-after")), (404, None));
}

#[test]
fn hang_before_headers_sends_nothing() {
    assert_eq!(before_silence(Fault::HangBeforeHeaders).0, b"");
}

#[test]
fn hang_in_body_sends_the_head_and_half_of_the_body() {
    let (received, right) = before_silence(Fault::HangInBody);
    check_half(&Reply::from(received), &right);
}

#[test]
fn reset_sends_nothing_and_resets() {
    let (received, end, _) = raw(Fault::Reset);
    assert_eq!((received, end.unwrap_err().kind()), (Vec::new(), ErrorKind::ConnectionReset));
}

#[test]
fn reset_in_body_sends_half_and_resets() {
    let (received, end, right) = raw(Fault::ResetInBody);
    assert_eq!(end.unwrap_err().kind(), ErrorKind::ConnectionReset);
    check_half(&Reply::from(received), &right);
}

#[test]
fn short_body_sends_half_and_closes() {
    let (received, end, right) = raw(Fault::ShortBody);
    assert!(end.is_ok());
    check_half(&Reply::from(received), &right);
}

#[test]
fn truncated_json_is_whole_http() {
    let (reply, right) = spoiled(Fault::TruncatedJson);
    assert_eq!(reply.body, right[..right.len() / 2]);
    assert_eq!(content_length(&reply), reply.body.len());
}

#[test]
fn wrong_types_swaps_strings_and_numbers() {
    let (reply, right) = spoiled(Fault::WrongTypes);
    let (right, wrong): (Value, _) = (serde_json::from_slice(&right).unwrap(), reply.json());
    assert!(right["displayName"].is_string() && wrong["displayName"].is_number());
    assert_eq!(wrong["fraudScore"], right["fraudScore"].to_string());
    assert!(wrong["address"]["city"].is_number());
}

#[test]
fn wrong_content_type_is_a_html_page() {
    let (reply, _) = spoiled(Fault::WrongContentType);
    assert_eq!((reply.status(), reply.header("content-type")), (200, Some("text/html")));
    assert!(reply.body.starts_with(b"<!doctype html>"));
}

#[test]
fn huge_body_is_right_json_and_huge() {
    let (reply, right) = spoiled(Fault::HugeBody { megabytes: 2 });
    assert_eq!(reply.json()["padding"].as_str().unwrap().len(), 2 << 20);
    assert!(reply.body.ends_with(&right[1..]));
    assert_eq!(content_length(&reply), reply.body.len());
}

#[test]
fn huge_body_is_streamed_only_as_far_as_the_caller_reads() {
    let (services, _) = faulty(Fault::HugeBody { megabytes: u32::MAX });
    let mut call = Call::to(&services.url(Service::Users));
    call.send("GET /users/u-1", "", "");
    call.0.read_exact(&mut [0; 4096]).unwrap();
    drop(call);
    assert!(services.wait_until(Service::Users, |stats| stats.requests_aborted == 1, SOON));
    assert!(services.stats(Service::Users).bytes_sent < 64 << 20);
}

#[test]
fn deep_nesting_comes_before_the_right_members() {
    let (reply, right) = spoiled(Fault::DeepNesting);
    assert!(reply.body.starts_with(b"{\"nested\":[[[["));
    assert_eq!(reply.body.iter().filter(|byte| **byte == b'[').take(100_000).count(), 100_000);
    assert!(reply.body.ends_with(&[b"]]],", &right[1..]].concat()));
    assert!(serde_json::from_slice::<Value>(&reply.body).is_err());
}

#[test]
fn gzip_is_the_right_body_encoded() {
    let (reply, right) = spoiled(Fault::Gzip);
    assert_eq!(reply.header("content-encoding"), Some("gzip"));
    let mut inflated = Vec::new();
    flate2::read::GzDecoder::new(reply.body.as_slice()).read_to_end(&mut inflated).unwrap();
    assert_eq!(inflated, right);
}

#[test]
fn gzip_bomb_inflates_a_mebibyte_to_a_gibibyte() {
    let (reply, _) = spoiled(Fault::GzipBomb);
    assert_eq!(reply.header("content-encoding"), Some("gzip"));
    assert!(reply.body.len() < 2 << 20);
    // The decoder checks the length and the checksum at the end of the member.
    let decoder = flate2::read::GzDecoder::new(reply.body.as_slice());
    let mut inflated = BufReader::with_capacity(1 << 20, decoder);
    assert_eq!(std::io::copy(&mut inflated, &mut std::io::sink()).unwrap(), 1 << 30);
}

#[test]
fn redirect_points_elsewhere() {
    let (reply, _) = spoiled(Fault::Redirect { location: "http://elsewhere/".to_owned() });
    assert_eq!((reply.status(), reply.header("location")), (302, Some("http://elsewhere/")));
}

#[test]
fn empty_is_json_without_a_byte() {
    let (reply, _) = spoiled(Fault::Empty);
    assert_eq!((reply.status(), reply.body.as_slice()), (200, b"".as_slice()));
    assert_eq!(reply.header("content-type"), Some("application/json"));
}

#[test]
fn bad_utf8_is_right_but_for_its_strings() {
    let (reply, _) = spoiled(Fault::BadUtf8);
    assert!(std::str::from_utf8(&reply.body).is_err());
    let readable: Value = serde_json::from_str(&String::from_utf8_lossy(&reply.body)).unwrap();
    assert!(readable["displayName"].as_str().unwrap().contains('\u{FFFD}'));
    assert!(readable["fraudScore"].is_number());
}

#[test]
fn duplicate_keys_writes_every_member_twice() {
    let (reply, right) = spoiled(Fault::DuplicateKeys);
    let twice = String::from_utf8_lossy(&reply.body).matches("\"fraudScore\":").count();
    assert_eq!(twice, 2);
    assert_eq!(reply.json(), serde_json::from_slice::<Value>(&right).unwrap());
}

#[test]
fn not_a_number_stands_for_every_number() {
    let (reply, right) = spoiled(Fault::NotANumber);
    let text = String::from_utf8(reply.body).unwrap();
    assert!(text.contains("\"fraudScore\":NaN,"), "{text}");
    assert_eq!(text.contains("\"currency\":\"EUR\""), right.windows(5).any(|w| w == b"\"EUR\""));
}

#[test]
fn garbage_is_not_http() {
    let (received, end, _) = raw(Fault::Garbage);
    assert!(end.is_ok() && !received.is_empty());
    assert!(httparse::Response::new(&mut []).parse(&received).is_err());
}

#[test]
fn huge_header_has_a_name_of_seventy_thousand_bytes() {
    let (reply, right) = spoiled(Fault::HugeHeader);
    let names = reply.head.lines().filter_map(|line| line.split_once(':')).map(|(name, _)| name);
    assert_eq!(names.map(str::len).max(), Some(70_000));
    assert_eq!(reply.body, right);
}

#[test]
fn early_hints_come_before_the_right_answer() {
    let (hints, right) = spoiled(Fault::EarlyHints);
    assert_eq!(hints.status(), 103);
    let answer = Reply::from(hints.body);
    assert_eq!((answer.status(), answer.body), (200, right));
}

#[test]
fn fail_every_counts_from_when_it_was_set() {
    let (services, _) = faulty(Fault::FailEvery { n: 3 });
    let statuses = || [(); 6].map(|()| get(&services, Service::Users, TARGET).status());
    assert_eq!(statuses(), [200, 200, 500, 200, 200, 500]);
    get(&services, Service::Users, TARGET);
    services.set_fault(Service::Users, Some(Fault::FailEvery { n: 2 }));
    assert_eq!(statuses(), [200, 500, 200, 500, 200, 500]);
    services.set_fault(Service::Users, None);
    assert_eq!(statuses(), [200; 6]);
}

#[test]
fn a_fault_concerns_its_service_alone() {
    let (services, _) = faulty(Fault::Reset);
    assert_eq!(get(&services, Service::Catalog, "/products/p-1").status(), 200);
}
