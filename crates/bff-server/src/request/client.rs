//! Where a request comes from, as far as trusted proxies tell it.

use super::headers::lines;
use crate::{ForwardingHeader, ServerSettings, settings::trust};
use actix_web::{HttpRequest, http::header};
use bff_core::fields::{self, Quotes};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The client's address: the nearest one that no trusted proxy has. What proxies say stands in the one
/// header that they are known to write, the nearest last; whatever stands before the first stranger,
/// the stranger may have written.
pub(crate) fn client(request: &HttpRequest, limits: &ServerSettings) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip().to_canonical();
    let is_trusted = |ip| trust::has(&limits.trusted_proxies, ip);
    if !is_trusted(peer) {
        return Some(peer);
    }
    let client = match limits.forwarding_header() {
        ForwardingHeader::None => None,
        ForwardingHeader::Forwarded => {
            let elements = fields::members(lines(request, header::FORWARDED), Quotes::Strings);
            nearest_stranger(elements.map(forwarded_for), is_trusted)
        }
        ForwardingHeader::XForwardedFor => {
            let nodes = fields::members(lines(request, header::X_FORWARDED_FOR), Quotes::None);
            nearest_stranger(nodes.map(node), is_trusted)
        }
    };
    Some(client.unwrap_or(peer))
}

/// The last address that is not trusted, or else the first of all, with nothing unreadable behind it:
/// who hides behind a name is the proxy that said so.
fn nearest_stranger(
    said: impl Iterator<Item = Option<IpAddr>>,
    is_trusted: impl Fn(IpAddr) -> bool,
) -> Option<IpAddr> {
    said.fold(None, |client, said| match said {
        Some(ip) if is_trusted(ip) => client.or(said),
        _ => said,
    })
}

/// The `for` of one element of `Forwarded`. It has to be readable from end to end: what a stranger
/// wrote in front of it can end in a quote, and then the proxy's own words stand where they mean
/// something else.
fn forwarded_for(element: &[u8]) -> Option<IpAddr> {
    let mut found = None;
    for pair in fields::pairs(element) {
        let pair = pair?;
        if pair.is("for") && found.replace(node(&pair.value)?).is_some() {
            return None;
        }
    }
    found
}

/// An address, perhaps with a port; in version 6 perhaps in brackets, and with a port in any case
/// (RFC 7239, section 6). A name, as `unknown` or `_hidden`, is none.
fn node(text: &[u8]) -> Option<IpAddr> {
    let quoted = fields::unquoted(text);
    let text = str::from_utf8(quoted.as_deref().unwrap_or(text)).ok()?;
    let (ip, port): (IpAddr, &str) = match text.strip_prefix('[') {
        Some(rest) => {
            let (ip, port) = rest.split_once(']')?;
            (ip.parse::<Ipv6Addr>().ok()?.into(), port)
        }
        None => match text.find(':') {
            Some(colon) if text.rfind(':') == Some(colon) => {
                let (ip, port) = text.split_at(colon);
                (ip.parse::<Ipv4Addr>().ok()?.into(), port)
            }
            _ => (text.parse().ok()?, ""),
        },
    };
    (port.is_empty() || port.strip_prefix(':').is_some_and(is_port)).then(|| ip.to_canonical())
}

/// Up to five digits, or a name (RFC 7239, section 6.3).
fn is_port(port: &str) -> bool {
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
    };
    match port.strip_prefix('_') {
        Some(name) => is_name(name),
        None => (1..=5).contains(&port.len()) && port.bytes().all(|b| b.is_ascii_digit()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;
    use std::net::SocketAddr;

    /// Who the client is where proxies are known to write this header.
    fn client(written: &str, peer: &str, lines: &[(&'static str, &[u8])]) -> String {
        let settings = format!(
            r#"{{"listen":"127.0.0.1:0","trusted_proxies":["10.0.0.0/8"],"forwarding_header":"{written}"}}"#
        );
        let limits: ServerSettings = serde_json::from_str(&settings).unwrap();
        let request = TestRequest::get().peer_addr(SocketAddr::new(peer.parse().unwrap(), 1));
        let request = lines.iter().fold(request, |request, (name, value)| {
            request.append_header((*name, header::HeaderValue::from_bytes(value).unwrap()))
        });
        super::client(&request.to_http_request(), &limits).unwrap().to_string()
    }

    #[test]
    fn the_client_is_the_nearest_stranger() {
        for (peer, name, value, expected) in [
            ("9.9.9.9", "x-forwarded-for", "1.1.1.1", "9.9.9.9"),
            ("10.0.0.1", "x-forwarded-for", "1.1.1.1", "1.1.1.1"),
            ("10.0.0.1", "x-forwarded-for", "6.6.6.6, 1.1.1.1, 10.0.0.2", "1.1.1.1"),
            ("10.0.0.1", "x-forwarded-for", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
            ("10.0.0.1", "x-forwarded-for", "1.1.1.1, nonsense", "10.0.0.1"),
            ("10.0.0.1", "x-forwarded-for", "1.1.1.1, unknown, 10.0.0.2", "10.0.0.2"),
            ("10.0.0.1", "x-forwarded-for", "", "10.0.0.1"),
            ("10.0.0.1", "x-forwarded-for", "2001:db8::1", "2001:db8::1"),
            ("::ffff:10.0.0.1", "x-forwarded-for", "1.1.1.1:4711", "1.1.1.1"),
            ("10.0.0.1", "forwarded", "for=1.1.1.1;proto=https", "1.1.1.1"),
            (
                "10.0.0.1",
                "forwarded",
                "for=6.6.6.6, proto=https;For=\"[2001:db8::1]:80\"",
                "2001:db8::1",
            ),
            ("10.0.0.1", "forwarded", "for=1.1.1.1, for=_hidden", "10.0.0.1"),
            ("10.0.0.1", "forwarded", "for=\"[2001:db8::1]\"", "2001:db8::1"),
        ] {
            let came = client(name, peer, &[(name, value.as_bytes())]);
            assert_eq!(came, expected, "{peer} {name}: {value}");
        }
    }

    #[test]
    fn c13_only_the_header_counts_that_proxies_are_known_to_write() {
        let (forwarded, x_forwarded_for) = ("forwarded", "x-forwarded-for");
        for (written, lines, expected) in [
            (
                x_forwarded_for,
                &[(forwarded, "for=6.6.6.6"), (x_forwarded_for, "1.1.1.1")][..],
                "1.1.1.1",
            ),
            (x_forwarded_for, &[(x_forwarded_for, "1.1.1.1"), (forwarded, "for=_x")], "1.1.1.1"),
            (x_forwarded_for, &[(forwarded, "for=6.6.6.6")], "10.0.0.1"),
            (forwarded, &[(x_forwarded_for, "6.6.6.6"), (forwarded, "for=1.1.1.1")], "1.1.1.1"),
            (forwarded, &[(x_forwarded_for, "6.6.6.6")], "10.0.0.1"),
            ("none", &[(x_forwarded_for, "6.6.6.6"), (forwarded, "for=6.6.6.6")], "10.0.0.1"),
            (x_forwarded_for, &[("x-real-ip", "6.6.6.6"), ("x-client-ip", "6.6.6.6")], "10.0.0.1"),
        ] {
            let lines: Vec<_> =
                lines.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
            assert_eq!(client(written, "10.0.0.1", &lines), expected, "{written}: {lines:?}");
        }
    }

    #[test]
    fn c13_all_lines_are_one_list_and_a_part_that_is_no_text_costs_no_other() {
        for (lines, expected) in [
            (&[&b"6.6.6.6"[..], b"1.1.1.1"][..], "1.1.1.1"),
            (&[b"6.6.6.6, 1.1.1.1", b"10.0.0.2"], "1.1.1.1"),
            (&[b"M\xc3\xbcnchen, 1.1.1.1"], "1.1.1.1"),
            (&[b"\xff", b"1.1.1.1"], "1.1.1.1"),
            (&[b"\"6.6.6.6", b"1.1.1.1"], "1.1.1.1"),
            (&[b"\"6.6.6.6, 1.1.1.1"], "1.1.1.1"),
            (&[b"1.1.1.1", b"", b","], "1.1.1.1"),
            (&[b"1.1.1.1, \xff"], "10.0.0.1"),
        ] {
            let lines: Vec<_> = lines.iter().map(|line| ("x-forwarded-for", *line)).collect();
            assert_eq!(client("x-forwarded-for", "10.0.0.1", &lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn c13_a_quote_that_a_stranger_leaves_open_forges_nothing() {
        let honest = [r#"for="[2001:db8::9]""#, "for=9.9.9.9", r#"for=9.9.9.9;proto="https""#];
        for stranger in [
            r#"for=6.6.6.6;x=""#,
            r#"for=6.6.6.6, for=""#,
            r#"for=6.6.6.6;x="\"#,
            r#"for=6.6.6.6;x="\"\"#,
            r#""for=6.6.6.6"#,
            "for=6.6.6.6;",
            "for=6.6.6.6;for",
        ] {
            for proxy in honest {
                let line = format!("{stranger}, {proxy}");
                let came = client("forwarded", "10.0.0.1", &[("forwarded", line.as_bytes())]);
                assert!(came != "6.6.6.6", "{line}");
                let lines = [("forwarded", stranger.as_bytes()), ("forwarded", proxy.as_bytes())];
                let came = client("forwarded", "10.0.0.1", &lines);
                assert!(["2001:db8::9", "9.9.9.9"].contains(&&*came), "{lines:?}: {came}");
            }
        }
    }

    #[test]
    fn a_node_is_an_address_with_or_without_a_port() {
        for (text, expected) in [
            ("192.0.2.1", Some("192.0.2.1")),
            ("192.0.2.1:80", Some("192.0.2.1")),
            ("192.0.2.1:_p-1", Some("192.0.2.1")),
            ("\"192.0.2.1\"", Some("192.0.2.1")),
            ("::ffff:192.0.2.1", Some("192.0.2.1")),
            ("[::ffff:192.0.2.1]:80", Some("192.0.2.1")),
            ("2001:db8::1", Some("2001:db8::1")),
            ("[2001:DB8::1]", Some("2001:db8::1")),
            ("[2001:db8::1]:65535", Some("2001:db8::1")),
            ("", None),
            ("unknown", None),
            ("_hidden", None),
            ("192.0.2.1:", None),
            ("192.0.2.1:_", None),
            ("192.0.2.1:http", None),
            ("192.0.2", None),
            ("0300.0.2.1", None),
            ("192.0.2.1/24", None),
            ("[2001:db8::1", None),
            ("2001:db8::1]", None),
            ("[2001:db8::1]80", None),
            ("[192.0.2.1]", None),
            ("fe80::1%eth0", None),
            ("\"192.0.2.1", None),
            ("192.0.2.1 6.6.6.6", None),
        ] {
            let ip = node(text.as_bytes()).map(|ip| ip.to_string());
            assert_eq!(ip.as_deref(), expected, "{text}");
        }
    }
}
