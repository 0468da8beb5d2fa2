//! `fieldseal serve` and `fieldseal admin` as they are typed.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

fn fieldseal(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fieldseal"));
    command.args(words);
    command
}

fn run(words: &[&str]) -> Output {
    fieldseal(words).stdin(Stdio::null()).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

struct Serving {
    process: Child,
    address: String,
}

impl Serving {
    fn start(data: &str) -> Self {
        let mut process = fieldseal(&["serve", "--data", data, "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let address = lines
            .find_map(|line| {
                line.unwrap()
                    .strip_prefix("listening on http://")
                    .map(str::to_owned)
            })
            .unwrap();
        // The rest of what it says goes on being read, so that it never waits for us.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, address }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).to_str().unwrap().to_owned()
}

#[test]
fn a_port_in_use_is_one_sentence_and_exit_2() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(&path(folder.path(), "one"));
    let refused = run(&[
        "serve",
        "--data",
        &path(folder.path(), "two"),
        "--listen",
        &serving.address,
    ]);
    assert_eq!(refused.status.code(), Some(2));
    let said = stderr(&refused);
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("in use by another program"), "{said}");
    assert!(!folder.path().join("two").exists());
    let refused = run(&[
        "serve",
        "--data",
        &path(folder.path(), "two"),
        "--listen",
        "0.0.0.0:0",
    ]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("--behind-proxy"));
}

#[cfg(unix)]
#[test]
fn a_terminated_server_stops_in_good_order() {
    let folder = tempfile::tempdir().unwrap();
    let data = path(folder.path(), "data");
    let mut serving = Serving::start(&data);
    let pid = serving.process.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &pid])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(serving.process.wait().unwrap().code(), Some(0));
    assert!(run(&["admin", "fsck", "--data", &data]).status.success());
}

#[test]
fn the_administrators_words_work_beside_a_running_server() {
    let folder = tempfile::tempdir().unwrap();
    let data = path(folder.path(), "data");
    let admin = |words: &[&str]| {
        let all: Vec<&str> = ["admin", "--json", "--data", &data]
            .into_iter()
            .chain(words.iter().copied())
            .collect();
        let output = run(&all);
        assert!(output.status.success(), "{words:?}: {}", stderr(&output));
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    let made = admin(&["init", "--origin", "cli.example/log"]);
    assert_eq!(made["origin"], "cli.example/log");
    assert_eq!(
        run(&["admin", "init", "--data", &data]).status.code(),
        Some(2)
    );
    let _serving = Serving::start(&data);
    let person = admin(&["add-person", "--name", "甲", "--badge", "01"])["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let text = admin(&[
        "enrol-code",
        "officer",
        &person,
        "--url",
        "https://evidence.example",
    ])["text"]
        .clone();
    let text = text.as_str().unwrap();
    assert!(
        text.starts_with("fieldseal:enrol?u=https%3A%2F%2Fevidence.example&c="),
        "{text}"
    );
    assert!(text.ends_with(made["trustSha256"].as_str().unwrap()));
    assert_eq!(admin(&["people"])["people"][0]["id"], person.as_str());
    let mut account = fieldseal(&[
        "admin",
        "--data",
        &data,
        "add-account",
        "chen",
        "--name",
        "陈",
    ])
    .stdin(Stdio::piped())
    .stdout(Stdio::null())
    .spawn()
    .unwrap();
    account
        .stdin
        .take()
        .unwrap()
        .write_all(b"correct horse battery\n")
        .unwrap();
    assert!(account.wait().unwrap().success());
    let backup = path(folder.path(), "backup");
    admin(&["backup", &backup]);
    let restored = path(folder.path(), "restored");
    assert!(
        run(&["admin", "--data", &restored, "restore", &backup])
            .status
            .success()
    );
    assert!(
        run(&["admin", "--data", &restored, "fsck"])
            .status
            .success()
    );
    let absent = run(&["admin", "--data", &data, "import", "points", "x.csv"]);
    assert_eq!(absent.status.code(), Some(2));
    assert!(stderr(&absent).contains("can't be read"));
}
