//! Text that is not the one compact form of a signed token.

use crate::forge::*;
use bff_testkit::json;

pub(crate) fn all() -> Vec<Attack> {
    let good = good();
    let [head, payload, signature] = parts(&good);
    let (header, claims) = (issuer().header(), claims());
    let json = json!({ "protected": head, "payload": payload, "signature": signature });
    let deep = format!("{}{}", "[".repeat(2000), "]".repeat(2000));
    let large = with(claims.clone(), "roles", json!("x".repeat(9000)));
    vec![
        ("nothing", String::new()),
        ("garbage", "garbage".to_owned()),
        ("dots", "..".to_owned()),
        ("dots in quantity", ".".repeat(8000)),
        ("no signature part", format!("{head}.{payload}")),
        ("empty signature", format!("{head}.{payload}.")),
        ("empty payload", format!("{head}..{signature}")),
        ("empty header", format!(".{payload}.{signature}")),
        ("a trailing dot", format!("{good}.")),
        ("two trailing dots", format!("{good}..")),
        ("a leading dot", format!(".{good}")),
        (
            "five parts, as if encrypted",
            format!("{head}.{payload}.{signature}.{payload}.{signature}"),
        ),
        ("five parts of a real JWE header", {
            let jwe = base64(r#"{"alg":"RSA-OAEP","enc":"A256GCM","typ":"at+jwt","kid":"enc-1"}"#);
            format!("{jwe}.{signature}.{payload}.{payload}.{payload}")
        }),
        ("JSON serialisation", json.to_string()),
        ("flattened JSON in base64url", base64(json.to_string())),
        ("padded signature", format!("{good}==")),
        ("padded header", format!("{head}=.{payload}.{signature}")),
        ("standard base64", format!("{head}.{payload}.{}", "+/".repeat(171))),
        ("a space inside", format!("{head}. {payload}.{signature}")),
        ("a tab before", format!("\t{good}")),
        ("two tokens", format!("{good} {good}")),
        ("two tokens with a comma", format!("{good},{good}")),
        ("quoted", format!("\"{good}\"")),
        ("percent-encoded dots", good.replace('.', "%2E")),
        ("9 KiB", issuer().sign(&header, &large)),
        ("deep header", issuer().sign_text(&deep, &claims.to_string())),
        ("deep payload", issuer().sign_text(&header.to_string(), &deep)),
        (
            "header as array",
            issuer().sign_text(r#"["RS256","at+jwt","dev-1"]"#, &claims.to_string()),
        ),
        ("payload as text", issuer().sign_text(&header.to_string(), "\"u-1\"")),
        ("payload cut short", issuer().sign_text(&header.to_string(), r#"{"iss":"https://issuer"#)),
        ("not UTF-8", format!("{head}.{}.{signature}", base64([0xff, 0xfe]))),
    ]
}
