//! Everything that is made once for a run, and a round of load as every scenario uses it.

use crate::{
    Result,
    children::{Running, free_address},
    contender::Contender,
    fixtures::{Fixtures, directory, program},
    launch::{self, Place, Server, first_answer},
    load::{self, Load, Pace},
    machine,
    node::{self, Node},
    pages::RightPage,
    pins::{Pins, on},
    report::{Machine, Round, Settings},
    sink,
};
use bff_bench::{arguments, message};
use std::{fs, net::SocketAddr, path::PathBuf, process::Command, thread::sleep, time::Duration};

/// A prepared run.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) directory: PathBuf,
    pub(crate) fixtures: Fixtures,
    pub(crate) right: RightPage,
    pub(crate) machine: Machine,
    pub(crate) pins: Pins,
    pub(crate) settings: Settings,
    pub(crate) sink: SocketAddr,
    pub(crate) node: Option<Node>,
    pub(crate) skipped: Vec<String>,
}

/// The services, as one process.
#[derive(Debug)]
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    pub(crate) running: Running,
}

impl Bench {
    pub(crate) fn prepare() -> Result<Self> {
        let directory = directory();
        fs::create_dir_all(&directory)?;
        let fixtures = Fixtures::write(&directory)?;
        let machine = machine::describe();
        let pins = Pins::of(machine.cores);
        let quick = arguments::has("quick");
        let settings = Settings {
            rounds: arguments::value("rounds", Some(if quick { 2 } else { 5 }))?,
            seconds: arguments::value("seconds", Some(if quick { 1.0 } else { 3.0 }))?,
            connections: 32,
            rate: 200.0,
            pins: pins.describe(),
        };
        let mut skipped = Vec::new();
        let node = node::install(&directory).inspect_err(|error| {
            skipped.push(format!("Express, Fastify and Tailcall: {error}"));
        });
        let right = RightPage::of(&fixtures)?;
        let node = node.ok();
        Ok(Self {
            directory,
            fixtures,
            right,
            machine,
            pins,
            settings,
            sink: sink::start()?,
            node,
            skipped,
        })
    }

    /// Whether `--only` names this scenario, or nothing was named.
    pub(crate) fn wants(scenario: &str) -> Result<bool> {
        let only: String = arguments::value("only", Some(String::new()))?;
        Ok(only.is_empty() || only.split(',').any(|name| name == scenario))
    }

    /// The contenders of the home page that can take part.
    pub(crate) fn home_contenders(&self) -> Result<Vec<Contender>> {
        let only: String = arguments::value("contenders", Some(String::new()))?;
        let named = |contender: &Contender| {
            only.is_empty() || only.split(',').any(|name| name == contender.id())
        };
        let able = |contender: &Contender| match contender {
            Contender::Express | Contender::Fastify => self.node.is_some(),
            Contender::Tailcall => {
                self.node.as_ref().is_some_and(|node| !node.tailcall_version.is_empty())
            }
            _ => true,
        };
        Ok(Contender::HOME.into_iter().filter(named).filter(able).collect())
    }

    /// Starts the services; `hang` is a part of the paths that are never answered.
    pub(crate) fn upstream(&self, delay: Duration, hang: Option<&str>) -> Result<Upstream> {
        let address = free_address()?;
        let mut command = Command::new(program("bench-upstream"));
        command.arg("--bodies").arg(&self.fixtures.bodies);
        command.args([
            "--listen",
            &address.to_string(),
            "--delay-us",
            &delay.as_micros().to_string(),
        ]);
        command.args(hang.into_iter().flat_map(|hang| ["--hang", hang]));
        let mut running = Running::start(command, &self.pins.services)?;
        while std::net::TcpStream::connect(address).is_err() {
            if running.has_ended() {
                return Err("bench-upstream does not start".into());
            }
            sleep(Duration::from_millis(1));
        }
        Ok(Upstream { address, running })
    }

    /// Starts a contender with one worker on its core, and checks its home page.
    pub(crate) fn start(&self, contender: Contender, upstream: &Upstream) -> Result<Server> {
        let place = Place { upstream: upstream.address, workers: 1, cores: &self.pins.server };
        let request = contender.home(self);
        let server = launch::start(self, contender, place, &request)?;
        self.check(&server)?;
        Ok(server)
    }

    /// Says what is wrong with a contender's home page. It may try again: on a busy machine a call can time out, and
    /// the page that follows is right for that.
    pub(crate) fn check(&self, server: &Server) -> Result<()> {
        let mut last = Ok(());
        for _ in 0..5 {
            last = self.check_once(server);
            if last.is_ok() {
                break;
            }
            sleep(Duration::from_millis(300));
        }
        last
    }

    fn check_once(&self, server: &Server) -> Result<()> {
        let Server { contender, address, .. } = server;
        let answer = first_answer(*address, &contender.home(self)).ok_or("no answer")?;
        let message = message::whole(&answer).ok_or("no whole answer")?;
        let body = answer.get(message.body.clone()).unwrap_or_default();
        let body = if message.chunked { message::unchunked(body) } else { body.to_vec() };
        let checked = self.right.check(&body, contender.layout());
        checked.map_err(|error| format!("{}: wrong page: {error}", contender.name()).into())
    }

    /// One round of load on a server.
    pub(crate) fn round(
        &self,
        address: SocketAddr,
        pid: u32,
        request: &[u8],
        pace: Pace,
    ) -> Result<Round> {
        self.round_of(address, pid, request, pace, self.settings.seconds)
    }

    pub(crate) fn round_of(
        &self,
        address: SocketAddr,
        pid: u32,
        request: &[u8],
        pace: Pace,
        seconds: f64,
    ) -> Result<Round> {
        let (warm_up, duration) = (Duration::from_millis(200), Duration::from_secs_f64(seconds));
        let load = Load { address, request: request.to_vec(), pace, warm_up, duration };
        on(&self.pins.load, || load::run(&load, pid).map_err(|error| error.to_string()))?
            .map_err(Into::into)
    }

    pub(crate) fn saturation(&self) -> Pace {
        Pace::Closed(self.settings.connections)
    }

    pub(crate) fn moderate(&self) -> Pace {
        Pace::PerSecond(self.settings.rate)
    }
}

impl Drop for Bench {
    /// Logs of a run are of no use after it, and large.
    fn drop(&mut self) {
        for entry in fs::read_dir(&self.directory).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with("bff-") && name.ends_with(".log") || name.starts_with("tailcall-") {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}
