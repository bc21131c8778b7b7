//! Two workers instead of one.

use super::{home, in_turns};
use crate::{
    Result,
    bench::Bench,
    contender::Contender,
    launch::{self, Place},
    report::{Report, Row, Scenario},
};
use std::time::Duration;

pub(crate) fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    if !Bench::wants("workers")? {
        return Ok(());
    }
    println!("one and two workers");
    let upstream = bench.upstream(Duration::ZERO, None)?;
    let request = Contender::Ours.home(bench);
    let start = |workers, cores| {
        let place = Place { upstream: upstream.address, workers, cores };
        launch::start(bench, Contender::Ours, place, &request)
    };
    let one = start(1, &bench.pins.server)?;
    let two = start(2, &bench.pins.two_servers)?;
    let mut subjects = Vec::new();
    for (server, id, name) in
        [(&one, "1", "one worker, one core"), (&two, "2", "two workers, two cores")]
    {
        bench.check(server)?;
        home::warm_up(bench, server)?;
        let mut subject = home::subject(bench, server);
        (subject.id, subject.name) = (id.to_owned(), name.to_owned());
        subjects.push(subject);
    }
    let rounds = in_turns(bench, &subjects, bench.saturation())?;
    let rows = subjects
        .iter()
        .zip(rounds)
        .map(|(subject, rounds)| Row::new(&subject.id, &subject.name, rounds));
    let note = if bench.pins.alone {
        "Services and load have cores of their own."
    } else {
        "This machine has no core to spare: the second worker shares its core with the services and the load, so the \
         throughput says nothing about scaling. CPU per page does: it should not grow with the second worker."
    };
    report.scenarios.push(Scenario {
        id: "workers".to_owned(),
        title: "One and two workers".to_owned(),
        note: note.to_owned(),
        rows: rows.collect(),
    });
    Ok(())
}
