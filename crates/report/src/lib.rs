//! The report for court: one or two A4 pages that answer the six questions of 互联网法院规定 art. 11 about one packet, in Chinese or English.
//!
//! [`Facts`] go in, a PDF/A-2b comes out. The same facts give the same bytes: no clock, no randomness, no font of the machine unless one is handed in.
//! Nothing here reads a packet or judges it; the words say what was handed over as *proved*, *not proved* or *claimed*, and keep these three apart.
//!
//! Three steps: `typeface` measures and breaks text, `layout` and `items` put it on pages as a list of marks, `paint` writes the marks
//! with `krilla`. `strip` and `raster` draw what is stamped on a copy of a photo, as pixels, with the same fonts. The font is a subset of Noto Sans CJK SC (see `fonts/README.md`) with the characters of 通用规范汉字表 and GB 2312; what it lacks comes
//! from a further font, if one is set, and is written as its code point in brackets if not. Nothing is left out in silence.

mod facts;
mod items;
mod layout;
mod paint;
mod questions;
mod raster;
#[cfg(test)]
mod sample;
mod strip;
#[cfg(test)]
mod tests;
mod typeface;
mod words;

pub use facts::{
    Changes, Custody, Environment, Extraction, Facts, Finding, Item, Language, Making, Officer,
    Signature, Verdict,
};
pub use strip::{NARROWEST, Stamp, StripPixels};
pub use typeface::{FontError, Fonts};

/// Pages at most.
pub const MOST_PAGES: usize = 2;

/// No report was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The font can't be used for this.
    #[error("the report's font can't be embedded")]
    Font,
    /// The writer refused the document.
    #[error("the PDF could not be written")]
    Write,
}

/// The report as a PDF.
pub fn pdf(facts: &Facts, fonts: &Fonts) -> Result<Vec<u8>, ReportError> {
    let setter = fonts.setter().ok_or(ReportError::Font)?;
    let pages = layout::pages(facts, &setter);
    paint::document(facts, &setter, &pages)
}
