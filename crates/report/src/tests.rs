use crate::layout::{HEIGHT, MARGIN, Mark, Page, WIDTH, pages};
use crate::typeface::Setter;
use crate::{Facts, Fonts, Language, MOST_PAGES, pdf, sample};

const BOTH: [Language; 2] = [Language::Zh, Language::En];

fn words(pages: &[Page]) -> String {
    let texts = pages.iter().flatten().filter_map(|mark| match mark {
        Mark::Text { text, .. } => Some(text.as_str()),
        _ => None,
    });
    texts.collect::<Vec<_>>().join("\n")
}

fn right(setter: &Setter<'_>, mark: &Mark) -> (f32, f32) {
    match mark {
        Mark::Text {
            x, y, size, text, ..
        } => (x + setter.width(text, *size), *y),
        Mark::Fill { x, y, w, h, .. } | Mark::Picture { x, y, w, h, .. } => (x + w, y + h),
        Mark::Code { x, y, side } => (x + side, y + side),
    }
}

fn laid_out(facts: &Facts) -> String {
    let fonts = Fonts::bundled();
    let setter = fonts.setter().unwrap();
    let pages = pages(facts, &setter);
    assert!(
        !pages.is_empty() && pages.len() <= MOST_PAGES,
        "{}",
        pages.len()
    );
    for mark in pages.iter().flatten() {
        let (x, y) = right(&setter, mark);
        assert!(
            x <= WIDTH - MARGIN + 0.5 && y <= HEIGHT - 20.0,
            "beyond the edge: {mark:?}"
        );
    }
    words(&pages)
}

#[test]
fn an_ordinary_packet_takes_two_pages_at_most_and_says_it_all() {
    for language in BOTH {
        for photos in [0, 1, 6, 12, 30] {
            let facts = sample::facts(language, photos, None);
            let text = laid_out(&facts);
            let unbroken = text.replace('\n', "");
            for must in [
                facts.packet.as_str(),
                "evidence.example.gov.cn/log",
                "陈喆",
                "09150456",
                "2026-11-23 09:41:27 UTC+8",
                "packet-01a20610-b158-7031-b233-343536373839.zip",
                "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
                "VERIFY.txt",
                "tsa-b",
            ] {
                assert!(
                    unbroken.contains(must),
                    "{photos} photos lack {must}:\n{text}"
                );
            }
            let number = format!("{photos} · ");
            assert!(photos == 0 || text.contains(&number), "item {photos}");
        }
    }
}

#[test]
fn what_is_not_proved_never_reads_as_failed() {
    let zh = laid_out(&sample::facts(Language::Zh, 3, None));
    assert!(
        zh.contains("封存的最早时间：未能证明")
            && zh.contains("入日志早于 2026-11-23 10:01:27.000 UTC+8")
    );
    assert!(zh.contains("未能证明 2 项 · 核验不符 0 项"));
    let en = laid_out(&sample::facts(Language::En, 3, None));
    assert!(en.contains("earliest time of the seal: not proved"));
    assert!(en.contains("Not proved does not mean failed."));
}

#[test]
fn a_step_of_the_administrator_says_whose_it_is() {
    for (language, step, must) in [
        (Language::Zh, "导出", "导出，系统管理员"),
        (Language::En, "exported", "exported, the administrator"),
    ] {
        let mut facts = sample::facts(language, 1, None);
        let nobody_else = Some(String::new());
        facts.custody.steps = vec![(0, nobody_else, step.to_owned())];
        let text = laid_out(&facts);
        assert!(text.contains(must), "{text}");
    }
}

#[test]
fn what_bounds_a_photo_is_told_apart_from_when_it_is_said_to_have_been_taken() {
    for (language, all, one, word, claim) in [
        (
            Language::Zh,
            "3 件（共 4 件）另有证明：不晚于 2026-11-23 09:42:27.280 UTC+8",
            "拍摄于 2026-11-23 09:42:27.260 UTC+8 之前（已证明）",
            "现场码：第 1 件 衣茶 PZF1，2026-11-23 08:41:27.500 UTC+8 以前无人能知道",
            "拍摄时刻本身是设备自报的",
        ),
        (
            Language::En,
            "of 3 items out of 4 it is proved that they were on the tablet no later than 2026-11-23 09:42:27.280 UTC+8",
            "taken before 2026-11-23 09:42:27.260 UTC+8 (proved)",
            "item 1 衣茶 PZF1, which nobody could know before 2026-11-23 08:41:27.500",
            "when they were taken is the device's word",
        ),
    ] {
        let text = laid_out(&sample::facts(language, 4, None));
        let flat = text.replace('\n', " ");
        let unbroken = flat.replace(' ', "");
        for must in [all, one, word, claim] {
            assert!(unbroken.contains(&must.replace(' ', "")), "{must}:\n{text}");
        }
        let bare = laid_out(&sample::bare(language)).replace(['\n', ' '], "");
        let none = crate::words::say(language, crate::words::NO_BOUND).replace(' ', "");
        assert!(bare.contains(&none), "{bare}");
    }
}

#[test]
fn too_much_of_everything_stays_on_two_pages_and_says_what_is_left_out() {
    for (language, items, findings) in [
        (Language::Zh, "见 data/record.json", "用 fieldseal verify"),
        (Language::En, "see data/record.json", "fieldseal verify or"),
    ] {
        let text = laid_out(&sample::overfull(language));
        assert!(text.contains(items) && text.contains(findings), "{text}");
    }
}

#[test]
fn a_packet_with_next_to_nothing_has_a_report_too() {
    for language in BOTH {
        let text = laid_out(&sample::bare(language));
        assert!(text.contains("VERIFY.txt"));
    }
}

#[test]
fn the_same_facts_are_the_same_bytes_and_other_facts_are_not() {
    let fonts = Fonts::bundled();
    let facts = sample::facts(Language::Zh, 6, None);
    let first = pdf(&facts, &fonts).unwrap();
    assert!(first.starts_with(b"%PDF-1.7"));
    assert_eq!(first, pdf(&facts.clone(), &Fonts::bundled()).unwrap());
    let mut later = facts;
    later.made_at += 1000;
    assert_ne!(first, pdf(&later, &fonts).unwrap());
}

#[test]
fn any_text_gives_a_document() {
    let fonts = Fonts::bundled();
    for text in [
        "",
        "\u{0}\u{feff}\u{fffe}",
        "\u{202e}abc\u{0301}",
        "😀🀄",
        "\u{e000}\u{10ffff}",
    ] {
        let mut facts = sample::facts(Language::En, 2, Some(text.as_bytes().to_vec()));
        facts.place = Some(text.to_owned());
        facts.packet = text.to_owned();
        facts.packet_digest = text.to_owned();
        facts.origin = text.to_owned();
        facts.items[0].sha256 = text.to_owned();
        facts.made_at = i64::MAX;
        if let Err(error) = pdf(&facts, &fonts) {
            panic!("{text:?}: {error:?}");
        }
    }
}
