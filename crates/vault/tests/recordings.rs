//! Recordings: what was acknowledged of them survives the program, whenever it ends.
#![expect(clippy::unwrap_used, reason = "tests may unwrap")]

mod common;

use common::*;
use fieldseal_packet::Sha256Digest;
use fieldseal_packet::context::Recorded;
use fieldseal_vault::*;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// Sizes of pieces around the chunk's: less, more, exactly one, and exactly up to its end.
const PIECES: [usize; 9] = [1, 700, 65_536, 4_000, 60_836, 0, 65_535, 200_000, 12];

fn webm(size: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..size).map(|n| (n % 251) as u8).collect();
    for (at, byte) in [0x1a, 0x45, 0xdf, 0xa3].into_iter().enumerate() {
        if let Some(first) = bytes.get_mut(at) {
            *first = byte;
        }
    }
    bytes
}

fn all() -> Vec<u8> {
    webm(PIECES.iter().sum())
}

fn meta_of(ended: Option<&str>) -> CaptureMeta {
    let mut meta = meta(packet(1));
    meta.media_type = "video/webm".to_owned();
    meta.context.recording = ended.map(|ended| Recorded {
        ended: ended.to_owned(),
        duration_ms: None,
    });
    meta
}

/// Appends the first `pieces`; gives what was acknowledged.
fn record(recording: &mut Recording, pieces: usize) -> Result<u64, CaptureError> {
    let (mut at, bytes) = (0, all());
    for size in &PIECES[..pieces] {
        let stored = recording.append(&bytes[at..at + size])?;
        at += size;
        assert_eq!(stored, at as u64);
    }
    Ok(at as u64)
}

fn inbox(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(dir.join("inbox"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_finished_recording_is_a_capture_like_any_other() {
    let dir = folder();
    let vault = Arc::new(created(dir.path()));
    vault.lock();
    let mut recording = vault.record(&meta_of(None)).unwrap();
    record(&mut recording, PIECES.len()).unwrap();
    let photo = capture(&vault, packet(1), b"a photo in between").unwrap();
    let captured = recording.finish(meta_of(Some("stopped"))).unwrap();
    assert_eq!((photo.capture_seq, captured.capture_seq), (1, 2));
    assert_eq!(captured.sha256, Sha256Digest::of(&all()));
    assert_eq!(inbox(dir.path()), ["0000000001.seg", "0000000002.seg"]);
    drop(vault);
    let vault = ready(dir.path());
    assert_eq!(read_all(&vault, 2), all());
}

#[test]
fn what_was_acknowledged_of_a_cut_off_one_comes_back_at_the_next_unlock() {
    for pieces in 1..=PIECES.len() {
        let dir = folder();
        let vault = Arc::new(created(dir.path()));
        let mut recording = vault.record(&meta_of(None)).unwrap();
        let stored = record(&mut recording, pieces).unwrap();
        // The program ends here: neither is finished.
        drop((recording, vault));
        let (vault, recovered) = opened(dir.path());
        assert_eq!(
            (recovered.photos, recovered.recordings, recovered.torn),
            (0, 1, 0)
        );
        // Locked, the shutter goes on; its number comes first.
        assert_eq!(capture(&vault, packet(2), b"x").unwrap().capture_seq, 1);
        vault.unlock("lead", PIN, &now(0)).unwrap();
        let report = vault.take_in(&mut with_custody).unwrap();
        assert_eq!((report.cut_off, report.captures), (1, vec![1, 2]));
        let bytes = &all()[..stored as usize];
        assert_eq!(read_all(&vault, 2), bytes, "{pieces} pieces");
        let found = vault.read(|c| captures::get(c, 2)).unwrap().unwrap();
        assert_eq!(found.sha256, Sha256Digest::of(bytes));
        assert_eq!(found.draft, packet(1));
        let mut context = found.context;
        assert_eq!(context.recording.take().unwrap().ended, "cut-off");
        assert_eq!(context, meta_of(None).context, "of the beginning");
        assert_eq!(inbox(dir.path()), Vec::<String>::new());
        assert_eq!(vault.take_in(&mut with_custody).unwrap().cut_off, 0);
    }
}

#[test]
fn what_lies_behind_the_acknowledged_bytes_is_taken_only_as_far_as_it_is_whole() {
    let dir = folder();
    let vault = Arc::new(created(dir.path()));
    let mut recording = vault.record(&meta_of(None)).unwrap();
    let stored = record(&mut recording, 5).unwrap();
    drop((recording, vault));
    // Half a chunk and half a frame, as a cut in the middle of an append leaves them.
    for name in inbox(dir.path()) {
        let path = dir.path().join("inbox").join(name);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.extend_from_slice(&[0, 0, 0, 99, 7, 7, 7]);
        std::fs::write(&path, bytes).unwrap();
    }
    let vault = ready(dir.path());
    assert_eq!(read_all(&vault, 1), all()[..stored as usize]);
}

#[test]
fn one_of_which_nothing_was_acknowledged_is_torn_like_a_photo() {
    let dir = folder();
    let vault = Arc::new(created(dir.path()));
    drop((vault.record(&meta_of(None)).unwrap(), vault));
    let (vault, _) = opened(dir.path());
    vault.unlock("lead", PIN, &now(0)).unwrap();
    let report = vault.take_in(&mut with_custody).unwrap();
    assert_eq!((report.cut_off, report.captures.len()), (0, 0));
    let reasons: Vec<_> = report.set_aside.iter().map(|aside| aside.reason).collect();
    assert_eq!(reasons, [AsideReason::Torn]);
    assert_eq!(inbox(dir.path()), Vec::<String>::new());
    assert_eq!(capture(&vault, packet(1), b"x").unwrap().capture_seq, 1);
}

#[test]
fn a_crash_between_recovering_and_removing_takes_nothing_twice() {
    let dir = folder();
    let vault = Arc::new(created(dir.path()));
    let mut recording = vault.record(&meta_of(None)).unwrap();
    record(&mut recording, 4).unwrap();
    drop((recording, vault));
    let old: Vec<(String, Vec<u8>)> = inbox(dir.path())
        .into_iter()
        .map(|name| {
            let bytes = std::fs::read(dir.path().join("inbox").join(&name)).unwrap();
            (name, bytes)
        })
        .collect();
    let put_back = |only: &str| {
        for (name, bytes) in old.iter().filter(|(name, _)| name.ends_with(only)) {
            std::fs::write(dir.path().join("inbox").join(name), bytes).unwrap();
        }
    };
    // Recovered, not taken in, and both old files still there.
    drop(ready(dir.path()));
    std::fs::rename(
        dir.path().join("originals/0000000001.seg"),
        dir.path().join("inbox/0000000001.seg"),
    )
    .unwrap();
    put_back("");
    drop(ready(dir.path()));
    assert_eq!(inbox(dir.path()), Vec::<String>::new());
    // The part is gone, its journal not yet.
    put_back(".rec");
    let vault = ready(dir.path());
    assert_eq!(inbox(dir.path()), Vec::<String>::new());
    assert_eq!(vault.capture_head().capture_seq, 1);
}

#[test]
fn whatever_fails_nothing_acknowledged_is_lost() {
    let steps = [
        Step::Create,
        Step::Write,
        Step::Sync,
        Step::Rename,
        Step::SyncDir,
        Step::Remove,
    ];
    for step in steps {
        for how in [How::Lost, How::Done] {
            for nth in 0.. {
                if !survives(Fault {
                    step,
                    nth,
                    how,
                    error: io::ErrorKind::Other,
                }) {
                    break;
                }
            }
        }
    }
}

/// Records with one fault, restarts, and compares; whether the fault was met.
fn survives(fault: Fault) -> bool {
    let dir = folder();
    drop(created(dir.path()));
    let disk = FaultyDisk::default();
    let mut config = config();
    config.disk = Arc::new(disk.clone());
    let (vault, _) = Vault::open(dir.path(), config).unwrap();
    let vault = Arc::new(vault);
    disk.arm(fault);
    let (mut stored, mut finished) = (0, false);
    if let Ok(mut recording) = vault.record(&meta_of(None)) {
        let _ = record(&mut recording, PIECES.len());
        stored = recording.stored();
        finished = recording.finish(meta_of(Some("stopped"))).is_ok();
    }
    let hit = disk.disarm();
    drop(vault);
    let vault = ready(dir.path());
    let captured = vault.capture_head().capture_seq;
    assert!(captured <= 1, "{fault:?}: taken twice");
    if stored > 0 || finished {
        assert_eq!(captured, 1, "{fault:?}: {stored} bytes were acknowledged");
    }
    if captured == 1 {
        let found = read_all(&vault, 1);
        assert!(found.len() as u64 >= stored, "{fault:?}");
        assert_eq!(found, all()[..found.len()], "{fault:?}");
    }
    assert_eq!(inbox(dir.path()), Vec::<String>::new(), "{fault:?}");
    hit
}

/// What a failed sync covered may be read from memory, and never have reached the disk: it is no evidence, neither to this
/// run nor to the next, and a part that reads as whole is not synced a second time.
#[test]
fn after_a_failed_sync_only_what_was_acknowledged_before_is_taken() {
    for (how, again) in [
        (How::Lost, true),
        (How::Lost, false),
        (How::Done, true),
        (How::Done, false),
    ] {
        let mut last_stored = 0;
        for nth in 0.. {
            let fault = Fault {
                step: Step::Sync,
                nth,
                how,
                error: io::ErrorKind::Other,
            };
            match failed_sync(fault, again) {
                Some(stored) => last_stored = stored,
                None => break,
            }
        }
        assert_eq!(last_stored, all().len() as u64, "the last sync is finish's");
    }
}

/// Records with one sync that fails, and unlocks: after a restart, or (`!restart`) in the same run. Gives what was
/// acknowledged, or `None` when the fault was not met.
fn failed_sync(fault: Fault, restart: bool) -> Option<u64> {
    let dir = folder();
    drop(created(dir.path()));
    let disk = FaultyDisk::default();
    let mut config = config();
    config.disk = Arc::new(disk.clone());
    let vault = Arc::new(Vault::open(dir.path(), config).unwrap().0);
    disk.arm(fault);
    let mut stored = None;
    if let Ok(mut recording) = vault.record(&meta_of(None)) {
        let _ = record(&mut recording, PIECES.len());
        stored = Some(recording.stored());
        let finished = recording.finish(meta_of(Some("stopped"))).is_ok();
        if !disk.disarm() {
            assert!(finished);
            return None;
        }
        assert!(!finished, "{fault:?}");
    }
    disk.disarm();
    let vault = if restart {
        drop(vault);
        let (vault, found) = opened(dir.path());
        assert_eq!((found.finished, found.photos), (0, 0), "{fault:?}");
        Arc::new(vault)
    } else {
        vault
    };
    vault.unlock("lead", PIN, &now(0)).unwrap();
    let report = vault.take_in(&mut with_custody).unwrap();
    let stored = stored.unwrap_or(0);
    assert_eq!(report.cut_off, usize::from(stored > 0), "{fault:?}");
    if stored > 0 {
        let found = vault.read(|c| captures::get(c, 1)).unwrap().unwrap();
        assert_eq!(found.context.recording.unwrap().ended, "cut-off");
        assert!(
            read_all(&vault, 1) == all()[..stored as usize],
            "{fault:?}: {} taken, {stored} acknowledged",
            found.size
        );
    }
    assert_eq!(inbox(dir.path()), Vec::<String>::new(), "{fault:?}");
    Some(stored)
}
