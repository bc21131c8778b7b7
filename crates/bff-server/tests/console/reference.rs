//! The reference says what the document says, for people, and leads nowhere else.

use crate::bed::{ADMIN, admin, bff as table, start};

#[test]
fn the_reference_is_a_page_without_a_script_that_leads_only_home() {
    let bff = start(ADMIN);
    let reply = admin(&bff, "/openapi");
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (200, Some("text/html; charset=utf-8"))
    );
    let policy = reply.header("content-security-policy").unwrap_or_default();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    assert!(!policy.contains("script-src") && !policy.contains("unsafe"), "{policy}");
    let html = reply.text();
    for forbidden in ["<script", "src=", " style=", "<link", "@import", "url(", "http:", "https:"] {
        assert!(!html.contains(forbidden), "{forbidden}");
    }
    for link in html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        match link.strip_prefix('#') {
            Some(place) => assert!(html.contains(&format!("id=\"{place}\"")), "{link}"),
            None => assert_eq!(admin(&bff, link).status, 200, "{link}"),
        }
    }
    assert!(admin(&bff, "/").text().contains("href=\"/openapi\""));
}

#[test]
fn every_endpoint_is_there_with_what_it_takes_and_answers() {
    let html = admin(&start(ADMIN), "/openapi").text();
    let cards: Vec<&str> = html.split("<section class=\"card\"").skip(1).collect();
    for endpoint in table().endpoints {
        let (method, path) = (endpoint.method().name(), endpoint.path());
        let own =
            |card: &&&str| card.contains(&format!(">{method}</b> <span class=\"path\">{path}<"));
        let card = cards.iter().find(own).copied().unwrap_or_default();
        let members = endpoint.shape().members().iter().map(|member| member.name);
        let sent = endpoint.body().into_iter().flat_map(bff_core::Shape::members);
        for name in members.chain(sent.map(|member| member.name)) {
            assert!(
                card.contains(&format!("<b class=\"name\">{name}</b>")),
                "{path} {name}: {card}"
            );
        }
        let revision = format!("always test.{}/{}", endpoint.name(), endpoint.shape().revision());
        for said in ["Everybody.", "Problems: 400 ", "404", "X-Schema-Version", &revision, "curl"] {
            assert!(card.contains(said), "{path} {said}: {card}");
        }
    }
    let page = cards.first().copied().unwrap_or_default();
    let price =
        "<b class=\"name\">price</b> <span class=\"type\">text</span> <span class=\"maybe\">";
    assert!(page.contains(price) || html.contains(price), "{html}");
    assert!(html.contains("curl &quot;$BFF/test/v1/pages/$ID&quot;"), "{html}");
    assert!(html.contains("curl -X POST"), "{html}");
    assert!(html.contains("one of GIFT, OWN"), "{html}");
}
