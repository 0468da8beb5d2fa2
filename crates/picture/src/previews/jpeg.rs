//! The JPEG that cameras write (baseline, one scan, grey or YCbCr), decoded straight to 1/2, 1/4 or 1/8 of its size where that still fills the larger preview: a
//! quarter of the memory and less than half the time of decoding it whole. What is rarer (progressive, CMYK, RGB, several scans) is left to `image`.
//!
//! Why a decoder of our own: `image` decodes at full size only, libjpeg-turbo needs tools that the build must not ask for, and `jpeg-decoder` shrinks in threads, which the
//! decoding process may not start.

mod blocks;
mod head;
mod huffman;
mod idct;

use image::metadata::Orientation;

use super::planes::{Planes, Source};
use super::{Decoded, fit};
use crate::{NoPreview, SCREEN_SIDE};

/// Most pixels of the file. The memory goes by the shrunken picture, so this bounds the time.
const MAX_PIXELS: u64 = 400_000_000;

/// Nothing when it is not that kind of JPEG.
pub(super) fn decode(bytes: &[u8]) -> Option<Result<Decoded, NoPreview>> {
    decode_within(bytes, MAX_PIXELS)
}

pub(super) fn decode_within(bytes: &[u8], most_pixels: u64) -> Option<Result<Decoded, NoPreview>> {
    let head = head::read(bytes)?;
    Some(shrunken(&head, bytes, most_pixels))
}

fn shrunken(head: &head::Head, bytes: &[u8], most_pixels: u64) -> Result<Decoded, NoPreview> {
    let (width, height) = (head.width, head.height);
    if u64::from(width) * u64::from(height) > most_pixels {
        return Err(NoPreview::TooLarge);
    }
    let to = fit(width, height, SCREEN_SIDE);
    let side = [1, 2, 4, 8]
        .into_iter()
        .find(|side| {
            shrunk(width, *side) >= f64::from(to.0) && shrunk(height, *side) >= f64::from(to.1)
        })
        .unwrap_or(8);
    let planes = blocks::decode(head, bytes, side)?;
    let most = planes[0].scale;
    let sources = planes.iter().map(|plane| Source {
        samples: &plane.samples,
        stride: plane.stride,
        // The part of the plane that is picture: what is beyond fills the last blocks.
        width: shrunk(width, side) * plane.scale.0 / most.0,
        height: shrunk(height, side) * plane.scale.1 / most.1,
    });
    Ok(Decoded {
        planes: Planes::resized(sources, to)?,
        width,
        height,
        orientation: head
            .exif
            .as_ref()
            .and_then(|range| bytes.get(range.clone()))
            .and_then(Orientation::from_exif_chunk)
            .unwrap_or(Orientation::NoTransforms),
    })
}

/// The length at this many samples for each eight.
fn shrunk(length: u32, side: usize) -> f64 {
    f64::from(length) * [0.0, 0.125, 0.25, 0.0, 0.5, 0.0, 0.0, 0.0, 1.0][side]
}

#[cfg(test)]
mod tests;
