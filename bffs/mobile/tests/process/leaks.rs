//! Whatever the services answer, nothing that stays inside is ever sent, logged or counted.

use crate::running::{HOME, PRODUCT, Running, USER};
use bff_testkit::{Fault, Service, http};
use rustix::process::Signal;

/// The names of what the users service tells about a user and nobody outside may see.
pub(crate) const INTERNAL: [&str; 3] = ["fraudScore", "internalSegmentTag", "passwordHash"];

fn faults() -> [Fault; 15] {
    [
        Fault::WrongTypes,
        Fault::Status { code: 500, retry_after: None },
        Fault::Status { code: 404, retry_after: None },
        Fault::TruncatedJson,
        Fault::WrongContentType,
        Fault::BadUtf8,
        Fault::DuplicateKeys,
        Fault::NotANumber,
        Fault::Empty,
        Fault::Garbage,
        Fault::ShortBody,
        Fault::HangInBody,
        Fault::DeepNesting,
        Fault::HugeHeader,
        Fault::Gzip,
    ]
}

/// The internal names, and those of their values that are found nowhere by chance: a score of 0.27 may be a latency too.
#[expect(clippy::unwrap_used, reason = "without the service's answer there is nothing to find")]
fn secrets(bff: &Running) -> Vec<String> {
    let url = bff.services.url(Service::Users);
    let address = url.trim_start_matches("http://").parse().unwrap();
    let user = http::send(address, "GET", &format!("/users/{USER}"), &[]).unwrap();
    assert!(user.at("/fraudScore").is_number(), "{}", user.text());
    let values = ["/internalSegmentTag", "/passwordHash"]
        .map(|member| user.at(member).as_str().unwrap_or_default().to_owned());
    assert!(values.iter().all(|value| value.len() > 8), "{values:?}");
    INTERNAL.map(str::to_owned).into_iter().chain(values).collect()
}

#[test]
fn no_internal_field_leaves_through_an_answer_a_log_line_or_a_metric() {
    let bff = Running::start(&[("BFF__LOGS__LEVEL", "debug")]);
    let secrets = secrets(&bff);
    let mut told = String::new();
    let mut statuses = std::collections::BTreeSet::new();
    let mut ask = |bff: &Running| {
        for target in [HOME, PRODUCT] {
            let reply = bff.get(target, &[]);
            statuses.insert(reply.status);
            told += &format!("{:?}\n{}\n", reply.headers, reply.text());
        }
    };
    ask(&bff);
    let behind = [
        Service::Users,
        Service::Orders,
        Service::Recommendations,
        Service::Catalog,
        Service::Pricing,
    ];
    for service in behind {
        for fault in faults() {
            bff.services.set_fault(service, Some(fault));
            ask(&bff);
        }
        bff.services.set_fault(service, None);
    }
    told += &bff.ask_admin("/metrics").text();
    assert!([200, 404, 502, 503].iter().all(|status| statuses.contains(status)), "{statuses:?}");
    bff.signal(Signal::TERM);
    let (_, output, errors) = bff.end();
    // The log tells a lot about the faults; else its silence about the fields would say nothing.
    assert!(output.matches("call failed").count() > 40, "{output}");
    for secret in &secrets {
        for (place, text) in [("answers", &told), ("output", &output), ("errors", &errors)] {
            assert!(!text.contains(secret), "`{secret}` is in the {place}");
        }
    }
    assert!(!output.contains(USER) && !errors.contains(USER), "the user is in the log");
}
