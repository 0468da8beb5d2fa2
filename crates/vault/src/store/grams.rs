//! Words as pairs of characters, so that an index of whole words finds any two characters in a row: Chinese has no spaces, and
//! an index of three characters can't find two. `虹桥路` is kept as `虹桥 桥路 路`; the last character stands alone, so that
//! one character can be looked for as the beginning of a pair. A phrase of pairs is the text itself.

/// Characters of a question that are looked at.
const MOST_ASKED: usize = 64;

/// Runs of letters and digits, in lower case. Latin letters and digits are runs apart from Chinese: `128弄` and `128 弄` are
/// the same address.
fn runs(text: &str) -> Vec<Vec<char>> {
    let mut runs = Vec::new();
    let mut run = Vec::new();
    for one in text.chars().flat_map(char::to_lowercase) {
        let goes_on = run
            .last()
            .is_none_or(|last: &char| last.is_ascii() == one.is_ascii());
        if !(run.is_empty() || (one.is_alphanumeric() && goes_on)) {
            runs.push(std::mem::take(&mut run));
        }
        if one.is_alphanumeric() {
            run.push(one);
        }
    }
    if !run.is_empty() {
        runs.push(run);
    }
    runs
}

/// What is put into the index for a text.
pub(super) fn indexed(text: &str) -> String {
    let mut grams = String::with_capacity(text.len() * 2);
    for run in runs(text) {
        for (n, one) in run.iter().enumerate() {
            grams.push(*one);
            grams.extend(run.get(n + 1));
            grams.push(' ');
        }
    }
    grams
}

/// The index's question for what somebody typed: all of its runs must occur. None: nothing in it can be looked for.
pub(super) fn asked(text: &str) -> Option<String> {
    let head: String = text.chars().take(MOST_ASKED).collect();
    let phrases: Vec<String> = runs(&head)
        .into_iter()
        .map(|run| match run.as_slice() {
            [one] => format!("\"{one}\" *"),
            run => {
                let pairs: Vec<String> = run.windows(2).map(|pair| pair.iter().collect()).collect();
                format!("\"{}\"", pairs.join(" "))
            }
        })
        .collect();
    (!phrases.is_empty()).then(|| phrases.join(" AND "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_pairs() {
        assert_eq!(indexed("虹桥路12-3"), "虹桥 桥路 路 12 2 3 ");
        assert_eq!(indexed("A-1"), "a 1 ");
        assert_eq!(indexed("·，"), "");
    }

    #[test]
    fn questions_hold_no_syntax() {
        assert_eq!(asked("虹桥路"), Some("\"虹桥 桥路\"".to_owned()));
        assert_eq!(asked("路"), Some("\"路\" *".to_owned()));
        assert_eq!(
            asked("\"虹桥\" OR x* (y:"),
            Some("\"虹桥\" AND \"or\" AND \"x\" * AND \"y\" *".to_owned())
        );
        assert_eq!(asked(" -*\"() "), None);
    }
}
