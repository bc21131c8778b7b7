//! A session as a real browser sees it: signing in, scripts of our own and of other origins, cookies.
//!
//! The shop is at `localhost`, behind a gateway with a page; the provider is at `127.0.0.1`, which is
//! another site, as it is in production. `make test-browser` runs this.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use bff_testkit::{Chromium, Gateway, Service, TestBff, chromium::Tab, idp::IdentityProvider};

/// What a script of a page answers with: status, then `code` or `displayName`.
const ASK: &str = "async (url, how) => {
    const reply = await fetch(url, how);
    if (reply.type === 'opaque') return 'opaque';
    const said = await reply.json();
    return `${reply.status} ${said.code ?? said.displayName ?? said.units}`;
}";
/// Answered with 405, because the BFF approves of no other origin.
const REFUSED_PREFLIGHTS: &str = r#"bff_requests_total{endpoint="none",status="405"}"#;

const WITH_HEADER: &str = "{ headers: { 'X-CSRF': '1' }, credentials: 'include' }";

struct Shop {
    bff: TestBff,
    gateway: Gateway,
    /// Another origin.
    other: Gateway,
    chromium: Chromium,
    _idp: IdentityProvider,
}

impl Shop {
    fn open() -> Self {
        let (idp, gateway) = (IdentityProvider::start().unwrap(), Gateway::start_on(0).unwrap());
        let public = format!("http://localhost:{}", gateway.address().port());
        let bff = TestBff::start_with_sessions(&web::bff(), &idp, &public);
        gateway.lead_to(bff.address);
        let other = Gateway::start_on(0).unwrap();
        Self { bff, gateway, other, chromium: Chromium::start(), _idp: idp }
    }

    fn url(&self, path: &str) -> String {
        format!("http://localhost:{}{path}", self.gateway.address().port())
    }

    /// A tab whose user has signed in by clicking.
    fn signed_in(&self, user: &str) -> Tab<'_> {
        let tab = self.chromium.tab();
        tab.go(&self.url("/"));
        tab.click("#login");
        tab.click(&format!("button[value={user}]"));
        tab.until("document.querySelector('#who')?.textContent.startsWith('Signed in')");
        tab
    }

    /// What a script gets that asks for the user's page.
    fn me(&self, tab: &Tab<'_>, how: &str) -> Result<String, String> {
        let answer = tab.run(&format!("({ASK})('{}', {how})", self.url("/web/v1/me")))?;
        Ok(answer.as_str().unwrap_or_default().to_owned())
    }

    /// Pages of other origins without a policy of their own: of another port of the shop's host,
    /// which is the same site, and of another host.
    fn strangers(&self) -> [(Tab<'_>, String); 2] {
        ["localhost", "127.0.0.1"].map(|host| {
            let tab = self.chromium.tab();
            let url = format!("http://{host}:{}/leads-nowhere", self.other.address().port());
            tab.go(&url);
            (tab, url)
        })
    }

    fn requests(&self, service: Service) -> u64 {
        self.bff.services.stats(service).requests_started
    }
}

#[test]
fn a_page_of_the_shop_gets_the_users_data_and_never_the_cookie() {
    let shop = Shop::open();
    let tab = shop.signed_in("u-3");
    assert_eq!(tab.run("document.cookie").unwrap(), "");
    assert_eq!(shop.me(&tab, WITH_HEADER).unwrap(), "200 Ingrid García");
    assert_eq!(shop.me(&tab, "{}").unwrap(), "403 CSRF_HEADER_MISSING");
    tab.click("#add");
    tab.until("document.querySelector('#said').textContent.includes('\"units\": 2')");
    tab.click("#too-many");
    tab.until("document.querySelector('#said').textContent.includes('CART_REFUSED')");

    let all = shop.chromium.cookies();
    let ours = all.iter().filter(|cookie| cookie["domain"] == "localhost");
    let [session] = ours.collect::<Vec<_>>()[..] else { panic!("one cookie, not {all:?}") };
    assert_eq!(session["name"], "__Host-Http-session");
    assert_eq!((&session["httpOnly"], &session["secure"]), (&true.into(), &true.into()));
    assert_eq!((&session["sameSite"], &session["path"]), (&"Strict".into(), &"/".into()));
    assert_eq!(session["session"], true, "it ends with the browser");
}

#[test]
fn an_answer_of_the_bff_is_no_page_to_run_scripts_in() {
    let shop = Shop::open();
    let tab = shop.signed_in("u-1");
    tab.go(&shop.url("/web/v1/products/p-1"));
    let before = shop.requests(Service::Users);
    let refused = shop.me(&tab, WITH_HEADER).unwrap_err();
    assert!(refused.contains("Failed to fetch"), "{refused}");
    assert_eq!(shop.requests(Service::Users), before);
    tab.ignore_policy();
    tab.go(&shop.url("/web/v1/products/p-1"));
    assert_eq!(shop.me(&tab, WITH_HEADER).unwrap(), "200 Amir Weber", "it was the policy");
}

#[test]
fn no_script_of_another_origin_gets_anything() {
    let shop = Shop::open();
    let own = shop.signed_in("u-1");
    let before = shop.requests(Service::Users);
    for (tab, origin) in shop.strangers() {
        let refusals = || shop.bff.metric(REFUSED_PREFLIGHTS);
        let count = refusals();
        let refused = shop.me(&tab, WITH_HEADER).unwrap_err();
        assert!(refused.contains("Failed to fetch"), "{origin}: {refused}");
        assert!(refusals() > count, "{origin}: its preflight reached the BFF");
        // Without a preflight the answer comes, and the browser keeps it from the page.
        for how in ["{ credentials: 'include' }", "{ mode: 'no-cors', credentials: 'include' }"] {
            let refused = shop.me(&tab, how).unwrap_err();
            assert!(refused.contains("Failed to fetch"), "{origin} {how}: {refused}");
        }
    }
    assert_eq!(shop.requests(Service::Users), before, "no service was asked");
    assert_eq!(shop.me(&own, WITH_HEADER).unwrap(), "200 Amir Weber");
}

#[test]
fn no_form_of_another_origin_writes_anything() {
    let shop = Shop::open();
    let own = shop.signed_in("u-1");
    for (tab, origin) in shop.strangers() {
        for typ in ["text/plain", "application/x-www-form-urlencoded"] {
            tab.go(&origin);
            let form = format!(
                "const form = document.createElement('form'); form.method = 'post'; form.enctype = '{typ}';
                 form.action = '{}'; const field = document.createElement('input');
                 field.name = '{{\"productId\":\"p-1\",\"units\":2,\"x\":\"'; field.value = '\"}}';
                 form.append(field); document.body.append(form); form.submit(); true",
                shop.url("/web/v1/cart/items")
            );
            tab.run(&format!("{{ {form} }}")).unwrap();
            tab.until(
                "location.pathname === '/web/v1/cart/items' && document.readyState === 'complete'",
            );
            let answer = tab.run("JSON.parse(document.body.innerText).code").unwrap();
            assert_eq!(answer, "BODY_NOT_JSON", "{origin} {typ}");
        }
    }
    assert_eq!(shop.requests(Service::Carts), 0);
    own.click("#add");
    own.until("document.querySelector('#said').textContent.includes('\"units\": 2')");
    assert_eq!(shop.requests(Service::Carts), 1, "a page of the shop's own can");
}

#[test]
fn signing_out_ends_it_everywhere() {
    let shop = Shop::open();
    let (tab, second) = (shop.signed_in("u-1"), shop.chromium.tab());
    second.go(&shop.url("/"));
    assert_eq!(shop.me(&second, WITH_HEADER).unwrap(), "200 Amir Weber");
    tab.click("#logout");
    tab.until("document.title === 'Sign out'");
    tab.click("button.go");
    tab.until("document.querySelector('#who')?.textContent === 'Nobody is signed in.'");
    assert_eq!(shop.me(&second, WITH_HEADER).unwrap(), "401 UNAUTHENTICATED");
    let cookies = shop.chromium.cookies();
    assert!(cookies.iter().all(|cookie| cookie["name"] != "__Host-Http-session"), "{cookies:?}");
    tab.click("#login");
    tab.until("document.title === 'Sign in'");
}
