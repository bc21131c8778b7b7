//! What may be seen of a whole session's traffic: no token, nowhere.

use crate::bed::{self, ME};
use bff_testkit::{Browser, http::Reply};

/// The start of every JWT: `{"` in base64.
const TOKEN: &str = "eyJ";

fn tells_nothing(reply: &Reply) {
    let everything = format!("{:?} {}", reply.headers, reply.text());
    assert!(!everything.contains(TOKEN), "{everything}");
}

#[test]
fn no_answer_of_a_whole_session_has_a_token_in_it() {
    let bed = bed::several(2, "");
    bed.idp.set_access_token_lifetime(std::time::Duration::ZERO);
    let mut browser = Browser::new();
    tells_nothing(&browser.go(bed.at(0), "/bff/login"));
    let callback = browser.sign_in_at(bed.at(0), &bed.idp, "/bff/login", "u-1");
    tells_nothing(&browser.go(bed.at(0), &callback));
    for target in [ME, "/bff/user", "/test/v1/hello", "/bff/user?slide=false"] {
        tells_nothing(&browser.fetch(bed.at(0), target));
    }
    assert!(bed.idp.refreshes() > 0, "tokens were renewed meanwhile");
    let user = browser.fetch(bed.at(0), "/bff/user");
    let logout = user.at("/logoutUrl").as_str().unwrap().to_owned();
    let session = &browser.cookies(bed.at(0))[bed::SESSION].clone();
    assert!(!user.text().contains(session.as_str()));
    tells_nothing(&browser.go(bed.at(0), &logout));
    tells_nothing(&browser.fetch(bed.at(0), ME));
    for bff in &bed.bffs {
        let metrics = bff.metrics();
        assert!(!metrics.contains(TOKEN) && !metrics.contains(session.as_str()));
    }
}
