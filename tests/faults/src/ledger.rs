//! What was acknowledged, noted by the parent the moment it heard it. Nothing here comes from the tablet's or the
//! server's own files.

use std::collections::{BTreeMap, BTreeSet};

/// Everything that was acknowledged so far.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    /// Captures: number → sha256 of the bytes as they came.
    pub saved: BTreeMap<u64, String>,
    /// Sealed packets: id → packet digest.
    pub sealed: BTreeMap<String, String>,
    /// Packets that the tablet called safe: id → leaf.
    pub safe: BTreeMap<String, u64>,
    /// Packets whose originals the tablet says it has given back.
    pub freed: BTreeSet<String>,
    /// Every leaf that was ever seen in the log, in order.
    pub leaves: Vec<Vec<u8>>,
    /// What contradicts itself already in what was said.
    pub contradictions: Vec<String>,
}

impl Ledger {
    /// Notes a line of the child; `false` when it acknowledges nothing. A line that was cut off acknowledges nothing.
    pub fn note(&mut self, line: &str) -> bool {
        let Some(line) = line.strip_suffix('\n') else {
            return false;
        };
        let mut words = line.split(' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some("saved"), Some(seq), Some(sha256), None) => {
                let Ok(seq) = seq.parse() else { return false };
                self.saved(seq, sha256);
            }
            (Some("sealed"), Some(id), Some(digest), None) => self.sealed(id, digest),
            (Some("safe"), Some(id), Some(leaf), None) => {
                let Ok(leaf) = leaf.parse() else { return false };
                self.safe(id, leaf);
            }
            (Some("freed"), Some(id), None, None) => {
                self.freed.insert(id.to_owned());
            }
            _ => return false,
        }
        true
    }

    /// A capture was acknowledged.
    pub fn saved(&mut self, capture_seq: u64, sha256: &str) {
        if let Some(other) = self.saved.insert(capture_seq, sha256.to_owned())
            && other != sha256
        {
            self.contradictions
                .push(format!("capture number {capture_seq} was given twice"));
        }
    }

    /// A packet was sealed.
    pub fn sealed(&mut self, id: &str, digest: &str) {
        if let Some(other) = self.sealed.insert(id.to_owned(), digest.to_owned())
            && other != digest
        {
            self.contradictions
                .push(format!("packet {id} was sealed twice, differently"));
        }
    }

    /// A packet was called safe.
    pub fn safe(&mut self, id: &str, leaf: u64) {
        if let Some(other) = self.safe.insert(id.to_owned(), leaf)
            && other != leaf
        {
            self.contradictions
                .push(format!("packet {id} is under two leaves"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Ledger;

    #[test]
    fn whole_lines_count_and_others_do_not() {
        let mut ledger = Ledger::default();
        assert!(ledger.note("saved 1 aa\n"));
        assert!(!ledger.note("saved 2 b"), "cut off: nobody heard it");
        assert!(!ledger.note("saved x bb\n"));
        assert!(!ledger.note("hello\n"));
        assert!(ledger.note("sealed p d\n"));
        assert!(ledger.note("safe p 4\n"));
        assert!(ledger.note("freed p\n"));
        assert_eq!((ledger.saved.len(), ledger.safe["p"]), (1, 4));
    }

    #[test]
    fn a_number_given_twice_is_a_contradiction() {
        let mut ledger = Ledger::default();
        ledger.saved(1, "aa");
        ledger.saved(1, "aa");
        assert!(ledger.contradictions.is_empty());
        ledger.saved(1, "bb");
        ledger.sealed("p", "d");
        ledger.sealed("p", "e");
        ledger.safe("p", 1);
        ledger.safe("p", 2);
        assert_eq!(ledger.contradictions.len(), 3);
    }
}
