//! A segment gives back what was put in, or an error: whatever is cut, flipped, swapped or appended.

use super::*;
use crate::disk::{Disk, OsDisk};
use crate::keys::{Secret, public_key};
use crate::testing::SeededRandom;
use fieldseal_packet::Timestamp;
use fieldseal_packet::custody::capture_link;
use std::io::{Seek, SeekFrom};
use std::path::{Path, PathBuf};

const VAULT: [u8; 16] = [3; 16];

fn private() -> Secret {
    Secret::new([42; 32])
}

fn trailer(capture_seq: u64, summed: write::Summed) -> Trailer {
    let captured_at = Timestamp::from_millis(1_763_862_087_123);
    Trailer {
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
            "captured_at": captured_at, "zone": "Asia/Shanghai", "boot_id": "b", "boot_ms": 1,
            "source": "camera", "software": "test",
        }))
        .unwrap(),
    }
}

/// Writes a segment the way a capture does, in pieces of `piece` bytes.
fn written(path: &Path, suite: Suite, capture_seq: u64, plain: &[u8], piece: usize) -> Trailer {
    let public = public_key(&private()).unwrap();
    let random = SeededRandom::new(capture_seq);
    let mut writer = SegmentWriter::start(
        OsDisk.create(path).unwrap(),
        suite,
        &VAULT,
        &public,
        &random,
    )
    .unwrap();
    for part in plain.chunks(piece) {
        writer.write(part).unwrap();
    }
    assert_eq!(writer.head(), &plain[..plain.len().min(64)]);
    let summed = writer.end_content().unwrap();
    assert_eq!(summed.sha256, Sha256Digest::of(plain));
    assert_eq!(summed.crc32, crc32fast::hash(plain));
    assert_eq!(summed.size, plain.len() as u64);
    let trailer = trailer(capture_seq, summed);
    let link = capture_link(
        capture_seq,
        trailer.capture_prev,
        trailer.sha256,
        trailer.context.captured_at,
    );
    writer.end(&trailer, link).unwrap();
    writer.sync().unwrap();
    trailer
}

/// All that reading a segment gives: with the trailer first, as every caller does.
fn read(path: &Path) -> Result<(Trailer, Vec<u8>), SegmentError> {
    let mut segment = SegmentFile::open(path)?;
    let data_key = segment.data_key(&private())?;
    let trailer = segment.trailer(&data_key)?;
    let mut content = segment.content(&data_key);
    let mut plain = Vec::new();
    let mut part = [0; 1000];
    loop {
        match content.read(&mut part)? {
            0 => return Ok((trailer, plain)),
            count => plain.extend_from_slice(&part[..count]),
        }
    }
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n * 7 + n / 251) as u8).collect()
}

fn in_folder(test: impl FnOnce(&dyn Fn(&str) -> PathBuf)) {
    let dir = tempfile::tempdir().unwrap();
    test(&|name| dir.path().join(name));
}

#[test]
fn all_sizes_around_a_chunk_come_back() {
    for suite in [Suite::Aes256Gcm, Suite::XChaCha20Poly1305] {
        for size in [
            0,
            1,
            63,
            64,
            CHUNK - 1,
            CHUNK,
            CHUNK + 1,
            2 * CHUNK,
            2 * CHUNK + 17,
        ] {
            for piece in [997, CHUNK, 1 << 20] {
                in_folder(|path| {
                    let plain = pattern(size);
                    let trailer = written(&path("a"), suite, 7, &plain, piece);
                    let segment = SegmentFile::open(&path("a")).unwrap();
                    assert_eq!((segment.size, segment.footer.capture_seq), (size as u64, 7));
                    assert!(
                        SegmentFile::open(&path("a"))
                            .unwrap()
                            .sum_is_right()
                            .unwrap()
                    );
                    let (read_trailer, read_plain) = read(&path("a")).unwrap();
                    assert!(
                        read_trailer == trailer && read_plain == plain,
                        "{suite:?} {size} {piece}"
                    );
                });
            }
        }
    }
}

#[test]
fn every_flipped_bit_is_an_error() {
    in_folder(|path| {
        let plain = pattern(300);
        written(&path("a"), Suite::by_cpu(), 7, &plain, 300);
        let whole = std::fs::read(path("a")).unwrap();
        for at in 0..whole.len() {
            for bit in [1, 0x80] {
                let mut bytes = whole.clone();
                bytes[at] ^= bit;
                std::fs::write(path("b"), &bytes).unwrap();
                let outcome = read(&path("b"));
                assert!(
                    outcome.is_err(),
                    "byte {at} of {} was changed unseen",
                    whole.len()
                );
            }
        }
    });
}

#[test]
fn every_cut_is_an_error() {
    in_folder(|path| {
        written(&path("a"), Suite::by_cpu(), 7, &pattern(300), 300);
        let whole = std::fs::read(path("a")).unwrap();
        for length in 0..whole.len() {
            std::fs::write(path("b"), &whole[..length]).unwrap();
            assert!(
                matches!(read(&path("b")), Err(SegmentError::Incomplete)),
                "cut to {length}"
            );
        }
        std::fs::write(path("b"), [&whole[..], b"\0"].concat()).unwrap();
        assert!(
            matches!(read(&path("b")), Err(SegmentError::Incomplete)),
            "one byte more"
        );
    });
}

/// A footer that fits a cut or reordered content: the streams notice.
#[test]
fn chunks_can_not_be_dropped_doubled_or_swapped() {
    in_folder(|path| {
        written(
            &path("a"),
            Suite::by_cpu(),
            7,
            &pattern(3 * CHUNK + 5),
            CHUNK,
        );
        let whole = std::fs::read(path("a")).unwrap();
        let sealed = CHUNK + TAG;
        let chunk = |n: usize| &whole[HEADER + n * sealed..HEADER + (n + 1) * sealed];
        let rest = &whole[HEADER + 3 * sealed..];
        let header = &whole[..HEADER];
        let orders: [&[usize]; 5] = [&[0, 1], &[1, 2], &[0, 2, 1], &[0, 1, 2, 2], &[0, 0, 1, 2]];
        for order in orders {
            let content: Vec<u8> = order.iter().flat_map(|n| chunk(*n)).copied().collect();
            let mut bytes = [header, &content, rest].concat();
            let length = bytes.len() as u64;
            let footer_at = bytes.len() - FOOTER;
            let content_len = (content.len() + 5 + TAG) as u64;
            bytes[footer_at..footer_at + 8].copy_from_slice(&content_len.to_be_bytes());
            let sum = crc32fast::hash(&bytes[footer_at..footer_at + 88]);
            bytes[footer_at + 88..footer_at + 92].copy_from_slice(&sum.to_be_bytes());
            std::fs::write(path("b"), &bytes).unwrap();
            let mut segment = SegmentFile::open(&path("b")).unwrap();
            assert!(length == bytes.len() as u64 && !segment.sum_is_right().unwrap());
            let data_key = segment.data_key(&private()).unwrap();
            if order.len() != 3 {
                assert!(
                    segment.trailer(&data_key).is_err(),
                    "{order:?}: the trailer knows the size"
                );
            }
            let mut content = segment.content(&data_key);
            let mut part = vec![0; CHUNK];
            let outcome = (0..8).try_for_each(|_| content.read(&mut part).map(drop));
            assert!(
                matches!(outcome, Err(SegmentError::NotAuthentic)),
                "{order:?}"
            );
        }
    });
}

#[test]
fn other_keys_and_reserved_suites_open_nothing() {
    in_folder(|path| {
        written(&path("a"), Suite::by_cpu(), 7, b"x", 1);
        let segment = SegmentFile::open(&path("a")).unwrap();
        assert!(matches!(
            segment.data_key(&Secret::new([43; 32])),
            Err(SegmentError::OtherKey)
        ));
        let mut bytes = std::fs::read(path("a")).unwrap();
        bytes[9] = 3;
        std::fs::write(path("b"), &bytes).unwrap();
        assert!(matches!(
            SegmentFile::open(&path("b")),
            Err(SegmentError::Suite(_))
        ));
    });
}

#[test]
fn seeking_beyond_the_end_reads_nothing() {
    in_folder(|path| {
        written(&path("a"), Suite::by_cpu(), 7, &pattern(CHUNK), CHUNK);
        let segment = SegmentFile::open(&path("a")).unwrap();
        let data_key = segment.data_key(&private()).unwrap();
        let mut content = segment.content(&data_key);
        for to in [
            SeekFrom::Start(u64::MAX),
            SeekFrom::End(0),
            SeekFrom::End(5),
        ] {
            content.seek(to).unwrap();
            assert_eq!(content.read(&mut [0; 9]).unwrap(), 0, "{to:?}");
        }
        assert!(content.seek(SeekFrom::End(-(CHUNK as i64) - 1)).is_err());
        assert!(content.seek(SeekFrom::Current(i64::MIN)).is_err());
    });
}

#[test]
fn a_context_too_long_is_refused() {
    in_folder(|path| {
        let public = public_key(&private()).unwrap();
        let file = OsDisk.create(&path("a")).unwrap();
        let random = SeededRandom::new(1);
        let mut writer =
            SegmentWriter::start(file, Suite::by_cpu(), &VAULT, &public, &random).unwrap();
        let mut trailer = trailer(1, writer.end_content().unwrap());
        trailer.context.original_name = Some("x".repeat(CHUNK));
        assert!(matches!(
            writer.end(&trailer, Sha256Digest::ZERO),
            Err(WriteError::ContextTooLarge)
        ));
    });
}

#[test]
fn names() {
    assert_eq!(seq_of(&file_name(7)), Some(7));
    assert_eq!(seq_of(&file_name(12_345_678_901)), Some(12_345_678_901));
    for bad in [
        "0000000000.seg",
        "1.seg",
        "00000000001.seg",
        "0000000001.seg.part",
        "+000000001.seg",
        ".seg",
        "",
    ] {
        assert_eq!(seq_of(bad), None, "{bad}");
    }
}

/// The layout on disk, byte by byte where it is fixed.
#[test]
fn the_layout_is_as_described() {
    in_folder(|path| {
        let trailer = written(&path("a"), Suite::XChaCha20Poly1305, 7, b"abc", 3);
        let bytes = std::fs::read(path("a")).unwrap();
        assert_eq!(&bytes[..12], b"FSEALSEG\x01\x02\x10\x00");
        assert_eq!(bytes[12..28], VAULT);
        assert_eq!((HEADER, FOOTER), (108, 100));
        let footer = &bytes[bytes.len() - FOOTER..];
        assert_eq!(footer[..8], (3u64 + 16).to_be_bytes());
        assert_eq!(footer[12..20], 7u64.to_be_bytes());
        assert_eq!(footer[20..52], trailer.capture_prev.0);
        assert_eq!(&footer[92..], b"FSEALEND");
        let trailer_len = u32::from_be_bytes(footer[8..12].try_into().unwrap()) as usize;
        assert_eq!(bytes.len(), HEADER + 19 + trailer_len + FOOTER);
    });
}
