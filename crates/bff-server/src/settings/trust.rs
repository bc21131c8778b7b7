//! Who is believed about what. What a peer says counts only in a header that it is known to write:
//! in all others it passes on what its own client wrote.

use crate::{ServerSettings, Settings, StartError};
use actix_web::{HttpRequest, http::header::HeaderName};
use bff_core::Auth;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// In which header trusted proxies tell where a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
pub enum ForwardingHeader {
    /// `Forwarded` (RFC 7239).
    #[serde(rename = "forwarded", alias = "Forwarded")]
    Forwarded,
    /// `X-Forwarded-For`.
    #[serde(rename = "x-forwarded-for", alias = "X-Forwarded-For")]
    XForwardedFor,
    /// In none: the peer is the client.
    #[serde(rename = "none")]
    None,
}

/// `[gateway_identity]`: in which headers a gateway names the callers that it has verified.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct GatewayIdentity {
    /// The header with the subject.
    pub subject_header: String,
    /// The header with the scopes, separated by spaces.
    pub scopes_header: Option<String>,
    /// The gateway's addresses, as networks; `server.trusted_proxies` when left out.
    pub from: Option<Vec<IpNet>>,
}

impl ServerSettings {
    /// In which header the client's address is, where nobody said it: in the one that nginx, Envoy and
    /// the balancers of clouds write.
    pub(crate) fn forwarding_header(&self) -> ForwardingHeader {
        self.forwarding_header.unwrap_or(ForwardingHeader::XForwardedFor)
    }

    /// Whether nobody said it, and it matters.
    pub(crate) fn assumes_forwarding_header(&self) -> bool {
        self.forwarding_header.is_none() && !self.trusted_proxies.is_empty()
    }

    /// Whose `x-deadline-ms` counts.
    pub(crate) fn deadline_from(&self) -> &[IpNet] {
        self.deadline_from.as_deref().unwrap_or(&self.trusted_proxies)
    }

    /// What is wrong with whom it trusts, as key and reason.
    pub(crate) fn check_trust(&self) -> Result<(), (&'static str, &'static str)> {
        let everybody = "trusts everybody: name the networks of the proxies";
        let names_one = self.forwarding_header.is_some_and(|one| one != ForwardingHeader::None);
        let wrong = [
            ("server.trusted_proxies", is_everybody(&self.trusted_proxies), everybody),
            ("server.deadline_from", is_everybody(self.deadline_from()), everybody),
            (
                "server.forwarding_header",
                names_one && self.trusted_proxies.is_empty(),
                "needs `server.trusted_proxies`: anybody else can write such a header",
            ),
        ];
        wrong
            .into_iter()
            .find(|(_, is_wrong, _)| *is_wrong)
            .map_or(Ok(()), |(key, _, why)| Err((key, why)))
    }
}

/// A network that everybody is in.
fn is_everybody(networks: &[IpNet]) -> bool {
    networks.iter().any(|network| network.prefix_len() == 0)
}

/// Whether the connection comes from one of these networks.
pub(crate) fn is_from(request: &HttpRequest, networks: &[IpNet]) -> bool {
    request.peer_addr().is_some_and(|peer| has(networks, peer.ip().to_canonical()))
}

/// Whether an address is in one of these networks.
pub(crate) fn has(networks: &[IpNet], address: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(&address))
}

/// A gateway that has verified its callers already.
#[derive(Debug)]
pub(crate) struct Gateway {
    pub(crate) subject: HeaderName,
    pub(crate) scopes: Option<HeaderName>,
    pub(crate) from: Vec<IpNet>,
}

impl Gateway {
    /// The gateway of `[gateway_identity]`, if there is one and it can be believed.
    pub(crate) fn of(auth: Auth, settings: &Settings) -> Result<Option<Self>, StartError> {
        let Some(identity) = &settings.gateway_identity else { return Ok(None) };
        let wrong = |key, why| Err(StartError::Setting { key, why });
        if !matches!(auth, Auth::Bearer | Auth::BearerOrApiKey) {
            let why = "configured, but this BFF takes no bearer tokens that a gateway could verify";
            return wrong("gateway_identity", why);
        }
        let from = identity.from.as_ref().unwrap_or(&settings.server.trusted_proxies).clone();
        if from.is_empty() {
            let why =
                "needs `from`, or `server.trusted_proxies`: anybody else can write such headers";
            return wrong("gateway_identity", why);
        }
        if is_everybody(&from) {
            return wrong("gateway_identity.from", "trusts everybody: name the gateway's networks");
        }
        let name = |key, text: &str| {
            HeaderName::try_from(text)
                .map_err(|_| StartError::Setting { key, why: "must be the name of a header" })
        };
        let subject = name("gateway_identity.subject_header", &identity.subject_header)?;
        let scopes = identity.scopes_header.as_deref();
        let scopes = scopes.map(|text| name("gateway_identity.scopes_header", text)).transpose()?;
        if scopes.as_ref() == Some(&subject) {
            return wrong("gateway_identity.scopes_header", "must not be the subject's header");
        }
        Ok(Some(Self { subject, scopes, from }))
    }
}
