//! From facts to pages: a list of marks a page, two pages at most. What could grow without end has a limit of lines of its own, so that the answers and the
//! findings always fit on a page and a half; the items get what is left, in the largest form in which all of them fit.

use crate::facts::{Facts, Verdict};
use crate::items;
use crate::questions::{self, answers};
use crate::typeface::Setter;
use crate::words::{self, fill, say};
use crate::{Language, MOST_PAGES};

/// A4 in points.
pub(crate) const WIDTH: f32 = 595.28;
/// A4 in points.
pub(crate) const HEIGHT: f32 = 841.89;
/// Left and right.
pub(crate) const MARGIN: f32 = 42.0;
const TOP: f32 = 40.0;
const BOTTOM: f32 = HEIGHT - 46.0;
/// Width of what is set.
pub(crate) const MEASURE: f32 = WIDTH - 2.0 * MARGIN;

const BODY: f32 = 8.2;
const LEADING: f32 = 11.4;
const SMALL: f32 = 6.8;
const CODE: f32 = 78.0;
/// Where an answer's text begins, after its label.
fn label_width(language: Language) -> f32 {
    match language {
        Language::Zh => 52.0,
        Language::En => 62.0,
    }
}
/// Findings that are written out.
const FINDINGS: usize = 9;
/// Described facts that are written out, two a line.
const FIELDS: usize = 10;

/// A colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    Black,
    Grey,
    Rule,
    Pale,
    Green,
    Amber,
    Red,
}

/// Something on a page. Coordinates in points from the top left; text by its base line.
#[derive(Debug, Clone)]
pub(crate) enum Mark {
    Text {
        x: f32,
        y: f32,
        size: f32,
        ink: Ink,
        text: String,
    },
    Fill {
        x: f32,
        y: f32,
        w: f32,
        h: f32,
        ink: Ink,
    },
    /// The thumbnail of the item with this index, as large as it fits.
    Picture {
        x: f32,
        y: f32,
        w: f32,
        h: f32,
        item: usize,
    },
    /// The QR of the packet digest.
    Code { x: f32, y: f32, side: f32 },
}

/// A page's marks.
pub(crate) type Page = Vec<Mark>;

/// Fills pages from the top.
pub(crate) struct Flow<'a> {
    pub setter: &'a Setter<'a>,
    pub language: Language,
    pages: Vec<Page>,
    pub y: f32,
}

impl Flow<'_> {
    /// Height left on this page.
    pub fn room(&self) -> f32 {
        BOTTOM - self.y
    }

    /// Whether there may be one more page.
    pub fn may_turn(&self) -> bool {
        self.pages.len() < MOST_PAGES
    }

    /// Begins a new page.
    pub fn turn(&mut self) {
        self.pages.push(Page::new());
        self.y = TOP;
    }

    /// Begins a new page if this one has not so much room; false when there is none left.
    pub fn need(&mut self, height: f32) -> bool {
        if self.room() >= height {
            return true;
        }
        if self.may_turn() {
            self.turn();
        }
        self.room() >= height
    }

    pub fn mark(&mut self, mark: Mark) {
        if let Some(page) = self.pages.last_mut() {
            page.push(mark);
        }
    }

    pub fn text(&mut self, x: f32, y: f32, size: f32, ink: Ink, text: impl Into<String>) {
        let text = text.into();
        if !text.is_empty() {
            self.mark(Mark::Text {
                x,
                y,
                size,
                ink,
                text,
            });
        }
    }

    /// Lines of running text across the page; false when they did not fit.
    fn paragraph(&mut self, x: f32, size: f32, ink: Ink, text: &str, most: usize) -> bool {
        let leading = size * 1.39;
        let lines = self.setter.lines(text, size, WIDTH - MARGIN - x, most);
        for line in lines {
            if !self.need(leading) {
                return false;
            }
            self.y += leading;
            self.text(x, self.y - leading * 0.26, size, ink, line);
        }
        true
    }

    /// A heading with a rule above it; takes a page of its own when fewer than two lines would follow it.
    pub fn heading(&mut self, text: &str) -> bool {
        if !self.need(18.0 + 2.0 * LEADING) {
            return false;
        }
        self.y += 5.0;
        self.mark(Mark::Fill {
            x: MARGIN,
            y: self.y,
            w: MEASURE,
            h: 0.6,
            ink: Ink::Rule,
        });
        self.y += 12.5;
        let text = self.setter.one_line(text, 9.6, MEASURE);
        self.text(MARGIN, self.y, 9.6, Ink::Black, text);
        self.y += 2.5;
        true
    }
}

/// The pages of a report.
pub(crate) fn pages(facts: &Facts, setter: &Setter<'_>) -> Vec<Page> {
    let mut flow = Flow {
        setter,
        language: facts.language,
        pages: Vec::new(),
        y: 0.0,
    };
    flow.turn();
    head(&mut flow, facts);
    verdict(&mut flow, facts);
    for (heading, (answers, under)) in words::QUESTIONS.into_iter().zip(answers(facts)) {
        flow.heading(say(facts.language, heading));
        for answer in answers {
            labelled(&mut flow, answer.label, &answer.text, answer.most);
        }
        if let Some(under) = under {
            flow.paragraph(
                MARGIN + label_width(facts.language),
                SMALL,
                Ink::Grey,
                under,
                2,
            );
        }
    }
    findings(&mut flow, facts);
    described(&mut flow, facts);
    items::table(&mut flow, facts);
    let mut pages = flow.pages;
    feet(&mut pages, facts, setter);
    pages
}

fn head(flow: &mut Flow<'_>, facts: &Facts) {
    let language = facts.language;
    let text_width = MEASURE - CODE - 16.0;
    flow.mark(Mark::Code {
        x: WIDTH - MARGIN - CODE,
        y: TOP - 4.0,
        side: CODE,
    });
    let mut y = TOP + 16.0;
    flow.text(MARGIN, y, 18.0, Ink::Black, say(language, words::TITLE));
    y += 13.0;
    for line in flow
        .setter
        .lines(say(language, words::UNDER_TITLE), SMALL, text_width, 2)
    {
        flow.text(MARGIN, y, SMALL, Ink::Grey, line);
        y += 9.0;
    }
    y += 4.0;
    let rows = [
        (words::PACKET, Some(facts.packet.as_str())),
        (words::KIND, Some(facts.kind.as_str())),
        (words::PLACE, facts.place.as_deref()),
        (words::DEPLOYMENT, Some(facts.origin.as_str())),
    ];
    for (label, value) in rows {
        let Some(value) = value.filter(|value| !value.is_empty()) else {
            continue;
        };
        flow.text(MARGIN, y, BODY, Ink::Grey, say(language, label));
        let x = MARGIN + label_width(language);
        let width = text_width - label_width(language);
        for line in flow.setter.lines(value, BODY, width, 2) {
            flow.text(x, y, BODY, Ink::Black, line);
            y += LEADING;
        }
    }
    // Under the code: what it says, in groups that can be read aloud.
    let (x, mut below) = (WIDTH - MARGIN - CODE, TOP + CODE + 4.0);
    flow.text(x, below, SMALL, Ink::Grey, say(language, words::QR));
    for start in (0..64).step_by(32) {
        below += 7.6;
        let part = facts.packet_digest.get(start..start + 32).unwrap_or("");
        let fits = 4.5 * CODE / flow.setter.width(part, 4.5).max(1.0);
        flow.text(x, below, fits.min(4.5), Ink::Black, part);
    }
    flow.y = y.max(below + 4.0) - 2.0;
}

fn verdict(flow: &mut Flow<'_>, facts: &Facts) {
    let language = facts.language;
    let ink = match facts.verdict {
        Verdict::Verified => Ink::Green,
        Verdict::NotProved => Ink::Amber,
        Verdict::Failed => Ink::Red,
    };
    let (word, sentence) = words::verdict(facts.verdict);
    let failed = facts
        .findings
        .iter()
        .filter(|finding| finding.failed)
        .count();
    let open = facts.findings.len() - failed;
    let counts = fill(
        language,
        words::COUNTS,
        &[
            &facts.ok.to_string(),
            &open.to_string(),
            &failed.to_string(),
        ],
    );
    let inner = MEASURE - 22.0;
    let mut lines = flow.setter.lines(say(language, sentence), BODY, inner, 2);
    if let Some(reason) = &facts.given_up {
        let given_up = fill(language, words::GIVEN_UP, &[reason]);
        lines.extend(flow.setter.lines(&given_up, BODY, inner, 2));
    }
    #[expect(clippy::cast_precision_loss, reason = "at most four lines")]
    let height = 23.0 + lines.len() as f32 * LEADING;
    flow.mark(Mark::Fill {
        x: MARGIN,
        y: flow.y,
        w: MEASURE,
        h: height,
        ink: Ink::Pale,
    });
    flow.mark(Mark::Fill {
        x: MARGIN,
        y: flow.y,
        w: 4.0,
        h: height,
        ink,
    });
    let mut y = flow.y + 15.0;
    flow.text(MARGIN + 12.0, y, 11.0, ink, say(language, word));
    let width = flow.setter.width(&counts, BODY);
    flow.text(WIDTH - MARGIN - 10.0 - width, y, BODY, Ink::Black, counts);
    for line in lines {
        y += LEADING;
        flow.text(MARGIN + 12.0, y, BODY, Ink::Black, line);
    }
    flow.y += height + 2.0;
}

fn labelled(flow: &mut Flow<'_>, label: &str, text: &str, most: usize) {
    let x = MARGIN + label_width(flow.language);
    let lines = flow.setter.lines(text, BODY, WIDTH - MARGIN - x, most);
    for (index, line) in lines.into_iter().enumerate() {
        if !flow.need(LEADING) {
            return;
        }
        flow.y += LEADING;
        let base = flow.y - 2.8;
        if index == 0 {
            flow.text(MARGIN, base, BODY, Ink::Grey, label);
        }
        flow.text(x, base, BODY, Ink::Black, line);
    }
}

fn findings(flow: &mut Flow<'_>, facts: &Facts) {
    if facts.findings.is_empty() || !flow.heading(say(facts.language, words::FINDINGS)) {
        return;
    }
    let shown = if facts.findings.len() > FINDINGS {
        FINDINGS - 1
    } else {
        FINDINGS
    };
    for finding in facts.findings.iter().take(shown) {
        let ink = if finding.failed { Ink::Red } else { Ink::Amber };
        let lines = flow.setter.lines(&finding.text, BODY, MEASURE - 12.0, 2);
        for (index, line) in lines.into_iter().enumerate() {
            if !flow.need(LEADING) {
                return;
            }
            flow.y += LEADING;
            let base = flow.y - 2.8;
            if index == 0 {
                flow.mark(Mark::Fill {
                    x: MARGIN + 1.0,
                    y: base - 5.0,
                    w: 4.0,
                    h: 4.0,
                    ink,
                });
            }
            flow.text(MARGIN + 12.0, base, BODY, Ink::Black, line);
        }
    }
    if facts.findings.len() > shown {
        let more = (facts.findings.len() - shown).to_string();
        let text = fill(facts.language, words::MORE_FINDINGS, &[&more]);
        flow.paragraph(MARGIN + 12.0, BODY, Ink::Grey, &text, 1);
    }
}

fn described(flow: &mut Flow<'_>, facts: &Facts) {
    if facts.fields.is_empty() || !flow.heading(say(facts.language, words::FACTS)) {
        return;
    }
    let column = MEASURE / 2.0;
    let colon = say(facts.language, words::COLON);
    let count = facts.fields.len();
    let shown = if count > FIELDS { FIELDS - 1 } else { FIELDS };
    let mut texts: Vec<String> = facts
        .fields
        .iter()
        .take(shown)
        .map(|(label, value)| format!("{label}{colon}{value}"))
        .collect();
    if count > shown {
        let more = (count - shown).to_string();
        texts.push(fill(facts.language, words::MORE_ITEMS, &[&more]));
    }
    for pair in texts.chunks(2) {
        if !flow.need(LEADING) {
            return;
        }
        flow.y += LEADING;
        for (text, x) in pair.iter().zip([MARGIN, MARGIN + column]) {
            let line = flow.setter.one_line(text, BODY, column - 8.0);
            flow.text(x, flow.y - 2.8, BODY, Ink::Black, line);
        }
    }
}

fn feet(pages: &mut [Page], facts: &Facts, setter: &Setter<'_>) {
    let total = pages.len().to_string();
    for (page, number) in pages.iter_mut().zip(1..) {
        let y = HEIGHT - 26.0;
        page.push(Mark::Fill {
            x: MARGIN,
            y: y - 11.0,
            w: MEASURE,
            h: 0.4,
            ink: Ink::Rule,
        });
        let place = fill(
            facts.language,
            words::PAGE,
            &[&i32::to_string(&number), &total],
        );
        let right = WIDTH - MARGIN - setter.width(&place, SMALL);
        let left = format!(
            "{}  ·  {}  ·  sha256 {}…",
            facts.packet,
            questions::moment(facts, facts.made_at),
            facts.packet_digest.get(..16).unwrap_or("")
        );
        for (x, text) in [
            (MARGIN, setter.one_line(&left, SMALL, right - MARGIN - 12.0)),
            (right, place),
        ] {
            page.push(Mark::Text {
                x,
                y,
                size: SMALL,
                ink: Ink::Grey,
                text,
            });
        }
    }
}
