//! One operation of the document as a card: who may ask, what with, and what comes back.

use super::{
    super::words::{Escaped, Prose},
    curl,
    document::Part,
    schema::{self, plain},
};
use serde_json::Value;
use std::{fmt, fmt::Write};

/// A method of a path.
pub(super) struct Operation<'a> {
    pub(super) path: &'a str,
    /// `GET`.
    pub(super) method: String,
    /// Parameters of all methods of the path.
    pub(super) shared: Part<'a>,
    pub(super) part: Part<'a>,
}

impl<'a> Operation<'a> {
    /// Where it is in the page.
    pub(super) fn id(&self) -> String {
        match self.part.text("operationId") {
            "" => format!("{} {}", self.method, self.path).replace(' ', "-"),
            id => id.to_owned(),
        }
    }

    pub(super) fn parameters(&self) -> impl Iterator<Item = Part<'a>> {
        self.shared.items().chain(self.part.member("parameters").items()).map(Part::resolved)
    }

    /// What a caller may show: pairs of scheme and scopes; none when nothing is needed. The document's
    /// own rule holds where the operation has none.
    pub(super) fn security(&self) -> Vec<(&'a str, Part<'a>)> {
        let own = self.part.member("security");
        let all = if own.is_none() { self.part.document.at("/security") } else { own };
        all.items().flat_map(Part::members).collect()
    }

    pub(super) fn write_to(&self, out: &mut String) -> fmt::Result {
        let part = self.part;
        write!(
            out,
            "<section class=\"card\" id=\"{}\"><h2><b class=\"method\">{}</b> <span class=\"path\">{}</span></h2>",
            Escaped(&self.id()),
            Escaped(&self.method),
            Escaped(self.path)
        )?;
        for text in ["summary", "description"].map(|name| part.text(name)) {
            if !text.is_empty() {
                write!(out, "<p>{}</p>", Prose(text))?;
            }
        }
        self.facts(out)?;
        self.who(out)?;
        let mut parameters = self.parameters().peekable();
        if parameters.peek().is_some() {
            out.push_str("<h3>Parameters</h3><ul class=\"tree\">");
            for parameter in parameters {
                let place = parameter.text("in");
                let is_sure = parameter.is_true("required");
                out.push_str("<li>");
                schema::member(out, parameter.text("name"), parameter.member("schema"), is_sure)?;
                write!(out, " <span class=\"where\">{}</span>", Escaped(place))?;
                schema::describe(out, parameter.text("description"))?;
                out.push_str("</li>");
            }
            out.push_str("</ul>");
        }
        contents(out, "Body", part.member("requestBody").resolved())?;
        self.responses(out)?;
        let curl = curl::example(self);
        write!(out, "<h3>Example</h3><pre>{}</pre></section>", Escaped(&curl))
    }

    /// What the document says in members of its own, `x-revision`.
    fn facts(&self, out: &mut String) -> fmt::Result {
        let own = |(name, part): (&'a str, Part<'a>)| Some((name.strip_prefix("x-")?, part));
        let mut facts = self.part.members().filter_map(own).peekable();
        if facts.peek().is_none() {
            return Ok(());
        }
        out.push_str("<p class=\"facts quiet\">");
        for (name, part) in facts {
            let name = name.replace('-', " ");
            write!(out, "<span>{}: {}</span>", Escaped(&name), Escaped(&plain(part.value)))?;
        }
        out.push_str("</p>");
        Ok(())
    }

    fn who(&self, out: &mut String) -> fmt::Result {
        let ways = self.security();
        out.push_str("<h3>Who may ask</h3>");
        if ways.is_empty() {
            out.push_str("<p>Everybody.</p>");
            return Ok(());
        }
        out.push_str("<ul class=\"tree\">");
        for (name, scopes) in ways {
            let scheme = self.part.document.at("/components/securitySchemes").member(name);
            let scheme = scheme.resolved();
            let shown = match (scheme.text("scheme"), scheme.text("name")) {
                ("", name) => format!("{} {name}", scheme.text("in")),
                (scheme, _) => format!("header Authorization: {scheme}"),
            };
            write!(out, "<li><b class=\"name\">{}</b> ", Escaped(name))?;
            write!(out, "<span class=\"type\">{}</span>", Escaped(&shown))?;
            for scope in scopes.items() {
                let scope = plain(scope.value);
                write!(out, " <span class=\"scope\">scope {}</span>", Escaped(&scope))?;
            }
            schema::describe(out, scheme.text("description"))?;
            out.push_str("</li>");
        }
        out.push_str("</ul>");
        Ok(())
    }

    fn responses(&self, out: &mut String) -> fmt::Result {
        let all = self.part.member("responses");
        let is_problem = |status: &str| status.starts_with(['4', '5']);
        for (status, response) in all.members().filter(|(status, _)| !is_problem(status)) {
            let response = response.resolved();
            let title = format!("{status}: {}", response.text("description"));
            contents(out, &title, response)?;
            headers(out, response)?;
        }
        let problems = all.members().filter(|(status, _)| is_problem(status));
        problem_list(
            out,
            &problems.map(|(status, part)| (status, part.resolved())).collect::<Vec<_>>(),
        )
    }
}

/// The statuses, and below them what each is; what all have is said once.
fn problem_list(out: &mut String, problems: &[(&str, Part<'_>)]) -> fmt::Result {
    let Some((_, first)) = problems.first() else { return Ok(()) };
    let has = |part: &Part<'_>, name: &str| !part.member("headers").member(name).is_none();
    let is_common = |name: &str| problems.iter().all(|(_, part)| has(part, name));
    let codes: Vec<_> = problems.iter().map(|(status, _)| *status).collect();
    write!(
        out,
        "<details><summary>Problems: {}</summary><p>Each has: ",
        Escaped(&codes.join(" "))
    )?;
    for (_, content) in first.member("content").members() {
        if let Some(name) = schema::shown_elsewhere(content.member("schema")) {
            write!(out, "<a href=\"#schema-{0}\">{0}</a>", Escaped(name))?;
        }
    }
    for (name, _) in first.member("headers").members().filter(|(name, _)| is_common(name)) {
        write!(out, " <span class=\"where\">{}</span>", Escaped(name))?;
    }
    out.push_str("</p><ul class=\"tree\">");
    for (status, response) in problems {
        write!(out, "<li><b class=\"name\">{}</b> ", Escaped(status))?;
        write!(out, "{}", Prose(response.text("description")))?;
        for (name, _) in response.member("headers").members().filter(|(name, _)| !is_common(name)) {
            write!(out, " <span class=\"where\">{}</span>", Escaped(name))?;
        }
        out.push_str("</li>");
    }
    out.push_str("</ul></details>");
    Ok(())
}

/// A titled tree per content type; a part without content is its title.
fn contents(out: &mut String, title: &str, part: Part<'_>) -> fmt::Result {
    if part.is_none() {
        return Ok(());
    }
    write!(out, "<h3>{}</h3>", Escaped(title))?;
    for (kind, content) in part.member("content").members() {
        let schema = content.member("schema");
        let of = schema::type_of(schema);
        write!(out, "<p class=\"quiet\">{}: {}</p>", Escaped(kind), Escaped(&of))?;
        schema::tree(out, schema)?;
    }
    Ok(())
}

fn headers(out: &mut String, response: Part<'_>) -> fmt::Result {
    let headers = response.member("headers");
    if headers.value.as_object().is_none_or(serde_json::Map::is_empty) {
        return Ok(());
    }
    let names: Vec<_> = headers.members().map(|(name, _)| name).collect();
    write!(out, "<details><summary>Headers: {}</summary>", Escaped(&names.join(", ")))?;
    out.push_str("<ul class=\"tree\">");
    for (name, header) in headers.members() {
        let header = header.resolved();
        let is_sure = header.value.get("required") == Some(&Value::Bool(true));
        out.push_str("<li>");
        schema::member(out, name, header.member("schema"), is_sure)?;
        schema::describe(out, header.text("description"))?;
        out.push_str("</li>");
    }
    out.push_str("</ul></details>");
    Ok(())
}
