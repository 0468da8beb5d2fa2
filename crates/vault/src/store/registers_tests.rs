use super::*;
use crate::db::Schema;

fn database(points: &[(&str, &str, (f64, f64))]) -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    Schema::REGISTERS.bring_up(&mut connection).unwrap();
    fill(&mut connection, points);
    connection
}

fn fill(connection: &mut Connection, points: &[(&str, &str, (f64, f64))]) {
    let tx = connection.transaction().unwrap();
    clear_points(&tx).unwrap();
    for (number, name, place) in points {
        let point = NewPoint {
            number,
            kind: Some("illegal-structure"),
            done: false,
            place: Some(*place),
            words: &[name],
            line: number,
        };
        add_point(&tx, &point).unwrap();
    }
    tx.commit().unwrap();
}

fn numbers(found: &[Found]) -> Vec<&str> {
    found.iter().map(|found| found.line.as_str()).collect()
}

const HERE: (f64, f64) = (31.2304, 121.4737);

#[test]
fn the_nearest_come_first_however_far_they_are() {
    let far: Vec<(String, (f64, f64))> = (0..200)
        .map(|n| {
            (
                format!("F{n}"),
                (HERE.0 + 0.3 + f64::from(n) * 1e-4, HERE.1),
            )
        })
        .collect();
    let mut points: Vec<(&str, &str, (f64, f64))> = far
        .iter()
        .map(|(number, place)| (number.as_str(), "", *place))
        .collect();
    points.extend([
        ("c", "", (HERE.0, HERE.1 + 0.005)),
        ("a", "", (HERE.0 + 0.0001, HERE.1)),
        ("b", "", (HERE.0 - 0.0005, HERE.1)),
    ]);
    let connection = database(&points);
    let near = nearest(&connection, HERE, None, 3).unwrap();
    assert_eq!(numbers(&near), ["a", "b", "c"]);
    let metres: Vec<i64> = near
        .iter()
        .map(|found| found.distance_m.unwrap().round() as i64)
        .collect();
    assert_eq!(metres, [11, 56, 475]);
    assert_eq!(
        numbers(&nearest(&connection, HERE, None, 4).unwrap())[3],
        "F0"
    );
    assert!(
        nearest(&connection, HERE, Some("billboard"), 3)
            .unwrap()
            .is_empty()
    );
    assert!(
        nearest(&connection, (60.0, 10.0), None, 3)
            .unwrap()
            .is_empty()
    );
}

/// Against looking at every point.
#[test]
fn nearest_agrees_with_a_look_at_all() {
    let mut state = 7_u64;
    let mut random = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as f64 / f64::from(1 << 31)
    };
    let all: Vec<(String, (f64, f64))> = (0..800)
        .map(|n| {
            (
                format!("{n}"),
                (31.0 + random() * 0.2, 121.3 + random() * 0.2),
            )
        })
        .collect();
    let points: Vec<(&str, &str, (f64, f64))> = all
        .iter()
        .map(|(n, place)| (n.as_str(), "", *place))
        .collect();
    let connection = database(&points);
    for _ in 0..40 {
        let from = (31.0 + random() * 0.25, 121.3 + random() * 0.25);
        let mut by_hand: Vec<(f64, &str)> = all
            .iter()
            .map(|(number, place)| (distance_m(from, *place), number.as_str()))
            .collect();
        by_hand.sort_by(|a, b| a.0.total_cmp(&b.0));
        let expected: Vec<&str> = by_hand.iter().take(3).map(|one| one.1).collect();
        let found = nearest(&connection, from, None, 3).unwrap();
        assert_eq!(numbers(&found), expected);
    }
}

#[test]
fn two_characters_find_a_point_and_so_does_its_number() {
    let connection = database(&[
        ("WJ-2021-0043", "虹桥路 128 弄某处", HERE),
        ("WJ-2021-0044", "天桥路", (HERE.0 + 0.01, HERE.1)),
        ("WJ-2021-00431", "𠮷祥里", (HERE.0 + 0.02, HERE.1)),
    ]);
    let look = |text: &str, from| search(&connection, text, from, (10, 100)).unwrap().0;
    assert_eq!(numbers(&look("虹桥", None)), ["WJ-2021-0043"]);
    assert_eq!(
        numbers(&look("桥路", None)),
        ["WJ-2021-0043", "WJ-2021-0044"]
    );
    assert_eq!(
        numbers(&look("桥路", Some((HERE.0 + 0.01, HERE.1)))),
        ["WJ-2021-0044", "WJ-2021-0043"]
    );
    assert_eq!(numbers(&look("桥", None)).len(), 2);
    assert_eq!(numbers(&look("里", None)), ["WJ-2021-00431"]);
    assert_eq!(numbers(&look("𠮷祥", None)), ["WJ-2021-00431"]);
    assert_eq!(numbers(&look("wj-2021-0043", None))[0], "WJ-2021-0043");
    assert_eq!(numbers(&look("桥路 128弄", None)), ["WJ-2021-0043"]);
    // Not across the end of one run and the beginning of the next.
    assert!(look("桥路弄", None).is_empty());
    assert!(look("\"", None).is_empty() && look("没有", None).is_empty());
    let (found, more) = search(&connection, "wj", None, (2, 100)).unwrap();
    assert_eq!((found.len(), more), (2, true));
}

#[test]
fn a_register_replaces_the_one_before_it() {
    let mut connection = database(&[("A", "甲路", HERE), ("B", "乙路", HERE)]);
    fill(&mut connection, &[("C", "丙路", HERE)]);
    assert_eq!(
        numbers(&nearest(&connection, HERE, None, 3).unwrap()),
        ["C"]
    );
    let (found, _) = search(&connection, "甲路", None, (9, 9)).unwrap();
    assert!(found.is_empty());
    assert!(point(&connection, "A").unwrap().is_none());
    assert!(point(&connection, "C").unwrap().is_some());
}

#[test]
fn a_view_shows_pins_or_how_many_there_are() {
    let mut connection = database(&[
        ("A", "", HERE),
        ("B", "", (HERE.0 + 0.001, HERE.1)),
        ("C", "", (HERE.0 + 1.0, HERE.1)),
    ]);
    let tx = connection.transaction().unwrap();
    clear_tickets(&tx).unwrap();
    for (number, point, due) in [("T1", "A", "2026-11-23"), ("T2", "B", "2026-11-24")] {
        let ticket = NewTicket {
            number,
            point: Some(point),
            due: Some(due),
            words: &["噪声"],
            line: number,
        };
        add_ticket(&tx, &ticket).unwrap();
    }
    tx.commit().unwrap();
    let bounds = Bounds {
        south: HERE.0 - 0.01,
        west: HERE.1 - 0.01,
        north: HERE.0 + 0.01,
        east: HERE.1 + 0.01,
    };
    let View::Pins(pins) = view(&connection, &bounds, "2026-11-23", 10).unwrap() else {
        panic!("two points are few");
    };
    let states: Vec<(&str, PinState)> = pins
        .iter()
        .map(|pin| (pin.number.as_str(), pin.state))
        .collect();
    assert_eq!(states, [("A", PinState::Today), ("B", PinState::Open)]);
    let View::Clusters(clusters) = view(&connection, &bounds, "2026-11-23", 1).unwrap() else {
        panic!("more than one");
    };
    assert_eq!(clusters.iter().map(|one| one.count).sum::<u32>(), 2);
    assert_eq!(tickets_due(&connection, "2026-11-23").unwrap(), 1);
    assert_eq!(tickets(&connection, None, 9).unwrap(), ["T1", "T2"]);
    assert_eq!(tickets_of(&connection, "B", 9).unwrap(), ["T2"]);
    assert_eq!(search_tickets(&connection, "噪声", 9).unwrap().len(), 2);
}
