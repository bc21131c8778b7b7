//! What it all ran on.

use crate::report::Machine;
use std::{fs, process::Command, thread};

pub(crate) fn describe() -> Machine {
    let text = |path| fs::read_to_string(path).unwrap_or_default();
    let after_colon = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_once(':').map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
    };
    Machine {
        cpu: after_colon(&text("/proc/cpuinfo"), "model name"),
        cores: thread::available_parallelism().map_or(1, Into::into),
        memory: after_colon(&text("/proc/meminfo"), "MemTotal"),
        kernel: said_by("uname", &["-sr"]),
        rustc: said_by("rustc", &["--version"]),
        node: said_by("node", &["--version"]),
        commit: said_by("git", &["describe", "--always", "--dirty"]),
        date: said_by("date", &["-u", "+%Y-%m-%d %H:%M UTC"]),
        load_before: text("/proc/loadavg").split_whitespace().take(3).collect::<Vec<_>>().join(" "),
    }
}

/// The first line that a program prints; nothing when it is not there.
pub(crate) fn said_by(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    text.unwrap_or_default().lines().next().unwrap_or_default().trim().to_owned()
}
