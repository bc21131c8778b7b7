//! A repository of this one's layout, small enough to be made for each test.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{self, Command},
};
use xtask::affected::{Plan, Since, plan};

pub(crate) const BFFS: [&str; 3] = ["mobile", "partner", "web"];

/// Removed when it is dropped.
pub(crate) struct Scratch {
    pub(crate) root: PathBuf,
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}

impl Scratch {
    /// With one commit on `main`; `name` is that of the test.
    pub(crate) fn new(name: &str) -> Self {
        let folder = format!("changes-{name}-{}", process::id());
        let scratch = Self { root: Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder) };
        let _ = fs::remove_dir_all(&scratch.root);
        scratch.write(
            "Cargo.toml",
            "[workspace]\nresolver = \"3\"\nmembers = [\"crates/*\", \"bffs/*\"]\n",
        );
        for (path, text) in [
            (".gitignore", "/target\n"),
            ("README.md", "Read me.\n"),
            ("docs/testing.md", "How.\n"),
            ("docs/operations.md", "What.\n"),
            ("deploy/common/service.yaml", "kind: Service\n"),
            ("deploy/gateway/nginx.conf", "events {}\n"),
            ("deploy/README.md", "How it is run.\n"),
        ] {
            scratch.write(path, text);
        }
        scratch.package("crates/bff-core", "");
        scratch.package("crates/bff-server", "bff-core = { path = \"../bff-core\" }\n");
        scratch.package("crates/bff-testkit", "bff-server = { path = \"../bff-server\" }\n");
        scratch.package("crates/bff-auth", "");
        scratch.package("crates/xtask", "");
        for bff in BFFS {
            scratch.bff(bff);
        }
        scratch.cargo(&["generate-lockfile", "--offline"]);
        scratch.git(&["init", "--quiet", "--initial-branch", "main"]);
        for (key, value) in [
            ("user.name", "Somebody"),
            ("user.email", "somebody@example.com"),
            ("commit.gpgsign", "false"),
            ("tag.gpgsign", "false"),
            ("core.hooksPath", ".git/hooks"),
        ] {
            scratch.git(&["config", key, value]);
        }
        scratch.commit("begin");
        scratch
    }

    fn package(&self, folder: &str, dependencies: &str) {
        let name = folder.rsplit('/').next().unwrap();
        self.manifest(folder, name, dependencies);
        self.write(&format!("{folder}/src/lib.rs"), "//! Nothing yet.\n");
    }

    fn manifest(&self, folder: &str, name: &str, dependencies: &str) {
        let text = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
             [dependencies]\n{dependencies}"
        );
        self.write(&format!("{folder}/Cargo.toml"), &text);
    }

    fn bff(&self, bff: &str) {
        let needs = "bff-core = { path = \"../../crates/bff-core\" }\n\
                     bff-server = { path = \"../../crates/bff-server\" }\n\n\
                     [dev-dependencies]\nbff-testkit = { path = \"../../crates/bff-testkit\" }\n\n\
                     [[test]]\nname = \"browser\"\ntest = false\n";
        self.manifest(&format!("bffs/{bff}"), &format!("bff-{bff}"), needs);
        self.contract(bff, 1, "");
        for (path, text) in [
            (format!("bffs/{bff}/src/lib.rs"), "//! Nothing yet.\n".to_owned()),
            (format!("bffs/{bff}/tests/browser.rs"), "//! Nothing yet.\n".to_owned()),
            (format!("bffs/{bff}/config/base.toml"), String::new()),
            (
                format!("bffs/{bff}/CHANGELOG.md"),
                format!(
                    "# Changes\n\n## Unreleased\n\n- fixed: nothing.\n\n## 0.1.0\n\n\
                     - added: `GET /{bff}/v1/home` (`{bff}.home/1`).\n"
                ),
            ),
            (format!("deploy/{bff}/Containerfile"), "FROM scratch\n".to_owned()),
            (format!("deploy/{bff}/base/deployment.yaml"), "kind: Deployment\n".to_owned()),
            (
                format!("deploy/{bff}/overlays/prod/kustomization.yaml"),
                "images:\n  - name: bff\n    newTag: 0.1.0\n".to_owned(),
            ),
            (format!("deploy/observability/{bff}/rules.yml"), "groups: []\n".to_owned()),
        ] {
            self.write(&path, &text);
        }
    }

    /// The contract of a BFF's only endpoint.
    pub(crate) fn contract(&self, bff: &str, revision: u32, scope: &str) {
        let text = format!(
            "{{\"endpoint\": \"GET /{bff}/v1/home\", \"schema\": \"{bff}.home/{revision}\", \
             \"audience\": \"shared\", \"access\": \"open\", \"payloadBudgetBytes\": 1000, \
             \"scopes\": [\"{scope}\"], \"views\": {{\"home\": \
             {{\"revision\": {revision}, \"fingerprint\": \"01\"}}}}, \
             \"shape\": {{\"{bff}Title{revision}\": \"text\"}}}}\n"
        );
        self.write(&format!("contracts/{bff}/v1/home.json"), &text);
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root.join(path)).unwrap()
    }

    pub(crate) fn replace(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert!(text.contains(from), "{from} is not in {path}");
        self.write(path, &text.replace(from, to));
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let mut git = Command::new("git");
        // A hook that started the tests speaks of another repository.
        for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"] {
            git.env_remove(variable);
        }
        output(git.args(arguments).env("TZ", "UTC").current_dir(&self.root))
    }

    pub(crate) fn cargo(&self, arguments: &[&str]) -> String {
        output(Command::new("cargo").args(arguments).current_dir(&self.root))
    }

    pub(crate) fn commit(&self, subject: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "-m", subject]);
    }

    /// What the change since a revision touches.
    pub(crate) fn since(&self, revision: &str) -> Plan {
        plan(&self.root, &Since::Revision(revision.to_owned())).unwrap()
    }
}

fn output(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}
