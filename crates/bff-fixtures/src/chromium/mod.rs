//! A real browser, over its DevTools protocol: <https://chromedevtools.github.io/devtools-protocol/>.
//!
//! The protocol runs over a pair of pipes (`--remote-debugging-pipe`): JSON messages, each ended by a
//! zero byte. Nothing listens, and the browser ends with its pipes.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test's own equipment: when it fails, the test has to stop"
)]

mod look;

pub use look::{Scheme, Screen};

use crate::Json;
use serde_json::json;
use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Mutex, MutexGuard, PoisonError, mpsc},
    thread,
    time::{Duration, Instant},
};

/// Nothing in a test takes longer than this.
const PATIENCE: Duration = Duration::from_secs(20);
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// The protocol's pipes are 3 and 4, which a program cannot hand over without unsafe code; a shell can.
const WITH_PIPES: &str = r#"exec "$0" "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1"#;

/// A running Chromium with a profile of its own; dropping it ends it.
#[derive(Debug)]
pub struct Chromium {
    pipes: Mutex<Pipes>,
    child: Child,
    profile: PathBuf,
}

#[derive(Debug)]
struct Pipes {
    to: ChildStdin,
    from: mpsc::Receiver<Json>,
    last: u64,
}

/// One of its tabs.
#[derive(Debug)]
pub struct Tab<'a> {
    browser: &'a Chromium,
    session: String,
}

impl Chromium {
    /// Starts the program `chromium`, without a window.
    ///
    /// # Panics
    /// When there is none: it is a test.
    #[must_use]
    pub fn start() -> Self {
        let name = format!("bff-chromium-{}-{}", std::process::id(), fastrand::u64(..));
        let profile = std::env::temp_dir().join(name);
        let mut child = Command::new("sh")
            .args(["-c", WITH_PIPES, "chromium", "--headless", "--remote-debugging-pipe"])
            // Its sandbox needs more than a container or root has; the pages are our own.
            .args(["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
            // It asks nobody but the test's own servers.
            .args(["--disable-background-networking", "--disable-component-update"])
            .args([
                "--no-proxy-server",
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
            ])
            .arg(format!("--user-data-dir={}", profile.display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let (to, out) = (child.stdin.take(), child.stdout.take().expect("its output"));
        let (said, from) = mpsc::channel();
        thread::spawn(move || {
            let messages = BufReader::new(out).split(0).map_while(Result::ok);
            for message in messages.filter_map(|bytes| serde_json::from_slice(&bytes).ok()) {
                if said.send(message).is_err() {
                    break;
                }
            }
        });
        let pipes = Pipes { to: to.expect("its input"), from, last: 0 };
        Self { pipes: Mutex::new(pipes), child, profile }
    }

    /// A new tab; all tabs share the cookies.
    ///
    /// # Panics
    /// When the browser does not answer.
    #[must_use]
    pub fn tab(&self) -> Tab<'_> {
        let target = self.ask(None, "Target.createTarget", &json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": text(&target, "/targetId"), "flatten": true });
        let attached = self.ask(None, "Target.attachToTarget", &attach);
        Tab { browser: self, session: text(&attached, "/sessionId") }
    }

    /// Every cookie that it has, as the protocol's `Network.Cookie`.
    ///
    /// # Panics
    /// When the browser does not answer.
    #[must_use]
    pub fn cookies(&self) -> Vec<Json> {
        let cookies = self.ask(None, "Storage.getCookies", &json!({}));
        cookies.pointer("/cookies").and_then(Json::as_array).cloned().unwrap_or_default()
    }

    /// The result of a command that has one.
    fn ask(&self, session: Option<&str>, method: &str, params: &Json) -> Json {
        self.try_ask(session, method, params).unwrap_or_else(|why| panic!("{method}: {why}"))
    }

    /// The result of a command, or why there is none; events that come in between are not needed
    /// here.
    fn try_ask(&self, session: Option<&str>, method: &str, params: &Json) -> Result<Json, String> {
        let mut pipes = self.lock();
        pipes.last += 1;
        let id = pipes.last;
        let mut command = json!({ "id": id, "method": method, "params": params });
        if let (Some(session), Some(command)) = (session, command.as_object_mut()) {
            command.insert("sessionId".to_owned(), session.into());
        }
        let mut bytes = command.to_string().into_bytes();
        bytes.push(0);
        pipes.to.write_all(&bytes).expect("Chromium runs: install it (Debian: chromium)");
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let answer = pipes.from.recv_timeout(left);
            let answer = answer.unwrap_or_else(|error| panic!("{method}: {error}"));
            if answer.get("id").and_then(Json::as_u64) == Some(id) {
                return answer.get("result").cloned().ok_or_else(|| answer.to_string());
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Pipes> {
        self.pipes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tab<'_> {
    /// Goes to an address, as if it was typed in, and waits until the page is there.
    ///
    /// # Panics
    /// When it does not come.
    pub fn go(&self, url: &str) {
        let gone = self.ask("Page.navigate", &json!({ "url": url }));
        assert!(gone.get("errorText").is_none(), "{url}: {gone}");
        self.until("document.readyState === 'complete'");
    }

    /// The value of a script that runs in the page, once its promise is kept; or what it threw.
    ///
    /// # Errors
    /// The text of the exception, or what the browser says when the page was left meanwhile.
    ///
    /// # Panics
    /// When the browser does not answer.
    pub fn run(&self, script: &str) -> Result<Json, String> {
        let evaluate = json!({ "expression": script, "awaitPromise": true, "returnByValue": true });
        let done = self.browser.try_ask(Some(&self.session), "Runtime.evaluate", &evaluate)?;
        match done.pointer("/exceptionDetails") {
            None => Ok(done.pointer("/result/value").cloned().unwrap_or_default()),
            Some(thrown) => Err(text(thrown, "/exception/description")),
        }
    }

    /// Waits until a script's value is true; while a page is being left, it may have none.
    ///
    /// # Panics
    /// When it does not become true.
    pub fn until(&self, script: &str) {
        let until = Instant::now() + PATIENCE;
        while self.run(script) != Ok(Json::Bool(true)) {
            let page = || self.run("location.href + '\\n' + document.body?.innerText");
            assert!(Instant::now() < until, "never true: {script}, at {:?}", page());
            thread::sleep(LOOK_AGAIN);
        }
    }

    /// Presses and releases the mouse in the middle of an element, once it is there.
    ///
    /// # Panics
    /// When it is not there.
    pub fn click(&self, selector: &str) {
        let element = format!("document.querySelector({})", json!(selector));
        self.until(&format!("({element}?.getClientRects().length ?? 0) > 0"));
        let place = format!(
            "(() => {{ const box = ({element}.scrollIntoView(), {element}.getBoundingClientRect()); \
             return [box.x + box.width / 2, box.y + box.height / 2] }})()"
        );
        let place = self.run(&place).expect("an element has a place");
        let (x, y) = (place.get(0), place.get(1));
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({ "type": kind, "x": x, "y": y, "button": "left", "clickCount": 1 });
            self.ask("Input.dispatchMouseEvent", &event);
        }
    }

    /// Lets the page do what its own policy forbids it, as a hostile page has none.
    ///
    /// # Panics
    /// When the browser does not answer.
    pub fn ignore_policy(&self) {
        self.ask("Page.setBypassCSP", &json!({ "enabled": true }));
    }

    fn ask(&self, method: &str, params: &Json) -> Json {
        self.browser.ask(Some(&self.session), method, params)
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let close = b"{\"id\":0,\"method\":\"Browser.close\"}\0";
        let asked = self.lock().to.write_all(close);
        // It ends its own children; what does not listen is killed without them.
        let until = Instant::now() + PATIENCE;
        while asked.is_ok() && matches!(self.child.try_wait(), Ok(None)) && Instant::now() < until {
            thread::sleep(LOOK_AGAIN);
        }
        let _already_gone = self.child.kill();
        let _status = self.child.wait();
        let _left_behind = fs::remove_dir_all(&self.profile);
    }
}

fn text(value: &Json, pointer: &str) -> String {
    value.pointer(pointer).and_then(Json::as_str).unwrap_or_default().to_owned()
}
