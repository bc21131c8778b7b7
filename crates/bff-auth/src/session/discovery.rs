//! The provider's discovery document (OpenID Connect Discovery, section 3): what is used of it.

use super::settings::{SessionSettings, is_safe};
use crate::foreign::{self, Members, Said};
use url::Url;

/// Where the provider's endpoints are. Those that are no `Option` are needed; the others, when they
/// are missing or of no use, cost what they are for and nothing else.
#[derive(Debug)]
pub(super) struct Endpoints {
    pub(super) authorization: Url,
    pub(super) token: Url,
    pub(super) keys: Url,
    pub(super) end_session: Option<Url>,
    pub(super) revocation: Option<Url>,
    /// RFC 9207.
    pub(super) names_itself: bool,
}

impl Endpoints {
    /// Reads the document. One that names another issuer is not believed, and no address on a host
    /// that nobody allowed.
    ///
    /// # Errors
    /// What cannot be used of what is needed, in words for an operator.
    pub(super) fn read(json: &[u8], settings: &SessionSettings) -> Result<Self, String> {
        let text = foreign::text(json);
        let document = Members::read(&text).map_err(|why| why.to_string())?;
        let issuer: String = document.need("issuer").map_err(|why| why.to_string())?;
        if issuer != settings.issuer {
            return Err("is another issuer's".to_owned());
        }
        let hosts = Hosts::of(settings);
        let needed = |name| {
            let url: Url = document.need(name).map_err(|why| why.to_string())?;
            hosts.check(name, &url)?;
            Ok::<_, String>(url)
        };
        let optional = |name| match document.get::<Url>(name) {
            Said::Not => None,
            Said::Oddly => spared(&format!("has no `{name}` that can be used")),
            Said::Well(url) => match hosts.check(name, &url) {
                Ok(()) => Some(url),
                Err(why) => spared(&why),
            },
        };
        Ok(Self {
            authorization: needed("authorization_endpoint")?,
            token: needed("token_endpoint")?,
            keys: needed("jwks_uri")?,
            end_session: optional("end_session_endpoint"),
            revocation: optional("revocation_endpoint"),
            names_itself: document
                .get("authorization_response_iss_parameter_supported")
                .ok()
                .unwrap_or(false),
        })
    }
}

/// The hosts that the provider's endpoints may be on.
struct Hosts<'a> {
    own: Option<Url>,
    more: &'a [String],
}

impl<'a> Hosts<'a> {
    fn of(settings: &'a SessionSettings) -> Self {
        Self { own: Url::parse(&settings.issuer).ok(), more: &settings.provider_hosts }
    }

    fn check(&self, name: &str, url: &Url) -> Result<(), String> {
        let own = self.own.as_ref().and_then(Url::host_str);
        let host = url.host_str();
        let allowed = |host: &str| self.more.iter().any(|known| known == host);
        if is_safe(url) && (host == own || host.is_some_and(allowed)) {
            return Ok(());
        }
        Err(format!(
            "has a `{name}` that is not https:// on the issuer's host or one of session.provider_hosts"
        ))
    }
}

/// What the provider offers and nobody can use: the rest goes on without it.
fn spared(reason: &str) -> Option<Url> {
    tracing::warn!(
        reason,
        "a part of the identity provider's discovery document cannot be used; the rest goes on without it"
    );
    None
}

#[cfg(test)]
mod tests {
    use super::Endpoints;
    use crate::SessionSettings;
    use serde_json::{Value, json};

    fn settings() -> SessionSettings {
        let settings = json!({
            "issuer": "https://id.test",
            "client_id": "web",
            "client_secret": "secret",
            "public_url": "https://shop.test",
            "provider_hosts": ["keys.test"],
        });
        serde_json::from_value(settings).unwrap()
    }

    fn read(name: &str, value: &Value) -> Result<Endpoints, String> {
        let mut document = json!({
            "issuer": "https://id.test",
            "authorization_endpoint": "https://id.test/authorize",
            "token_endpoint": "https://id.test/token",
            "jwks_uri": "https://keys.test/keys",
            "end_session_endpoint": "https://id.test/end",
            "revocation_endpoint": "https://id.test/revoke",
            "authorization_response_iss_parameter_supported": true,
        });
        match value {
            Value::Null => drop(document.as_object_mut().unwrap().remove(name)),
            value => document[name] = value.clone(),
        }
        Endpoints::read(document.to_string().as_bytes(), &settings())
    }

    fn odd() -> Vec<Value> {
        vec![
            json!(null),
            json!(""),
            json!(7),
            json!(["https://id.test/x"]),
            json!({}),
            json!("/relative"),
            json!("http://id.test/plain"),
            json!("https://evil.example/x"),
            json!("https://id.test.evil.example/x"),
            json!("https://user@id.test/x"),
            json!("https://id.test/x#fragment"),
            json!("javascript:alert(1)"),
            json!("https://"),
        ]
    }

    #[test]
    fn what_is_needed_of_a_discovery_document_fails_it() {
        for name in ["issuer", "authorization_endpoint", "token_endpoint", "jwks_uri"] {
            for value in odd() {
                let why = read(name, &value).err().unwrap_or_else(|| panic!("{name} {value}"));
                let told = why.contains(name) || why.contains("another issuer");
                assert!(told && !why.contains("evil"), "{name} {value}: {why}");
            }
        }
    }

    #[test]
    fn what_is_not_needed_of_it_costs_only_itself() {
        for value in odd() {
            let read = |name| read(name, &value).unwrap_or_else(|why| panic!("{value}: {why}"));
            let one = read("end_session_endpoint");
            assert!(one.end_session.is_none() && one.revocation.is_some(), "{value}");
            let other = read("revocation_endpoint");
            assert!(other.revocation.is_none() && other.end_session.is_some(), "{value}");
            assert!(!read("authorization_response_iss_parameter_supported").names_itself);
            for unused in ["userinfo_endpoint", "scopes_supported", "registration_endpoint"] {
                assert!(read(unused).end_session.is_some(), "{unused} {value}");
            }
        }
    }

    #[test]
    fn a_document_is_read_behind_a_byte_order_mark_and_with_members_twice() {
        let json = "\u{feff}{\"issuer\":\"https://id.test\",\"x\":1,\"x\":2,\
             \"authorization_endpoint\":\"https://id.test/a\",\"token_endpoint\":\"https://id.test/t\",\
             \"jwks_uri\":\"https://id.test/k\",\"end_session_endpoint\":\"https://id.test/e\",\
             \"end_session_endpoint\":\"https://id.test/f\"}";
        let read = Endpoints::read(json.as_bytes(), &settings()).unwrap();
        assert!(read.end_session.is_none(), "two of them are none");
    }
}
