//! One `GET` at a running BFF, and the answer as it came: not followed, not decoded, and with any
//! status as good as another.

use super::Live;
use serde_json::Value;
use std::time::Duration;
use ureq::Agent;
use url::Url;

/// More than the longest budget of an endpoint.
const PATIENCE: Duration = Duration::from_secs(20);
/// No answer of a BFF is larger.
const LARGEST: u64 = 16 * 1024 * 1024;

/// Asks at one address, with the same headers each time.
pub(crate) struct Asker {
    agent: Agent,
    origin: String,
    headers: Vec<(String, String)>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Asker {
    pub(crate) fn new(live: &Live) -> Result<Self, String> {
        let url = Url::parse(&live.url).map_err(|error| format!("{}: {error}", live.url))?;
        if url.scheme() != "http" {
            return Err(format!("{url}: a BFF speaks http; its gateway speaks https"));
        }
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .timeout_global(Some(PATIENCE));
        let origin = url.origin().ascii_serialization();
        Ok(Self { agent: config.build().into(), origin, headers: live.headers.clone() })
    }

    pub(crate) fn get(&self, target: &str) -> Result<Reply, String> {
        let wrong = |error: ureq::Error| format!("{}: {error}", self.origin);
        let url = format!("{}{target}", self.origin);
        let request = self
            .headers
            .iter()
            .fold(self.agent.get(url), |request, (name, value)| request.header(name, value));
        let mut answer = request.call().map_err(wrong)?;
        let text = |value: &ureq::http::HeaderValue| {
            String::from_utf8_lossy(value.as_bytes()).into_owned()
        };
        let headers = answer.headers().iter();
        let headers = headers.map(|(name, value)| (name.to_string(), text(value))).collect();
        let status = answer.status().as_u16();
        let body = answer.body_mut().with_config().limit(LARGEST).read_to_vec().map_err(wrong)?;
        Ok(Reply { status, headers, body })
    }
}

impl Reply {
    /// The first header of that name, which is written in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; `null` when it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The code of a problem; empty for anything else.
    pub(crate) fn code(&self) -> String {
        let json = self.json();
        json.get("code").and_then(Value::as_str).unwrap_or_default().to_owned()
    }
}
