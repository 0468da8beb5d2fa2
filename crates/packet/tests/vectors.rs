//! The test vectors of `tests/vectors/packet/`: one failure each, with what is expected beside it.
//!
//! The vectors are committed, so that other implementations can use them. This test makes them again from fixed keys and
//! compares: a change of the format shows as a change of bytes. `UPDATE_VECTORS=1` writes them.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "vectors/cases.rs"]
mod cases;
#[path = "vectors/several.rs"]
mod several;

mod support;

use cases::{Case, cases};
use fieldseal_packet::Timestamp;
use fieldseal_packet::findings::{Finding, Level, Report};
use fieldseal_packet::trust::Trust;
use fieldseal_packet::verify::{
    Inputs, ZipSource, is_export, verify_export, verify_zip, zip_finding,
};
use serde_json::json;
use std::path::PathBuf;

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/vectors")
        .join(name)
}

fn verify(bytes: &[u8], trust: Option<&Trust>) -> Report {
    match ZipSource::open(&bytes) {
        Ok(source) if is_export(&source) => verify_export(&source, trust),
        Ok(_) => {
            verify_zip(
                &bytes,
                &Inputs {
                    trust,
                    ..Inputs::default()
                },
            )
            .report
        }
        Err(error) => Report::new(None, vec![zip_finding(&error)]),
    }
}

/// The codes that decide the verdict, with subjects, sorted.
fn weighty(report: &Report) -> Vec<String> {
    let weighs =
        |finding: &&Finding| matches!(finding.code.level(), Level::Failed | Level::NotProved);
    let mut codes: Vec<String> = report
        .findings
        .iter()
        .filter(weighs)
        .map(|finding| finding.code.word().to_owned())
        .collect();
    codes.sort();
    codes
}

/// Codes that stand in `also` wherever they are found.
const TELLING: &[&str] = &[
    "capture-bounded",
    "challenge-matches",
    "challenge-unproved",
    "heartbeat-names-none",
    "heartbeat-not-counted",
    "timestamp-renewed",
    "timestamp-renewed-late",
];

fn expectation(case: &Case) -> String {
    let mut value = json!({
        "what": case.what,
        "trust": case.trust,
        "verdict": case.verdict(),
        "codes": case.codes,
    });
    if !case.also.is_empty() {
        value["also"] = json!(case.also);
    }
    if let Some((after, before)) = &case.interval {
        value["sealed_after"] = json!(after);
        value["logged_before"] = json!(before);
    }
    format!("{}\n", serde_json::to_string_pretty(&value).unwrap())
}

#[test]
fn every_vector_is_judged_as_expected() {
    let trust = Trust::parse(support::trust_text().as_bytes()).unwrap();
    let mut wrong = Vec::new();
    for case in cases() {
        let report = verify(&case.bytes, case.trust.then_some(&trust));
        let found = weighty(&report);
        if found != case.codes || report.verdict.word() != case.verdict() {
            wrong.push(format!(
                "{}: expected {:?}, found {found:?}",
                case.name, case.codes
            ));
        }
        let codes: Vec<&str> = report.findings.iter().map(|f| f.code.word()).collect();
        let missed = case
            .also
            .iter()
            .find(|code| !codes.contains(&code.as_str()));
        if let Some(code) = missed {
            wrong.push(format!("{}: {code} was not found", case.name));
        }
        // What says more than others is found only where it is expected.
        let unexpected = codes
            .iter()
            .find(|code| TELLING.contains(code) && !case.also.iter().any(|also| also == *code));
        if let Some(code) = unexpected {
            wrong.push(format!("{}: {code} was found", case.name));
        }
        let text = |time: Option<Timestamp>| time.map(|time| time.to_string());
        let interval = (text(report.sealed_after), text(report.logged_before));
        if case
            .interval
            .as_ref()
            .is_some_and(|expected| *expected != interval)
        {
            wrong.push(format!("{}: found {interval:?}", case.name));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_committed_vectors_are_these() {
    let mut expected = vec![("trust".to_owned(), support::trust_text().into_bytes())];
    for case in cases() {
        expected.push((
            format!("{}.json", case.name),
            expectation(&case).into_bytes(),
        ));
        expected.push((format!("{}.zip", case.name), case.bytes));
    }
    committed("packet", &expected);
}

/// What several packets say of each other is looked at where they are given: in `crates/cli`.
#[test]
fn the_committed_runs_of_several_packets_are_these() {
    let several = several::several();
    let runs = several.runs.iter();
    let runs = runs.map(|run| (format!("{}.json", run.name), run.expectation()));
    let zips = several.zips.iter();
    let zips = zips.map(|(name, bytes)| ((*name).to_owned(), bytes.clone()));
    committed("several", &runs.chain(zips).collect::<Vec<_>>());
}

/// Compares a folder with what is made today, or writes it.
fn committed(name: &str, expected: &[(String, Vec<u8>)]) {
    let folder = folder(name);
    if std::env::var_os("UPDATE_VECTORS").is_some() {
        std::fs::create_dir_all(&folder).unwrap();
        for entry in std::fs::read_dir(&folder).unwrap() {
            std::fs::remove_file(entry.unwrap().path()).unwrap();
        }
        for (name, bytes) in expected {
            std::fs::write(folder.join(name), bytes).unwrap();
        }
    }
    let mut found: Vec<String> = std::fs::read_dir(&folder)
        .expect("the folder of vectors is there")
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    found.sort();
    let mut names: Vec<&String> = expected.iter().map(|(name, _)| name).collect();
    names.sort();
    let missing: Vec<_> = names.iter().filter(|name| !found.contains(name)).collect();
    let left: Vec<_> = found.iter().filter(|name| !names.contains(name)).collect();
    assert!(
        missing.is_empty() && left.is_empty(),
        "missing {missing:?}, left over {left:?}"
    );
    for (name, bytes) in expected {
        assert!(
            std::fs::read(folder.join(name)).unwrap() == *bytes,
            "{name} differs from what is made today"
        );
    }
}

#[test]
fn no_flipped_byte_of_a_good_packet_passes() {
    let trust = Trust::parse(support::trust_text().as_bytes()).unwrap();
    let good = cases()
        .into_iter()
        .find(|case| case.name == "good-packet")
        .unwrap();
    let before = weighty(&verify(&good.bytes, Some(&trust)));
    let canonical = verify_zip(
        &good.bytes,
        &Inputs {
            trust: Some(&trust),
            ..Inputs::default()
        },
    );
    assert_eq!(
        canonical
            .report
            .findings
            .iter()
            .filter(|f| f.code.word() == "zip-not-canonical")
            .count(),
        0
    );
    let mut survived = Vec::new();
    for offset in (0..good.bytes.len()).step_by(7) {
        let mut bytes = good.bytes.clone();
        bytes[offset] ^= 0x10;
        let report = verify(&bytes, Some(&trust));
        let repacked = report
            .findings
            .iter()
            .any(|finding| finding.code.word() == "zip-not-canonical");
        if weighty(&report) == before && !repacked {
            survived.push(offset);
        }
    }
    assert!(
        survived.is_empty(),
        "flips that changed no finding: {survived:?}"
    );
}
