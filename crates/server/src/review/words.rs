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

/// How a party refused: the tablet's codes in words, anything else as it was written.
pub fn refusal(note: &str) -> Text {
    match note {
        "informed-refused" => both("已告知，拒绝签名", "Informed, refused to sign"),
        "refused-left" => both("拒绝并离开", "Refused and left"),
        "other" => both("其他", "Other"),
        _ => same(note),
    }
}

/// The label of a fact that all kinds have, and that no form names.
pub fn reserved(id: &str) -> Option<Text> {
    Some(match id {
        "address" => both("地址", "address"),
        "floor" => both("楼层", "floor"),
        "unit" => both("室号", "unit"),
        "point" => both("点位编号", "point"),
        "ticket" => both("诉件编号", "ticket"),
        "campaign" => both("专项", "campaign"),
        "item_code" => both("事项编码", "item code"),
        "note" => both("备注", "note"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_said_in_words_and_words_stay() {
        assert_eq!(refusal("refused-left").zh, "拒绝并离开");
        assert_eq!(refusal("骂了几句"), same("骂了几句"));
        assert_eq!(reserved("item_code"), Some(both("事项编码", "item code")));
        assert_eq!(reserved("storeys"), None);
    }
}
