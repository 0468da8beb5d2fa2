//! What is proved, or can be seen, of single captures: by when a photo was there, by a stamped heartbeat, and after when, by the challenge word
//! in it. Rules: `docs/spec/time.md`, "The challenge word" and "Captures".

use std::collections::BTreeMap;

use super::Inputs;
use super::bag::BagCheck;
use super::content::CUSTODY;
use super::heartbeats::{Against, Said};
use super::keys::Keys;
use super::log::Logged;
use super::seal::Seal;
use crate::challenge::Challenge;
use crate::custody::{Captured, Event, Line};
use crate::findings::{CaptureFacts, Code, Finding, Progress};
use crate::record::{Item, Record};
use crate::{Sha256Digest, Timestamp};
use fieldseal_stamp::Der;
use fieldseal_tlog::note::Vkey;

/// What the captures are held against.
pub(crate) struct Around<'a> {
    pub bag: &'a BagCheck,
    pub seal: &'a Seal,
    pub keys: &'a Keys<'a>,
    pub device_keys: &'a [Vkey],
    pub logged: &'a Logged,
    /// The seen tokens that count, by the digests of their files.
    pub seen: &'a [(Sha256Digest, Timestamp)],
    pub record: Option<&'a Record>,
}

/// Judges heartbeats and challenge words. Gives what is known of each item, and how far heartbeats say that devices had got.
pub(crate) fn check(
    custody: &[Line],
    around: &Around<'_>,
    inputs: &Inputs<'_>,
    findings: &mut Vec<Finding>,
) -> (Vec<CaptureFacts>, Vec<Progress>) {
    let heartbeats = inputs.log.as_ref().map_or(&[][..], |log| log.heartbeats);
    let has_word = |line: &Line| {
        let context = line.fields.get("context");
        context.is_some_and(|context| context.get("challenge").is_some())
    };
    // Most packets have neither, and lines are not read a second time for nothing.
    if heartbeats.is_empty() && !custody.iter().any(has_word) {
        return Default::default();
    }
    let captured: BTreeMap<u64, Captured> = custody
        .iter()
        .filter_map(|line| match line.known() {
            Some(Event::Captured(captured)) => Some((captured.capture_seq, *captured)),
            _ => None,
        })
        .collect();
    let roots: &[Der] = inputs.trust.map_or(&[], |trust| trust.roots.as_slice());
    let links = captured
        .iter()
        .map(|(number, captured)| (*number, captured.link()))
        .collect();
    let against = Against {
        seal: around.seal,
        keys: around.keys,
        device_keys: around.device_keys,
        links: &links,
        logged: around.logged.checkpoint.as_ref(),
        roots,
    };
    let said = against.judge(heartbeats, findings);
    let facts = around.facts(&captured, &said, findings);
    (facts, said.progress)
}

impl Around<'_> {
    fn facts(
        &self,
        captured: &BTreeMap<u64, Captured>,
        said: &Said,
        findings: &mut Vec<Finding>,
    ) -> Vec<CaptureFacts> {
        let mut words: BTreeMap<u64, (&Challenge, Timestamp)> = BTreeMap::new();
        for (number, captured) in captured {
            if let Some(challenge) = &captured.context.challenge {
                let (code, after) = self.word(challenge);
                match after {
                    Some(after) => {
                        words.insert(*number, (challenge, after));
                    }
                    None => findings.extend(self.subjects(*number).map(|path| {
                        let finding = Finding::new(code).about(path);
                        finding.with(&challenge.word)
                    })),
                }
            }
        }
        let mut facts = Vec::new();
        let mut told = Vec::new();
        for item in self.record.iter().flat_map(|record| &record.items) {
            let number = item.capture_seq;
            let Some(captured) = captured.get(&number) else {
                continue;
            };
            let bound = said.bounds.get(&number).copied();
            // The bound is one of the bytes in hand.
            let bound =
                bound.filter(|_| self.bag.digests.get(&item.path) == Some(&captured.sha256));
            let word = words.get(&number).copied();
            if word.is_some() {
                told.push(number);
            }
            facts.extend(of_item(item, bound, word, findings));
        }
        // A word of a capture that the record does not name is told all the same.
        for (number, (challenge, after)) in words {
            if !told.contains(&number) {
                findings.push(matches(challenge, after).about(CUSTODY));
            }
        }
        facts
    }

    /// What is found of a word, and after when it was made where that is known.
    fn word(&self, challenge: &Challenge) -> (Code, Option<Timestamp>) {
        if !challenge.holds() {
            return (Code::ChallengeMismatch, None);
        }
        let named = &self.seal.body.seen_tsr;
        let token = named
            .iter()
            .find(|(_, digest)| *digest == challenge.token_sha256);
        let counts = |digest: &Sha256Digest| {
            let seen = self.seen.iter();
            seen.filter(|(other, _)| other == digest)
                .map(|(_, at)| *at)
                .max()
        };
        match token.and_then(|(_, digest)| counts(digest)) {
            Some(after) => (Code::ChallengeMatches, Some(after)),
            None => (Code::ChallengeUnproved, None),
        }
    }

    /// The paths of the record's items of this number, else the custody log.
    fn subjects(&self, number: u64) -> impl Iterator<Item = String> {
        let items = self.record.iter().flat_map(|record| &record.items);
        let mut paths: Vec<String> = items
            .filter(|item| item.capture_seq == number)
            .map(|item| item.path.clone())
            .collect();
        if paths.is_empty() {
            paths.push(CUSTODY.to_owned());
        }
        paths.into_iter()
    }
}

fn matches(challenge: &Challenge, after: Timestamp) -> Finding {
    let detail = format!("{}, {after}", challenge.word);
    Finding::new(Code::ChallengeMatches).with(detail)
}

/// One item's findings and facts; none when nothing is known of it.
fn of_item(
    item: &Item,
    bound: Option<Timestamp>,
    word: Option<(&Challenge, Timestamp)>,
    findings: &mut Vec<Finding>,
) -> Option<CaptureFacts> {
    if let (Some(before), Some((_, after))) = (bound, word)
        && after > before
    {
        let finding = Finding::new(Code::CaptureIntervalContradictory).about(&item.path);
        findings.push(finding.with(format!("{after}, {before}")));
        return None;
    }
    if let Some(before) = bound {
        let finding = Finding::new(Code::CaptureBounded).about(&item.path);
        findings.push(finding.with(before));
    }
    if let Some((challenge, after)) = word {
        findings.push(matches(challenge, after).about(&item.path));
    }
    (bound.is_some() || word.is_some()).then(|| CaptureFacts {
        path: item.path.clone(),
        captured_before: bound,
        challenge: word.map(|(challenge, after)| (challenge.word.clone(), after)),
    })
}
