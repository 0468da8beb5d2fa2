//! `docs/spec/findings.md` lists exactly the codes of the program. `UPDATE_DOCS=1` writes its table.

use fieldseal_packet::findings::{Code, Language, Level};
use std::path::PathBuf;

const START: &str = "<!-- made from crates/packet/src/findings.rs -->\n";

fn table() -> String {
    let mut text = String::new();
    for (level, title) in [
        (Level::Failed, "failed: checked and wrong"),
        (
            Level::NotProved,
            "not-proved: what would prove it is absent",
        ),
        (Level::Ok, "ok: checked and right"),
        (Level::Info, "info: reported, never counts"),
    ] {
        text.push_str(&format!(
            "\n### {title}\n\n| code | 中文 | English |\n|---|---|---|\n"
        ));
        for code in Code::ALL.iter().filter(|code| code.level() == level) {
            let (zh, en) = (code.template(Language::Zh), code.template(Language::En));
            text.push_str(&format!("| `{}` | {zh} | {en} |\n", code.word()));
        }
    }
    text
}

#[test]
fn the_specification_lists_every_code() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/spec/findings.md");
    let text = std::fs::read_to_string(&path).expect("docs/spec/findings.md is there");
    let (head, found) = text.split_once(START).expect("the table's mark is there");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, format!("{head}{START}{}", table())).expect("written");
    } else {
        assert!(found == table(), "run with UPDATE_DOCS=1");
    }
}
