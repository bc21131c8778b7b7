//! The report as one page that needs nothing else: figures, tables, and what they were measured on.

use crate::{
    plots::{Bar, Kind, Line, bars, escape, lines},
    report::{Report, Round, Row, Scenario, Slopes},
};

const STYLE: &str = include_str!("style.css");

/// The whole page.
pub(crate) fn render(report: &Report) -> String {
    let mut parts = vec![head(report)];
    for scenario in &report.scenarios {
        parts.push(match scenario.id.as_str() {
            "home" => home(scenario),
            "delay5" | "delay20" => delays(scenario),
            "rate" => section(scenario, &[cpu(scenario), latency(scenario)]),
            "fan" => fan(scenario, report.slopes.as_ref()),
            "overload" => section(scenario, &[throughput(scenario), latency(scenario)]),
            "hang" | "workers" => section(scenario, &[throughput(scenario), cpu(scenario)]),
            _ => section(scenario, &[cpu(scenario)]),
        });
    }
    parts.push(machine(report));
    let body = parts.concat();
    format!(
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>\
         <meta name='viewport' content='width=device-width, initial-scale=1'>\
         <title>What a page costs</title><style>{STYLE}</style></head><body><main>{body}</main></body></html>\n"
    )
}

fn head(report: &Report) -> String {
    let tiles = report.scenario("home").map(tiles).unwrap_or_default();
    let settings = &report.settings;
    format!(
        "<h1>What a page costs</h1><p>Ours against a hand-written floor, a plain version and what others use, all in one \
         run on one machine. Medians of {} rounds of {} s, contenders in turns. The main figure is the CPU time of the \
         server process per page, because it depends least on the neighbours; read ratios, not microseconds.</p>{tiles}",
        settings.rounds, settings.seconds
    )
}

/// The ratios that matter most.
fn tiles(home: &Scenario) -> String {
    let cpu = |id: &str| home.row(id).map(|row| row.median.cpu_us);
    let Some(ours) = cpu("ours") else { return String::new() };
    let tile = |(id, text, inverse): (&str, &str, bool)| {
        let other = cpu(id)?;
        let ratio = if inverse { other / ours } else { ours / other };
        Some(format!("<div class='tile'><b>{ratio:.2} x</b><span>{text}</span></div>"))
    };
    let tiles = [
        ("floor", "the floor's CPU time per page", false),
        ("plain", "plain actix-web + awc", false),
        ("tailcall", "cheaper than Tailcall", true),
        ("fastify", "cheaper than Fastify + undici", true),
        ("express", "cheaper than Express + undici", true),
    ];
    format!("<div class='tiles'>{}</div>", tiles.into_iter().filter_map(tile).collect::<String>())
}

fn home(scenario: &Scenario) -> String {
    let memory = |row: &Row| {
        let memory = row.memory?;
        Some((
            memory.loaded_mb,
            format!("{:.0} idle, {:.0} MB loaded", memory.idle_mb, memory.loaded_mb),
        ))
    };
    let plots = [
        cpu(scenario),
        throughput(scenario),
        latency(scenario),
        plot("Resident memory after load", scenario, memory),
        plot("Cold start to the first page, ms", scenario, |row| {
            row.cold_start_ms.map(|value| (value, format!("{value:.1}")))
        }),
    ];
    section(scenario, &plots)
}

fn cpu(scenario: &Scenario) -> String {
    let first = scenario.rows.first().map_or(0.0, |row| row.median.cpu_us);
    plot("CPU time per page, microseconds", scenario, |row| {
        let value = row.median.cpu_us;
        Some((value, format!("{value:.1}  ({:.2} x)", value / first)))
    })
}

fn latency(scenario: &Scenario) -> String {
    plot("p99 latency, ms", scenario, |row| {
        let Round { p50_ms, p99_ms, .. } = row.median;
        Some((p99_ms, format!("{p99_ms:.2} (p50 {p50_ms:.2})")))
    })
}

fn throughput(scenario: &Scenario) -> String {
    plot("Pages per second", scenario, |row| {
        let value = row.median.pages_per_second;
        Some((value, format!("{value:.0}")))
    })
}

fn plot(title: &str, scenario: &Scenario, value: impl Fn(&Row) -> Option<(f64, String)>) -> String {
    let bar = |row: &Row| {
        let (value, label) = value(row)?;
        Some(Bar { name: row.name.clone(), value, label, kind: kind(&row.id) })
    };
    bars(title, &scenario.rows.iter().filter_map(bar).collect::<Vec<_>>())
}

fn kind(id: &str) -> Kind {
    match id {
        "floor" | "static" => Kind::Floor,
        "1" | "2" => Kind::Ours,
        id if id.starts_with("ours") || id.starts_with("quiet") || id.starts_with("product") => {
            Kind::Ours
        }
        _ => Kind::Other,
    }
}

fn delays(scenario: &Scenario) -> String {
    let Some(direct) = scenario.row("direct").map(|row| row.median) else { return String::new() };
    let added = |get: fn(&Round) -> f64| {
        move |row: &Row| {
            let value = get(&row.median) - get(&direct);
            (row.id != "direct").then(|| (value, format!("{value:.2}")))
        }
    };
    let plots = [
        plot("Added milliseconds, p50", scenario, added(|round| round.p50_ms)),
        plot("Added milliseconds, p90", scenario, added(|round| round.p90_ms)),
        plot("Added milliseconds, p99", scenario, added(|round| round.p99_ms)),
    ];
    section(scenario, &plots)
}

fn fan(scenario: &Scenario, slopes: Option<&Slopes>) -> String {
    let cells: Vec<_> =
        scenario.rows.iter().filter_map(|row| Some((cell(&row.id)?, row.median.cpu_us))).collect();
    let line = |name: String, wanted: &dyn Fn(f64, f64) -> Option<f64>| Line {
        name,
        points: cells
            .iter()
            .filter_map(|((calls, kb), cpu)| Some((wanted(*calls, *kb)?, *cpu)))
            .collect(),
    };
    let by_calls: Vec<_> = [1.0, 4.0, 16.0, 64.0]
        .map(|size| line(format!("{size} KB"), &move |calls, kb| (kb == size).then_some(calls)))
        .into();
    let by_size: Vec<_> = [1.0, 4.0, 16.0]
        .map(|count| {
            line(
                if count == 1.0 { "1 call".to_owned() } else { format!("{count} calls") },
                &move |calls, kb| (calls == count).then_some(kb),
            )
        })
        .into();
    let summary = slopes.map_or(String::new(), |slopes| {
        format!(
            "<div class='tiles'><div class='tile'><b>{:.1} us</b><span>per page</span></div>\
             <div class='tile'><b>{:.1} us</b><span>per further call</span></div>\
             <div class='tile'><b>{:.2} us</b><span>per further KB</span></div>\
             <div class='tile'><b>{:+.0} %</b><span>16 x 64 KB, off the line</span></div></div>",
            slopes.page_us, slopes.dependency_us, slopes.kilobyte_us, slopes.largest_off_percent
        )
    });
    let plots = [
        summary,
        lines("CPU time per page, microseconds, by the number of calls", "calls", &by_calls),
        lines("CPU time per page, microseconds, by the size of each answer", "KB", &by_size),
    ];
    section(scenario, &plots)
}

fn cell(id: &str) -> Option<(f64, f64)> {
    let (calls, kilobytes) = id.split_once('x')?;
    Some((calls.parse().ok()?, kilobytes.parse().ok()?))
}

fn section(scenario: &Scenario, plots: &[String]) -> String {
    let (title, note) = (escape(&scenario.title), escape(&scenario.note));
    format!("<section><h2>{title}</h2><p>{note}</p>{}{}</section>", plots.concat(), table(scenario))
}

fn table(scenario: &Scenario) -> String {
    let mut rows = String::new();
    let first = scenario.rows.first().map_or(0.0, |row| row.median.cpu_us);
    for row in &scenario.rows {
        let Round { cpu_us, pages_per_second, p50_ms, p90_ms, p99_ms, failed, .. } = row.median;
        let spread = row.rounds.iter().map(|round| round.cpu_us);
        let (least, most) =
            spread.fold((f64::MAX, 0.0_f64), |(least, most), us| (least.min(us), most.max(us)));
        let name = escape(&row.name);
        let ratio = cpu_us / first;
        rows += &format!(
            "<tr><th>{name}</th><td>{cpu_us:.1}</td><td>{least:.1} - {most:.1}</td><td>{ratio:.2}</td>\
             <td>{pages_per_second:.0}</td><td>{p50_ms:.2}</td><td>{p90_ms:.2}</td><td>{p99_ms:.2}</td><td>{failed:.0}</td></tr>"
        );
    }
    format!(
        "<details><summary>All figures</summary><div class='scroll'><table><thead><tr><th></th><th>CPU us</th>\
         <th>of the rounds</th><th>x first</th><th>pages/s</th><th>p50 ms</th><th>p90 ms</th><th>p99 ms</th><th>failed</th>\
         </tr></thead><tbody>{rows}</tbody></table></div></details>"
    )
}

fn machine(report: &Report) -> String {
    let (machine, settings) = (&report.machine, &report.settings);
    let rows = [
        ("date", &machine.date),
        ("processor", &format!("{}, {} cores", machine.cpu, machine.cores)),
        ("memory", &machine.memory),
        ("kernel", &machine.kernel),
        ("rustc", &machine.rustc),
        ("node", &machine.node),
        ("commit", &machine.commit),
        ("load before the run", &machine.load_before),
        ("cores", &settings.pins),
    ];
    let rows: String = rows
        .into_iter()
        .map(|(name, value)| format!("<tr><th>{name}</th><td>{}</td></tr>", escape(value)))
        .collect();
    let skipped: String =
        report.skipped.iter().map(|text| format!("<li>{}</li>", escape(text))).collect();
    let skipped =
        if skipped.is_empty() { skipped } else { format!("<h3>Skipped</h3><ul>{skipped}</ul>") };
    format!(
        "<section><h2>What it was measured on</h2><table class='facts'><tbody>{rows}</tbody></table>{skipped}\
         <p>Ours runs as in production: RS256 tokens verified and cached, deadlines, limits, metrics, JSON log lines into \
         a file, one trace in a hundred sent to a collector, envelope and ETag. Minimal is the same program without log \
         lines, traces and cache memory; identity stays, because a home page is somebody's. The others check no token, \
         log nothing and count nothing, which is in their favour.</p></section>"
    )
}
