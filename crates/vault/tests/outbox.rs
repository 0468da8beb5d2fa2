//! What the outbox keeps of packets and of the server's words, and how it lists them.
#![expect(clippy::unwrap_used, reason = "tests may unwrap")]

mod common;

use common::to_packet::*;
use common::*;
use fieldseal_vault::*;

#[test]
fn lists_show_what_their_filter_says() {
    let dir = folder();
    let vault = created(dir.path());
    let ids: Vec<_> = (1..=5).map(|n| sealed(&vault, n, &[b"p"]).0).collect();
    let safe = |id, when| {
        vault
            .outbox_write(|tx| outbox::set_receipt(tx, id, b"r", b"p", Some(at(when))))
            .unwrap();
    };
    let decide = |id, word: &str, when: &str| {
        let decision = serde_json::json!({"decision": word, "decided_at": when});
        vault
            .outbox_write(|tx| outbox::add_decision(tx, id, &decision))
            .unwrap();
    };
    safe(ids[0], 100);
    safe(ids[1], 90);
    safe(ids[2], 80);
    decide(ids[0], "returned", "2026-11-02T00:00:00.000Z");
    // Told later, decided earlier.
    decide(ids[0], "legal-review", "2026-11-01T00:00:00.000Z");
    decide(ids[1], "legal-review", "2026-11-01T00:00:00.000Z");
    let shown = |filter, page| {
        let (jobs, total) = vault
            .outbox_read(|c| outbox::page(c, filter, page, 2))
            .unwrap();
        let packets: Vec<_> = jobs.iter().map(|job| job.packet).collect();
        (packets, total)
    };
    use outbox::Filter;
    assert_eq!(shown(Filter::All, 0), (vec![ids[4], ids[3]], 5));
    assert_eq!(shown(Filter::All, 2), (vec![ids[0]], 5));
    assert_eq!(shown(Filter::Unsafe, 0), (vec![ids[4], ids[3]], 2));
    assert_eq!(shown(Filter::Safe, 0), (vec![ids[2]], 1));
    assert_eq!(shown(Filter::Decided, 0), (vec![ids[1], ids[0]], 2));
    assert_eq!(shown(Filter::Decision("returned"), 0), (vec![ids[0]], 1));
    assert_eq!(
        vault.outbox_read(outbox::undecided).unwrap(),
        [ids[1], ids[2]]
    );
    let kept = |until| {
        vault
            .outbox_read(|c| outbox::kept(c, at(until), 10))
            .unwrap()
    };
    assert_eq!(kept(79), []);
    assert_eq!(
        kept(100),
        [ids[2], ids[1]],
        "a returned one is a question of its own"
    );
    assert_eq!(
        vault
            .outbox_read(|c| outbox::kept_returned(c, at(100)))
            .unwrap(),
        [ids[0]]
    );
    vault.reclaim(ids[2], at(120)).unwrap();
    assert_eq!(kept(100), [ids[1]]);
    let counts = vault.outbox_read(outbox::counts).unwrap();
    assert_eq!((counts.packets, counts.safe, counts.reclaimed), (5, 3, 1));
    let recent = vault.outbox_read(|c| outbox::recently_safe(c, 2)).unwrap();
    assert_eq!(recent[0].packet, ids[0]);
    assert_eq!(recent.len(), 2);
}

#[test]
fn what_the_server_says_is_kept_once() {
    let dir = folder();
    let vault = created(dir.path());
    let (id, _) = sealed(&vault, 1, &[b"one"]);
    let decision = serde_json::json!({"decision": "returned", "reason": "缺全景"});
    assert!(
        vault
            .outbox_write(|tx| outbox::add_decision(tx, id, &decision))
            .unwrap()
    );
    assert!(
        !vault
            .outbox_write(|tx| outbox::add_decision(tx, id, &decision))
            .unwrap()
    );
    assert_eq!(
        vault.outbox_read(|c| outbox::decisions(c, id)).unwrap(),
        [decision]
    );
    let seen = |size| outbox::Seen {
        size,
        root: [size as u8; 32],
        checkpoint: b"note".to_vec(),
        tokens: serde_json::json!([]),
        seen_at: at(1),
    };
    for size in [3, 9, 4] {
        vault
            .outbox_write(|tx| outbox::add_seen(tx, &seen(size)))
            .unwrap();
    }
    assert_eq!(
        vault.outbox_read(outbox::newest_seen).unwrap(),
        Some(seen(9))
    );
    let upload = outbox::Upload {
        state: "uploading".into(),
        offset: 17,
        attempts: 2,
        ..outbox::Upload::queued()
    };
    vault
        .outbox_write(|tx| outbox::set_upload(tx, id, &upload))
        .unwrap();
    assert_eq!(
        vault.outbox_read(outbox::unsafe_jobs).unwrap()[0].upload,
        upload
    );
    // Touched by the sync engine or not, it waits, and as what it is.
    for sync in [None, Some(serde_json::json!({ "offset": 17 }))] {
        let upload = outbox::Upload {
            sync: sync.clone(),
            ..upload.clone()
        };
        vault
            .outbox_write(|tx| outbox::set_upload(tx, id, &upload))
            .unwrap();
        let job = vault.outbox_read(|c| outbox::job(c, id)).unwrap().unwrap();
        let waiting = outbox::Waiting {
            packet: id,
            digest: job.digest,
            device_seq: 1,
            zip_size: job.zip_size,
            photos: job.photos,
            sealed_at: job.sealed_at,
            deadline: job.deadline,
            sync,
        };
        let behind = |place| vault.outbox_read(|c| outbox::waiting(c, place)).unwrap();
        assert_eq!(behind(0), [waiting]);
        assert_eq!(behind(1), []);
        assert_eq!(vault.outbox_read(outbox::unsafe_ids).unwrap(), [id]);
    }
    let event = packets::AfterEvent {
        at: at(1),
        event: "received".into(),
        params: serde_json::json!({}),
    };
    for _ in 0..2 {
        vault
            .write(|tx| packets::add_event(tx, id, &event))
            .unwrap();
    }
    assert_eq!(vault.read(|c| packets::events(c, id)).unwrap(), [event]);
}
