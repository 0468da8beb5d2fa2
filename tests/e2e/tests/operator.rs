//! The line by its commands: serve, admin, device, verify. Several tablets, a server that is killed, a port that is taken.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fieldseal_e2e::operator::{Server, Tablet, admin};
use fieldseal_e2e::packets::{bag_validates, sums_hold};
use fieldseal_e2e::reports::{verify, verify_one};
use fieldseal_e2e::{check, fieldseal, go_check, run};

/// Files of `size` bytes that begin like photos.
fn photos(folder: &Path, count: u8, size: usize) -> Vec<PathBuf> {
    fs::create_dir_all(folder).unwrap();
    let photo = |n: u8| {
        let path = folder.join(format!("{n}.jpg"));
        let noise = (0..size as u32)
            .map(|at| (at.wrapping_mul(0x9e37_79b9).rotate_left(u32::from(n)) >> 24) as u8);
        let bytes: Vec<u8> = [0xff, 0xd8, 0xff, 0xe0].into_iter().chain(noise).collect();
        fs::write(&path, bytes).unwrap();
        path
    };
    (1..=count).map(photo).collect()
}

fn sealed(tablet: &Tablet, files: &[PathBuf]) -> String {
    tablet
        .seal(&files.iter().map(PathBuf::as_path).collect::<Vec<_>>())
        .unwrap()
}

fn exported(server: &Server, id: &str, to: &Path) -> PathBuf {
    server
        .admin(&["export", id, "--to", to.to_str().unwrap()])
        .unwrap();
    to.join(format!("evidence-{id}"))
}

/// Bytes below a folder. What is moved on meanwhile counts for nothing.
fn bytes_in(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let size = |entry: fs::DirEntry| match entry.metadata() {
        Ok(kind) if kind.is_dir() => bytes_in(&entry.path()),
        Ok(file) => file.len(),
        Err(_) => 0,
    };
    entries.map(size).sum()
}

#[test]
fn two_tablets_at_once_through_power_cuts() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let data = at("data");
    let server = Server::start(&data).unwrap();
    let tablets = [
        server.tablet(&at("one")).unwrap(),
        server.tablet(&at("two")).unwrap(),
    ];
    let mut ids = Vec::new();
    for (number, tablet) in tablets.iter().enumerate() {
        // Large enough for a kill to fall into the upload.
        let files = photos(&at(&format!("photos-{number}")), 3, 4 << 20);
        ids.push(sealed(tablet, &files));
        ids.push(sealed(tablet, &files[..1]));
    }

    // Power cuts at the server and at the tablets in turn, at so many MiB of 32.
    let address = server.url.trim_start_matches("http://").to_owned();
    let mut server = server;
    for (round, mib) in [1, 6, 12, 20, 28].into_iter().enumerate() {
        let mut uploads: Vec<_> = tablets
            .iter()
            .map(|tablet| tablet.spawn(&["sync"]).unwrap())
            .collect();
        let mut under_way = true;
        while under_way
            && bytes_in(&data.join("uploads")) + bytes_in(&data.join("blobs")) < mib << 20
        {
            std::thread::sleep(Duration::from_millis(2));
            under_way = uploads
                .iter_mut()
                .any(|upload| upload.try_wait().unwrap().is_none());
        }
        if round % 2 == 0 {
            server.kill().unwrap();
            server = Server::start_on(&data, &address).unwrap();
        }
        for upload in &mut uploads {
            upload.kill().unwrap();
            upload.wait().unwrap();
        }
    }
    for tablet in &tablets {
        // A cut in the middle of a PIN's stretching counts as a wrong try, so that nobody guesses by cutting the power: on a slow
        // machine there is a wait after several.
        while let Err(error) = tablet.run(&["sync"]) {
            assert!(format!("{error:#}").contains("pin-wait"), "{error:#}");
            std::thread::sleep(Duration::from_secs(5));
        }
        let packets = tablet.list("packets").unwrap();
        assert_eq!(packets.len(), 2);
        assert!(
            packets.iter().all(|(_, state)| state == "safe"),
            "{packets:?}"
        );
    }

    let trust = data.join("trust");
    let exports: Vec<PathBuf> = ids
        .iter()
        .map(|id| exported(&server, id, folder.path()))
        .collect();
    let paths: Vec<&Path> = exports.iter().map(PathBuf::as_path).collect();
    let (code, reports) = verify(&paths, Some(&trust)).unwrap();
    assert_eq!(code, 3);
    for report in &reports {
        assert_eq!(
            report.weighty(),
            ["lower-bound-none", "timestamp-absent"],
            "{report:?}"
        );
    }
    for export in &exports {
        sums_hold(export).unwrap();
        bag_validates(export).unwrap().accepted().unwrap();
    }
    // Two tablets, four officers, four packets: each once.
    let trusted = fs::read_to_string(&trust).unwrap();
    let log = trusted
        .lines()
        .find_map(|line| line.strip_prefix("log "))
        .unwrap();
    let said = check(go_check().unwrap().args(["log", log]).arg(data.join("log"))).unwrap();
    assert_eq!(said.trim(), "10 entries");
    server.admin(&["fsck"]).unwrap();
}

#[test]
fn an_export_of_one_deployment_is_not_anchored_in_another() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let server = Server::start(&at("data")).unwrap();
    let tablet = server.tablet(&at("vault")).unwrap();
    let id = sealed(&tablet, &photos(&at("photos"), 1, 1000));
    tablet.run(&["sync"]).unwrap();
    let export = exported(&server, &id, folder.path());
    admin(&at("other"), &["init", "--origin", "other.example/log"]).unwrap();
    let report = verify_one(&export, Some(&at("other/trust"))).unwrap();
    assert_eq!(
        report.verdict, "not-proved",
        "nothing contradicts, nothing is anchored"
    );
    assert!(
        report.weighty().contains(&"trust-anchor-other-origin"),
        "{report:?}"
    );
}

#[test]
fn a_taken_port_is_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("one")).unwrap();
    let address = server.url.trim_start_matches("http://");
    let mut second = fieldseal().unwrap();
    second
        .arg("serve")
        .arg("--data")
        .arg(folder.path().join("two"))
        .args(["--listen", address]);
    let outcome = run(&mut second).unwrap();
    assert_ne!(outcome.code, 0);
    assert!(outcome.stderr.contains("in use"), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("panicked"), "{}", outcome.stderr);
}

#[test]
fn a_forgotten_pin_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let server = Server::start(&at("data")).unwrap();
    let tablet = server.tablet(&at("tablet")).unwrap();
    let files = photos(&at("photos"), 1, 4096);
    tablet.run(&["import", files[0].to_str().unwrap()]).unwrap();
    let draft = tablet.list("drafts").unwrap()[0].0.clone();
    let lead = tablet.officers[0].as_str();

    let with_new_pin = |arguments: &[&str]| {
        let mut command = tablet.command(arguments).unwrap();
        command
            .env("FIELDSEAL_PIN", "135791")
            .env("FIELDSEAL_NEW_PIN", "135791");
        command
    };
    let key = at("data.recovery.key");
    let recover = |key: &Path| {
        run(&mut with_new_pin(&[
            "recover",
            lead,
            "--key",
            key.to_str().unwrap(),
        ]))
        .unwrap()
    };
    let right = fs::read_to_string(&key).unwrap();
    let wrong = right.replace("key/v1 ", "key/v1 A").replace("=\n", "\n");
    fs::write(at("wrong.key"), wrong).unwrap();
    assert_ne!(recover(&at("wrong.key")).code, 0);
    assert_ne!(recover(&files[0]).code, 0);
    tablet.run(&["list"]).expect("the old PIN still opens");

    assert_eq!(recover(&key).code, 0);
    assert!(tablet.run(&["list"]).is_err(), "the old PIN is void");
    let listed = check(&mut with_new_pin(&["list"])).unwrap();
    assert!(listed.contains(&draft), "{listed}");

    // The new signing key is enrolled like any other, and its signature counts again.
    let code = server.code(&["officer", lead]).unwrap();
    check(with_new_pin(&["enrol", &code]).env("FIELDSEAL_PIN_2", "135791")).unwrap();
    let second = tablet.officers[1].as_str();
    check(&mut with_new_pin(&["seal", &draft, "--second", second])).unwrap();
    check(&mut with_new_pin(&["sync"])).unwrap();
    let report = verify_one(
        &exported(&server, &draft, folder.path()),
        Some(&at("data").join("trust")),
    )
    .unwrap();
    let found = |code: &str| report.findings.iter().filter(|f| f.0 == code).count();
    assert_eq!(
        (found("officer-enrolled"), found("two-officers-ok")),
        (2, 1)
    );
}
