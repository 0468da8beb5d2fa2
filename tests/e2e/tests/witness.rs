//! Witnesses by their commands: two stand guard over a log, an export shows their cosignatures to a verifier and to Go's own notes package, and a log
//! that went back is told. On the way: what is missing among several exports.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fieldseal_e2e::operator::{Server, Witness, admin};
use fieldseal_e2e::reports::{verify, verify_one};
use fieldseal_e2e::{check, fieldseal, go_check};
use serde_json::json;

fn photo(at: &Path, number: u8) -> PathBuf {
    let path = at.join(format!("{number}.jpg"));
    fs::write(
        &path,
        [&[0xff, 0xd8, 0xff, 0xe0], [number; 400].as_slice()].concat(),
    )
    .unwrap();
    path
}

#[test]
fn a_second_office_stands_guard() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let data = at("data");
    admin(&data, &["init", "--origin", "bureau.example/log"]).unwrap();
    let trust = data.join("trust");
    let mut keys = Vec::new();
    let mut witnesses = Vec::new();
    for name in ["w1", "w2"] {
        keys.push(Witness::init(&at(name), &format!("witness.example/{name}")).unwrap());
        witnesses.push(Witness::start(&at(name), &trust).unwrap());
    }
    let named: Vec<_> = ["w1", "w2"]
        .iter()
        .zip(keys.iter().zip(&witnesses))
        .map(|(name, (vkey, witness))| json!({"name": name, "url": witness.url, "vkey": vkey}))
        .collect();
    let settings = at("settings.json");
    let text = json!({"witnessing": {"every_seconds": 1, "witnesses": named}});
    fs::write(&settings, text.to_string()).unwrap();

    let server = Server::start_with(&data, &settings).unwrap();
    let tablet = server.tablet(&at("vault")).unwrap();
    let mut ids = Vec::new();
    for number in 1..=3 {
        ids.push(tablet.seal(&[&photo(folder.path(), number)]).unwrap());
        if number == 2 {
            tablet.run(&["sync"]).unwrap();
            let to = at("backup");
            server.admin(&["backup", to.to_str().unwrap()]).unwrap();
        }
    }
    tablet.run(&["sync"]).unwrap();
    let leaves = server.admin(&["fsck"]).unwrap()["leaves"].as_u64().unwrap();
    let log = format!("{}/log", server.url);
    for witness in &witnesses {
        loop {
            let (code, said) = witness.check(&log).unwrap();
            assert_eq!(code, 0, "{said}");
            assert_eq!(said["looks"][0]["state"], "continues");
            if said["logs"][0]["size"] == leaves {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    // The exports show it, to us and to Go.
    let exported = |id: &str| {
        let to = at("out");
        fs::create_dir_all(&to).unwrap();
        server
            .admin(&["export", id, "--to", to.to_str().unwrap()])
            .unwrap();
        to.join(format!("evidence-{id}"))
    };
    let (first, third) = (exported(&ids[0]), exported(&ids[2]));
    let report = verify_one(&third, Some(&trust)).unwrap();
    assert!(report.says("witness-ok", ""), "{:?}", report.findings);
    let note = third.join("data/receipt/checkpoint");
    let lines = fs::read_to_string(&note).unwrap();
    assert_eq!(lines.matches("\u{2014} ").count(), 3, "{lines}");
    let key = fs::read_to_string(&trust).unwrap();
    let key = key
        .lines()
        .find_map(|line| line.strip_prefix("log "))
        .unwrap();
    check(go_check().unwrap().args(["checkpoint", key]).arg(&note)).unwrap();
    // Whoever asks for a witness that is none of them does not get it.
    let other = Witness::init(&at("w3"), "witness.example/w3").unwrap();
    let more = at("trust-more");
    let asks = fs::read_to_string(&trust).unwrap().replace(
        "quorum witnesses",
        &format!("witness w3 {other}\nquorum w3"),
    );
    fs::write(&more, asks).unwrap();
    let report = verify_one(&third, Some(&more)).unwrap();
    assert!(report.says("witness-absent", ""), "{:?}", report.findings);

    // One packet is left out: the numbers say so, and the verdict is none the worse.
    let (code, reports) = verify(&[&first, &third], Some(&trust)).unwrap();
    assert_ne!(code, 1);
    let gaps: Vec<&str> = reports[1]
        .findings
        .iter()
        .map(|(code, ..)| code.as_str())
        .filter(|code| code.ends_with("s-missing"))
        .collect();
    assert_eq!(gaps, ["captures-missing", "packets-missing"]);
    let text = check_text(&[&first, &third], &trust);
    assert!(text.contains("! Of the tablet"), "{text}");

    // The page of trust names them all.
    let page = at("trust.html");
    let url = ["--url", "https://evidence.example"];
    let out = ["--out", page.to_str().unwrap()];
    server
        .admin(&[["trust-page"].as_slice(), &url, &out].concat())
        .unwrap();
    let page = fs::read_to_string(&page).unwrap();
    assert!(keys.iter().all(|key| page.contains(key)));

    // A backup is put back as if nothing had been since: the log went back, and the witness says so.
    drop(server);
    let old = at("old");
    admin(&old, &["restore", at("backup").to_str().unwrap()]).unwrap();
    let server = Server::start_with(&old, &settings).unwrap();
    let (code, said) = witnesses[0].check(&format!("{}/log", server.url)).unwrap();
    assert_eq!((code, &said["looks"][0]["state"]), (1, &json!("went-back")));
}

#[test]
fn a_witness_stands_guard_across_a_rotation_of_the_logs_key() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (data, trust, settings) = (at("data"), at("data").join("trust"), at("settings.json"));
    admin(&data, &["init", "--origin", "bureau.example/log"]).unwrap();
    let vkey = Witness::init(&at("w1"), "witness.example/w1").unwrap();
    let old_trust = at("old-trust");
    fs::copy(&trust, &old_trust).unwrap();
    let witness = Witness::start(&at("w1"), &old_trust).unwrap();
    let home = witness.url.trim_start_matches("http://").to_owned();
    let named = json!([{"name": "w1", "url": witness.url, "vkey": vkey}]);
    let text = json!({"witnessing": {"every_seconds": 1, "witnesses": named}});
    fs::write(&settings, text.to_string()).unwrap();
    let server = Server::start_with(&data, &settings).unwrap();
    let address = server.url.trim_start_matches("http://").to_owned();
    let tablet = server.tablet(&at("vault")).unwrap();

    let sealed = |number: u8| {
        let id = tablet.seal(&[&photo(folder.path(), number)]).unwrap();
        tablet.run(&["sync"]).unwrap();
        id
    };
    let exported = |server: &Server, id: &str, to: &str| {
        let to = at(to);
        fs::create_dir_all(&to).unwrap();
        let words = ["export", id, "--to", to.to_str().unwrap()];
        server.admin(&words).unwrap();
        to.join(format!("evidence-{id}"))
    };
    // Asked until the witness has said so: how long it takes is not the question.
    let witnessed = |server: &Server, id: &str, phase: &str| {
        for round in 0..600 {
            let export = exported(server, id, &format!("{phase}-{round}"));
            let report = verify_one(&export, Some(&trust)).unwrap();
            if report.says("witness-ok", "") {
                return export;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("{phase}: the witness did not cosign");
    };
    let first = sealed(1);
    witnessed(&server, &first, "before");

    // Both keys sign: a witness that knows the old one goes on.
    server.admin(&["log-key", "rotate"]).unwrap();
    server.kill().unwrap();
    let server = Server::start_on_with(&data, &address, &settings).unwrap();
    let second = sealed(2);
    let export = witnessed(&server, &second, "overlap");
    let lines = fs::read_to_string(export.join("data/receipt/checkpoint")).unwrap();
    assert_eq!(lines.matches("\u{2014} ").count(), 3, "{lines}");

    // The new key alone: the witness does not know it, and cosigns nothing more until its operator gives it the new trust file.
    server.admin(&["log-key", "finish"]).unwrap();
    server.kill().unwrap();
    let server = Server::start_on_with(&data, &address, &settings).unwrap();
    let third = sealed(3);
    let (code, said) = witness.check(&format!("{}/log", server.url)).unwrap();
    assert_ne!(code, 0, "{said}");
    let report = verify_one(&exported(&server, &third, "alone"), Some(&trust)).unwrap();
    assert!(report.says("witness-absent", ""), "{:?}", report.findings);
    drop(witness);
    let witness = Witness::start_on(&at("w1"), &trust, &home).unwrap();
    witnessed(&server, &third, "after");
    let (code, said) = witness.check(&format!("{}/log", server.url)).unwrap();
    assert_eq!((code, &said["looks"][0]["state"]), (0, &json!("continues")));
    assert_eq!(said["logs"].as_array().unwrap().len(), 1, "{said}");
    // What was exported under the old key is as good as it was.
    for id in [&first, &second] {
        let report = verify_one(&exported(&server, id, "last"), Some(&trust)).unwrap();
        assert!(report.says("witness-ok", ""), "{:?}", report.findings);
    }
}

fn check_text(paths: &[&Path], trust: &Path) -> String {
    let mut command = fieldseal().unwrap();
    command.args(["verify", "--lang", "en", "--trust"]);
    command.arg(trust).args(paths);
    fieldseal_e2e::run(&mut command).unwrap().stdout
}
