//! Keys with a life, by the commands: certificates and makers' word for a P-256 key, a tablet that takes a new key, a log that does, and
//! a log that takes the place of another. OpenSSL has the second word.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use fieldseal_e2e::operator::{Server, Tablet, Witness, admin};
use fieldseal_e2e::packets::{run_verify_txt, unpack};
use fieldseal_e2e::reports::{Report, verify_one};
use fieldseal_e2e::{check, openssl, run};

/// What is not proved in these exports, and has nothing to do with keys.
const UNSTAMPED: [&str; 2] = ["lower-bound-none", "timestamp-absent"];

fn photo(folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(name);
    let mut bytes = vec![0xff, 0xd8, 0xff, 0xe0];
    bytes.extend(name.bytes().cycle().take(4000));
    fs::write(&path, bytes).unwrap();
    path
}

/// A packet, sealed and safe on the server; its export.
fn delivered(server: &Server, tablet: &Tablet, folder: &Path, name: &str) -> PathBuf {
    let id = tablet.seal(&[&photo(folder, name)]).unwrap();
    tablet.run(&["sync"]).unwrap();
    let packets = tablet.list("packets").unwrap();
    assert!(
        packets.iter().all(|(_, state)| state == "safe"),
        "{packets:?}"
    );
    let to = folder.join(format!("export-{name}"));
    fs::create_dir_all(&to).unwrap();
    server
        .admin(&["export", &id, "--to", to.to_str().unwrap()])
        .unwrap();
    to.join(format!("evidence-{id}"))
}

fn good(export: &Path, trust: &Path) -> Report {
    let report = verify_one(export, Some(trust)).unwrap();
    assert_eq!(report.weighty(), UNSTAMPED, "{report:?}");
    report
}

fn says(report: &Report, code: &str) -> bool {
    report.findings.iter().any(|(found, ..)| found == code)
}

fn packet_of(export: &Path) -> PathBuf {
    let mut files = fs::read_dir(export.join("data")).unwrap().flatten();
    files
        .find(|file| file.path().extension().is_some_and(|end| end == "zip"))
        .unwrap()
        .path()
}

/// A maker of keys: its root, and a program that vouches for whatever key it is given.
fn maker(folder: &Path) -> (PathBuf, PathBuf) {
    let root = folder.join("maker.pem");
    let key = folder.join("maker.key");
    let mut made = openssl().unwrap();
    made.args([
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
    ])
    .args(["-nodes", "-days", "30", "-subj", "/CN=a maker of keys"])
    .args(["-addext", "keyUsage=critical,keyCertSign"])
    .arg("-keyout")
    .arg(&key)
    .arg("-out")
    .arg(&root);
    check(&mut made).unwrap();
    fs::write(
        folder.join("extensions"),
        "keyUsage = critical,digitalSignature\n",
    )
    .unwrap();
    let program = folder.join("vouch");
    let script = format!(
        "#!/bin/sh\nset -e\ncat > {at}/key.pem\nopenssl x509 -new -force_pubkey {at}/key.pem -subj '/CN=a key in hardware' -CA {at}/maker.pem -CAkey {at}/maker.key -days 20 -extfile {at}/extensions\n",
        at = folder.display()
    );
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    (root, program)
}

#[test]
fn a_key_in_hardware_is_vouched_for_and_signs_by_cms() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let data = at("data");
    let (root, vouch) = maker(folder.path());
    admin(&data, &["init", "--origin", "bureau.example/log"]).unwrap();
    admin(&data, &["cms-ca"]).unwrap();
    admin(&data, &["attestation-roots", root.to_str().unwrap()]).unwrap();
    let server = Server::start(&data).unwrap();
    let hardware = ["--key", "p256", "--attest-with", vouch.to_str().unwrap()];
    let tablet = server.tablet_with(&at("vault"), &hardware).unwrap();
    let devices = server.admin(&["devices"]).unwrap();
    assert_eq!(
        devices["devices"][0]["attestation"], "attested",
        "{devices}"
    );
    assert_eq!(devices["devices"][0]["certificate"], true, "{devices}");

    let export = delivered(&server, &tablet, folder.path(), "first.jpg");
    let trust = data.join("trust");
    let report = good(&export, &trust);
    for code in [
        "cms-ok",
        "attestation-ok",
        "device-first",
        "two-officers-ok",
    ] {
        assert!(says(&report, code), "{code}: {report:?}");
    }
    run_verify_txt(&export).unwrap().accepted().unwrap();
    let text = fs::read_to_string(export.join("data/VERIFY.txt")).unwrap();
    assert!(text.contains("openssl cms -verify") && text.contains("openssl verify "));

    // OpenSSL says the same of the packet, by the trust file as it is, and refuses another manifest and another root.
    let packet = unpack(&packet_of(&export), &at("unpacked")).unwrap();
    let by_openssl = |manifest: &Path, roots: &Path| {
        let mut verify = openssl().unwrap();
        verify
            .args(["cms", "-verify", "-binary", "-inform", "DER", "-in"])
            .arg(packet.join("seal/tagmanifest.p7s"))
            .arg("-content")
            .arg(manifest)
            .arg("-CAfile")
            .arg(roots)
            .arg("-out")
            .arg(at("as-signed"));
        run(&mut verify).unwrap()
    };
    let manifest = packet.join("tagmanifest-sha256.txt");
    by_openssl(&manifest, &trust).accepted().unwrap();
    by_openssl(&manifest, &root).refused().unwrap();
    by_openssl(&packet.join("bagit.txt"), &trust)
        .refused()
        .unwrap();
    let chain = export.join("data/receipt/attestation");
    let pem = fs::read_dir(chain).unwrap().next().unwrap().unwrap().path();
    let mut vouched = openssl().unwrap();
    vouched.arg("verify").arg("-CAfile").arg(&root).arg(&pem);
    run(&mut vouched).unwrap().accepted().unwrap();

    // Who has no root of the maker's is told so, and nothing else changes.
    let text = fs::read_to_string(&trust).unwrap();
    let without = at("trust-without-maker");
    fs::write(&without, text.split("#root attestation").next().unwrap()).unwrap();
    assert!(says(&good(&export, &without), "attestation-root-unknown"));
    fs::write(&without, text.split("#root cms").next().unwrap()).unwrap();
    let report = verify_one(&export, Some(&without)).unwrap();
    assert!(says(&report, "cms-signer-unknown"), "{report:?}");
    assert_eq!(report.verdict, "not-proved");

    // A new key without the maker's word: certified again, and not vouched for.
    tablet.run(&["rotate"]).unwrap();
    let second = delivered(&server, &tablet, folder.path(), "second.jpg");
    let report = good(&second, &trust);
    assert!(
        says(&report, "cms-ok") && !says(&report, "attestation-ok"),
        "{report:?}"
    );
    run_verify_txt(&second).unwrap().accepted().unwrap();
    good(&export, &trust);
}

#[test]
fn a_tablet_takes_a_new_key_through_any_stop() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let data = at("data");
    let server = Server::start(&data).unwrap();
    let tablet = server.tablet(&at("vault")).unwrap();
    let mut exports = vec![delivered(&server, &tablet, folder.path(), "0.jpg")];
    let keys = |server: &Server| {
        let said = server.admin(&["people"]).unwrap();
        let all = said["keys"].as_array().unwrap().clone();
        let device = |key: &&serde_json::Value| key["kind"] == "device";
        all.iter().filter(device).count()
    };
    // How long it takes when nothing stops it, so that the stops fall into all of it; the PIN's cost is most of it.
    let began = Instant::now();
    tablet.run(&["rotate"]).unwrap();
    let whole = began.elapsed();
    for (round, percent) in [0, 40, 60, 70, 80, 85, 90, 95, 98].into_iter().enumerate() {
        let before = keys(&server);
        let mut rotation = tablet.spawn(&["rotate"]).unwrap();
        std::thread::sleep(whole * percent / 100);
        let _ = rotation.kill();
        rotation.wait().unwrap();
        // Wherever it was stopped, the tablet seals and delivers: by the old key, or by the new one.
        let name = format!("{}.jpg", round + 1);
        exports.push(delivered(&server, &tablet, folder.path(), &name));
        let after = keys(&server);
        assert!(
            (before..=before + 1).contains(&after),
            "{before} keys, then {after}"
        );
    }
    let before = keys(&server);
    tablet.run(&["rotate"]).unwrap();
    exports.push(delivered(&server, &tablet, folder.path(), "last.jpg"));
    assert!(
        (before..=before + 1).contains(&keys(&server)),
        "a key that was begun is the one that is taken"
    );
    let trust = data.join("trust");
    for (number, export) in exports.iter().enumerate() {
        let report = good(export, &trust);
        assert!(says(&report, "device-enrolled"), "{report:?}");
        let packet = unpack(&packet_of(export), &at(&format!("unpacked-{number}"))).unwrap();
        let seal = fs::read_to_string(packet.join("seal/packet.seal")).unwrap();
        assert!(
            seal.contains(&format!("\ndevice-seq {}\n", number + 1)),
            "{seal}"
        );
    }
    // All together: no number is missing, none is there twice, and each follows the one before.
    let paths: Vec<&Path> = exports.iter().map(PathBuf::as_path).collect();
    let (_, reports) = fieldseal_e2e::reports::verify(&paths, Some(&trust)).unwrap();
    for report in &reports {
        assert_eq!(report.weighty(), UNSTAMPED, "{report:?}");
        assert!(!says(report, "packets-missing"), "{report:?}");
    }
    server.admin(&["fsck"]).unwrap();
}

#[test]
fn the_logs_key_is_rotated_under_tablets_and_witnesses() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let data = at("data");
    let server = Server::start(&data).unwrap();
    let address = server.url.trim_start_matches("http://").to_owned();
    let tablet = server.tablet(&at("vault")).unwrap();
    let late = server.tablet(&at("late")).unwrap();
    let first = delivered(&server, &tablet, folder.path(), "first.jpg");
    let old_trust = at("old-trust");
    fs::copy(data.join("trust"), &old_trust).unwrap();
    Witness::init(&at("witness"), "prosecutor.example/w1").unwrap();

    let said = server.admin(&["log-key", "rotate"]).unwrap();
    assert_eq!(
        said,
        server.admin(&["log-key", "rotate"]).unwrap(),
        "asked again, it is the same"
    );
    server.kill().unwrap();
    let server = Server::start_on(&data, &address).unwrap();
    let overlap = delivered(&server, &tablet, folder.path(), "overlap.jpg");
    let checkpoint = fs::read_to_string(overlap.join("data/receipt/checkpoint")).unwrap();
    assert_eq!(checkpoint.matches("\u{2014} ").count(), 2, "{checkpoint}");
    let new_trust = data.join("trust");
    for trust in [&old_trust, &new_trust] {
        good(&overlap, trust);
        good(&first, trust);
    }
    run_verify_txt(&overlap).unwrap().accepted().unwrap();
    let witness = Witness::start(&at("witness"), &new_trust).unwrap();
    assert_eq!(witness.check(&format!("{}/log", server.url)).unwrap().0, 0);

    server.admin(&["log-key", "finish"]).unwrap();
    server.kill().unwrap();
    let server = Server::start_on(&data, &address).unwrap();
    // The one tablet has heard of the new key, the other hears of it now.
    let alone = delivered(&server, &tablet, folder.path(), "alone.jpg");
    let by_late = delivered(&server, &late, folder.path(), "late.jpg");
    let checkpoint = fs::read_to_string(alone.join("data/receipt/checkpoint")).unwrap();
    assert_eq!(checkpoint.matches("\u{2014} ").count(), 1, "{checkpoint}");
    for export in [&first, &overlap, &alone, &by_late] {
        good(export, &new_trust);
    }
    for export in [&alone, &by_late] {
        assert!(says(&good(export, &old_trust), "log-rotated"));
    }
    run_verify_txt(&alone).unwrap().accepted().unwrap();
    assert_eq!(witness.check(&format!("{}/log", server.url)).unwrap().0, 0);
    server.admin(&["fsck"]).unwrap();
    assert!(
        server.admin(&["log-key", "finish"]).is_err(),
        "there is nothing to finish"
    );
}

#[test]
fn a_new_log_takes_the_place_of_one_that_was_closed() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let data = at("data");
    let server = Server::start(&data).unwrap();
    let address = server.url.trim_start_matches("http://").to_owned();
    let tablet = server.tablet(&at("vault")).unwrap();
    server
        .admin(&["backup", at("backup").to_str().unwrap()])
        .unwrap();
    let old = delivered(&server, &tablet, folder.path(), "old.jpg");
    let old_trust = at("old-trust");
    fs::copy(data.join("trust"), &old_trust).unwrap();
    server.kill().unwrap();
    // The data is lost, the backup is older than what was published: nothing is signed with it.
    fs::remove_dir_all(&data).unwrap();
    admin(&data, &["restore", at("backup").to_str().unwrap()]).unwrap();
    assert!(
        Server::start_on(&data, &address).is_err(),
        "an older log goes on"
    );

    let next = at("next");
    let new = ["init", "--origin", "bureau.example/log-2", "--continues"];
    admin(&next, &[new.as_slice(), &[data.to_str().unwrap()]].concat()).unwrap();
    let server = Server::start(&next).unwrap();
    let tablet = server.tablet(&at("vault-2")).unwrap();
    let export = delivered(&server, &tablet, folder.path(), "new.jpg");
    let report = good(&export, &next.join("trust"));
    assert!(says(&report, "log-continued"), "{report:?}");
    let leaf = fs::read_to_string(export.join("data/receipt/log/continued")).unwrap();
    // The head that the lost log had shown, not the backup's.
    let shown = fs::read_to_string(old.join("data/receipt/checkpoint")).unwrap();
    let mut head = shown.lines().skip(1);
    let (size, root) = (head.next().unwrap(), head.next().unwrap());
    assert!(
        leaf.contains(&format!("\nold-size {size}\nold-root {root}\n")),
        "{leaf}"
    );
    good(&old, &old_trust);
}
