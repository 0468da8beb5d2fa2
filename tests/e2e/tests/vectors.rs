//! The test vectors through the command line and through tools that know nothing of us.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use fieldseal_e2e::packets::{
    bag_validates, go_verifies_the_log, openssl_verifies_the_seal, sums_hold, unpack,
};
use fieldseal_e2e::reports::{verify, verify_one};
use fieldseal_e2e::{fieldseal, run, workspace};
use fieldseal_packet::ziplayout::{Layout, LayoutEntry};
use serde_json::Value;

fn vectors() -> PathBuf {
    workspace().join("tests/vectors/packet")
}

fn vector(name: &str) -> PathBuf {
    vectors().join(format!("{name}.zip"))
}

fn trust() -> PathBuf {
    vectors().join("trust")
}

/// Every vector's zip with the file that says what is expected.
fn expectations() -> Vec<(PathBuf, Value)> {
    let mut all: Vec<PathBuf> = fs::read_dir(vectors())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    all.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "json")
    });
    all.sort();
    let read = |path: PathBuf| {
        let expected = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        (path.with_extension("zip"), expected)
    };
    all.into_iter().map(read).collect()
}

#[test]
fn the_command_line_says_of_each_vector_what_is_expected() {
    let all = expectations();
    assert!(all.len() >= 40, "{} vectors", all.len());
    let anchors = trust();
    for (path, expected) in &all {
        let trust = (expected["trust"] == true).then_some(anchors.as_path());
        let report = verify_one(path, trust).unwrap();
        let codes = expected["codes"].as_array().unwrap();
        let mut codes: Vec<&str> = codes.iter().map(|code| code.as_str().unwrap()).collect();
        codes.sort_unstable();
        assert_eq!(report.weighty(), codes, "{}", path.display());
        assert_eq!(report.verdict, expected["verdict"], "{}", path.display());
    }
}

#[test]
fn many_at_once_come_in_the_order_given() {
    let names = [
        "good-packet",
        "item-flipped-byte",
        "zip-random",
        "good-export",
        "seal-missing",
    ];
    let paths: Vec<PathBuf> = names
        .iter()
        .cycle()
        .take(200)
        .map(|name| vector(name))
        .collect();
    let paths: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
    let (code, reports) = verify(&paths, Some(&trust())).unwrap();
    assert_eq!(code, 1);
    for (path, report) in paths.iter().zip(reports) {
        assert_eq!(report.path, path.to_str().unwrap());
        let good = path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with("good-"));
        assert_eq!(
            report.verdict,
            if good { "not-proved" } else { "failed" },
            "{}",
            path.display()
        );
    }
}

#[test]
fn two_packets_under_one_number_of_a_device_contradict_each_other() {
    // Both are right by themselves.
    let (first, second) = (vector("good-packet"), vector("record-unknown-field"));
    let (code, reports) =
        verify(&[&first, &second, &vector("good-export")], Some(&trust())).unwrap();
    assert_eq!(code, 1);
    let contradicted: Vec<bool> = reports
        .iter()
        .map(|report| report.weighty().contains(&"seal-equivocation"))
        .collect();
    // The export holds the first packet, and comes after the one that contradicts it.
    assert_eq!(contradicted, [false, true, true]);
}

#[test]
fn public_tools_accept_a_packet() {
    for name in ["good-packet", "good-p256-device"] {
        let folder = tempfile::tempdir().unwrap();
        let packet = unpack(&vector(name), folder.path()).unwrap();
        sums_hold(&packet).unwrap();
        bag_validates(&packet).unwrap().accepted().unwrap();
        let names = openssl_verifies_the_seal(&packet).unwrap();
        assert_eq!(names.len(), 3, "{names:?}");
        assert!(names[0].contains("/device/"), "{names:?}");
    }
}

#[test]
fn public_tools_accept_an_export() {
    let folder = tempfile::tempdir().unwrap();
    let export = unpack(&vector("good-export"), &folder.path().join("export")).unwrap();
    sums_hold(&export).unwrap();
    bag_validates(&export).unwrap().accepted().unwrap();
    let mut inside = fs::read_dir(export.join("data"))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let zip = inside
        .find(|path| path.extension().is_some_and(|extension| extension == "zip"))
        .unwrap();
    let packet = unpack(&zip, &folder.path().join("packet")).unwrap();
    sums_hold(&packet).unwrap();
    bag_validates(&packet).unwrap().accepted().unwrap();
    openssl_verifies_the_seal(&packet).unwrap();
    go_verifies_the_log(&export, &packet, &trust()).unwrap();
}

#[test]
fn an_unpacked_packet_says_the_same_under_any_name() {
    for name in ["good-packet", "good-export"] {
        let folder = tempfile::tempdir().unwrap();
        let unpacked = unpack(&vector(name), folder.path()).unwrap();
        let renamed = folder.path().join("证据 copy");
        fs::rename(unpacked, &renamed).unwrap();
        let packed = verify_one(&vector(name), Some(&trust())).unwrap();
        let unpacked = verify_one(&renamed, Some(&trust())).unwrap();
        assert_eq!(unpacked.weighty(), packed.weighty(), "{name}");
    }
}

#[test]
fn what_is_done_to_an_unpacked_packet_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let packet = unpack(&vector("good-packet"), folder.path()).unwrap();
    let item = packet.join("data/items/0001.jpg");
    let original = fs::read(&item).unwrap();

    let mut flipped = original.clone();
    flipped[10] ^= 1;
    fs::write(&item, &flipped).unwrap();
    assert!(
        verify_one(&packet, Some(&trust()))
            .unwrap()
            .says("item-mismatch", "data/items/0001.jpg")
    );
    bag_validates(&packet).unwrap().refused().unwrap();

    fs::remove_file(&item).unwrap();
    assert!(
        verify_one(&packet, Some(&trust()))
            .unwrap()
            .says("file-missing", "data/items/0001.jpg")
    );
    bag_validates(&packet).unwrap().refused().unwrap();

    fs::write(&item, &original).unwrap();
    for added in [
        "data/items/0003.jpg",
        "data/notes.txt",
        "seal/extra",
        "seen/later",
        "readme.txt",
    ] {
        fs::write(packet.join(added), b"added").unwrap();
        assert!(
            verify_one(&packet, Some(&trust()))
                .unwrap()
                .says("file-unlisted", added),
            "{added}"
        );
        fs::remove_file(packet.join(added)).unwrap();
    }
    assert_eq!(
        verify_one(&packet, Some(&trust())).unwrap().verdict,
        "not-proved"
    );
}

#[cfg(unix)]
#[test]
fn a_link_in_the_place_of_an_item_fails() {
    let folder = tempfile::tempdir().unwrap();
    let packet = unpack(&vector("good-packet"), &folder.path().join("packet")).unwrap();
    let item = packet.join("data/items/0001.jpg");
    let elsewhere = folder.path().join("elsewhere.jpg");
    fs::rename(&item, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &item).unwrap();
    // The very same bytes, and yet not in the packet.
    assert_eq!(
        verify_one(&packet, Some(&trust())).unwrap().verdict,
        "failed"
    );
}

#[test]
fn exit_codes_and_wrong_usage() {
    let good = vector("good-packet");
    let bad = vector("item-flipped-byte");
    let absent = vectors().join("no-such-file.zip");
    let code = |args: &[&Path]| {
        run(fieldseal().unwrap().arg("verify").args(args))
            .unwrap()
            .code
    };
    assert_eq!(code(&[&good]), 3);
    assert_eq!(code(&[&good, &bad]), 1);
    assert_eq!(code(&[&absent]), 2);
    assert_eq!(code(&[&good, &absent]), 3, "2 is for nothing worse");
    assert_eq!(code(&[&bad, &absent]), 1);
    assert_eq!(code(&[]), 2);
    assert_eq!(code(&[&good, Path::new("--no-such-option")]), 2);
    // A trust file that is none is wrong usage, and nothing is judged by it.
    assert_eq!(code(&[&good, Path::new("--trust"), &good]), 2);
    assert_eq!(code(&[&good, Path::new("--trust"), &absent]), 2);
    assert_eq!(code(&[&workspace().join("Cargo.toml")]), 1);
}

#[test]
fn people_get_one_sentence_a_finding_in_their_language() {
    let say = |lang: &str| {
        let mut command = fieldseal().unwrap();
        command
            .args(["verify", "--lang", lang])
            .arg(vector("item-flipped-byte"))
            .arg("--trust")
            .arg(trust());
        run(&mut command).unwrap().stdout
    };
    let (english, chinese) = (say("en"), say("zh"));
    assert!(
        english.contains("Failed: photo 0001 differs from what was sealed."),
        "{english}"
    );
    assert!(
        chinese.contains("核验不符：第 0001 张与封存时不同。"),
        "{chinese}"
    );
    assert!(!english.contains('\x1b'), "no colours into a pipe");
}

#[test]
fn a_closed_pipe_ends_it_quietly() {
    let good = vector("good-packet");
    let many = vec![good.as_path(); 400];
    let mut child = fieldseal()
        .unwrap()
        .arg("verify")
        .args(many)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 16];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_ne!(output.status.code(), Some(0), "not all were verified");
}

#[cfg(target_os = "linux")]
#[test]
fn memory_stays_flat() {
    use std::io::{Seek as _, SeekFrom, Write as _};
    const ITEM: u64 = 400 << 20;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("packet.zip");
    // A hole in the file costs no disk; its CRC is not 0, which shows in the end that all of it was read.
    let entry = LayoutEntry {
        path: "packet-x/data/items/0001.bin".into(),
        size: ITEM,
        crc32: 0,
    };
    let layout = Layout::new(&[entry]).unwrap();
    let mut file = fs::File::create(&path).unwrap();
    file.set_len(layout.total_size()).unwrap();
    let zeros = |_: usize, _: u64| Ok(Box::new(std::io::repeat(0)) as Box<dyn std::io::Read>);
    for (start, end) in [(0, 4096), (ITEM, layout.total_size())] {
        let mut bytes = Vec::new();
        layout
            .reader(start, zeros)
            .take(end - start)
            .read_to_end(&mut bytes)
            .unwrap();
        file.seek(SeekFrom::Start(start)).unwrap();
        file.write_all(&bytes).unwrap();
    }
    drop(file);
    let program = fieldseal().unwrap();
    let mut limited = std::process::Command::new("sh");
    // 300 MiB of address space, less than the item.
    limited
        .args(["-c", "ulimit -v 307200; exec \"$@\"", "sh"])
        .arg(program.get_program());
    let outcome = run(limited
        .args(["verify", "--json", "--lang", "en"])
        .arg(&path))
    .unwrap();
    assert_eq!(outcome.code, 1, "{outcome:?}");
    assert!(
        outcome.stdout.contains("\"zip-crc-mismatch\""),
        "{outcome:?}"
    );
}
