//! The page itself: what it may do, what it must not show, and that text in it is text.

use crate::bed::{ADMIN, admin, ask, start};
use bff_testkit::{Fault, Service as Sample, http};

#[test]
fn the_page_is_one_document_that_may_fetch_nothing_but_itself() {
    let bff = start(ADMIN);
    assert_eq!(ask(&bff, 1).status, 200);
    for path in ["/", "/console"] {
        let reply = admin(&bff, path);
        assert_eq!(
            (reply.status, reply.header("content-type")),
            (200, Some("text/html; charset=utf-8"))
        );
        let policy = reply.header("content-security-policy").unwrap_or_default();
        assert!(
            policy.starts_with("default-src 'none';") && !policy.contains("unsafe"),
            "{policy}"
        );
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        let html = reply.text();
        assert_eq!([html.matches("<script").count(), html.matches("<style").count()], [1, 1]);
        for forbidden in ["src=", " style=", "onclick", "<link", "@import", "url("] {
            assert!(!html.contains(forbidden), "{forbidden}");
        }
        for shown in [
            "/test/v1/pages/{id}",
            "product",
            "critical",
            "breaker closed",
            "http-equiv=\"refresh\"",
        ] {
            assert!(html.contains(shown), "{shown} in {html}");
        }
        for link in html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert_eq!(admin(&bff, link).status, 200, "{link}");
        }
    }
    for path in ["/console", "/console.json", "/configuration", "/version", "/openapi"] {
        assert_eq!(bff.send("GET", path, &[]).status, 404, "{path} is nobody's outside");
    }
}

#[test]
fn a_bff_that_nobody_asks_is_not_said_to_be_well() {
    let bff = start(ADMIN);
    let says = |text: &str| admin(&bff, "/").text().contains(text);
    assert!(says("Nobody asked in this window") && !says("Nothing is wrong"));
    assert_eq!(ask(&bff, 1).status, 200);
    assert!(says("Nothing is wrong in this window") && !says("Nobody asked in"));
}

#[test]
fn names_that_look_like_markup_are_text() {
    let hostile = "<img src=x onerror=alert(1)>";
    let bff = start(&format!("[services.\"{hostile}\"]\nurl = \"http://nowhere\"\n{ADMIN}"));
    let html = admin(&bff, "/").text();
    assert!(!html.contains("<img"), "{html}");
    assert!(html.contains("&lt;img src=x onerror=alert(1)&gt;"), "{html}");
}

#[test]
fn no_page_of_the_admin_port_shows_a_secret() {
    let more = format!(
        "{ADMIN}\n[traces]\notlp_endpoint = \"http://me:hunter2@127.0.0.1:9/v1/traces?key=hunter2\"\n\
         [credentials.main]\nkind = \"static_key\"\nheader = \"x-api-key\"\nsecret = \"hunter2\"\n\
         [credentials.own]\nkind = \"client_credentials\"\nclient_id = \"a\"\n\
         client_secret = \"hunter2\"\ntoken_url = \"http://127.0.0.1:9/token?key=hunter2\"\n\
         [cache.redis]\nurl = \"redis://127.0.0.1:9\"\nusername = \"me\"\npassword = \"hunter2\"\n\
         [services.vouched]\nurl = \"http://127.0.0.1:9\"\ncredential = \"main\"\n"
    );
    let bff = start(&more);
    bff.services.set_fault(Sample::Pricing, Some(Fault::Reset));
    assert_eq!(ask(&bff, 1).status, 200);
    for path in [
        "/",
        "/console",
        "/console.json",
        "/configuration",
        "/policy",
        "/cache",
        "/metrics",
        "/version",
        "/openapi",
        "/openapi.json",
        "/internal-jwks",
        "/livez",
        "/readyz",
        "/startupz",
    ] {
        let reply = http::send(bff.admin_address, "GET", path, &[]).unwrap();
        assert!(!reply.text().contains("hunter2"), "{path}: {}", reply.text());
    }
    let configuration = admin(&bff, "/configuration").text();
    for shown in [
        "http://***@127.0.0.1:9/v1/traces?***",
        "redis://127.0.0.1:9",
        "\"***\"",
        "head_timeout = \"5s\"",
    ] {
        assert!(configuration.contains(shown), "{shown} in {configuration}");
    }
}
