//! Reading an enrolment code from a picture: brightness in, text out. The screen hands over frames of its camera, or a
//! picture that the officer chose, as bare brightness values; no file format is parsed here.
//!
//! Only the text of a code of ours (an enrolment code, or what another tablet shows) goes back to the screen. What another code says is nobody's business, and may be
//! written to be acted on.

mod corners;

use crate::api::ScanView;
use crate::cosign;
use crate::enrol_code::EnrolCode;
use crate::problem::{Code, Problem};
use fieldseal_packet::desk;

/// Longest side of a picture. A code that does not show in this many pixels would not show in more.
const MAX_SIDE: usize = 2048;
/// Most pixels of a picture: bounds the time that one look takes.
const MAX_PIXELS: usize = 2 << 20;
/// Corner marks in one picture, three to a code. The decoder tries every three of them: its time grows with the cube.
const MAX_CORNERS: usize = 24;

/// What a picture shows.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    /// No code.
    Nothing,
    /// A code whose text can't be read: too small, out of focus, damaged.
    Unreadable,
    /// Somebody else's code.
    Foreign,
    /// One of ours: its kind and text.
    Ours(&'static str, String),
}

/// Looks for an enrolment code in rows of brightness, 0 black to 255 white.
pub(crate) fn scan(width: usize, luma: &[u8]) -> Result<ScanView, Problem> {
    if !(1..=MAX_SIDE).contains(&width) || luma.len() > MAX_PIXELS {
        return Err(Code::TooLarge.into());
    }
    let height = luma.len() / width;
    if !(1..=MAX_SIDE).contains(&height) || width * height != luma.len() {
        return Err(Code::BadRequest.into());
    }
    // Dark on light as printed; light on dark as some terminals and dark screens show it.
    let seen = match look(width, height, |i| luma[i]) {
        unsure @ (Seen::Nothing | Seen::Unreadable) => {
            match look(width, height, |i| 255 - luma[i]) {
                Seen::Nothing => unsure,
                turned => turned,
            }
        }
        sure => sure,
    };
    let (found, text) = match seen {
        Seen::Nothing => ("nothing", None),
        Seen::Unreadable => ("unreadable", None),
        Seen::Foreign => ("foreign", None),
        Seen::Ours(kind, text) => (kind, Some(text)),
    };
    Ok(ScanView {
        found: found.to_owned(),
        text,
    })
}

/// Which of our codes it is.
fn kind_of(text: &str) -> Option<&'static str> {
    match EnrolCode::parse(text) {
        Ok(_) => Some("enrolment"),
        Err(_) => cosign::text::kind_of(text)
            .or_else(|| desk::kind_of(text).filter(|kind| *kind == "pin-answer")),
    }
}

fn look(width: usize, height: usize, at: impl Fn(usize) -> u8) -> Seen {
    let mut picture =
        rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| at(y * width + x));
    let dark = rqrr::PreparedImage::prepare_from_bitmap(1, 1, |_, _| true).get_pixel_at(0, 0);
    let bitmap = (0..width * height)
        .map(|i| picture.get_pixel_at(i % width, i / width) == dark)
        .collect();
    if corners::count(width, bitmap, MAX_CORNERS + 1) > MAX_CORNERS {
        return Seen::Nothing;
    }
    let mut seen = Seen::Nothing;
    for grid in picture.detect_grids() {
        match grid.decode() {
            Ok((_, text)) => match kind_of(&text) {
                Some(kind) => return Seen::Ours(kind, text),
                None => seen = Seen::Foreign,
            },
            Err(_) if seen == Seen::Nothing => seen = Seen::Unreadable,
            Err(_) => {}
        }
    }
    seen
}

#[cfg(test)]
mod tests;
