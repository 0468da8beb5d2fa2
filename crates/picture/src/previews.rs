//! The decoding: bytes in, two upright JPEGs out. No limits here but those of pixels and of single allocations; the rest is the process's.
//!
mod other;

use fast_image_resize::images::Image;
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::metadata::Orientation;
use image::{DynamicImage, RgbImage};

use crate::{NoPreview, SCREEN_SIDE, THUMB_SIDE};

/// Most memory for one buffer of decoded pixels, bytes.
pub(crate) const MAX_ALLOC: u64 = 128 << 20;
const QUALITY: u8 = 82;

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

/// Decoded pixels, and what the file said about them.
struct Decoded {
    picture: RgbImage,
    /// Before turning, of the file.
    width: u32,
    height: u32,
    orientation: Orientation,
}

/// Makes the previews in this very process: what the child does, and what there is where no process can be started.
///
/// # Errors
/// Why there are none.
pub fn decode_here(bytes: &[u8]) -> Result<Previews, NoPreview> {
    if bytes.is_empty() {
        return Err(NoPreview::Empty);
    }
    let decoded = other::decode(bytes)?;
    let to = fit(decoded.width, decoded.height, SCREEN_SIDE);
    let screen = shrink(decoded.picture, to)?;
    let mut screen = DynamicImage::ImageRgb8(screen);
    // A wrong orientation tag turns the preview, never the evidence.
    screen.apply_orientation(decoded.orientation);
    let screen = screen.into_rgb8();
    let (width, height) = if is_turned(decoded.orientation) {
        (decoded.height, decoded.width)
    } else {
        (decoded.width, decoded.height)
    };
    let large = jpeg(screen.as_raw(), screen.width(), screen.height())?;
    let to = fit(screen.width(), screen.height(), THUMB_SIDE);
    let thumb = shrink(screen, to)?;
    Ok(Previews {
        width,
        height,
        thumb: jpeg(thumb.as_raw(), thumb.width(), thumb.height())?,
        screen: large,
    })
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
pub(crate) fn fit(width: u32, height: u32, side: u32) -> (u32, u32) {
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

/// The sizes of the large and of the small preview of a picture of this size.
pub(crate) fn fit_both(width: u32, height: u32) -> ((u32, u32), (u32, u32)) {
    let screen = fit(width, height, SCREEN_SIDE);
    (screen, fit(screen.0, screen.1, THUMB_SIDE))
}

fn shrink(picture: RgbImage, (to_width, to_height): (u32, u32)) -> Result<RgbImage, NoPreview> {
    let (width, height) = picture.dimensions();
    if (to_width, to_height) == (width, height) {
        return Ok(picture);
    }
    let source = Image::from_vec_u8(width, height, picture.into_raw(), PixelType::U8x3)
        .map_err(|_| NoPreview::Broken)?;
    let mut shrunk = Image::new(to_width, to_height, PixelType::U8x3);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Hamming));
    Resizer::new()
        .resize(&source, &mut shrunk, &options)
        .map_err(|_| NoPreview::Broken)?;
    RgbImage::from_raw(to_width, to_height, shrunk.into_vec()).ok_or(NoPreview::Broken)
}

pub(crate) fn jpeg(rgb: &[u8], width: u32, height: u32) -> Result<Vec<u8>, NoPreview> {
    let (Ok(width), Ok(height)) = (u16::try_from(width), u16::try_from(height)) else {
        return Err(NoPreview::TooLarge);
    };
    let mut bytes = Vec::new();
    jpeg_encoder::Encoder::new(&mut bytes, QUALITY)
        .encode(rgb, width, height, jpeg_encoder::ColorType::Rgb)
        .map_err(|_| NoPreview::Broken)?;
    Ok(bytes)
}
