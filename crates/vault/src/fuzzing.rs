//! Entries for the fuzz targets: readers of what lies on the disk, which nobody outside needs otherwise. Whoever can write in
//! the app's folder can seal a segment of any contents, since the vault's public key is readable; so what comes after the
//! sums and the cipher has to stand any bytes too.

use std::path::Path;

use crate::chain::CaptureHead;
use crate::keys::Secret;
use crate::moment::Moment;
use crate::segment::{FOOTER, SegmentFile, Trailer, seq_of, vault_of};
use crate::slots::{CaptureKey, Slots};

/// Private key that the seeds' segments are sealed to.
const PRIVATE: [u8; 32] = [42; 32];
/// Slots whose costs are above this are not tried: a target has to try thousands a second.
const CHEAP_KIB: u32 = 64;

/// Reads all of a segment, as taking in and verifying do. Whether it is one of the seeds' vault, whole and authentic.
pub fn segment(path: &Path) -> bool {
    let _ = vault_of(path);
    let Ok(mut segment) = SegmentFile::open(path) else {
        return false;
    };
    let sum_is_right = segment.sum_is_right().unwrap_or(false);
    let size = segment.size;
    let Ok(data_key) = segment.data_key(&Secret::new(PRIVATE)) else {
        return false;
    };
    let trailer = segment.trailer(&data_key);
    let mut content = segment.content(&data_key);
    let mut read = 0_u64;
    let mut part = [0; 4096];
    while let Ok(count @ 1..) = content.read(&mut part) {
        read += count as u64;
    }
    assert!(read <= size, "more came out than is said to be in");
    let mut again = 0_u64;
    if std::io::Seek::seek(&mut content, std::io::SeekFrom::End(-1)).is_ok() {
        again = content.read(&mut part).unwrap_or(0) as u64;
    }
    assert!(again <= 1, "one byte is left before the end");
    sum_is_right && read == size && trailer.is_ok_and(|trailer| trailer.size == size)
}

/// Makes the sums of a segment's footer right, so that changed bytes before them are looked at. Whether there is room for one.
pub fn right_sums(bytes: &mut [u8]) -> bool {
    let Some(before) = bytes.len().checked_sub(FOOTER) else {
        return false;
    };
    let (body, footer) = bytes.split_at_mut(before);
    footer[84..88].copy_from_slice(&crc32fast::hash(body).to_be_bytes());
    let own = crc32fast::hash(&footer[..88]);
    footer[88..92].copy_from_slice(&own.to_be_bytes());
    footer[92..].copy_from_slice(b"FSEALEND");
    true
}

/// A segment's trailer as whoever seals one can have it.
pub fn trailer(bytes: &[u8]) -> bool {
    serde_json::from_slice::<Trailer>(bytes).is_ok()
}

/// A slots file, and the same bytes as the two smaller files beside it and as a segment's name.
pub fn slots(bytes: &[u8]) -> bool {
    let _ = serde_json::from_slice::<CaptureKey>(bytes);
    let _ = serde_json::from_slice::<CaptureHead>(bytes);
    if let Ok(name) = std::str::from_utf8(bytes) {
        let _ = seq_of(name);
    }
    let Some(slots) = Slots::parse(bytes) else {
        return false;
    };
    let any = Secret::new(PRIVATE);
    let _ = (
        slots.capture_key(),
        slots.open_keys(&any).err(),
        slots.has_recovery() && slots.open_recovery(&any).is_ok(),
    );
    let now = Moment {
        at: fieldseal_packet::Timestamp::from_millis(1_763_862_087_123),
        boot_id: "boot".to_owned(),
        boot_ms: 1,
    };
    for slot in slots.officers.iter().take(2) {
        let mut tries = slot.tries.clone();
        let _ = (tries.wait_ms(&now), tries.is_ahead_of(&now));
        tries.rebase(&now);
        tries.count(&now);
        if slot.costs_at_most(CHEAP_KIB) {
            let _ = slots.open(slot, "123456", Some(&any)).err();
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::{Disk as _, OsDisk};
    use crate::keys::{KdfParams, public_key};
    use crate::segment::SegmentWriter;
    use crate::slots::{KeySet, Opened, Wrapping};
    use crate::suite::Suite;
    use crate::testing::SeededRandom;
    use fieldseal_packet::custody::capture_link;
    use fieldseal_packet::{PacketId, Sha256Digest, Timestamp};

    fn corpus(target: &str) -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../tests/fuzz/corpus")
            .join(target)
    }

    fn write(path: &Path, suite: Suite, capture_seq: u64, plain: &[u8]) {
        let captured_at = Timestamp::from_millis(1_763_862_087_123);
        let mut writer = SegmentWriter::start(
            OsDisk.create(path).unwrap(),
            suite,
            &[3; 16],
            &public_key(&Secret::new(PRIVATE)).unwrap(),
            &SeededRandom::new(capture_seq),
        )
        .unwrap();
        writer.write(plain).unwrap();
        let summed = writer.end_content().unwrap();
        let trailer = Trailer {
            capture_seq,
            capture_prev: Sha256Digest::of(b"before"),
            sha256: summed.sha256,
            crc32: summed.crc32,
            size: summed.size,
            media_type: "image/jpeg".to_owned(),
            draft: PacketId::from_parts(captured_at, &[1; 10]),
            kind: "billboard".to_owned(),
            shot: Some("overview".to_owned()),
            context: serde_json::from_value(serde_json::json!({
                "captured_at": captured_at, "zone": "Asia/Shanghai", "boot_id": "b",
                "boot_ms": 1, "source": "camera", "software": "test",
            }))
            .unwrap(),
        };
        let link = capture_link(
            capture_seq,
            trailer.capture_prev,
            trailer.sha256,
            captured_at,
        );
        writer.end(&trailer, link).unwrap();
    }

    /// The corpus holds segments as this version writes them: `UPDATE_SEEDS=1` writes them anew.
    #[test]
    fn the_seeds_are_segments_of_this_version() {
        let folder = tempfile::tempdir().unwrap();
        for (name, suite, plain) in [
            ("aes", Suite::Aes256Gcm, &b"a photo"[..]),
            ("xchacha", Suite::XChaCha20Poly1305, &[7; 300]),
            ("empty", Suite::Aes256Gcm, b""),
        ] {
            let made = folder.path().join(name);
            write(&made, suite, 7, plain);
            let bytes = std::fs::read(&made).unwrap();
            let seed = corpus("segment").join(name);
            if std::env::var_os("UPDATE_SEEDS").is_some() {
                std::fs::create_dir_all(corpus("segment")).unwrap();
                std::fs::write(&seed, &bytes).unwrap();
            }
            assert_eq!(std::fs::read(&seed).unwrap(), bytes, "{name}");
            assert!(segment(&seed), "{name}");
        }
    }

    #[test]
    fn the_seed_is_a_slots_file_of_this_version() {
        let random = SeededRandom::new(1);
        let (vault, secret) = ([3; 16], |byte| Secret::new([byte; 32]));
        let keys = KeySet {
            private: Secret::new(PRIVATE),
            vault_db: secret(1),
            outbox_db: secret(2),
            device_seed: secret(3),
        };
        let recovery = public_key(&secret(4)).unwrap();
        let plain = serde_json::json!({"device": "d1"});
        let made = Slots::new(vault, &secret(5), &keys, Some(recovery), plain, &random);
        let mut made = made.unwrap();
        let opened = Opened {
            root: secret(5),
            seed: secret(6),
            next: None,
        };
        let with = Wrapping {
            kdf: KdfParams::FOR_TESTS,
            platform: None,
            random: &random,
        };
        made.put("o1", "350211001", "123456", &opened, with)
            .unwrap();
        let bytes = serde_json::to_vec(&made).unwrap();
        let seed = corpus("slots").join("one");
        if std::env::var_os("UPDATE_SEEDS").is_some() {
            std::fs::create_dir_all(corpus("slots")).unwrap();
            std::fs::write(&seed, &bytes).unwrap();
        }
        assert_eq!(std::fs::read(&seed).unwrap(), bytes);
        assert!(slots(&bytes));
    }

    #[test]
    fn right_sums_let_changed_bytes_in_as_far_as_the_cipher() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write(&path, Suite::Aes256Gcm, 1, b"a photo");
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[crate::segment::HEADER] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        assert!(!SegmentFile::open(&path).unwrap().sum_is_right().unwrap());
        assert!(right_sums(&mut bytes));
        std::fs::write(&path, &bytes).unwrap();
        assert!(SegmentFile::open(&path).unwrap().sum_is_right().unwrap());
        assert!(!segment(&path));
    }
}
