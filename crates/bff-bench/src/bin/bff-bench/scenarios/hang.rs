//! One optional service hangs: what becomes of the page that shows it, and of a page that does not need it.

use super::{Subject, home, in_turns};
use crate::{
    Result,
    bench::{Bench, Upstream},
    contender::{Contender, get},
    launch::{self, Place, Server},
    load::Pace,
    procfs,
    report::{Memory, Report, Round, Row, Scenario},
};
use std::time::Duration;

const PRODUCT: &str = "/mobile/v1/products/p-1";
/// Home pages per second that hang beside the product page. Not as many as connections can make: with a breaker open
/// they would be ordinary pages and take their share.
const BESIDE: f64 = 50.0;

pub(crate) fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    if !Bench::wants("hang")? {
        return Ok(());
    }
    println!("one optional service hangs");
    let healthy = bench.upstream(Duration::ZERO, None)?;
    let hanging = bench.upstream(Duration::ZERO, Some("/recommendations"))?;
    let mut rows = home_pages(bench, &healthy, &hanging)?;
    rows.extend(product_pages(bench, &hanging)?);
    report.scenarios.push(Scenario {
        id: "hang".to_owned(),
        title: "One optional service hangs".to_owned(),
        note: format!(
            "The recommendations service accepts calls and never answers. With a timeout alone every home page waits for \
             it, so that {} connections get no more than that many pages per timeout of 200 ms; a breaker gives up on the \
             service and lets pages pass. The product page does not need the service: it is measured alone and while \
             {BESIDE} home pages per second hang beside it.",
            bench.settings.connections
        ),
        rows,
    });
    Ok(())
}

/// Home pages at saturation, with all services well and with one hanging.
fn home_pages(bench: &Bench, healthy: &Upstream, hanging: &Upstream) -> Result<Vec<Row>> {
    let mut servers = Vec::new();
    for contender in [Contender::Ours, Contender::Plain] {
        servers.push((start(bench, contender, healthy)?, "all is well"));
        servers.push((start(bench, contender, hanging)?, "recommendations hang"));
    }
    let mut subjects = Vec::new();
    let mut idle = Vec::new();
    for (server, state) in &servers {
        // A breaker needs to see the service fail first.
        home::warm_up(bench, server)?;
        idle.push(procfs::resident_mb(server.running.id())?);
        let contender = server.contender;
        subjects.push(Subject {
            id: format!("{}-{}", contender.id(), state.replace(' ', "-")),
            name: format!("{}: {state}", contender.name()),
            ..home::subject(bench, server)
        });
    }
    let rounds = in_turns(bench, &subjects, bench.saturation())?;
    let named = subjects.iter().zip(rounds).zip(idle);
    named
        .map(|((subject, rounds), idle_mb)| {
            row(subject.pid, &subject.id, &subject.name, rounds, idle_mb)
        })
        .collect()
}

/// Starts a contender without a look at its page, which is not the right one while a service hangs.
fn start(bench: &Bench, contender: Contender, upstream: &Upstream) -> Result<Server> {
    let place = Place { upstream: upstream.address, workers: 1, cores: &bench.pins.server };
    launch::start(bench, contender, place, &contender.home(bench))
}

/// Product pages at saturation: alone, and beside home pages that hang.
fn product_pages(bench: &Bench, hanging: &Upstream) -> Result<Vec<Row>> {
    let server = start(bench, Contender::Ours, hanging)?;
    let (address, pid, request) = (server.address, server.running.id(), get(PRODUCT, bench));
    let idle_mb = procfs::resident_mb(pid)?;
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for _ in 0..bench.settings.rounds {
        alone.push(bench.round(address, pid, &request, bench.saturation())?);
        beside.push(beside_home(bench, &server, &request)?);
    }
    let name = format!("ours, product page: beside {BESIDE} hanging home pages/s");
    Ok(vec![
        row(pid, "product-alone", "ours, product page: alone", alone, idle_mb)?,
        row(pid, "product-beside", &name, beside, idle_mb)?,
    ])
}

fn beside_home(bench: &Bench, server: &Server, request: &[u8]) -> Result<Round> {
    let (address, pid, home) = (server.address, server.running.id(), server.contender.home(bench));
    let seconds = bench.settings.seconds + 0.4;
    std::thread::scope(|scope| {
        let home_pages = scope.spawn(|| {
            let done = bench.round_of(address, pid, &home, Pace::PerSecond(BESIDE), seconds);
            done.map(drop).map_err(|error| error.to_string())
        });
        let round = bench.round(address, pid, request, bench.saturation());
        home_pages.join().map_err(|_| "the load beside it panicked")??;
        round
    })
}

fn row(pid: u32, id: &str, name: &str, rounds: Vec<Round>, idle_mb: f64) -> Result<Row> {
    let mut row = Row::new(id, name, rounds);
    row.memory = Some(Memory { idle_mb, loaded_mb: procfs::resident_mb(pid)? });
    Ok(row)
}
