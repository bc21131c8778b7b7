//! What a client forges stops at the gateway, and what is inside stays there.

use crate::{
    bed::{Bed, Gateway, address_of},
    instance::free_address,
};
use bff_fixtures::{
    Json,
    http::{self, Reply},
};
use bff_neighbours::{Fault, SampleServices, Service};
use rustix::process::Signal;

/// What nobody outside may say, as a client would.
const FORGED: [(&str, &str); 12] = [
    ("x-user-id", "u-666"),
    ("X-User-Token", "forged"),
    ("x-service-account", "forged-bff"),
    ("x-deadline-ms", "1"),
    ("x-cache-debug", "1"),
    ("forwarded", "for=6.6.6.6"),
    ("x-forwarded-for", "6.6.6.6"),
    ("x-forwarded-host", "forged.example"),
    ("x-forwarded-port", "666"),
    ("x-forwarded-prefix", "/forged"),
    ("x-real-ip", "6.6.6.6"),
    ("x_user_id", "u-666"),
];

#[test]
fn a_bff_is_sent_nothing_that_only_the_inside_may_say() {
    // Services in the places of the BFFs, because they remember what they were sent.
    let services = SampleServices::start().unwrap();
    let places =
        [("mobile", Service::Users), ("web", Service::Orders), ("partner", Service::Catalog)];
    let gateway = Gateway::start(
        free_address(),
        &places.map(|(bff, place)| (bff, vec![address_of(&services, place)])),
    );
    for (target, place) in [
        ("/mobile/v1/home", Service::Users),
        ("/web/v1/me", Service::Orders),
        ("/bff/user", Service::Orders),
        ("/v2/products", Service::Catalog),
        ("/v1/home", Service::Users),
    ] {
        let own = [("x-client", "ios"), ("authorization", "Bearer t"), ("x-csrf", "1")];
        http::send(gateway.address, "GET", target, &[&FORGED[..], &own].concat()).unwrap();
        let seen = services.stats(place);
        let mut names: Vec<_> =
            seen.last_headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
        names.sort();
        let expected = [
            "authorization",
            "host",
            "x-client",
            "x-csrf",
            "x-forwarded-for",
            "x-forwarded-host",
            "x-forwarded-proto",
        ];
        assert_eq!(names, expected, "{target}");
        let from = seen.last_headers.iter().find(|(name, _)| name == "X-Forwarded-For");
        assert_eq!(from.map(|(_, value)| value.as_str()), Some("127.0.0.1"), "{target}");
        let asked = if target == "/v1/home" { "/mobile/v1/home" } else { target };
        assert_eq!(seen.last_target, asked);
    }
}

#[test]
fn forged_headers_neither_reach_a_service_nor_change_the_answer() {
    let bed = Bed::start();
    // Alone in front of a BFF, some of them do something: without that the rest would say nothing.
    let direct = http::send(bed.web[0].address, "GET", "/web/v1/products/p-1", &[]).unwrap();
    assert!(direct.header("x-cache-debug").is_some(), "{:?}", direct.headers);

    for (bff, target, service) in [
        ("mobile", "/mobile/v1/home", Service::Orders),
        ("mobile", "/v1/products/p-1", Service::Catalog),
        ("web", "/web/v1/products/p-1", Service::Reviews),
        ("partner", "/v2/products?limit=2", Service::Catalog),
    ] {
        let headers = [&FORGED[..], &[("x-client", "ios")]].concat();
        let reply = bed.get_as(bff, target, &headers);
        assert_eq!(reply.status, 200, "{target}: {}", reply.text());
        assert_eq!(reply.at("/meta/degraded"), Json::Bool(false), "{target}: {}", reply.text());
        assert_eq!(reply.header("x-cache-debug"), None, "{target}");
        let seen = bed.services.stats(service);
        let value = |name: &str| {
            let mut of_name =
                seen.last_headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
            let first = of_name.next().map(|(_, value)| value.as_str());
            assert!(of_name.next().is_none(), "{target}: {name} twice: {seen:?}");
            first
        };
        assert_eq!(value("x-service-account"), Some(format!("{bff}-bff").as_str()), "{target}");
        assert_eq!(value("x-bff-hop"), Some(format!("{bff}-bff").as_str()), "{target}");
        assert_ne!(value("x-user-id"), Some("u-666"), "{target}");
        assert_ne!(value("x-deadline-ms"), Some("1"), "{target}");
        for forged in ["forged", "6.6.6.6"] {
            let found = seen.last_headers.iter().any(|(_, value)| value.contains(forged));
            assert!(!found, "{target}: {:?}", seen.last_headers);
        }
    }
}

#[test]
fn a_bff_that_calls_a_bff_through_the_gateway_is_refused() {
    let bed = Bed::start();
    // What a BFF sends to a service; with a wrong `services.*.url` it would come here.
    assert_eq!(bed.get_as("mobile", "/mobile/v1/home", &[]).status, 200);
    let sent = bed.services.stats(Service::Orders).last_headers;
    let sent: Vec<_> = sent.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let sent: Vec<_> = sent.into_iter().filter(|(name, _)| *name != "host").collect();
    for target in ["/mobile/v1/home", "/web/v1/products/p-1", "/v2/products", "/bff/user"] {
        let reply = bed.get(target, &sent);
        assert_eq!((reply.status, reply.code().as_str()), (508, "BFF_CALLED_BY_BFF"), "{target}");
        // Whoever forges the header must not put this answer before others.
        assert_eq!(reply.header("cache-control"), Some("no-store"), "{target}");
    }
}

#[test]
fn no_answer_tells_what_is_behind_the_gateway() {
    let bed = Bed::start();
    let ask = |bed: &Bed| {
        let pages = [("mobile", "/mobile/v1/home"), ("partner", "/v2/products")];
        let tokens = pages.map(|(bff, target)| bed.get_as(bff, target, &[]));
        let long = format!("/web/v1/{}", "x".repeat(40_000));
        let open =
            ["/web/v1/products/p-1", "/bff/login", "/nowhere", "/web/%zz", "/web/\u{1}", &long];
        let open = open.map(|target| bed.get(target, &[]));
        tokens.into_iter().chain(open).collect::<Vec<_>>()
    };
    let mut replies = ask(&bed);
    for service in Service::ALL {
        bed.services.set_fault(service, Some(Fault::Reset));
    }
    replies.extend(ask(&bed));
    // Nobody is there any more: the gateway speaks for itself.
    for bff in bed.mobile.iter().chain(&bed.web).chain(&bed.partner) {
        bff.signal(Signal::KILL);
    }
    let gone = ask(&bed);
    assert_eq!((gone[2].status, gone[2].code().as_str()), (503, "UNAVAILABLE"));
    assert_eq!(gone[2].header("retry-after"), Some("1"));
    replies.extend(gone);

    let services = Service::ALL.map(|service| bed.services.url(service));
    let mut inside = services.map(|url| url.replace("http://", "")).to_vec();
    let all = bed.mobile.iter().chain(&bed.web).chain(&bed.partner);
    inside.extend(all.flat_map(|bff| [bff.address.to_string(), bff.admin.to_string()]));
    inside.extend(["upstream", "nginx/", "<html", "mobile-bff", "web-bff:"].map(str::to_owned));
    for reply in &replies {
        let told = told(reply);
        let found = inside.iter().find(|name| told.contains(name.as_str()));
        assert_eq!(found, None, "{told}");
        let is_error = reply.status >= 400;
        let is_problem = reply.header("content-type") == Some("application/problem+json");
        assert_eq!(is_error, is_problem, "{told}");
    }
    let statuses: Vec<_> = replies.iter().map(|reply| reply.status).collect();
    assert!([200, 303, 400, 404, 503].iter().all(|one| statuses.contains(one)), "{statuses:?}");
}

/// All of an answer but where a login leads, which is the provider's business.
fn told(reply: &Reply) -> String {
    let headers = reply.headers.iter().filter(|(name, _)| name != "location");
    format!("{} {:?}\n{}", reply.status, headers.collect::<Vec<_>>(), reply.text())
}
