//! Upstream contracts: recorded answers of services, which the calls of a BFF must be able to read.
//!
//! `contracts/<bff>/upstream/<service>/<call>.json` holds answers as a service gave them, the request
//! of a client that made the BFF ask, and what the BFF reads of them, found by taking members away.
//! The services' own teams can hold their answers against it.

mod asked;
mod json;
mod reads;
mod record;
mod replay;
mod survive;
#[cfg(test)]
mod tests;

use self::replay::{Answers, Replay, Unread};
use crate::files::{files_below, write_text};
use bff_core::Bff;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    rc::Rc,
};

/// One file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Recording {
    /// The members that the BFF reads, of all answers together; `?` marks one that may be missing.
    reads: Value,
    answers: Vec<Recorded>,
}

/// One answer of a service. Of lists, one item of each kind is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Recorded {
    /// The client's request that led to it.
    client: Client,
    /// What the service was asked, `GET /products/p-1`.
    request: String,
    status: u16,
    content_type: String,
    body: Value,
}

/// What a client asks an endpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Client {
    /// `GET /mobile/v1/products/p-1`.
    request: String,
    user: String,
    /// What it sends.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    body: Value,
}

/// Which call: its service and its name, as in the file's path.
type Call = (String, String);

/// All files of a BFF.
type Recordings = BTreeMap<Call, Recording>;

/// Runs the endpoints of a BFF against the answers recorded in `directory/<bff>/upstream`; with
/// `update` it records them anew first, from the sample services. Answers of services that are no
/// samples are written by hand, and stay.
///
/// # Errors
/// Every answer that cannot be read, with service, call and member; every call without an answer, every
/// file without a call, and what a file says of its reader that is not so.
pub(crate) fn check(bff: &Bff, directory: &Path, update: bool) -> Result<(), String> {
    let folder = folder_of(bff, directory);
    let mut recordings = load(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    if update {
        recordings = record::all(bff, recordings).map_err(|error| error.to_string())?;
    }
    let answers = Rc::new(Answers::of(&recordings));
    let mut complaints: Vec<String> = missing(bff, &recordings, &answers);
    for ((service, call), recording) in &recordings {
        let path = path_of(&folder, service, call);
        match examine(bff, service, call, recording, &answers) {
            Err(why) => complaints.push(why),
            Ok(None) => {}
            Ok(Some(reads)) if reads == recording.reads => {}
            Ok(Some(reads)) if update => {
                let recording = Recording { reads, answers: recording.answers.clone() };
                write(&path, &recording).map_err(|error| error.to_string())?;
            }
            Ok(_) => complaints.push(format!(
                "{}: this BFF reads other members of the answer than `reads` says; run `make contracts ACCEPT=1`, read the \
                 diff as the service's team would, and commit it",
                path.display()
            )),
        }
    }
    if complaints.is_empty() { Ok(()) } else { Err(complaints.join("\n")) }
}

/// Where a BFF's recordings are.
pub(crate) fn folder_of(bff: &Bff, directory: &Path) -> PathBuf {
    directory.join(bff.name).join("upstream")
}

fn path_of(folder: &Path, service: &str, call: &str) -> PathBuf {
    folder.join(service).join(format!("{call}.json"))
}

/// Calls that endpoints make and nobody recorded.
fn missing(bff: &Bff, recordings: &Recordings, answers: &Rc<Answers>) -> Vec<String> {
    let mut complaints = Vec::new();
    for endpoint in &bff.endpoints {
        let own = |recorded: &&Recorded| asked::is_of(bff, endpoint, &recorded.client);
        let asked = recordings.values().flat_map(|recording| &recording.answers).find(own);
        let [made_up, _] = asked::of(endpoint, 1);
        let client = asked.map_or(made_up, |known| known.client.clone());
        for (service, call) in Replay::new(bff, &client, answers).calls() {
            let recording = recordings.get(&(service.to_owned(), call.to_owned()));
            let is_there = recording.is_some_and(|it| it.answers.iter().any(|a| own(&a)));
            if !is_there {
                complaints.push(format!(
                    "{}: no answer of {service} to its call `{call}` is recorded; run `make contracts ACCEPT=1`, or \
                     write contracts/{}/upstream/{service}/{call}.json by hand if {service} is no sample service",
                    endpoint.path(),
                    bff.name
                ));
            }
        }
    }
    complaints
}

/// What is read of all answers in a file together, all of which can be read, also when they vary. `None`
/// when another call ends the page before this one is answered.
fn examine(
    bff: &Bff,
    service: &str,
    call: &str,
    recording: &Recording,
    answers: &Rc<Answers>,
) -> Result<Option<Value>, String> {
    let mut all = Value::Null;
    for recorded in &recording.answers {
        let is_json = recorded.content_type.starts_with("application/json");
        if recorded.status != 200 || !is_json {
            return Err(format!("{service} `{call}`: only answers with 200 and JSON are recorded"));
        }
        let replay = Replay::new(bff, &recorded.client, answers);
        let subject = replay.of(service, call, &recorded.request);
        let reads = match subject.view(&recorded.body) {
            // Said of the other call.
            Err(Unread::GivenUp) => return Ok(None),
            Err(why) => Err(why.to_string()),
            Ok(_) => {
                let reads = reads::of(&subject, &recorded.body);
                survive::check(&subject, &recorded.body, &reads).map(|()| reads)
            }
        };
        let reads = reads.map_err(|why| {
            format!(
                "{}: `{}` cannot read what {service} answers to its call `{call}`, recorded from `{}`: {why}",
                bff.name, recorded.client.request, recorded.request
            )
        })?;
        all = json::joined(all, reads);
    }
    Ok(Some(all))
}

fn load(folder: &Path) -> io::Result<Recordings> {
    let mut recordings = Recordings::new();
    for path in files_below(folder)? {
        let recording = serde_json::from_slice(&fs::read(&path)?)
            .map_err(|error| io::Error::other(format!("{}: {error}", path.display())))?;
        let name = |part: Option<&std::ffi::OsStr>| {
            part.unwrap_or_default().to_string_lossy().into_owned()
        };
        let service = name(path.parent().and_then(Path::file_name));
        recordings.insert((service, name(path.file_stem())), recording);
    }
    Ok(recordings)
}

fn write(path: &Path, recording: &Recording) -> io::Result<()> {
    write_text(&(serde_json::to_string_pretty(recording)? + "\n"), path)
}
