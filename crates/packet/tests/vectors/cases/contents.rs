//! Packets sealed in good faith whose contents contradict one another.

use super::*;

pub(super) fn contents(c: &mut Cases) {
    c.content(
        "record-other-packet",
        "The record is of another packet.",
        &["record-packet-mismatch"],
        |content| {
            content.record["packet"] = json!(PacketId::from_parts(at(5), b"abcdefghij"));
        },
    );
    c.content(
        "record-other-digest",
        "The record gives another digest for a photo.",
        &["record-item-mismatch", "custody-item-mismatch"],
        |content| {
            content.record["items"][0]["sha256"] = json!(Sha256Digest::of(b"other"));
        },
    );
    c.content(
        "record-item-forgotten",
        "The record leaves a photo out.",
        &["record-item-mismatch", "custody-item-mismatch"],
        |content| {
            content.record["items"].as_array_mut().unwrap().pop();
        },
    );
    c.content(
        "record-item-twice",
        "The record names a photo twice.",
        &["record-item-mismatch", "custody-item-mismatch"],
        |content| {
            let first = content.record["items"][0].clone();
            content.record["items"].as_array_mut().unwrap().push(first);
        },
    );
    c.content(
        "record-unknown-major",
        "The record's schema is of a later major version: not proved.",
        &["schema-unknown"],
        |content| {
            content.record["schema"] = json!("record/2");
        },
    );
    c.content(
        "record-unknown-field",
        "The record has a field that this version does not know: kept.",
        &[],
        |content| {
            content.record["later"] = json!({"a": 1});
        },
    );
    c.content(
        "form-other-kind",
        "The form is of another kind.",
        &["record-malformed"],
        |content| {
            content.form["kind"] = json!("group-rental");
        },
    );
    type Change = fn(&mut Content);
    let disagreements: [(&str, &str, Change); 6] = [
        (
            "record-other-time",
            "The record gives another time for a photo than the custody log.",
            |content| {
                content.record["items"][0]["captured_at"] = json!(at(-1_000_000));
            },
        ),
        (
            "record-other-media-type",
            "The record gives another media type than the custody log.",
            |content| {
                content.record["items"][0]["media_type"] = json!("image/png");
            },
        ),
        (
            "record-void-not-in-custody",
            "The record voids a photo, the custody log does not.",
            |content| {
                content.record["items"][0]["voided"] = json!("blurred");
            },
        ),
        (
            "record-other-party",
            "The record says something else of the party than the custody log.",
            |content| {
                content.record["party"] = json!({"presence": "present"});
            },
        ),
        (
            "record-void-without-giving-up",
            "The record is of kind void, the custody log knows of no giving up.",
            |content| {
                content.record["kind"] = json!("void");
            },
        ),
        (
            "record-place-of-no-capture",
            "The record gives a position that no capture had.",
            |content| {
                let mut fix = serde_json::to_value(context(10).fix).unwrap();
                fix["latitude"] = json!("30.00000");
                content.record["where"]["fix"] = fix;
            },
        ),
    ];
    for (name, what, change) in disagreements {
        c.content(name, what, &["record-custody-mismatch"], change);
    }
    c.content(
        "custody-other-item",
        "The custody log captured other bytes.",
        &["custody-item-mismatch", "capture-chain-broken"],
        |content| {
            if let Event::Captured(captured) = &mut content.events[1].1 {
                captured.sha256 = Sha256Digest::of(b"other");
            }
        },
    );
    c.content(
        "custody-capture-chain",
        "A capture does not follow the one before.",
        &["capture-chain-broken"],
        |content| {
            if let Event::Captured(captured) = &mut content.events[2].1 {
                captured.capture_prev = Sha256Digest::of(b"other");
            }
        },
    );
    c.content(
        "custody-closed-other-count",
        "The line that closes the custody log counts another number of items.",
        &["seal-captures-mismatch"],
        |content| {
            if let Some((_, Event::Closed { items, .. })) = content.events.last_mut() {
                *items = 3;
            }
        },
    );
    c.content(
        "custody-not-closed",
        "The custody log does not end with closed.",
        &["custody-not-closed"],
        |content| {
            content.events.pop();
        },
    );
    c.content(
        "custody-not-opened",
        "The custody log does not begin with opened.",
        &["custody-not-closed"],
        |content| {
            content.events.remove(0);
        },
    );
    c.content(
        "custody-closed-twice",
        "A closed log goes on without being reopened.",
        &["custody-not-closed"],
        |content| {
            let closed = content.events.last().unwrap().clone();
            content.events.push(closed);
        },
    );
    c.content(
        "custody-reopened",
        "A log that was closed, reopened and closed.",
        &[],
        |content| {
            let closed = content.events.last().unwrap().clone();
            content.events.push((
                closed.0.clone(),
                Event::Reopened {
                    voided: vec![officer_key(1).vkey().name().to_owned()],
                },
            ));
            content.events.push(closed);
        },
    );
    let custody = |c: &mut Cases, name, what, more: &[&str], change: &dyn Fn(String) -> String| {
        let content = Content::new();
        let changed = change(String::from_utf8(content.custody()).unwrap()).into_bytes();
        c.add(
            name,
            what,
            true,
            ALONE,
            more,
            zip(&sealed(content.bag_with_custody(changed))),
        );
    };
    custody(
        c,
        "custody-chain-broken",
        "A line of the custody log was changed before the seal.",
        &["custody-chain-broken", "record-custody-mismatch"],
        &|text| text.replacen("\"presence\":\"refused\"", "\"presence\":\"present\"", 1),
    );
    custody(
        c,
        "custody-line-removed",
        "A line of the custody log was removed before the seal.",
        &["custody-chain-broken", "record-custody-mismatch"],
        &|text| {
            text.split_inclusive('\n')
                .filter(|line| !line.contains("\"party\""))
                .collect()
        },
    );
    custody(
        c,
        "custody-not-json",
        "A line of the custody log is not JSON.",
        &[
            "custody-malformed",
            "custody-chain-broken",
            "record-custody-mismatch",
        ],
        &|text| text.replacen("\"event\":\"party\"", "\"event\":party", 1),
    );
    custody(
        c,
        "custody-truncated",
        "The custody log's last line has no end.",
        &["custody-malformed"],
        &|mut text| {
            text.pop();
            text
        },
    );
    custody(
        c,
        "custody-unknown-event",
        "The custody log has an event that this version does not know: kept.",
        &[],
        &|text| {
            rechained(text.replacen("{\"n\":4,", "{\"n\":4,\"prev\":\"\",\"at\":\"2026-11-23T01:42:00.000Z\",\"boot_id\":\"4f2c9a1e-0000-4000-8000-000000000001\",\"boot_ms\":93000,\"event\":\"later\"}\n{\"n\":4,", 1))
        },
    );
    custody(
        c,
        "custody-known-event-malformed",
        "An event that this version knows lacks a field.",
        &["custody-malformed", "record-custody-mismatch"],
        &|text| rechained(text.replacen("\"presence\":\"refused\"", "\"other\":1", 1)),
    );
    let raw_record = |c: &mut Cases, name, what, more: &[&str], from: &str, to: &str| {
        let content = Content::new();
        let mut payload = content.bag();
        let changed = replace_in(&payload["data/record.json"], from, to);
        payload.insert("data/record.json".to_owned(), changed);
        let (payload, tags): (Files, Files) = payload
            .into_iter()
            .filter(|(path, _)| path.contains('/'))
            .partition(|(path, _)| path.starts_with("data/"));
        c.add(
            name,
            what,
            true,
            ALONE,
            more,
            zip(&sealed(manifests(payload, tags.into_iter().collect()))),
        );
    };
    raw_record(
        c,
        "record-duplicate-key",
        "The record has a key twice.",
        &["record-malformed"],
        "\"facts\":",
        "\"facts\":{},\"facts\":",
    );
    raw_record(
        c,
        "record-not-json",
        "The record is not JSON.",
        &["record-malformed"],
        "\"facts\":",
        "facts:",
    );
    raw_record(
        c,
        "record-wrong-type",
        "A field of the record has another type.",
        &["record-malformed"],
        "\"size\":18",
        "\"size\":\"18\"",
    );
}

/// Numbers and chains the lines anew.
fn rechained(text: String) -> String {
    let mut head = Head::START;
    let mut out = String::new();
    for line in text.lines() {
        let (_, rest) = line.split_once("\"prev\":\"").unwrap();
        let (_, rest) = rest.split_once('"').unwrap();
        let line = format!("{{\"n\":{},\"prev\":\"{}\"{rest}\n", head.n + 1, head.prev);
        head = Head {
            n: head.n + 1,
            prev: Sha256Digest::of(line.as_bytes()),
        };
        out.push_str(&line);
    }
    out
}
