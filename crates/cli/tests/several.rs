//! Several packets in one run: the vectors of `tests/vectors/several`.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

const AMONG: &[&str] = &[
    "captures-missing",
    "device-prev-mismatch",
    "packets-missing",
    "seal-equivocation",
];

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors")
}

fn run(expected: &Value) -> Vec<Value> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fieldseal"));
    command.args(["verify", "--json", "--lang", "en"]);
    if expected["trust"] == true {
        command.arg("--trust").arg(vectors().join("packet/trust"));
    }
    for given in expected["given"].as_array().unwrap() {
        command.arg(
            vectors()
                .join("several")
                .join(given["path"].as_str().unwrap()),
        );
    }
    let output = command.output().unwrap().stdout;
    let report: Value = serde_json::from_slice(&output).unwrap();
    report["packets"].as_array().unwrap().clone()
}

/// What is expected, and what is found, of one packet: verdict, and the findings about the others.
fn agrees(expected: &Value, found: &Value) -> bool {
    let among: Vec<&Value> = found["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| AMONG.contains(&finding["code"].as_str().unwrap()))
        .collect();
    let said = expected["among"].as_array().unwrap();
    let is = |said: &Value, found: &Value| {
        said["code"] == found["code"]
            && said["subject"] == found["subject"]
            && found["text"]
                .as_str()
                .unwrap()
                .contains(said["detail"].as_str().unwrap())
    };
    found["verdict"] == expected["verdict"]
        && among.len() == said.len()
        && said
            .iter()
            .all(|said| among.iter().any(|found| is(said, found)))
}

#[test]
fn every_run_says_what_is_expected() {
    let mut wrong = Vec::new();
    let mut runs = 0;
    for entry in std::fs::read_dir(vectors().join("several")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        runs += 1;
        let expected: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let found = run(&expected);
        let given = expected["given"].as_array().unwrap();
        if given.len() != found.len() || given.iter().zip(&found).any(|(a, b)| !agrees(a, b)) {
            wrong.push(format!("{}: {found:#?}", path.display()));
        }
    }
    assert!(runs > 0);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
