//! An endpoint: its file, its test, its line in the table and in the changelog, and what is made from
//! the table.

use super::{
    Flags,
    bff::{names, prefixes, refuse_changed},
    calls::Call,
    lists, name, pascal, snake,
    snapshot::all_or_nothing,
    template::{self, Files},
    tools,
};
use std::path::Path;

/// An endpoint that is to come or to go.
struct Place<'a> {
    bff: &'a str,
    name: &'a str,
    /// The file's and the test's, which is the function's too.
    module: String,
}

impl Place<'_> {
    fn source(&self) -> String {
        format!("bffs/{}/src/endpoints/{}.rs", self.bff, self.module)
    }

    fn test(&self) -> String {
        format!("bffs/{}/tests/{}.rs", self.bff, self.module)
    }

    fn table(&self) -> String {
        format!("bffs/{}/src/endpoints/mod.rs", self.bff)
    }

    fn changelog(&self) -> String {
        format!("bffs/{}/CHANGELOG.md", self.bff)
    }

    /// As contracts and `X-Schema-Version` have it.
    fn schema(&self) -> String {
        format!("{}.{}-screen/1", self.bff, self.name)
    }

    /// The contract of an endpoint at this path.
    fn contract(&self, path: &str) -> String {
        let version = version(path).unwrap_or("unversioned");
        format!("contracts/{}/{version}/{}-screen.json", self.bff, self.name)
    }

    fn touched(&self) -> Vec<String> {
        let generated = [format!("contracts/{}", self.bff), "deploy/observability".to_owned()];
        let own = [self.source(), self.test(), self.table(), self.changelog()];
        own.into_iter().chain(generated).collect()
    }

    /// File and test, asking one call at a path.
    fn files(&self, root: &Path, path: &str, call: &Call) -> Result<Files, String> {
        let library = tools::read(root, &format!("bffs/{}/src/lib.rs", self.bff))?;
        let test = if library.contains("Auth::Session") { "test_session.rs" } else { "test.rs" };
        let example = path.split('/').map(|part| if part.starts_with('{') { "p-1" } else { part });
        let mut words = call.words();
        words.extend([
            ("path", path.to_owned()),
            ("example", example.collect::<Vec<_>>().join("/")),
            ("crate", snake(self.bff)),
            ("module", self.module.clone()),
            ("type", pascal(self.name)),
        ]);
        let source = if call.list.is_some() { "list.rs" } else { "one.rs" };
        let text = |file: &str| template::file(root, &format!("endpoint/{file}"), &words);
        Ok([(self.source(), text(source)?), (self.test(), text(test)?)].into())
    }
}

/// Only reads are made: a write needs a body that nobody can guess.
///
/// # Errors
/// What to look at instead.
pub(super) fn check_method(method: &str) -> Result<(), String> {
    match method {
        "GET" => Ok(()),
        other => Err(format!(
            "{other}: only GET is made here; bffs/web/src/endpoints/cart.rs shows a POST, whose body is yours to declare"
        )),
    }
}

/// Makes one.
///
/// # Errors
/// Why it cannot be; then nothing was changed.
pub(super) fn create(root: &Path, bff: &str, name: &str, flags: &Flags) -> Result<String, String> {
    name::check_endpoint(name)?;
    let place = place(root, bff, name)?;
    let calls = Call::all_for(root, bff, name)?;
    let call = calls.first().ok_or("there is no call to make")?;
    let path = path(root, &place, call, flags)?;
    for taken in [place.source(), place.test(), place.contract(&path)] {
        if root.join(&taken).exists() {
            return Err(format!("{name}: {taken} is already there"));
        }
    }
    if known_paths(root, &place)?.contains(&path) {
        return Err(format!("{path}: the {bff} BFF answers there already"));
    }
    let files = place.files(root, &path, call)?;
    let words = call.words().into_iter().find(|(word, _)| *word == "words");
    let words = words.map(|(_, words)| words).unwrap_or_default();
    let entry = format!("added: `GET {path}` (`{}`): {words}.", place.schema());
    all_or_nothing(root, &place.touched(), || {
        template::write(root, &files)?;
        tools::edit(root, &place.table(), |table| {
            tools::rustfmt(root, &lists::with_endpoint(table, &place.module)?)
        })?;
        tools::edit(root, &place.changelog(), |text| lists::with_entry(text, &entry))?;
        if flags.is_unbuilt { Ok(()) } else { tools::generate(root, bff) }
    })?;
    let next = match flags.is_unbuilt {
        true => "Its contract and dashboard are not there yet: they need the build.\n",
        false => "",
    };
    Ok(format!(
        "The {bff} BFF answers GET {path} with what {} says:\n  {}\n  {}\n{next}Try it: cargo test -p bff-{bff} --test {}. \
         Its call and its view are yours to change.\n",
        call.expression,
        place.source(),
        place.test(),
        place.module
    ))
}

/// Takes one away that no release has.
///
/// # Errors
/// Why it has to stay; then nothing was changed.
pub(super) fn remove(root: &Path, bff: &str, name: &str, flags: &Flags) -> Result<String, String> {
    let place = place(root, bff, name)?;
    let source = tools::read(root, &place.source())?;
    let path = source.split('`').nth(1).and_then(|said| said.strip_prefix("GET "));
    let path = path.ok_or(format!("{}: its first line does not say `GET /...`", place.source()))?;
    let entry = format!("`{}`", place.schema());
    let changelog = tools::read(root, &place.changelog())?;
    let Some(changelog) = lists::without_entry(&changelog, &entry) else {
        return Err(format!(
            "{}: {entry} is not among what is unreleased; clients may use it, so retire it by hand, with a `breaking` line",
            place.changelog()
        ));
    };
    if !flags.is_forced {
        let made = Call::all_for(root, bff, name)?
            .iter()
            .map(|call| place.files(root, path, call))
            .collect::<Result<Vec<_>, _>>()?;
        let is_made = |files: &&Files| files.get(&place.source()) == Some(&source);
        let made = made.iter().find(is_made).cloned().unwrap_or_default();
        refuse_changed(root, &[place.source(), place.test()], &made, &[])?;
    }
    all_or_nothing(root, &place.touched(), || {
        for each in [place.source(), place.test(), place.contract(path)] {
            tools::remove(root, &each)?;
        }
        tools::edit(root, &place.table(), |table| {
            tools::rustfmt(root, &lists::without_endpoint(table, &place.module)?)
        })?;
        tools::write(root, &place.changelog(), &changelog)?;
        if flags.is_unbuilt { Ok(()) } else { tools::generate(root, bff) }
    })?;
    Ok(format!("GET {path} is gone from the {bff} BFF, with its test, contract and dashboard.\n"))
}

fn place<'a>(root: &Path, bff: &'a str, name: &'a str) -> Result<Place<'a>, String> {
    let known = names(root)?;
    if !known.iter().any(|each| each == bff) {
        return Err(format!("there is no {bff} BFF; there are {}", known.join(", ")));
    }
    Ok(Place { bff, name, module: snake(name) })
}

/// Where the endpoint answers: beside the BFF's others, or where it was said.
fn path(root: &Path, place: &Place<'_>, call: &Call, flags: &Flags) -> Result<String, String> {
    let id = segment(call);
    let Some(path) = &flags.path else {
        return Ok(format!("{}/{}{id}", beginning(root, place)?, place.name));
    };
    let prefixes = prefixes(root, place.bff)?;
    let is_led = |prefix: &String| path.starts_with(&format!("/{prefix}/"));
    if !prefixes.iter().any(is_led) {
        return Err(format!(
            "{path}: the gateway leads /{}/ to the {} BFF",
            prefixes.join("/ and /"),
            place.bff
        ));
    }
    let (ids, words): (Vec<_>, Vec<_>) =
        path.split('/').skip(1).partition(|segment| segment.starts_with('{'));
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !words.into_iter().all(|segment| !segment.is_empty() && segment.chars().all(fits)) {
        return Err(format!(
            "{path}: a path is lowercase letters, digits and hyphens between slashes"
        ));
    }
    if !ids.iter().copied().eq(id.split('/').skip(1)) {
        let wanted = match id.strip_prefix('/') {
            Some(id) => format!("needs {id} once"),
            None => "takes no id".to_owned(),
        };
        return Err(format!("{path}: {} {wanted}", call.expression));
    }
    Ok(path.clone())
}

/// `/{product}`, for a call that needs a product's id.
fn segment(call: &Call) -> String {
    call.parameter.as_ref().map_or_else(String::new, |name| format!("/{{{name}}}"))
}

/// `/mobile/v1`, as the BFF's other endpoints begin.
fn beginning(root: &Path, place: &Place<'_>) -> Result<String, String> {
    for path in known_paths(root, place)? {
        if let Some(version) = version(&path) {
            let (before, _) = path.split_once(version).unwrap_or((&path, ""));
            return Ok(format!("{before}{version}"));
        }
    }
    Err(format!("{}: no endpoint has a version in its path; say where with --path", place.table()))
}

/// The version in a path: `v1` of `/mobile/v1/home`, as contracts have it.
fn version(path: &str) -> Option<&str> {
    let is_number = |rest: &str| !rest.is_empty() && rest.chars().all(|c| c.is_ascii_digit());
    path.split('/').find(|segment| segment.strip_prefix('v').is_some_and(is_number))
}

/// The paths in the files of the table.
fn known_paths(root: &Path, place: &Place<'_>) -> Result<Vec<String>, String> {
    let table = tools::read(root, &place.table())?;
    let modules = table.lines().filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'));
    let mut paths = Vec::new();
    for module in modules {
        let text = tools::read(root, &format!("bffs/{}/src/endpoints/{module}.rs", place.bff))?;
        let beginnings = text.split("(\"/").skip(1).filter_map(|rest| rest.split('"').next());
        paths.extend(beginnings.map(|rest| format!("/{rest}")));
    }
    Ok(paths)
}
