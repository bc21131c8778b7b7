//! What a newcomer reads when everything runs: what to paste, and what to break.

use crate::bffs::BFFS;
use bff_testkit::{Issuer, SampleServices};

/// The text that is printed once everything is ready.
pub(crate) fn welcome(services: &SampleServices, with_bffs: bool) -> String {
    let control = services.control_url();
    let token = |user: &str, bff: &str| Issuer::shared().token(user, &format!("{bff}-bff"));
    let mobile = token("u-1", "mobile");
    let partner = Issuer::shared().token_with("partner-1", "partner-bff", &["catalogue:read"]);
    let state = if with_bffs {
        "Ready: the sample services and the mobile, web and partner BFFs.".to_owned()
    } else {
        "Ready: the sample services. Start a BFF beside them: cargo run -p bff-mobile".to_owned()
    };
    let admin = BFFS
        .map(|(name, _, admin)| format!("  {name:<8} http://127.0.0.1:{admin}/metrics"))
        .join("\n");
    format!(
        r#"
{state}

Mobile home screen of user u-1 (token valid for an hour):

  curl -s -H 'Authorization: Bearer {mobile}' http://127.0.0.1:8081/mobile/v1/home

Mobile product screen, with the same token: http://127.0.0.1:8081/mobile/v1/products/p-1

Web product page:

  curl -s http://127.0.0.1:8082/web/v1/products/p-1

Partner catalogue:

  curl -s -H 'Authorization: Bearer {partner}' 'http://127.0.0.1:8083/v2/products?limit=2'

Break a service, look at the page again, and heal it:

  curl -X PUT {control}/faults/recommendations/hang-before-headers
  curl -X PUT '{control}/faults/users/status?code=500'
  curl -X DELETE {control}/faults

What the services see, and all faults there are:  curl -s {control}/

Health and metrics:
{admin}

Ctrl-C stops everything.
"#
    )
}
