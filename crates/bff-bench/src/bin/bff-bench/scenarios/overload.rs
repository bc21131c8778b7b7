//! Three times what a server can do: what it still gets done, how fast, and how soon it is well again.

use super::home;
use crate::{
    Result,
    bench::Bench,
    contender::Contender,
    launch::{Server, first_answer},
    load::Pace,
    procfs,
    report::{Memory, Report, Round, Row, Scenario},
};
use bff_bench::figures::median;
use std::{
    thread::sleep,
    time::{Duration, Instant},
};

/// How much more is offered than the server can do.
const TIMES: f64 = 3.0;
/// So many whole pages in a row are no accident.
const WELL: usize = 50;
/// A server that is not well again by then is not counted as recovering.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    if !Bench::wants("overload")? {
        return Ok(());
    }
    println!("{TIMES} times the capacity");
    let upstream = bench.upstream(Duration::ZERO, None)?;
    let (mut rows, mut recoveries) = (Vec::new(), Vec::new());
    for contender in [Contender::Ours, Contender::Plain] {
        let server = bench.start(contender, &upstream)?;
        home::warm_up(bench, &server)?;
        let idle_mb = procfs::resident_mb(server.running.id())?;
        let (mut peak, mut over, mut recovery) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..bench.settings.rounds {
            let (at_peak, overloaded) = (measure(bench, &server)?, recover(bench, &server));
            peak.push(at_peak.0);
            over.push(at_peak.1);
            recovery.push(overloaded?.as_secs_f64());
        }
        recoveries.push(format!("{} {:.2} s", contender.name(), median(&recovery)));
        let pid = server.running.id();
        let memory = Memory { idle_mb, loaded_mb: procfs::resident_mb(pid)? };
        for (what, rounds) in [("peak", peak), ("3x offered", over)] {
            let (id, name) = (contender.id(), contender.name());
            let mut row = Row::new(&format!("{id}-{what}"), &format!("{name}: {what}"), rounds);
            row.memory = Some(memory);
            println!(
                "  {:<36} {:>7.0} good pages/s  p99 {:.1} ms  {:.0} MB",
                row.name, row.median.pages_per_second, row.median.p99_ms, memory.loaded_mb
            );
            rows.push(row);
        }
    }
    report.scenarios.push(Scenario {
        id: "overload".to_owned(),
        title: "Three times the capacity".to_owned(),
        note: format!(
            "The most home pages per second with {} connections, and then {TIMES} times as many requests per second, \
             whether answers come or not. Good pages are answers with status 200, degraded ones among them; latency is \
             theirs. From the end of the load until {WELL} pages in a row are whole again: {}.",
            bench.settings.connections,
            recoveries.join(", ")
        ),
        rows,
    });
    Ok(())
}

fn measure(bench: &Bench, server: &Server) -> Result<(Round, Round)> {
    let (address, pid, home) = (server.address, server.running.id(), server.contender.home(bench));
    let peak = bench.round(address, pid, &home, bench.saturation())?;
    let offered = Pace::PerSecond(TIMES * peak.pages_per_second);
    // Longer than usual: the first moment is not what counts.
    let seconds = bench.settings.seconds * 2.0;
    Ok((peak, bench.round_of(address, pid, &home, offered, seconds)?))
}

/// How long it takes until pages are whole again.
fn recover(bench: &Bench, server: &Server) -> Result<Duration> {
    let (ended, mut in_a_row) = (Instant::now(), 0);
    while ended.elapsed() < PATIENCE {
        let answer = first_answer(server.address, &server.contender.home(bench));
        let whole = |answer: &[u8]| {
            let text = String::from_utf8_lossy(answer);
            text.starts_with("HTTP/1.1 200") && !text.contains("\ndegraded:")
        };
        in_a_row = if answer.as_deref().is_some_and(whole) { in_a_row + 1 } else { 0 };
        if in_a_row == WELL {
            return Ok(ended.elapsed());
        }
        sleep(Duration::from_millis(10));
    }
    Err(format!("{} does not recover", server.contender.name()).into())
}
