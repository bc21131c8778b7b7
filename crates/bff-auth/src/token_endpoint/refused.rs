//! Whose trouble it is that there are no tokens, and what it means.
//!
//! Only silence and a status speak for the issuer as a whole. The words of a refusal are about one
//! code or one token, which anybody can make up. So [`Trouble`], for which everybody waits, is made
//! in this file only, and never of a word.

use crate::{
    fetch::{Answer, Failure},
    foreign::{self, Members},
};
use std::time::Duration;

/// Why there are no tokens.
#[derive(Debug)]
pub(crate) enum NoTokens {
    /// The issuer cannot be asked now, by anybody; what [`Pause`](super::Pause) begins with.
    Trouble(Trouble),
    /// It refuses this request, which says nothing about the next one.
    Refused(Refused),
}

/// Trouble that is everybody's.
#[derive(Debug)]
pub(crate) struct Trouble {
    why: String,
    retry_after: Option<Duration>,
    was_sent: bool,
}

/// A refusal that is one request's.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) why: String,
    pub(crate) means: Means,
    /// Whether it is of a kind that users neither cause nor mend.
    pub(crate) for_operators: bool,
}

/// What a refusal means to the one who was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Means {
    /// The code or token is worth nothing: its user signs in again.
    SignInAgain,
    /// Nothing was said about the code or token: it is kept, and tried again later.
    Later,
    /// The issuer does not know this BFF. An operator has to mend that, and nobody is signed out.
    Misconfigured,
}

/// The words of errors in RFC 6749 (4.1.2.1 and 5.2), OpenID Connect Core (3.1.2.6), RFC 6750
/// (3.1), RFC 8628 (3.5) and RFC 8707 (2), what they mean, and whether operators have to know.
const WORDS: [(&str, Means, bool); 18] = [
    ("invalid_grant", Means::SignInAgain, false),
    ("access_denied", Means::SignInAgain, false),
    ("interaction_required", Means::SignInAgain, false),
    ("login_required", Means::SignInAgain, false),
    ("consent_required", Means::SignInAgain, false),
    ("account_selection_required", Means::SignInAgain, false),
    ("expired_token", Means::SignInAgain, false),
    ("invalid_token", Means::SignInAgain, false),
    ("invalid_request", Means::SignInAgain, true),
    ("invalid_scope", Means::SignInAgain, true),
    ("invalid_target", Means::SignInAgain, true),
    ("unauthorized_client", Means::SignInAgain, true),
    ("unsupported_grant_type", Means::SignInAgain, true),
    ("invalid_client", Means::Misconfigured, true),
    ("temporarily_unavailable", Means::Later, true),
    ("server_error", Means::Later, true),
    ("slow_down", Means::Later, true),
    ("authorization_pending", Means::Later, true),
];

/// One that nobody knows is a no.
const UNKNOWN: (Means, bool) = (Means::SignInAgain, true);

/// What a word of an issuer means to the user that it is about.
pub(crate) fn means(word: &str) -> Means {
    row(word).0
}

fn row(word: &str) -> (Means, bool) {
    let known = WORDS.iter().find(|(known, ..)| *known == word);
    known.map_or(UNKNOWN, |(_, means, for_operators)| (*means, *for_operators))
}

impl NoTokens {
    /// An answer other than success.
    pub(super) fn answered(answer: &Answer) -> Self {
        let said = Said::read(&answer.body);
        let why = format!("answered with status {}{}", answer.status, said.shown());
        let (means, for_operators) = match (answer.status, said) {
            // These are about the issuer itself, whatever was asked.
            (429 | 502..=504, _) => {
                let (retry_after, was_sent) = (answer.retry_after, true);
                return Self::Trouble(Trouble { why, retry_after, was_sent });
            }
            // It may have stumbled over this very code or token.
            (500.., _) => (Means::Later, true),
            (400..500, Said::Word(word)) => row(&word),
            (400, Said::Object) => UNKNOWN,
            // RFC 6749, section 5.2: for a client that it does not know.
            (401, _) => (Means::Misconfigured, true),
            // Whoever said this has not looked at the code or token.
            _ => (Means::Later, true),
        };
        Self::Refused(Refused { why, means, for_operators })
    }

    /// A success that cannot be used.
    pub(super) fn unusable(why: String) -> Self {
        Self::Refused(Refused { why, means: Means::Later, for_operators: true })
    }

    /// No answer.
    pub(super) fn failed(failure: Failure) -> Self {
        let (why, was_sent) = match failure {
            Failure::Unreadable(why) => return Self::unusable(why),
            Failure::NotSent(why) => (why, false),
            Failure::Silence(why) => (why, true),
        };
        Self::Trouble(Trouble { why, retry_after: None, was_sent })
    }

    /// The same of a request in the name of all, which is refused to all.
    pub(super) fn of_all(self) -> Trouble {
        match self {
            Self::Trouble(trouble) => trouble,
            Self::Refused(Refused { why, .. }) => {
                Trouble { why, retry_after: None, was_sent: true }
            }
        }
    }

    /// Whether the issuer may have seen the request.
    pub(crate) fn was_sent(&self) -> bool {
        match self {
            Self::Trouble(trouble) => trouble.was_sent,
            Self::Refused(_) => true,
        }
    }

    /// In words for an operator.
    pub(crate) fn why(&self) -> &str {
        match self {
            Self::Trouble(trouble) => &trouble.why,
            Self::Refused(refused) => &refused.why,
        }
    }
}

impl Trouble {
    /// In words for an operator.
    pub(crate) fn why(&self) -> &str {
        &self.why
    }

    /// How long the issuer wants to be left alone.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }
}

/// The body of a refusal.
enum Said {
    Word(String),
    /// JSON without a word.
    Object,
    Nothing,
}

impl Said {
    fn read(body: &[u8]) -> Self {
        let text = foreign::text(body);
        match Members::read(&text).map(|members| members.get("error").ok()) {
            Ok(Some(word)) => Self::Word(word),
            Ok(None) => Self::Object,
            Err(_) => Self::Nothing,
        }
    }

    /// For the log, when it is a word and not a text that may quote something.
    fn shown(&self) -> String {
        let is_word = |text: &str| {
            let of_words = |b: u8| b.is_ascii_lowercase() || b == b'_';
            (1..=40).contains(&text.len()) && text.bytes().all(of_words)
        };
        match self {
            Self::Word(word) if is_word(word) => format!(": {word}"),
            _ => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer { status, body: body.as_bytes().to_vec(), retry_after: None }
    }

    /// `None` for trouble that is everybody's.
    fn one_users(status: u16, body: &str) -> Option<Means> {
        match NoTokens::answered(&answer(status, body)) {
            NoTokens::Trouble(_) => None,
            NoTokens::Refused(refused) => Some(refused.means),
        }
    }

    #[test]
    fn c3_a_word_is_about_one_request_whatever_it_is() {
        for (word, means) in [
            ("invalid_grant", Means::SignInAgain),
            ("invalid_request", Means::SignInAgain),
            ("interaction_required", Means::SignInAgain),
            ("unauthorized_client", Means::SignInAgain),
            ("mfa_required", Means::SignInAgain),
            ("", Means::SignInAgain),
            ("INVALID_CLIENT", Means::SignInAgain),
            ("invalid_client", Means::Misconfigured),
            ("slow_down", Means::Later),
            ("temporarily_unavailable", Means::Later),
            ("server_error", Means::Later),
        ] {
            let body = format!(r#"{{"error":"{word}","error_description":[[7]]}}"#);
            for status in [400, 401, 403, 422] {
                assert_eq!(one_users(status, &body), Some(means), "{status} {word}");
            }
            // A status of the issuer's own trouble counts more than the word.
            for status in [429, 502, 503, 504] {
                assert_eq!(one_users(status, &body), None, "{status} {word}");
            }
            assert_eq!(one_users(500, &body), Some(Means::Later), "500 {word}");
        }
    }

    #[test]
    fn c3_without_a_word_nothing_was_said_about_the_token() {
        for (status, body, means) in [
            (400, r#"{"error":{"code":"invalid_grant"}}"#, Means::SignInAgain),
            (400, r#"{"error":"a","error":"b"}"#, Means::SignInAgain),
            (400, "\u{feff}{\"error\":\"invalid_client\"}", Means::Misconfigured),
            (400, "<html>blocked</html>", Means::Later),
            (400, "", Means::Later),
            (401, "", Means::Misconfigured),
            (401, r#"{"message":"Unauthorized"}"#, Means::Misconfigured),
            (403, r#"{"message":"Forbidden"}"#, Means::Later),
            (404, "", Means::Later),
            (405, "", Means::Later),
            (302, "", Means::Later),
            (304, "", Means::Later),
            (500, "", Means::Later),
            (501, "<html>", Means::Later),
            (599, "", Means::Later),
        ] {
            assert_eq!(one_users(status, body), Some(means), "{status} {body}");
        }
    }

    #[test]
    fn c3_silence_is_everybodys_and_what_cannot_be_read_is_not() {
        let failed = |failure| NoTokens::failed(failure);
        let not_sent = failed(Failure::NotSent("refused".to_owned()));
        assert!(matches!(not_sent, NoTokens::Trouble(_)) && !not_sent.was_sent());
        let silence = failed(Failure::Silence("too late".to_owned()));
        assert!(matches!(silence, NoTokens::Trouble(_)) && silence.was_sent());
        let unreadable = failed(Failure::Unreadable("no HTTP".to_owned()));
        assert!(matches!(unreadable, NoTokens::Refused(_)) && unreadable.was_sent());
    }

    #[test]
    fn only_a_word_is_shown_of_a_refusal() {
        for (body, shown) in [
            (r#"{"error":"invalid_grant"}"#, "answered with status 400: invalid_grant"),
            (r#"{"error":"token s3cret is spent"}"#, "answered with status 400"),
            (r#"{"error":"INVALID"}"#, "answered with status 400"),
            (r#"{"error":"a\nb"}"#, "answered with status 400"),
            (r#"{"error":""}"#, "answered with status 400"),
            ("s3cret", "answered with status 400"),
        ] {
            let refused = NoTokens::answered(&answer(400, body));
            assert_eq!(refused.why(), shown, "{body}");
        }
    }
}
