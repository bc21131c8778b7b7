//! A page whose parts are all in the cache, against the same bytes from a server that does nothing else.

use super::{Subject, in_turns};
use crate::{
    Result,
    bench::Bench,
    contender::{Contender, get},
    launch::{self, Place, first_answer},
    report::{Report, Row, Scenario},
};
use bff_bench::message;
use std::{fs, time::Duration};

const PAGE: &str = "/fan/v1/products/p-1";
/// The same, kept as a whole.
const KEPT: &str = "/fan/v1/kept/p-1";

pub(crate) fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    if !Bench::wants("cached")? {
        return Ok(());
    }
    println!("product page, fully cached");
    let upstream = bench.upstream(Duration::ZERO, None)?;
    let place = Place { upstream: upstream.address, workers: 1, cores: &bench.pins.server };
    let (page, kept, fixed) = (get(PAGE, bench), get(KEPT, bench), get("/static", bench));
    let ours = launch::start(bench, Contender::Fan, place, &page)?;
    let answer = first_answer(ours.address, &page).ok_or("no cached page")?;
    let body = message::whole(&answer).and_then(|whole| answer.get(whole.body)).unwrap_or_default();
    for member in ["\"description\":", "\"priceFormatted\":", "\"units\":"] {
        if memchr::memmem::find(body, member.as_bytes()).is_none() {
            return Err(format!("the cached page has no {member}").into());
        }
    }
    first_answer(ours.address, &kept).ok_or("no kept page")?;
    fs::write(&bench.fixtures.fixed, body)?;
    // Without the services: whatever is asked of them now would show.
    drop(upstream);
    let plain = launch::start(bench, Contender::Plain, place, &fixed)?;
    let subject = |id: &str, name: &str, server: &launch::Server, request: &[u8]| Subject {
        id: id.to_owned(),
        name: name.to_owned(),
        address: server.address,
        pid: server.running.id(),
        request: request.to_vec(),
    };
    let subjects = [
        subject("static", "actix-web: the same bytes, fixed", &plain, &fixed),
        subject("ours", "ours: three parts from the cache", &ours, &page),
        subject("ours-kept", "ours: the whole page kept", &ours, &kept),
    ];
    let rounds = in_turns(bench, &subjects, bench.saturation())?;
    let rows = subjects
        .iter()
        .zip(rounds)
        .map(|(subject, rounds)| Row::new(&subject.id, &subject.name, rounds));
    report.scenarios.push(Scenario {
        id: "cached".to_owned(),
        title: "A product page from the cache".to_owned(),
        note: format!(
            "Product, price and stock are cached; a page of {:.1} KB needs no call, and the services are stopped to prove \
             it. The difference is what everything but calls costs: routing, limits, three look-ups, views, the \
             envelope, the ETag, metrics, the log line.",
            body.len() as f64 / 1024.0
        ),
        rows: rows.collect(),
    });
    Ok(())
}
