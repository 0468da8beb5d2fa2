//! Heartbeats with captures: `heartbeat/v2`. The same lines as `heartbeat/v1`, and behind them the links of captures that the log
//! had not been told of, so that each is bounded from above before its packet is sealed. Specification: `docs/spec/log.md`.

use crate::Sha256Digest;
use crate::entry::Heartbeat;
use crate::lines::{BodyError, LineValue, Lines};

/// At most this many `capture` lines: with the rest they fit a leaf.
pub const MAX_CAPTURES: usize = 100;

/// A heartbeat of either version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beat {
    /// How far the device has got.
    pub head: Heartbeat,
    /// Captures and their links, ascending; with none it is a `heartbeat/v1`.
    pub captures: Vec<(u64, Sha256Digest)>,
}

impl Beat {
    /// Type and version with captures, as the first line ends.
    pub const KIND: &'static str = "heartbeat/v2";

    /// The text that is signed.
    pub fn text(&self) -> String {
        if self.captures.is_empty() {
            return self.head.text();
        }
        let one = self.head.text();
        let lines = one.split_once('\n').map_or("", |(_, lines)| lines);
        let mut text = format!("{}/{}\n{lines}", self.head.origin, Self::KIND);
        for (capture_seq, link) in &self.captures {
            text.push_str(&format!("capture {capture_seq} {link}\n"));
        }
        text
    }

    /// Reads the text that was signed, of either version.
    pub fn parse(text: &str) -> Result<Self, BodyError> {
        if let Ok(head) = Heartbeat::parse(text) {
            return Ok(Self {
                head,
                captures: Vec::new(),
            });
        }
        let (origin, mut lines) = Lines::open(text, Self::KIND)?;
        let head = Heartbeat {
            origin,
            device: lines.value("device")?,
            device_seq: lines.value("device-seq")?,
            capture_seq: lines.value("capture-seq")?,
            capture_link: lines.value("capture-link")?,
            at: lines.value("at")?,
        };
        let mut captures: Vec<(u64, Sha256Digest)> = Vec::new();
        while let Some(value) = lines.optional_text("capture") {
            let capture = read(value)
                .filter(|(number, link)| {
                    let after = captures.last().is_none_or(|(last, _)| last < number);
                    let agrees = *number < head.capture_seq
                        || (*number == head.capture_seq && *link == head.capture_link);
                    *number > 0 && after && agrees && captures.len() < MAX_CAPTURES
                })
                .ok_or(BodyError::Value("capture"))?;
            captures.push(capture);
        }
        if captures.is_empty() {
            return Err(BodyError::Missing("capture"));
        }
        lines.end()?;
        Ok(Self { head, captures })
    }

    /// Every capture that it names with its link, the newest one included.
    pub fn links(&self) -> impl Iterator<Item = (u64, Sha256Digest)> {
        let newest = (self.head.capture_seq, self.head.capture_link);
        let named = self.captures.last().is_some_and(|last| last.0 == newest.0);
        let newest = (newest.0 > 0 && !named).then_some(newest);
        self.captures.iter().copied().chain(newest)
    }
}

fn read(value: &str) -> Option<(u64, Sha256Digest)> {
    let (number, link) = value.split_once(' ')?;
    Some((u64::read(number)?, Sha256Digest::read(link)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beat(captures: &[u64]) -> Beat {
        let link = |n: &u64| Sha256Digest::of(&n.to_be_bytes());
        Beat {
            head: Heartbeat {
                origin: "bureau.example/log".to_owned(),
                device: "bureau.example/log/device/d-1".to_owned(),
                device_seq: 1,
                capture_seq: 9,
                capture_link: link(&9),
                at: crate::Timestamp::from_millis(0),
            },
            captures: captures.iter().map(|n| (*n, link(n))).collect(),
        }
    }

    #[test]
    fn both_versions_read_what_they_write() {
        for captures in [&[][..], &[9], &[3, 4, 7], &[3, 9]] {
            let beat = beat(captures);
            assert_eq!(Beat::parse(&beat.text()), Ok(beat));
        }
        let numbers = |beat: Beat| beat.links().map(|(n, _)| n).collect::<Vec<_>>();
        assert_eq!(numbers(beat(&[3, 4])), [3, 4, 9]);
        assert_eq!(numbers(beat(&[4, 9])), [4, 9]);
        assert!(
            beat(&[1])
                .text()
                .starts_with("bureau.example/log/heartbeat/v2\ndevice ")
        );
        let full = beat(&(1..=9).collect::<Vec<_>>());
        assert!(full.text().len() < 2048);
    }

    #[test]
    fn one_spelling_only() {
        let text = beat(&[3, 9]).text();
        let link = Sha256Digest::of(&9u64.to_be_bytes());
        let other = Sha256Digest::of(b"other");
        for (from, to) in [
            ("heartbeat/v2", "heartbeat/v1"),
            ("heartbeat/v2", "heartbeat/v3"),
            ("capture 3 ", "capture 03 "),
            ("capture 3 ", "capture 0 "),
            ("capture 3 ", "capture 9 "),
            ("capture 3 ", "capture 10 "),
            ("capture 3 ", "capture "),
            ("\ncapture 3 ", "\n\ncapture 3 "),
            (&format!("capture 9 {link}"), &format!("capture 9 {other}")),
        ] {
            let changed = text.replacen(from, to, 1);
            assert_ne!(changed, text);
            assert!(Beat::parse(&changed).is_err(), "{to}");
        }
        let empty = beat(&[]).text().replace("/v1", "/v2");
        assert_eq!(Beat::parse(&empty), Err(BodyError::Missing("capture")));
        let mut many = beat(&[]);
        many.head.capture_seq = 200;
        many.captures = (1..=101).map(|n| (n, link)).collect();
        assert!(Beat::parse(&many.text()).is_err());
        many.captures.pop();
        assert!(
            Beat::parse(&many.text()).is_ok() && many.text().len() < crate::entry::MAX_LEAF - 1024
        );
    }
}
