//! What is below the endpoints: services, what is kept, and what went wrong last.

use super::{
    picture::{Kept, ServicePicture, Went},
    words::Escaped,
};
use std::{fmt, fmt::Write};

/// One row per service, those with an open breaker first.
pub(super) fn services(out: &mut String, services: &[ServicePicture]) -> fmt::Result {
    out.push_str(
        "<section class=\"services\"><h2>Services</h2><table><tr><th>service<th>breaker<th>hosts\
         <th>in flight<th>waiting<th>retries left</tr>",
    );
    let is_closed = |service: &&ServicePicture| service.breaker == "closed";
    let (closed, broken): (Vec<_>, Vec<_>) = services.iter().partition(is_closed);
    for service in broken.into_iter().chain(closed) {
        let ServicePicture { name, breaker, hosts, open_hosts, in_flight, limit, waiting, .. } =
            service;
        let class = if is_closed(&service) { "" } else { "alarm" };
        let open = match open_hosts {
            0 => String::new(),
            open => format!("{open} open of "),
        };
        write!(
            out,
            "<tr><td>{}<td class=\"{class}\">{breaker}<td>{open}{hosts}<td>{in_flight} of {limit}\
             <td>{waiting}<td>{:.0}</tr>",
            Escaped(name),
            service.retry_budget
        )?;
    }
    out.push_str("</table></section>");
    Ok(())
}

/// One row per kind of thing that is kept.
pub(super) fn cache(out: &mut String, cache: &[Kept]) -> fmt::Result {
    out.push_str("<section><h2>Cache</h2>");
    if cache.is_empty() {
        out.push_str("<p class=\"quiet\">Nobody has looked into it yet.</p></section>");
        return Ok(());
    }
    out.push_str("<table><tr><th>kept<th>looks/s<th>hits</tr>");
    for kept in cache {
        let hits = kept.hit_percent.map_or_else(|| "-".to_owned(), |hits| format!("{hits:.0} %"));
        write!(out, "<tr><td>{}<td>{:.1}<td>{hits}</tr>", Escaped(kept.entity), kept.per_second)?;
    }
    out.push_str("</table></section>");
    Ok(())
}

/// What went wrong last: one line for each different thing, with its newest trace.
pub(super) fn degradations(out: &mut String, all: &[Went]) -> fmt::Result {
    out.push_str("<section><h2>Last degradations</h2>");
    if all.is_empty() {
        out.push_str("<p class=\"quiet\">None since the start.</p></section>");
        return Ok(());
    }
    let what = |went: &Went| (went.endpoint, went.section, went.filled, went.reason);
    let mut told = Vec::new();
    out.push_str("<ul class=\"log\">");
    for went in all {
        if told.contains(&what(went)) {
            continue;
        }
        told.push(what(went));
        let mut same = all.iter().filter(|other| what(other) == what(went));
        let times = same.clone().count();
        write!(
            out,
            "<li><time>{}</time> <b>{} / {}</b> {}, {}, filled: {}",
            Escaped(&went.at),
            Escaped(went.endpoint),
            Escaped(went.section),
            went.criticality,
            Escaped(went.reason),
            Escaped(went.filled),
        )?;
        if let Some(first) = same.next_back().filter(|_| times > 1) {
            write!(out, " <span class=\"quiet\">{times} since {}</span>", Escaped(&first.at))?;
        }
        write!(out, " <code>{}</code></li>", Escaped(&went.trace_id))?;
    }
    out.push_str("</ul></section>");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn went(at: &str, section: &'static str, trace: &str) -> Went {
        Went {
            at: at.to_owned(),
            endpoint: "home",
            section,
            criticality: "optional",
            filled: "default",
            reason: "TIMEOUT",
            trace_id: trace.to_owned(),
        }
    }

    #[test]
    fn what_happens_again_and_again_is_one_line_with_its_newest_trace() {
        let all = [went("t3", "orders", "c"), went("t2", "tiles", "b"), went("t1", "orders", "a")];
        let mut out = String::new();
        assert!(degradations(&mut out, &all).is_ok());
        let lines: Vec<_> = out.split("<li>").skip(1).collect();
        assert_eq!(lines.len(), 2, "{out}");
        let of = |text: &str| lines.iter().filter(|line| line.contains(text)).count();
        assert_eq!(
            [of("2 since t1"), of("<code>c<"), of("<code>b<"), of("<code>a<")],
            [1, 1, 1, 0]
        );
    }

    #[test]
    fn an_open_breaker_is_the_first_row() {
        let service = |name: &str, breaker, open_hosts| ServicePicture {
            name: name.to_owned(),
            breaker,
            hosts: 2,
            open_hosts,
            in_flight: 0,
            limit: 1,
            waiting: 0,
            retry_budget: 0.0,
        };
        let mut out = String::new();
        let all = [service("well", "closed", 0), service("broken", "open", 1)];
        assert!(services(&mut out, &all).is_ok());
        assert!(out.find("broken") < out.find("well"), "{out}");
        assert!(out.contains("class=\"alarm\">open<td>1 open of 2<"), "{out}");
    }
}
