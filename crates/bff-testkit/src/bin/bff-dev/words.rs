//! What a newcomer reads when everything runs: what to paste, and what to break.

use crate::bffs::BFFS;
use bff_testkit::{Gateway, Issuer, SampleServices, idp::IdentityProvider};

/// The text that is printed once everything is ready.
pub(crate) fn welcome(
    services: &SampleServices,
    idp: &IdentityProvider,
    gateway: &Gateway,
    with_bffs: bool,
) -> String {
    let (control, provider, shop) = (services.control_url(), idp.url(), gateway.url());
    let token = |user: &str, bff: &str| Issuer::shared().token(user, &format!("{bff}-bff"));
    let mobile = token("u-1", "mobile");
    let partner = Issuer::shared().token_with("partner-1", "partner-bff", &["catalogue:read"]);
    let state = if with_bffs {
        "Ready: the sample services and the mobile, web and partner BFFs.".to_owned()
    } else {
        "Ready: the sample services. Start a BFF beside them: cargo run -p bff-mobile".to_owned()
    };
    let admin =
        BFFS.map(|(name, _, admin)| format!("  {name:<8} http://127.0.0.1:{admin}/")).join("\n");
    format!(
        r#"
{state}

Mobile home screen of user u-1 (token valid for an hour):

  curl -s -H 'Authorization: Bearer {mobile}' http://127.0.0.1:8081/mobile/v1/home

Mobile product screen, with the same token: http://127.0.0.1:8081/mobile/v1/products/p-1

Web product page:

  curl -s http://127.0.0.1:8082/web/v1/products/p-1

Sign in to the web BFF with a browser, look around, fill the cart, and sign out:  {shop}/

The same with curl, whose cookies are in jar.txt; pages of a session want the header X-CSRF:

  TICKET=$(curl -sL -c jar.txt -b jar.txt '{shop}/bff/login?return_to=/' | sed -n 's/.*name="ticket" value="\([^"]*\)".*/\1/p' | head -n 1)
  curl -sL -o /dev/null -c jar.txt -b jar.txt -d user=u-1 -d ticket=$TICKET {provider}/sign-in
  curl -s -b jar.txt -H 'X-CSRF: 1' {shop}/web/v1/me
  curl -s -b jar.txt -H 'X-CSRF: 1' {shop}/web/v1/orders
  curl -s -b jar.txt -H 'X-CSRF: 1' -H 'Idempotency-Key: k-1' -H 'Content-Type: application/json' -d '{{"productId":"p-1","units":2}}' {shop}/web/v1/cart/items
  curl -s -b jar.txt -H 'X-CSRF: 1' {shop}/bff/user

End the user's sessions as the identity provider would, break it, and heal it:

  curl -X POST {provider}/control/users/u-1/end-session
  curl -X PUT '{provider}/control/faults/token/status?code=503'
  curl -X DELETE {provider}/control/faults

Partner catalogue:

  curl -s -H 'Authorization: Bearer {partner}' 'http://127.0.0.1:8083/v2/products?limit=2'

Break a service, look at the page again, and heal it:

  curl -X PUT {control}/faults/recommendations/hang-before-headers
  curl -X PUT '{control}/faults/users/status?code=500'
  curl -X DELETE {control}/faults

What the services see, and all faults there are:  curl -s {control}/

Consoles, for a browser; /metrics, /readyz and /policy are beside them:
{admin}

Ctrl-C stops everything.
"#
    )
}
