//! The console and the reference as somebody sees them who was woken up: in a real browser, on a phone
//! and on a desktop. `make test-browser` runs this; `make console-screenshot` also draws docs/*.png.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use bff_testkit::{
    Chromium, TestBff,
    chromium::{Scheme, Screen, Tab},
    http,
};
use std::{net::SocketAddr, sync::mpsc, thread, time::Duration};

/// How far the console looks back here, so that a test sees the end of it.
const WINDOW: Duration = Duration::from_millis(1200);
/// Between two requests of the load.
const PAUSE: Duration = Duration::from_millis(10);

/// What scripts of these tests have in common.
const EYES: &str = "
    const row = (name) => [...document.querySelectorAll('.card li')]
        .find((row) => row.querySelector('b').textContent === name);
    const state = (name) => {
        const pill = row(name).querySelector('.pill');
        return `${pill.className} ${getComputedStyle(pill).color}`;
    };
    const box = (selector) => document.querySelector(selector).getBoundingClientRect();
    const inFirstScreen = (selector) =>
        box(selector).height > 0 && box(selector).top >= 0 && box(selector).bottom <= innerHeight;
";

/// Everything that stands out to the right, also of what could be scrolled.
const TOO_WIDE: &str = "[...document.querySelectorAll('body, body *')]
    .filter((part) => part.getBoundingClientRect().right > innerWidth + .5
        || part.scrollWidth > part.clientWidth && getComputedStyle(part).overflowX !== 'visible')
    .map((part) => part.outerHTML.slice(0, 99))";

/// Text whose contrast is below what WCAG 2.2 asks for (1.4.3: 4.5 to 1).
const TOO_FAINT: &str = "(() => {
    const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const light = (colour) => numbers(colour).slice(0, 3).map((part) => part / 255)
        .map((part) => part <= .04045 ? part / 12.92 : ((part + .055) / 1.055) ** 2.4)
        .reduce((sum, part, place) => sum + part * [.2126, .7152, .0722][place], 0);
    const behind = (part) => {
        const colour = part ? getComputedStyle(part).backgroundColor : 'rgb(255, 255, 255)';
        return numbers(colour)[3] === 0 ? behind(part.parentElement) : colour;
    };
    const said = (part) => [...part.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    const contrast = (part) => {
        const [one, other] = [getComputedStyle(part).color, behind(part)].map(light).sort((a, b) => b - a);
        return (one + .05) / (other + .05);
    };
    return [...document.querySelectorAll('main *')].filter((part) => said(part) && part.offsetParent)
        .filter((part) => contrast(part) < 4.5)
        .map((part) => contrast(part).toFixed(1) + ' ' + part.outerHTML.slice(0, 99));
})()";

/// The colours of states, which somebody knows without reading.
struct Colours {
    ok: &'static str,
    degraded: &'static str,
    failing: &'static str,
}

fn colours(scheme: Scheme) -> Colours {
    match scheme {
        Scheme::Dark => Colours {
            ok: "pill ok rgb(76, 195, 138)",
            degraded: "pill degraded rgb(242, 177, 61)",
            failing: "pill failing rgb(255, 107, 97)",
        },
        Scheme::Light => Colours {
            ok: "pill ok rgb(19, 121, 75)",
            degraded: "pill degraded rgb(138, 82, 0)",
            failing: "pill failing rgb(192, 31, 20)",
        },
    }
}

fn start() -> TestBff {
    TestBff::start_with(&mobile::bff(), |settings| settings.admin.window = WINDOW)
}

fn admin(bff: &TestBff, path: &str) -> String {
    format!("http://{}{path}", bff.admin_address)
}

/// Users come and go while `meanwhile` runs.
fn under_load(bff: &TestBff, meanwhile: impl FnOnce()) {
    thread::scope(|threads| {
        let (stop, stopped) = mpsc::channel::<()>();
        threads.spawn(move || {
            for n in (1..=5000).cycle() {
                let _home = bff.get_as(&format!("u-{n}"), "/mobile/v1/home");
                let _product = bff.get(&format!("/mobile/v1/products/p-{n}"));
                if stopped.recv_timeout(PAUSE) == Err(mpsc::RecvTimeoutError::Disconnected) {
                    break;
                }
            }
        });
        let _until_the_end = stop;
        meanwhile();
    });
}

/// Breaks a service, or heals all, as one does by hand.
fn control(bff: &TestBff, method: &str, path: &str) {
    let control = bff.services.control_url();
    let address: SocketAddr = control.trim_start_matches("http://").parse().unwrap();
    let reply = http::send(address, method, path, &[("content-length", "0")]).unwrap();
    assert!(reply.status < 300, "{method} {path}: {}", reply.text());
}

fn sees(tab: &Tab<'_>, what: &str) {
    tab.until(&format!("(() => {{ {EYES} return {what} }})()"));
}

fn none(tab: &Tab<'_>, script: &str) {
    let found = tab.run(script).unwrap();
    assert_eq!(found.as_array().map(Vec::len), Some(0), "{found:#}");
}

fn a_night(screen: Screen, scheme: Scheme, picture: &str) {
    let (bff, chromium) = (start(), Chromium::start());
    let (tab, Colours { ok, degraded, failing }) = (chromium.tab(), colours(scheme));
    tab.show_on(screen, scheme);
    tab.go(&admin(&bff, "/"));
    tab.run("window.opened = document.querySelector('#now').textContent").unwrap();
    under_load(&bff, || {
        let all_well = format!(
            "['recommendations', 'product'].every((name) => state(name) === '{ok}') \
             && !document.querySelector('.findings')"
        );
        sees(&tab, &all_well);
        none(&tab, TOO_WIDE);

        control(&bff, "PUT", "/faults/recommendations/status?code=500");
        sees(&tab, &format!("state('recommendations') === '{degraded}'"));
        sees(&tab, "document.title.startsWith('DEGRADED') && inFirstScreen('.findings .degraded')");

        control(&bff, "PUT", "/faults/catalog/status?code=500");
        sees(&tab, &format!("state('product') === '{failing}'"));
        sees(&tab, "document.title.startsWith('FAILING') && inFirstScreen('h1 .pill.failing')");
        sees(&tab, "document.querySelector('.findings li').className === 'failing'");
        sees(&tab, "inFirstScreen('.findings .failing') && inFirstScreen('.findings .degraded')");
        sees(&tab, "document.querySelector('.card h3').textContent.endsWith(' product-screen')");
        sees(
            &tab,
            "inFirstScreen('.card .pill.failing') && inFirstScreen('.card li .pill.failing')",
        );
        none(&tab, TOO_WIDE);
        none(&tab, TOO_FAINT);
        tab.draw(picture);

        control(&bff, "DELETE", "/faults");
        sees(&tab, &all_well);
    });
    let opened = tab.run("window.opened !== document.querySelector('#now').textContent");
    assert_eq!(opened.unwrap(), true, "the same page, with a later time in it");
}

#[test]
fn on_a_phone_in_the_dark_what_breaks_turns_red_and_well_again() {
    a_night(Screen::Phone, Scheme::Dark, "console-phone.png");
}

#[test]
fn on_a_desktop_in_the_light_what_breaks_turns_red_and_well_again() {
    a_night(Screen::Desktop, Scheme::Light, "console.png");
}

#[test]
fn a_page_whose_bff_is_gone_says_that_it_is_out_of_date() {
    let (bff, chromium) = (start(), Chromium::start());
    let tab = chromium.tab();
    tab.show_on(Screen::Phone, Scheme::Dark);
    tab.go(&admin(&bff, "/"));
    sees(&tab, "document.querySelector('#silent').hidden && document.title === 'OK mobile'");
    let time = tab.run("document.querySelector('#now').textContent").unwrap();
    assert!(time.as_str().is_some_and(|time| time.ends_with('Z')), "{time}");
    drop(bff);
    sees(&tab, "inFirstScreen('#silent') && document.title === 'OUT OF DATE'");
    sees(&tab, "document.querySelector('#silent').innerText.startsWith('Out of date')");
    sees(&tab, "getComputedStyle(document.querySelector('.cards')).filter === 'grayscale(1)'");
    tab.draw("console-out-of-date.png");
    none(&tab, TOO_FAINT);
    none(&tab, TOO_WIDE);
}

#[test]
fn text_that_somebody_selects_stays_and_the_page_says_so() {
    let (bff, chromium) = (start(), Chromium::start());
    let tab = chromium.tab();
    tab.go(&admin(&bff, "/"));
    tab.run("getSelection().selectAllChildren(document.querySelector('h1'))").unwrap();
    sees(&tab, "!document.querySelector('#held').hidden");
    assert_eq!(tab.run("String(getSelection()) !== ''").unwrap(), true);
    tab.run("getSelection().empty()").unwrap();
    sees(&tab, "document.querySelector('#held').hidden");
}

#[test]
fn the_reference_is_readable_on_every_screen_and_a_click_away_from_the_console() {
    let (bff, chromium) = (start(), Chromium::start());
    let tab = chromium.tab();
    for (screen, scheme, picture) in [
        (Screen::Phone, Scheme::Light, "reference-phone.png"),
        (Screen::Desktop, Scheme::Dark, "reference.png"),
    ] {
        tab.show_on(screen, scheme);
        tab.go(&admin(&bff, "/"));
        tab.click("nav a[href='/openapi']");
        sees(&tab, "location.pathname === '/openapi' && document.readyState === 'complete'");
        sees(&tab, "getComputedStyle(document.querySelector('.card')).borderRadius === '6px'");
        tab.draw(picture);
        tab.run("document.querySelectorAll('details').forEach((part) => part.open = true)")
            .unwrap();
        none(&tab, TOO_WIDE);
        none(&tab, TOO_FAINT);
        tab.click("nav a[href='/']");
        sees(&tab, "location.pathname === '/' && document.title.endsWith('mobile')");
    }
}
