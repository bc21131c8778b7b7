//! The services behind every contender: answers made beforehand, sent in one write, late or never when told so.
#![forbid(unsafe_code)]

use bff_bench::{arguments, message, poll::Poll, socket::Socket};
use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    error::Error,
    fs, io,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

const LISTENER: u64 = u64::MAX;

fn main() -> Result<(), Box<dyn Error>> {
    let answers = Answers::load(&arguments::value::<PathBuf>("bodies", None)?)?;
    let listen: SocketAddr = arguments::value("listen", None)?;
    let delay = Duration::from_micros(arguments::value("delay-us", Some(0))?);
    let hang: String = arguments::value("hang", Some("nothing".to_owned()))?;
    let listener = TcpListener::bind(listen)?;
    listener.set_nonblocking(true)?;
    let poll = Poll::new()?;
    poll.watch_listener(&listener, LISTENER)?;
    let hang = hang.into_bytes();
    Upstream {
        answers,
        delay,
        hang,
        poll,
        listener,
        sockets: Vec::new(),
        late: BinaryHeap::new(),
        turn: 0,
    }
    .run()
}

/// Every answer, head and body.
struct Answers {
    /// What has to stand in the target, first match first.
    routes: Vec<(Vec<u8>, Vec<u8>)>,
    unknown: Vec<u8>,
}

impl Answers {
    fn load(bodies: &Path) -> io::Result<Self> {
        let read = |part: &str, file: &str| {
            let body = fs::read(bodies.join(file).with_extension("json"))?;
            Ok((part.as_bytes().to_vec(), answer("200 OK", &body)))
        };
        let mut routes = [
            ("/recommendations", "recommendations"),
            ("/orders", "orders"),
            ("/reviews", "reviews"),
            ("/users/", "user"),
            ("/products/", "product"),
            ("/prices/", "price"),
            ("/stock/", "stock"),
        ]
        .into_iter()
        .map(|(part, file)| read(part, file))
        .collect::<io::Result<Vec<_>>>()?;
        for kilobytes in [1, 4, 16, 64] {
            let body = part_of(kilobytes * 1024);
            routes.push((
                format!("/bodies/{kilobytes}/").into_bytes(),
                answer("200 OK", body.as_bytes()),
            ));
        }
        Ok(Self { routes, unknown: answer("404 Not Found", b"{}") })
    }

    fn to(&self, target: &[u8]) -> &[u8] {
        let is_it = |(part, _): &&(Vec<u8>, Vec<u8>)| memchr::memmem::find(target, part).is_some();
        self.routes.iter().find(is_it).map_or(&self.unknown, |(_, answer)| answer)
    }
}

fn answer(status: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// A body of `size` bytes as services send them: a few members that a page wants, many that it does not.
fn part_of(size: usize) -> String {
    let mut body = r#"{"id":"part-1","title":"Organic Leather Desk Lamp","internal":["#.to_owned();
    let end = r#"{}],"price":"€ 222.99","inStock":true}"#;
    let mut number = 0;
    while body.len() + end.len() + 90 < size {
        number += 1;
        body += &format!(
            r#"{{"code":"wh-{number:05}","note":"kept \"dry\", floor {number}","costCents":{},"ok":true}},"#,
            number * 37
        );
    }
    let filler = size.saturating_sub(body.len() + end.len() + 8);
    format!("{body}{{\"x\":\"{}\"}},{end}", "x".repeat(filler.saturating_sub(2)))
}

struct Upstream {
    answers: Answers,
    delay: Duration,
    hang: Vec<u8>,
    poll: Poll,
    listener: TcpListener,
    /// By token; a place is used again only after all events of a wait were seen.
    sockets: Vec<Option<(u64, Socket)>>,
    late: BinaryHeap<Reverse<Late>>,
    turn: u64,
}

/// An answer that has to wait. The turn tells whether the connection is still the same one.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Late {
    due: Instant,
    token: usize,
    turn: u64,
    target: Vec<u8>,
}

impl Upstream {
    fn run(mut self) -> Result<(), Box<dyn Error>> {
        let mut tokens = Vec::new();
        loop {
            let next =
                self.late.peek().map(|late| late.0.due.saturating_duration_since(Instant::now()));
            self.poll.wait(next, &mut tokens)?;
            for token in &tokens {
                match *token {
                    LISTENER => self.accept()?,
                    token => self.serve(usize::try_from(token)?),
                }
            }
            self.send_late();
        }
    }

    fn accept(&mut self) -> io::Result<()> {
        while let Ok((stream, _)) = self.listener.accept() {
            let socket = Socket::new(stream)?;
            let place = self.sockets.iter().position(Option::is_none).unwrap_or(self.sockets.len());
            self.poll.watch(socket.stream(), place as u64)?;
            self.turn += 1;
            match self.sockets.get_mut(place) {
                Some(free) => *free = Some((self.turn, socket)),
                None => self.sockets.push(Some((self.turn, socket))),
            }
        }
        Ok(())
    }

    fn serve(&mut self, token: usize) {
        let Self { answers, delay, hang, sockets, late, .. } = self;
        let Some(place) = sockets.get_mut(token) else { return };
        let Some((turn, socket)) = place else { return };
        let mut open = matches!(socket.advance(), Ok(true));
        while let Some(request) = socket.message() {
            let target = message::target(socket.input());
            if memchr::memmem::find(target, hang).is_some() {
                // Never answered; the caller gives up and closes.
            } else if delay.is_zero() {
                open &= socket.send(answers.to(target)).is_ok();
            } else {
                let (due, target) = (Instant::now() + *delay, target.to_vec());
                late.push(Reverse(Late { due, token, turn: *turn, target }));
            }
            socket.consume(request.body.end);
        }
        if !open {
            *place = None;
        }
    }

    fn send_late(&mut self) {
        let now = Instant::now();
        while self.late.peek().is_some_and(|late| late.0.due <= now) {
            let Some(Reverse(Late { token, turn, target, .. })) = self.late.pop() else { return };
            match self.sockets.get_mut(token) {
                Some(Some((current, socket))) if *current == turn => {
                    // A connection that fails here is found closed at its next event.
                    let _ = socket.send(self.answers.to(&target));
                }
                _ => {}
            }
        }
    }
}
