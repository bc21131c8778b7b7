//! Where a login may return to: nowhere that somebody else chose.

use url::{Origin, Url};

/// The longest return URL.
const MAX_BYTES: usize = 1024;

/// The rule for return URLs: a path of this BFF's own origin, or a URL of an allowed one.
#[derive(Debug, Clone)]
pub(super) struct ReturnTo {
    origins: Vec<Origin>,
}

impl ReturnTo {
    pub(super) fn new(allowed: &[Url]) -> Self {
        Self { origins: allowed.iter().map(Url::origin).collect() }
    }

    /// The URL as it may be given to a browser, written anew from what was understood; `None` for
    /// one that leads, or may lead a browser, anywhere else.
    pub(super) fn accept(&self, wanted: &str) -> Option<String> {
        // Browsers drop tabs and line breaks, and read `\` as `/`.
        let plain = |c: char| !c.is_control() && c != '\\' && !c.is_whitespace();
        if wanted.len() > MAX_BYTES || !wanted.chars().all(plain) {
            return None;
        }
        if wanted.starts_with('/') { local(wanted) } else { self.elsewhere(wanted) }
    }

    fn elsewhere(&self, wanted: &str) -> Option<String> {
        let url = Url::parse(wanted).ok()?;
        // The origin of a `blob:` is that of the page that made it.
        let page = matches!(url.scheme(), "https" | "http");
        let bare = url.username().is_empty() && url.password().is_none();
        (page && bare && self.origins.contains(&url.origin())).then(|| url.to_string())
    }
}

fn local(wanted: &str) -> Option<String> {
    if wanted.starts_with("//") {
        return None;
    }
    // Any base: what counts is that the reference stays on it.
    let base = Url::parse("https://here.invalid").ok()?;
    let url = base.join(wanted).ok()?;
    // `/.//host` becomes `//host` when it is written out.
    if url.origin() != base.origin() || url.path().starts_with("//") {
        return None;
    }
    let rest = url.as_str().strip_prefix("https://here.invalid")?;
    rest.starts_with('/').then(|| rest.to_owned())
}

#[cfg(test)]
mod tests {
    use super::ReturnTo;

    #[test]
    fn only_own_paths_and_allowed_origins_are_returned_to() {
        let rule = ReturnTo::new(&["https://www.shop.example".parse().unwrap()]);
        for (wanted, given) in [
            ("/", "/"),
            ("/cart?x=1#top", "/cart?x=1#top"),
            ("/a/../b", "/b"),
            ("/ä", "/%C3%A4"),
            ("/redirect?to=https://evil.example", "/redirect?to=https://evil.example"),
            ("/@evil.example", "/@evil.example"),
            ("/%5c%5cevil.example", "/%5c%5cevil.example"),
            ("https://www.shop.example/cart", "https://www.shop.example/cart"),
            ("https://WWW.shop.example:443/cart", "https://www.shop.example/cart"),
        ] {
            assert_eq!(rule.accept(wanted).as_deref(), Some(given), "{wanted}");
        }
        let long = format!("/{}", "a".repeat(2000));
        for bad in [
            "",
            "cart",
            "//evil.example",
            "///evil.example",
            "////evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "\\/evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "/\r\nlocation:https://evil.example",
            " //evil.example",
            "\u{a0}//evil.example",
            "/ /evil.example",
            "/.//evil.example",
            "/..//evil.example",
            "/a/..//evil.example",
            "/%2e//evil.example",
            "/%2e%2e//evil.example",
            "https://evil.example",
            "HTTPS://evil.example",
            "https:evil.example",
            "https:/evil.example",
            "https:///evil.example",
            "http://www.shop.example/",
            "https://www.shop.example.evil.example/",
            "https://www.shop.example@evil.example/",
            "https://user@www.shop.example/",
            "https://www.shop.example:8443/",
            "https://evil.example#https://www.shop.example/",
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "java\nscript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "file:///etc/passwd",
            "blob:https://www.shop.example/x",
            "mailto:a@b.example",
            "?next=//evil.example",
            "#//evil.example",
            "\0/",
            &long,
        ] {
            assert_eq!(rule.accept(bad), None, "{bad}");
        }
    }
}
