//! From complete upload to receipt.

use super::support::*;
use fieldseal_packet::Sha256Digest;
use fieldseal_packet::receipt::Receipt;
use fieldseal_packet::trust::Trust;
use fieldseal_tlog::merkle::leaf_hash;
use fieldseal_tlog::note::{Note, Signer as _};
use fieldseal_tlog::proof::TlogProof;
use fieldseal_wire::device::{PacketStatus, ServerState};
use rusqlite::Connection;

/// What a tablet checks before it calls a packet safe.
pub fn is_safe(site: &Site, packet: &Packet, status: &PacketStatus) -> u64 {
    assert_eq!(status.state, ServerState::Logged);
    let trust = Trust::parse(site.admin().trust().as_bytes()).unwrap();
    let note = Note::parse(status.receipt.as_ref().unwrap().as_bytes()).unwrap();
    note.verify_by(
        trust
            .keys
            .named(&format!("{ORIGIN}/receipts"))
            .next()
            .unwrap(),
    )
    .unwrap();
    let receipt = Receipt::parse(&note.text).unwrap();
    assert_eq!(receipt.packet.to_string(), packet.id);
    assert_eq!(receipt.seal_sha256, packet.digest);
    assert_eq!(receipt.zip_sha256, Sha256Digest::of(&packet.zip));
    assert_eq!(receipt.zip_size, packet.zip.len() as u64);
    let proof = TlogProof::parse(status.proof.as_ref().unwrap().as_bytes()).unwrap();
    assert_eq!(proof.index, receipt.leaf_index);
    proof
        .verify(
            &leaf_hash(&packet.seal),
            trust.keys.named(ORIGIN).next().unwrap(),
        )
        .unwrap();
    receipt.leaf_index
}

#[tokio::test]
async fn a_packet_is_logged_receipted_and_verified() {
    let site = Site::start().await;
    let mut tablet = site.tablet().await;
    let packet = tablet.seal();
    let status = site.delivered(&tablet, &packet).await;
    // Three enrolments come before it.
    assert_eq!(is_safe(&site, &packet, &status), 3);
    let console = site.sign_in("reviewer").await;
    // The findings with log evidence follow the receipt.
    let mut findings = Vec::new();
    for _ in 0..500 {
        findings = console.detail(&packet.id).await.findings;
        if findings
            .iter()
            .any(|finding| finding.code == "log-inclusion-ok")
        {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let codes = |level: &str| {
        findings
            .iter()
            .filter(|finding| finding.level == level)
            .map(|finding| finding.code.as_str())
            .collect::<Vec<_>>()
    };
    assert_eq!(codes("failed"), [""; 0]);
    assert_eq!(
        codes("not-proved"),
        ["lower-bound-none", "timestamp-absent"]
    );
    assert!(codes("ok").contains(&"log-inclusion-ok") && codes("ok").contains(&"receipt-ok"));
    assert_eq!(
        console.list("queue=open").await.packets[0].verdict,
        "not-proved"
    );
    assert!(site.admin().fsck().unwrap().problems.is_empty());
}

#[tokio::test]
async fn two_tablets_and_the_same_packet_twice_at_once() {
    let site = Site::start().await;
    let (mut one, mut two) = (site.tablet().await, site.tablet().await);
    let (a, b) = (one.seal(), two.seal());
    // The second tablet carries a copy of the first one's packet as well.
    tokio::join!(
        site.upload(&one, &a),
        site.upload(&two, &b),
        site.upload(&two, &a)
    );
    let statuses = tokio::join!(
        site.settled(&one, &a),
        site.settled(&two, &b),
        site.settled(&two, &a)
    );
    is_safe(&site, &a, &statuses.0);
    is_safe(&site, &b, &statuses.1);
    assert_eq!(site.admin().packets().unwrap().len(), 2);
    // Sent once more by its owner: already here, nothing to send.
    let location = site.create(&one, &a).await;
    assert_eq!(site.offset(&one, &location).await, Some(a.zip.len() as u64));
    let report = site.admin().fsck().unwrap();
    assert_eq!(
        (report.leaves, report.packets, report.problems.len()),
        (8, 2, 0)
    );
}

#[tokio::test]
async fn a_packet_is_its_own_tablets_to_ask_about() {
    let site = Site::start().await;
    let (mut one, two) = (site.tablet().await, site.device().await);
    let packet = one.seal();
    site.delivered(&one, &packet).await;
    assert_eq!(site.status(&two, &packet).await.state, ServerState::Unknown);
}

#[tokio::test]
async fn admission_does_not_depend_on_the_verdict() {
    let site = Site::start().await;
    let mut tablet = site.tablet().await;
    let packet = tablet.seal_items(&[jpeg(1)], |files| {
        let photo = files
            .iter_mut()
            .find(|(path, _)| path == "data/items/0001.jpg")
            .unwrap();
        *photo.1.last_mut().unwrap() ^= 1;
    });
    let status = site.delivered(&tablet, &packet).await;
    is_safe(&site, &packet, &status);
    assert_eq!(site.admin().packets().unwrap()[0].verdict, "failed");
    // The sound bytes under the same seal come later: they take the place, and the first ones are kept.
    let photo = packet.zip.clone();
    let console = site.sign_in("reviewer").await;
    let detail = console.detail(&packet.id).await;
    assert!(
        detail
            .findings
            .iter()
            .any(|finding| finding.code == "item-mismatch"),
        "{:?}",
        detail.findings
    );
    let sound = Packet {
        zip: mend(&photo),
        id: packet.id.clone(),
        seal: packet.seal.clone(),
        digest: packet.digest,
    };
    site.upload(&tablet, &sound).await;
    for _ in 0..500 {
        if site.admin().packets().unwrap()[0].verdict != "failed" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let status = site.settled(&tablet, &sound).await;
    is_safe(&site, &sound, &status);
    assert_eq!(site.admin().packets().unwrap().len(), 1);
    assert!(site.admin().fsck().unwrap().problems.is_empty());
}

/// Turns the flipped bit back, and the CRCs with it.
fn mend(zip: &[u8]) -> Vec<u8> {
    let index = fieldseal_packet::zipread::ZipIndex::read(&zip.to_vec()).unwrap();
    let mut files: Vec<(String, Vec<u8>)> = index
        .entries
        .iter()
        .map(|entry| {
            let bytes = zip[entry.offset as usize..(entry.offset + entry.size) as usize].to_vec();
            (entry.path[index.folder.len() + 1..].to_owned(), bytes)
        })
        .collect();
    let photo = files
        .iter_mut()
        .find(|(path, _)| path == "data/items/0001.jpg")
        .unwrap();
    *photo.1.last_mut().unwrap() ^= 1;
    super::support::zip(&index.folder, &files)
}

#[tokio::test]
async fn a_second_packet_of_one_number_is_equivocation() {
    let site = Site::start().await;
    let mut tablet = site.tablet().await;
    let first = tablet.seal();
    tablet.sealed = 0;
    let second = tablet.seal();
    site.delivered(&tablet, &first).await;
    let status = site.delivered(&tablet, &second).await;
    assert_eq!(
        (status.state, status.reason.as_deref()),
        (ServerState::Quarantined, Some("seal-equivocation"))
    );
    assert_eq!(site.admin().packets().unwrap().len(), 1);
    super::log::published(&site, 5).await;
    // Which is itself on record: enrolments, the first seal, and the note on the second.
    let report = site.admin().fsck().unwrap();
    assert_eq!((report.leaves, report.problems.len()), (5, 0));
    let db = Connection::open(site.config.layout().database()).unwrap();
    let kinds: Vec<String> = db
        .prepare("SELECT kind FROM log_leaf ORDER BY idx")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(
        kinds,
        [
            "enrolled",
            "enrolled",
            "enrolled",
            "packet-seal",
            "quarantined"
        ]
    );
}

#[tokio::test]
async fn the_same_body_with_another_line_is_equivocation() {
    let site = Site::start().await;
    let mut tablet = site.tablet().await;
    let first = tablet.seal();
    // One officer's line fewer: other bytes, the same body.
    let note = Note::parse(&first.seal).unwrap();
    let fewer = Note {
        text: note.text.clone(),
        signatures: note.signatures[..2].to_vec(),
    }
    .to_bytes();
    let index = fieldseal_packet::zipread::ZipIndex::read(&first.zip).unwrap();
    let files: Vec<(String, Vec<u8>)> = index
        .entries
        .iter()
        .map(|entry| {
            let path = entry.path[index.folder.len() + 1..].to_owned();
            let bytes = if path == "seal/packet.seal" {
                fewer.clone()
            } else {
                first.zip[entry.offset as usize..][..entry.size as usize].to_vec()
            };
            (path, bytes)
        })
        .collect();
    let second = Packet {
        id: first.id.clone(),
        zip: super::support::zip(&index.folder, &files),
        digest: Sha256Digest::of(&fewer),
        seal: fewer,
    };
    site.delivered(&tablet, &first).await;
    assert_eq!(
        site.delivered(&tablet, &second).await.reason.as_deref(),
        Some("seal-equivocation")
    );
}

#[tokio::test]
async fn a_revoked_tablets_packet_is_admitted_and_not_proved() {
    let site = Site::start().await;
    let (mut lost, carrier) = (site.tablet().await, site.device().await);
    let packet = lost.seal();
    site.admin()
        .revoke(lost.key.vkey().name(), "stolen")
        .unwrap();
    // Four enrolments, and the revocations of the tablet and its two officers, which the server logs by itself.
    super::log::published(&site, 7).await;
    let status = site.delivered(&carrier, &packet).await;
    is_safe(&site, &packet, &status);
    let console = site.sign_in("reviewer").await;
    for _ in 0..500 {
        let detail = console.detail(&packet.id).await;
        let found = |code: &str| {
            detail
                .findings
                .iter()
                .find(|finding| finding.code == code)
                .map(|finding| finding.level.clone())
        };
        if found("log-inclusion-ok").is_some() {
            assert_eq!(
                found("key-revoked-before-logging").as_deref(),
                Some("not-proved")
            );
            // In the list it is told apart, in a sentence, from those that lack a timestamp alone.
            let warned = detail.summary.warning.clone().unwrap();
            assert!(
                warned.zh.contains("吊销") && warned.en.contains("revoked"),
                "{warned:?}"
            );
            let path = format!("/api/v1/review/packets/{}/export", packet.id);
            let response = console.request(reqwest::Method::GET, &path).send();
            let zip = response.await.unwrap().bytes().await.unwrap().to_vec();
            let trust = fieldseal_packet::trust::Trust::parse(site.admin().trust().as_bytes());
            let source = fieldseal_packet::verify::ZipSource::open(&zip).unwrap();
            let report = fieldseal_packet::verify::verify_export(&source, Some(&trust.unwrap()));
            let codes: Vec<&str> = report.findings.iter().map(|f| f.code.word()).collect();
            assert!(codes.contains(&"key-revoked-before-logging"), "{codes:?}");
            assert_eq!(report.verdict.word(), "not-proved");
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the packet was not judged");
}
