//! Recordings for the player, part by part: an answer of HTTP's form to a `Range`, the same for the window's protocol and the
//! loopback host. Never more than [`MOST_PART`] at once, so that a film of gigabytes is never in memory; only while unlocked;
//! and never to be cached, since a copy would lie outside the vault.

use std::io::{Read as _, Seek as _, SeekFrom};

use crate::Engine;

/// Longest part of an answer, bytes.
const MOST_PART: u64 = 2 << 20;

/// Status, headers and body.
#[derive(Debug)]
pub struct MediaPart {
    /// 206, 404 or 416.
    pub status: u16,
    /// By lower-case name.
    pub headers: Vec<(&'static str, String)>,
    /// The bytes asked for, or the first of them.
    pub bytes: Vec<u8>,
}

impl MediaPart {
    fn none(status: u16, headers: Vec<(&'static str, String)>) -> Self {
        Self {
            status,
            headers,
            bytes: Vec::new(),
        }
    }
}

/// The part of a recording that a `Range` header asks for; from its beginning without one.
pub fn media_part(engine: &Engine, capture_seq: u64, range: Option<&str>) -> MediaPart {
    let Ok((media_type, mut original)) = engine.media(capture_seq) else {
        return MediaPart::none(404, Vec::new());
    };
    let size = original.size();
    let unsatisfiable = || MediaPart::none(416, vec![("content-range", format!("bytes */{size}"))]);
    let Some((first, last)) = wanted(range.unwrap_or("bytes=0-"), size) else {
        return unsatisfiable();
    };
    let length = last - first + 1;
    let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
    let read = original
        .seek(SeekFrom::Start(first))
        .and_then(|_| original.read_exact(&mut bytes));
    if read.is_err() {
        return MediaPart::none(404, Vec::new());
    }
    MediaPart {
        status: 206,
        headers: vec![
            ("content-type", media_type),
            ("content-length", length.to_string()),
            ("content-range", format!("bytes {first}-{last}/{size}")),
            ("accept-ranges", "bytes".to_owned()),
            ("cache-control", "no-store".to_owned()),
            ("x-content-type-options", "nosniff".to_owned()),
        ],
        bytes,
    }
}

/// First and last byte of a single range within `size` bytes; a longer one is cut to a part.
fn wanted(range: &str, size: u64) -> Option<(u64, u64)> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let end = size.checked_sub(1)?;
    let (first, last) = match (first, last) {
        ("", last) => (size.saturating_sub(last.parse().ok()?), end),
        (first, "") => (first.parse().ok()?, end),
        (first, last) => (first.parse().ok()?, end.min(last.parse().ok()?)),
    };
    (first <= last).then(|| (first, last.min(first.saturating_add(MOST_PART - 1))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_one_stretch_within_the_recording() {
        let part = MOST_PART - 1;
        for (text, expected) in [
            ("bytes=0-", Some((0, 999))),
            ("bytes=10-19", Some((10, 19))),
            ("bytes=10-9999", Some((10, 999))),
            ("bytes=-5", Some((995, 999))),
            ("bytes=-5000", Some((0, 999))),
            ("bytes=1000-", None),
            ("bytes=9-8", None),
            ("bytes=0-1,4-5", None),
            ("bytes=-", None),
            ("bytes=a-", None),
            ("items=0-", None),
            ("", None),
        ] {
            assert_eq!(wanted(text, 1000), expected, "{text}");
        }
        assert_eq!(wanted("bytes=0-", 0), None);
        assert_eq!(wanted("bytes=7-", u64::MAX), Some((7, 7 + part)));
        assert_eq!(
            wanted(&format!("bytes={}-", u64::MAX - 1), u64::MAX),
            Some((u64::MAX - 1, u64::MAX - 1))
        );
    }
}
