//! Marks to PDF/A-2b. Colours are sRGB, fonts are embedded as subsets, pictures go in as the JPEGs they are.

use krilla::Document;
use krilla::SerializeSettings;
use krilla::color::rgb;
use krilla::configure::{Archival, ConfigurationBuilder};
use krilla::geom::{PathBuilder, Point, Rect, Size, Transform};
use krilla::image::Image;
use krilla::metadata::{DateTime, Metadata};
use krilla::num::NormalizedF32;
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule};
use krilla::surface::Surface;
use krilla::text::{GlyphId, KrillaGlyph};
use qrcode::{Color, EcLevel, QrCode};

use crate::ReportError;
use crate::facts::{Facts, Language};
use crate::layout::{HEIGHT, Ink, Mark, Page, WIDTH};
use crate::typeface::Setter;
use crate::words::{self, say};

/// Light modules around the code.
const QUIET: usize = 2;

/// The document.
pub(crate) fn document(
    facts: &Facts,
    setter: &Setter<'_>,
    pages: &[Page],
) -> Result<Vec<u8>, ReportError> {
    let configuration = ConfigurationBuilder::new()
        .with_archival_validator(Archival::A2_B)
        .finish()
        .map_err(|_| ReportError::Write)?;
    let mut document = Document::new_with(SerializeSettings {
        configuration,
        ..SerializeSettings::default()
    });
    document.set_metadata(metadata(facts, setter));
    let settings = PageSettings::from_wh(WIDTH, HEIGHT).ok_or(ReportError::Write)?;
    for marks in pages {
        let mut page = document.start_page_with(settings.clone());
        let mut surface = page.surface();
        for mark in marks {
            paint(&mut surface, setter, facts, mark);
        }
        surface.finish();
        page.finish();
    }
    document.finish().map_err(|error| match error {
        krilla::error::KrillaError::Font(..) => ReportError::Font,
        _ => ReportError::Write,
    })
}

fn metadata(facts: &Facts, setter: &Setter<'_>) -> Metadata {
    let packet = setter.clean(&facts.packet);
    let title = format!("{} {packet}", say(facts.language, words::TITLE));
    let language = match facts.language {
        Language::Zh => "zh-CN",
        Language::En => "en",
    };
    let metadata = Metadata::new()
        .title(title)
        .language(language.to_owned())
        .creator(concat!("Fieldseal ", env!("CARGO_PKG_VERSION")).to_owned())
        // The same facts are the same document.
        .document_id(format!(
            "{}-{}",
            setter.clean(&facts.packet_digest),
            facts.made_at
        ));
    metadata.creation_date(date(facts.made_at))
}

/// PDF/A wants a date; a time that is none becomes 1970.
fn date(millis: i64) -> DateTime {
    let time = jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let time = jiff::tz::Offset::UTC.to_datetime(time);
    let part = |value: i8| u8::try_from(value).unwrap_or(0);
    DateTime::new(u16::try_from(time.year()).unwrap_or(0))
        .month(part(time.month()))
        .day(part(time.day()))
        .hour(part(time.hour()))
        .minute(part(time.minute()))
        .second(part(time.second()))
        .utc_offset_hour(0)
        .utc_offset_minute(0)
}

fn colour(ink: Ink) -> rgb::Color {
    match ink {
        Ink::Black => rgb::Color::new(0x1a, 0x1d, 0x21),
        Ink::Grey => rgb::Color::new(0x5b, 0x63, 0x6d),
        Ink::Rule => rgb::Color::new(0xb8, 0xbf, 0xc7),
        Ink::Pale => rgb::Color::new(0xf1, 0xf3, 0xf5),
        Ink::Green => rgb::Color::new(0x1b, 0x6e, 0x3c),
        Ink::Amber => rgb::Color::new(0x8a, 0x5a, 0x00),
        Ink::Red => rgb::Color::new(0xb0, 0x20, 0x1c),
    }
}

fn fill(ink: Ink) -> Option<Fill> {
    Some(Fill {
        paint: colour(ink).into(),
        opacity: NormalizedF32::ONE,
        rule: FillRule::NonZero,
    })
}

fn paint(surface: &mut Surface<'_>, setter: &Setter<'_>, facts: &Facts, mark: &Mark) {
    match mark {
        Mark::Text {
            x,
            y,
            size,
            ink,
            text: line,
        } => {
            surface.set_fill(fill(*ink));
            text(surface, setter, (*x, *y), *size, line);
        }
        Mark::Fill { x, y, w, h, ink } => {
            surface.set_fill(fill(*ink));
            let mut path = PathBuilder::new();
            if let Some(rect) = Rect::from_xywh(*x, *y, *w, *h) {
                path.push_rect(rect);
            }
            if let Some(path) = path.finish() {
                surface.draw_path(&path);
            }
        }
        Mark::Picture { x, y, w, h, item } => {
            let jpeg = facts
                .items
                .get(*item)
                .and_then(|item| item.thumbnail.clone());
            if let Some(jpeg) = jpeg {
                picture(surface, (*x, *y, *w, *h), jpeg);
            }
        }
        Mark::Code { x, y, side } => code(surface, (*x, *y), *side, &facts.packet_digest),
    }
}

/// Sets a line, a run for each stretch in one face.
fn text(surface: &mut Surface<'_>, setter: &Setter<'_>, (x, y): (f32, f32), size: f32, line: &str) {
    let mut at = x;
    let mut run: Vec<KrillaGlyph> = Vec::new();
    let mut face = 0;
    let mut advance = 0.0;
    for (start, character) in line.char_indices() {
        let Some(sort) = setter.sort(character) else {
            continue;
        };
        if sort.face != face && !run.is_empty() {
            draw(surface, setter, (at, y), size, (face, &run, line));
            at += advance;
            advance = 0.0;
            run.clear();
        }
        face = sort.face;
        advance += sort.width * size;
        run.push(KrillaGlyph {
            glyph_id: GlyphId::new(sort.glyph),
            text_range: start..start + character.len_utf8(),
            x_advance: sort.width,
            x_offset: 0.0,
            y_offset: 0.0,
            y_advance: 0.0,
            location: None,
        });
    }
    draw(surface, setter, (at, y), size, (face, &run, line));
}

fn draw(
    surface: &mut Surface<'_>,
    setter: &Setter<'_>,
    (x, y): (f32, f32),
    size: f32,
    (face, run, line): (usize, &[KrillaGlyph], &str),
) {
    if let Some(font) = setter.font(face).filter(|_| !run.is_empty()) {
        surface.draw_glyphs(Point::from_xy(x, y), run, font.clone(), line, size, false);
    }
}

/// A small picture, whole, in the middle of its box.
fn picture(surface: &mut Surface<'_>, (x, y, w, h): (f32, f32, f32, f32), jpeg: Vec<u8>) {
    let Ok(image) = Image::from_jpeg(jpeg.into(), false) else {
        return;
    };
    #[expect(clippy::cast_precision_loss, reason = "a thumbnail's side")]
    let (width, height) = (image.size().0 as f32, image.size().1 as f32);
    if width < 1.0 || height < 1.0 {
        return;
    }
    let scale = (w / width).min(h / height);
    let Some(size) = Size::from_wh(width * scale, height * scale) else {
        return;
    };
    let (left, top) = (x + (w - size.width()) / 2.0, y + (h - size.height()) / 2.0);
    surface.push_transform(&Transform::from_translate(left, top));
    surface.draw_image(image, size);
    surface.pop();
}

/// The digest as a QR: dark modules of a row that touch are one rectangle.
fn code(surface: &mut Surface<'_>, (x, y): (f32, f32), side: f32, digest: &str) {
    let Ok(qr) = QrCode::with_error_correction_level(digest.as_bytes(), EcLevel::M) else {
        return;
    };
    let modules = qr.width();
    #[expect(clippy::cast_precision_loss, reason = "at most 177 modules")]
    let cell = side / (modules + 2 * QUIET) as f32;
    #[expect(clippy::cast_precision_loss, reason = "at most 177 modules")]
    let along = |module: usize| (module + QUIET) as f32 * cell;
    let mut path = PathBuilder::new();
    for row in 0..modules {
        let mut column = 0;
        while column < modules {
            let first = column;
            while column < modules && qr[(column, row)] == Color::Dark {
                column += 1;
            }
            if column > first
                && let Some(rect) = Rect::from_ltrb(
                    x + along(first),
                    y + along(row),
                    x + along(column),
                    y + along(row + 1),
                )
            {
                path.push_rect(rect);
            }
            column += 1;
        }
    }
    surface.set_fill(fill(Ink::Black));
    if let Some(path) = path.finish() {
        surface.draw_path(&path);
    }
}
