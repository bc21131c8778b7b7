//! From a contender to a process that answers.

use crate::{
    Result,
    bench::Bench,
    children::{Running, free_address},
    contender::Contender,
    fixtures::{program, source},
};
use bff_bench::message;
use std::{
    env,
    fs::{self, File},
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    process::{Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

/// Nobody takes longer to start.
const PATIENCE: Duration = Duration::from_secs(20);

/// A contender that answers.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) contender: Contender,
    pub(crate) address: SocketAddr,
    pub(crate) running: Running,
    /// From its start to its first answer with status 200.
    pub(crate) cold_start: Duration,
}

/// How a contender is started.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) upstream: SocketAddr,
    pub(crate) workers: usize,
    pub(crate) cores: &'a [usize],
}

/// Starts a contender and waits for its first good answer to `request`.
pub(crate) fn start(
    bench: &Bench,
    contender: Contender,
    place: Place<'_>,
    request: &[u8],
) -> Result<Server> {
    let address = free_address()?;
    let command = command(bench, contender, place, address)?;
    let started = Instant::now();
    let mut running = Running::start(command, place.cores)?;
    loop {
        if first_answer(address, request).is_some_and(|answer| message::status(&answer) == 200) {
            let cold_start = started.elapsed();
            return Ok(Server { contender, address, running, cold_start });
        }
        if running.has_ended() || started.elapsed() > PATIENCE {
            let log = bench.directory.join(contender.id()).with_extension("err");
            return Err(
                format!("{} does not answer; see {}", contender.name(), log.display()).into()
            );
        }
        sleep(Duration::from_micros(500));
    }
}

/// The answer to one request on a connection of its own.
pub(crate) fn first_answer(address: SocketAddr, request: &[u8]) -> Option<Vec<u8>> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    stream.write_all(request).ok()?;
    let (mut answer, mut buffer) = (Vec::new(), vec![0; 64 * 1024]);
    while message::whole(&answer).is_none() {
        let count = stream.read(&mut buffer).ok().filter(|count| *count > 0)?;
        answer.extend_from_slice(buffer.get(..count)?);
    }
    Some(answer)
}

fn command(
    bench: &Bench,
    contender: Contender,
    place: Place<'_>,
    address: SocketAddr,
) -> Result<Command> {
    let Place { upstream, workers, .. } = place;
    let mut command = match contender {
        Contender::Floor => Command::new(program("bench-floor")),
        Contender::Plain => Command::new(program("bench-plain")),
        Contender::Fan => Command::new(program("bench-fan")),
        Contender::Ours | Contender::Quiet => Command::new(program("bff-mobile")),
        Contender::Express | Contender::Fastify => Command::new("node"),
        Contender::Tailcall => Command::new(&bench.node.as_ref().ok_or("no Node folder")?.tailcall),
    };
    // Nothing of this shell's: no BFF_ENV, no proxy.
    command.env_clear().env("PATH", env::var_os("PATH").unwrap_or_default());
    command.stdout(Stdio::null());
    command.stderr(File::create(bench.directory.join(contender.id()).with_extension("err"))?);
    match contender {
        Contender::Floor | Contender::Plain => {
            command.args(["--listen", &address.to_string(), "--upstream", &upstream.to_string()]);
            command.args(["--workers", &workers.to_string()]);
            command.arg("--static").arg(&bench.fixtures.fixed);
        }
        Contender::Fan => {
            bff(&mut command, bench, place, address)?;
            command.env("BFF_CONFIG_DIR", source().join("config"));
            command.env("BFF__SERVICES__PARTS__URL", format!("http://{upstream}"));
        }
        Contender::Ours | Contender::Quiet => {
            mobile(&mut command, bench, place, address)?;
            if contender == Contender::Quiet {
                quiet(&mut command);
            }
        }
        Contender::Express | Contender::Fastify => {
            let folder = &bench.node.as_ref().ok_or("no Node folder")?.folder;
            command.current_dir(folder).arg(format!("{}.js", contender.id()));
            command.env("NODE_ENV", "production").env("PORT", address.port().to_string());
            command.env("UPSTREAM", format!("http://{upstream}"));
        }
        Contender::Tailcall => {
            let template = fs::read_to_string(source().join("node/tailcall.graphql"))?;
            let config = template
                .replace("PORT", &address.port().to_string())
                .replace("UPSTREAM", &upstream.to_string())
                .replace("WORKERS", &workers.to_string());
            let file = bench.directory.join(format!("tailcall-{}.graphql", address.port()));
            fs::write(&file, config)?;
            command
                .env("TAILCALL_TRACKER", "false")
                .env("TC_LOG_LEVEL", "error")
                .arg("start")
                .arg(file);
        }
    }
    Ok(command)
}

/// A BFF in production: JSON lines into a file, one trace in a hundred to a collector.
fn bff(command: &mut Command, bench: &Bench, place: Place<'_>, address: SocketAddr) -> Result<()> {
    let log = bench.directory.join(format!("bff-{}.log", address.port()));
    command.stdout(File::create(log)?);
    for (key, value) in [
        ("SERVER__LISTEN", address.to_string()),
        ("SERVER__WORKERS", place.workers.to_string()),
        ("ADMIN__LISTEN", free_address()?.to_string()),
        ("LOGS__FORMAT", "json".to_owned()),
        ("LOGS__LEVEL", "info".to_owned()),
        ("TRACES__SAMPLE_RATIO", "0.01".to_owned()),
        ("TRACES__OTLP_ENDPOINT", format!("http://{}/v1/traces", bench.sink)),
    ] {
        command.env(format!("BFF__{key}"), value);
    }
    Ok(())
}

fn mobile(
    command: &mut Command,
    bench: &Bench,
    place: Place<'_>,
    address: SocketAddr,
) -> Result<()> {
    bff(command, bench, place, address)?;
    command.env("BFF_CONFIG_DIR", source().join("../../bffs/mobile/config"));
    command.env("BFF__ISSUERS__MAIN__ISSUER", bench.fixtures.issuer);
    command.env("BFF__ISSUERS__MAIN__KEYS__FILE", &bench.fixtures.keys);
    for service in ["USERS", "ORDERS", "RECOMMENDATIONS", "CATALOG", "PRICING", "INVENTORY"] {
        command.env(format!("BFF__SERVICES__{service}__URL"), format!("http://{}", place.upstream));
    }
    Ok(())
}

/// What can be switched off is off. Identity cannot: a home page is somebody's.
fn quiet(command: &mut Command) {
    command.stdout(Stdio::null()).env("BFF__LOGS__LEVEL", "off");
    command.env("BFF__TRACES__SAMPLE_RATIO", "0").env_remove("BFF__TRACES__OTLP_ENDPOINT");
    command.env("BFF__CACHE__MEMORY_BYTES", "0");
}
