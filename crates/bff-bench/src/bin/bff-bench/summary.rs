//! The report on a terminal.

use crate::report::{Report, Scenario};

/// Prints the main figures.
pub(crate) fn print(report: &Report) {
    for scenario in &report.scenarios {
        match scenario.id.as_str() {
            "fan" => continue,
            "delay5" | "delay20" => delays(scenario),
            _ => table(scenario),
        }
    }
    if let Some(slopes) = &report.slopes {
        println!("\n1 to 16 calls, 1 to 64 KB");
        println!(
            "  {:.1} us per page, {:.1} us per further call, {:.2} us per further KB; 16 x 64 KB is {:+.0} % off the line",
            slopes.page_us, slopes.dependency_us, slopes.kilobyte_us, slopes.largest_off_percent
        );
    }
    for skipped in &report.skipped {
        println!("\nskipped: {skipped}");
    }
}

fn table(scenario: &Scenario) {
    println!("\n{}", scenario.title);
    println!(
        "  {:<50} {:>9} {:>7} {:>8} {:>8} {:>8} {:>13} {:>8}",
        "", "CPU us", "x first", "pages/s", "p50 ms", "p99 ms", "MB", "start ms"
    );
    let first = scenario.rows.first().map_or(0.0, |row| row.median.cpu_us);
    for row in &scenario.rows {
        let memory = row.memory.map(|m| format!("{:.0} / {:.0}", m.idle_mb, m.loaded_mb));
        let start = row.cold_start_ms.map(|ms| format!("{ms:.1}"));
        println!(
            "  {:<50} {:>9.1} {:>7.2} {:>8.0} {:>8.3} {:>8.3} {:>13} {:>8}",
            row.name,
            row.median.cpu_us,
            row.median.cpu_us / first,
            row.median.pages_per_second,
            row.median.p50_ms,
            row.median.p99_ms,
            memory.unwrap_or_default(),
            start.unwrap_or_default(),
        );
    }
}

fn delays(scenario: &Scenario) {
    let Some(direct) = scenario.row("direct").map(|row| row.median) else { return };
    println!(
        "\n{}: added ms over {:.3} / {:.3} / {:.3}",
        scenario.title, direct.p50_ms, direct.p90_ms, direct.p99_ms
    );
    println!("  {:<50} {:>8} {:>8} {:>8}", "", "p50", "p90", "p99");
    for row in scenario.rows.iter().filter(|row| row.id != "direct") {
        let m = row.median;
        println!(
            "  {:<50} {:>8.3} {:>8.3} {:>8.3}",
            row.name,
            m.p50_ms - direct.p50_ms,
            m.p90_ms - direct.p90_ms,
            m.p99_ms - direct.p99_ms
        );
    }
}
