//! A server and tablets run by their commands alone, as an administrator and an officer would run them.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::{check, fieldseal, run};

/// `fieldseal serve` on a free port; it is killed when this is dropped.
pub struct Server {
    child: Child,
    /// `http://127.0.0.1:<port>`
    pub url: String,
    data: PathBuf,
}

impl Server {
    /// Starts it on `data`, which is initialised if it is new, and waits until it listens.
    pub fn start(data: &Path) -> Result<Server> {
        Server::start_on(data, "127.0.0.1:0")
    }

    /// The same on a given address.
    pub fn start_on(data: &Path, address: &str) -> Result<Server> {
        Server::start_by(data, address, None)
    }

    /// The same on a free port, with a settings file.
    pub fn start_with(data: &Path, settings: &Path) -> Result<Server> {
        Server::start_by(data, "127.0.0.1:0", Some(settings))
    }

    /// The same on a given address, with a settings file.
    pub fn start_on_with(data: &Path, address: &str, settings: &Path) -> Result<Server> {
        Server::start_by(data, address, Some(settings))
    }

    fn start_by(data: &Path, address: &str, settings: Option<&Path>) -> Result<Server> {
        let mut command = fieldseal()?;
        command
            .arg("serve")
            .arg("--data")
            .arg(data)
            .args(["--listen", address]);
        if let Some(settings) = settings {
            command.arg("--config").arg(settings);
        }
        let (child, url) = listening(command)?;
        Ok(Server {
            child,
            url,
            data: data.to_owned(),
        })
    }

    /// Ends it as a power cut would: no handler runs.
    pub fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// `fieldseal admin --json …`
    pub fn admin(&self, arguments: &[&str]) -> Result<Value> {
        admin(&self.data, arguments)
    }

    /// Makes an enrolment code (`device`, or `officer` and an id) and gives its text.
    pub fn code(&self, whose: &[&str]) -> Result<String> {
        let said = self.admin(&[&["enrol-code"], whose, &["--url", &self.url]].concat())?;
        Ok(said["text"].as_str().context("a code's text")?.to_owned())
    }

    /// A vault in `folder`, with two new officers.
    pub fn tablet(&self, folder: &Path) -> Result<Tablet> {
        self.tablet_with(folder, &[])
    }

    /// The same with further words for `device enrol`, when the tablet itself is enrolled.
    pub fn tablet_with(&self, folder: &Path, more: &[&str]) -> Result<Tablet> {
        let person = |name: &str, badge: &str| -> Result<String> {
            let said = self.admin(&["add-person", "--name", name, "--badge", badge])?;
            Ok(said["id"].as_str().context("an officer's id")?.to_owned())
        };
        let tablet = Tablet {
            vault: folder.to_owned(),
            officers: [person("甲", "0000001")?, person("乙", "0000002")?],
        };
        let code = self.code(&["device"])?;
        tablet.run(&[&["enrol", code.as_str()], more].concat())?;
        for (officer, new_pin) in tablet.officers.iter().zip(PINS) {
            let mut enrol = tablet.command(&["enrol", &self.code(&["officer", officer])?])?;
            // The first officer's PIN opens the vault once there is one.
            enrol
                .env("FIELDSEAL_PIN", PINS[0])
                .env("FIELDSEAL_PIN_2", new_pin);
            check(&mut enrol)?;
        }
        Ok(tablet)
    }
}

/// `fieldseal witness` on a free port; it is killed when this is dropped.
pub struct Witness {
    child: Child,
    /// `http://127.0.0.1:<port>`
    pub url: String,
    data: PathBuf,
}

impl Witness {
    /// Makes a witness of this name in `data`. Gives its vkey.
    pub fn init(data: &Path, name: &str) -> Result<String> {
        let mut command = fieldseal()?;
        command.arg("witness").arg("--data").arg(data);
        let said = check(command.args(["init", "--name", name]))?;
        Ok(said.lines().next().context("its key")?.to_owned())
    }

    /// Starts it, watching the logs of a trust file.
    pub fn start(data: &Path, trust: &Path) -> Result<Witness> {
        Witness::start_on(data, trust, "127.0.0.1:0")
    }

    /// The same on a given address.
    pub fn start_on(data: &Path, trust: &Path, address: &str) -> Result<Witness> {
        let mut command = fieldseal()?;
        command.arg("witness").arg("--data").arg(data);
        command.arg("--log").arg(trust).args(["--listen", address]);
        let (child, url) = listening(command)?;
        Ok(Witness {
            child,
            url,
            data: data.to_owned(),
        })
    }

    /// `fieldseal witness check --json`, with a look at the log below this address: the exit code and the document.
    pub fn check(&self, log: &str) -> Result<(i32, Value)> {
        let mut command = fieldseal()?;
        command.arg("witness").arg("--data").arg(&self.data);
        let outcome = run(command.args(["check", "--json", "--url", log]))?;
        let document = serde_json::from_str(&outcome.stdout)
            .with_context(|| format!("not JSON: {}", outcome.stdout))?;
        Ok((outcome.code, document))
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts a command, and waits until it says where it listens.
fn listening(mut command: Command) -> Result<(Child, String)> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut lines = BufReader::new(child.stdout.take().context("its stdout")?).lines();
    let url = lines.find_map(|line| {
        line.ok()?
            .split_once("listening on ")
            .map(|(_, url)| url.trim().to_owned())
    });
    // What it says later goes nowhere, but the pipe stays open.
    std::thread::spawn(move || lines.for_each(drop));
    match url {
        Some(url) => Ok((child, url)),
        None => Err(anyhow::anyhow!("it said no address: {}", child.wait()?)),
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have been ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `fieldseal admin --json …` on a data folder.
pub fn admin(data: &Path, arguments: &[&str]) -> Result<Value> {
    let mut command = fieldseal()?;
    command
        .arg("admin")
        .arg("--data")
        .arg(data)
        .arg("--json")
        .args(arguments);
    let said = check(&mut command)?;
    serde_json::from_str(&said).with_context(|| format!("not JSON: {said}"))
}

const PINS: [&str; 2] = ["482910", "482911"];

/// A vault that is used by `fieldseal device`.
pub struct Tablet {
    vault: PathBuf,
    /// Their ids: lead first.
    pub officers: [String; 2],
}

impl Tablet {
    /// `fieldseal device …`, with both officers' PINs.
    pub fn command(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = fieldseal()?;
        command
            .arg("device")
            .arg("--vault")
            .arg(&self.vault)
            .args(arguments);
        command
            .env("FIELDSEAL_PIN", PINS[0])
            .env("FIELDSEAL_PIN_2", PINS[1]);
        Ok(command)
    }

    /// `fieldseal device …`, which must succeed.
    pub fn run(&self, arguments: &[&str]) -> Result<String> {
        check(&mut self.command(arguments)?)
    }

    /// The same without waiting for its end.
    pub fn spawn(&self, arguments: &[&str]) -> Result<Child> {
        Ok(self
            .command(arguments)?
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?)
    }

    /// Takes files in and seals them by both officers; gives the packet's id.
    pub fn seal(&self, files: &[&Path]) -> Result<String> {
        let before = self.list("drafts")?;
        let mut import = self.command(&["import"])?;
        check(import.args(files))?;
        let drafts = self.list("drafts")?;
        let new: Vec<&(String, String)> = drafts
            .iter()
            .filter(|draft| !before.contains(draft))
            .collect();
        ensure!(new.len() == 1, "one new draft, not {new:?}");
        let id = new[0].0.clone();
        self.run(&["seal", &id, "--second", &self.officers[1]])?;
        Ok(id)
    }

    /// Id and state of the `drafts` or the `packets`.
    pub fn list(&self, what: &str) -> Result<Vec<(String, String)>> {
        let said: Value = serde_json::from_str(&self.run(&["list", "--json"])?)?;
        let entry = |entry: &Value| {
            let state = ["state", "stage"]
                .iter()
                .find_map(|field| entry[*field].as_str())
                .unwrap_or_default();
            Some((entry["id"].as_str()?.to_owned(), state.to_owned()))
        };
        Ok(said[what]
            .as_array()
            .context("a list")?
            .iter()
            .filter_map(entry)
            .collect())
    }
}
