//! The seal 封签: the signed note `seal/packet.seal`, whose text names the packet's tag manifest and with it every byte.
//! Specification: `docs/spec/seal.md`.

pub use crate::lines::BodyError;
use crate::lines::{LineValue, Lines};
use crate::{PacketId, Sha256Digest, Sm3Digest, Timestamp};
use base64::{Engine, engine::general_purpose::STANDARD};
use fieldseal_tlog::merkle::Hash;

/// At most this many `seen-tsr` lines.
pub const MAX_TOKENS: usize = 16;
/// At most this many ranges on the `captures` line.
pub const MAX_RANGES: usize = 4096;
/// Largest `packet.seal`, bytes: it is a leaf of the log.
pub const MAX_SEAL: usize = crate::entry::MAX_LEAF;

/// The text of a seal, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealBody {
    /// `<origin>` of the deployment.
    pub origin: String,
    /// The packet.
    pub packet: PacketId,
    /// sha256 of the file `tagmanifest-sha256.txt`.
    pub tagmanifest_sha256: Sha256Digest,
    /// SM3 of the file `tagmanifest-sm3.txt`, if there is one.
    pub tagmanifest_sm3: Option<Sm3Digest>,
    /// Device's clock when the draft was closed.
    pub closed_at: Timestamp,
    /// The device's capture numbers in this packet.
    pub captures: Ranges,
    /// This packet's place among the device's packets, from 1.
    pub device_seq: u64,
    /// sha256 of the device's previous `packet.seal`; for 1, of its enrolment entry.
    pub device_prev: Sha256Digest,
    /// Newest checkpoint the device had seen: size and root.
    pub seen_checkpoint: Option<(u64, Hash)>,
    /// Timestamp tokens of that checkpoint: authority id and sha256 of the token, sorted by id.
    pub seen_tsr: Vec<(String, Sha256Digest)>,
}

impl SealBody {
    /// Type and version, as the first line ends.
    pub const KIND: &'static str = "packet-seal/v1";

    /// The text that is signed.
    pub fn text(&self) -> String {
        let mut text = format!("{}/{}\n", self.origin, Self::KIND);
        let mut line = |key: &str, value: &str| {
            text.push_str(key);
            text.push(' ');
            text.push_str(value);
            text.push('\n');
        };
        line("packet", &self.packet.to_string());
        line("tagmanifest-sha256", &self.tagmanifest_sha256.to_string());
        if let Some(sm3) = &self.tagmanifest_sm3 {
            line("tagmanifest-sm3", &sm3.to_string());
        }
        line("closed-at", &self.closed_at.to_string());
        line("captures", &self.captures.write());
        line("device-seq", &self.device_seq.to_string());
        line("device-prev", &self.device_prev.to_string());
        match &self.seen_checkpoint {
            Some((size, root)) => line(
                "seen-checkpoint",
                &format!("{size} {}", STANDARD.encode(root)),
            ),
            None => line("seen-checkpoint", "none"),
        }
        if self.seen_tsr.is_empty() {
            line("seen-tsr", "none");
        }
        for (authority, digest) in &self.seen_tsr {
            line("seen-tsr", &format!("{authority} {digest}"));
        }
        text
    }

    /// Reads the text that was signed.
    pub fn parse(text: &str) -> Result<Self, BodyError> {
        let (origin, mut lines) = Lines::open(text, Self::KIND)?;
        let packet = lines.value("packet")?;
        let tagmanifest_sha256 = lines.value("tagmanifest-sha256")?;
        let tagmanifest_sm3 = match lines.optional_text("tagmanifest-sm3") {
            Some(sm3) => Some(
                sm3.parse()
                    .map_err(|_| BodyError::Value("tagmanifest-sm3"))?,
            ),
            None => None,
        };
        let closed_at = lines.value("closed-at")?;
        let captures = lines.value("captures")?;
        let device_seq = lines.value("device-seq")?;
        if device_seq == 0 {
            return Err(BodyError::Value("device-seq"));
        }
        let device_prev = lines.value("device-prev")?;
        let seen_checkpoint = match lines.text("seen-checkpoint")? {
            "none" => None,
            value => Some(read_checkpoint(value).ok_or(BodyError::Value("seen-checkpoint"))?),
        };
        let seen_tsr = read_tokens(&mut lines)?;
        lines.end()?;
        Ok(Self {
            origin,
            packet,
            tagmanifest_sha256,
            tagmanifest_sm3,
            closed_at,
            captures,
            device_seq,
            device_prev,
            seen_checkpoint,
            seen_tsr,
        })
    }
}

fn read_checkpoint(value: &str) -> Option<(u64, Hash)> {
    let (size, root) = value.split_once(' ')?;
    let root: Hash = STANDARD.decode(root).ok()?.try_into().ok()?;
    Some((u64::read(size)?, root))
}

fn read_tokens(lines: &mut Lines<'_>) -> Result<Vec<(String, Sha256Digest)>, BodyError> {
    let error = BodyError::Value("seen-tsr");
    let mut value = lines.text("seen-tsr")?;
    let mut tokens: Vec<(String, Sha256Digest)> = Vec::new();
    if value == "none" {
        return Ok(tokens);
    }
    loop {
        let (authority, digest) = value.split_once(' ').ok_or(error.clone())?;
        let digest = digest.parse().map_err(|_| error.clone())?;
        let in_order = tokens
            .last()
            .is_none_or(|(last, _)| last.as_str() < authority);
        if !crate::KeyName::id_is_valid(authority) || !in_order || tokens.len() == MAX_TOKENS {
            return Err(error);
        }
        tokens.push((authority.to_owned(), digest));
        match lines.optional_text("seen-tsr") {
            Some(next) => value = next,
            None => return Ok(tokens),
        }
    }
}

/// Sorted, disjoint, non-adjacent ranges of capture numbers: `3-8,11`, or `none`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ranges(Vec<(u64, u64)>);

impl Ranges {
    /// From numbers in any order; doubles count once.
    pub fn of(numbers: impl IntoIterator<Item = u64>) -> Self {
        let mut numbers: Vec<u64> = numbers.into_iter().collect();
        numbers.sort_unstable();
        let mut ranges: Vec<(u64, u64)> = Vec::new();
        for number in numbers {
            match ranges.last_mut() {
                Some((_, last)) if number <= last.saturating_add(1) => *last = number,
                _ => ranges.push((number, number)),
            }
        }
        Self(ranges)
    }

    /// First and last number of each range.
    pub fn as_slice(&self) -> &[(u64, u64)] {
        &self.0
    }

    /// How many numbers.
    pub fn count(&self) -> u64 {
        self.0.iter().fold(0, |sum: u64, (first, last)| {
            sum.saturating_add(last - first + 1)
        })
    }

    /// Whether `number` is in one of them.
    pub fn contains(&self, number: u64) -> bool {
        self.0
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&number))
    }
}

/// As it stands on the seal's `captures` line.
impl std::fmt::Display for Ranges {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.write())
    }
}

impl LineValue for Ranges {
    fn write(&self) -> String {
        if self.0.is_empty() {
            return "none".to_owned();
        }
        let range = |(first, last): &(u64, u64)| {
            if first == last {
                first.to_string()
            } else {
                format!("{first}-{last}")
            }
        };
        self.0.iter().map(range).collect::<Vec<_>>().join(",")
    }

    fn read(text: &str) -> Option<Self> {
        if text == "none" {
            return Some(Self::default());
        }
        let mut ranges: Vec<(u64, u64)> = Vec::new();
        for part in text.split(',') {
            let (first, last) = match part.split_once('-') {
                Some((first, last)) => (u64::read(first)?, u64::read(last)?),
                None => (u64::read(part)?, u64::read(part)?),
            };
            let spelled_once = part.contains('-') == (first != last);
            let after = ranges
                .last()
                .is_none_or(|(_, before)| first > before.saturating_add(1));
            // Below u64::MAX, so that the count of a range always fits.
            if first == 0
                || first > last
                || last == u64::MAX
                || !spelled_once
                || !after
                || ranges.len() == MAX_RANGES
            {
                return None;
            }
            ranges.push((first, last));
        }
        Some(Self(ranges))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) const TEXT: &str = "bureau.example/log/packet-seal/v1\n\
        packet 0192d3a0-8e7b-7c11-8a55-0123456789ab\n\
        tagmanifest-sha256 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n\
        closed-at 2026-11-23T01:47:36.000Z\n\
        captures 3-8,11\n\
        device-seq 2\n\
        device-prev e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n\
        seen-checkpoint 7 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\
        seen-tsr none\n";

    #[test]
    fn reads_and_writes_the_same_bytes() {
        let body = SealBody::parse(TEXT).unwrap();
        assert_eq!(body.text(), TEXT);
        assert_eq!(body.captures.as_slice(), [(3, 8), (11, 11)]);
        let none = TEXT.replace("7 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "none");
        assert_eq!(SealBody::parse(&none).unwrap().text(), none);
        let digest = Sha256Digest::of(b"token");
        let stamped = TEXT.replace(
            "seen-tsr none",
            &format!("seen-tsr tsa-a {digest}\nseen-tsr tsa-b {digest}"),
        );
        assert_eq!(SealBody::parse(&stamped).unwrap().text(), stamped);
    }

    #[test]
    fn one_spelling_only() {
        for (from, to) in [
            ("captures 3-8,11", "captures 3-8,9"),
            ("captures 3-8,11", "captures 8-3"),
            ("captures 3-8,11", "captures 3-3"),
            ("captures 3-8,11", "captures 0"),
            ("captures 3-8,11", "captures "),
            ("device-seq 2", "device-seq 0"),
            ("device-seq 2", "device-seq +2"),
            ("seen-tsr none\n", ""),
            ("seen-tsr none", "seen-tsr none\nseen-tsr none"),
            ("seen-checkpoint 7 47DE", "seen-checkpoint 7 57DEAA"),
            ("packet 0192d3a0", "packet 0192D3A0"),
            ("\ndevice-seq 2", "\n\ndevice-seq 2"),
            ("bureau.example/log/packet-seal/v1", "packet-seal/v1"),
            (
                "closed-at 2026-11-23T01:47:36.000Z",
                "closed-at 2026-11-23T01:47:36Z",
            ),
        ] {
            assert!(SealBody::parse(&TEXT.replace(from, to)).is_err(), "{to}");
        }
    }

    #[test]
    fn ranges_from_numbers() {
        assert_eq!(Ranges::of([5, 3, 4, 4, 9]).write(), "3-5,9");
        assert_eq!(Ranges::of([]).write(), "none");
        assert_eq!(Ranges::of([1, 2, 9]).count(), 3);
    }
}
