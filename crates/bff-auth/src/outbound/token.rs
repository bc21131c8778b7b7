//! A token as the issuer grants it, and for how long it is used.

use crate::token_endpoint::Granted;
use awc::http::header::HeaderValue;
use secrecy::ExposeSecret;
use std::{
    fmt,
    time::{Duration, Instant},
};

/// The life of a token of which the issuer does not say it.
const DEFAULT_LIFE: Duration = Duration::from_secs(60);
/// No token is used for longer.
const LONGEST_LIFE: Duration = Duration::from_secs(24 * 60 * 60);
/// How long before its end a token is given up, at most: it travels, and clocks differ.
const MARGIN: Duration = Duration::from_secs(30);
/// Longer ones fit into no service's head.
const MAX_BYTES: usize = 8 * 1024;
/// How long nothing better can be expected for a token that came for a refused one.
const STANDS: Duration = Duration::from_secs(30);

/// A token that services accept, ready to be sent.
pub(crate) struct Token {
    /// `Bearer <token>`.
    pub(crate) value: HeaderValue,
    asked_at: Instant,
    life: Duration,
    /// Whether it came because a service had refused another one.
    stands_in: bool,
}

impl Token {
    /// What was granted to a request that was made at `asked_at`.
    ///
    /// # Errors
    /// Why it cannot be sent, in words for an operator, and without a word of it.
    pub(crate) fn of(
        granted: &Granted,
        asked_at: Instant,
        stands_in: bool,
    ) -> Result<Self, String> {
        let text = granted.access_token.expose_secret();
        let unfit = || "answered with a token that no header can carry".to_owned();
        if text.len() > MAX_BYTES || !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(unfit());
        }
        // An issuer that grants a token and says that it has ended means something else.
        let life = granted.lifetime.filter(|life| !life.is_zero());
        let life = life.unwrap_or(DEFAULT_LIFE).min(LONGEST_LIFE);
        let mut value = HeaderValue::try_from(format!("Bearer {text}")).map_err(|_| unfit())?;
        value.set_sensitive(true);
        Ok(Self { value, asked_at, life, stands_in })
    }

    fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.asked_at)
    }

    /// Whether a service would still accept it.
    pub(crate) fn is_usable(&self, now: Instant) -> bool {
        self.age(now) + MARGIN.min(self.life / 10) < self.life
    }

    /// Whether another one is to be fetched ahead.
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        self.age(now) >= self.life / 5 * 4
    }

    /// Whether another one may do better, now that a service has refused it. Not so for one that
    /// was fetched for that reason: a service that refuses everything must not flood the issuer.
    pub(crate) fn is_replaceable(&self, now: Instant) -> bool {
        !self.stands_in || self.age(now) >= STANDS
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("life", &self.life).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::Token;
    use crate::token_endpoint::Granted;
    use std::time::{Duration, Instant};

    fn token(json: &str, now: Instant) -> Result<Token, String> {
        Token::of(&Granted::read(json.as_bytes())?, now, false)
    }

    #[test]
    fn only_a_bearer_token_that_a_header_can_carry_is_one() {
        let now = Instant::now();
        for good in [
            r#"{"access_token":"abc","token_type":"Bearer","expires_in":300,"scope":"a"}"#,
            r#"{"access_token":"a.b-c_~+/=","token_type":"bearer"}"#,
        ] {
            assert!(token(good, now).is_ok(), "{good}");
        }
        let long = format!(r#"{{"access_token":"{}","token_type":"Bearer"}}"#, "x".repeat(9000));
        for bad in [
            r#"{"access_token":"s3cret","token_type":"DPoP","expires_in":300}"#,
            r#"{"access_token":"s3cret"}"#,
            r#"{"access_token":"s3 cret","token_type":"Bearer"}"#,
            r#"{"access_token":"s3cret\t","token_type":"Bearer"}"#,
            &long,
        ] {
            let why = token(bad, now).err().unwrap_or_else(|| panic!("accepted {bad}"));
            assert!(!why.contains("s3cret"), "{why}");
        }
    }

    #[test]
    fn a_token_is_renewed_ahead_and_given_up_in_time() {
        let now = Instant::now();
        let at = |life: &str, seconds: u64| {
            let json = format!(r#"{{"access_token":"a","token_type":"Bearer"{life}}}"#);
            let token = token(&json, now).unwrap();
            let then = now + Duration::from_secs(seconds);
            (token.is_due(then), token.is_usable(then))
        };
        for (life, seconds, due, usable) in [
            (r#","expires_in":3600"#, 2879, false, true),
            (r#","expires_in":3600"#, 2880, true, true),
            (r#","expires_in":3600"#, 3569, true, true),
            (r#","expires_in":3600"#, 3570, true, false),
            ("", 47, false, true),
            ("", 53, true, true),
            ("", 54, true, false),
            (r#","expires_in":999999999"#, 86_370, true, false),
            // What cannot be meant or read is not said.
            (r#","expires_in":0"#, 47, false, true),
            (r#","expires_in":-1"#, 54, true, false),
            (r#","expires_in":"soon""#, 53, true, true),
            (r#","expires_in":"3600""#, 3569, true, true),
            (r#","expires_in":18446744073709551615"#, 69_119, false, true),
            (r#","expires_in":1e300"#, 86_370, true, false),
        ] {
            assert_eq!(at(life, seconds), (due, usable), "{life} after {seconds} s");
        }
    }

    #[test]
    fn what_came_for_a_refused_token_is_not_replaced_at_once() {
        let now = Instant::now();
        let json = br#"{"access_token":"a","token_type":"Bearer","expires_in":300}"#;
        let of = |stands_in| Token::of(&Granted::read(json).unwrap(), now, stands_in).unwrap();
        assert!(of(false).is_replaceable(now));
        assert!(!of(true).is_replaceable(now + Duration::from_secs(29)));
        assert!(of(true).is_replaceable(now + Duration::from_secs(30)));
    }
}
