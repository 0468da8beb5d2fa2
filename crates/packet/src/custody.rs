//! The custody log 保管链: one JSON line an event, chained by `prev`, from `opened` to `closed`.
//! The server's custody log has the same form and goes on where the seal stopped. Specification: `docs/spec/custody.md`.

use crate::context::CaptureContext;
use crate::json::{self, JsonError};
use crate::{PacketId, Sha256Digest, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Longest line, bytes, its LF included.
pub const MAX_LINE: usize = 256 * 1024;
/// Largest log, bytes.
pub const MAX_LOG: usize = 16 << 20;

/// When and by whom a line is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Meta {
    /// Wall clock of whoever writes.
    pub at: Timestamp,
    /// The system's id of this boot; the server leaves it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boot_id: Option<String>,
    /// Milliseconds since that boot, sleep included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boot_ms: Option<u64>,
    /// Key name of the officer or account behind it; absent when the program acts by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
}

/// What happened. The tablet's events first, then the server's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Event {
    /// A draft began.
    Opened {
        /// Id of the packet to be.
        packet: PacketId,
        /// Kind's id.
        kind: String,
        /// Packet that this one completes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        supplements: Option<PacketId>,
    },
    /// One item, at the shutter.
    Captured(Box<Captured>),
    /// Described facts were changed; the facts themselves are in the record.
    Described {
        /// Ids of the fields that changed.
        fields: Vec<String>,
    },
    /// The kind was changed.
    KindChanged {
        /// Kind's id.
        kind: String,
    },
    /// An item was said to be this shot of the list.
    Shot {
        /// The item.
        capture_seq: u64,
        /// Shot's id, or none.
        shot: Option<String>,
    },
    /// An item no longer counts; its bytes stay.
    Voided {
        /// The item.
        capture_seq: u64,
        /// As written.
        reason: String,
    },
    /// What the party 当事人 did.
    Party {
        /// `present`, `absent`, `refused` or `unknown`.
        presence: String,
        /// As written.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// Signatures were voided and the draft was opened again.
    Reopened {
        /// Key names whose signatures are void.
        voided: Vec<String>,
    },
    /// After an unexpected stop these items were found complete.
    Recovered {
        /// How many.
        captures: u64,
    },
    /// The draft was given up; it is sealed as kind `void`.
    GivenUp {
        /// As written.
        reason: String,
    },
    /// The last line: from here on every byte is fixed.
    Closed {
        /// How many items, voided ones included.
        items: u64,
        /// Their capture numbers, as on the seal's `captures` line.
        captures: String,
    },
    /// Server: all bytes are durably here.
    Received {
        /// Of the zip.
        zip_sha256: Sha256Digest,
        /// Of the zip, bytes.
        zip_size: u64,
    },
    /// Server: the seal is a leaf of a published checkpoint.
    Logged {
        /// From 0.
        leaf_index: u64,
    },
    /// Server: somebody looked at evidence.
    LookedAt {
        /// `packet`, `item`, `zip` …
        what: String,
    },
    /// Server: a reviewer decided.
    Decided {
        /// `accepted`, `returned`, `refused` or `legal-review`.
        decision: String,
        /// sha256 of salt and document, as in the decision's leaf.
        document_sha256: Sha256Digest,
    },
    /// Server: a signed child of an item was made.
    Derived {
        /// The item, by its bytes.
        parent_sha256: Sha256Digest,
        /// The child, by its bytes.
        child_sha256: Sha256Digest,
    },
    /// Server: an export was made.
    Exported {},
}

impl Event {
    /// Whether an event's word is one of these; its fields may still not be of their form.
    pub fn is_known(word: &str) -> bool {
        matches!(
            word,
            "opened"
                | "captured"
                | "described"
                | "kind-changed"
                | "shot"
                | "voided"
                | "party"
                | "reopened"
                | "recovered"
                | "given-up"
                | "closed"
                | "received"
                | "logged"
                | "looked-at"
                | "decided"
                | "derived"
                | "exported"
        )
    }
}

/// One item at the shutter: number, digest, and all that the device claims.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Captured {
    /// The device's number of this capture, without gaps, from 1.
    pub capture_seq: u64,
    /// Link of the capture before it in the device's capture chain; 64 zeros for 1.
    pub capture_prev: Sha256Digest,
    /// Of the item's bytes as they came.
    pub sha256: Sha256Digest,
    /// Bytes.
    pub size: u64,
    /// By the bytes.
    pub media_type: String,
    /// Shot's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shot: Option<String>,
    /// Time, place, device.
    pub context: CaptureContext,
}

impl Captured {
    /// This capture's link: what the next capture names as `capture_prev`.
    pub fn link(&self) -> Sha256Digest {
        capture_link(
            self.capture_seq,
            self.capture_prev,
            self.sha256,
            self.context.captured_at,
        )
    }
}

/// Link of a capture in the device-wide capture chain. It is fixed at the shutter and needs no database, so that
/// captures made while the tablet is locked are chained too.
pub fn capture_link(
    seq: u64,
    prev: Sha256Digest,
    sha256: Sha256Digest,
    captured_at: Timestamp,
) -> Sha256Digest {
    Sha256Digest::of(
        format!("fieldseal capture/v1\n{seq}\n{prev}\n{sha256}\n{captured_at}\n").as_bytes(),
    )
}

#[derive(Serialize)]
struct LineOut<'a> {
    n: u64,
    prev: Sha256Digest,
    #[serde(flatten)]
    meta: &'a Meta,
    #[serde(flatten)]
    event: &'a Event,
}

/// The end of a log: enough to write the next line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Number of the last line, 0 before the first.
    pub n: u64,
    /// What the next line's `prev` will be.
    pub prev: Sha256Digest,
}

impl Head {
    /// Before the first line of a tablet's log.
    pub const START: Self = Self {
        n: 0,
        prev: Sha256Digest::ZERO,
    };

    /// Before the first line of the server's log of the packet with this seal.
    pub fn after_seal(seal_sha256: Sha256Digest) -> Self {
        Self {
            n: 0,
            prev: seal_sha256,
        }
    }

    /// Writes one line, LF included, and moves on to it.
    pub fn append(&mut self, meta: &Meta, event: &Event) -> Result<Vec<u8>, JsonError> {
        let line = LineOut {
            n: self.n + 1,
            prev: self.prev,
            meta,
            event,
        };
        let mut bytes = json::write(&line)?;
        bytes.push(b'\n');
        if bytes.len() > MAX_LINE {
            return Err(JsonError::TooLarge);
        }
        *self = Self {
            n: self.n + 1,
            prev: Sha256Digest::of(&bytes),
        };
        Ok(bytes)
    }
}

/// A line as read. Unknown events and fields are kept.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Line {
    /// From 1.
    pub n: u64,
    /// sha256 of the line before.
    pub prev: Sha256Digest,
    /// When and by whom.
    #[serde(flatten)]
    pub meta: Meta,
    /// The event's word.
    pub event: String,
    /// The event's fields, and any that this version doesn't know.
    #[serde(flatten)]
    pub fields: Map<String, Value>,
}

impl Line {
    /// The event, if this version knows it and it has its form.
    pub fn known(&self) -> Option<Event> {
        let mut map = self.fields.clone();
        map.insert("event".to_owned(), Value::String(self.event.clone()));
        serde_json::from_value(Value::Object(map)).ok()
    }
}

/// What is wrong with a log, and in which line (from 1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// Larger than [`MAX_LOG`], or a line longer than [`MAX_LINE`].
    TooLarge,
    /// The last line has no LF.
    Truncated,
    /// Not a JSON line of the form described.
    Malformed(u64),
    /// `prev` is not the digest of the line before.
    Chain(u64),
    /// `n` is not the line's number.
    Number(u64),
}

/// Reads a whole log; goes on after a problem, so that all of it can be shown.
pub fn read(bytes: &[u8], start: Head) -> (Vec<Line>, Vec<Problem>) {
    let mut lines = Vec::new();
    let mut problems = Vec::new();
    if bytes.len() > MAX_LOG {
        return (lines, vec![Problem::TooLarge]);
    }
    let mut head = start;
    for raw in bytes.split_inclusive(|byte| *byte == b'\n') {
        let number = head.n + 1;
        let text = raw.strip_suffix(b"\n");
        if text.is_none() {
            problems.push(Problem::Truncated);
        }
        if raw.len() > MAX_LINE {
            problems.push(Problem::TooLarge);
        } else {
            match json::parse_strict_as::<Line>(text.unwrap_or(raw)) {
                Ok(line) => {
                    if line.n != number {
                        problems.push(Problem::Number(number));
                    }
                    if line.prev != head.prev {
                        problems.push(Problem::Chain(number));
                    }
                    lines.push(line);
                }
                Err(_) => problems.push(Problem::Malformed(number)),
            }
        }
        head = Head {
            n: number,
            prev: Sha256Digest::of(raw),
        };
    }
    (lines, problems)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meta(second: i64) -> Meta {
        Meta {
            at: Timestamp::from_millis(1_763_862_087_000 + second * 1000),
            boot_id: Some("b".into()),
            boot_ms: Some(5),
            actor: None,
        }
    }

    fn log() -> Vec<u8> {
        let mut head = Head::START;
        let mut bytes = Vec::new();
        let packet = PacketId::from_parts(Timestamp::from_millis(0), &[0; 10]);
        let events = [
            Event::Opened {
                packet,
                kind: "billboard".into(),
                supplements: None,
            },
            Event::Voided {
                capture_seq: 1,
                reason: "模糊".into(),
            },
            Event::Closed {
                items: 0,
                captures: "none".into(),
            },
        ];
        for (second, event) in events.iter().enumerate() {
            bytes.extend(head.append(&meta(second as i64), event).unwrap());
        }
        bytes
    }

    #[test]
    fn reads_what_it_writes() {
        let (lines, problems) = read(&log(), Head::START);
        assert_eq!(problems, []);
        assert_eq!(lines.len(), 3);
        assert_eq!(
            lines[1].known(),
            Some(Event::Voided {
                capture_seq: 1,
                reason: "模糊".into()
            })
        );
        assert_eq!(lines[0].meta.boot_ms, Some(5));
    }

    #[test]
    fn a_change_anywhere_shows() {
        let good = log();
        let text = String::from_utf8(good.clone()).unwrap();
        let cases: [(Vec<u8>, Problem); 5] = [
            (
                text.replace("billboard", "billboarf").into_bytes(),
                Problem::Chain(2),
            ),
            (
                text.split_inclusive('\n')
                    .skip(1)
                    .collect::<String>()
                    .into_bytes(),
                Problem::Number(1),
            ),
            (good[..good.len() - 1].to_vec(), Problem::Truncated),
            (
                text.replace("\"n\":2", "\"n\":2,\"n\":2").into_bytes(),
                Problem::Malformed(2),
            ),
            (
                text.replace("\"n\":1,", "\"n\":7,").into_bytes(),
                Problem::Number(1),
            ),
        ];
        for (bytes, problem) in cases {
            let (_, problems) = read(&bytes, Head::START);
            assert!(problems.contains(&problem), "{problem:?} in {problems:?}");
        }
    }

    #[test]
    fn unknown_events_are_kept() {
        let line = format!(
            "{{\"n\":1,\"prev\":\"{}\",\"at\":\"2026-11-23T01:41:27.123Z\",\"event\":\"sung\",\"tune\":1}}\n",
            Sha256Digest::ZERO
        );
        let (lines, problems) = read(line.as_bytes(), Head::START);
        assert_eq!(problems, []);
        assert_eq!(lines[0].known(), None);
        assert_eq!(lines[0].fields["tune"], 1);
    }
}
