//! The national suite: the whole line with SM2 keys and SM3 manifests, and OpenSSL's word on what it leaves.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use fieldseal_e2e::packets::{run_verify_txt, sums_hold, unpack};
use fieldseal_e2e::reports::verify_one;
use fieldseal_e2e::{check, fieldseal};

#[test]
fn the_whole_line_under_the_national_suite() {
    let folder = tempfile::tempdir().unwrap();
    let into = folder.path().join("demo");
    let mut demo = Command::new("timeout");
    demo.arg("300").arg(fieldseal().unwrap().get_program());
    check(demo.args(["demo", "--national", "--dir"]).arg(&into)).unwrap();
    let named = |start: &str| -> PathBuf {
        let mut found = fs::read_dir(&into).unwrap().map(|entry| entry.unwrap());
        let name = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().starts_with(start);
        found.find(name).unwrap().path()
    };
    let (packet, evidence) = (named("packet-"), named("evidence-"));

    let report = verify_one(&evidence, Some(&into.join("trust"))).unwrap();
    assert!(report.says("sm3-ok", ""), "{report:?}");
    assert!(report.says("two-officers-ok", ""), "{report:?}");
    assert_eq!(report.weighty(), Vec::<&str>::new());

    let unpacked = unpack(&packet, &folder.path().join("unpacked")).unwrap();
    sums_hold(&unpacked).unwrap();
    let seal = fs::read_to_string(unpacked.join("seal/packet.seal")).unwrap();
    assert!(seal.contains("\ntagmanifest-sm3 "), "{seal}");

    // The commands that the export names: openssl on the lines and on each digest.
    run_verify_txt(&evidence).unwrap().accepted().unwrap();
    let text = fs::read_to_string(evidence.join("data/VERIFY.txt")).unwrap();
    for command in ["openssl dgst -sm3 -r", "distid:1234567812345678"] {
        assert!(text.contains(command), "VERIFY.txt lacks {command}");
    }
}
