//! What reviewers decided, as the server told this tablet: stored with the packet's job, oldest first.

use fieldseal_wire::console::Decision;
use fieldseal_wire::device::DecisionNotice;
use serde_json::Value;

/// Reads what was stored; what this version can't read is left out.
pub(crate) fn read(stored: &[Value]) -> Vec<DecisionNotice> {
    let mut notices: Vec<DecisionNotice> = stored
        .iter()
        .filter_map(|value| serde_json::from_value(value.clone()).ok())
        .collect();
    notices.sort_by(|a, b| a.decided_at.cmp(&b.decided_at));
    // Told again with another day to answer by, it is the same decision; the last word holds.
    notices.dedup_by(|later, first| {
        let same = (
            &later.decision,
            &later.decided_at,
            &later.reviewer,
            &later.reason,
        ) == (
            &first.decision,
            &first.decided_at,
            &first.reviewer,
            &first.reason,
        );
        if same {
            first.answer_by = later.answer_by.take();
        }
        same
    });
    notices
}

/// The newest.
pub(crate) fn latest(stored: &[Value]) -> Option<DecisionNotice> {
    read(stored).pop()
}

/// Whether nothing more is to be expected. A packet at legal review is still to be decided.
pub(crate) fn is_final(stored: &[Value]) -> bool {
    latest(stored).is_some_and(|notice| notice.decision != Decision::LegalReview)
}

/// The packet's state after it.
pub(crate) fn word(decision: Decision) -> &'static str {
    match decision {
        Decision::Accepted => "accepted",
        Decision::Returned => "returned",
        Decision::Refused => "refused",
        Decision::LegalReview => "legal-review",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn another_day_to_answer_by_makes_no_second_decision() {
        let told = |answer_by: Option<&str>| json!({"decision": "returned", "reason": "r", "decided_at": "2026-11-01T00:00:00.000Z", "reviewer": null, "answer_by": answer_by});
        let read = read(&[told(None), told(Some("2026-11-04T00:00:00.000Z"))]);
        assert_eq!(read.len(), 1);
        assert_eq!(
            read[0].answer_by.as_deref(),
            Some("2026-11-04T00:00:00.000Z")
        );
    }

    #[test]
    fn legal_review_is_not_the_end() {
        let at = |decision: &str, day: u8| json!({"decision": decision, "reason": null, "decided_at": format!("2026-11-{day:02}T00:00:00.000Z"), "reviewer": null});
        assert!(!is_final(&[]));
        assert!(!is_final(&[at("legal-review", 1)]));
        assert!(is_final(&[at("returned", 2), at("legal-review", 1)]));
        assert!(!is_final(&[json!({"decision": "unheard-of"})]));
    }
}
