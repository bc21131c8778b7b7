//! The picture as a page: one document with its style and script inside, and a policy that allows
//! nothing else.

use super::{
    picture::{Dependency, EndpointPicture, Picture, ServicePicture},
    words::{Escaped, Pill},
};
use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, prelude::BASE64_STANDARD};
use std::{fmt, fmt::Write, sync::LazyLock};

const STYLE: &str = include_str!("console.css");
const SCRIPT: &str = include_str!("console.js");

/// Only this style and this script count, and nothing is fetched from elsewhere (CSP level 3).
pub(crate) static SECURITY_POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = |text: &str| BASE64_STANDARD.encode(digest(&SHA256, text.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
});

/// The whole document. `configuration` is text without secrets.
pub(crate) fn html(picture: &Picture, configuration: &str) -> String {
    let mut out = String::with_capacity(32 * 1024);
    // Into a String: this cannot fail.
    let _ = document(&mut out, picture, configuration);
    out
}

fn document(out: &mut String, picture: &Picture, configuration: &str) -> fmt::Result {
    let bff = Escaped(picture.bff);
    write!(
        out,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"dark light\"><title>{} {bff}</title>\
         <noscript><meta http-equiv=\"refresh\" content=\"5\"></noscript>\
         <style>{STYLE}</style></head><body><main>",
        picture.verdict.word().to_uppercase(),
    )?;
    header(out, picture)?;
    findings(out, picture)?;
    out.push_str("<h2>Endpoints</h2><div class=\"cards\">");
    picture.endpoints.iter().try_for_each(|endpoint| card(out, endpoint))?;
    out.push_str("</div><div class=\"two\">");
    services(out, &picture.services)?;
    cache(out, picture)?;
    out.push_str("</div>");
    degradations(out, picture)?;
    write!(
        out,
        "<details id=\"configuration\"><summary>Configuration in effect, without secrets</summary>\
         <pre>{}</pre></details></main><script>{SCRIPT}</script></body></html>",
        Escaped(configuration)
    )
}

fn header(out: &mut String, picture: &Picture) -> fmt::Result {
    let Picture {
        bff, version, revision, now, up_seconds, window_seconds, ready, overload, ..
    } = picture;
    let revision = revision.get(..12).unwrap_or(revision);
    let ready = if *ready { "ready" } else { "NOT READY" };
    let level = format!("{:?}", overload.level).to_lowercase();
    write!(
        out,
        "<header><h1>{} {}</h1><p class=\"facts\"><span>{ready}</span><span>overload: {level}</span>\
         <span>loop lag {:.1} ms</span><span>{} of {} requests in flight</span></p>\
         <p class=\"facts quiet\"><span>version {} ({})</span><span>up {}</span>\
         <span>last {window_seconds:.0} s</span><span id=\"now\">{now}</span></p>\
         <p id=\"silent\" hidden>No answer from this BFF since the time above.</p>\
         <nav><a href=\"/policy\">policy</a> <a href=\"/cache\">cache</a> \
         <a href=\"/metrics\">metrics</a> <a href=\"/version\">version</a> \
         <a href=\"/configuration\">configuration</a> <a href=\"/console.json\">json</a></nav></header>",
        Pill(picture.verdict),
        Escaped(bff),
        overload.lag_ms,
        overload.in_flight,
        overload.limit,
        Escaped(version),
        Escaped(revision),
        humantime::format_duration(std::time::Duration::from_secs(*up_seconds)),
    )
}

fn findings(out: &mut String, picture: &Picture) -> fmt::Result {
    if picture.findings.is_empty() {
        out.push_str("<p class=\"calm\">Nothing is wrong in this window.</p>");
        return Ok(());
    }
    out.push_str("<ul class=\"findings\">");
    for finding in &picture.findings {
        let word = finding.verdict.word();
        write!(
            out,
            "<li class=\"{word}\">{} <b>{}</b><br><span class=\"quiet\">look at: {}</span></li>",
            Pill(finding.verdict),
            Escaped(&finding.what),
            Escaped(&finding.look_at)
        )?;
    }
    out.push_str("</ul>");
    Ok(())
}

fn card(out: &mut String, endpoint: &EndpointPicture) -> fmt::Result {
    let EndpointPicture { name, method, path, budget_ms, verdict, numbers, dependencies } =
        endpoint;
    write!(
        out,
        "<section class=\"card {}\"><h3>{} {}</h3><p class=\"quiet path\">{method} {}</p>",
        verdict.word(),
        Pill(*verdict),
        Escaped(name),
        Escaped(path),
    )?;
    if *budget_ms > 0 {
        write!(out, "<p class=\"numbers\">{numbers}<span>budget {budget_ms} ms</span></p>")?;
    }
    if dependencies.is_empty() {
        out.push_str("<p class=\"quiet\">No call is known yet.</p>");
    }
    out.push_str("<ul>");
    dependencies.iter().try_for_each(|dependency| row(out, dependency))?;
    out.push_str("</ul></section>");
    Ok(())
}

fn row(out: &mut String, dependency: &Dependency) -> fmt::Result {
    let Dependency { name, service, criticality, first_stage, verdict, numbers, breaker } =
        dependency;
    let later = if *first_stage { "" } else { ", known from traffic" };
    let broken = if matches!(*breaker, "closed" | "none") { "" } else { " class=\"alarm\"" };
    write!(
        out,
        "<li>{} <b>{}</b> <span class=\"{criticality}\">{criticality}</span> \
         <span class=\"quiet\">service {}{later}</span><p class=\"numbers\">{numbers}\
         <span{broken}>breaker {breaker}</span></p></li>",
        Pill(*verdict),
        Escaped(name),
        Escaped(service),
    )
}

fn services(out: &mut String, services: &[ServicePicture]) -> fmt::Result {
    out.push_str(
        "<section class=\"services\"><h2>Services</h2><table><tr><th>service<th>breaker<th>hosts<th>in flight\
         <th>waiting<th>retries left</tr>",
    );
    for service in services {
        let ServicePicture { name, breaker, hosts, open_hosts, in_flight, limit, waiting, .. } =
            service;
        let (class, open) = match *open_hosts {
            0 if *breaker == "closed" => ("", String::new()),
            0 => ("alarm", String::new()),
            open => ("alarm", format!(", {open} open")),
        };
        write!(
            out,
            "<tr><td>{}<td class=\"{class}\">{breaker}<td>{hosts}{open}<td>{in_flight} of {limit}\
             <td>{waiting}<td>{:.0}</tr>",
            Escaped(name),
            service.retry_budget
        )?;
    }
    out.push_str("</table></section>");
    Ok(())
}

fn cache(out: &mut String, picture: &Picture) -> fmt::Result {
    out.push_str("<section><h2>Cache</h2>");
    if picture.cache.is_empty() {
        out.push_str("<p class=\"quiet\">Nobody has looked into it yet.</p></section>");
        return Ok(());
    }
    out.push_str("<table><tr><th>kept<th>looks/s<th>hits</tr>");
    for kept in &picture.cache {
        let hits = kept.hit_percent.map_or_else(|| "-".to_owned(), |hits| format!("{hits:.0} %"));
        write!(out, "<tr><td>{}<td>{:.1}<td>{hits}</tr>", Escaped(kept.entity), kept.per_second)?;
    }
    out.push_str("</table></section>");
    Ok(())
}

fn degradations(out: &mut String, picture: &Picture) -> fmt::Result {
    out.push_str("<section><h2>Last degradations</h2>");
    if picture.degradations.is_empty() {
        out.push_str("<p class=\"quiet\">None since the start.</p></section>");
        return Ok(());
    }
    out.push_str("<ul class=\"log\">");
    for went in &picture.degradations {
        write!(
            out,
            "<li><time>{}</time> <b>{} / {}</b> {}, {}, {} <code>{}</code></li>",
            Escaped(&went.at),
            Escaped(went.endpoint),
            Escaped(went.section),
            went.criticality,
            Escaped(went.filled),
            Escaped(went.reason),
            Escaped(&went.trace_id)
        )?;
    }
    out.push_str("</ul></section>");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_allows_what_is_inside_and_nothing_else() {
        assert!(SECURITY_POLICY.starts_with("default-src 'none'; style-src 'sha256-"));
        assert!(!SECURITY_POLICY.contains("unsafe"));
        assert!(!SCRIPT.contains("</") && !STYLE.contains("</"), "it would end its element");
    }
}
