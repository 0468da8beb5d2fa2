//! What strace wrote: which calls there were, and which of them met a fault.

use std::collections::BTreeMap;
use std::path::Path;

/// One call in a log of strace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Which thread.
    pub thread: String,
    /// System call.
    pub name: String,
    /// How manieth of its name in its thread, from 1.
    pub number: u64,
    /// The rest of the line: arguments, with the paths of files.
    pub rest: String,
}

/// The calls that met the fault, of a log that [`start`] wrote: each with what it was at.
pub fn strikes(log: &[u8]) -> Vec<String> {
    let log = String::from_utf8_lossy(log);
    let mut begun: BTreeMap<&str, &str> = BTreeMap::new();
    let mut strikes = Vec::new();
    for line in log.lines() {
        let Some((thread, rest)) = line.trim_start().split_once(' ') else {
            continue;
        };
        if rest.contains(" <unfinished ...>") {
            begun.insert(thread, rest);
        } else if rest.contains("(INJECTED)") {
            let whole = match rest.trim_start().strip_prefix("<... ") {
                Some(_) => begun.get(thread).copied().unwrap_or_default(),
                None => rest,
            };
            strikes.push(whole.trim_start().to_owned());
        }
    }
    strikes
}

/// Whether a call is at something in this folder.
pub fn is_at(call: &str, folder: &Path) -> bool {
    call.contains(&*folder.to_string_lossy())
}

/// Reads a log that [`start`] wrote.
pub fn calls(log: &str) -> Vec<Call> {
    let mut counts: BTreeMap<(String, String), u64> = BTreeMap::new();
    let mut calls = Vec::new();
    for line in log.lines() {
        let Some((thread, rest)) = line.trim_start().split_once(' ') else {
            continue;
        };
        let Some((name, rest)) = rest.trim_start().split_once('(') else {
            continue;
        };
        let is_name = |name: &str| {
            !name.is_empty()
                && name
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        };
        if !thread.bytes().all(|b| b.is_ascii_digit()) || !is_name(name) {
            continue;
        }
        let number = counts
            .entry((thread.to_owned(), name.to_owned()))
            .or_default();
        *number += 1;
        calls.push(Call {
            thread: thread.to_owned(),
            name: name.to_owned(),
            number: *number,
            rest: rest.to_owned(),
        });
    }
    calls
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_by_thread_and_name() {
        let log = "12 write(1</x>, \"a\", 1) = 1\n\
            12 fsync(3</x> <unfinished ...>\n\
            13 write(1</x>, \"b\", 1) = 1\n\
            12 <... fsync resumed>) = 0\n\
            12 write(1</x>, \"c\", 1) = 1\n\
            12 +++ exited with 0 +++\n\
            12 --- SIGCHLD {si_signo=SIGCHLD} ---\n";
        let counted: Vec<(String, String, u64)> = calls(log)
            .into_iter()
            .map(|call| (call.thread, call.name, call.number))
            .collect();
        let wanted = [
            ("12", "write", 1),
            ("12", "fsync", 1),
            ("13", "write", 1),
            ("12", "write", 2),
        ];
        let wanted: Vec<(String, String, u64)> = wanted
            .into_iter()
            .map(|(thread, name, number)| (thread.to_owned(), name.to_owned(), number))
            .collect();
        assert_eq!(counted, wanted);
    }

    #[test]
    fn what_was_struck_is_told_with_what_it_was_at() {
        let log = b"12 write(4</site/a>, \"\"..., 8) = 8\n\
            12 write(5<anon_inode:[eventfd]>, \"\"..., 8) = -1 EIO (Input/output error) (INJECTED)\n\
            13 fsync(3</site/x> <unfinished ...>\n\
            14 fsync(3</other/x> <unfinished ...>\n\
            13 <... fsync resumed>) = -1 EIO (Input/output error) (INJECTED)\n\
            14 <... fsync resumed>) = 0\n";
        let strikes = strikes(log);
        let at_site: Vec<bool> = strikes
            .iter()
            .map(|strike| is_at(strike, Path::new("/site")))
            .collect();
        assert_eq!(at_site, [false, true], "{strikes:?}");
    }
}
