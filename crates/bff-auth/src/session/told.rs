//! What operators are told about refusals of the provider: each kind once in a while, so that a user
//! who is refused again and again does not fill the log.

use crate::token_endpoint::{Means, Refused};
use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How often the same kind is told while it goes on.
const EVERY: Duration = Duration::from_secs(60);

/// When which kind was told.
#[derive(Default)]
pub(super) struct Told {
    misconfigured: Mutex<Option<Instant>>,
    strange: Mutex<Option<Instant>>,
}

impl Told {
    /// Tells of a refusal, if it is news to operators.
    pub(super) fn refused(&self, refused: &Refused, now: Instant) {
        let reason = refused.why.as_str();
        match refused.means {
            Means::Misconfigured if is_news(&self.misconfigured, now) => tracing::error!(
                reason,
                "the identity provider does not accept this BFF as a client: nobody can sign in, and who is signed in goes on while the access token lasts; check session.client_id and its secret or key"
            ),
            Means::SignInAgain | Means::Later
                if refused.for_operators && is_news(&self.strange, now) =>
            {
                tracing::warn!(
                    reason,
                    "the identity provider refused a code or refresh token for a reason that is not its user's; others go on"
                );
            }
            Means::SignInAgain | Means::Later | Means::Misconfigured => {}
        }
    }

    /// The provider knows us: it would be news if it did not.
    pub(super) fn accepted(&self) {
        *self.misconfigured.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

fn is_news(told: &Mutex<Option<Instant>>, now: Instant) -> bool {
    let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
    let is_news = told.is_none_or(|told| now.saturating_duration_since(told) >= EVERY);
    if is_news {
        *told = Some(now);
    }
    is_news
}

#[cfg(test)]
mod tests {
    use super::{EVERY, Told, is_news};
    use std::time::{Duration, Instant};

    #[test]
    fn c3_what_goes_on_is_told_once_in_a_while_and_again_when_it_is_new() {
        let (told, now) = (Told::default(), Instant::now());
        assert!(is_news(&told.misconfigured, now));
        assert!(is_news(&told.strange, now), "each kind by itself");
        for seconds in [0, 1, 59] {
            assert!(!is_news(&told.misconfigured, now + Duration::from_secs(seconds)));
        }
        assert!(is_news(&told.misconfigured, now + EVERY));
        assert!(!is_news(&told.misconfigured, now), "clocks of threads differ");
        told.accepted();
        assert!(is_news(&told.misconfigured, now));
    }
}
