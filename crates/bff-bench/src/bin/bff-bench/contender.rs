//! Who takes part, and how each is started and asked.

use crate::{bench::Bench, pages, pages::Layout};
use serde_json::json;

/// A server that is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contender {
    Floor,
    Quiet,
    Ours,
    Plain,
    Fastify,
    Express,
    Tailcall,
    /// Not of the home page: `bench-fan`, and the plain server's route that never changes.
    Fan,
}

impl Contender {
    /// Those with a home page, in the order of the rounds.
    pub(crate) const HOME: [Self; 7] = [
        Self::Floor,
        Self::Quiet,
        Self::Ours,
        Self::Plain,
        Self::Fastify,
        Self::Express,
        Self::Tailcall,
    ];

    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::Quiet => "quiet",
            Self::Ours => "ours",
            Self::Plain => "plain",
            Self::Fastify => "fastify",
            Self::Express => "express",
            Self::Tailcall => "tailcall",
            Self::Fan => "fan",
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Floor => "floor: sockets by hand",
            Self::Quiet => "ours, minimal",
            Self::Ours => "ours, everything on",
            Self::Plain => "actix-web + awc + serde",
            Self::Fastify => "Fastify 5 + undici",
            Self::Express => "Express 5 + undici",
            Self::Tailcall => "Tailcall",
            Self::Fan => "ours",
        }
    }

    pub(crate) fn layout(self) -> Layout {
        if self == Self::Tailcall { pages::GRAPH_QL } else { pages::REST }
    }

    /// The request for the home page of `u-1`, the same bytes for everybody but Tailcall.
    pub(crate) fn home(self, bench: &Bench) -> Vec<u8> {
        if self != Self::Tailcall {
            return get("/mobile/v1/home", bench);
        }
        let query = r#"{ user(id: "u-1") { userId displayName avatarUrl loyaltyTier }
            orders(id: "u-1") { orders { orderId status eta itemCount } }
            recommendations(id: "u-1") { items { productId thumbnailUrl title priceFormatted } } }"#;
        let body = json!({ "query": query }).to_string();
        let length = body.len();
        format!(
            "POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             accept: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
    }
}

/// A request as a gateway passes it on, with a token for those who look at it.
pub(crate) fn get(target: &str, bench: &Bench) -> Vec<u8> {
    let token = &bench.fixtures.token;
    format!(
        "GET {target} HTTP/1.1\r\nhost: localhost\r\naccept: application/json\r\naccept-encoding: identity\r\n\
         user-agent: bench\r\nauthorization: Bearer {token}\r\nx-user-id: u-1\r\n\r\n"
    )
    .into_bytes()
}
