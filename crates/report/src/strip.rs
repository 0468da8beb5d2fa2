//! The strip below a stamped copy 水印: time, place, officers, packet code and a QR of the packet digest, as grey pixels. What it says is what was handed
//! over, each claim marked as one; the picture above it is not touched.

use qrcode::{Color, EcLevel, QrCode};

use crate::facts::Language;
use crate::questions::moment_at;
use crate::raster::Canvas;
use crate::typeface::{Fonts, Setter};
use crate::words::{self, fill, say};

/// A picture narrower than this carries no strip that could be read, pixels.
pub const NARROWEST: u32 = 480;
/// A picture wider than this is none of ours, pixels.
const WIDEST: u32 = 4096;
/// Lines of one paragraph at most.
const MOST_LINES: usize = 3;
/// Light modules around the code.
const QUIET: usize = 4;

/// What a strip says.
#[derive(Clone)]
pub struct Stamp {
    /// Whose words.
    pub language: Language,
    /// Minutes east of UTC in which times are shown.
    pub utc_offset_minutes: i32,
    /// By the device, milliseconds since 1970.
    pub captured_at: i64,
    /// As written, if it was.
    pub place: Option<String>,
    /// By the device: latitude, longitude, accuracy in metres.
    pub fix: Option<(String, String, f64)>,
    /// Name and badge number, lead first.
    pub officers: Vec<(String, String)>,
    /// As it is called.
    pub team: Option<String>,
    /// The packet's id.
    pub packet: String,
    /// The item's number in it.
    pub number: u32,
    /// Of the original, hex.
    pub parent_sha256: String,
    /// sha256 of `packet.seal`, hex: the verifying code.
    pub packet_digest: String,
    /// Who had it made; empty for the administrator.
    pub by: String,
    /// By the server's clock, milliseconds since 1970.
    pub made_at: i64,
}

/// Grey pixels, row by row.
#[derive(Clone, PartialEq, Eq)]
pub struct StripPixels {
    /// As asked for.
    pub width: u32,
    /// As much as the text takes.
    pub height: u32,
    /// One byte each, white is 255.
    pub grey: Vec<u8>,
}

impl std::fmt::Debug for StripPixels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StripPixels {} by {}", self.width, self.height)
    }
}

impl Stamp {
    /// Its paragraphs, from the top.
    pub fn paragraphs(&self) -> Vec<String> {
        let with = |pair, values: &[&str]| fill(self.language, pair, values);
        let officers: Vec<String> = self
            .officers
            .iter()
            .map(|(name, badge)| with(words::STAMP_OFFICER, &[name, badge]))
            .chain(self.team.clone())
            .collect();
        let fix = self.fix.as_ref().map(|(latitude, longitude, accuracy_m)| {
            let accuracy = format!("{accuracy_m:.0}");
            with(words::STAMP_FIX, &[latitude, longitude, &accuracy])
        });
        let fix = fix.unwrap_or_else(|| say(self.language, words::STAMP_NO_FIX).to_owned());
        let by = match self.by.as_str() {
            "" => say(self.language, words::STAMP_ADMIN),
            by => by,
        };
        let time = |millis| moment_at(self.utc_offset_minutes, millis);
        let mut paragraphs = vec![with(words::STAMP_TIME, &[&time(self.captured_at)])];
        paragraphs.extend(
            self.place
                .as_ref()
                .map(|place| with(words::STAMP_PLACE, &[place])),
        );
        paragraphs.push(fix);
        if !officers.is_empty() {
            let officers = officers.join(say(self.language, words::STAMP_BETWEEN));
            paragraphs.push(with(words::STAMP_OFFICERS, &[&officers]));
        }
        paragraphs.extend([
            with(
                words::STAMP_PACKET,
                &[&self.packet, &format!("{:04}", self.number)],
            ),
            with(words::STAMP_PARENT, &[&self.parent_sha256]),
            with(words::STAMP_CODE, &[&self.packet_digest]),
            with(words::STAMP_MADE, &[&time(self.made_at), by]),
        ]);
        paragraphs
    }

    /// The strip at this width; none if the picture is too narrow, or the font can't be read.
    pub fn strip(&self, width: u32, fonts: &Fonts) -> Option<StripPixels> {
        if !(NARROWEST..=WIDEST).contains(&width) {
            return None;
        }
        let setter = fonts.setter()?;
        let qr = QrCode::with_error_correction_level(self.packet_digest.as_bytes(), EcLevel::M);
        let plan = Plan::new(usize::try_from(width).ok()?, qr.ok()?);
        let size = plan.size;
        let room = plan.text_width();
        let lines: Vec<String> = self
            .paragraphs()
            .iter()
            .flat_map(|text| setter.lines(text, size, room, MOST_LINES))
            .collect();
        let height =
            (plan.line * lines.len() + 2 * plan.margin).max(plan.code_side() + plan.margin);
        let mut canvas = Canvas::new(plan.width, height);
        // So that strip and picture are told apart on a white wall as well.
        canvas.rect(0, 0, plan.width, 2);
        for (number, line) in lines.iter().enumerate() {
            let top = plan.margin + number * plan.line;
            setter.draw(&mut canvas, line, size, (plan.margin, top), plan.line);
        }
        plan.code(&mut canvas);
        Some(StripPixels {
            width,
            height: u32::try_from(height).ok()?,
            grey: canvas.grey,
        })
    }
}

/// Sizes in pixels.
struct Plan {
    width: usize,
    /// Of the type.
    size: f32,
    /// From one line to the next.
    line: usize,
    margin: usize,
    /// Of a module of the code.
    cell: usize,
    qr: QrCode,
}

impl Plan {
    fn new(width: usize, qr: QrCode) -> Self {
        let type_size = (width / 60).clamp(13, 28);
        #[expect(clippy::cast_precision_loss, reason = "at most 28")]
        let size = type_size as f32;
        Self {
            width,
            size,
            line: type_size * 3 / 2,
            margin: type_size / 2,
            cell: (width / 300).clamp(3, 6),
            qr,
        }
    }

    fn code_side(&self) -> usize {
        (self.qr.width() + 2 * QUIET) * self.cell
    }

    fn text_width(&self) -> f32 {
        let taken = self.code_side() + 2 * self.margin;
        #[expect(clippy::cast_precision_loss, reason = "at most 4096")]
        let room = self.width.saturating_sub(taken) as f32;
        room
    }

    fn code(&self, canvas: &mut Canvas) {
        let left = self.width - self.code_side();
        for row in 0..self.qr.width() {
            for column in 0..self.qr.width() {
                if self.qr[(column, row)] == Color::Dark {
                    let x = left + (column + QUIET) * self.cell;
                    canvas.rect(x, (row + QUIET) * self.cell, self.cell, self.cell);
                }
            }
        }
    }
}

impl Setter<'_> {
    /// Draws a clean line, the top left corner of its line box at this pixel.
    fn draw(
        &self,
        canvas: &mut Canvas,
        line: &str,
        size: f32,
        (left, top): (usize, usize),
        line_height: usize,
    ) {
        #[expect(clippy::cast_precision_loss, reason = "pixels of a picture")]
        let mut x = left as f32;
        for sort in line.chars().filter_map(|character| self.sort(character)) {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "within the canvas"
            )]
            let column = x as usize;
            let pen = self.pen(&sort, size, x.fract(), line_height);
            canvas.ink(&pen, column, top);
            x += sort.width * size;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn stamp() -> Stamp {
        Stamp {
            language: Language::Zh,
            utc_offset_minutes: 480,
            captured_at: 1_795_398_087_000,
            place: Some("示例路 1 号 3 层".to_owned()),
            fix: Some(("31.20000".to_owned(), "121.40000".to_owned(), 4.2)),
            officers: vec![
                ("甲".to_owned(), "0000001".to_owned()),
                ("乙".to_owned(), "0000002".to_owned()),
            ],
            team: Some("一中队".to_owned()),
            packet: "01a20610-b158-7031-b233-343536373839".to_owned(),
            number: 1,
            parent_sha256: "e1".repeat(32),
            packet_digest: "cf".repeat(32),
            by: "zhou".to_owned(),
            made_at: 1_795_484_487_000,
        }
    }

    /// Whether these pixels of the code are what the code of this text has.
    fn reads_as(strip: &StripPixels, text: &str) -> bool {
        let qr = QrCode::with_error_correction_level(text.as_bytes(), EcLevel::M).unwrap();
        let plan = Plan::new(strip.width as usize, qr);
        let left = plan.width - plan.code_side();
        let at = |column: usize, row: usize| {
            let x = left + (column + QUIET) * plan.cell + plan.cell / 2;
            let y = (row + QUIET) * plan.cell + plan.cell / 2;
            strip.grey[y * plan.width + x]
        };
        (0..plan.qr.width()).all(|row| {
            (0..plan.qr.width()).all(|column| {
                let dark = plan.qr[(column, row)] == Color::Dark;
                at(column, row) == if dark { 0 } else { 255 }
            })
        })
    }

    #[test]
    fn a_strip_has_text_and_the_code_of_the_packet_digest() {
        for width in [NARROWEST, 900, 1600] {
            let stamp = stamp();
            let strip = stamp.strip(width, &Fonts::bundled()).unwrap();
            assert_eq!(strip.grey.len(), (width * strip.height) as usize);
            assert!(reads_as(&strip, &stamp.packet_digest), "{width}");
            assert!(!reads_as(&strip, &stamp.parent_sha256));
            let dark = |y: u32| {
                let from = (y * width) as usize;
                strip.grey[from..from + width as usize / 3]
                    .iter()
                    .filter(|grey| **grey < 128)
                    .count()
            };
            let inked = (4..strip.height).filter(|y| dark(*y) > 0).count();
            assert!(
                inked > strip.height as usize / 4,
                "{inked} of {}",
                strip.height
            );
        }
    }

    #[test]
    fn too_narrow_and_too_wide_get_none() {
        for width in [0, NARROWEST - 1, WIDEST + 1] {
            assert!(stamp().strip(width, &Fonts::bundled()).is_none());
        }
    }

    #[test]
    fn claims_are_marked_as_claims_in_both_languages() {
        let mut stamp = stamp();
        let text = stamp.paragraphs().join("\n");
        for part in ["设备自报", "示例路 1 号", "甲", "0000002", "±4", "0001"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        stamp.language = Language::En;
        stamp.fix = None;
        stamp.by = String::new();
        let text = stamp.paragraphs().join("\n");
        for part in [
            "as the device",
            "no position",
            "original has no stamp",
            "administrator",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn a_name_of_a_thousand_signs_does_not_make_a_strip_without_end() {
        let mut stamp = stamp();
        stamp.place = Some("长".repeat(5000));
        stamp.officers[0].0 = "\u{202e}<b>&".repeat(900);
        let strip = stamp.strip(480, &Fonts::bundled()).unwrap();
        assert!(strip.height < 1000, "{strip:?}");
    }
}
