//! The report as one page that needs nothing else.

use crate::{
    plot::escape,
    report::{Section, Table},
};

const STYLE: &str = include_str!("style.css");

/// The whole page.
pub(crate) fn render(sections: &[Section]) -> String {
    let sections: String = sections.iter().map(section).collect();
    format!(
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>\
         <meta name='viewport' content='width=device-width, initial-scale=1'>\
         <title>What the policies do in trouble</title><style>{STYLE}</style></head><body><main>\
         <h1>What the policies do in trouble</h1>\
         <p>The policies are the code that runs in production. Users, network and servers are simulated, in virtual time \
         and with seeded chance: every run writes this same page, and the tests of <code>bff-sim</code> assert what it \
         says on smaller crowds. Timers of the simulated clock tick once per millisecond.</p>\
         {sections}</main></body></html>\n"
    )
}

fn section(Section { title, what, see, plot, tables }: &Section) -> String {
    let (what, see) = (escape(what), escape(see));
    format!(
        "<section><h2>{title}</h2><p>{what}</p><p class='see'>{see}</p>{}{}</section>",
        plot.render(),
        tables.iter().map(render_table).collect::<String>()
    )
}

fn render_table(Table { head, rows }: &Table) -> String {
    let head: String = head.iter().map(|name| format!("<th>{}</th>", escape(name))).collect();
    let row = |row: &Vec<String>| {
        let cells = row.iter().enumerate().map(|(place, cell)| {
            let tag = if place == 0 { "th" } else { "td" };
            format!("<{tag}>{}</{tag}>", escape(cell))
        });
        format!("<tr>{}</tr>", cells.collect::<String>())
    };
    let rows: String = rows.iter().map(row).collect();
    format!(
        "<div class='scroll'><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
}
