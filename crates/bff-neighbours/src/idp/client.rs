//! Who may ask for tokens: the registered clients, and those of `make run`.

use bff_fixtures::Json;
use std::net::SocketAddr;

/// The secret of every client in [`Client::demo`]. It protects nothing.
pub const DEMO_SECRET: &str = "development-only";

/// A registered client. Without a secret and without a key it gets no tokens.
///
/// ```
/// use bff_neighbours::idp::Client;
///
/// let client = Client {
///     secret: Some("s3cret".to_owned()),
///     redirect_uris: vec!["http://127.0.0.1:8082/bff/callback".to_owned()],
///     ..Client::new("web-bff")
/// };
/// assert_eq!(client.audiences, ["web-bff", "shop-services"]);
/// ```
#[derive(Clone, Debug)]
pub struct Client {
    /// The `client_id`.
    pub id: String,
    /// For `client_secret_basic` and `client_secret_post`.
    pub secret: Option<String>,
    /// The public key as a JWK, for `private_key_jwt` (RFC 7523).
    pub public_key_jwk: Option<Json>,
    /// Where codes may be sent, compared exactly.
    pub redirect_uris: Vec<String>,
    /// Where a browser may be sent after a logout, compared exactly.
    pub post_logout_redirect_uris: Vec<String>,
    /// Where logout tokens are sent.
    pub backchannel_logout_uri: Option<String>,
    /// The scopes that it may ask for, and gets when it asks for none.
    pub scopes: Vec<String>,
    /// The `aud` of its access tokens.
    pub audiences: Vec<String>,
}

impl Client {
    /// A client that can do nothing yet: all scopes, tokens for itself and for `shop-services`, no
    /// credential, no address.
    #[must_use]
    pub fn new(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            secret: None,
            public_key_jwk: None,
            redirect_uris: Vec::new(),
            post_logout_redirect_uris: Vec::new(),
            backchannel_logout_uri: None,
            scopes: ["openid", "profile", "email", "offline_access"].map(str::to_owned).to_vec(),
            audiences: vec![id.to_owned(), "shop-services".to_owned()],
        }
    }

    /// `web-bff` as `make run` starts it: on port 8082, with [`DEMO_SECRET`].
    #[must_use]
    pub fn demo() -> Self {
        let mut web = Self::web("http://127.0.0.1:8082", SocketAddr::from(([127, 0, 0, 1], 8082)));
        web.redirect_uris.push("http://localhost:8082/bff/callback".to_owned());
        web
    }

    /// A client without a browser, for client credentials, with [`DEMO_SECRET`].
    #[must_use]
    pub fn service(id: &str) -> Self {
        Self { secret: Some(DEMO_SECRET.to_owned()), ..Self::new(id) }
    }

    /// `web-bff` with [`DEMO_SECRET`]: browsers reach it at the origin `public_url`, the provider at
    /// `address`.
    #[must_use]
    pub fn web(public_url: &str, address: SocketAddr) -> Self {
        Self {
            secret: Some(DEMO_SECRET.to_owned()),
            redirect_uris: vec![format!("{public_url}/bff/callback")],
            post_logout_redirect_uris: vec![format!("{public_url}/")],
            backchannel_logout_uri: Some(format!("http://{address}/bff/backchannel-logout")),
            ..Self::new("web-bff")
        }
    }
}
