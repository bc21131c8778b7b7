//! Slow services: what a page takes longer than the slowest of its calls.

use super::{Subject, home, in_turns};
use crate::{
    Result,
    bench::Bench,
    contender::get,
    report::{Report, Row, Scenario},
};
use std::time::Duration;

pub(crate) fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    for milliseconds in [5, 20] {
        let id = format!("delay{milliseconds}");
        if Bench::wants(&id)? {
            println!("services that take {milliseconds} ms");
            report.scenarios.push(scenario(bench, &id, milliseconds)?);
        }
    }
    Ok(())
}

fn scenario(bench: &Bench, id: &str, milliseconds: u64) -> Result<Scenario> {
    let upstream = bench.upstream(Duration::from_millis(milliseconds), None)?;
    let mut servers = Vec::new();
    for contender in bench.home_contenders()? {
        // Who cannot start was named by the first scenario.
        servers.extend(bench.start(contender, &upstream));
    }
    for server in &servers {
        home::warm_up(bench, server)?;
    }
    let mut subjects: Vec<_> = servers.iter().map(|server| home::subject(bench, server)).collect();
    // The service itself, asked by the same client on the same cores, is what latency is added to.
    subjects.push(Subject {
        id: "direct".to_owned(),
        name: "the slowest service alone".to_owned(),
        address: upstream.address,
        pid: upstream.running.id(),
        request: get("/users/u-1", bench),
    });
    let rounds = in_turns(bench, &subjects, bench.moderate())?;
    let rows = subjects
        .iter()
        .zip(rounds)
        .map(|(subject, rounds)| Row::new(&subject.id, &subject.name, rounds));
    Ok(Scenario {
        id: id.to_owned(),
        title: format!("Services that take {milliseconds} ms"),
        note: format!(
            "{} pages per second. What is shown is the latency of a page minus that of one of its calls when the same \
             client makes it directly; both count from the moment at which the request was due.",
            bench.settings.rate
        ),
        rows: rows.collect(),
    })
}
