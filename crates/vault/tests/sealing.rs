//! From drafts to packets, the outbox, and reclaimed originals.
#![expect(clippy::unwrap_used, reason = "tests may unwrap")]

mod common;

use common::to_packet::*;
use common::*;
use fieldseal_vault::sealing::{Closing, Place, PlanEntry, Sealing, Signature, Source};
use fieldseal_vault::*;
use std::io::{Read, Seek, SeekFrom};

#[test]
fn places_follow_without_gaps_and_one_draft_waits_at_a_time() {
    let dir = folder();
    let vault = created(dir.path());
    let first = with_photos(&vault, packet(1), &[b"a", b""]);
    let second = with_photos(&vault, packet(2), &[b"b"]);
    assert_eq!(
        close(&vault, packet(1)).unwrap(),
        Place {
            device_seq: 1,
            device_prev: enrolment()
        }
    );
    assert!(
        matches!(close(&vault, packet(2)), Err(StoreError::AnotherClosing(other)) if other == packet(1))
    );
    assert_eq!(vault.read(sealing::closing).unwrap(), Some(packet(1)));

    let signature = Signature {
        key_name: "o/officer/lead".into(),
        line: "— x".into(),
        at: at(11),
    };
    vault
        .write(|tx| sealing::sign(tx, packet(1), &signature))
        .unwrap();
    let facts = serde_json::Map::new();
    let frozen = vault.write(|tx| drafts::set_facts(tx, packet(1), &facts));
    assert!(matches!(frozen, Err(StoreError::WrongStage)));
    assert!(matches!(
        vault.write(|tx| captures::void(tx, 1, "x", at(1))),
        Err(StoreError::WrongStage)
    ));

    assert_eq!(
        vault.write(|tx| sealing::reopen(tx, packet(1))).unwrap(),
        ["o/officer/lead"]
    );
    assert!(
        vault
            .read(|c| sealing::signatures(c, packet(1)))
            .unwrap()
            .is_empty()
    );
    assert!(
        vault
            .read(|c| sealing::closed(c, packet(1)))
            .unwrap()
            .is_none()
    );
    // The place is free again: the other draft takes it.
    assert_eq!(close(&vault, packet(2)).unwrap().device_seq, 1);
    let digest = seal(&vault, packet(2), &second).unwrap();
    assert_eq!(
        close(&vault, packet(1)).unwrap(),
        Place {
            device_seq: 2,
            device_prev: digest
        }
    );
    seal(&vault, packet(1), &first).unwrap();
    assert!(matches!(
        seal(&vault, packet(1), &first),
        Err(StoreError::WrongStage)
    ));
    assert_eq!(
        vault.hand_over().unwrap(),
        [packet(2), packet(1)],
        "in the device's order"
    );
    assert!(vault.hand_over().unwrap().is_empty());
    let order: Vec<_> = vault
        .outbox_read(outbox::jobs)
        .unwrap()
        .iter()
        .map(|job| job.device_seq)
        .collect();
    assert_eq!(order, [1, 2]);
}

#[test]
fn a_seal_of_another_body_or_place_is_refused() {
    let dir = folder();
    let vault = created(dir.path());
    with_photos(&vault, packet(1), &[b"a"]);
    let wrong = Closing {
        place: Place {
            device_seq: 2,
            device_prev: enrolment(),
        },
        closed_at: at(1),
        body: b"x".to_vec(),
        files: Vec::new(),
    };
    let outcome = vault.write(|tx| sealing::close(tx, packet(1), &wrong));
    assert!(matches!(outcome, Err(StoreError::WrongPlace)));
    close(&vault, packet(1)).unwrap();
    let sealing = Sealing {
        seal: b"another body\n".to_vec(),
        sealed_at: at(2),
        title: None,
        kind: None,
        plan: Vec::new(),
        zip_size: 0,
    };
    let outcome = vault.write(|tx| sealing::seal(tx, packet(1), &sealing));
    assert!(matches!(outcome, Err(StoreError::Value("seal"))));
}

#[test]
fn a_plan_names_its_own_captures_once_and_as_they_were() {
    let dir = folder();
    let vault = created(dir.path());
    with_photos(&vault, packet(1), &[b"a"]);
    with_photos(&vault, packet(2), &[b"another's"]);
    close(&vault, packet(1)).unwrap();
    let mine = PlanEntry {
        path: "x".into(),
        size: 1,
        crc32: crc32fast::hash(b"a"),
        source: Source::Segment(1),
    };
    let plans = [
        vec![mine.clone(), mine.clone()],
        vec![PlanEntry {
            size: 2,
            ..mine.clone()
        }],
        vec![PlanEntry {
            crc32: 0,
            ..mine.clone()
        }],
        vec![PlanEntry {
            source: Source::Segment(2),
            ..mine.clone()
        }],
        vec![PlanEntry {
            source: Source::Segment(9),
            ..mine.clone()
        }],
        vec![PlanEntry {
            source: Source::Inline(Vec::new()),
            ..mine.clone()
        }],
    ];
    for (n, plan) in plans.into_iter().enumerate() {
        let sealing = Sealing {
            seal: format!("body of {}\n", packet(1)).into_bytes(),
            sealed_at: at(2),
            title: None,
            kind: None,
            plan,
            zip_size: 0,
        };
        let outcome = vault.write(|tx| sealing::seal(tx, packet(1), &sealing));
        assert!(
            matches!(outcome, Err(StoreError::Value("plan"))),
            "plan {n}"
        );
    }
    seal(&vault, packet(1), &[1]).unwrap();
}

#[test]
fn captures_and_custody_lines_can_not_be_changed() {
    let dir = folder();
    let vault = created(dir.path());
    with_photos(&vault, packet(1), &[b"a"]);
    for sql in [
        "DELETE FROM captures",
        "UPDATE captures SET sha256 = zeroblob(32)",
        "UPDATE captures SET draft = draft",
        "DELETE FROM custody",
        "UPDATE custody SET line = x'00'",
        "INSERT INTO custody (draft, n, line) SELECT draft, 7, line FROM custody LIMIT 1",
        "DELETE FROM drafts",
    ] {
        let outcome = vault.write(|tx| Ok::<_, StoreError>(tx.execute(sql, [])?));
        assert!(outcome.is_err(), "{sql}");
    }
    vault
        .write(|tx| captures::void(tx, 1, "blurred", at(5)))
        .unwrap();
    assert!(
        vault
            .write(|tx| captures::void(tx, 1, "again", at(6)))
            .is_err()
    );
    let row = vault.read(|c| captures::get(c, 1)).unwrap().unwrap();
    assert_eq!(row.voided.unwrap().reason, "blurred");
    assert_eq!(read_all(&vault, 1), b"a", "its bytes stay");
}

#[test]
fn sealed_originals_can_be_read_while_locked_at_any_offset() {
    let dir = folder();
    let vault = created(dir.path());
    let big: Vec<u8> = (0..200_000u32).flat_map(u32::to_le_bytes).collect();
    let (_, captures) = sealed(&vault, 1, &[&big, b""]);
    with_photos(&vault, packet(2), &[b"not sealed"]);
    vault.lock();
    assert!(matches!(vault.open_original(3), Err(OriginalError::Locked)));
    assert!(matches!(vault.open_original(4), Err(OriginalError::Locked)));
    assert_eq!(read_all(&vault, captures[1]), b"");
    let mut original = vault.open_original(captures[0]).unwrap();
    assert_eq!(original.size(), big.len() as u64);
    for offset in [
        0u64, 1, 65_535, 65_536, 65_537, 131_072, 799_999, 800_000, 900_000,
    ] {
        original.seek(SeekFrom::Start(offset)).unwrap();
        let mut rest = Vec::new();
        original.read_to_end(&mut rest).unwrap();
        assert_eq!(
            rest,
            big.get(offset as usize..).unwrap_or_default(),
            "from {offset}"
        );
    }
    original.seek(SeekFrom::End(-4)).unwrap();
    let mut last = [0; 4];
    original.read_exact(&mut last).unwrap();
    assert_eq!(u32::from_le_bytes(last), 199_999);
}

#[test]
fn a_crash_between_sealing_and_handing_over_is_made_good() {
    let dir = folder();
    let vault = created(dir.path());
    let captures = with_photos(&vault, packet(1), &[b"a"]);
    close(&vault, packet(1)).unwrap();
    seal(&vault, packet(1), &captures).unwrap();
    drop(vault);
    let vault = ready(dir.path());
    let job = vault
        .outbox_read(|c| outbox::job(c, packet(1)))
        .unwrap()
        .unwrap();
    assert_eq!(
        (job.upload.state.as_str(), job.photos, job.zip_size),
        ("queued", 1, 4711)
    );
    let entries = vault
        .outbox_read(|c| outbox::entries(c, packet(1)))
        .unwrap();
    let plan = vault.read(|c| packets::plan(c, packet(1))).unwrap();
    assert!(entries == plan && plan.len() == 3);
}

#[test]
fn a_capture_for_a_draft_that_is_closed_or_sealed_gets_its_own() {
    let dir = folder();
    let vault = created(dir.path());
    let captures = with_photos(&vault, packet(1), &[b"a"]);
    for stage in ["closed", "sealed"] {
        if stage == "closed" {
            close(&vault, packet(1)).unwrap();
        } else {
            seal(&vault, packet(1), &captures).unwrap();
        }
        let late = capture(&vault, packet(1), stage.as_bytes()).unwrap();
        let mut strayed = None;
        vault
            .take_in(&mut |tx, taken| {
                strayed = taken.strayed_from;
                with_custody(tx, taken)
            })
            .unwrap();
        assert_eq!(strayed, Some(packet(1)));
        let row = vault
            .read(|c| captures::get(c, late.capture_seq))
            .unwrap()
            .unwrap();
        assert_ne!(row.draft, packet(1));
        assert_eq!(
            vault
                .read(|c| captures::of_draft(c, packet(1)))
                .unwrap()
                .len(),
            1
        );
    }
}

#[test]
fn space_is_given_back_only_against_a_verified_receipt() {
    let dir = folder();
    let vault = created(dir.path());
    let (id, _) = sealed(&vault, 1, &[b"one", b"two"]);
    with_photos(&vault, packet(2), &[b"stays"]);
    assert!(matches!(
        vault.reclaim(packet(7), at(30)),
        Err(ReclaimError::Store(StoreError::NotFound))
    ));
    assert!(matches!(
        vault.reclaim(id, at(30)),
        Err(ReclaimError::NotSafe)
    ));
    vault
        .outbox_write(|tx| outbox::set_receipt(tx, id, b"receipt", b"proof", None))
        .unwrap();
    assert!(matches!(
        vault.reclaim(id, at(30)),
        Err(ReclaimError::NotSafe)
    ));
    assert_eq!(read_all(&vault, 1), b"one");
    vault
        .outbox_write(|tx| outbox::set_receipt(tx, id, b"receipt", b"proof", Some(at(31))))
        .unwrap();
    vault
        .outbox_write(|tx| outbox::set_receipt(tx, id, b"other", b"other", None))
        .unwrap();
    assert_eq!(
        vault
            .outbox_read(|c| outbox::job(c, id))
            .unwrap()
            .unwrap()
            .receipt
            .unwrap(),
        b"receipt"
    );

    vault.lock();
    let reclaimed = vault.reclaim(id, at(32)).unwrap();
    assert_eq!(reclaimed.originals, 2);
    assert_eq!(vault.reclaim(id, at(33)).unwrap(), Reclaimed::default());
    assert!(matches!(
        vault.open_original(1),
        Err(OriginalError::Reclaimed { capture_seq: 1 })
    ));
    vault.unlock("lead", PIN, &now(0)).unwrap();
    assert!(matches!(
        vault.open_original(1),
        Err(OriginalError::Reclaimed { capture_seq: 1 })
    ));
    assert!(vault.take_in(&mut with_custody).unwrap().missing.is_empty());
    assert_eq!(read_all(&vault, 3), b"stays");
    std::fs::remove_file(dir.path().join("originals/0000000003.seg")).unwrap();
    assert_eq!(vault.take_in(&mut with_custody).unwrap().missing, [3]);
    drop(vault);
    // All segments are gone: the number is not used again.
    let vault = ready(dir.path());
    assert_eq!(capture(&vault, packet(2), b"next").unwrap().capture_seq, 4);
    let prev = vault.read(|c| captures::get(c, 3)).unwrap().unwrap();
    vault.take_in(&mut with_custody).unwrap();
    let next = vault.read(|c| captures::get(c, 4)).unwrap().unwrap();
    let link = fieldseal_packet::custody::capture_link(3, prev.capture_prev, prev.sha256, at(1));
    assert_eq!(next.capture_prev, link, "the chain goes on");
}

/// Every removal and every sync of a folder fails once: nothing is said to be gone that is not, and the next chance
/// goes on, with the vault locked.
#[test]
fn a_reclaim_that_failed_at_any_step_is_finished_later() {
    for (step, nth) in [
        (Step::Remove, 0),
        (Step::Remove, 1),
        (Step::SyncDir, 0),
        (Step::SyncDir, 1),
        (Step::SyncDir, 2),
    ] {
        let dir = folder();
        let disk = FaultyDisk::default();
        let config = VaultConfig {
            disk: std::sync::Arc::new(disk.clone()),
            ..config()
        };
        let vault = Vault::create(dir.path(), birth(), config).unwrap();
        let (id, _) = sealed(&vault, 1, &[b"one", b"two"]);
        vault
            .outbox_write(|tx| outbox::set_receipt(tx, id, b"r", b"p", Some(at(31))))
            .unwrap();
        vault.lock();
        disk.arm(Fault {
            step,
            nth,
            how: How::Lost,
            error: std::io::ErrorKind::Other,
        });
        assert!(vault.reclaim(id, at(32)).is_err(), "{step:?} {nth}");
        let marked = vault.outbox_read(|c| outbox::job(c, id)).unwrap().unwrap();
        match vault.finish_reclaims() {
            // Nothing was marked: the number's mark could not be made durable.
            Ok(_) if marked.reclaimed_at.is_none() => {
                assert_eq!(read_all(&vault, 1), b"one");
                assert_eq!(vault.reclaim(id, at(33)).unwrap().originals, 2);
            }
            done => {
                done.unwrap();
                assert_eq!(marked.reclaimed_at, Some(at(32)));
            }
        }
        let left = std::fs::read_dir(dir.path().join("originals")).unwrap();
        assert_eq!(left.count(), 0, "{step:?} {nth}");
        assert_eq!(vault.finish_reclaims().unwrap(), Reclaimed::default());
        assert!(matches!(
            vault.open_original(1),
            Err(OriginalError::Reclaimed { capture_seq: 1 })
        ));
    }
}

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
    let counts = vault.outbox_read(outbox::safe_count).unwrap();
    assert_eq!((counts.safe, counts.reclaimed), (3, 1));
    let recent = vault.outbox_read(|c| outbox::recently_safe(c, 2)).unwrap();
    assert_eq!(recent[0].packet, ids[0]);
    assert_eq!(recent.len(), 2);
}

/// The link that the next capture continues may be in a file that a passing failure of the disk hid.
#[test]
fn nothing_is_given_back_while_the_newest_capture_is_unread() {
    let dir = folder();
    drop(created(dir.path()));
    let vault = ready(dir.path());
    let (id, captures) = sealed(&vault, 1, &[b"one", b"two"]);
    vault
        .outbox_write(|tx| outbox::set_receipt(tx, id, b"r", b"p", Some(at(31))))
        .unwrap();
    let head = vault.capture_head();
    drop(vault);
    let newest = captures.last().unwrap();
    let newest = dir.path().join(format!("originals/{newest:010}.seg"));
    let bytes = std::fs::read(&newest).unwrap();
    std::fs::write(&newest, b"").unwrap();
    let (vault, recovered) = opened(dir.path());
    assert!(recovered.chain_break);
    std::fs::write(&newest, bytes).unwrap();
    vault.unlock("lead", PIN, &now(1)).unwrap();
    assert!(matches!(
        vault.reclaim(id, at(32)),
        Err(ReclaimError::NewestUnread)
    ));
    drop(vault);
    let vault = ready(dir.path());
    assert_eq!(vault.capture_head(), head);
    assert_eq!(vault.reclaim(id, at(32)).unwrap().originals, 2);
    drop(vault);
    assert_eq!(ready(dir.path()).capture_head(), head);
}

#[test]
fn a_reclaim_that_was_interrupted_is_finished_at_unlocking() {
    let dir = folder();
    let disk = FaultyDisk::default();
    let config = VaultConfig {
        disk: std::sync::Arc::new(disk.clone()),
        ..config()
    };
    let vault = Vault::create(dir.path(), birth(), config).unwrap();
    let (id, _) = sealed(&vault, 1, &[b"one", b"two"]);
    vault
        .outbox_write(|tx| outbox::set_receipt(tx, id, b"r", b"p", Some(at(31))))
        .unwrap();
    // The second removal fails.
    disk.arm(Fault {
        step: Step::Remove,
        nth: 1,
        how: How::Lost,
        error: std::io::ErrorKind::Other,
    });
    assert!(matches!(
        vault.reclaim(id, at(32)),
        Err(ReclaimError::Io(_))
    ));
    drop(vault);
    let vault = ready(dir.path());
    assert_eq!(
        std::fs::read_dir(dir.path().join("originals"))
            .unwrap()
            .count(),
        0
    );
    assert!(matches!(
        vault.open_original(2),
        Err(OriginalError::Reclaimed { .. })
    ));
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
