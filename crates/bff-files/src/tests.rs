//! What is replaced is read again, whatever way it was replaced, and what is broken is not used.

use super::*;
use bff_fixtures::{Lines, Mounted};
use std::{
    fs,
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
    time::{Duration, Instant},
};

/// Ends a test that would hang.
const PATIENCE: Duration = Duration::from_secs(30);

fn number(bytes: &[u8]) -> Result<u32, String> {
    secret_text(bytes)?.parse().map_err(|_| "not a number".to_owned())
}

fn eventually(what: &str, condition: impl Fn() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < until, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_swapped_directory_is_noticed_without_anybody_asking() {
    let mounted = Mounted::new("swap", &[("number", "1\n")]);
    let watched = Watched::file(&mounted.path("number"), number).unwrap();
    assert_eq!(**watched.current(), 1);
    mounted.swap(&[("number", "2\n")]);
    eventually("the second number", || **watched.current() == 2);
}

#[test]
fn of_two_files_that_belong_together_no_half_is_used() {
    let pair = |one, two| [("one", one), ("two", two)];
    let mounted = Mounted::new("pair", &pair("1", "1"));
    let [one, two] = ["one", "two"].map(|file| mounted.path(file));
    let (first, second) = (one.clone(), two.clone());
    let make = move || {
        let read = |path| fs::read_to_string(path).map_err(|error| error.to_string());
        let (one, two) = (read(&first)?, read(&second)?);
        if one == two { Ok(one) } else { Err(format!("{one} does not belong to {two}")) }
    };
    let watched = Watched::open(vec![one, two], make).unwrap();
    mounted.swap(&pair("2", "1"));
    watched.look();
    assert_eq!(**watched.current(), "1");
    mounted.swap(&pair("2", "2"));
    watched.look();
    assert_eq!(**watched.current(), "2");
}

/// Made by hand, so that only this thread looks and all lines are this test's.
fn unwatched(path: &Path, is_well: Arc<AtomicUsize>) -> Watched<u32> {
    let (own, paths) = (path.to_owned(), vec![path.to_owned()]);
    let make = move || match is_well.load(SeqCst) {
        0 => Err("the clock is wrong".to_owned()),
        _ => number(&fs::read(&own).map_err(|error| error.to_string())?),
    };
    let seen = Mutex::new(Seen { stamps: stamps(&paths), trouble: None });
    Watched { paths, make: Box::new(make), current: ArcSwap::from_pointee(1), seen }
}

#[test]
fn what_cannot_be_used_is_one_line_and_what_was_known_stays() {
    let mounted = Mounted::new("broken", &[("number", "1")]);
    let lines = Lines::default();
    let is_well = Arc::new(AtomicUsize::new(1));
    let watched = unwatched(&mounted.path("number"), is_well.clone());
    let look = |times: usize| {
        let _before = lines.take();
        tracing::subscriber::with_default(collector_of(&lines), || {
            (0..times).for_each(|_| watched.look());
        });
        lines.take()
    };
    assert_eq!(look(3), "", "nothing changed");

    mounted.swap(&[("number", "half a numb")]);
    let said = look(3);
    assert_eq!(said.lines().count(), 1, "{said}");
    for part in ["WARN", "broken/number", "not a number", "stays in use"] {
        assert!(said.contains(part), "{said}");
    }
    assert!(!said.contains("half"), "a secret may stand there: {said}");
    assert_eq!(**watched.current(), 1);

    mounted.empty();
    assert_eq!(look(3).lines().count(), 1, "another reason");
    assert_eq!(**watched.current(), 1);

    mounted.swap(&[("number", "2")]);
    let said = look(3);
    assert!(said.contains("read again") && said.lines().count() == 1, "{said}");
    assert_eq!(**watched.current(), 2);

    is_well.store(0, SeqCst);
    mounted.swap(&[("number", "3")]);
    assert_eq!(look(2).lines().count(), 1);
    is_well.store(1, SeqCst);
    assert_eq!(look(2).lines().count(), 1, "what was wrong was not the file");
    assert_eq!(**watched.current(), 3);
}

fn collector_of(lines: &Lines) -> impl tracing::Subscriber + Send + Sync + use<> {
    let lines = lines.clone();
    tracing_subscriber::fmt().with_writer(move || lines.clone()).with_ansi(false).finish()
}

#[test]
fn a_secret_ends_before_the_newline_that_editors_leave() {
    assert_eq!(secret_text(b"hunter2\r\n"), Ok("hunter2"));
    assert_eq!(secret_text(b"two words "), Ok("two words "));
    for (bytes, why) in [(&b"\n"[..], "empty"), (b"\xff", "not text")] {
        assert!(secret_text(bytes).unwrap_err().contains(why), "{bytes:?}");
    }
}
