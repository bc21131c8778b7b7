//! Tokens that try to choose how, and with what, they are verified.

use crate::forge::*;
use bff_testkit::{Json, json};

pub(crate) fn all() -> Vec<Attack> {
    let claims = claims();
    let signed = |member: &str, value: Json| issuer().sign(&header(member, value), &claims);
    let unsigned = |alg: &str| {
        let [head, payload, _] = parts(&signed("alg", json!(alg)));
        format!("{head}.{payload}.")
    };
    let keys: Json = serde_json_of(&issuer().jwks());
    let jwk = keys["keys"][0].to_string();
    let hs256 =
        |alg: &str, secret: &[u8]| issuer().sign_hs256(&header("alg", json!(alg)), &claims, secret);
    let stranger_key = serde_json_of(&STRANGER.jwks())["keys"][0].clone();
    let brought = |member: &str, value: Json| STRANGER.sign(&header(member, value), &claims);
    let raw =
        |raw: &str| issuer().sign_text(&with_raw(&issuer().header(), raw), &claims.to_string());
    vec![
        ("alg none", unsigned("none")),
        ("alg None", unsigned("None")),
        ("alg NONE", unsigned("NONE")),
        ("alg nOnE", unsigned("nOnE")),
        ("alg ' none'", unsigned(" none")),
        ("alg none, signed all the same", signed("alg", json!("none"))),
        ("alg empty", signed("alg", json!(""))),
        ("alg missing", signed("alg", Json::Null)),
        ("alg as list", signed("alg", json!(["RS256"]))),
        ("alg in lower case", signed("alg", json!("rs256"))),
        ("HS256 with the public key in PEM", hs256("HS256", issuer().public_key_pem().as_bytes())),
        (
            "HS256 with the PEM trimmed",
            hs256("HS256", issuer().public_key_pem().trim_end().as_bytes()),
        ),
        ("HS256 with the public key in DER", hs256("HS256", issuer().public_key_der())),
        ("HS256 with the public key as JWK", hs256("HS256", jwk.as_bytes())),
        ("HS256 with the whole set", hs256("HS256", issuer().jwks().as_bytes())),
        ("HS256 with nothing", hs256("HS256", b"")),
        ("HS256 that says RS256", hs256("RS256", issuer().public_key_pem().as_bytes())),
        ("RS512 of the same key", issuer().sign_rs512(&header("alg", json!("RS512")), &claims)),
        ("RS512 that says RS256", issuer().sign_rs512(&issuer().header(), &claims)),
        ("PS256 of the same family", signed("alg", json!("PS256"))),
        ("RS256 that says ES256", issuer().sign(&es256(), &claims)),
        (
            "ES256 with the RSA key's id",
            issuer().sign_es256(&with(es256(), "kid", json!("dev-1")), &claims),
        ),
        ("kid that walks", signed("kid", json!("../../../../dev/null"))),
        ("kid with SQL", signed("kid", json!("x' UNION SELECT 'secret' --"))),
        ("kid with a command", signed("kid", json!("dev-1|/usr/bin/id"))),
        ("kid with NUL", signed("kid", json!("dev-1\0"))),
        ("kid very long", signed("kid", json!("k".repeat(5000)))),
        ("kid as number", signed("kid", json!(1))),
        ("kid as list", signed("kid", json!(["dev-1"]))),
        ("kid as URL", signed("kid", json!("https://stranger.test/keys"))),
        ("kid of a withdrawn key", STRANGER.sign(&header("kid", json!("dev-0")), &claims)),
        ("kid of a key for encryption", ENCRYPTS.sign(&header("kid", json!("enc-1")), &claims)),
        ("kid empty", signed("kid", json!(""))),
        ("jwk brought along", brought("jwk", stranger_key.clone())),
        ("jku of the attacker", brought("jku", json!("https://stranger.test/keys"))),
        ("x5u of the attacker", brought("x5u", json!("https://stranger.test/cert.pem"))),
        ("x5c of the attacker", brought("x5c", json!([base64(STRANGER.public_key_der())]))),
        (
            "jwk brought along, without kid",
            STRANGER.sign(&with(header("jwk", stranger_key), "kid", Json::Null), &claims),
        ),
        ("crit with a known claim", signed("crit", json!(["exp"]))),
        ("crit empty", signed("crit", json!([]))),
        ("crit null", raw(r#""crit":null"#)),
        ("b64 false", signed("b64", json!(false))),
        ("b64 false in crit", raw(r#""b64":false,"crit":["b64"]"#)),
        ("zip", signed("zip", json!("DEF"))),
        ("typ missing", signed("typ", Json::Null)),
        ("typ logout+jwt", signed("typ", json!("logout+jwt"))),
        ("typ dpop+jwt", signed("typ", json!("dpop+jwt"))),
        ("typ id+jwt", signed("typ", json!("id+jwt"))),
        ("typ as list", signed("typ", json!(["at+jwt"]))),
        ("alg twice", raw(r#""alg":"RS256""#)),
        ("kid twice", raw(r#""kid":"dev-2""#)),
        ("typ twice", raw(r#""typ":"at+jwt""#)),
    ]
}

fn serde_json_of(text: &str) -> Json {
    text.parse().unwrap()
}
