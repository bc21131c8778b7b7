//! How a browser came to a page that changes what it is signed in to.
//!
//! A `SameSite=Strict` cookie is not sent when another site leads here, so a request without one may
//! well be of somebody who is signed in. What the browser says about where it comes from (Fetch
//! Metadata Request Headers, W3C) tells the two apart; older browsers say nothing.

use super::reply::Reply;
use bff_core::{Class, Problem, Result};

/// What a request says about the step that led to it. What was said twice is `Some("")`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Visit<'a> {
    /// `Sec-Fetch-Site`.
    pub site: Option<&'a str>,
    /// `Sec-Fetch-Mode`.
    pub mode: Option<&'a str>,
    /// `Sec-Fetch-Dest`.
    pub dest: Option<&'a str>,
    /// `Sec-Fetch-User`: `?1` when a person clicked.
    pub user: Option<&'a str>,
    /// `Sec-Purpose`, or one of the older names of it.
    pub purpose: Option<&'a str>,
    /// Whether the answer may be HTML.
    pub takes_html: bool,
}

impl Visit<'_> {
    /// Refuses what nobody meant: an image, a frame or a script of another origin, and a look ahead
    /// that a browser takes by itself.
    ///
    /// # Errors
    /// 403.
    pub fn check(self) -> Result<()> {
        let own = matches!(self.site, None | Some("same-origin" | "none"));
        let ahead = self.purpose.is_some_and(|purpose| purpose.contains("fetch"));
        if (own || self.is_navigation()) && !ahead {
            return Ok(());
        }
        let message = "This address is for the browser's own window, and not for parts of a page.";
        Err(Problem::new(Class::Forbidden, "NOT_A_VISIT", message))
    }

    /// Whether another site led here, so that a missing cookie says nothing.
    pub(super) fn is_from_elsewhere(self) -> bool {
        !matches!(self.site, None | Some("same-origin" | "same-site" | "none"))
    }

    /// Whether a person reads the answer.
    #[must_use]
    pub fn is_read_by_a_person(self) -> bool {
        self.takes_html && self.is_navigation()
    }

    fn is_navigation(self) -> bool {
        matches!(self.mode, None | Some("navigate")) && matches!(self.dest, None | Some("document"))
    }
}

/// A page that leads to the login once more, from our own origin: by itself for somebody who clicked,
/// and only by a click for somebody who was sent.
pub(super) fn to_login(return_to: &str, visit: Visit<'_>) -> Result<Reply> {
    let message = "Only a person begins a sign-in from another site.";
    let problem = Problem::new(Class::Forbidden, "CROSS_ORIGIN", message);
    if !visit.is_read_by_a_person() {
        return Err(problem);
    }
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("return_to", return_to)
        .append_pair("keep", "true")
        .finish();
    let by_itself = visit.user == Some("?1");
    Ok(Reply::onward(problem.class().status(), format!("/bff/login?{query}"), by_itself))
}

#[cfg(test)]
mod tests {
    use super::Visit;

    #[test]
    fn c1_only_a_window_of_the_browser_comes_from_elsewhere() {
        let visit = |site, mode, dest| Visit { site, mode, dest, ..Visit::default() };
        for (site, mode, dest, is_let_in, is_from_elsewhere) in [
            (None, None, None, true, false),
            (Some("none"), Some("navigate"), Some("document"), true, false),
            (Some("same-origin"), Some("navigate"), Some("document"), true, false),
            (Some("same-origin"), Some("cors"), Some("empty"), true, false),
            (Some("same-site"), Some("navigate"), Some("document"), true, false),
            (Some("same-site"), Some("no-cors"), Some("image"), false, false),
            (Some("cross-site"), Some("navigate"), None, true, true),
            (Some("cross-site"), Some("navigate"), Some("document"), true, true),
            (Some("cross-site"), Some("navigate"), Some("iframe"), false, true),
            (Some("cross-site"), Some("navigate"), Some("object"), false, true),
            (Some("cross-site"), Some("no-cors"), Some("image"), false, true),
            (Some("cross-site"), Some("no-cors"), None, false, true),
            (Some("cross-site"), None, Some("script"), false, true),
            (Some("cross-site"), Some(""), Some("document"), false, true),
            (Some(""), Some("navigate"), Some("document"), true, true),
            (Some("to come"), Some("navigate"), Some("document"), true, true),
        ] {
            let visit = visit(site, mode, dest);
            assert_eq!(visit.check().is_ok(), is_let_in, "{visit:?}");
            assert_eq!(visit.is_from_elsewhere(), is_from_elsewhere, "{visit:?}");
        }
    }

    #[test]
    fn c1_a_look_ahead_is_no_visit() {
        for purpose in ["prefetch", "prefetch;prerender", "prefetch;anonymous-client-ip"] {
            let own =
                Visit { site: Some("same-origin"), purpose: Some(purpose), ..Visit::default() };
            assert_eq!(own.check().unwrap_err().code(), "NOT_A_VISIT", "{purpose}");
        }
    }
}
