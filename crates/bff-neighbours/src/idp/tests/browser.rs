//! As much of a browser as signing in takes: cookies, and the form of a page.

use super::{authorize, form, in_location};
use crate::idp::IdentityProvider;
use bff_fixtures::http::{self, Reply};
use std::{collections::BTreeMap, net::SocketAddr};

pub(super) struct Browser {
    address: SocketAddr,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    pub(super) fn new(idp: &IdentityProvider) -> Self {
        Self { address: idp.address(), cookies: BTreeMap::new() }
    }

    pub(super) fn get(&mut self, target: &str) -> Reply {
        self.send("GET", target, "")
    }

    pub(super) fn post(&mut self, target: &str, pairs: &[(&str, &str)]) -> Reply {
        self.send("POST", target, &form(pairs))
    }

    fn send(&mut self, method: &str, target: &str, body: &str) -> Reply {
        let cookies = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        let cookies = cookies.collect::<Vec<_>>().join("; ");
        let request = format!(
            "{method} {target} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncookie: {cookies}\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
            self.address,
            body.len(),
        );
        let reply = http::exchange(self.address, request.as_bytes()).unwrap();
        for (_, cookie) in reply.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        reply
    }

    /// Asks for a page, chooses a user on it, and gives the redirect to the client.
    pub(super) fn sign_in(&mut self, target: &str, user: &str) -> Reply {
        let page = self.get(target);
        assert_eq!(page.status, 200, "{}", page.text());
        self.post("/sign-in", &[("ticket", &ticket(&page)), ("user", user)])
    }

    /// A code for a user.
    pub(super) fn code(&mut self, user: &str) -> String {
        in_location(&self.sign_in(&authorize(&[]), user), "code").expect("a code")
    }

    pub(super) fn is_signed_in(&self) -> bool {
        self.cookies.contains_key("idp_session")
    }
}

/// The hidden value of a page's form.
pub(super) fn ticket(page: &Reply) -> String {
    let text = page.text();
    let (_, after) = text.split_once("name=\"ticket\" value=\"").expect("a form");
    after.split('"').next().unwrap().to_owned()
}
