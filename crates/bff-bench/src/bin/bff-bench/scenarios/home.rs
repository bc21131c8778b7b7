//! The home page: as many as a server can make, and then a moderate number of them.

use super::{Subject, in_turns};
use crate::{
    Result,
    bench::{Bench, Upstream},
    contender::Contender,
    launch::Server,
    load::Pace,
    procfs,
    report::{Memory, Report, Row, Scenario},
};
use bff_bench::figures::median;
use std::time::Duration;

/// Starts of which the cold start is the median.
const STARTS: usize = 3;

pub(crate) fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let (wants_home, wants_rate) = (Bench::wants("home")?, Bench::wants("rate")?);
    if !wants_home && !wants_rate {
        return Ok(());
    }
    let upstream = bench.upstream(Duration::ZERO, None)?;
    let mut servers = Vec::new();
    println!("cold start");
    for contender in bench.home_contenders()? {
        match started(bench, contender, &upstream) {
            Ok(server) => servers.push(server),
            Err(error) => {
                println!("  {} is skipped: {error}", contender.name());
                report.skipped.push(format!("{}: {error}", contender.name()));
            }
        }
    }
    let subjects: Vec<_> = servers.iter().map(|server| subject(bench, &server.server)).collect();
    if wants_home {
        println!("home at saturation");
        let rounds = in_turns(bench, &subjects, bench.saturation())?;
        let mut rows = Vec::new();
        for (server, rounds) in servers.iter().zip(rounds) {
            bench.check(&server.server)?;
            let contender = server.server.contender;
            let mut row = Row::new(contender.id(), &name(bench, contender), rounds);
            let loaded_mb = procfs::resident_mb(server.server.running.id())?;
            row.memory = Some(Memory { idle_mb: server.idle_mb, loaded_mb });
            row.cold_start_ms = Some(server.cold_start_ms);
            rows.push(row);
        }
        report.scenarios.push(Scenario {
            id: "home".to_owned(),
            title: "The home page at saturation".to_owned(),
            note: format!(
                "Three calls, three answers of {} cut down to one of 40 members; one worker, {} connections that ask \
                 again as soon as they have their answer. CPU time is that of the server process, user and system, as \
                 the operating system counts it.",
                sizes(bench)?, bench.settings.connections
            ),
            rows,
        });
    }
    if wants_rate {
        println!("home at a moderate rate");
        let rounds = in_turns(bench, &subjects, bench.moderate())?;
        let named = subjects.iter().zip(rounds);
        report.scenarios.push(Scenario {
            id: "rate".to_owned(),
            title: format!("The home page at {} pages per second", bench.settings.rate),
            note: "An open loop: requests leave on time whether or not answers come, and latency counts from the moment \
                   at which a request was due. CPU per page is higher than at saturation, because every event wakes a \
                   sleeping process."
                .to_owned(),
            rows: named.map(|(subject, rounds)| Row::new(&subject.id, &subject.name, rounds)).collect(),
        });
    }
    Ok(())
}

/// A server with what is measured before any load.
struct Started {
    server: Server,
    cold_start_ms: f64,
    idle_mb: f64,
}

fn started(bench: &Bench, contender: Contender, upstream: &Upstream) -> Result<Started> {
    let mut times = Vec::new();
    for _ in 1..STARTS {
        times.push(bench.start(contender, upstream)?.cold_start.as_secs_f64() * 1e3);
    }
    let server = bench.start(contender, upstream)?;
    times.push(server.cold_start.as_secs_f64() * 1e3);
    let (cold_start_ms, idle_mb) = (median(&times), procfs::resident_mb(server.running.id())?);
    println!("  {:<26} {cold_start_ms:>7.1} ms {idle_mb:>7.1} MB", contender.name());
    warm_up(bench, &server)?;
    Ok(Started { server, cold_start_ms, idle_mb })
}

/// Compilers in the process and pools of connections get their time before the first round.
pub(super) fn warm_up(bench: &Bench, server: &Server) -> Result<()> {
    let seconds = match server.contender {
        Contender::Express | Contender::Fastify => 3.0,
        _ => 0.5,
    };
    let request = server.contender.home(bench);
    bench.round_of(server.address, server.running.id(), &request, Pace::Closed(32), seconds)?;
    Ok(())
}

pub(super) fn subject(bench: &Bench, server: &Server) -> Subject {
    let contender = server.contender;
    Subject {
        id: contender.id().to_owned(),
        name: name(bench, contender),
        address: server.address,
        pid: server.running.id(),
        request: contender.home(bench),
    }
}

fn name(bench: &Bench, contender: Contender) -> String {
    match (&bench.node, contender) {
        (Some(node), Contender::Tailcall) => {
            let version =
                node.tailcall_version.trim_start_matches("tailcall ").trim_start_matches('v');
            format!("Tailcall {version} (GraphQL)")
        }
        _ => contender.name().to_owned(),
    }
}

fn sizes(bench: &Bench) -> Result<String> {
    let mut sizes = Vec::new();
    for body in ["user", "orders", "recommendations"] {
        let bytes =
            std::fs::metadata(bench.fixtures.bodies.join(body).with_extension("json"))?.len();
        sizes.push(format!("{:.1}", bytes as f64 / 1024.0));
    }
    Ok(format!("{} KB", sizes.join(", ")))
}
