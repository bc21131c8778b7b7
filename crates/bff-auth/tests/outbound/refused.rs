//! Settings that cannot work are refused by their key, and no secret is in the text.

use crate::{credentials, keys};
use bff_auth::outbound::{Credentials, Wanted};
use bff_core::ports::Identity;
use bff_fixtures::TestFile;
use std::collections::BTreeMap;

const TOKEN: &str = "token_url = \"https://issuer.test/token\"\nclient_id = \"mobile-bff\"\n";

fn check(settings: &str, parts: &[&str]) {
    let error = credentials(settings).err().map(|error| error.to_string()).unwrap_or_default();
    for part in parts {
        assert!(error.contains(part), "{settings}: `{part}` is not in `{error}`");
    }
    assert!(!error.contains("hunter2"), "{settings}: {error}");
}

#[test]
fn a_credential_that_cannot_work_is_refused() {
    let (empty, p384) = (TestFile::new("empty", "\n"), TestFile::new("p384.pem", &keys::p384()));
    let (empty, p384) = (empty.0.display(), p384.0.display());
    let main = "[credentials.main]\nkind = ";
    let own = format!("{main}\"client_credentials\"\n");
    let key = format!("{main}\"static_key\"\n");
    let one_of = "client_secret_file: expected one of";
    for (settings, parts) in [
        (format!("{own}{TOKEN}"), ["credentials.main", one_of]),
        (
            format!("{own}{TOKEN}client_secret = \"hunter2\"\nprivate_key_file = \"k\""),
            ["credentials.main", one_of],
        ),
        (
            format!("{own}{TOKEN}client_secret_file = \"no/such\""),
            ["credentials.main.client_secret_file", "no/such"],
        ),
        (
            format!("{own}{TOKEN}client_secret_file = \"{empty}\""),
            ["credentials.main.client_secret_file", "empty"],
        ),
        (
            format!("{own}{TOKEN}private_key_file = \"{p384}\""),
            ["credentials.main.private_key_file", "ES256, RS256"],
        ),
        (
            format!("{own}token_url = \"ftp://a\"\nclient_id = \"a\"\nclient_secret = \"hunter2\""),
            ["credentials.main.token_url", "https://"],
        ),
        (
            format!(
                "{own}token_url = \"https://a:hunter2@b\"\nclient_id = \"a\"\nclient_secret = \"b\""
            ),
            ["credentials.main.token_url", "password"],
        ),
        (
            format!(
                "{own}token_url = \"https://a\"\nclient_id = \"\"\nclient_secret = \"hunter2\""
            ),
            ["credentials.main.client_id", "empty"],
        ),
        (
            format!("{main}\"token_exchange\"\n{TOKEN}client_secret = \"hunter2\""),
            ["credentials.main.audience", "missing"],
        ),
        (
            format!("{key}header = \"x y\"\nsecret = \"hunter2\""),
            ["credentials.main.header", "name"],
        ),
        (
            format!("{key}header = \"X-User-Id\"\nsecret = \"hunter2\""),
            ["credentials.main.header", "x-user-id"],
        ),
        (
            format!("{key}header = \"x-key\"\nsecret = \"hunter2\\n\""),
            ["credentials.main.secret", "characters"],
        ),
        (format!("{key}header = \"x-key\""), ["credentials.main.file", "one of"]),
        (
            format!("{key}header = \"x-key\"\nfile = \"{empty}\""),
            ["credentials.main.file", "empty"],
        ),
        (
            "[internal_tokens]\nkey_file = \"no/such\"".to_owned(),
            ["internal_tokens.key_file", "no/such"],
        ),
        (
            format!("[internal_tokens]\nkey_file = \"{p384}\""),
            ["internal_tokens.key_file", "EdDSA, ES256"],
        ),
        (
            format!("[internal_tokens]\nkey_file = \"{p384}\"\nlifetime = \"1s\""),
            ["internal_tokens.lifetime", "10s"],
        ),
        (
            format!("[internal_tokens]\nkey_file = \"{empty}\""),
            ["internal_tokens.key_file", "PRIVATE KEY"],
        ),
    ] {
        check(&settings, &parts);
    }
}

#[test]
fn a_service_that_wants_what_there_is_not_is_refused() {
    let wanted = Wanted { service: "users", credential: Some("gone"), identity: None };
    let signed = Wanted { credential: None, identity: Some(Identity::Signed), ..wanted };
    for (wanted, text) in [
        (wanted, "services.users.credential: there is no [credentials.gone]"),
        (signed, "services.users.identity: `signed` needs [internal_tokens]"),
    ] {
        let refused = Credentials::new("mobile", &BTreeMap::new(), None, [wanted]);
        assert_eq!(refused.unwrap_err().to_string(), text);
    }
}
