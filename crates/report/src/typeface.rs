//! Fonts: which has a glyph for a character, how wide text is, and where a line may end. No shaping: Chinese and English set in one weight need none.

use std::sync::{Arc, OnceLock};

use krilla::text::Font;
use skrifa::charmap::Charmap;
use skrifa::instance::{LocationRef, Size};
use skrifa::metrics::GlyphMetrics;
use skrifa::outline::{DrawSettings, OutlineGlyphCollection};
use skrifa::{FontRef, GlyphId, MetadataProvider as _};

use crate::raster::Pen;

/// The font that every report is set in.
static BUNDLED: &[u8] = include_bytes!("../fonts/report-sans.otf");

/// Largest further font, bytes: a collection of all of CJK has some 20 MB.
const MAX_FONT: usize = 64 << 20;

/// A further font that can't be used.
#[derive(Debug, thiserror::Error)]
#[error("this is no OpenType font or collection of at most 64 MiB")]
pub struct FontError;

/// The fonts of a report: the bundled one, and perhaps one more for rare characters.
#[derive(Clone, Default)]
pub struct Fonts {
    further: Option<Face>,
}

/// `Debug` without the font's bytes.
impl std::fmt::Debug for Fonts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fonts")
            .field("further", &self.further.is_some())
            .finish()
    }
}

#[derive(Clone)]
struct Face {
    bytes: Arc<Vec<u8>>,
    font: Font,
}

/// Read once in a process: hashing it takes longer than a report.
fn bundled() -> Option<&'static Font> {
    static FONT: OnceLock<Option<Font>> = OnceLock::new();
    FONT.get_or_init(|| Font::new(BUNDLED.into(), 0)).as_ref()
}

impl Fonts {
    /// The bundled font alone.
    pub fn bundled() -> Self {
        Self::default()
    }

    /// The bundled font, and this one (of a collection, its first) for what that lacks.
    pub fn with(bytes: Vec<u8>) -> Result<Self, FontError> {
        if bytes.len() > MAX_FONT {
            return Err(FontError);
        }
        let bytes = Arc::new(bytes);
        let font = Font::new(bytes.clone().into(), 0).ok_or(FontError)?;
        Ok(Self {
            further: Some(Face { bytes, font }),
        })
    }

    /// What measures with these fonts; none if the bundled one does not read.
    pub(crate) fn setter(&self) -> Option<Setter<'_>> {
        let mut faces = vec![SetFace::new(BUNDLED, bundled()?)?];
        if let Some(further) = &self.further {
            faces.extend(SetFace::new(&further.bytes, &further.font));
        }
        Some(Setter { faces })
    }
}

struct SetFace<'a> {
    charmap: Charmap<'a>,
    outlines: OutlineGlyphCollection<'a>,
    metrics: GlyphMetrics<'a>,
    per_em: f32,
    font: &'a Font,
}

impl<'a> SetFace<'a> {
    fn new(bytes: &'a [u8], font: &'a Font) -> Option<Self> {
        let read = FontRef::from_index(bytes, 0).ok()?;
        let whole = read.metrics(Size::unscaled(), LocationRef::default());
        Some(Self {
            charmap: read.charmap(),
            outlines: read.outline_glyphs(),
            metrics: read.glyph_metrics(Size::unscaled(), LocationRef::default()),
            per_em: f32::from(whole.units_per_em.max(1)),
            font,
        })
    }
}

/// One character of a line: the face, the glyph and its width as a part of the em.
pub(crate) struct Sort {
    pub face: usize,
    pub glyph: u32,
    pub width: f32,
}

/// Measures and breaks text.
pub(crate) struct Setter<'a> {
    faces: Vec<SetFace<'a>>,
}

impl Setter<'_> {
    pub fn font(&self, face: usize) -> Option<&Font> {
        self.faces.get(face).map(|face| face.font)
    }

    pub fn sort(&self, character: char) -> Option<Sort> {
        self.faces.iter().enumerate().find_map(|(index, face)| {
            let glyph = face
                .charmap
                .map(character)
                .filter(|glyph| glyph.to_u32() != 0)?;
            Some(Sort {
                face: index,
                glyph: glyph.to_u32(),
                width: face.metrics.advance_width(glyph)? / face.per_em,
            })
        })
    }

    /// A glyph's coverage in a box as high as a line, `shift` of a pixel from its left side; empty where the font has no outline.
    pub fn pen(&self, sort: &Sort, size: f32, shift: f32, line_height: usize) -> Pen {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a glyph of some dozen pixels"
        )]
        // What a glyph draws beside its own width is cut off.
        let width = (sort.width * size + shift).ceil().clamp(0.0, 512.0) as usize + 2;
        #[expect(clippy::cast_precision_loss, reason = "a line of some dozen pixels")]
        let baseline = (line_height as f32 + size * 0.72) / 2.0;
        let mut pen = Pen::new(width, line_height, baseline).shifted(shift);
        let outline = self
            .faces
            .get(sort.face)
            .and_then(|face| face.outlines.get(GlyphId::new(sort.glyph)));
        if let Some(outline) = outline {
            let settings = DrawSettings::unhinted(Size::new(size), LocationRef::default());
            // A glyph that breaks off leaves what it has drawn.
            let _ = outline.draw(settings, &mut pen);
        }
        pen
    }

    /// Text that can be set: white space as single spaces, what no font has as its code point.
    pub fn clean(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for character in text.chars() {
            if character.is_whitespace() || character.is_control() {
                if !out.is_empty() && !out.ends_with(' ') {
                    out.push(' ');
                }
            } else if self.sort(character).is_some() {
                out.push(character);
            } else {
                out.push_str(&format!("[U+{:04X}]", u32::from(character)));
            }
        }
        out.truncate(out.trim_end().len());
        out
    }

    /// Width of clean text at this size.
    pub fn width(&self, text: &str, size: f32) -> f32 {
        text.chars()
            .filter_map(|character| self.sort(character))
            .map(|sort| sort.width * size)
            .sum()
    }

    /// Breaks text into lines of this width, `most` at most; the last one then ends in an ellipsis.
    pub fn lines(&self, text: &str, size: f32, width: f32, most: usize) -> Vec<String> {
        let text = self.clean(text);
        let mut lines: Vec<String> = Vec::new();
        let mut rest = text.as_str();
        while !rest.is_empty() {
            if lines.len() == most {
                if let Some(last) = lines.last_mut() {
                    self.cut(last, size, width);
                }
                break;
            }
            let end = self.line_end(rest, size, width);
            let (line, after) = rest.split_at(end);
            lines.push(line.trim_end().to_owned());
            rest = after.trim_start();
        }
        lines
    }

    /// One line, cut with an ellipsis where it is too long.
    pub fn one_line(&self, text: &str, size: f32, width: f32) -> String {
        self.lines(text, size, width, 1).pop().unwrap_or_default()
    }

    fn cut(&self, line: &mut String, size: f32, width: f32) {
        while self.width(line, size) + self.width("…", size) > width && line.pop().is_some() {}
        line.push('…');
    }

    /// Where the first line of `text` ends: at the last place before `width` where it may, or anywhere if there is none.
    fn line_end(&self, text: &str, size: f32, width: f32) -> usize {
        let mut taken = 0.0;
        let mut good = 0;
        let mut before = None;
        for (at, character) in text.char_indices() {
            if before.is_some_and(|before| may_break(before, character)) {
                good = at;
            }
            taken += self.sort(character).map_or(0.0, |sort| sort.width * size);
            // A space may hang over the edge.
            if taken > width && character != ' ' {
                let first = text.chars().next().map_or(0, char::len_utf8);
                return if good > 0 { good } else { at.max(first) };
            }
            before = Some(character);
        }
        text.len()
    }
}

/// Whether a line may end between these two.
fn may_break(before: char, after: char) -> bool {
    const NEVER_FIRST: &str = "，。、；：？！）」』】》〉”’％…,.;:?!)]}%·";
    const NEVER_LAST: &str = "（「『【《〈“‘([{";
    if NEVER_FIRST.contains(after) || NEVER_LAST.contains(before) || after == ' ' {
        return false;
    }
    before == ' ' || is_wide(before) || is_wide(after) || before == '/'
}

fn is_wide(character: char) -> bool {
    matches!(u32::from(character), 0x2e80..=0x9fff | 0xf900..=0xfaff | 0xff01..=0xff60 | 0x2_0000..=0x3_ffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str, width: f32, most: usize) -> Vec<String> {
        let fonts = Fonts::bundled();
        fonts.setter().unwrap().lines(text, 10.0, width, most)
    }

    #[test]
    fn lines_end_where_they_may() {
        assert_eq!(lines("一二三四五六，七", 60.0, 9), ["一二三四五", "六，七"]);
        assert_eq!(lines("one two three", 42.0, 9), ["one two", "three"]);
        assert_eq!(lines("", 60.0, 9), Vec::<String>::new());
        let digest = lines(&"0123456789abcdef".repeat(4), 100.0, 9);
        assert!(digest.len() > 2 && digest.concat() == "0123456789abcdef".repeat(4));
    }

    #[test]
    fn too_long_is_marked_as_cut() {
        let cut = lines("一二三四五六七八九十", 45.0, 2);
        assert_eq!(cut.len(), 2);
        assert!(cut[1].ends_with('…'), "{cut:?}");
        assert_eq!(lines("十", 1.0, 2), ["十"]);
    }

    #[test]
    fn nothing_is_left_out_in_silence() {
        let fonts = Fonts::bundled();
        let setter = fonts.setter().unwrap();
        assert_eq!(setter.clean("a\n\t b\u{202e}\u{7}c "), "a b[U+202E] c");
        assert_eq!(setter.clean("\u{2a700}"), "[U+2A700]");
        // Rare, but in the table of the characters in general use: names have them.
        assert_eq!(setter.clean("喆堃垚旻"), "喆堃垚旻");
    }
}
