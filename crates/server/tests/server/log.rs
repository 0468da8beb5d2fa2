//! `/log`, and what the sequencer refuses.

use super::support::*;
use fieldseal_packet::consistency::Consistency;
use fieldseal_server::store::{self, Db};
use fieldseal_server::{Server, StartError, admin};
use fieldseal_tlog::merkle::{leaf_hash, root_of, verify_consistency};
use fieldseal_tlog::note::Note;
use fieldseal_tlog::{checkpoint, tile};
use fieldseal_wire::ProblemCode;
use fieldseal_wire::device::SeenCheckpoint;
use reqwest::{Method, StatusCode};

#[tokio::test]
async fn the_published_files_are_the_log() {
    let site = Site::start().await;
    let mut tablet = site.tablet().await;
    let packet = tablet.seal();
    site.delivered(&tablet, &packet).await;
    let text = site
        .request(Method::GET, "/log/checkpoint")
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let trust = fieldseal_packet::trust::Trust::parse(
        site.request(Method::GET, "/trust")
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap()
            .as_bytes(),
    )
    .unwrap();
    let head = checkpoint::open(text.as_bytes(), trust.keys.named(ORIGIN).next().unwrap()).unwrap();
    assert_eq!(head.size, 4);
    assert_eq!(
        std::fs::read_to_string(&site.config.checkpoint_copy).unwrap(),
        text
    );
    let seen: SeenCheckpoint = answer(
        site.request(Method::GET, "/api/v1/checkpoint")
            .send()
            .await
            .unwrap(),
    )
    .await
    .unwrap();
    assert_eq!(seen.checkpoint.as_deref(), Some(text.as_str()));
    let hashes = site
        .request(Method::GET, "/log/tile/0/000.p/4")
        .send()
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap();
    assert_eq!(hashes[96..], leaf_hash(&packet.seal));
    for bad in [
        "/log/tile/0/000.p/5",
        "/log/tile/0/..",
        "/log/tile/0/000.p/0",
        "/log/keys",
        "/log/tile/x/000",
    ] {
        assert_eq!(
            site.request(Method::GET, bad)
                .send()
                .await
                .unwrap()
                .status(),
            StatusCode::NOT_FOUND,
            "{bad}"
        );
    }
}

#[tokio::test]
async fn the_log_proves_that_it_continues() {
    let site = Site::start().await;
    let mut tablet = site.tablet().await;
    let packet = tablet.seal();
    site.delivered(&tablet, &packet).await;
    let get = |path: &'static str| site.request(Method::GET, path).send();
    let tile = get("/log/tile/0/000.p/4").await.unwrap().bytes().await;
    let tile = tile.unwrap();
    let leaves = tile.as_chunks::<32>().0;
    let text = get("/log/consistency?from=3&to=4").await.unwrap();
    let proof = Consistency::parse(&text.bytes().await.unwrap()).unwrap();
    assert_eq!((proof.old_size, proof.new_size), (3, 4));
    let (old, new) = (root_of(&leaves[..3]), root_of(leaves));
    assert_eq!(verify_consistency(3, &old, 4, &new, &proof.hashes), Ok(()));
    for (bad, status) in [
        ("/log/consistency?from=3&to=5", StatusCode::NOT_FOUND),
        ("/log/consistency?from=4&to=3", StatusCode::NOT_FOUND),
        ("/log/consistency?from=3", StatusCode::BAD_REQUEST),
        ("/log/consistency?from=-1&to=3", StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(get(bad).await.unwrap().status(), status, "{bad}");
    }
}

#[tokio::test]
async fn entries_are_the_auditors() {
    let site = Site::start().await;
    let mut tablet = site.tablet().await;
    let packet = tablet.seal();
    site.delivered(&tablet, &packet).await;
    let path = "/log/tile/entries/000.p/4";
    assert_eq!(
        problem(site.request(Method::GET, path).send().await.unwrap())
            .await
            .code,
        ProblemCode::Unauthenticated
    );
    let reviewer = site.sign_in("reviewer").await;
    assert_eq!(
        problem(reviewer.request(Method::GET, path).send().await.unwrap())
            .await
            .code,
        ProblemCode::Forbidden
    );
    let auditor = site.sign_in("auditor").await;
    let bytes = auditor
        .request(Method::GET, path)
        .send()
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap();
    let leaves = tile::decode_bundle(&bytes).unwrap();
    assert_eq!(leaves[3], packet.seal);
    assert!(leaves.iter().all(|leaf| Note::parse(leaf).is_ok()));
}

/// Leaves that some transaction decided on, as another process would leave them.
fn leave(site: &Site, leaves: std::ops::Range<u32>) {
    let db = Db::open(&site.config.layout().database(), false).unwrap();
    db.write_blocking(|tx| {
        leaves.clone().try_for_each(|number| {
            store::log::add_pending(tx, "test", format!("leaf {number}").as_bytes())
        })
    })
    .unwrap();
}

pub async fn published(site: &Site, size: u64) {
    let key = fieldseal_packet::trust::Trust::parse(site.admin().trust().as_bytes()).unwrap();
    for _ in 0..500 {
        if let Ok(bytes) = std::fs::read(site.config.layout().log().join("checkpoint"))
            && checkpoint::open(&bytes, key.keys.named(ORIGIN).next().unwrap())
                .unwrap()
                .size
                == size
        {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the log did not reach {size}");
}

#[tokio::test]
async fn a_full_tile_takes_the_place_of_its_parts() {
    let site = Site::start().await;
    leave(&site, 0..200);
    published(&site, 200).await;
    let log = site.config.layout().log();
    assert!(log.join("tile/0/000.p/200").is_file() && log.join("tile/entries/000.p/200").is_file());
    leave(&site, 200..300);
    published(&site, 300).await;
    let names: Vec<_> = [
        "tile/0/000",
        "tile/0/001.p/44",
        "tile/1/000.p/1",
        "tile/entries/000",
        "tile/entries/001.p/44",
    ]
    .map(|name| log.join(name).is_file())
    .into();
    assert_eq!(names, [true; 5]);
    assert!(!log.join("tile/0/000.p").exists());
    assert!(site.admin().fsck().unwrap().problems.is_empty());
}

/// What a crash at each step of publication leaves, made by hand: start-up makes it good.
#[tokio::test]
async fn every_step_of_publication_is_finished_at_start() {
    let mut site = Site::start().await;
    leave(&site, 0..5);
    published(&site, 5).await;
    let log = site.config.layout().log();
    let older = std::fs::read(log.join("checkpoint")).unwrap();
    let whole = |site: &Site| {
        let head = std::fs::read(site.config.layout().log().join("checkpoint")).unwrap();
        assert_eq!(head, std::fs::read(&site.config.checkpoint_copy).unwrap());
        assert!(site.config.layout().log().join("tile/0/000.p/9").is_file());
        let report = site.admin().fsck().unwrap();
        assert_eq!(
            (report.leaves, report.problems.len()),
            (9, 0),
            "{:?}",
            report.problems
        );
    };
    // Before the append: all pending.
    site.stop().await;
    leave(&site, 5..9);
    site.restart().await;
    whole(&site);
    let newer = std::fs::read(log.join("checkpoint")).unwrap();
    // After the append; after the tiles; after the copy; after the checkpoint.
    for step in 0..4 {
        site.stop().await;
        let db = Db::open(&site.config.layout().database(), false).unwrap();
        db.write_blocking(|tx| store::log::set_published(tx, 5))
            .unwrap();
        if step == 0 {
            std::fs::remove_file(log.join("tile/0/000.p/9")).unwrap();
        }
        std::fs::write(
            &site.config.checkpoint_copy,
            if step < 2 { &older } else { &newer },
        )
        .unwrap();
        std::fs::write(
            log.join("checkpoint"),
            if step < 3 { &older } else { &newer },
        )
        .unwrap();
        site.restart().await;
        whole(&site);
    }
}

#[tokio::test]
async fn a_shrunken_log_is_refused_with_a_clear_sentence() {
    let mut site = Site::start().await;
    let backup = site.folder.path().join("backup");
    let mut tablet = site.tablet().await;
    site.admin().backup(&backup).unwrap();
    let packet = tablet.seal();
    site.delivered(&tablet, &packet).await;
    site.stop().await;
    std::fs::remove_dir_all(&site.config.data).unwrap();
    admin::restore(&backup, &site.config).unwrap();
    let refused = Server::start(site.config.clone(), "127.0.0.1:0".parse().unwrap())
        .await
        .err()
        .unwrap();
    assert!(matches!(refused, StartError::Log(_)));
    let sentence = refused.to_string();
    assert!(
        sentence.contains("has 3 leaves") && sentence.contains("signed over 4"),
        "{sentence}"
    );
    assert!(!site.admin().fsck().unwrap().problems.is_empty());
    // Without the copy nothing tells; with the log as new as the copy it starts and goes on.
    std::fs::remove_file(&site.config.checkpoint_copy).unwrap();
    site.restart().await;
    tablet.token = site.token(&tablet.key).await.unwrap().token;
    assert_eq!(
        super::packets::is_safe(&site, &packet, &site.delivered(&tablet, &packet).await),
        3
    );
}

#[tokio::test]
async fn another_history_is_refused() {
    let mut site = Site::start().await;
    site.device().await;
    site.stop().await;
    let copy = site.config.checkpoint_copy.clone();
    let kept = std::fs::read(&copy).unwrap();
    // The same log key, another tree: what a fork would look like.
    let keys =
        fieldseal_server::signing::ServerKeys::load(&site.config.layout().keys(), ORIGIN).unwrap();
    let fork = checkpoint::Checkpoint {
        origin: ORIGIN.into(),
        size: 1,
        root: [7; 32],
        extensions: vec![],
    };
    std::fs::write(
        &copy,
        Note::sign(&fork.text(), &[&*keys.log]).unwrap().to_bytes(),
    )
    .unwrap();
    let refused = Server::start(site.config.clone(), "127.0.0.1:0".parse().unwrap())
        .await
        .err()
        .unwrap();
    assert!(refused.to_string().contains("another history"), "{refused}");
    std::fs::write(&copy, "damaged").unwrap();
    let refused = Server::start(site.config.clone(), "127.0.0.1:0".parse().unwrap())
        .await
        .err()
        .unwrap();
    assert!(
        refused
            .to_string()
            .contains("not one that this log's key signed"),
        "{refused}"
    );
    std::fs::write(&copy, kept).unwrap();
    site.restart().await;
}

#[tokio::test]
async fn a_backup_restores_whole() {
    let mut site = Site::start().await;
    let mut tablet = site.tablet().await;
    let packet = tablet.seal();
    site.delivered(&tablet, &packet).await;
    let half = tablet.seal();
    let location = site.create(&tablet, &half).await;
    site.patch(&tablet, &location, 0, &half.zip[..100])
        .send()
        .await
        .unwrap();
    let backup = site.folder.path().join("backup");
    site.admin().backup(&backup).unwrap();
    assert!(
        site.admin().backup(&backup).is_err(),
        "nothing is overwritten"
    );
    site.stop().await;
    std::fs::remove_dir_all(&site.config.data).unwrap();
    admin::restore(&backup, &site.config).unwrap();
    site.restart().await;
    let report = site.admin().fsck().unwrap();
    assert_eq!(
        (report.problems.len(), report.packets, report.leaves),
        (0, 1, 4),
        "{:?}",
        report.problems
    );
    tablet.token = site.token(&tablet.key).await.unwrap().token;
    super::packets::is_safe(&site, &packet, &site.status(&tablet, &packet).await);
    // What was under way begins again.
    super::packets::is_safe(&site, &half, &site.delivered(&tablet, &half).await);
}

#[tokio::test]
async fn fsck_finds_a_flipped_byte_and_a_missing_blob() {
    let site = Site::start().await;
    let mut tablet = site.tablet().await;
    let (one, two) = (tablet.seal(), tablet.seal());
    site.delivered(&tablet, &one).await;
    site.delivered(&tablet, &two).await;
    let blobs = fieldseal_server::blobs::FileBlobs::new(site.config.layout().blobs());
    let path = |packet: &Packet| blobs.path(&fieldseal_packet::Sha256Digest::of(&packet.zip));
    let mut bytes = std::fs::read(path(&one)).unwrap();
    bytes[500] ^= 1;
    std::fs::write(path(&one), bytes).unwrap();
    std::fs::remove_file(path(&two)).unwrap();
    let problems = site.admin().fsck().unwrap().problems;
    assert_eq!(problems.len(), 2, "{problems:?}");
}
