//! How many tests a runner says it ran: the closing lines of cargo test, vitest, node's test runner, and of our own.

use std::ops::AddAssign;

/// Tests that passed, failed and were not run.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    pub passed: u64,
    pub failed: u64,
    pub skipped: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// Sums every closing line among a stage's output.
pub fn sum(lines: &[String]) -> Counts {
    let mut total = Counts::default();
    for line in lines {
        total += of_line(&without_colour(line));
    }
    total
}

fn of_line(line: &str) -> Counts {
    let line = line.trim();
    if let Some(rest) = line.strip_prefix("test result: ") {
        // "ok. 5 passed; 0 failed; 1 ignored; …"
        return numbered(rest, &[';', '.']);
    }
    if let Some(rest) = line.strip_prefix("Tests ") {
        // vitest: "Tests  1 failed | 4 passed (5)"
        return numbered(rest, &['|']);
    }
    // Our own runners (faults, audit): "3 passed, 0 failed, 1 skipped", alone on a line.
    if line.split(", ").count() >= 2 && line.split(", ").all(is_count) {
        return numbered(line, &[',']);
    }
    // node --test: "# pass 5" and "ℹ pass 5", one number a line; nested files do not repeat them.
    let Some(rest) = line.strip_prefix("# ").or_else(|| line.strip_prefix("ℹ ")) else {
        return Counts::default();
    };
    let mut words = rest.split_whitespace();
    let (Some(word), Some(Ok(number)), None) =
        (words.next(), words.next().map(str::parse), words.next())
    else {
        return Counts::default();
    };
    match word {
        "pass" => Counts {
            passed: number,
            ..Counts::default()
        },
        "fail" | "cancelled" => Counts {
            failed: number,
            ..Counts::default()
        },
        "skipped" | "todo" => Counts {
            skipped: number,
            ..Counts::default()
        },
        _ => Counts::default(),
    }
}

/// "3 passed", and nothing else.
fn is_count(part: &str) -> bool {
    part.split_once(' ').is_some_and(|(number, word)| {
        number.parse::<u64>().is_ok() && matches!(word, "passed" | "failed" | "skipped")
    })
}

/// "<number> <word>" parts, whatever lies between them.
fn numbered(text: &str, separators: &[char]) -> Counts {
    let mut counts = Counts::default();
    for part in text.split(separators) {
        let mut words = part.split_whitespace();
        let (Some(Ok(number)), Some(word)) = (words.next().map(str::parse::<u64>), words.next())
        else {
            continue;
        };
        match word {
            "passed" => counts.passed += number,
            "failed" => counts.failed += number,
            "ignored" | "skipped" | "todo" => counts.skipped += number,
            _ => {}
        }
    }
    counts
}

/// Runners colour their lines even into a pipe when they believe in the terminal behind it.
fn without_colour(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find('\u{1b}') {
        plain.push_str(&rest[..at]);
        rest = rest[at..].split_once('m').map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> (u64, u64, u64) {
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let Counts {
            passed,
            failed,
            skipped,
        } = sum(&lines);
        (passed, failed, skipped)
    }

    #[test]
    fn our_own_closing_line() {
        assert_eq!(of("3 passed, 0 failed, 1 skipped"), (3, 0, 1));
        assert_eq!(of("12 passed, 2 failed"), (12, 2, 0));
        assert_eq!(
            of("said: 3 passed, 0 failed\n3 passed, 0 failed, so far"),
            (0, 0, 0)
        );
    }

    #[test]
    fn cargo_test() {
        let text = "running 3 tests\ntest a ... ok\n\n\
            test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
            test result: FAILED. 4 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.20s\n";
        assert_eq!(of(text), (6, 2, 1));
    }

    #[test]
    fn vitest_in_colour() {
        assert_eq!(
            of(" Test Files  2 passed (2)\n      Tests  9 passed (9)\n"),
            (9, 0, 0)
        );
        assert_eq!(
            of(
                "\u{1b}[2m      Tests \u{1b}[22m \u{1b}[31m1 failed\u{1b}[39m | \u{1b}[32m4 passed\u{1b}[39m (5)"
            ),
            (4, 1, 0)
        );
    }

    #[test]
    fn node_test() {
        assert_eq!(
            of("# tests 4\n# pass 2\n# fail 1\n# cancelled 1\n# skipped 1\n# duration_ms 12"),
            (2, 2, 1)
        );
        assert_eq!(of("ℹ tests 1\nℹ pass 1\nℹ fail 0"), (1, 0, 0));
    }

    #[test]
    fn other_lines_count_nothing() {
        assert_eq!(
            of("# pass the parcel\n12 passed\nTests\ntest result: ?\n# pass -1"),
            (0, 0, 0)
        );
    }
}
