//! The questions of a run, one file each.

mod cached;
mod delays;
mod fan;
mod hang;
mod home;
mod overload;
mod workers;

use crate::{
    Result,
    bench::Bench,
    load::Pace,
    report::{Report, Round},
};
use std::net::SocketAddr;

/// Asks all that are wanted.
pub(crate) fn run(bench: &Bench) -> Result<Report> {
    let mut report = Report {
        machine: bench.machine.clone(),
        settings: bench.settings.clone(),
        scenarios: Vec::new(),
        slopes: None,
        skipped: bench.skipped.clone(),
    };
    home::run(bench, &mut report)?;
    delays::run(bench, &mut report)?;
    hang::run(bench, &mut report)?;
    cached::run(bench, &mut report)?;
    fan::run(bench, &mut report)?;
    workers::run(bench, &mut report)?;
    overload::run(bench, &mut report)?;
    Ok(report)
}

/// Something that is loaded in turns with others.
struct Subject {
    id: String,
    name: String,
    address: SocketAddr,
    pid: u32,
    request: Vec<u8>,
}

/// Loads every subject once per round, so that a disturbance hits all of them.
fn in_turns(bench: &Bench, subjects: &[Subject], pace: Pace) -> Result<Vec<Vec<Round>>> {
    let mut rounds = vec![Vec::new(); subjects.len()];
    for round in 0..bench.settings.rounds {
        for (subject, rounds) in subjects.iter().zip(&mut rounds) {
            let measured = bench.round(subject.address, subject.pid, &subject.request, pace)?;
            println!(
                "  {}/{} {:<26} {:>8.1} us/page {:>8.0} pages/s  p50 {:.3} p99 {:.3} ms{}",
                round + 1,
                bench.settings.rounds,
                subject.name,
                measured.cpu_us,
                measured.pages_per_second,
                measured.p50_ms,
                measured.p99_ms,
                if measured.failed > 0.0 {
                    format!("  {} failed", measured.failed)
                } else {
                    String::new()
                },
            );
            rounds.push(measured);
        }
    }
    Ok(rounds)
}
