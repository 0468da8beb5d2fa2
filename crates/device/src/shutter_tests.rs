use super::*;

fn claims(at: i64, boot: &str, boot_ms: u64) -> Claims {
    Claims {
        at: Timestamp::from_millis(at),
        zone: "Etc/UTC".to_owned(),
        boot: Boot {
            id: boot.to_owned(),
            ms: boot_ms,
        },
        contact: None,
        place: None,
        no_fix_reason: None,
        challenge: None,
    }
}

#[test]
fn a_mark_counts_for_a_minute_of_its_own_boot_and_never_after_the_arrival() {
    let mut marks = Marks::default();
    marks.put("tap".to_owned(), claims(10_000, "b", 5_000));
    let counts = |at, boot: &str, boot_ms| {
        marks
            .get("tap", &claims(at, boot, boot_ms))
            .is_some_and(|found| found.at.as_millis() == 10_000 && found.boot.ms == 5_000)
    };
    assert!(counts(10_000, "b", 5_000), "at once");
    assert!(counts(70_000, "b", 65_000), "after a minute");
    assert!(!counts(70_001, "b", 65_001), "a millisecond more");
    assert!(!counts(12_000, "other", 7_000), "after a restart");
    assert!(!counts(9_999, "b", 7_000), "a clock that was set back");
    assert!(!counts(12_000, "b", 4_999), "a boot clock that ran back");
    assert!(marks.get("another", &claims(10_000, "b", 5_000)).is_none());
}

#[test]
fn marks_do_not_pile_up_and_the_last_of_one_name_counts() {
    let mut marks = Marks::default();
    for n in 0..1000 {
        marks.put(format!("tap {n}"), claims(n, "b", 1));
    }
    assert_eq!(marks.0.len(), MOST);
    marks.put("tap 999".to_owned(), claims(2_000, "b", 2));
    let found = marks.get("tap 999", &claims(3_000, "b", 3));
    assert_eq!(found.map(|found| found.at.as_millis()), Some(2_000));
}
