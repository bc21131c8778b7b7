//! Signatures that are not this token's, by this issuer, in the one encoding that there is.

use crate::forge::*;
use bff_testkit::json;

/// The order of P-256: no number of a signature is that large (FIPS 186-5, section 6.4.2).
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

pub(crate) fn all() -> Vec<Attack> {
    let (rs, es) = (good(), good_es256());
    let (rs_bytes, es_bytes) = (signature(&rs), signature(&es));
    let [head, payload, signed] = parts(&rs);
    let yours = issuer().sign(&issuer().header(), &with(claims(), "sub", json!("u-2")));
    let [_, other_payload, other_signed] = parts(&yours);
    let (r, s) = es_bytes.split_at(32);
    let flipped: Vec<u8> =
        rs_bytes.iter().enumerate().map(|(n, b)| b ^ u8::from(n == 200)).collect();
    let of_other = with(claims(), "iss", json!(OTHER));
    vec![
        ("another token's signature", format!("{head}.{payload}.{other_signed}")),
        ("another token's payload", format!("{head}.{other_payload}.{signed}")),
        ("one bit flipped", resigned(&rs, flipped)),
        ("cut short", resigned(&rs, &rs_bytes[..255])),
        ("one byte", resigned(&rs, [0])),
        ("doubled", resigned(&rs, [rs_bytes.as_slice(), rs_bytes.as_slice()].concat())),
        ("a byte more", resigned(&rs, [rs_bytes.as_slice(), &[0]].concat())),
        ("a zero before", resigned(&rs, [&[0], rs_bytes.as_slice()].concat())),
        ("zeros", resigned(&rs, [0; 256])),
        ("ones", resigned(&rs, [0xff; 256])),
        ("the number one", resigned(&rs, [[0; 255].as_slice(), &[1]].concat())),
        ("ECDSA r = s = 0", resigned(&es, [0; 64])),
        ("ECDSA r = 0", resigned(&es, [[0; 32].as_slice(), s].concat())),
        ("ECDSA s = 0", resigned(&es, [r, [0; 32].as_slice()].concat())),
        ("ECDSA r = n", resigned(&es, [ORDER.as_slice(), s].concat())),
        ("ECDSA s = n", resigned(&es, [r, ORDER.as_slice()].concat())),
        ("ECDSA r = s = n", resigned(&es, [ORDER, ORDER].concat())),
        ("ECDSA swapped", resigned(&es, [s, r].concat())),
        ("ECDSA 63 bytes", resigned(&es, &es_bytes[..63])),
        ("ECDSA 65 bytes", resigned(&es, [es_bytes.as_slice(), &[0]].concat())),
        ("ECDSA of P-384's length", resigned(&es, [0x11; 96])),
        ("ECDSA in DER", resigned(&es, der(r, s))),
        ("ECDSA under an RSA header", resigned(&rs, &es_bytes)),
        ("RSA under an ECDSA header", resigned(&es, &rs_bytes)),
        ("a stranger's signature", STRANGER.sign(&issuer().header(), &claims())),
        ("a stranger's ES256", STRANGER.sign_es256(&es256(), &claims())),
        ("the other issuer's key for ours", OTHERS.sign(&OTHERS.header(), &claims())),
        ("our key for the other issuer", issuer().sign(&issuer().header(), &of_other)),
        (
            "header in other bytes",
            format!("{}.{payload}.{signed}", base64(format!(" {}", issuer().header()))),
        ),
    ]
}

/// `SEQUENCE { INTEGER r, INTEGER s }`, as X.509 has it and JOSE does not (RFC 7518, section 3.4).
fn der(r: &[u8], s: &[u8]) -> Vec<u8> {
    let integer = |number: &[u8]| {
        let sign: &[u8] =
            if number.first().is_some_and(|first| *first >= 0x80) { &[0] } else { &[] };
        let number = [sign, number].concat();
        [vec![2, u8::try_from(number.len()).unwrap()], number].concat()
    };
    let both = [integer(r), integer(s)].concat();
    [vec![0x30, u8::try_from(both.len()).unwrap()], both].concat()
}
