//! The whole line with sidecars: a deployment of the demonstration gets an authority, its exports get sidecars, and they are judged by the command and, as
//! `VERIFY.txt` says, by a public reader.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

fn fieldseal(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_fieldseal"))
        .args(arguments)
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

struct Site {
    folder: tempfile::TempDir,
}

impl Site {
    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// A deployment with packets, an authority, and exports in `exports`.
    fn new() -> Self {
        let site = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let demo = fieldseal(&["demo", "--dir", &site.path("demo")]);
        assert!(demo.status.success(), "{}", said(&demo));
        fs::write(site.path("settings"), r#"{"c2pa": true}"#).unwrap();
        let early = site.export("early");
        assert_eq!(early.status.code(), Some(2), "{}", said(&early));
        assert!(said(&early).contains("fieldseal admin c2pa-ca"));
        let made = site.admin(&["--json", "c2pa-ca"]);
        assert!(made.status.success(), "{}", said(&made));
        let again = site.admin(&["c2pa-ca"]);
        assert_eq!(again.status.code(), Some(2), "{}", said(&again));
        let exported = site.export("exports");
        assert!(exported.status.success(), "{}", said(&exported));
        site
    }

    fn admin(&self, arguments: &[&str]) -> Output {
        let data = self.path("demo/server");
        let settings = self.path("settings");
        let first = ["admin", "--data", &data, "--config", &settings];
        fieldseal(&[&first, arguments].concat())
    }

    fn export(&self, to: &str) -> Output {
        self.admin(&["export", "--all", "--lang", "none", "--to", &self.path(to)])
    }

    fn authority(&self) -> String {
        self.path("demo/server/keys/c2pa/authority.pem")
    }

    /// The exports, one of them at least.
    fn exports(&self) -> Vec<PathBuf> {
        let mut exports: Vec<PathBuf> = fs::read_dir(self.path("exports"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        exports.sort();
        assert!(!exports.is_empty());
        exports
    }

    fn judged(&self, export: &Path) -> (Option<i32>, Value) {
        let output = fieldseal(&[
            "c2pa",
            "verify",
            "--json",
            "--authority",
            &self.authority(),
            export.to_str().unwrap(),
        ]);
        let judged =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", said(&output)));
        (output.status.code(), judged)
    }
}

#[test]
fn exports_carry_sidecars_that_are_trusted_and_refused() {
    let site = Site::new();
    for export in site.exports() {
        let (code, judged) = site.judged(&export);
        assert_eq!(code, Some(0), "{judged:#}");
        let sidecars = judged["sidecars"].as_array().unwrap();
        assert!(sidecars.len() >= 3, "{judged:#}");
        assert!(sidecars.iter().all(|one| one["outcome"] == "trusted"));
        evidence_is_as_ever(&site, &export);
        public_reader(&site, &export);
    }
    let export = site.exports().remove(0);
    swapped_and_missing(&site, &export);
    another_deployment(&site, &export);
    renewed(&site);
}

/// With sidecars in it an export is verified as without.
fn evidence_is_as_ever(site: &Site, export: &Path) {
    let verified = fieldseal(&[
        "verify",
        "--json",
        "--trust",
        &site.path("demo/trust"),
        export.to_str().unwrap(),
    ]);
    let report: Value = serde_json::from_slice(&verified.stdout).unwrap();
    let codes: Vec<&Value> = report["packets"][0]["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["level"] == "failed")
        .collect();
    assert!(codes.is_empty(), "{codes:?}");
    assert_eq!(verified.status.code(), Some(0), "{report:#}");
}

/// What `VERIFY.txt` says, to the letter, in its own shell.
fn public_reader(site: &Site, export: &Path) {
    let text = fs::read_to_string(export.join("data/VERIFY.txt")).unwrap();
    let begin = text.find("for f in data/c2pa/").unwrap();
    let end = begin + text[begin..].find("; done").unwrap() + "; done".len();
    let packet = text
        .lines()
        .find(|line| line.starts_with("unzip -q data/packet-"))
        .unwrap();
    let python = std::env::var_os("FIELDSEAL_C2PA_PYTHON").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/c2pa/bin/python"),
        PathBuf::from,
    );
    let script = format!(
        "set -e\nW=$(mktemp -d)\ncp '{}' authority.pem\npython3() {{ '{}' \"$@\"; }}\n{packet}\n{}\nrm -r $W authority.pem\n",
        site.authority(),
        std::path::absolute(python).unwrap().display(),
        &text[begin..end]
    );
    let ran = Command::new("bash")
        .args(["-c", &script])
        .current_dir(export)
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", said(&ran));
    let sidecars = fs::read_dir(export.join("data/c2pa"))
        .unwrap()
        .filter(|entry| {
            let path = entry.as_ref().unwrap().path();
            path.extension()
                .is_some_and(|extension| extension == "c2pa")
        })
        .count();
    let lines: Vec<String> = String::from_utf8(ran.stdout)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect();
    assert_eq!(lines.len(), sidecars, "{lines:?}");
    assert!(
        lines.iter().all(|line| line.ends_with(" Trusted None")),
        "{lines:?}"
    );
}

/// One photo's sidecar beside another, and none.
fn swapped_and_missing(site: &Site, export: &Path) {
    let path = |name: &str| export.join("data/c2pa").join(name);
    let (first, second) = (
        fs::read(path("0001.c2pa")).unwrap(),
        fs::read(path("0002.c2pa")).unwrap(),
    );
    fs::write(path("0001.c2pa"), &second).unwrap();
    let (code, judged) = site.judged(export);
    assert_eq!(code, Some(1));
    assert_eq!(judged["sidecars"][0]["outcome"], "refused");
    fs::remove_file(path("0001.c2pa")).unwrap();
    let (code, judged) = site.judged(export);
    assert_eq!(code, Some(3));
    let absent: Vec<&Value> = judged["sidecars"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["outcome"] == "absent")
        .map(|one| &one["item"])
        .collect();
    assert_eq!(absent, [&json!("data/items/0001.jpg")]);
    fs::write(path("0001.c2pa"), &first).unwrap();
    fs::write(path("0999.c2pa"), &first).unwrap();
    assert_eq!(site.judged(export).0, Some(1));
    fs::remove_file(path("0999.c2pa")).unwrap();
    assert_eq!(site.judged(export).0, Some(0));
}

/// The authority must come from outside: another deployment's does not do.
fn another_deployment(site: &Site, export: &Path) {
    let other = site.path("other");
    let made = fieldseal(&[
        "admin",
        "--data",
        &other,
        "init",
        "--origin",
        "other.example",
    ]);
    assert!(made.status.success(), "{}", said(&made));
    let made = fieldseal(&["admin", "--data", &other, "c2pa-ca"]);
    assert!(made.status.success(), "{}", said(&made));
    let judged = fieldseal(&[
        "c2pa",
        "verify",
        "--authority",
        &format!("{other}/keys/c2pa/authority.pem"),
        export.to_str().unwrap(),
    ]);
    assert_eq!(judged.status.code(), Some(1), "{}", said(&judged));
    assert!(said(&judged).contains("signingCredential.untrusted"));
}

/// A new certificate under the same authority: what the old one signed stays trusted.
fn renewed(site: &Site) {
    let key = site.path("demo/server.c2pa-authority.key");
    let renewed = site.admin(&["c2pa-ca", "--renew", &key]);
    assert!(renewed.status.success(), "{}", said(&renewed));
    let exported = site.export("later");
    assert!(exported.status.success(), "{}", said(&exported));
    let later = fs::read_dir(site.path("later")).unwrap().next();
    assert_eq!(site.judged(&later.unwrap().unwrap().path()).0, Some(0));
    assert_eq!(site.judged(&site.exports().remove(0)).0, Some(0));
}
