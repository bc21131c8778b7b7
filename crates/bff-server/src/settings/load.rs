//! Reading the configuration: files below variables, whole, before anything else happens.

use crate::Settings;
use config::{
    Config, ConfigBuilder, Environment, File, FileFormat, FileSourceFile, builder::DefaultState,
};
use std::{
    env,
    path::{Path, PathBuf},
};

/// Configuration that cannot be used: which key, from where, and why.
#[derive(Debug, thiserror::Error)]
#[error("configuration: {0}")]
pub struct ConfigError(String);

/// Reads, each over the one before:
/// 1. `base.toml` in the directory named by `BFF_CONFIG_DIR`, else in `config` of the crate when
///    cargo runs it, else in `./config`;
/// 2. `<BFF_ENV>.toml` beside it, when `BFF_ENV` is set;
/// 3. variables: `BFF__SERVER__LISTEN` for `server.listen`, `BFF__SERVICES__USERS__URL` for
///    `services.users.url`.
///
/// # Errors
/// The first file, key or value that cannot be used, with its source.
pub fn load() -> Result<Settings, ConfigError> {
    refuse_unread(env::vars_os().filter_map(|(name, _)| name.into_string().ok()))?;
    read(&directory(), layer().as_deref(), variables())
}

/// Where a key of the configuration that was read comes from, for an error that begins with it;
/// nothing for a key that no layer has.
pub(crate) fn source_of(error: &str) -> Option<String> {
    let (key, _) = error.strip_prefix("configuration: ")?.split_once(": ")?;
    let names = ["base".to_owned()].into_iter().chain(layer());
    let files: Vec<_> = names.filter_map(|name| file(&directory(), &name).ok()).collect();
    layer_with(key, &files, variables())
}

fn directory() -> PathBuf {
    env::var_os("BFF_CONFIG_DIR").map_or_else(default_directory, PathBuf::from)
}

fn layer() -> Option<String> {
    env::var("BFF_ENV").ok().filter(|name| !name.is_empty())
}

fn variables() -> Environment {
    Environment::with_prefix("BFF").prefix_separator("__").separator("__")
}

/// A variable that looks like a key of ours and would not be read.
fn refuse_unread(names: impl Iterator<Item = String>) -> Result<(), ConfigError> {
    for name in names {
        let rest = name.strip_prefix("BFF_").filter(|rest| !rest.starts_with('_'));
        if let Some(rest) = rest.filter(|rest| rest.contains("__")) {
            let why = format!("{name} is not read; write BFF__{rest}, with two underscores");
            return Err(ConfigError(why));
        }
    }
    Ok(())
}

/// `cargo run` and `cargo test` name the crate that they run.
fn default_directory() -> PathBuf {
    env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default().join("config")
}

fn read(
    directory: &Path,
    layer: Option<&str>,
    variables: Environment,
) -> Result<Settings, ConfigError> {
    let files = ["base"].into_iter().chain(layer).map(|name| file(directory, name));
    let files = files.collect::<Result<Vec<_>, _>>()?;
    let mut layers = Config::builder();
    for file in &files {
        layers = layers.add_source(file.source.clone());
    }
    // What cannot even be parsed is named by the config crate itself, with its file.
    let merged = layers
        .add_source(variables.clone())
        .build()
        .map_err(|error| ConfigError(error.to_string()))?;
    serde_path_to_error::deserialize(merged)
        .map_err(|error| ConfigError(explain(&error, &files, variables)))
}

/// Key, reason and source. The config crate names key and source for some errors only, so they are found here: the
/// source is the last layer that has the key, because that one wins.
fn explain(
    error: &serde_path_to_error::Error<config::ConfigError>,
    files: &[LayerFile],
    variables: Environment,
) -> String {
    let (key, why) = (error.path().to_string(), error.inner().to_string());
    let why = why.split(" for key `").next().unwrap_or_default();
    let why = if key == "." { why.to_owned() } else { format!("{key}: {why}") };
    if why.contains("missing") {
        let all: Vec<_> = files.iter().map(|file| file.path.display().to_string()).collect();
        return format!("{why}; it is neither in {} nor in the environment", all.join(", "));
    }
    let why = format!("{why}{}", hint(&why));
    match layer_with(&key, files, variables) {
        Some(source) => format!("{why}, in {source}"),
        None => why,
    }
}

/// What to write instead, where the reason says only what it is not.
fn hint(why: &str) -> &'static str {
    let hints = [
        ("expected a duration", " with a unit: `300ms`, `5s`, `10m`"),
        ("expected a sequence", "; variables have no lists: write it into a file"),
        ("socket address", "; write an address and a port: `0.0.0.0:8080`"),
    ];
    hints.into_iter().find(|(part, _)| why.contains(part)).map_or("", |(_, hint)| hint)
}

fn layer_with(key: &str, files: &[LayerFile], variables: Environment) -> Option<String> {
    if has(Config::builder().add_source(variables), key) {
        return Some("the environment (BFF__ variables)".to_owned());
    }
    let brings_it = |file: &&LayerFile| has(Config::builder().add_source(file.source.clone()), key);
    files.iter().rev().find(brings_it).map(|file| file.path.display().to_string())
}

fn has(layer: ConfigBuilder<DefaultState>, key: &str) -> bool {
    layer.build().is_ok_and(|layer| layer.get::<config::Value>(key).is_ok())
}

struct LayerFile {
    path: PathBuf,
    source: File<FileSourceFile, FileFormat>,
}

fn file(directory: &Path, name: &str) -> Result<LayerFile, ConfigError> {
    let path = directory.join(name).with_extension("toml");
    if path.is_file() {
        return Ok(LayerFile { source: File::from(path.as_path()).format(FileFormat::Toml), path });
    }
    let advice = if name == "base" {
        "set BFF_CONFIG_DIR to the directory that has it"
    } else {
        "check BFF_ENV"
    };
    Err(ConfigError(format!("there is no file {}; {advice}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CredentialSettings;
    use secrecy::ExposeSecret;
    use std::{collections::HashMap, fs};
    use url::Url;

    const GOOD: &str = "[server]\nlisten = \"127.0.0.1:0\"\n[admin]\nlisten = \"127.0.0.1:0\"\n";

    /// Reads a base file with variables set; the name keeps parallel tests apart.
    fn check(name: &str, base: &str, variables: &[(&str, &str)]) -> Result<Settings, String> {
        let directory = env::temp_dir().join(format!("bff-config-{}-{name}", std::process::id()));
        fs::create_dir_all(&directory).map_err(|e| e.to_string())?;
        fs::write(directory.join("base.toml"), base).map_err(|e| e.to_string())?;
        let set: HashMap<_, _> =
            variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let source = Environment::with_prefix("BFF")
            .prefix_separator("__")
            .separator("__")
            .source(Some(set));
        let result = read(&directory, None, source).map_err(|error| error.to_string());
        fs::remove_dir_all(directory).map_err(|e| e.to_string())?;
        result
    }

    #[test]
    fn variables_win_over_files() {
        let service =
            format!("{GOOD}[services.users]\nurl = \"http://users\"\ntimeout = \"200ms\"\n");
        let settings =
            check("win", &service, &[("BFF__SERVICES__USERS__URL", "http://127.0.0.1:7101")]);
        let users = settings.map(|mut settings| settings.services.remove("users"));
        assert_eq!(
            users.map(|s| s.map(|s| s.url.iter().map(Url::to_string).collect::<Vec<_>>())),
            Ok(Some(vec!["http://127.0.0.1:7101/".to_owned()]))
        );
    }

    #[test]
    fn a_credentials_secret_comes_from_a_variable() {
        let own = "[credentials.own]\nkind = \"client_credentials\"\nclient_id = \"a\"\n";
        let base = format!("{GOOD}{own}token_url = \"https://issuer.test/token\"\n");
        let secret = ("BFF__CREDENTIALS__OWN__CLIENT_SECRET", "hunter2");
        let settings = check("secret", &base, &[secret]).unwrap();
        let Some(CredentialSettings::ClientCredentials(own)) = settings.credentials.get("own")
        else {
            unreachable!("{settings:?}")
        };
        assert_eq!(own.client_secret.as_ref().map(ExposeSecret::expose_secret), Some("hunter2"));
        assert!(!format!("{settings:?}").contains("hunter2"));
    }

    #[test]
    fn errors_name_key_and_source() {
        let cases = [
            ("unknown", format!("{GOOD}[logs]\nlevl = \"info\"\n"), vec![], ["levl", "base.toml"]),
            ("type", GOOD.replace("127.0.0.1:0", "nowhere"), vec![], ["listen", "base.toml"]),
            (
                "missing",
                "[admin]\nlisten = \"127.0.0.1:0\"\n".to_owned(),
                vec![],
                ["server", "neither in"],
            ),
            (
                "variable",
                GOOD.to_owned(),
                vec![("BFF__SERVER__MAX_HEADERS", "many")],
                ["server.max_headers", "environment"],
            ),
            (
                "typo",
                GOOD.to_owned(),
                vec![("BFF__SERVER__MAX_HEADER", "7")],
                ["max_header", "environment"],
            ),
            ("syntax", "[server\n".to_owned(), vec![], ["line 1", "base.toml"]),
        ];
        for (name, base, variables, expected) in cases {
            let error = check(name, &base, &variables).err().unwrap_or_default();
            assert!(expected.iter().all(|part| error.contains(part)), "{name}: {error}");
        }
    }

    #[test]
    fn a_file_that_needs_the_environment_is_still_named_for_its_own_mistakes() {
        let auth = "[issuers.main]\naudience = \"a\"\nalgorithms = [\"RS256\"]\n";
        let variables =
            [("BFF__ISSUERS__MAIN__ISSUER", "i"), ("BFF__ISSUERS__MAIN__KEYS__FILE", "f")];
        for (mistake, key) in
            [("workers = \"many\"", "server.workers"), ("prot = 1", "server.prot")]
        {
            let base =
                format!("{}{auth}", GOOD.replace("[server]", &format!("[server]\n{mistake}")));
            // Which key is read first is left to chance, so once is not enough.
            for _ in 0..16 {
                let error = check("chance", &base, &variables).err().unwrap_or_default();
                let named = error.contains(&format!("{key}: "));
                assert!(named && error.ends_with("base.toml"), "{error}");
            }
        }
    }
}
