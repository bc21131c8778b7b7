//! As much of a browser as signing in takes: cookies per site, redirects one at a time, and the form
//! of the provider's page.

use crate::idp::IdentityProvider;
use bff_fixtures::http::{self, Reply};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    net::SocketAddr,
};
use url::Url;

/// One browser: its cookies, by site.
#[derive(Debug, Clone, Default)]
pub struct Browser {
    jars: BTreeMap<SocketAddr, BTreeMap<String, String>>,
    /// The names of cookies that are not sent when another site leads here.
    strict: BTreeSet<String>,
}

/// What a browser says when a person reads the answer.
pub const BY_A_PERSON: [(&str, &str); 3] = [
    ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    ("sec-fetch-mode", "navigate"),
    ("sec-fetch-dest", "document"),
];

impl Browser {
    /// A browser that has been nowhere.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Goes to an address of a site, as a person who follows a link; redirects are not followed.
    pub fn go(&mut self, site: SocketAddr, target: &str) -> Reply {
        self.send(site, "GET", target, &[], "")
    }

    /// Asks as a script of the site's own page does: with `X-CSRF`, from the same origin.
    pub fn fetch(&mut self, site: SocketAddr, target: &str) -> Reply {
        self.send(site, "GET", target, &[("x-csrf", "1"), ("sec-fetch-site", "same-origin")], "")
    }

    /// Goes to an address as a person who clicks on a page of the site itself.
    pub fn click(&mut self, site: SocketAddr, target: &str) -> Reply {
        let headers = [&BY_A_PERSON[..], &[("sec-fetch-site", "same-origin")]].concat();
        self.send(site, "GET", target, &headers, "")
    }

    /// Is led to an address by another site, and so without the cookies that are `SameSite=Strict`;
    /// with `headers`, and with what the browser says about it.
    pub fn led(&mut self, site: SocketAddr, target: &str, headers: &[(&str, &str)]) -> Reply {
        let mut others = self.clone();
        if let Some(jar) = others.jars.get_mut(&site) {
            jar.retain(|name, _| !self.strict.contains(name));
        }
        let all = [&BY_A_PERSON[..], &[("sec-fetch-site", "cross-site")], headers].concat();
        let reply = others.send(site, "GET", target, &all, "");
        self.strict.append(&mut others.strict);
        self.keep(site, &reply);
        reply
    }

    /// Sends a form.
    pub fn submit(&mut self, site: SocketAddr, target: &str, fields: &[(&str, &str)]) -> Reply {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let form = [("content-type", "application/x-www-form-urlencoded")];
        self.send(site, "POST", target, &form, &body)
    }

    /// Any request, with the cookies of the site and these headers; what it sets is kept.
    ///
    /// # Panics
    /// When there is no answer.
    #[expect(clippy::expect_used, reason = "a test that gets no answer has nothing to say")]
    pub fn send(
        &mut self,
        site: SocketAddr,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Reply {
        let jar = self.jars.entry(site).or_default();
        let cookies: Vec<_> = jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request =
            format!("{method} {target} HTTP/1.1\r\nhost: {site}\r\nconnection: close\r\n");
        if !cookies.is_empty() {
            let _ = write!(request, "cookie: {}\r\n", cookies.join("; "));
        }
        for (name, value) in headers {
            let _ = write!(request, "{name}: {value}\r\n");
        }
        let _ = write!(request, "content-length: {}\r\n\r\n{body}", body.len());
        let reply = http::exchange(site, request.as_bytes()).expect("an answer");
        self.keep(site, &reply);
        reply
    }

    fn keep(&mut self, site: SocketAddr, reply: &Reply) {
        let jar = self.jars.entry(site).or_default();
        for (_, cookie) in reply.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let Some((name, value)) =
                cookie.split(';').next().and_then(|pair| pair.split_once('='))
            else {
                continue;
            };
            if cookie.contains("SameSite=Strict") {
                self.strict.insert(name.to_owned());
            }
            if value.is_empty() {
                jar.remove(name);
            } else {
                jar.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// Signs a user in at a BFF whose provider is `idp`, and gives the BFF's last answer.
    ///
    /// # Panics
    /// When a step does not lead to the next one.
    pub fn sign_in(&mut self, bff: SocketAddr, idp: &IdentityProvider, user: &str) -> Reply {
        let callback = self.sign_in_at(bff, idp, "/bff/login", user);
        self.go(bff, &callback)
    }

    /// Signs a user in at the provider only: the address that leads back to the BFF.
    ///
    /// # Panics
    /// When a step does not lead to the next one.
    #[expect(clippy::expect_used, reason = "a test that cannot sign in has nothing to say")]
    pub fn sign_in_at(
        &mut self,
        bff: SocketAddr,
        idp: &IdentityProvider,
        login: &str,
        user: &str,
    ) -> String {
        let started = self.go(bff, login);
        let authorize = location(&started).expect("a redirect to the provider");
        let mut back = self.go(idp.address(), &target(&authorize));
        if back.status == 200 {
            let text = back.text();
            let (_, after) = text.split_once("name=\"ticket\" value=\"").expect("the sign-in page");
            let ticket = after.split('"').next().unwrap_or_default().to_owned();
            let fields = [("ticket", ticket.as_str()), ("user", user)];
            back = self.submit(idp.address(), "/sign-in", &fields);
        }
        target(&location(&back).expect("a redirect back"))
    }

    /// The cookies that a site has set here.
    #[must_use]
    pub fn cookies(&self, site: SocketAddr) -> BTreeMap<String, String> {
        self.jars.get(&site).cloned().unwrap_or_default()
    }

    /// Puts a cookie here that the site did not set.
    pub fn toss(&mut self, site: SocketAddr, name: &str, value: &str) {
        self.jars.entry(site).or_default().insert(name.to_owned(), value.to_owned());
    }

    /// Has the same cookies for another instance behind the same address.
    pub fn also_at(&mut self, one: SocketAddr, other: SocketAddr) {
        let jar = self.cookies(one);
        self.jars.insert(other, jar);
    }
}

/// Where an answer leads.
#[must_use]
pub fn location(reply: &Reply) -> Option<Url> {
    reply.header("location")?.parse().ok()
}

/// Path and query of a URL.
#[must_use]
pub fn target(url: &Url) -> String {
    url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
}
