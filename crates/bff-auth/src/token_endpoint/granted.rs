//! What a token endpoint grants (RFC 6749, section 5.1).

use crate::foreign::{self, Members, Said, Texts, Unusable};
use secrecy::{ExposeSecret, SecretString};
use serde_json::value::RawValue;
use std::time::Duration;

/// The longest token; real ones have some KiB, and those with many groups some ten.
const MAX_BYTES: usize = 64 * 1024;

/// Tokens. Only `access_token` and `token_type` decide whether they are usable; whatever else is
/// missing or odd counts as not said.
#[derive(Debug)]
pub(crate) struct Granted {
    pub(crate) access_token: SecretString,
    /// How long the access token lives, in whole seconds.
    pub(crate) lifetime: Option<Duration>,
    pub(crate) refresh_token: Option<SecretString>,
    pub(crate) id_token: Option<SecretString>,
    /// What was granted; `None` for just what was asked for. Rights that were named in a form that
    /// nobody can read are none.
    pub(crate) scopes: Option<Vec<String>>,
}

impl Granted {
    /// Reads an answer.
    ///
    /// # Errors
    /// Why it is no tokens, in words for an operator, and without a word of the answer.
    pub(crate) fn read(json: &[u8]) -> Result<Self, String> {
        let unusable = |why: Unusable| format!("answered something that is no token: it {why}");
        let text = foreign::text(json);
        let members = Members::read(&text).map_err(unusable)?;
        let token_type: String = members.need("token_type").map_err(unusable)?;
        if !token_type.eq_ignore_ascii_case("bearer") {
            return Err("answered with a token_type other than Bearer".to_owned());
        }
        let access_token = members.need("access_token").map_err(unusable)?;
        if !is_token(&access_token) {
            return Err(
                "answered with an access_token of characters that no token has, or too long"
                    .to_owned(),
            );
        }
        let token = |name| members.get(name).filter(is_token).ok();
        Ok(Self {
            access_token,
            lifetime: members.get::<&RawValue>("expires_in").ok().and_then(seconds),
            refresh_token: token("refresh_token"),
            id_token: token("id_token"),
            scopes: scopes(&members),
        })
    }
}

/// RFC 6749, appendix A: visible characters and spaces.
fn is_token(token: &SecretString) -> bool {
    let text = token.expose_secret();
    (1..=MAX_BYTES).contains(&text.len()) && text.bytes().all(|b| matches!(b, b' '..=b'~'))
}

/// A number of seconds, or a text with one as some providers send it. Parts of a second are no
/// life; less than nothing is nothing that anybody can mean.
fn seconds(value: &RawValue) -> Option<Duration> {
    let text: String =
        serde_json::from_str(value.get()).ok().unwrap_or_else(|| value.get().to_owned());
    let text = text.trim();
    if let Ok(whole) = text.parse() {
        return Some(Duration::from_secs(whole));
    }
    let number: f64 = text.parse().ok()?;
    if !number.is_finite() || number.is_sign_negative() {
        return None;
    }
    let longest = Duration::from_secs(u64::MAX);
    Some(Duration::try_from_secs_f64(number.trunc()).unwrap_or(longest))
}

/// Separated by spaces, or a list.
fn scopes(members: &Members<'_>) -> Option<Vec<String>> {
    match members.get::<Texts>("scope") {
        Said::Not => None,
        Said::Well(texts) => Some(texts.words().into_iter().map(str::to_owned).collect()),
        Said::Oddly => Some(Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#""access_token":"abc","token_type":"Bearer""#;

    fn with(more: &str) -> Granted {
        let json = format!("{{{GOOD}{more}}}");
        Granted::read(json.as_bytes()).unwrap_or_else(|why| panic!("{more}: {why}"))
    }

    #[test]
    fn c10_only_access_token_and_token_type_decide() {
        for good in [
            r#"{"access_token":"a.b-c_~+/=","token_type":"bearer"}"#,
            r#"{"token_type":"BEARER","access_token":"abc","access_token_type":7,"x":[[[1e999]]]}"#,
            "\u{feff}{\"access_token\":\"abc\",\"token_type\":\"Bearer\"}",
            r#"{"access_token":"abc","token_type":"Bearer","scope":1,"scope":2,"error":"none"}"#,
        ] {
            assert!(Granted::read(good.as_bytes()).is_ok(), "{good}");
        }
        let long = format!(r#"{{"access_token":"{}","token_type":"Bearer"}}"#, "x".repeat(70_000));
        for bad in [
            r#"{"access_token":"s3cret","token_type":"DPoP"}"#,
            r#"{"access_token":"s3cret","token_type":"N_A"}"#,
            r#"{"access_token":"s3cret","token_type":["Bearer"]}"#,
            r#"{"access_token":"s3cret"}"#,
            r#"{"access_token":"s3cret","access_token":"s3cret","token_type":"Bearer"}"#,
            r#"{"access_token":"s3cret","token_type":"Bearer","token_type":"mac"}"#,
            r#"{"access_token":"s3cret\r\nx-user-id: u-2","token_type":"Bearer"}"#,
            r#"{"access_token":"s3cret\u00e9","token_type":"Bearer"}"#,
            r#"{"access_token":"","token_type":"Bearer"}"#,
            r#"{"access_token":["s3cret"],"token_type":"Bearer"}"#,
            r#""s3cret""#,
            r#"["access_token","s3cret"]"#,
            "access_token=s3cret&token_type=bearer",
            "<html>s3cret</html>",
            "",
            &long,
        ] {
            let why = Granted::read(bad.as_bytes()).err().unwrap_or_else(|| panic!("took {bad}"));
            assert!(!why.contains("s3cret"), "{why}");
        }
    }

    #[test]
    fn c10_a_lifetime_is_read_in_every_form_or_not_said() {
        let said = |seconds| Some(Duration::from_secs(seconds));
        for (expires_in, lifetime) in [
            ("3600", said(3600)),
            (r#""3600""#, said(3600)),
            (r#"" 3600 ""#, said(3600)),
            ("3600.0", said(3600)),
            (r#""3600.0""#, said(3600)),
            ("3599.5", said(3599)),
            ("3.6e3", said(3600)),
            ("0", said(0)),
            ("0.9", said(0)),
            ("18446744073709551615", said(u64::MAX)),
            ("18446744073709551616", said(u64::MAX)),
            ("1e300", said(u64::MAX)),
            (r#""1e300""#, said(u64::MAX)),
            ("1e999", None),
            ("-1", None),
            ("-0.0", None),
            ("-1e300", None),
            (r#""-1""#, None),
            ("null", None),
            ("true", None),
            ("{}", None),
            (r#"{"seconds":3600}"#, None),
            ("[3600]", None),
            (r#""""#, None),
            (r#""soon""#, None),
            (r#""inf""#, None),
            (r#""NaN""#, None),
            (r#""3600s""#, None),
            (r#""2026-11-20T22:45:17Z""#, None),
            (r#"3600,"expires_in":3600"#, None),
        ] {
            let read = with(&format!(r#","expires_in":{expires_in}"#)).lifetime;
            assert_eq!(read, lifetime, "{expires_in}");
        }
        assert_eq!(with("").lifetime, None);
    }

    #[test]
    fn c10_another_token_that_is_odd_is_none() {
        for (value, there) in [
            (r#""r-1""#, true),
            ("null", false),
            (r#""""#, false),
            ("7", false),
            (r#"["r-1"]"#, false),
            (r#"{"token":"r-1"}"#, false),
            (r#""r\u0000""#, false),
            (r#""\ud800""#, false),
        ] {
            let granted = with(&format!(r#","refresh_token":{value},"id_token":{value}"#));
            assert_eq!(granted.refresh_token.is_some(), there, "{value}");
            assert_eq!(granted.id_token.is_some(), there, "{value}");
        }
        assert!(with(r#","refresh_token":"a","refresh_token":"b""#).refresh_token.is_none());
    }

    #[test]
    fn c10_scopes_are_text_or_a_list_and_what_cannot_be_read_gives_no_right() {
        for (scope, granted) in [
            (r#""a b""#, Some(&["a", "b"][..])),
            (r#""  a  ""#, Some(&["a"])),
            (r#"["a","b"]"#, Some(&["a", "b"])),
            (r#""""#, Some(&[])),
            ("[]", Some(&[])),
            ("null", None),
            ("7", Some(&[])),
            (r#"{"a":true}"#, Some(&[])),
            (r#"["a",7]"#, Some(&[])),
            (r#""a","scope":"b""#, Some(&[])),
        ] {
            let read = with(&format!(r#","scope":{scope}"#)).scopes;
            let read = read.as_ref().map(|all| all.iter().map(String::as_str).collect::<Vec<_>>());
            assert_eq!(read.as_deref(), granted, "{scope}");
        }
        assert_eq!(with("").scopes, None);
    }
}
