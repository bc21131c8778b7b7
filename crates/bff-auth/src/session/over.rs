//! A person who comes back to a sign-in that is over: by the browser's history, from another window, or
//! with a double click at the provider.

use super::{Sessions, cookies::Cookies, reply::Reply, visit::Visit};
use bff_core::{Class, Problem, Result};

/// Where somebody goes on who has nowhere else to go.
pub(super) const START: &str = "/";

impl Sessions {
    /// Leads a person on who is signed in; everybody else is told the problem.
    ///
    /// Whoever comes straight from the provider may be signed in without its showing, because the
    /// session's cookie is not sent from there. So a page of our own asks again, once, and without
    /// the code in its address.
    pub(super) async fn over(
        &self,
        problem: Problem,
        cookies: Cookies<'_>,
        visit: Visit<'_>,
    ) -> Result<Reply> {
        let is_over = matches!(problem.code(), "LOGIN_UNKNOWN" | "LOGIN_REPLAYED");
        if !is_over || !visit.is_read_by_a_person() {
            return Err(problem);
        }
        if self.is_signed_in(cookies).await? {
            return Ok(Reply::see_other(START.to_owned()));
        }
        if visit.is_from_elsewhere() {
            return Ok(Reply::onward(problem.class().status(), "/bff/callback".to_owned(), true));
        }
        Err(problem)
    }

    /// Whether the browser has a session that is good; not while nobody can say.
    pub(super) async fn is_signed_in(&self, cookies: Cookies<'_>) -> Result<bool> {
        match self.current(cookies.only(&self.vault.settings.cookie), true).await {
            Ok(_) => Ok(true),
            Err(problem) if problem.class() == Class::Unauthenticated => Ok(false),
            Err(problem) => Err(problem),
        }
    }
}
