//! Words in two languages, from columns for languages or from plain ones.

use serde_json::{Value, json};

use crate::problem::Problems;
use crate::sheets::{Row, Sheet, Workbook};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Language {
    Chinese,
    English,
}

fn language(name: &str) -> Option<Language> {
    let name = name.trim().to_lowercase();
    let code = name
        .rsplit_once('(')
        .and_then(|(_, code)| code.strip_suffix(')'))
        .unwrap_or(&name)
        .trim();
    let tag = code.split(['-', '_']).next().unwrap_or_default();
    if tag == "zh" || name.contains("中文") || name.starts_with("chinese") {
        Some(Language::Chinese)
    } else if tag == "en" || name.starts_with("english") {
        Some(Language::English)
    } else {
        None
    }
}

/// What columns without a language are in.
pub(crate) struct Languages {
    default: Option<Language>,
}

impl Languages {
    pub fn of(workbook: &Workbook) -> Self {
        let row = workbook
            .sheet("settings")
            .and_then(|sheet| sheet.rows.first());
        Self {
            default: row
                .and_then(|row| row.text("default_language"))
                .and_then(language),
        }
    }

    /// `{"zh", "en"}` of a column and its languages; none where the row has none of them.
    pub fn label(
        &self,
        sheet: &Sheet,
        row: &Row,
        base: &str,
        problems: &mut Problems,
    ) -> Option<Value> {
        let (mut chinese, mut english, mut plain) = (None, None, None);
        for cell in &row.cells {
            let column = &sheet.columns[cell.column];
            if column.base != base {
                continue;
            }
            let text = cell.text.clone();
            if text.contains("${") {
                problems.loss(
                    &sheet.name,
                    row.number,
                    &column.head,
                    "a value within words is not filled in",
                );
            }
            match column.language.as_deref().map(language) {
                None => plain = Some(text),
                Some(Some(Language::Chinese)) => chinese = Some(text),
                Some(Some(Language::English)) => english = Some(text),
                Some(None) => {
                    problems.loss(
                        &sheet.name,
                        row.number,
                        &column.head,
                        "forms are in Chinese and English",
                    );
                }
            }
        }
        match self.default {
            Some(Language::Chinese) if chinese.is_none() => chinese = plain.take(),
            Some(Language::English) if english.is_none() => english = plain.take(),
            _ => {}
        }
        let both = plain.as_ref().or(chinese.as_ref()).or(english.as_ref())?;
        let missing = match (&chinese, &english, &plain) {
            (None, Some(_), _) => "no Chinese words: others stand in their place",
            (Some(_), None, _) => "no English words: others stand in their place",
            (None, None, _) => "words of no language stand for both",
            _ => "",
        };
        if !missing.is_empty() {
            problems.remark(&sheet.name, row.number, base, missing);
        }
        let chinese_or = chinese.as_ref().unwrap_or(both);
        Some(json!({"zh": chinese_or, "en": english.as_ref().unwrap_or(both)}))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_known_by_code_and_by_name() {
        for name in ["中文 (zh)", "Chinese (zh-Hans)", "zh_CN", "中文", "Chinese"] {
            assert_eq!(language(name), Some(Language::Chinese), "{name}");
        }
        for name in ["English (en)", "en-GB", "English"] {
            assert_eq!(language(name), Some(Language::English), "{name}");
        }
        assert_eq!(language("Français (fr)"), None);
        assert_eq!(language(""), None);
    }
}
