//! From drafts to packets and the outbox.
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
