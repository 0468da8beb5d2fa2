//! Erasing a packet's bytes by rule: what goes, and what stays.

use super::support::*;
use fieldseal_packet::Sha256Digest;
use fieldseal_packet::entry::Tombstone;
use fieldseal_server::signing::ServerKeys;
use fieldseal_server::store::{Db, log};
use fieldseal_tlog::note::Note;
use fieldseal_wire::device::ServerState;
use reqwest::{Method, StatusCode};

fn files(folder: &std::path::Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .map(|entry| match entry.path() {
            path if path.is_dir() => files(&path),
            _ => 1,
        })
        .sum()
}

#[tokio::test]
async fn the_bytes_go_and_the_leaf_and_a_tombstone_stay() {
    let mut site = Site::start().await;
    let mut tablet = site.tablet().await;
    let (packet, other) = (tablet.seal(), tablet.seal());
    for packet in [&packet, &other] {
        site.delivered(&tablet, packet).await;
    }
    let reviewer = site.sign_in("reviewer").await;
    reviewer.with_pictures(&packet.id, 2).await;
    let blobs = site.config.layout().blobs();
    assert_eq!(files(&blobs), 2);
    assert!(site.admin().erase_packet(&packet.id, "tidying").is_err());
    assert_eq!(
        site.admin()
            .erase_packet(&packet.id, "court-order")
            .unwrap(),
        1
    );
    assert_eq!(files(&blobs), 1);
    assert_eq!(files(&site.config.layout().previews()), 0);
    // Once more does no harm, and makes no second tombstone.
    assert_eq!(
        site.admin().erase_packet(&packet.id, "retention").unwrap(),
        0
    );

    // The tablet's proof stays what it was, and sending it again does not bring the bytes back.
    assert_eq!(
        site.status(&tablet, &packet).await.state,
        ServerState::Logged
    );
    // The register knows no more than that there was a packet.
    let page = reviewer.list("").await;
    let row = page.packets.iter().find(|row| row.id == packet.id).unwrap();
    let shown = serde_json::to_string(row).unwrap();
    assert!(!shown.contains('甲') && !shown.contains('乙'), "{shown}");
    let auditor = site.sign_in("auditor").await;
    for what in ["", "/export", "/zip"] {
        let path = format!("/api/v1/review/packets/{}{what}", packet.id);
        let asked = auditor.request(Method::GET, &path).send().await.unwrap();
        assert_eq!(asked.status(), StatusCode::GONE, "{what}");
    }
    let to = tempfile::tempdir().unwrap();
    assert!(site.admin().write_export(&packet.id, to.path()).is_err());
    site.admin().write_export(&other.id, to.path()).unwrap();
    assert_eq!(site.admin().fsck().unwrap().problems, Vec::<String>::new());

    // The log says it, by the authority, once.
    let keys = ServerKeys::load(&site.config.layout().keys(), ORIGIN).unwrap();
    site.stop().await;
    let db = Db::open(&site.config.layout().database(), false).unwrap();
    let tombstones: Vec<Tombstone> = db
        .read_blocking(|c| {
            let size = log::head(c)?.size;
            let leaves = log::leaves(c, 0, size)?;
            let notes = leaves.iter().map(|leaf| Note::parse(leaf).unwrap());
            Ok::<_, fieldseal_server::store::StoreError>(
                notes
                    .filter_map(|note| {
                        let body = Tombstone::parse(&note.text).ok()?;
                        use fieldseal_tlog::note::Signer as _;
                        note.verify_by(keys.authority.vkey()).unwrap();
                        Some(body)
                    })
                    .collect(),
            )
        })
        .unwrap();
    assert_eq!(tombstones.len(), 1);
    assert_eq!(tombstones[0].seal_sha256, packet.digest);
    assert_eq!(tombstones[0].zip_sha256, Sha256Digest::of(&packet.zip));
    assert_eq!(tombstones[0].reason, "court-order");
}
