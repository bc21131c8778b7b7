//! What either client makes of odd answers: a good call, the odd one, and one more on the same transport.

use crate::{Settings, hyper_transport::HyperTransport};
use bff_core::{
    Criticality, SpanId, TraceContext,
    ports::{Outbound, Principal, Transport},
};
use bff_neighbours::services::{Fault, SampleServices, Service};
use bff_upstream::Services;
use std::{
    cell::Cell,
    error::Error,
    io::{self, Read, Write},
    net::{TcpListener, TcpStream},
    rc::Rc,
    thread,
    time::Duration,
};
use tokio::time::{Instant, sleep};

const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";

/// Name, everything after [`HEAD`] with `~` for a line's end, and whether the connection is closed behind it.
const RAW: &str = r#"until close|~{"a":1}|close
until close, keep-alive|Connection: keep-alive~~{"a":1}|close
chunked, no last chunk|Transfer-Encoding: chunked~~7~{"a":1}~|close
chunk cut short|Transfer-Encoding: chunked~~10~{"a":1}|close
bad chunk size|Transfer-Encoding: chunked~~zz~{"a":1}~0~~|
trailer|Transfer-Encoding: chunked~~7~{"a":1}~0~X-T: 1~~|
whole, then close|Content-Length: 7~~{"a":1}|close
bytes after the body|Content-Length: 7~~{"a":1}HTTP/1.1 200 OK~Content-Type: application/json~Content-Length: 7~~{"a":9}|
two lengths|Content-Length: 7~Content-Length: 3~~{"a":1}|
length and chunked|Content-Length: 3~Transfer-Encoding: chunked~~7~{"a":1}~0~~|
length +7|Content-Length: +7~~{"a":1}|
length -7|Content-Length: -7~~{"a":1}|
gzip, chunked|Transfer-Encoding: gzip, chunked~~7~{"a":1}~0~~|
folded header|X-F: a~ b~Content-Length: 7~~{"a":1}|
space before colon|Content-Length : 7~~{"a":1}|"#;

pub(crate) async fn table() -> Result<(), Box<dyn Error>> {
    let services = SampleServices::start()?;
    let mut faults = vec![
        Fault::Delay { millis: 400 },
        Fault::Status { code: 500, retry_after: None },
        Fault::HugeBody { megabytes: 10 },
        Fault::Redirect { location: "http://127.0.0.1:1/".to_owned() },
    ];
    for kind in "hang-before-headers hang-in-body reset reset-in-body truncated-json short-body \
        wrong-types wrong-content-type deep-nesting gzip-bomb gzip empty bad-utf8 duplicate-keys \
        not-a-number garbage huge-header early-hints"
        .split_whitespace()
    {
        faults.push(serde_json::from_value(serde_json::json!({ "kind": kind }))?);
    }
    for fault in faults {
        let set = |fault| services.set_fault(Service::Users, fault);
        let name = format!("{fault:?}");
        row(&name, &services.url(Service::Users), |odd| set(odd.then(|| fault.clone()))).await?;
    }
    for line in RAW.lines() {
        let mut parts = line.split('|').map(|part| part.replace('~', "\r\n"));
        let [name, rest, close] = [(); 3].map(|()| parts.next().unwrap_or_default());
        row(&name, &raw(format!("{HEAD}{rest}"), close == "close")?, |_| ()).await?;
    }
    let many = (0..120).map(|n| format!("X-{n}: 1\r\n")).collect::<String>();
    let url = raw(format!("{HEAD}{many}Content-Length: 7\r\n\r\n{{\"a\":1}}"), false)?;
    row("120 headers", &url, |_| ()).await
}

/// Prints what both make of a service at `url`.
async fn row(name: &str, url: &str, odd: impl Fn(bool)) -> Result<(), Box<dyn Error>> {
    let settings = serde_json::json!({ "users": { "url": url } });
    let settings: Settings = serde_json::from_value(settings)?;
    let awc = Services::new("bench", &settings)?.transport(|_| Rc::new(()));
    let awc = outcomes(&awc, &odd).await;
    let hyper = HyperTransport::new("bench-bff", &settings)?;
    let hyper = outcomes(&hyper, &odd).await;
    let kind = |text: &String| text.split(['(', '{']).next().map(str::to_owned);
    let mark = if awc.each_ref().map(kind) == hyper.each_ref().map(kind) { ' ' } else { '*' };
    writeln!(io::stdout(), "{mark} {name}\n    awc    {}", awc.join(" | "))?;
    writeln!(io::stdout(), "    hyper  {}", hyper.join(" | "))?;
    Ok(())
}

/// Before, meanwhile, and at once behind it.
async fn outcomes(transport: &dyn Transport, odd: impl Fn(bool)) -> [String; 3] {
    odd(false);
    let before = outcome(transport).await;
    sleep(Duration::from_millis(20)).await;
    odd(true);
    let during = outcome(transport).await;
    odd(false);
    [before, during, outcome(transport).await]
}

async fn outcome(transport: &dyn Transport) -> String {
    let user = Principal::new("u-1");
    let request = Outbound {
        service: "users",
        dependency: "userProfile",
        target: "/users/u-1",
        on_behalf_of: user.as_ref(),
        write: None,
        trace: &TraceContext::continue_from(None, None, || false),
        span: SpanId::random(),
        criticality: Criticality::Critical,
        way: &Cell::default(),
    };
    match transport.send(&request, Instant::now() + Duration::from_secs(1)).await {
        Ok(body) if body.len() < 20 => format!("Ok {:?}", String::from_utf8_lossy(&body)),
        Ok(body) => format!("Ok {} bytes", body.len()),
        Err(fault) => format!("{fault:?}"),
    }
}

/// Answers every request on a port of its own with `answer`, until the process ends.
fn raw(answer: String, close: bool) -> io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}", listener.local_addr()?);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = answer.clone();
            thread::spawn(move || serve(stream, answer.as_bytes(), close));
        }
    });
    Ok(url)
}

fn serve(mut stream: TcpStream, answer: &[u8], close: bool) -> io::Result<()> {
    // A request comes in one piece here.
    while stream.read(&mut [0; 8192])? > 0 {
        stream.write_all(answer)?;
        if close {
            break;
        }
    }
    Ok(())
}
