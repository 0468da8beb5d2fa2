//! The party's drawing: an item, and what record and custody log say of it.

use super::*;
use fieldseal_packet::record::{Label, PARTY_DRAWING};

const PATH: &str = "data/items/0002.png";

/// The party draws: the second item is theirs.
fn draw(content: &mut Content) {
    let bytes = b"\x89PNG\r\n\x1a\n a drawing".to_vec();
    let (sha256, size) = (Sha256Digest::of(&bytes), bytes.len() as u64);
    content.items[1] = (PATH.to_owned(), bytes);
    if let (_, Event::Captured(captured)) = &mut content.events[2] {
        captured.sha256 = sha256;
        captured.size = size;
        captured.media_type = "image/png".to_owned();
        captured.shot = None;
        captured.context.source = PARTY_DRAWING.to_owned();
    }
    if let (_, Event::Party { presence, .. }) = &mut content.events[3] {
        *presence = "present".to_owned();
    }
    content.record["party"] = json!({"presence": "present", "name": "丙", "drawing": PATH});
    let item = &mut content.record["items"][1];
    item["path"] = json!(PATH);
    item["sha256"] = json!(sha256);
    item["size"] = json!(size);
    item["media_type"] = json!("image/png");
    item["kind"] = json!(PARTY_DRAWING);
    item["label"] = json!(Label::of_party_drawing());
    item.as_object_mut().unwrap().remove("shot");
}

pub(super) fn drawings(c: &mut Cases) {
    c.content(
        "good-party-drawing",
        "The party signed on the screen: the drawing is an item.",
        &[],
        draw,
    );
    c.expect(&["party-drawing"], (None, None));
    type Change = fn(&mut Content);
    let cases: [(&str, &str, &str, Change); 5] = [
        (
            "party-drawing-unnamed",
            "There is a drawing, but the record's party does not name it.",
            "record-item-mismatch",
            |content| content.record["party"] = json!({"presence": "present"}),
        ),
        (
            "party-drawing-photo-named",
            "The record's party names a photo as the drawing, too.",
            "record-item-mismatch",
            |content| {
                content.record["party"]["drawing"] = json!("data/items/0001.jpg");
                content.record["items"][1]["kind"] = json!("something-else");
                if let (_, Event::Captured(captured)) = &mut content.events[2] {
                    captured.context.source = "camera".to_owned();
                }
            },
        ),
        (
            "party-drawing-by-camera",
            "The record calls a photo of the camera the party's drawing.",
            "record-custody-mismatch",
            |content| {
                if let (_, Event::Captured(captured)) = &mut content.events[2] {
                    captured.context.source = "camera".to_owned();
                }
            },
        ),
        (
            "party-drawing-passed-off",
            "The custody log says that the item was drawn; the record passes it off as a photo.",
            "record-custody-mismatch",
            |content| {
                content.record["party"] = json!({"presence": "present"});
                let item = content.record["items"][1].as_object_mut().unwrap();
                item.remove("kind");
            },
        ),
        (
            "party-drawing-label-malformed",
            "The drawing's label is no pair of texts.",
            "record-malformed",
            |content| content.record["items"][1]["label"] = json!("a drawing"),
        ),
    ];
    for (name, what, code, change) in cases {
        c.content(name, what, &[code], |content| {
            draw(content);
            change(content);
        });
    }
    c.content(
        "party-drawing-voided",
        "The drawing was voided: the party names none.",
        &[],
        |content| {
            draw(content);
            content.record["party"] = json!({"presence": "present"});
            content.record["items"][1]["voided"] = json!("again");
            let meta = content.events[3].0.clone();
            let voided = Event::Voided {
                capture_seq: 4,
                reason: "again".to_owned(),
            };
            content.events.insert(3, (meta, voided));
        },
    );
}
