//! Finding and running the public tools, and our own binary.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context as _, Result, bail};

/// What a tool said and whether it accepted.
#[derive(Debug)]
pub struct Outcome {
    /// Its exit code; -1 when a signal ended it.
    pub code: i32,
    /// All it wrote to stdout.
    pub stdout: String,
    /// All it wrote to stderr.
    pub stderr: String,
}

impl Outcome {
    /// Fails with all the tool said unless it exited with 0.
    pub fn accepted(self) -> Result<String> {
        if self.code == 0 {
            Ok(self.stdout)
        } else {
            bail!("exit {}\n{}\n{}", self.code, self.stdout, self.stderr)
        }
    }

    /// Fails unless the tool refused.
    pub fn refused(self) -> Result<()> {
        if self.code == 0 {
            bail!(
                "accepted what it should refuse\n{}\n{}",
                self.stdout,
                self.stderr
            )
        } else {
            Ok(())
        }
    }
}

/// Runs a command to its end.
pub fn run(command: &mut Command) -> Result<Outcome> {
    let output = command
        .output()
        .with_context(|| format!("{} did not start", command.get_program().display()))?;
    Ok(Outcome {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// Runs a command that must succeed and gives what it printed.
pub fn check(command: &mut Command) -> Result<String> {
    run(command)?
        .accepted()
        .with_context(|| format!("{command:?}"))
}

/// The root of the workspace.
pub fn workspace() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// `sha256sum` of coreutils, to be run in `folder`.
pub fn sha256sum(folder: &Path) -> Result<Command> {
    let mut command = tool("sha256sum", "apt-get install coreutils")?;
    command.current_dir(folder);
    Ok(command)
}

/// `openssl`, version 3.
pub fn openssl() -> Result<Command> {
    tool("openssl", "apt-get install openssl")
}

/// One of poppler's tools for PDF.
pub fn poppler(name: &str) -> Result<Command> {
    tool(name, "apt-get install poppler-utils")
}

/// The Library of Congress's validator: `FIELDSEAL_BAGIT`, `bagit.py` in the path, or where `cargo xtask` puts it.
pub fn bagit() -> Result<Command> {
    let installed = workspace().join("target/tools/venv/bin/bagit.py");
    let program = std::env::var_os("FIELDSEAL_BAGIT")
        .map(PathBuf::from)
        .or_else(|| in_path("bagit.py"))
        .or_else(|| installed.is_file().then_some(installed));
    match program {
        Some(program) => Ok(Command::new(program)),
        None => bail!(
            "bagit.py is missing: run `cargo xtask test`, or `pip install bagit` and set FIELDSEAL_BAGIT to its bagit.py"
        ),
    }
}

/// A Python that has pyxform and openpyxl: of where `./x setup` puts it, or `python3` in the path.
pub fn pyxform() -> Result<Command> {
    let installed = workspace().join("target/tools/venv/bin/python");
    let has_it = |program: &Path| {
        let mut asked = Command::new(program);
        asked.args(["-c", "import pyxform, openpyxl"]);
        asked.output().is_ok_and(|said| said.status.success())
    };
    let found = [Some(installed), in_path("python3")]
        .into_iter()
        .flatten()
        .find(|program| has_it(program));
    match found {
        Some(program) => Ok(Command::new(program)),
        None => {
            bail!("pyxform is missing: run `cargo xtask test`, or `pip install pyxform openpyxl`")
        }
    }
}

/// A script for tuspy, the tus project's client for Python: by the interpreter of where `./x setup` puts it, or by one that has it.
pub fn tuspy(script: &Path) -> Result<Command> {
    let installed = workspace().join("target/tools/venv/bin/python");
    let has_it = |program: &Path| {
        let mut asked = Command::new(program);
        asked.args(["-c", "import tusclient"]);
        run(&mut asked).is_ok_and(|outcome| outcome.code == 0)
    };
    let mut programs = [installed].into_iter().chain(in_path("python3"));
    match programs.find(|program| has_it(program)) {
        Some(program) => {
            let mut command = Command::new(program);
            command.arg(script);
            Ok(command)
        }
        None => bail!("tuspy is missing: run `./x setup`, or `pip install tuspy`"),
    }
}

/// A script for tus-js-client, the tus project's client for JavaScript, which it finds in the folder `TUS_JS_FOLDER`.
pub fn tus_js_client(script: &Path) -> Result<Command> {
    let folder = workspace().join("target/tools/tus-js");
    if !folder.join("node_modules/tus-js-client").is_dir() {
        bail!("tus-js-client is missing: run `./x setup`");
    }
    let mut command = tool("node", "install Node 20 or newer")?;
    command
        .arg(script)
        .env("TUS_JS_FOLDER", folder.canonicalize()?);
    Ok(command)
}

/// Go's own note and log packages, behind the small program in `go/check`. It is built once a run.
pub fn go_check() -> Result<Command> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match BUILT.get_or_init(|| build_go_check().map_err(|error| format!("{error:#}"))) {
        Ok(program) => Ok(Command::new(program)),
        Err(error) => bail!("{error}"),
    }
}

fn build_go_check() -> Result<PathBuf> {
    const INSTALL: &str = "apt-get install golang-go golang-golang-x-mod-dev";
    if !Path::new("/usr/share/gocode/src/golang.org/x/mod/sumdb/note").is_dir() {
        bail!("Go's sumdb packages are missing: {INSTALL}");
    }
    let folder = workspace().join("target/tools");
    std::fs::create_dir_all(&folder).context("target/tools could not be made")?;
    // Test executables run side by side: each builds under its own name and moves it into place.
    let built = folder.join(format!("go-check-{}", std::process::id()));
    let mut go = tool("go", INSTALL)?;
    go.arg("build")
        .arg("-o")
        .arg(&built)
        .arg(workspace().join("tests/e2e/go/check/main.go"));
    go.env("GO111MODULE", "off")
        .env("GOPATH", "/usr/share/gocode")
        .env("GOFLAGS", "");
    go.env("GOCACHE", folder.canonicalize()?.join("go-cache"));
    check(&mut go)?;
    let program = folder.join("go-check");
    std::fs::rename(&built, &program)?;
    Ok(program)
}

/// Our own binary: `FIELDSEAL_BIN` (set by `cargo xtask test`, which has just built it with everything else), or the one
/// that belongs to this build, brought up to date first.
pub fn fieldseal() -> Result<Command> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    if let Some(program) = std::env::var_os("FIELDSEAL_BIN") {
        return Ok(Command::new(program));
    }
    match BUILT.get_or_init(|| build_fieldseal().map_err(|error| format!("{error:#}"))) {
        Ok(program) => Ok(Command::new(program)),
        Err(error) => bail!("{error}"),
    }
}

fn build_fieldseal() -> Result<PathBuf> {
    // Test executables lie in <target>/<profile>/deps.
    let this = std::env::current_exe()?;
    let profile = this
        .ancestors()
        .nth(2)
        .context("the test does not run from a target folder")?;
    let program = profile.join(format!("fieldseal{}", std::env::consts::EXE_SUFFIX));
    // Cargo knows whether it is fresh: asking costs little and a stale binary would test yesterday's code.
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args([
            "build",
            "--quiet",
            "--package",
            "fieldseal-cli",
            "--bin",
            "fieldseal",
        ])
        .current_dir(workspace());
    if profile.file_name() == Some(OsStr::new("release")) {
        cargo.arg("--release");
    }
    check(&mut cargo)?;
    if program.is_file() {
        Ok(program)
    } else {
        bail!("{} was not built", program.display())
    }
}

fn tool(name: &str, install: &str) -> Result<Command> {
    match in_path(name) {
        Some(program) => Ok(Command::new(program)),
        None => bail!("{name} is missing: {install}"),
    }
}

fn in_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|candidate| candidate.is_file())
}
