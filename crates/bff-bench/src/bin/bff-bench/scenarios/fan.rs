//! More calls and larger answers: what one more of each costs, and whether it stays that way.

use crate::{
    Result,
    bench::Bench,
    contender::{Contender, get},
    launch::{self, Place, first_answer},
    load::Pace,
    report::{Report, Row, Scenario, Slopes},
};
use bff_bench::figures::fit;
use std::time::Duration;

const CALLS: [u32; 5] = [1, 2, 4, 8, 16];
const KILOBYTES: [u32; 4] = [1, 4, 16, 64];
/// Fewer than elsewhere: 16 calls of 64 KB are a megabyte in flight per connection.
const CONNECTIONS: usize = 8;

pub(crate) fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    if !Bench::wants("fan")? {
        return Ok(());
    }
    println!("1 to 16 calls, 1 to 64 KB");
    let upstream = bench.upstream(Duration::ZERO, None)?;
    let place = Place { upstream: upstream.address, workers: 1, cores: &bench.pins.server };
    let request = |calls, kilobytes| get(&format!("/fan/v1/pages/{calls}x{kilobytes}"), bench);
    let server = launch::start(bench, Contender::Fan, place, &request(16, 64))?;
    let cells: Vec<_> =
        CALLS.iter().flat_map(|calls| KILOBYTES.map(|kilobytes| (*calls, kilobytes))).collect();
    let mut rounds = vec![Vec::new(); cells.len()];
    for (calls, kilobytes) in &cells {
        check(server.address, &request(*calls, *kilobytes), *calls)?;
    }
    for _ in 0..bench.settings.rounds {
        for ((calls, kilobytes), rounds) in cells.iter().zip(&mut rounds) {
            let (request, pace) = (request(*calls, *kilobytes), Pace::Closed(CONNECTIONS));
            let (pid, seconds) = (server.running.id(), bench.settings.seconds / 3.0);
            rounds.push(bench.round_of(server.address, pid, &request, pace, seconds)?);
        }
    }
    let named = cells.iter().zip(rounds);
    let rows: Vec<_> = named
        .map(|((calls, kilobytes), rounds)| {
            Row::new(&format!("{calls}x{kilobytes}"), &format!("{calls} x {kilobytes} KB"), rounds)
        })
        .collect();
    report.slopes = slopes(&cells, &rows);
    report.scenarios.push(Scenario {
        id: "fan".to_owned(),
        title: "1 to 16 calls, 1 to 64 KB".to_owned(),
        note: "Ours, everything on but identity. Each page makes its calls at once and shows four members of each answer, \
               one of them behind all that is not wanted. All pages ask for the same shared bodies, so calls that are in \
               flight at the same time are made once for several pages. The line is fitted through all twenty pages, by least squares \
               of the relative distance."
            .to_owned(),
        rows,
    });
    Ok(())
}

fn check(address: std::net::SocketAddr, request: &[u8], calls: u32) -> Result<()> {
    let answer = first_answer(address, request).ok_or("no page of parts")?;
    let found = memchr::memmem::find_iter(&answer, b"\"inStock\":true").count();
    if found == usize::try_from(calls)? {
        Ok(())
    } else {
        Err(format!("{found} parts instead of {calls}").into())
    }
}

fn slopes(cells: &[(u32, u32)], rows: &[Row]) -> Option<Slopes> {
    let terms =
        |(calls, kilobytes): &(u32, u32)| [1.0, f64::from(*calls), f64::from(calls * kilobytes)];
    let points: Vec<_> =
        cells.iter().zip(rows).map(|(cell, row)| (terms(cell), row.median.cpu_us)).collect();
    let [page_us, dependency_us, kilobyte_us] = fit(&points)?;
    let ([_, calls, kilobytes], largest) = points.last()?;
    let line = page_us + dependency_us * calls + kilobyte_us * kilobytes;
    println!("  {page_us:.1} us + {dependency_us:.1} us per call + {kilobyte_us:.3} us per KB");
    Some(Slopes {
        page_us,
        dependency_us,
        kilobyte_us,
        largest_off_percent: (largest / line - 1.0) * 100.0,
    })
}
