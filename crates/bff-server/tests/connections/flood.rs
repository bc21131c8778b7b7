//! Many clients at once that read nothing, send without end or say nothing, beside two honest ones.

use crate::bed::{self, PAGE, QUICK, bff, metric, settings};
use bff_testkit::{
    BffProcess,
    http::{self, Requests},
    process::{Part, Signal},
    redis::eventually,
};
use std::{
    fs,
    sync::atomic::{AtomicBool, Ordering::SeqCst},
    thread,
    time::{Duration, Instant},
};

/// What the process asks for its part.
const TEST: &str = "flood::a_flood_of_bad_connections_costs_little_memory_and_no_page";
/// The memory that all bad connections together may cost.
const MAY_COST_KIB: u64 = 32 * 1024;

/// Ends the honest clients also when the test fails.
struct EndOnDrop<'a>([&'a AtomicBool; 2]);

impl Drop for EndOnDrop<'_> {
    fn drop(&mut self) {
        self.0.iter().for_each(|flag| flag.store(true, SeqCst));
    }
}

/// Resident memory of a process, in KiB.
fn resident_kib(process: &BffProcess) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// Asks for pages one after the other until the flood is over: how long each took.
fn honest(process: &BffProcess, over: &AtomicBool) -> Vec<Duration> {
    let (mut requests, mut replies) = http::pipeline(process.address).unwrap();
    let mut took = Vec::new();
    while !over.load(SeqCst) {
        let begun = Instant::now();
        requests.get(QUICK).unwrap();
        assert_eq!(replies.read().unwrap().status, 200);
        took.push(begun.elapsed());
    }
    took.sort();
    took
}

fn p99(took: &[Duration]) -> Duration {
    took.get(took.len() * 99 / 100).copied().unwrap_or_default()
}

/// Sends what the socket takes, without waiting for an answer.
fn stuff(connection: &mut Requests, what: &str, times: usize) {
    let bytes = what.repeat(times);
    connection.write_what_fits(bytes.as_bytes());
}

fn connections(process: &BffProcess, count: usize, what: &str, times: usize) -> Vec<Requests> {
    let open = |_| {
        let (mut requests, _) = http::pipeline(process.address).unwrap();
        stuff(&mut requests, what, times);
        requests
    };
    (0..count).map(open).collect()
}

#[test]
#[expect(clippy::print_stdout, reason = "`--nocapture` shows the figures")]
fn a_flood_of_bad_connections_costs_little_memory_and_no_page() {
    if let Some(part) = Part::of_this_process() {
        let settings = bed::read(&part.settings);
        return part.play(&bff(), &settings);
    }
    let server = "write_timeout = '2s'\nkeep_alive = '8s'\nhead_timeout = '2s'";
    let process = BffProcess::start(TEST, "flooded", &settings(server));
    let (before, over) = (AtomicBool::new(false), AtomicBool::new(false));
    thread::scope(|scope| {
        let _end = EndOnDrop([&before, &over]);
        let warm = scope.spawn(|| honest(&process, &before));
        eventually("it is warm", || requests(&process) > 2000.0);
        before.store(true, SeqCst);
        let usual = p99(&warm.join().unwrap());
        let resident = resident_kib(&process);

        let clients = [(); 2].map(|()| scope.spawn(|| honest(&process, &over)));
        let large = format!("GET {PAGE} HTTP/1.1\r\nhost: test\r\n\r\n");
        let quick = large.replace(PAGE, QUICK);
        let chunks = format!(
            "POST {QUICK} HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n"
        );
        let mut bad = connections(&process, 25, &large, 4000);
        bad.extend(connections(&process, 400, &quick, 40));
        bad.extend(connections(&process, 1000, "", 0));
        let mut endless = connections(&process, 200, &chunks, 1);
        let begun = Instant::now();
        let mut highest = resident;
        eventually("all are cut", || {
            for connection in &mut endless {
                stuff(connection, "1\r\na\r\n", 1);
            }
            highest = highest.max(resident_kib(&process));
            metric(process.admin_address, "bff_connections_open") <= 2.0
        });
        let cut_after = begun.elapsed();
        eventually("the memory falls back", || {
            resident_kib(&process) < resident + MAY_COST_KIB / 2
        });
        over.store(true, SeqCst);
        let during = clients.map(|client| p99(&client.join().unwrap()));
        println!(
            "flood: {} KiB at rest, {} more at most, all cut after {cut_after:?}, p99 {usual:?} -> {during:?}",
            resident,
            highest - resident
        );
        assert!(highest - resident <= MAY_COST_KIB, "{resident} KiB grew to {highest}");
        drop((bad, endless));
    });
    process.signal(Signal::TERM);
}

fn requests(process: &BffProcess) -> f64 {
    metric(process.admin_address, "bff_requests_total{endpoint=\"quick\",status=\"200\"}")
}
