//! The BFFs as processes of their own, each line of theirs with its name in front.

use bff_dev::{
    declared::Declared,
    program::{self, Program},
};
use std::{
    error::Error,
    io::{BufRead, BufReader, Read},
    mem,
    net::TcpListener,
    process::Stdio,
    thread,
    time::Duration,
};

const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Running BFFs; dropping stops them.
pub(crate) struct Running(Vec<(String, Program)>);

impl Running {
    pub(crate) fn none() -> Self {
        Self(Vec::new())
    }

    /// Starts all, after a look at their ports: a taken one is the likeliest reason to fail.
    pub(crate) fn start(bffs: &[Declared]) -> Result<Self, Box<dyn Error>> {
        for Declared { name, address, admin_address, .. } in bffs {
            for address in [address, admin_address] {
                TcpListener::bind(address).map_err(|error| {
                    format!(
                        "{address} for the {name} BFF: {error}; stop what uses it, or change bffs/{name}/config/local.toml"
                    )
                })?;
            }
        }
        let mut running = Self::none();
        for bff in bffs {
            running.0.push((bff.name.clone(), start(bff)?));
        }
        Ok(running)
    }

    pub(crate) fn wait_until_ready(&mut self) -> Result<(), Box<dyn Error>> {
        for (_, program) in &mut self.0 {
            program.wait_until_ready()?;
        }
        Ok(())
    }

    /// Waits for the first BFF that ends by itself.
    pub(crate) async fn one_ended(&mut self) -> String {
        loop {
            for (name, program) in &mut self.0 {
                if let Some(status) = program.ended() {
                    return format!("the {name} BFF ended with {status}");
                }
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        Program::stop(mem::take(&mut self.0).into_iter().map(|(_, program)| program).collect());
    }
}

fn start(bff: &Declared) -> Result<Program, Box<dyn Error>> {
    let mut command = program::command(&bff.name)?;
    command.env("BFF__LOGS__FORMAT", "text").stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut program = Program::start(&bff.name, bff.admin_address, &mut command)?;
    let (out, err) = program.output();
    relay(&bff.name, out);
    relay(&bff.name, err);
    Ok(program)
}

/// Copies the lines of a BFF to the terminal.
fn relay(name: &str, lines: Option<impl Read + Send + 'static>) {
    let Some(lines) = lines else { return };
    let name = name.to_owned();
    thread::spawn(move || {
        for line in BufReader::new(lines).lines().map_while(Result::ok) {
            println!("{name:>7} | {line}");
        }
    });
}
