//! Why a credential was not believed: a word for logs and metrics, and the little of it that the client
//! hears.

use crate::claims::Claim;
use bff_core::{Class, Problem};
use std::sync::atomic::{AtomicU64, Ordering};

/// The rules, each with its word: one list, so that none is counted without a name.
macro_rules! rules {
    ($($(#[$doc:meta])* $rule:ident = $word:literal,)+) => {
        /// The rule by which a credential was refused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Refusal {
            $($(#[$doc])* $rule,)+
            /// The claim is missing, there twice, of a form that cannot be read, or not what it has
            /// to be.
            Claim(Claim),
        }

        impl Refusal {
            const RULES: &[Self] = &[$(Self::$rule),+];

            /// The word for it, as in logs and in the metric: for a claim, its name.
            pub(crate) const fn word(self) -> &'static str {
                match self {
                    $(Self::$rule => $word,)+
                    Self::Claim(claim) => claim.name(),
                }
            }
        }
    };
}

rules! {
    /// There is no credential.
    NoCredential = "no_credential",
    /// There are two, and nobody can say which of them counts.
    TwoCredentials = "two_credentials",
    /// It is longer than the setting allows.
    TooLong = "too_long",
    /// It is no signed token, or what it says is no JSON object.
    Malformed = "malformed",
    /// Its header demands something that we do not do: `crit`, `b64` or `zip`.
    Extension = "extension",
    /// Its algorithm is not configured.
    Alg = "alg",
    /// Its `typ` is not configured.
    Typ = "typ",
    /// It is another kind of token: one of identity, of refresh or of logout.
    Kind = "kind",
    /// The issuer has no such key.
    Kid = "kid",
    /// The issuer did not sign this.
    Signature = "signature",
    /// Everything about it is right, except that its time is over.
    Expired = "expired",
    /// There are no keys to verify with.
    NoKeys = "no_keys",
    /// The provider answered a login without an identity token.
    NoIdToken = "no_id_token",
    /// It is no API key.
    ApiKeyMalformed = "api_key_malformed",
    /// The API key is none of ours.
    ApiKey = "api_key",
    /// The API key is the right one, except that its time is over.
    ApiKeyExpired = "api_key_expired",
}

impl Refusal {
    /// What the client gets. Which rule it was would help nobody there but an attacker, so the client
    /// only learns what it can act on; the log gets the word.
    pub(crate) fn problem(self) -> Problem {
        let problem = match self {
            Self::NoCredential | Self::TwoCredentials => Problem::unauthenticated(),
            Self::Expired => {
                refused("TOKEN_EXPIRED", "Your session has ended. Please sign in again.")
            }
            Self::NoKeys => Problem::new(
                Class::Unavailable,
                "IDENTITY_UNAVAILABLE",
                "Your sign-in cannot be checked at the moment. Please try again.",
            ),
            Self::ApiKeyExpired => {
                refused("API_KEY_EXPIRED", "This API key has expired. Please use its successor.")
            }
            Self::ApiKeyMalformed | Self::ApiKey => {
                refused("API_KEY_INVALID", "This API key is not valid.")
            }
            _ => refused("TOKEN_INVALID", "Please sign in again."),
        };
        problem.because(self.word())
    }

    fn all() -> impl Iterator<Item = Self> {
        Self::RULES.iter().copied().chain(Claim::ALL.iter().copied().map(Self::Claim))
    }
}

fn refused(code: &'static str, message: &'static str) -> Problem {
    Problem::new(Class::Unauthenticated, code, message)
}

/// How often each rule refused a credential in this process.
#[derive(Debug)]
pub struct Refusals(Vec<AtomicU64>);

impl Default for Refusals {
    fn default() -> Self {
        Self(Refusal::all().map(|_| AtomicU64::default()).collect())
    }
}

impl Refusals {
    /// Counts a refusal and hands it on.
    pub(crate) fn count(&self, refusal: Refusal) -> Refusal {
        let counter = Refusal::all().zip(&self.0).find(|(rule, _)| *rule == refusal);
        if let Some((_, counter)) = counter {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        refusal
    }

    /// The word for every rule there is, and how often it refused.
    pub fn counts(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let rules = Refusal::all().map(Refusal::word);
        rules.zip(self.0.iter().map(|counter| counter.load(Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::{Claim, Refusal, Refusals};
    use bff_core::TraceContext;

    #[test]
    fn every_rule_is_counted_under_a_word_of_its_own() {
        let refusals = Refusals::default();
        for refusal in Refusal::all() {
            refusals.count(refusal);
        }
        let mut words: Vec<_> = refusals.counts().collect();
        assert!(words.iter().all(|(_, count)| *count == 1), "{words:?}");
        let all = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), all);
    }

    /// Whoever finds a word in the log finds there what to do.
    #[test]
    fn every_rule_is_in_the_documentation() {
        let text = include_str!("../../../docs/operations.md");
        let (_, section) = text.split_once("### Why a credential was refused").unwrap();
        let (section, _) = section.split_once("\n### ").unwrap();
        let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once(" | "));
        let mut documented: Vec<_> =
            rows.flat_map(|(words, _)| words.trim_end_matches('`').split("`, `")).collect();
        let mut words: Vec<_> = Refusal::all().map(Refusal::word).collect();
        documented.sort_unstable();
        words.sort_unstable();
        assert_eq!(documented, words);
    }

    #[test]
    fn the_client_does_not_hear_which_rule_it_was() {
        let id = TraceContext::continue_from(None, None, || false).trace_id;
        let said = |refusal: Refusal| {
            let problem = refusal.problem();
            (String::from_utf8(problem.to_json(id)).unwrap(), problem.cause())
        };
        let (first, cause) = said(Refusal::Claim(Claim::Aud));
        assert_eq!(cause, Some("aud"));
        for refusal in [Refusal::Kid, Refusal::Typ, Refusal::TooLong, Refusal::Claim(Claim::Sub)] {
            assert_eq!(said(refusal), (first.clone(), Some(refusal.word())));
        }
    }
}
