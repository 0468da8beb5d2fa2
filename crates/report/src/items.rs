//! The items with their small pictures and digests, in the largest of four forms in which all of them fit; in the smallest, as many as fit and how many more
//! there are.

use crate::facts::{Facts, Item};
use crate::layout::{Flow, Ink, MARGIN, MEASURE, Mark};
use crate::questions::{bound, moment};
use crate::words::{self, fill, say};

/// How items are set.
struct Form {
    columns: usize,
    height: f32,
    picture: (f32, f32),
    size: f32,
    /// Lines that the digest is spread over; 0: its first 16 characters alone.
    digest_lines: usize,
}

const FORMS: [Form; 4] = [
    Form {
        columns: 1,
        height: 99.0,
        picture: (124.0, 93.0),
        size: 8.2,
        digest_lines: 1,
    },
    Form {
        columns: 1,
        height: 47.0,
        picture: (56.0, 42.0),
        size: 7.6,
        digest_lines: 1,
    },
    Form {
        columns: 2,
        height: 43.0,
        picture: (50.0, 38.0),
        size: 6.6,
        digest_lines: 2,
    },
    Form {
        columns: 3,
        height: 35.0,
        picture: (41.0, 31.0),
        size: 6.0,
        digest_lines: 0,
    },
];

impl Form {
    /// How many fit into this height.
    fn fits(&self, height: f32) -> usize {
        let mut rows = 0;
        let mut used = self.height;
        while used <= height {
            rows += 1;
            used += self.height;
        }
        rows * self.columns
    }
}

const HEADING: f32 = 22.0;

/// Sets them, on this page or on the next.
pub(crate) fn table(flow: &mut Flow<'_>, facts: &Facts) {
    if facts.items.is_empty() {
        return;
    }
    let count = facts.items.len();
    // Full rows here if they all fit; on a new page if there is one; smaller forms only when there is no more room to be had.
    if FORMS[1].fits(flow.room() - HEADING) < count && flow.may_turn() {
        flow.turn();
    }
    let room = flow.room() - HEADING;
    let form = FORMS.iter().find(|form| form.fits(room) >= count);
    let (form, shown) = match form {
        Some(form) => (form, count),
        None => {
            let last = &FORMS[FORMS.len() - 1];
            // One line is kept for saying how many more there are.
            (last, last.fits(room - 12.0).min(count))
        }
    };
    let language = facts.language;
    let title = fill(language, words::ITEMS, &[&count.to_string()]);
    flow.heading(&title);
    #[expect(clippy::cast_precision_loss, reason = "at most three columns")]
    let width = MEASURE / form.columns as f32;
    for (row, items) in facts.items[..shown].chunks(form.columns).enumerate() {
        let top = flow.y + 3.0;
        let mut x = MARGIN;
        for (column, item) in items.iter().enumerate() {
            let index = row * form.columns + column;
            cell(flow, facts, form, (x, top, width - 8.0), (index, item));
            x += width;
        }
        flow.y += form.height;
    }
    if shown < count {
        let more = fill(language, words::MORE_ITEMS, &[&(count - shown).to_string()]);
        flow.y += 10.0;
        flow.text(MARGIN, flow.y, 7.6, Ink::Grey, more);
    }
}

/// Left, top, width.
type Place = (f32, f32, f32);

fn cell(
    flow: &mut Flow<'_>,
    facts: &Facts,
    form: &Form,
    (x, top, width): Place,
    (index, item): (usize, &Item),
) {
    let (w, h) = form.picture;
    if item.thumbnail.is_some() {
        flow.mark(Mark::Picture {
            x,
            y: top,
            w,
            h,
            item: index,
        });
    } else {
        flow.mark(Mark::Fill {
            x,
            y: top,
            w,
            h,
            ink: Ink::Pale,
        });
        let word = say(facts.language, words::NO_PICTURE);
        let side = flow.setter.width(word, form.size);
        flow.text(
            x + (w - side) / 2.0,
            top + h / 2.0 + 2.0,
            form.size,
            Ink::Grey,
            word,
        );
    }
    let left = x + w + 6.0;
    let width = width - w - 6.0;
    let leading = form.size * 1.34;
    let mut y = top + form.size;
    for (ink, line) in lines(flow, facts, form, width, item) {
        flow.text(left, y, form.size, ink, line);
        y += leading;
    }
}

fn lines(
    flow: &Flow<'_>,
    facts: &Facts,
    form: &Form,
    width: f32,
    item: &Item,
) -> Vec<(Ink, String)> {
    let language = facts.language;
    let mut first = vec![item.number.to_string()];
    first.extend(item.shot.clone());
    let at = item
        .captured_at
        .map_or("-".to_owned(), |at| moment(facts, at));
    let sequence = fill(language, words::SEQUENCE, &[&item.capture_seq.to_string()]);
    let accuracy = item.accuracy_m.map(|accuracy| format!("±{accuracy:.0} m"));
    let size = format!("{} B", item.size);
    let voided = item.voided.as_ref().map(|reason| {
        let word = say(language, words::VOIDED);
        format!("{word}{}{reason}", say(language, words::COLON))
    });
    let one = |text: &str| flow.setter.one_line(text, form.size, width);
    let mut out = Vec::new();
    if form.digest_lines == 1 {
        first.push(at);
        first.push(sequence);
        first.extend(accuracy);
        out.push((Ink::Black, one(&first.join(" · "))));
        let before = item.captured_before.map(|at| {
            let text = fill(language, words::ITEM_BEFORE, &[&bound(facts, at)]);
            format!("{text} · ")
        });
        let before = before.unwrap_or_default();
        let second = format!("{before}{} · {size}", item.media_type);
        out.push((Ink::Grey, one(&second)));
        out.push((Ink::Black, one(&format!("sha256 {}", item.sha256))));
        out.extend(voided.map(|text| (Ink::Red, one(&text))));
        return out;
    }
    // Where there is little room, why an item is void matters more than its capture's number.
    first.push(at);
    out.push((Ink::Black, one(&first.join(" · "))));
    let mut second = vec![sequence];
    second.extend(accuracy);
    second.push(size);
    out.push(voided.map_or_else(
        || (Ink::Grey, one(&second.join(" · "))),
        |text| (Ink::Red, one(&text)),
    ));
    if form.digest_lines == 0 {
        let short = item.sha256.get(..16).unwrap_or("");
        out.push((Ink::Black, one(&format!("sha256 {short}…"))));
    } else {
        for start in [0, 32] {
            let part = item.sha256.get(start..start + 32).unwrap_or("");
            out.push((Ink::Black, one(part)));
        }
    }
    out
}
