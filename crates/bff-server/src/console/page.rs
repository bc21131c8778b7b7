//! The picture as a page: one document with its style and script inside, and a policy that allows
//! nothing else.

use super::{
    picture::{Dependency, EndpointPicture, Picture},
    tables,
    verdict::Verdict,
    words::{Escaped, Pill, Prose},
};
use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, prelude::BASE64_STANDARD};
use std::{fmt, fmt::Write, sync::LazyLock};

const STYLE: &str = concat!(include_str!("base.css"), include_str!("console.css"));
const SCRIPT: &str = include_str!("console.js");

/// Only this style and this script count, and nothing is fetched from elsewhere (CSP level 3).
pub(crate) static SECURITY_POLICY: LazyLock<String> = LazyLock::new(|| {
    format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
});

/// An inline style or script as a policy names it.
pub(crate) fn hash(text: &str) -> String {
    format!("sha256-{}", BASE64_STANDARD.encode(digest(&SHA256, text.as_bytes())))
}

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
    about(out, picture)?;
    out.push_str("<h2>Endpoints</h2><div class=\"cards\">");
    picture.endpoints.iter().try_for_each(|endpoint| card(out, endpoint))?;
    out.push_str("</div><div class=\"two\">");
    tables::services(out, &picture.services)?;
    tables::cache(out, &picture.cache)?;
    out.push_str("</div>");
    tables::degradations(out, &picture.degradations)?;
    write!(
        out,
        "<details id=\"configuration\"><summary>Configuration in effect, without secrets</summary>\
         <pre>{}</pre></details></main><script>{SCRIPT}</script></body></html>",
        Escaped(configuration)
    )
}

fn header(out: &mut String, picture: &Picture) -> fmt::Result {
    let Picture { bff, now, ready, overload, .. } = picture;
    let ready = if *ready { "ready" } else { "NOT READY" };
    let level = format!("{:?}", overload.level).to_lowercase();
    write!(
        out,
        "<p id=\"silent\" role=\"alert\" hidden>Out of date: this BFF has not answered since {now}. \
         Below is what it said then.</p>\
         <p id=\"held\" hidden>Not renewed while text is selected.</p>\
         <header><h1>{} {}</h1><p class=\"facts\"><span>{ready}</span><span>overload: {level}</span>\
         <span>loop lag {:.1} ms</span><span>{} of {} requests in flight</span></p></header>",
        Pill(picture.verdict),
        Escaped(bff),
        overload.lag_ms,
        overload.in_flight,
        overload.limit,
    )
}

/// Which program this is, of when the numbers are, and where there is more.
fn about(out: &mut String, picture: &Picture) -> fmt::Result {
    let Picture { version, revision, now, up_seconds, window_seconds, .. } = picture;
    write!(
        out,
        "<p class=\"facts quiet\"><span id=\"now\">{now}</span>\
         <span>numbers of the last {window_seconds:.0} s</span><span>up {}</span>\
         <span>version {}</span><span>revision {}</span></p>\
         <nav><a href=\"/openapi\">reference</a> <a href=\"/policy\">policy</a> \
         <a href=\"/cache\">cache</a> <a href=\"/metrics\">metrics</a> \
         <a href=\"/version\">version</a> <a href=\"/configuration\">configuration</a> \
         <a href=\"/console.json\">json</a></nav>",
        humantime::format_duration(std::time::Duration::from_secs(*up_seconds)),
        Escaped(version),
        Escaped(revision.get(..12).unwrap_or(revision)),
    )
}

fn findings(out: &mut String, picture: &Picture) -> fmt::Result {
    if picture.findings.is_empty() {
        let is_idle = |endpoint: &EndpointPicture| endpoint.verdict == Verdict::Idle;
        out.push_str(if picture.endpoints.iter().all(is_idle) {
            "<p class=\"quiet\">Nobody asked in this window, so nothing is known to be wrong.</p>"
        } else {
            "<p class=\"calm\">Nothing is wrong in this window.</p>"
        });
        return Ok(());
    }
    out.push_str("<ul class=\"findings\">");
    for finding in &picture.findings {
        let word = finding.verdict.word();
        write!(
            out,
            "<li class=\"{word}\">{} <b>{}</b><br><span class=\"quiet\">look at: {}</span></li>",
            Pill(finding.verdict),
            Prose(&finding.what),
            Prose(&finding.look_at)
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
