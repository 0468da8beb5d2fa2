//! Exports: the report in them, and many in one go.

use std::collections::BTreeSet;
use std::path::Path;

use fieldseal_packet::trust::Trust;
use fieldseal_packet::verify::{Source as _, ZipSource, verify_export};
use fieldseal_server::admin::{Extent, Outcome};
use fieldseal_server::config::ReportLanguage;
use reqwest::{Method, StatusCode};

use crate::support::{Console, Packet, Site};

async fn with_packets(number: usize) -> (Site, Vec<Packet>) {
    let site = Site::start().await;
    let mut tablet = site.tablet().await;
    let mut packets = Vec::new();
    for _ in 0..number {
        let packet = tablet.seal();
        site.delivered(&tablet, &packet).await;
        packets.push(packet);
    }
    (site, packets)
}

async fn fetched(console: &Console<'_>, path: &str) -> (StatusCode, Vec<u8>) {
    let answer = console.request(Method::GET, path).send().await.unwrap();
    (answer.status(), answer.bytes().await.unwrap().to_vec())
}

fn file(zip: &Vec<u8>, path: &str) -> Option<Vec<u8>> {
    let source = ZipSource::open(zip).unwrap();
    let file = source.open(path).ok()?;
    let size = file.size().unwrap();
    let mut bytes = Vec::new();
    let mut from = fieldseal_packet::zipread::Stretch::new(&*file, 0, size);
    std::io::Read::read_to_end(&mut from, &mut bytes).unwrap();
    Some(bytes)
}

#[tokio::test]
async fn an_export_has_a_report_in_the_language_asked_for() {
    let (site, packets) = with_packets(1).await;
    let console = site.sign_in("reviewer").await;
    let id = &packets[0].id;
    let trust = Trust::parse(site.admin().trust().as_bytes()).unwrap();
    for (query, language) in [("", "zh-CN"), ("?lang=zh", "zh-CN"), ("?lang=en", "(en)")] {
        let path = format!("/api/v1/review/packets/{id}/export{query}");
        let (status, zip) = fetched(&console, &path).await;
        assert_eq!(status, StatusCode::OK);
        let pdf = file(&zip, "data/report.pdf").unwrap();
        assert!(pdf.starts_with(b"%PDF-1.7"));
        let text = String::from_utf8_lossy(&pdf);
        assert!(text.contains(language), "{query}: no {language}");
        let verify = String::from_utf8(file(&zip, "data/VERIFY.txt").unwrap()).unwrap();
        assert!(verify.contains("data/report.pdf says on paper"));
        let report = verify_export(&ZipSource::open(&zip).unwrap(), Some(&trust));
        let failed = report
            .findings
            .iter()
            .filter(|finding| finding.code.level().word() == "failed");
        assert_eq!(failed.count(), 0, "{:?}", report.findings);
    }
    let (_, zip) = fetched(
        &console,
        &format!("/api/v1/review/packets/{id}/export?lang=none"),
    )
    .await;
    assert_eq!(file(&zip, "data/report.pdf"), None);
    let verify = String::from_utf8(file(&zip, "data/VERIFY.txt").unwrap()).unwrap();
    assert!(verify.contains("There is no data/report.pdf: none was asked for."));
    let (status, _) = fetched(
        &console,
        &format!("/api/v1/review/packets/{id}/export?lang=fr"),
    )
    .await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[tokio::test]
async fn a_run_that_was_broken_off_is_taken_up_and_nothing_is_written_twice() {
    let (site, packets) = with_packets(3).await;
    let to = tempfile::tempdir().unwrap();
    let admin = site.admin();
    let mut ids = admin.packets_received(i64::MIN, i64::MAX).unwrap();
    assert_eq!(ids.len(), 3);
    ids.push("no-such-packet".to_owned());
    // What a kill leaves: a folder half written, under its other name.
    let torn = to.path().join(format!(".evidence-{}.partial", ids[1]));
    std::fs::create_dir_all(torn.join("data")).unwrap();
    std::fs::write(torn.join("data/torn"), b"half").unwrap();
    let run = |ids: &[String]| {
        let mut told = Vec::new();
        admin
            .write_exports(ids, to.path(), Some(ReportLanguage::En), |id, outcome| {
                told.push((id.to_owned(), outcome));
            })
            .unwrap();
        told.into_iter()
            .map(|(_, outcome)| outcome)
            .collect::<Vec<_>>()
    };
    assert_eq!(run(&ids[..1]), [Outcome::Exported]);
    assert_eq!(
        run(&ids),
        [
            Outcome::Present,
            Outcome::Exported,
            Outcome::Exported,
            Outcome::Unknown
        ]
    );
    let expected: BTreeSet<String> = packets
        .iter()
        .map(|packet| format!("evidence-{}", packet.id))
        .collect();
    assert_eq!(names(to.path()), expected);
    for packet in &packets {
        let root = to.path().join(format!("evidence-{}", packet.id));
        let zip = std::fs::read(root.join(format!("data/packet-{}.zip", packet.id))).unwrap();
        assert_eq!(zip, packet.zip);
        assert!(root.join("data/report.pdf").is_file() && !root.join("data/torn").exists());
        // Once each: a second run that finds it writes nothing into custody.
        let custody = std::fs::read_to_string(root.join("data/custody-after.log")).unwrap();
        assert_eq!(custody.matches("\"exported\"").count(), 1);
    }
}

#[tokio::test]
async fn the_console_exports_what_its_list_shows_in_one_zip() {
    let (site, packets) = with_packets(3).await;
    let console = site.sign_in("reviewer").await;
    let (status, zip) = fetched(&console, "/api/v1/review/exports?queue=open&lang=none").await;
    assert_eq!(status, StatusCode::OK);
    let to = tempfile::tempdir().unwrap();
    let path = to.path().join("all.zip");
    std::fs::write(&path, &zip).unwrap();
    let unzipped = std::process::Command::new("python3")
        .args(["-m", "zipfile", "-e"])
        .arg(&path)
        .arg(to.path())
        .status()
        .unwrap();
    assert!(unzipped.success());
    let index = std::fs::read_to_string(to.path().join("index.txt")).unwrap();
    assert_eq!(index.lines().count(), 4, "{index}");
    for packet in &packets {
        let line = index.lines().find(|line| line.starts_with(&packet.id));
        assert!(
            line.is_some_and(|line| line.ends_with("\texported")),
            "{index}"
        );
        let root = to.path().join(format!("evidence-{}", packet.id));
        let inner = std::fs::read(root.join(format!("data/packet-{}.zip", packet.id))).unwrap();
        assert_eq!(inner, packet.zip);
        let detail = console.detail(&packet.id).await;
        let exported = detail
            .custody
            .iter()
            .filter(|line| line.event == "exported");
        assert_eq!(exported.count(), 1, "each is in its own custody log");
    }
    let (_, none) = fetched(&console, "/api/v1/review/exports?queue=done").await;
    let listing = String::from_utf8_lossy(&none);
    assert!(listing.contains("index.txt") && !listing.contains("evidence-"));
    for role in ["dispatcher", "administrator"] {
        let other = site.sign_in(role).await;
        let (status, _) = fetched(&other, "/api/v1/review/exports").await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{role}");
    }
}

#[tokio::test]
async fn a_packet_whose_bytes_are_gone_is_passed_over_and_named() {
    let (site, packets) = with_packets(3).await;
    site.admin()
        .erase_packet(&packets[2].id, "court-order")
        .unwrap();
    let digest = fieldseal_packet::Sha256Digest::of(&packets[0].zip).to_string();
    let blob = site
        .config
        .data
        .join("blobs")
        .join(&digest[..2])
        .join(&digest);
    std::fs::remove_file(blob).unwrap();
    let to = tempfile::tempdir().unwrap();
    let ids: Vec<String> = packets.iter().map(|packet| packet.id.clone()).collect();
    let mut told = Vec::new();
    let zip = to.path().join("some.zip");
    site.admin()
        .write_exports(&ids, &zip, None, |_, outcome| told.push(outcome))
        .unwrap();
    assert_eq!(
        told,
        [Outcome::Unreadable, Outcome::Exported, Outcome::Erased]
    );
    assert_eq!(names(to.path()), BTreeSet::from(["some.zip".to_owned()]));
    let again = site.admin().write_exports(&ids, &zip, None, |_, _| {});
    assert!(again.is_err(), "nothing is overwritten");
}

#[tokio::test]
async fn stamped_copies_are_signed_children_and_the_originals_have_no_stamp() {
    let (site, packets) = with_packets(1).await;
    let console = site.sign_in("reviewer").await;
    let packet = &packets[0];
    let trust = Trust::parse(site.admin().trust().as_bytes()).unwrap();
    let path = format!("/api/v1/review/packets/{}/export?lang=none", packet.id);
    let (_, plain) = fetched(&console, &path).await;
    assert_eq!(file(&plain, "data/derived/0001-stamped.jpg"), None);
    let (status, zip) = fetched(&console, &format!("{path}&stamped=true")).await;
    assert_eq!(status, StatusCode::OK);
    for number in 1..=2 {
        let child = file(&zip, &format!("data/derived/{number:04}-stamped.jpg")).unwrap();
        let shown = image::load_from_memory(&child).unwrap();
        assert_eq!(shown.width(), 640);
        assert!(shown.height() > 480 + 100, "{}", shown.height());
        assert!(!child.windows(4).any(|four| four == b"Exif"));
        let note = file(&zip, &format!("data/derived/{number:04}-stamped.jpg.note")).unwrap();
        let note = String::from_utf8(note).unwrap();
        assert!(note.contains("\nmaker account/reviewer-1\n"), "{note}");
        assert!(note.contains(&packet.digest.to_string()));
        let verify = String::from_utf8(file(&zip, "data/VERIFY.txt").unwrap()).unwrap();
        assert!(verify.contains(&format!("data/derived/{number:04}-stamped.jpg.note")));
    }
    assert_eq!(
        file(&zip, &format!("data/packet-{}.zip", packet.id)).unwrap(),
        packet.zip
    );
    let report = verify_export(&ZipSource::open(&zip).unwrap(), Some(&trust));
    let of = |code: &str| {
        let findings = report.findings.iter();
        findings
            .filter(|finding| finding.code.word() == code)
            .count()
    };
    assert_eq!(of("child-ok"), 2, "{:?}", report.findings);
    let failed =
        |finding: &&fieldseal_packet::findings::Finding| finding.code.level().word() == "failed";
    assert_eq!(report.findings.iter().filter(failed).count(), 0);
    let custody = String::from_utf8(file(&zip, "data/custody-after.log").unwrap()).unwrap();
    assert_eq!(custody.matches("\"event\":\"derived\"").count(), 2);
    assert!(
        custody.trim_end().ends_with("\"event\":\"exported\"}"),
        "{custody}"
    );

    // In a bulk export as well, from the console and from the command line.
    let (_, bulk) = fetched(&console, "/api/v1/review/exports?lang=none&stamped=true").await;
    let name = format!("evidence-{}/data/derived/0002-stamped.jpg", packet.id);
    let holds = |zip: &[u8], name: &str| zip.windows(name.len()).any(|at| at == name.as_bytes());
    assert!(holds(&bulk, &name) && holds(&bulk, &format!("{name}.note")));
    let to = tempfile::tempdir().unwrap();
    let extent = Extent {
        report: None,
        stamped: true,
    };
    let root = site
        .admin()
        .write_export_in(&packet.id, to.path(), extent)
        .unwrap();
    assert!(root.join("data/derived/0001-stamped.jpg").is_file());
    let note = std::fs::read_to_string(root.join("data/derived/0001-stamped.jpg.note")).unwrap();
    assert!(note.contains("\nmaker admin\n"), "{note}");
}

#[tokio::test]
async fn redacted_copies_are_signed_children_and_what_cannot_be_redacted_is_an_error() {
    let (site, packets) = with_packets(1).await;
    let console = site.sign_in("reviewer").await;
    let packet = &packets[0];
    let trust = Trust::parse(site.admin().trust().as_bytes()).unwrap();
    let path = format!("/api/v1/review/packets/{}/export?lang=zh", packet.id);
    let (status, zip) = fetched(
        &console,
        &format!("{path}&redact=2:100,100,200,100;2:600,440,40,40"),
    )
    .await;
    assert_eq!(status, StatusCode::OK, "{}", String::from_utf8_lossy(&zip));
    let child = file(&zip, "data/derived/0002-redacted.jpg").unwrap();
    let shown = image::load_from_memory(&child).unwrap().into_rgb8();
    assert_eq!(shown.dimensions(), (640, 480));
    for (x, y) in [(100, 100), (299, 199), (200, 150), (639, 479)] {
        let pixel = shown.get_pixel(x, y).0;
        assert!(
            pixel.iter().all(|sample| *sample < 8),
            "{x}, {y}: {pixel:?}"
        );
    }
    assert_eq!(file(&zip, "data/derived/0001-redacted.jpg"), None);
    let note = file(&zip, "data/derived/0002-redacted.jpg.note").unwrap();
    let note = String::from_utf8(note).unwrap();
    for line in [
        "\nparent-path data/items/0002.jpg\n",
        "\nkind redacted\n",
        "\nstep blacked out: 200 x 100 pixels from 100, 100 ",
        "\nmaker account/reviewer-1\n",
    ] {
        assert!(note.contains(line), "{line}: {note}");
    }
    assert_eq!(
        file(&zip, &format!("data/packet-{}.zip", packet.id)).unwrap(),
        packet.zip,
        "the original is there as it was"
    );
    let report = verify_export(&ZipSource::open(&zip).unwrap(), Some(&trust));
    let said: Vec<&str> = report
        .findings
        .iter()
        .filter(|finding| finding.code.word().starts_with("child-"))
        .map(|finding| finding.code.word())
        .collect();
    assert_eq!(said, ["child-ok"], "{:?}", report.findings);
    let custody = String::from_utf8(file(&zip, "data/custody-after.log").unwrap()).unwrap();
    assert_eq!(custody.matches("\"event\":\"derived\"").count(), 1);

    // Nothing is handed out, and nothing written down, when a redaction can't be made as it was asked for.
    for wrong in [
        "2:600,440,41,40",
        "9:1,1,1,1",
        "2:1,1,0,1",
        "2",
        "",
        "2:1,1,1,1;",
    ] {
        let (status, _) = fetched(&console, &format!("{path}&redact={wrong}")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{wrong}");
    }
    let (_, plain) = fetched(&console, &path).await;
    let custody = String::from_utf8(file(&plain, "data/custody-after.log").unwrap()).unwrap();
    assert_eq!(custody.matches("\"event\":\"exported\"").count(), 2);
    let to = tempfile::tempdir().unwrap();
    let redaction = fieldseal_server::admin::Redaction::parse("1:0,0,9,9").unwrap();
    let root = site
        .admin()
        .write_export_redacted(&packet.id, to.path(), None, &redaction)
        .unwrap();
    assert!(root.join("data/derived/0001-redacted.jpg").is_file());
}

#[tokio::test]
async fn many_packets_are_redacted_as_asked_or_left_out_and_named() {
    let (site, packets) = with_packets(3).await;
    let console = site.sign_in("reviewer").await;
    let ids: Vec<String> = packets.iter().map(|packet| packet.id.clone()).collect();
    let text = format!("{}=2:0,0,9,9|{}=9:0,0,9,9", ids[0], ids[1]);
    let path = "/api/v1/review/exports?lang=none";
    let (status, zip) = fetched(&console, &format!("{path}&redact={text}")).await;
    assert_eq!(status, StatusCode::OK);
    let holds = |name: &str| zip.windows(name.len()).any(|at| at == name.as_bytes());
    let copy = |id: &str| format!("evidence-{id}/data/derived/0002-redacted.jpg");
    assert!(holds(&copy(&ids[0])) && holds(&format!("{}.note", copy(&ids[0]))));
    assert!(!holds(&format!("evidence-{}/", ids[1])), "left out whole");
    assert!(holds("\tnot-redacted\n"));
    assert!(holds(&format!("evidence-{}/", ids[2])) && !holds(&copy(&ids[2])));
    for wrong in ["1:0,0,9,9", "not-there=1:0,0,9,9"] {
        let (status, _) = fetched(&console, &format!("{path}&redact={wrong}")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{wrong}");
    }

    // As folders: what stands there without the copies is not taken for redacted.
    let to = tempfile::tempdir().unwrap();
    let redactions = fieldseal_server::admin::Redactions::parse(&text).unwrap();
    let folders = |redactions: &fieldseal_server::admin::Redactions| {
        let mut told = Vec::new();
        site.admin()
            .write_exports_redacted(&ids, to.path(), None, redactions, |_, outcome| {
                told.push(outcome);
            })
            .unwrap();
        told
    };
    use Outcome::{Exported, NotRedacted, Present};
    assert_eq!(folders(&redactions), [Exported, NotRedacted, Exported]);
    assert_eq!(names(to.path()).len(), 2);
    assert_eq!(folders(&redactions), [Present, NotRedacted, Present]);
    assert_eq!(folders(&Default::default()), [Present, Exported, Present]);
    assert_eq!(folders(&redactions), [Present, NotRedacted, Present]);
}
