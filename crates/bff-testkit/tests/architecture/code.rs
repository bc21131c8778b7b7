//! Source text as rules look at it: without comments and literals, and with its imports apart.

/// The code with comments and literals blanked out, line for line.
pub(crate) fn code(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let in_word = out.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let opaque = opaque(rest, in_word);
        let (now, later) =
            rest.split_at_checked(opaque.unwrap_or(first.len_utf8())).unwrap_or((rest, ""));
        match opaque {
            Some(_) => out.extend(now.chars().map(|c| if c == '\n' { c } else { ' ' })),
            None => out.push_str(now),
        }
        rest = later;
    }
    out
}

/// An import and the line on which it begins.
pub(crate) struct Import {
    pub(crate) line: usize,
    /// What stands between `use` and `;`, without white space.
    pub(crate) what: String,
}

/// The imports of some [`code`], and the code without them, line for line.
pub(crate) fn split_imports(code: &str) -> (Vec<Import>, String) {
    let mut imports = Vec::new();
    let mut others = String::with_capacity(code.len());
    let mut rest = code;
    while let Some((before, what, after)) = next_import(rest) {
        others.push_str(before);
        imports.push(Import {
            line: others.matches('\n').count() + 1,
            what: what.split_whitespace().collect(),
        });
        others.extend(what.chars().filter(|c| *c == '\n'));
        rest = after;
    }
    others.push_str(rest);
    (imports, others)
}

/// Every path of two or more segments, as far as it is written in one piece, with its line.
pub(crate) fn paths(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let in_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    code.lines().enumerate().flat_map(move |(n, line)| {
        let words = line.split(move |c| !in_path(c));
        words
            .map(|word| word.trim_start_matches(':'))
            .filter(|w| w.contains("::"))
            .map(move |w| (n + 1, w))
    })
}

/// What stands before the next `use`, between it and its `;`, and after that.
fn next_import(code: &str) -> Option<(&str, &str, &str)> {
    code.match_indices("use").find_map(|(at, _)| {
        let (before, found) = code.split_at_checked(at)?;
        let begins = !before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '#');
        let what = found.strip_prefix("use")?;
        let is_import =
            begins && what.starts_with(|c: char| c.is_whitespace() || c == ':' || c == '{');
        let (what, after) = what.split_once(';').filter(|_| is_import)?;
        Some((before, what, after))
    })
}

/// The length of the comment or literal at the beginning, if there is one.
fn opaque(rest: &str, in_word: bool) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return Some(block_comment(rest));
    }
    if let Some(body) = rest.strip_prefix('"') {
        return Some(1 + quoted(body, '"'));
    }
    if let Some(body) = rest.strip_prefix('\'') {
        let mut letters = body.chars();
        let is_literal = letters.next() == Some('\\') || letters.next() == Some('\'');
        return is_literal.then(|| 1 + quoted(body, '\''));
    }
    if in_word { None } else { raw(rest) }
}

/// The length of a literal behind its opening quote, with its closing one.
fn quoted(body: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in body.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    body.len()
}

fn raw(rest: &str) -> Option<usize> {
    let prefixed = ["r", "br", "cr"].iter().find_map(|prefix| rest.strip_prefix(prefix))?;
    let unhashed = prefixed.trim_start_matches('#');
    let body = unhashed.strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(prefixed.len() - unhashed.len()));
    let length = body.find(&end).map_or(body.len(), |at| at + end.len());
    Some(rest.len() - body.len() + length)
}

/// Block comments nest.
fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut last = ' ';
    for (at, c) in rest.char_indices() {
        match (last, c) {
            ('/', '*') => (depth, last) = (depth + 1, ' '),
            ('*', '/') if depth == 1 => return at + 1,
            ('*', '/') => (depth, last) = (depth - 1, ' '),
            _ => last = c,
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_not_code() {
        let cases = [
            ("a // b\nc", "a     \nc"),
            ("a /* b /* c */ d */ e", "a                   e"),
            ("a /*\n*/ b", "a   \n   b"),
            (r#"f("a\"b", c)"#, "f(      , c)"),
            ("f(r\"a\", r#\"b\"c\"#, br\"d\")", "f(    ,         ,      )"),
            ("f('a', '\\'', '\"', b)", "f(   ,     ,    , b)"),
            ("fn f<'a>(x: &'a str)", "fn f<'a>(x: &'a str)"),
            ("for r#type in x", "for r#type in x"),
        ];
        for (text, expected) in cases {
            let blank = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert_eq!(blank(&code(text)), blank(expected), "{text}");
            assert_eq!(code(text).lines().count(), text.lines().count(), "{text}");
        }
    }

    #[test]
    fn imports_are_found_wherever_they_stand() {
        let text = "use a::b;\npub(crate) use c::{\n    d,\n    e,\n};\nfn f() { use g::*; reuse(use_it); }\n\
                    fn h<'a>() -> impl Sized + use<'a> {}";
        let (imports, others) = split_imports(&code(text));
        let found: Vec<_> = imports.iter().map(|i| (i.line, i.what.as_str())).collect();
        assert_eq!(found, [(1, "a::b"), (2, "c::{d,e,}"), (6, "g::*")]);
        assert!(others.contains("reuse(use_it)") && !others.contains("::"));
    }

    #[test]
    fn paths_are_found_with_their_lines() {
        let found: Vec<_> = paths("f(a::b);\nlet x: ::std::env::Args = y::<Z>::new();").collect();
        assert_eq!(found, [(1, "a::b"), (2, "std::env::Args"), (2, "y::")]);
    }
}
