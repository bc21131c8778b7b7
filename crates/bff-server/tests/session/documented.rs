//! The pages at which users sign in and out answer as the BFF's own OpenAPI document says: status,
//! headers, type and members.

use crate::bed;
use bff_testkit::{Browser, Json, browser, http, http::Reply};

/// Checks an answer of a page against what is documented about that page and status.
fn is_documented(document: &Json, method: &str, path: &str, reply: &Reply) {
    let status = reply.status.to_string();
    let all = &document["paths"][path][method]["responses"];
    let mut response = &all[&status];
    if let Some(name) = response["$ref"].as_str() {
        response = document.pointer(name.trim_start_matches('#')).unwrap();
    }
    assert!(response.is_object(), "{method} {path}: {status}: {}", reply.text());
    for (name, header) in response["headers"].as_object().unwrap() {
        let said = reply.header(&name.to_ascii_lowercase());
        let header = match header["$ref"].as_str() {
            Some(name) => document.pointer(name.trim_start_matches('#')).unwrap(),
            None => header,
        };
        assert!(said.is_some() || header["required"] != true, "{path}: {status} has no {name}");
        let constant = header["schema"]["const"].as_str();
        assert!(constant.is_none() || constant == said, "{path}: {name} is {said:?}");
    }
    let content = response["content"].as_object();
    match (reply.header("content-type"), content) {
        (Some(kind), Some(content)) => assert!(content.contains_key(kind), "{path}: {kind}"),
        (None, None) => assert!(reply.body.is_empty(), "{path}: {}", reply.text()),
        (said, _) => unreachable!("{path}: {status}: the body's type is {said:?}"),
    }
    let json = content.and_then(|content| content.get("application/json"));
    let members = json.and_then(|json| json["schema"]["properties"].as_object());
    if let Some(members) = members {
        let members: Vec<_> = members.keys().cloned().collect();
        assert_eq!(reply.names(""), members, "{path}");
    }
}

#[test]
fn signing_in_and_out_is_as_documented() {
    let bed = bed::one();
    let (bff, idp) = (&bed.bffs[0], &bed.idp);
    let document = http::send(bff.admin_address, "GET", "/openapi.json", &[]).unwrap().json();
    let check = |method, path, reply: &Reply, status| {
        assert_eq!(reply.status, status, "{path}: {}", reply.text());
        is_documented(&document, method, path, reply);
    };

    let mut amir = Browser::new();
    check("get", "/bff/user", &amir.fetch(bff.address, "/bff/user"), 401);
    check("get", "/bff/user", &amir.go(bff.address, "/bff/user"), 403);
    check("get", "/bff/login", &amir.go(bff.address, "/bff/login"), 303);
    let elsewhere = "/bff/login?return_to=https://evil.example";
    check("get", "/bff/login", &amir.go(bff.address, elsewhere), 400);
    check("get", "/bff/callback", &amir.go(bff.address, "/bff/callback?code=x"), 400);

    check("get", "/bff/callback", &amir.sign_in(bff.address, idp, "u-1"), 303);
    let user = amir.fetch(bff.address, "/bff/user");
    check("get", "/bff/user", &user, 200);
    check("get", "/bff/logout", &amir.go(bff.address, "/bff/logout?key=x"), 400);
    let logout = user.at("/logoutUrl").as_str().unwrap().to_owned();
    let pattern = &document["paths"]["/bff/user"]["get"]["responses"]["200"]["content"]["application/json"]
        ["schema"]["properties"]["logoutUrl"]["pattern"];
    assert_eq!(pattern, "^/bff/logout\\?key=[0-9a-f]{32}$");
    let key = logout.strip_prefix("/bff/logout?key=").unwrap();
    assert!(key.len() == 32 && key.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')));
    let out = amir.go(bff.address, &logout);
    check("get", "/bff/logout", &out, 303);
    assert!(browser::location(&out).is_some());

    let page = "/bff/backchannel-logout";
    let wrong = amir.submit(bff.address, page, &[("logout_token", "x")]);
    check("post", page, &wrong, 400);
    amir.sign_in(bff.address, idp, "u-1");
    let sid = &idp.signed_in()[0].sid;
    let token = idp.logout_token("web-bff", "u-1", sid, |_, _| {});
    let ended = amir.submit(bff.address, page, &[("logout_token", &token)]);
    check("post", page, &ended, 200);
}
