//! The floor: a home page by hand, as cheap as sockets allow. One thread, one epoll loop, three pooled connections to
//! the services for each page in flight, members cut out of the answers as bytes, one write per page. Nothing that a
//! server needs in production: no limits, no deadlines, no errors worth the name.
#![forbid(unsafe_code)]

use bff_bench::{
    arguments, message,
    poll::Poll,
    socket::Socket,
    splice::{pick, pick_each},
};
use std::{
    error::Error,
    io::{self, Write},
    net::{SocketAddr, TcpListener},
    ops::Range,
};

const LISTENER: u64 = u64::MAX;
/// A token is `place * 4 + part`: part 3 is a client, 0 to 2 are the calls of a trio.
const PARTS: u64 = 4;
const CLIENT: u64 = 3;

const USER: [(&str, &str); 4] = [
    ("userId", "userId"),
    ("displayName", "displayName"),
    ("avatarUrl", "avatarUrl"),
    ("loyaltyTier", "loyaltyTier"),
];
const ORDER: [(&str, &str); 4] = [
    ("orderId", "orderId"),
    ("status", "status"),
    ("eta", "estimatedDelivery"),
    ("itemCount", "itemCount"),
];
const PRODUCT: [(&str, &str); 4] = [
    ("productId", "productId"),
    ("thumbnailUrl", "thumbnailUrl"),
    ("title", "title"),
    ("priceFormatted", "priceFormatted"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let listen: SocketAddr = arguments::value("listen", None)?;
    let services = arguments::value("upstream", None)?;
    let listener = TcpListener::bind(listen)?;
    listener.set_nonblocking(true)?;
    let poll = Poll::new()?;
    poll.watch_listener(&listener, LISTENER)?;
    let (clients, trios, idle) = (Vec::new(), Vec::new(), Vec::new());
    Floor { services, poll, listener, clients, trios, idle, out: Vec::new() }.run()
}

struct Floor {
    services: SocketAddr,
    poll: Poll,
    listener: TcpListener,
    clients: Vec<Option<Socket>>,
    trios: Vec<Trio>,
    /// Trios without a page, the last used one last.
    idle: Vec<usize>,
    out: Vec<u8>,
}

/// The connections for the three calls of a page.
struct Trio {
    calls: [Socket; 3],
    /// Where the bodies of the answers are, once they are there.
    bodies: [Range<usize>; 3],
    client: usize,
    waiting: u8,
}

impl Floor {
    fn run(mut self) -> Result<(), Box<dyn Error>> {
        let mut tokens = Vec::new();
        loop {
            self.poll.wait(None, &mut tokens)?;
            for token in &tokens {
                let place = usize::try_from(token / PARTS)?;
                match (*token, token % PARTS) {
                    (LISTENER, _) => self.accept()?,
                    (_, CLIENT) => self.ask(place)?,
                    (_, part) => self.collect(place, usize::try_from(part)?)?,
                }
            }
        }
    }

    fn accept(&mut self) -> io::Result<()> {
        while let Ok((stream, _)) = self.listener.accept() {
            let socket = Socket::new(stream)?;
            let place = self.clients.iter().position(Option::is_none).unwrap_or(self.clients.len());
            self.poll.watch(socket.stream(), place as u64 * PARTS + CLIENT)?;
            match self.clients.get_mut(place) {
                Some(free) => *free = Some(socket),
                None => self.clients.push(Some(socket)),
            }
        }
        Ok(())
    }

    /// A client's request becomes three calls.
    fn ask(&mut self, place: usize) -> io::Result<()> {
        let Some(client) = self.clients.get_mut(place) else { return Ok(()) };
        let Some(socket) = client else { return Ok(()) };
        if !matches!(socket.advance(), Ok(true)) {
            *client = None;
            return Ok(());
        }
        let Some(request) = socket.message() else { return Ok(()) };
        let user = message::header(socket.input(), "x-user-id:").unwrap_or(b"u-0").to_vec();
        socket.consume(request.body.end);
        let trio = match self.idle.pop() {
            Some(trio) => trio,
            None => self.connect()?,
        };
        let Self { trios, out, .. } = self;
        let Some(trio) = trios.get_mut(trio) else { return Ok(()) };
        (trio.client, trio.waiting) = (place, 3);
        for (call, rest) in
            trio.calls.iter_mut().zip(["", "/orders?limit=3", "/recommendations?limit=6"])
        {
            out.clear();
            out.extend_from_slice(b"GET /users/");
            out.extend_from_slice(&user);
            out.extend_from_slice(rest.as_bytes());
            out.extend_from_slice(
                b" HTTP/1.1\r\nhost: services\r\naccept: application/json\r\n\r\n",
            );
            call.send(out)?;
        }
        Ok(())
    }

    fn connect(&mut self) -> io::Result<usize> {
        let place = self.trios.len();
        let call = || Socket::connect(self.services);
        let calls = [call()?, call()?, call()?];
        for (part, call) in calls.iter().enumerate() {
            self.poll.watch(call.stream(), place as u64 * PARTS + part as u64)?;
        }
        self.trios.push(Trio { calls, bodies: [const { 0..0 }; 3], client: 0, waiting: 0 });
        Ok(place)
    }

    /// Three answers become a page.
    fn collect(&mut self, place: usize, part: usize) -> io::Result<()> {
        let Self { clients, trios, idle, out, .. } = self;
        let Some(trio) = trios.get_mut(place) else { return Ok(()) };
        let (Some(call), Some(body)) = (trio.calls.get_mut(part), trio.bodies.get_mut(part)) else {
            return Ok(());
        };
        call.advance()?;
        // An event may also say that there is room to write: the body is taken once.
        let Some(answer) = call.message().filter(|_| body.end == 0 && trio.waiting > 0) else {
            return Ok(());
        };
        *body = answer.body;
        trio.waiting -= 1;
        if trio.waiting > 0 {
            return Ok(());
        }
        idle.push(place);
        out.clear();
        // Room for the length, which is known at the end.
        out.extend_from_slice(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length:       \r\n\r\n",
        );
        let head = out.len();
        if page(trio, out).is_none() {
            out.truncate(head);
        }
        let length = out.len() - head;
        if let Some(mut room) = out.get_mut(head - 10..head - 4) {
            write!(room, "{length:>6}")?;
        }
        for (call, body) in trio.calls.iter_mut().zip(&mut trio.bodies) {
            call.consume(usize::MAX);
            *body = 0..0;
        }
        // A client that has left needs no page.
        if let Some(Some(client)) = clients.get_mut(trio.client) {
            client.send(out)?;
        }
        Ok(())
    }
}

fn page(trio: &Trio, out: &mut Vec<u8>) -> Option<()> {
    let [user, orders, recommendations] = &trio.calls;
    let [of_user, of_orders, of_recommendations] = trio.bodies.clone();
    out.extend_from_slice(b"{\"user\":");
    pick(user.input().get(of_user)?, &USER, out)?;
    out.extend_from_slice(b",\"recentOrders\":");
    pick_each(orders.input().get(of_orders)?, "orders", &ORDER, out)?;
    out.extend_from_slice(b",\"recommendations\":");
    pick_each(recommendations.input().get(of_recommendations)?, "items", &PRODUCT, out)?;
    out.push(b'}');
    Some(())
}
