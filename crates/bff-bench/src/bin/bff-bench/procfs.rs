//! What the operating system knows about a process: its CPU time and its memory.

use crate::Result;
use std::{fs, time::Duration};

/// CPU time of all threads that live, user and system, to the nanosecond.
pub(crate) fn cpu_time(pid: u32) -> Result<Duration> {
    let mut sum = 0;
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        // A thread that has just ended takes its time with it; contenders keep their threads.
        let Ok(text) = fs::read_to_string(task?.path().join("schedstat")) else { continue };
        sum += on_cpu(&text).ok_or("schedstat without figures: is CONFIG_SCHED_INFO off?")?;
    }
    Ok(Duration::from_nanos(sum))
}

/// Resident memory in megabytes.
pub(crate) fn resident_mb(pid: u32) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    Ok(kilobytes(&status, "VmRSS:").ok_or("a process without memory")? / 1024.0)
}

fn on_cpu(schedstat: &str) -> Option<u64> {
    schedstat.split_whitespace().next()?.parse().ok()
}

fn kilobytes(status: &str, name: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_found_in_their_files() {
        assert_eq!(on_cpu("123456789 42 7\n"), Some(123_456_789));
        assert_eq!(on_cpu(""), None);
        let status = "Name:\tx\nVmHWM:\t  900 kB\nVmRSS:\t    2048 kB\nThreads:\t4\n";
        assert_eq!(kilobytes(status, "VmRSS:"), Some(2048.0));
        assert_eq!(kilobytes(status, "VmSwap:"), None);
    }

    #[test]
    fn this_process_has_used_a_processor_and_memory() {
        let pid = std::process::id();
        assert!(cpu_time(pid).unwrap() > Duration::ZERO);
        assert!(resident_mb(pid).unwrap() > 0.1);
    }
}
