//! The decoding: bytes in, two upright JPEGs out. No limits here but those of pixels and of single allocations; the rest is the process's.

mod areas;
mod jpeg;
mod other;
mod planes;

use image::metadata::Orientation;

use crate::{NoPreview, SCREEN_SIDE, THUMB_SIDE};
pub use areas::{Area, MAX_AREAS};
use planes::Planes;

/// Most memory for one buffer of decoded pixels, bytes.
pub(crate) const MAX_ALLOC: u64 = 128 << 20;

/// The two JPEGs.
#[derive(Clone, PartialEq, Eq)]
pub struct Previews {
    /// Of the original, as it is looked at (turned upright).
    pub width: u32,
    /// Of the original, as it is looked at.
    pub height: u32,
    /// At most [`THUMB_SIDE`] a side.
    pub thumb: Vec<u8>,
    /// At most [`SCREEN_SIDE`] a side.
    pub screen: Vec<u8>,
}

impl std::fmt::Debug for Previews {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Previews of {} by {}", self.width, self.height)
    }
}

/// A picture at the size of the larger preview, and what its file said.
struct Decoded {
    planes: Planes,
    /// Of the file, before turning.
    width: u32,
    height: u32,
    orientation: Orientation,
}

/// Grey pixels, row by row, that are set below the larger preview: what is stamped on a copy.
#[derive(Clone, PartialEq, Eq)]
pub struct Strip {
    /// That of the larger preview.
    pub width: u32,
    /// At most [`crate::MAX_STRIP_HEIGHT`].
    pub height: u32,
    /// `width` times `height` of them.
    pub grey: Vec<u8>,
}

impl std::fmt::Debug for Strip {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Strip of {} by {}", self.width, self.height)
    }
}

/// What a copy has, and the picture has not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Extra {
    /// Below it.
    pub strip: Option<Strip>,
    /// Blacked out.
    pub areas: Vec<Area>,
}

/// Makes the previews in this very process: what the child does, and what there is where no process can be started.
///
/// # Errors
/// Why there are none.
pub fn decode_here(bytes: &[u8]) -> Result<Previews, NoPreview> {
    decode_with(bytes, &Extra::default())
}

/// The same with areas blacked out in both, and a strip below the larger one.
pub(crate) fn decode_with(bytes: &[u8], extra: &Extra) -> Result<Previews, NoPreview> {
    if bytes.is_empty() {
        return Err(NoPreview::Empty);
    }
    let decoded = match jpeg::decode(bytes) {
        // What the faster decoder can't make out at all may be too much for it alone.
        None | Some(Err(NoPreview::Broken)) => other::decode(bytes)?,
        Some(decoded) => decoded?,
    };
    // A wrong orientation tag turns the preview, never the evidence.
    let mut screen = decoded.planes.upright(decoded.orientation);
    let (width, height) = if is_turned(decoded.orientation) {
        (decoded.height, decoded.width)
    } else {
        (decoded.width, decoded.height)
    };
    for area in &extra.areas {
        screen.black_out(area.in_copy((width, height), screen.size())?);
    }
    let (_, small) = fit_both(width, height);
    let thumb = screen.shrunk(small)?.jpeg()?;
    let screen = match &extra.strip {
        Some(strip) => screen.above(strip)?,
        None => screen,
    };
    Ok(Previews {
        width,
        height,
        thumb,
        screen: screen.jpeg()?,
    })
}

/// The decoder for cameras' JPEGs alone, for those of at most so many pixels.
pub(crate) fn decode_jpeg(bytes: &[u8], most_pixels: u64) -> Option<Result<(), NoPreview>> {
    Some(jpeg::decode_within(bytes, most_pixels)?.map(|_| ()))
}

fn is_turned(orientation: Orientation) -> bool {
    matches!(
        orientation,
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    )
}

/// The size within a square of this side; smaller pictures stay as they are, as nothing is made up.
fn fit(width: u32, height: u32, side: u32) -> (u32, u32) {
    let longest = width.max(height);
    if longest <= side {
        return (width, height);
    }
    let scaled = |length: u32| {
        let (length, side, longest) = (u64::from(length), u64::from(side), u64::from(longest));
        let rounded = (length * side + longest / 2) / longest;
        u32::try_from(rounded).unwrap_or(u32::MAX).max(1)
    };
    (scaled(width), scaled(height))
}

/// The size of the larger preview of a picture of this size.
pub fn screen_size(width: u32, height: u32) -> (u32, u32) {
    fit(width, height, SCREEN_SIDE)
}

/// The sizes of the large and of the small preview of a picture of this size.
pub(crate) fn fit_both(width: u32, height: u32) -> ((u32, u32), (u32, u32)) {
    let screen = fit(width, height, SCREEN_SIDE);
    (screen, fit(screen.0, screen.1, THUMB_SIDE))
}

#[cfg(test)]
pub(crate) fn jpeg_of(rgb: &image::RgbImage) -> Vec<u8> {
    Planes::of_rgb(rgb).jpeg().unwrap()
}
