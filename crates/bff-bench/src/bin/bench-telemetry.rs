//! What telemetry costs: instructions of the whole mobile BFF per home page, under callgrind, with telemetry on and off.
//!
//! One worker, one connection, real services on sockets. Each way is run with fewer and with more pages, and the slope
//! between the two is a page: starting, stopping and the last export cancel out. Every hundredth request comes sampled,
//! as a gateway with a rate of 1 % sends them, so that chance decides nothing.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "a program for a terminal")]

use bff_bench::message;
use bff_fixtures::Issuer;
use bff_neighbours::{Collector, SampleServices, Service};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    env,
    error::Error,
    fs::{self, File},
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const PAGES: [u64; 2] = [300, 900];
/// Further pages at first, which may fail: under valgrind the first ones can take longer than their budget.
const WARM: u64 = 50;
/// Valgrind starts a BFF within this.
const PATIENCE: Duration = Duration::from_secs(120);
const LOUD: [(&str, &str); 2] = [("LOGS__FORMAT", "json"), ("LOGS__LEVEL", "info")];
const QUIET: [(&str, &str); 1] = [("LOGS__LEVEL", "off")];

/// Everything around the process.
struct Bed {
    services: SampleServices,
    collector: Collector,
    directory: PathBuf,
    keys: PathBuf,
    binary: PathBuf,
    address: SocketAddr,
}

/// What one run of the process came to.
struct Run {
    instructions: u64,
    pushes: u64,
}

fn main() -> Result<()> {
    let beside = env::current_exe()?.with_file_name("bff-mobile");
    let binary = env::args_os().nth(1).map_or(beside, PathBuf::from);
    let directory = env::temp_dir().join(format!("bench-telemetry-{}", std::process::id()));
    fs::create_dir_all(&directory)?;
    let bed = Bed {
        services: SampleServices::start()?,
        collector: Collector::start()?,
        keys: Issuer::shared().write_jwks(&directory)?,
        directory,
        binary,
        address: TcpListener::bind("127.0.0.1:0")?.local_addr()?,
    };
    let (traces, metrics) = (bed.collector.url("traces"), bed.collector.url("metrics"));
    let otlp = |interval| {
        let ends = [("TRACES__OTLP_ENDPOINT", &*traces), ("METRICS__OTLP_ENDPOINT", &*metrics)];
        [&LOUD[..], &ends, &[("METRICS__OTLP_INTERVAL", interval)]].concat()
    };
    let off = bed.page(&QUIET)?;
    println!("no log lines, no OTLP        {off:>9} instructions per page");
    for (name, settings) in
        [("log lines, no OTLP", LOUD.to_vec()), ("log lines, OTLP at 1 %", otlp("1h"))]
    {
        let on = bed.page(&settings)?;
        let more = 100.0 * (on as f64 / off as f64 - 1.0);
        println!("{name:<28} {on:>9} instructions per page, {more:+.1} %");
    }
    let [fewer, _] = PAGES;
    let (rarely, often) = (bed.run(&otlp("1h"), fewer)?, bed.run(&otlp("500ms"), fewer)?);
    let each = (often.instructions.saturating_sub(rarely.instructions))
        .checked_div(often.pushes.saturating_sub(rarely.pushes));
    println!("one export of all metrics    {:>9} instructions", each.unwrap_or_default());
    Ok(fs::remove_dir_all(&bed.directory)?)
}

impl Bed {
    /// The instructions of one page.
    fn page(&self, settings: &[(&str, &str)]) -> Result<u64> {
        let [fewer, more] = PAGES;
        let of = |pages| self.run(settings, pages).map(|run| run.instructions);
        Ok(of(more)?.saturating_sub(of(fewer)?) / (more - fewer))
    }

    fn run(&self, settings: &[(&str, &str)], pages: u64) -> Result<Run> {
        let pushes = || u64::try_from(self.collector.metrics().len());
        let (before, log) = (pushes()?, self.directory.join("log"));
        let mut child = self.start(settings, &log)?;
        let errors = child.stderr.take().ok_or("no standard error")?;
        let reading = thread::spawn(move || {
            let lines = BufReader::new(errors).lines().map_while(std::result::Result::ok);
            lines.filter_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok()).last()
        });
        let asked = ask(self.address, pages);
        kill_process(Pid::from_child(&child), Signal::TERM)?;
        asked?;
        if !child.wait()?.success() {
            return Err(format!("the BFF did not end well; see {}", log.display()).into());
        }
        let instructions = reading.join().ok().flatten().ok_or("valgrind counted nothing")?;
        Ok(Run { instructions, pushes: pushes()? - before })
    }

    fn start(&self, settings: &[(&str, &str)], log: &Path) -> Result<Child> {
        let mut command = Command::new("valgrind");
        command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(&self.binary);
        // Nothing of this shell's: no BFF_ENV, no proxy.
        command.env_clear().env("PATH", env::var_os("PATH").unwrap_or_default());
        let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bffs/mobile/config");
        command.env("BFF_CONFIG_DIR", config);
        let listen = self.address.to_string();
        let own = [
            ("SERVER__LISTEN", &*listen),
            ("SERVER__WORKERS", "1"),
            ("SERVER__DRAIN_DELAY", "0s"),
            ("ADMIN__LISTEN", "127.0.0.1:0"),
            ("ISSUERS__MAIN__ISSUER", Issuer::shared().issuer()),
            // Under valgrind time runs away, and what a page costs must not depend on it.
            ("OVERLOAD__BROWNOUT_LAG", "1m"),
            ("OVERLOAD__SHED_LAG", "1m"),
        ];
        for (key, value) in own.iter().chain(settings) {
            command.env(format!("BFF__{key}"), value);
        }
        command.env("BFF__ISSUERS__MAIN__KEYS__FILE", &self.keys);
        for service in Service::ALL.into_iter().filter(|service| *service != Service::Reviews) {
            let key = format!("BFF__SERVICES__{}", service.name().to_uppercase());
            command.env(format!("{key}__URL"), self.services.url(service));
            command.env(format!("{key}__TIMEOUT"), "5s");
            command.env(format!("{key}__HEDGE__PERCENTILE"), "100");
        }
        command.stdin(Stdio::null()).stdout(File::create(log)?).stderr(Stdio::piped());
        Ok(command.spawn()?)
    }
}

/// Asks for that many home pages, one after the other.
fn ask(address: SocketAddr, pages: u64) -> Result<()> {
    let until = Instant::now() + PATIENCE;
    let mut stream = loop {
        match TcpStream::connect(address) {
            Ok(stream) => break stream,
            Err(error) if Instant::now() > until => return Err(error.into()),
            Err(_) => thread::sleep(Duration::from_millis(50)),
        }
    };
    stream.set_read_timeout(Some(PATIENCE))?;
    let token = Issuer::shared().token("u-1", "mobile-bff");
    let (mut answer, mut buffer) = (Vec::new(), vec![0; 64 * 1024]);
    for page in 1..=WARM + pages {
        let sampled = if page % 100 == 0 { "01" } else { "00" };
        let request = format!(
            "GET /mobile/v1/home HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\
             traceparent: 00-{page:032x}-{page:016x}-{sampled}\r\n\r\n"
        );
        stream.write_all(request.as_bytes())?;
        answer.clear();
        while message::whole(&answer).is_none() {
            match stream.read(&mut buffer)? {
                0 => return Err("the BFF closed the connection".into()),
                count => answer.extend_from_slice(buffer.get(..count).unwrap_or_default()),
            }
        }
        if page > WARM && message::status(&answer) != 200 {
            return Err(format!("status {}", message::status(&answer)).into());
        }
    }
    Ok(())
}
