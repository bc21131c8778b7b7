//! Keys that count and keys that do not, and a file that changes while it is in use.

use super::*;
use presented::text;
use std::{fs, thread};

/// A file of its own for each test.
fn path(name: &str) -> PathBuf {
    let directory = std::env::temp_dir().join(format!("bff-auth-{}-{name}", std::process::id()));
    let _former = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).unwrap();
    directory.join("keys.toml")
}

fn new_key(subject: &str, expires: Option<&str>) -> NewKey {
    NewKey {
        subject: subject.to_owned(),
        scopes: vec!["catalogue:read".to_owned()],
        expires: expires.map(str::to_owned),
    }
}

fn open(path: &std::path::Path) -> Arc<ApiKeys> {
    ApiKeys::open(&ApiKeySettings { file: path.to_owned() }).unwrap()
}

fn outcome(keys: &ApiKeys, presented: &str) -> Result<String, Refusal> {
    keys.verify(presented, Moment::now()).map(|partner| partner.subject().to_owned())
}

#[test]
fn only_the_whole_key_counts() {
    let path = path("whole");
    let key = issue(&path, new_key("partner-1", None)).unwrap();
    let other = issue(&path, new_key("partner-2", None)).unwrap();
    let keys = open(&path);
    assert_eq!(outcome(&keys, &key).as_deref(), Ok("partner-1"));
    assert_eq!(outcome(&keys, &other).as_deref(), Ok("partner-2"));
    let (id, secret) = key.rsplit_once('_').filter(|(id, _)| id.len() == 13).unwrap_or_else(|| {
        // base64url has underscores too.
        let (id, secret) = key.split_at(13);
        (id, secret.strip_prefix('_').unwrap())
    });
    let other_secret = &other[14..];
    let unknown = Err(Refusal::ApiKey);
    assert_eq!(outcome(&keys, &format!("{id}_{other_secret}")), unknown, "another one's secret");
    assert_eq!(outcome(&keys, &text("00000000", &[0; 32])), unknown, "no such id");
    assert_eq!(outcome(&keys, &format!("{id}_{}", "A".repeat(43))), unknown, "zeros");
    for (what, presented) in [
        ("nothing", String::new()),
        ("its id", id.to_owned()),
        ("no secret", format!("{id}_")),
        ("cut short", key[..key.len() - 1].to_owned()),
        ("longer", format!("{key}A")),
        ("padded", format!("{key}=")),
        ("spaced", format!(" {key}")),
        ("upper case", key.to_uppercase()),
        ("another prefix", key.replacen("bffp", "bffq", 1)),
        ("no prefix", format!("{}_{secret}", &id[5..])),
        ("its hash", format!("{id}_{}", "0".repeat(64))),
        ("64 KiB", format!("{id}_{}", "A".repeat(65_536))),
    ] {
        let refused = outcome(&keys, &presented);
        assert_eq!(refused, Err(Refusal::ApiKeyMalformed), "{what}");
    }
}

#[test]
fn the_file_holds_no_secret_and_is_nobody_elses() {
    use std::os::unix::fs::PermissionsExt;
    let path = path("secret");
    let key = issue(&path, new_key("partner-1", Some("2127-05-01"))).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert!(!text.contains(&key[14..]), "{text}");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let all = list(&path).unwrap();
    let line = all.iter().map(|(id, entry)| format!("{id} {entry}")).collect::<String>();
    assert_eq!(line, format!("{} partner-1  catalogue:read  until 2127-05-01", &key[5..13]));
}

#[test]
fn a_key_ends_with_its_date_and_says_so_only_to_its_owner() {
    let path = path("date");
    let key = issue(&path, new_key("partner-1", Some("2020-01-01"))).unwrap();
    let at_noon = issue(&path, new_key("partner-1", Some("2127-05-01T12:00:00Z"))).unwrap();
    let keys = open(&path);
    assert_eq!(outcome(&keys, &key), Err(Refusal::ApiKeyExpired));
    assert!(outcome(&keys, &at_noon).is_ok());
    let forged = format!("{}{}", &key[..14], "A".repeat(43));
    assert_eq!(outcome(&keys, &forged), Err(Refusal::ApiKey));
}

#[test]
fn what_cannot_be_a_key_is_not_issued() {
    let path = path("wrong");
    for (subject, scope, expires) in [
        ("", "a", None),
        ("../admin", "a", None),
        ("partner-1", "two words", None),
        ("partner-1", "", None),
        ("partner-1", "a", Some("tomorrow")),
        ("partner-1", "a", Some("2027-13-01")),
    ] {
        let key = NewKey { scopes: vec![scope.to_owned()], ..new_key(subject, expires) };
        assert!(issue(&path, key).is_err(), "{subject} {scope} {expires:?}");
        assert!(!path.exists(), "nothing was written");
    }
    assert!(revoke(&path, "00000000").is_err());
    assert!(issue(&path, new_key("partner-1", None)).is_ok(), "no lock was left behind");
}

#[test]
fn two_changes_at_the_same_time_lose_nothing() {
    let path = path("parallel");
    let issued: Vec<_> = thread::scope(|scope| {
        let one = || issue(&path, new_key("partner-1", None)).is_ok();
        let workers: Vec<_> = (0..8).map(|_| scope.spawn(one)).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    let made = issued.into_iter().filter(|made| *made).count();
    assert!(made >= 1);
    assert_eq!(list(&path).unwrap().len(), made, "whoever was told `issued` has a key");
}

#[test]
fn an_entry_that_cannot_be_used_is_named_by_its_line_without_being_quoted() {
    let path = path("lines");
    let good = format!("[keys.3f9c2a71]\nhash = \"{}\"\nsubject = \"p-1\"\n", "0a".repeat(32));
    fs::write(&path, &good).unwrap();
    open(&path);
    for (from, to, line) in [
        ("0a0a", "secret", "line 2"),
        ("p-1", "../secret", "line 3"),
        ("3f9c2a71", "secret", "line 1"),
        ("subject", "secret", "line 3"),
        ("subject = ", "scopes = [\"secret secret\"]\nsubject = ", "line 3"),
        ("subject = ", "not_after = \"secret\"\nsubject = ", "line 3"),
        ("subject = \"p-1\"", "subject = secret", "line 3"),
        ("[keys.3f9c2a71]\n", "[keys.3f9c2a71]\n[keys.3f9c2a71]\n", "line 2"),
    ] {
        fs::write(&path, good.replacen(from, to, 1)).unwrap();
        let error = ApiKeys::open(&ApiKeySettings { file: path.clone() }).unwrap_err().to_string();
        assert!(error.starts_with("api_keys.file: ") && error.contains(line), "{to}: {error}");
        assert!(to == "secret" && from == "subject" || !error.contains("secret"), "{error}");
    }
}

#[tokio::test]
async fn a_changed_file_counts_and_a_broken_one_changes_nothing() {
    let path = path("changed");
    let first = issue(&path, new_key("partner-1", None)).unwrap();
    let keys = open(&path);
    let live = async || keys.live.latest().await.len();
    assert_eq!(live().await, 1);
    let second = issue(&path, new_key("partner-1", None)).unwrap();
    assert_eq!(live().await, 2, "two live keys of one partner");
    revoke(&path, &first[5..13]).unwrap();
    assert_eq!(live().await, 1);
    assert_eq!(outcome(&keys, &first), Err(Refusal::ApiKey));
    fs::write(&path, "[keys").unwrap();
    assert_eq!(live().await, 1);
    fs::remove_file(&path).unwrap();
    assert_eq!(live().await, 1);
    assert!(outcome(&keys, &second).is_ok());
    let third = issue(&path, new_key("partner-2", None)).unwrap();
    assert_eq!(live().await, 1, "there again");
    assert_eq!(outcome(&keys, &third).as_deref(), Ok("partner-2"));
}
