//! What a newcomer reads when everything runs: what to paste, and what to break.

use bff_contracts::Route;
use bff_dev::declared::{Declared, DeclaredSession};
use bff_fixtures::{Issuer, Json, json};
use bff_neighbours::{SampleServices, idp::IdentityProvider};
use std::fmt::Write;

/// As in paths and bodies: the sample services have this user and this product.
const USER: &str = "u-1";
const THING: &str = "p-1";

/// The text that is printed once everything is ready.
pub(crate) fn welcome(
    bffs: &[Declared],
    services: &SampleServices,
    idp: &IdentityProvider,
    with_bffs: bool,
) -> String {
    let names: Vec<&str> = bffs.iter().map(|bff| bff.name.as_str()).collect();
    let state = match (with_bffs, names.split_last()) {
        (true, Some((last, others))) => {
            format!("Ready: the sample services, and the BFFs {} and {last}.", others.join(", "))
        }
        _ => "Ready: the sample services. Start a BFF beside them: cargo run -p bff-<name>"
            .to_owned(),
    };
    let control = services.control_url();
    let mut out = format!("\n{state}\n");
    // Writing into a string does not fail.
    for bff in bffs {
        let _ = match &bff.session {
            Some(session) => write!(out, "{}", with_session(bff, session, idp.url())),
            None => write!(out, "{}", with_token(bff)),
        };
    }
    let _ = write!(
        out,
        r#"
Break a service, look at a page again, and heal it:

  curl -X PUT {control}/faults/recommendations/hang-before-headers
  curl -X PUT '{control}/faults/users/status?code=500'
  curl -X DELETE {control}/faults

What the services see, and all faults there are:  curl -s {control}/

Consoles, for a browser; /metrics, /readyz and /policy are beside them:
"#
    );
    for Declared { name, admin_address, .. } in bffs {
        let _ = writeln!(out, "  {name:<8} http://{admin_address}/");
    }
    out + "\nCtrl-C stops everything.\n"
}

/// Every route of a BFF that takes tokens, or asks for nothing.
fn with_token(bff: &Declared) -> String {
    let Declared { name, address, .. } = bff;
    let mut out = format!("\nThe {name} BFF");
    let mut header = "";
    if let Some(audience) = &bff.audience {
        let token = Issuer::shared().token_with(USER, audience, &bff.scopes());
        let _ =
            write!(out, ", as user {USER} (the token is good for an hour):\n\n  TOKEN={token}\n");
        header = "-H \"Authorization: Bearer $TOKEN\" ";
    } else {
        out.push_str(":\n\n");
    }
    for route in &bff.routes {
        let header = if route.is_open { "" } else { header };
        let _ = writeln!(out, "{}", call(route, header, &format!("http://{address}")));
    }
    out
}

/// Every route of a BFF whose users sign in, and how they do.
fn with_session(bff: &Declared, session: &DeclaredSession, provider: &str) -> String {
    let Declared { name, .. } = bff;
    let shop = session.public_url.as_str().trim_end_matches('/');
    let mut out = format!("\nThe {name} BFF, for everybody:\n\n");
    for route in bff.routes.iter().filter(|route| route.is_open) {
        let _ = writeln!(out, "{}", call(route, "", shop));
    }
    let _ = write!(
        out,
        r#"
Sign in to it with a browser, look around, and sign out:  {shop}/

The same with curl, whose cookies are in jar.txt; pages of a session want the header X-CSRF:

  TICKET=$(curl -sL -c jar.txt -b jar.txt '{shop}/bff/login?return_to=/' | sed -n 's/.*name="ticket" value="\([^"]*\)".*/\1/p' | head -n 1)
  curl -sL -o /dev/null -c jar.txt -b jar.txt -d user={USER} -d ticket=$TICKET {provider}/sign-in
"#
    );
    for route in bff.routes.iter().filter(|route| !route.is_open) {
        let _ = writeln!(out, "{}", call(route, "-b jar.txt -H 'X-CSRF: 1' ", shop));
    }
    let _ = write!(
        out,
        r#"  curl -s -b jar.txt -H 'X-CSRF: 1' {shop}/bff/user

End the user's sessions as the identity provider would, break it, and heal it:

  curl -X POST {provider}/control/users/{USER}/end-session
  curl -X PUT '{provider}/control/faults/token/status?code=503'
  curl -X DELETE {provider}/control/faults
"#
    );
    out
}

/// A line to paste, with parameters and a body that the sample services know.
fn call(route: &Route, headers: &str, origin: &str) -> String {
    let part = |part| if str::starts_with(part, '{') { THING } else { part };
    let path = route.path.split('/').map(part).collect::<Vec<_>>().join("/");
    let body = route.body.as_ref().map_or(String::new(), |body| {
        format!(
            "-H 'Idempotency-Key: k-1' -H 'Content-Type: application/json' -d '{}' ",
            example(body)
        )
    });
    format!("  curl -s {headers}{body}{origin}{path}")
}

/// A value for the sketch of a contract.
fn example(sketch: &Json) -> Json {
    match sketch {
        Json::Object(members) => members
            .iter()
            .map(|(name, sketch)| (name.trim_end_matches('?').to_owned(), example(sketch)))
            .collect(),
        Json::Array(items) => items.iter().map(example).collect(),
        Json::String(kind) => match kind.as_str() {
            "whole number" | "number" => json!(2),
            "true or false" => json!(true),
            "text" => json!(THING),
            words => json!(words.split(" | ").next().unwrap_or_default()),
        },
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bff_contracts::workspace;

    #[test]
    fn every_route_of_every_bff_has_a_line_to_paste() {
        let bffs = Declared::all(&workspace::root()).unwrap();
        let (services, idp) =
            (SampleServices::start().unwrap(), IdentityProvider::start().unwrap());
        let text = welcome(&bffs, &services, &idp, true);
        assert!(bffs.len() >= 3 && bffs.iter().any(|bff| bff.session.is_some()));
        for bff in &bffs {
            for route in &bff.routes {
                let path = route.path.replace("{product}", "p-1");
                let line = text.lines().find(|line| line.ends_with(&path));
                let line = line.unwrap_or_else(|| unreachable!("{path}\n{text}"));
                assert!(line.starts_with("  curl -s "), "{line}");
                assert_eq!(line.contains(" -d '{"), route.body.is_some(), "{line}");
                let proves = ["$TOKEN", "jar.txt"].iter().any(|what| line.contains(what));
                assert_eq!(proves, !route.is_open, "{line}");
            }
            assert!(text.contains(&format!("http://{}/", bff.admin_address)));
        }
    }
}
