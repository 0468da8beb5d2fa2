//! The whole line by `fieldseal demo`: capture, seal, upload, log, export; then what it leaves is checked by `fieldseal verify`,
//! by public tools, and by the very commands that the export itself names.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use fieldseal_e2e::packets::{
    bag_validates, go_verifies_the_log, openssl_verifies_the_seal, run_verify_txt, sums_hold,
    unpack,
};
use fieldseal_e2e::reports::verify_one;
use fieldseal_e2e::{check, fieldseal, go_check, run, sha256sum};
use tempfile::TempDir;

/// What one run of the demonstration leaves.
struct Left {
    _folder: TempDir,
    photos: PathBuf,
    trust: PathBuf,
    packets: Vec<PathBuf>,
    evidence: Vec<PathBuf>,
}

fn jpeg() -> Vec<u8> {
    let picture = image::RgbImage::from_fn(640, 480, |x, y| {
        image::Rgb([x as u8, y as u8, (x ^ y) as u8])
    });
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture
        .write_to(&mut bytes, image::ImageFormat::Jpeg)
        .unwrap();
    bytes.into_inner()
}

/// Evidence as it comes: whole, cut off, empty, and of kinds that no preview can be made of.
fn photos(folder: &Path) {
    let jpeg = jpeg();
    fs::create_dir_all(folder).unwrap();
    for (name, bytes) in [
        ("1 全景.jpg", jpeg.clone()),
        ("2 truncated.jpg", jpeg[..jpeg.len() / 2].to_vec()),
        ("3 empty.jpg", Vec::new()),
        (
            "4 random.jpg",
            (0..5000u32)
                .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
                .collect(),
        ),
        (
            "5 phone.heic",
            b"\0\0\0\x18ftypheic\0\0\0\0mif1heic and no picture".to_vec(),
        ),
    ] {
        fs::write(folder.join(name), bytes).unwrap();
    }
}

/// The demonstration's leavings; it runs once for all tests here.
fn left() -> &'static Left {
    static LEFT: OnceLock<Left> = OnceLock::new();
    LEFT.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let photos_in = folder.path().join("photos");
        photos(&photos_in);
        let into = folder.path().join("demo");
        // A line that hangs is a failure too, with all it has said until then.
        let mut demo = Command::new("timeout");
        demo.arg("300").arg(fieldseal().unwrap().get_program());
        let outcome = run(demo
            .arg("demo")
            .arg("--dir")
            .arg(&into)
            .arg("--photos")
            .arg(&photos_in))
        .unwrap();
        assert_eq!(outcome.code, 0, "{}\n{}", outcome.stdout, outcome.stderr);
        let named = |start: &str, folders: bool| {
            let mut found: Vec<PathBuf> = fs::read_dir(&into)
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .collect();
            found.retain(|path| {
                path.is_dir() == folders
                    && path
                        .file_name()
                        .is_some_and(|name| name.to_string_lossy().starts_with(start))
            });
            found.sort();
            found
        };
        let left = Left {
            photos: photos_in,
            trust: into.join("trust"),
            packets: named("packet-", false),
            evidence: named("evidence-", true),
            _folder: folder,
        };
        assert!(
            left.trust.is_file() && !left.packets.is_empty(),
            "{}",
            outcome.stdout
        );
        assert_eq!(left.packets.len(), left.evidence.len());
        left
    })
}

fn copied(from: &Path) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    check(Command::new("cp").arg("-r").arg(from).arg(folder.path())).unwrap();
    let copy = folder.path().join(from.file_name().unwrap());
    (folder, copy)
}

#[test]
fn all_that_it_leaves_is_proved() {
    let left = left();
    for evidence in &left.evidence {
        let report = verify_one(evidence, Some(&left.trust)).unwrap();
        assert_eq!(report.verdict, "verified", "{report:?}");
        for code in [
            "lower-bound-ok",
            "timestamp-ok",
            "files-ok",
            "seal-ok",
            "two-officers-ok",
            "device-enrolled",
            "receipt-ok",
            "log-inclusion-ok",
        ] {
            assert!(
                report.findings.iter().any(|(is, ..)| is == code),
                "{code} in {report:?}"
            );
        }
        // Without anchors its own keys prove no anchor: never more than before, and nothing fails.
        let alone = verify_one(evidence, None).unwrap();
        assert_eq!(alone.verdict, "not-proved");
        assert!(alone.weighty().contains(&"trust-anchor-self-supplied"));
    }
    for packet in &left.packets {
        let report = verify_one(packet, Some(&left.trust)).unwrap();
        assert_eq!(
            report.weighty(),
            ["log-inclusion-absent", "timestamp-absent"],
            "{report:?}"
        );
    }
}

#[test]
fn the_packet_in_an_export_is_the_packet_byte_for_byte() {
    let left = left();
    for (packet, evidence) in left.packets.iter().zip(&left.evidence) {
        let inside = evidence.join("data").join(packet.file_name().unwrap());
        assert!(
            fs::read(packet).unwrap() == fs::read(inside).unwrap(),
            "{}",
            packet.display()
        );
    }
}

#[test]
fn every_file_given_is_in_a_packet_as_it_came() {
    let left = left();
    let digests = |folder: &Path| -> BTreeSet<String> {
        let files: Vec<PathBuf> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        let sums = check(sha256sum(folder).unwrap().arg("--").args(files)).unwrap();
        sums.lines()
            .map(|line| line.trim_start_matches('\\').chars().take(64).collect())
            .collect()
    };
    let mut packed = BTreeSet::new();
    for zip in &left.packets {
        let folder = tempfile::tempdir().unwrap();
        packed.extend(digests(
            &unpack(zip, folder.path()).unwrap().join("data/items"),
        ));
    }
    assert_eq!(packed, digests(&left.photos));
}

#[test]
fn public_tools_accept_all_of_it() {
    let left = left();
    for (zip, evidence) in left.packets.iter().zip(&left.evidence) {
        let folder = tempfile::tempdir().unwrap();
        let packet = unpack(zip, folder.path()).unwrap();
        for bag in [&packet, evidence] {
            sums_hold(bag).unwrap();
            bag_validates(bag).unwrap().accepted().unwrap();
        }
        let signed = openssl_verifies_the_seal(&packet).unwrap();
        assert_eq!(
            signed
                .iter()
                .filter(|name| name.contains("/officer/"))
                .count(),
            2,
            "{signed:?}"
        );
        assert_eq!(
            signed
                .iter()
                .filter(|name| name.contains("/device/"))
                .count(),
            1
        );
        go_verifies_the_log(evidence, &packet, &left.trust).unwrap();
    }
}

#[test]
fn go_audits_the_servers_whole_log() {
    let left = left();
    let server = left.trust.with_file_name("server/log");
    let trust = fs::read_to_string(&left.trust).unwrap();
    let log = trust
        .lines()
        .find_map(|line| line.strip_prefix("log "))
        .unwrap();
    let said = check(go_check().unwrap().args(["log", log]).arg(&server)).unwrap();
    // The tablet, two officers, and at least one packet.
    let entries: u64 = said.split(' ').next().unwrap().parse().unwrap();
    assert!(entries >= 4, "{said}");
}

#[test]
fn the_commands_in_verify_txt_are_right() {
    for evidence in &left().evidence {
        let outcome = run_verify_txt(evidence).unwrap();
        assert!(outcome.stdout.contains("Verified"), "{outcome:?}");
        // Two authorities, and two checkpoints: one before the seal and one after.
        let tokens = outcome.stderr.matches("Verification: OK").count()
            + outcome.stdout.matches("Verification: OK").count();
        assert_eq!(tokens, 4, "{outcome:?}");
        outcome.accepted().unwrap();
        let (_folder, copy) = copied(evidence);
        let receipt = copy.join("data/receipt/receipt");
        let altered = fs::read_to_string(&receipt)
            .unwrap()
            .replace("copies 1", "copies 9");
        fs::write(&receipt, altered).unwrap();
        run_verify_txt(&copy).unwrap().refused().unwrap();
    }
}

#[test]
fn what_is_done_to_an_export_is_found() {
    let left = left();
    let original = &left.evidence[0];
    let says = |copy: &Path, code: &str, subject: &str| {
        let report = verify_one(copy, Some(&left.trust)).unwrap();
        assert!(
            report.says(code, subject),
            "{code} about {subject} in {report:?}"
        );
        assert_eq!(report.verdict, "failed");
    };

    let (_folder, copy) = copied(original);
    fs::write(copy.join("data/later.txt"), "added").unwrap();
    says(&copy, "file-unlisted", "data/later.txt");

    let (_folder, copy) = copied(original);
    fs::remove_file(copy.join("data/receipt/receipt")).unwrap();
    says(&copy, "file-missing", "data/receipt/receipt");

    let (_folder, copy) = copied(original);
    let zip = copy.join("data").join(left.packets[0].file_name().unwrap());
    let mut bytes = fs::read(&zip).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&zip, bytes).unwrap();
    let inside = format!(
        "data/{}",
        left.packets[0].file_name().unwrap().to_string_lossy()
    );
    says(&copy, "file-mismatch", &inside);
}

#[test]
fn what_is_done_to_a_packet_is_found() {
    let left = left();
    let folder = tempfile::tempdir().unwrap();
    let packet = unpack(&left.packets[0], folder.path()).unwrap();
    let report = || verify_one(&packet, Some(&left.trust)).unwrap();
    let clean = report()
        .weighty()
        .into_iter()
        .map(str::to_owned)
        .collect::<Vec<_>>();

    let seal = packet.join("seal/packet.seal");
    let whole = fs::read_to_string(&seal).unwrap();
    let without_line_of = |role: &str| {
        let mut lines: Vec<&str> = whole.lines().collect();
        let at = lines
            .iter()
            .position(|line| line.starts_with("— ") && line.contains(role))
            .unwrap();
        lines.remove(at);
        lines.join("\n") + "\n"
    };
    fs::write(&seal, without_line_of("/device/")).unwrap();
    assert!(
        report().weighty().contains(&"device-line-absent"),
        "{:?}",
        report()
    );
    assert_eq!(report().verdict, "not-proved", "absent is not failed");
    fs::write(&seal, without_line_of("/officer/")).unwrap();
    assert!(
        report().weighty().contains(&"officer-line-absent"),
        "{:?}",
        report()
    );
    fs::write(&seal, whole.replace("\ndevice-seq ", "\ndevice-seq 1")).unwrap();
    assert!(
        report().weighty().contains(&"device-line-invalid"),
        "{:?}",
        report()
    );
    fs::write(&seal, &whole).unwrap();

    let custody = packet.join("data/custody.log");
    let log = fs::read_to_string(&custody).unwrap();
    let shortened: Vec<&str> = log
        .lines()
        .enumerate()
        .filter(|(at, _)| *at != 1)
        .map(|(_, line)| line)
        .collect();
    fs::write(&custody, shortened.join("\n") + "\n").unwrap();
    assert!(
        report().weighty().contains(&"custody-chain-broken"),
        "{:?}",
        report()
    );
    fs::write(&custody, &log).unwrap();
    assert_eq!(report().weighty(), clean, "everything was put back");
}
