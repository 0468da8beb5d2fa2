//! Originals leave the tablet by the retention rule, and never before the server's receipt holds here.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod kit;

use std::sync::Arc;

use fieldseal_device::api::Request;
use fieldseal_packet::{PacketId, Sha256Digest, Timestamp};
use fieldseal_vault::{Moment, Vault, VaultConfig, outbox};
use fieldseal_wire::device::Retention;
use kit::{Bureau, PIN, Tablet, eventually, jpeg};

fn originals(tablet: &Tablet) -> usize {
    let count = |dir: &str| {
        std::fs::read_dir(tablet.dir.join(dir))
            .unwrap()
            .filter(|entry| {
                let name = entry.as_ref().unwrap().file_name();
                name.to_string_lossy().ends_with(".seg")
            })
            .count()
    };
    count("originals") + count("inbox")
}

fn sealed(tablet: &Tablet, photos: u8) -> String {
    let draft = tablet.draft();
    for n in 0..photos {
        tablet.capture(Some(&draft), &jpeg(n));
    }
    tablet.previews_done(&draft);
    tablet.seal(&draft);
    draft
}

fn keep(tablet: &Tablet, keep_days: Option<u32>) {
    tablet.ok(Request::Retention { keep_days });
}

#[test]
fn what_is_safe_stays_for_its_time_and_then_says_where_it_is() {
    let bureau = Bureau::open();
    let tablet = bureau.tablet("tablet");
    let id = sealed(&tablet, 2);
    tablet.wait_for(&id, "safe");
    // Seven days by default.
    let uploads = tablet.ok(Request::Uploads);
    assert_eq!(uploads["retention"]["keepDays"], 7);
    assert_eq!(uploads["retention"]["by"], "default");
    assert_eq!(tablet.ok(Request::Reclaim)["packets"], 0);
    assert_eq!(originals(&tablet), 2);

    keep(&tablet, Some(0));
    eventually("the originals to go", || {
        tablet.ok(Request::Reclaim);
        originals(&tablet) == 0
    });
    let packet = tablet.ok(Request::Packet { id: id.clone() });
    assert_eq!(packet["summary"]["state"], "safe");
    assert!(packet["summary"]["reclaimedAt"].is_string());
    let custody = packet["custody"].as_array().unwrap();
    assert!(custody.iter().any(|line| line["event"] == "removed"));
    assert_eq!(tablet.ok(Request::Uploads)["reclaimedTotal"], 1);
    // The small pictures stay.
    let photo = packet["photos"][0]["captureSeq"].as_u64().unwrap();
    tablet
        .engine
        .image(fieldseal_device::ImageKind::Thumb, photo)
        .unwrap();

    let checked = tablet.ok(Request::Recheck { id: id.clone() })["rechecked"].clone();
    assert_eq!(checked["originalsRemoved"], true);
    assert_eq!(checked["equal"], true);
    assert_eq!(checked["filesHold"], true);
    assert_eq!(checked["receiptHolds"], true);
    let export = tablet.engine.export_zip(&id, &mut Vec::new()).unwrap_err();
    assert_eq!(export.code, "reclaimed");

    // It stays so, numbers go on, and nothing is doubled.
    let tablet = tablet.restart();
    tablet.unlock();
    assert_eq!(tablet.state_of(&id), "safe");
    let draft = tablet.draft();
    let next = tablet.capture(Some(&draft), &jpeg(9));
    assert_eq!(next.capture_seq, 3);
    assert_eq!(originals(&tablet), 1);
}

#[test]
fn it_goes_by_itself_and_while_locked() {
    let bureau = Bureau::open();
    let tablet = bureau.tablet("tablet");
    keep(&tablet, Some(0));
    let id = sealed(&tablet, 2);
    let open = tablet.draft();
    tablet.capture(Some(&open), &jpeg(7));
    tablet.ok(Request::Lock);
    eventually("the sealed originals to go", || originals(&tablet) == 1);
    tablet.unlock();
    assert_eq!(tablet.state_of(&id), "safe");
    let draft = tablet.ok(Request::Draft { id: open });
    assert_eq!(draft["photos"].as_array().unwrap().len(), 1);
}

#[test]
fn nothing_goes_before_it_is_safe_nor_against_a_receipt_for_other_bytes() {
    let mut bureau = Bureau::open();
    let tablet = bureau.tablet("tablet");
    keep(&tablet, Some(0));
    bureau.stop();
    let id = sealed(&tablet, 1);
    assert_eq!(tablet.ok(Request::Reclaim)["packets"], 0);
    assert_eq!(originals(&tablet), 1);
    keep(&tablet, None);
    bureau.start();
    tablet.wait_for(&id, "safe");

    // Somebody's hand in the outbox: the receipt is of another zip.
    let Tablet {
        engine,
        dir,
        officers,
    } = tablet;
    drop(engine);
    let random = |bytes: &mut [u8]| {
        bytes.fill(7);
        Ok(())
    };
    // A decoder that another test starts at this moment has the lock's descriptor until it becomes another program.
    let mut opened = None;
    eventually("the vault to be free", || {
        opened = Vault::open(&dir, VaultConfig::new(Arc::new(random))).ok();
        opened.is_some()
    });
    let (vault, _) = opened.unwrap();
    let now = Moment {
        at: Timestamp::from_millis(1_800_000_000_000),
        boot_id: "b".into(),
        boot_ms: 1,
    };
    vault.unlock(&officers[0], PIN, &now).unwrap();
    let packet: PacketId = id.parse().unwrap();
    let other = Sha256Digest::of(b"another zip");
    vault
        .outbox_write(|tx| outbox::set_zip_sha256(tx, packet, other))
        .unwrap();
    drop(vault);

    let mut tablet = Tablet::open(&dir);
    tablet.officers = officers;
    tablet.unlock();
    keep(&tablet, Some(0));
    assert_eq!(tablet.ok(Request::Reclaim)["packets"], 0);
    assert_eq!(originals(&tablet), 1);
}

#[test]
fn what_came_back_stays_until_its_supplement_is_safe() {
    let bureau = Bureau::open();
    let tablet = bureau.tablet("tablet");
    let id = sealed(&tablet, 1);
    tablet.wait_for(&id, "safe");
    bureau.decide(&id, "returned", "补门牌");
    tablet.wait_for(&id, "returned");
    keep(&tablet, Some(0));
    assert_eq!(tablet.ok(Request::Reclaim)["packets"], 0);
    let draft = tablet.ok(Request::DraftOpen {
        kind: "illegal-structure".into(),
        supplements: Some(id.clone()),
    });
    let supplement = draft["id"].as_str().unwrap().to_owned();
    tablet.capture(Some(&supplement), &jpeg(5));
    assert_eq!(tablet.ok(Request::Reclaim)["packets"], 0);
    assert_eq!(originals(&tablet), 2);
    tablet.seal(&supplement);
    tablet.wait_for(&supplement, "safe");
    eventually("both to go", || {
        tablet.ok(Request::Reclaim);
        originals(&tablet) == 0
    });
    assert_eq!(tablet.state_of(&id), "returned");
}

#[test]
fn the_administrators_rule_goes_before_the_tablets_own() {
    let mut bureau = Bureau::open();
    bureau.stop();
    bureau.config.retention = Some(Retention {
        keep_days: Some(30),
    });
    bureau.start();
    let tablet = bureau.tablet("tablet");
    keep(&tablet, Some(0));
    let id = sealed(&tablet, 1);
    tablet.wait_for(&id, "safe");
    let rule = tablet.ok(Request::Uploads)["retention"].clone();
    assert_eq!(
        (&rule["keepDays"], &rule["by"]),
        (&30.into(), &"server".into())
    );
    tablet.ok(Request::Reclaim);
    assert_eq!(originals(&tablet), 1);
    bureau.stop();
    bureau.config.retention = None;
    bureau.start();
    eventually("the tablet's own rule again", || {
        tablet.ok(Request::Uploads)["retention"]["by"] == "tablet"
    });
    eventually("the original to go", || {
        tablet.ok(Request::Reclaim);
        originals(&tablet) == 0
    });
}
