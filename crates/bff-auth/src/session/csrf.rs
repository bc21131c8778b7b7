//! Whether a request that a session cookie came with was meant: sent by a page of ours, not by a
//! page that the user also had open.

use bff_core::{Class, Problem, Result};

/// What a request says about the page that sent it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Provenance<'a> {
    /// `X-CSRF`. A form cannot set it, and a script of another origin only after a preflight, which
    /// is refused.
    pub csrf: Option<&'a str>,
    /// `Origin`.
    pub origin: Option<&'a str>,
    /// `Sec-Fetch-Site`.
    pub fetch_site: Option<&'a str>,
}

impl Provenance<'_> {
    /// Refuses a request that a page of `own` origin (`https://shop.example`) did not send.
    ///
    /// # Errors
    /// 403, with what a client engineer has to do.
    pub fn check(self, own: &str) -> Result<()> {
        let refused = |code, message| Err(Problem::new(Class::Forbidden, code, message));
        if self.csrf != Some("1") {
            return refused(
                "CSRF_HEADER_MISSING",
                "Send the header `X-CSRF: 1` with this request.",
            );
        }
        let same_site = self.fetch_site.is_none_or(|site| site == "same-origin");
        let same_origin = self.origin.is_none_or(|origin| origin == own);
        if same_site && same_origin {
            Ok(())
        } else {
            refused("CROSS_ORIGIN", "This is only answered to pages of its own origin.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Provenance;

    #[test]
    fn only_a_page_of_the_same_origin_is_answered() {
        let check = |csrf, origin, fetch_site| {
            Provenance { csrf, origin, fetch_site }
                .check("https://shop.example")
                .map_err(|p| p.code().to_owned())
                .err()
        };
        let ok = Some("1");
        for (origin, site) in [
            (None, Some("same-origin")),
            (Some("https://shop.example"), Some("same-origin")),
            (Some("https://shop.example"), None),
            (None, None),
        ] {
            assert_eq!(check(ok, origin, site), None, "{origin:?} {site:?}");
        }
        for (origin, site) in [
            (None, Some("same-site")),
            (None, Some("cross-site")),
            (None, Some("none")),
            (Some("https://evil.example"), Some("same-origin")),
            (Some("https://www.shop.example"), None),
            (Some("http://shop.example"), None),
            (Some("https://shop.example:8443"), None),
            (Some("https://shop.example.evil.example"), None),
            (Some("null"), None),
            (Some(""), None),
        ] {
            assert_eq!(
                check(ok, origin, site).as_deref(),
                Some("CROSS_ORIGIN"),
                "{origin:?} {site:?}"
            );
        }
        for csrf in [None, Some(""), Some("0"), Some("1, 1"), Some("true")] {
            assert_eq!(check(csrf, None, None).as_deref(), Some("CSRF_HEADER_MISSING"), "{csrf:?}");
        }
    }
}
