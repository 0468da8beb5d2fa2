//! Small translations between the database's words and the wire's.

use fieldseal_packet::form::Label;
use fieldseal_wire::console::{Decision, Text};

use crate::store::StoreError;

/// A decision's word.
pub const fn decision_word(decision: Decision) -> &'static str {
    match decision {
        Decision::Accepted => "accepted",
        Decision::Returned => "returned",
        Decision::Refused => "refused",
        Decision::LegalReview => "legal-review",
    }
}

/// A decision by its word.
pub fn decision_of(word: &str) -> Result<Decision, StoreError> {
    match word {
        "accepted" => Ok(Decision::Accepted),
        "returned" => Ok(Decision::Returned),
        "refused" => Ok(Decision::Refused),
        "legal-review" => Ok(Decision::LegalReview),
        _ => Err(StoreError::Malformed("decision")),
    }
}

/// A form's label.
pub fn label(label: &Label) -> Text {
    Text {
        zh: label.zh.clone(),
        en: label.en.clone(),
    }
}

/// The same words in both languages.
pub fn same(text: impl Into<String>) -> Text {
    let text = text.into();
    Text {
        zh: text.clone(),
        en: text,
    }
}

/// Two fixed words.
pub fn both(zh: impl Into<String>, en: impl Into<String>) -> Text {
    Text {
        zh: zh.into(),
        en: en.into(),
    }
}
