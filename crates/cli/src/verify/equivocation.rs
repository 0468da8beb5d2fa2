//! Seals by one device met in one run: two under one number, or neighbours of which the second does not follow the first.
//! Each may be right by itself; together they cannot be.

use std::collections::HashMap;
use std::io::Read as _;

use fieldseal_packet::bag::SEAL;
use fieldseal_packet::findings::{Code, Finding, Report};
use fieldseal_packet::seal::{MAX_SEAL, Ranges, SealBody};
use fieldseal_packet::verify::{Source, ZipSource};
use fieldseal_packet::zipread::Stretch;
use fieldseal_packet::{KeyName, KeyRole, Sha256Digest};
use fieldseal_tlog::note::Note;

/// What is compared of a seal.
pub struct SealText {
    /// The packet's number.
    pub device_seq: u64,
    /// The captures in it.
    pub captures: Ranges,
    /// Names of the devices that have a line on it, right or wrong.
    pub devices: Vec<String>,
    link: Link,
}

/// What tells one seal from another: signature lines may differ, the text may not.
#[derive(Clone, Copy)]
struct Link {
    text: Sha256Digest,
    /// Of the file: what the next seal names as its predecessor.
    digest: Sha256Digest,
    device_prev: Sha256Digest,
}

impl SealText {
    /// Of a packet or of the packet in an export; none when there is no readable seal.
    pub fn of(source: &dyn Source) -> Option<SealText> {
        let in_export = |path: &String| path.starts_with("data/packet-") && path.ends_with(".zip");
        match source
            .files()
            .into_iter()
            .map(|(path, _)| path)
            .find(in_export)
        {
            None => SealText::read(source),
            Some(path) => {
                let zip = source.open(&path).ok()?;
                SealText::read(&ZipSource::open(&*zip).ok()?)
            }
        }
    }

    fn read(packet: &dyn Source) -> Option<SealText> {
        let file = packet.open(SEAL).ok()?;
        let size = file.size().ok().filter(|size| *size <= MAX_SEAL as u64)?;
        let mut bytes = Vec::new();
        Stretch::new(&*file, 0, size).read_to_end(&mut bytes).ok()?;
        let note = Note::parse(&bytes).ok()?;
        let body = SealBody::parse(&note.text).ok()?;
        let is_device = |name: &&String| {
            KeyName::parse(&body.origin, name).is_ok_and(|name| name.role == KeyRole::Device)
        };
        let names = note.signatures.iter().map(|line| &line.name);
        let mut devices: Vec<String> = names.filter(is_device).cloned().collect();
        devices.sort_unstable();
        devices.dedup();
        Some(SealText {
            device_seq: body.device_seq,
            captures: body.captures,
            devices,
            link: Link {
                text: Sha256Digest::of(note.text.as_bytes()),
                digest: Sha256Digest::of(&bytes),
                device_prev: body.device_prev,
            },
        })
    }
}

/// The seals met so far.
#[derive(Default)]
pub struct Seals {
    met: HashMap<(String, u64), Link>,
}

impl Seals {
    /// Takes a seal in and gives the report with the finding added where it contradicts an earlier one. Only a device line
    /// that verified counts, so that nobody can discredit a device with seals that it did not sign.
    pub fn meet(&mut self, report: Report, seal: &SealText) -> Report {
        let signed = report
            .findings
            .iter()
            .filter(|finding| finding.code == Code::DeviceLineOk);
        let devices: Vec<String> = signed.map(|finding| finding.subject.clone()).collect();
        let mut contradicted = Vec::new();
        for device in devices {
            let first = *self
                .met
                .entry((device.clone(), seal.device_seq))
                .or_insert(seal.link);
            let met = |seq: Option<u64>| self.met.get(&(device.clone(), seq?));
            let follows = met(seal.device_seq.checked_sub(1))
                .is_none_or(|before| before.digest == seal.link.device_prev);
            let followed = met(seal.device_seq.checked_add(1))
                .is_none_or(|after| after.device_prev == seal.link.digest);
            if !follows || !followed {
                contradicted.push(Finding::new(Code::DevicePrevMismatch).about(device.clone()));
            }
            if first.text != seal.link.text {
                contradicted.push(
                    Finding::new(Code::SealEquivocation)
                        .about(device)
                        .with(seal.device_seq),
                );
            }
        }
        if contradicted.is_empty() {
            return report;
        }
        let Report {
            id,
            sealed_after,
            logged_before,
            findings,
            ..
        } = report;
        let findings = findings.into_iter().chain(contradicted).collect();
        Report {
            sealed_after,
            logged_before,
            ..Report::new(id, findings)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(device: &str) -> Report {
        Report::new(None, vec![Finding::new(Code::DeviceLineOk).about(device)])
    }

    impl SealText {
        /// A seal of which only these are looked at.
        pub(in crate::verify) fn sample(device_seq: u64, captures: Ranges) -> SealText {
            SealText {
                captures,
                ..seal(device_seq, b"a")
            }
        }
    }

    fn seal(device_seq: u64, text: &[u8]) -> SealText {
        // Each follows a predecessor of the text "a".
        SealText {
            device_seq,
            captures: Ranges::default(),
            devices: Vec::new(),
            link: Link {
                text: Sha256Digest::of(text),
                digest: Sha256Digest::of(text),
                device_prev: Sha256Digest::of(b"a"),
            },
        }
    }

    #[test]
    fn a_seal_follows_the_one_before_it_in_whatever_order_they_come() {
        for order in [[0, 1], [1, 0]] {
            for (before, good) in [(b"a".as_slice(), true), (b"other", false)] {
                let two = [seal(1, before), seal(2, b"b")];
                let mut seals = Seals::default();
                let codes: Vec<Code> = order
                    .iter()
                    .flat_map(|index| seals.meet(report("d1"), &two[*index]).findings)
                    .map(|finding| finding.code)
                    .collect();
                assert_eq!(!codes.contains(&Code::DevicePrevMismatch), good);
            }
        }
    }

    fn contradicts(report: &Report) -> bool {
        report
            .findings
            .iter()
            .any(|finding| finding.code == Code::SealEquivocation)
    }

    #[test]
    fn one_number_of_one_device_has_one_seal() {
        let mut seals = Seals::default();
        assert!(!contradicts(&seals.meet(report("d1"), &seal(1, b"a"))));
        assert!(
            !contradicts(&seals.meet(report("d1"), &seal(1, b"a"))),
            "the same packet, or its export"
        );
        assert!(!contradicts(&seals.meet(report("d1"), &seal(2, b"b"))));
        assert!(!contradicts(&seals.meet(report("d2"), &seal(1, b"c"))));
        let second = seals.meet(report("d1"), &seal(1, b"other"));
        assert!(contradicts(&second));
        assert_eq!(second.verdict.word(), "failed");
    }

    #[test]
    fn a_line_that_did_not_verify_discredits_nobody() {
        let mut seals = Seals::default();
        let forged = Report::new(
            None,
            vec![Finding::new(Code::DeviceLineInvalid).about("d1")],
        );
        seals.meet(forged, &seal(1, b"forged"));
        assert!(!contradicts(&seals.meet(report("d1"), &seal(1, b"a"))));
    }
}
