//! What is missing among many packets: numbers of packets, and of captures, between the lowest and the highest of a device that are here.
//!
//! A gap proves nothing by itself (the rest may lie elsewhere, a draft may be open), so it is information; but who is given
//! packets should be told before asking why. Which device lines count, [`vouched`] says. What is missing is known once a device's last
//! packet has been looked at: so before the run the seals alone are read, to know which one that is.

use std::collections::{BTreeMap, HashMap};

use fieldseal_packet::findings::{Code, Finding, Report};

use super::equivocation::{SealText, vouched};

/// Most ranges in one finding.
const MOST_RANGES: usize = 100;

/// Numbers as disjoint ranges, so that memory follows the gaps and not the numbers.
#[derive(Default)]
struct Numbers(BTreeMap<u64, u64>);

impl Numbers {
    fn insert(&mut self, mut first: u64, mut last: u64) {
        if let Some((&start, &end)) = self.0.range(..=first).next_back()
            && end.saturating_add(1) >= first
        {
            first = start;
            last = last.max(end);
        }
        while let Some((&start, &end)) = self.0.range(first..).next()
            && start <= last.saturating_add(1)
        {
            last = last.max(end);
            self.0.remove(&start);
        }
        self.0.insert(first, last);
    }

    /// What lies between the ranges, and behind them up to `reach`, as on a seal's `captures` line; none when nothing does.
    fn missing(&self, reach: u64) -> Option<String> {
        let mut text = Vec::new();
        let starts = self.0.keys().skip(1).copied();
        let behind = self.0.values().next_back().filter(|end| **end < reach);
        let starts = starts.chain(behind.map(|_| reach.saturating_add(1)));
        for (end, start) in self.0.values().zip(starts) {
            if text.len() == MOST_RANGES {
                text.push("…".to_owned());
                break;
            }
            let (first, last) = (end.saturating_add(1), start.saturating_sub(1));
            text.push(if first == last {
                first.to_string()
            } else {
                format!("{first}-{last}")
            });
        }
        (!text.is_empty()).then(|| text.join(","))
    }
}

#[derive(Default)]
struct Device {
    /// Index of the last path whose seal has a line by this name.
    last: usize,
    packets: Numbers,
    captures: Numbers,
    /// The newest packet and the newest capture that a heartbeat names.
    told: (u64, u64),
}

/// What has been met of each device.
#[derive(Default)]
pub struct Gaps {
    anchored: bool,
    devices: HashMap<String, Device>,
}

impl Gaps {
    /// `anchored` where the reports will be made with trust anchors.
    pub fn new(anchored: bool) -> Self {
        Self {
            anchored,
            ..Self::default()
        }
    }

    /// The seal of path `index` has lines by these devices, right or wrong. To be said of all paths in order, before the first [`Gaps::meet`].
    pub fn expect(&mut self, index: usize, devices: Vec<String>) {
        for name in devices {
            self.devices.entry(name).or_default().last = index;
        }
    }

    /// Takes a report in; gives it with what is missing of the devices whose last packet this is.
    pub fn meet(&mut self, index: usize, report: Report, seal: Option<&SealText>) -> Report {
        if let Some(seal) = seal {
            for name in vouched(&report, self.anchored) {
                if let Some(device) = self.devices.get_mut(&name) {
                    device.packets.insert(seal.device_seq, seal.device_seq);
                    for (first, last) in seal.captures.as_slice() {
                        device.captures.insert(*first, *last);
                    }
                    for told in report.progress.iter().filter(|told| told.device == name) {
                        device.told.0 = device.told.0.max(told.device_seq);
                        device.told.1 = device.told.1.max(told.capture_seq);
                    }
                }
            }
        }
        let mut found = Vec::new();
        let mut ended: Vec<&String> = Vec::new();
        for (name, device) in self
            .devices
            .iter()
            .filter(|(_, device)| device.last == index)
        {
            let missing = [
                (Code::PacketsMissing, device.packets.missing(device.told.0)),
                (
                    Code::CapturesMissing,
                    device.captures.missing(device.told.1),
                ),
            ];
            for (code, ranges) in missing {
                found.extend(ranges.map(|ranges| Finding::new(code).about(name).with(ranges)));
            }
            ended.push(name);
        }
        let ended: Vec<String> = ended.into_iter().cloned().collect();
        for name in ended {
            self.devices.remove(&name);
        }
        if found.is_empty() {
            return report;
        }
        found.sort_by(|a, b| (&a.subject, a.code.word()).cmp(&(&b.subject, b.code.word())));
        report.adding(found)
    }
}

/// Whether a finding says that something is missing among the packets of a run.
pub fn is_gap(code: Code) -> bool {
    matches!(code, Code::PacketsMissing | Code::CapturesMissing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fieldseal_packet::findings::Progress;
    use fieldseal_packet::seal::Ranges;

    fn run(packets: &[(&str, u64, &[u64], bool)]) -> Vec<Vec<(Code, String, String)>> {
        let mut gaps = Gaps::default();
        for (index, (device, ..)) in packets.iter().enumerate() {
            gaps.expect(index, vec![(*device).to_owned()]);
        }
        let each = packets.iter().enumerate();
        each.map(|(index, (device, seq, captures, right))| {
            let code = if *right {
                Code::DeviceLineOk
            } else {
                Code::DeviceLineInvalid
            };
            let report = Report::new(None, vec![Finding::new(code).about(*device)]);
            let seal = SealText::sample(*seq, Ranges::of(captures.iter().copied()));
            let report = gaps.meet(index, report, Some(&seal));
            let found = report.findings.into_iter().filter(|f| is_gap(f.code));
            found.map(|f| (f.code, f.subject, f.detail)).collect()
        })
        .collect()
    }

    #[test]
    fn what_is_missing_is_said_once_with_the_last_packet_in_whatever_order_they_come() {
        let found = run(&[
            ("d1", 9, &[30, 31], true),
            ("d2", 4, &[1], true),
            ("d1", 2, &[3, 4, 7], true),
            ("d1", 4, &[8], true),
            ("d2", 5, &[2], true),
        ]);
        assert_eq!(found[2], []);
        assert_eq!(
            found[3],
            [
                (
                    Code::CapturesMissing,
                    "d1".to_owned(),
                    "5-6,9-29".to_owned()
                ),
                (Code::PacketsMissing, "d1".to_owned(), "3,5-8".to_owned()),
            ]
        );
        assert!([0, 1, 4].iter().all(|n| found[*n].is_empty()));
    }

    #[test]
    fn a_heartbeat_reaches_further_than_the_packets_and_puts_nothing_in_hand() {
        let mut gaps = Gaps::default();
        for index in 0..2 {
            gaps.expect(index, vec!["d1".to_owned()]);
        }
        let told = |device: &str, device_seq, capture_seq| Progress {
            device: device.to_owned(),
            device_seq,
            capture_seq,
        };
        let signed = Finding::new(Code::DeviceLineOk).about("d1");
        let report = |progress| Report {
            progress,
            ..Report::new(None, vec![signed.clone()])
        };
        let first = report(vec![told("d1", 4, 12), told("d2", 9, 99)]);
        let seal = |seq, captures: [u64; 2]| SealText::sample(seq, Ranges::of(captures));
        gaps.meet(0, first, Some(&seal(1, [3, 4])));
        let last = gaps.meet(1, report(vec![told("d1", 2, 7)]), Some(&seal(2, [5, 7])));
        let missing: Vec<(Code, &str)> = last
            .findings
            .iter()
            .filter(|finding| is_gap(finding.code))
            .map(|finding| (finding.code, finding.detail.as_str()))
            .collect();
        assert_eq!(
            missing,
            [
                (Code::CapturesMissing, "6,8-12"),
                (Code::PacketsMissing, "3-4")
            ]
        );
    }

    #[test]
    fn a_line_that_did_not_verify_fills_no_gap() {
        let found = run(&[
            ("d1", 1, &[1], true),
            ("d1", 2, &[2], false),
            ("d1", 3, &[3], true),
        ]);
        assert_eq!(found[2].len(), 2);
        assert_eq!(found[2][1].2, "2");
    }

    #[test]
    fn ranges_grow_together_and_are_limited_when_told() {
        let mut numbers = Numbers::default();
        for (first, last) in [(10, 12), (1, 2), (5, 5), (3, 4), (20, u64::MAX), (6, 9)] {
            numbers.insert(first, last);
        }
        assert_eq!(numbers.missing(0).as_deref(), Some("13-19"));
        let mut many = Numbers::default();
        for n in 0..300 {
            many.insert(n * 2, n * 2);
        }
        let told = many.missing(0).unwrap();
        assert!(
            told.starts_with("1,3,5,") && told.ends_with(",199,…"),
            "{told}"
        );
    }
}
