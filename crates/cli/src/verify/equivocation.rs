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

/// The devices whose seal a report says this is. Only a device line that verified counts, and where there are trust anchors,
/// only by an enrolled key: nobody can discredit a device, or fill its gaps, with seals that it did not sign.
pub(super) fn vouched(report: &Report, anchored: bool) -> Vec<String> {
    let says = |code: Code| {
        let findings = report.findings.iter();
        findings.filter(move |finding| finding.code == code)
    };
    says(Code::DeviceLineOk)
        .map(|finding| &finding.subject)
        .filter(|device| {
            !anchored || says(Code::DeviceEnrolled).any(|finding| finding.subject == **device)
        })
        .cloned()
        .collect()
}

/// The seals met so far.
#[derive(Default)]
pub struct Seals {
    anchored: bool,
    /// Those under one number differ in their lines, or contradict each other.
    met: HashMap<(String, u64), Vec<Link>>,
}

impl Seals {
    /// `anchored` where the reports were made with trust anchors.
    pub fn new(anchored: bool) -> Self {
        Self {
            anchored,
            ..Self::default()
        }
    }

    fn under(&self, device: &str, seq: Option<u64>) -> &[Link] {
        let met = seq.and_then(|seq| self.met.get(&(device.to_owned(), seq)));
        met.map(Vec::as_slice).unwrap_or_default()
    }

    /// Takes a seal in and gives the report with the finding added where it contradicts an earlier one.
    pub fn meet(&mut self, report: Report, seal: &SealText) -> Report {
        let mut contradicted = Vec::new();
        for device in vouched(&report, self.anchored) {
            let here = self
                .met
                .entry((device.clone(), seal.device_seq))
                .or_default();
            if here.iter().all(|link| link.digest != seal.link.digest) {
                here.push(seal.link);
            }
            let here = self.under(&device, Some(seal.device_seq));
            let before = self.under(&device, seal.device_seq.checked_sub(1));
            let after = self.under(&device, seal.device_seq.checked_add(1));
            let follows = |link: &Link, before: &[Link]| {
                before.is_empty() || before.iter().any(|one| one.digest == link.device_prev)
            };
            if !follows(&seal.link, before) || !after.iter().all(|link| follows(link, here)) {
                contradicted.push(Finding::new(Code::DevicePrevMismatch).about(device.clone()));
            }
            if here.iter().any(|link| link.text != seal.link.text) {
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
        report.adding(contradicted)
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
    fn a_copy_with_other_lines_is_no_other_predecessor() {
        let mut seals = Seals::default();
        let mut copy = seal(1, b"a");
        copy.link.digest = Sha256Digest::of(b"a with a line more");
        for one in [copy, seal(1, b"a"), seal(2, b"b")] {
            let findings = seals.meet(report("d1"), &one).findings;
            assert_eq!(findings.len(), 1, "{findings:?}");
        }
    }

    #[test]
    fn under_trust_anchors_a_key_that_is_not_enrolled_discredits_nobody() {
        let mut seals = Seals::new(true);
        seals.meet(report("d1"), &seal(1, b"forged"));
        let mut genuine = report("d1");
        let enrolled = Finding::new(Code::DeviceEnrolled).about("d1");
        genuine.findings.push(enrolled);
        assert!(!contradicts(&seals.meet(genuine, &seal(1, b"a"))));
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
