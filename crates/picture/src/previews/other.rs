//! Everything that `image` decodes: PNG, WebP, GIF, BMP, TIFF, and JPEG that the faster decoder refuses. Of an animation the first picture.

use std::io::Cursor;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder as _, ImageError, ImageReader, Limits, RgbImage};

use super::planes::Planes;
use super::{Decoded, MAX_ALLOC, fit};
use crate::{NoPreview, SCREEN_SIDE};

/// Most pixels a side.
const MAX_SIDE: u32 = 65_535;

pub(super) fn decode(bytes: &[u8]) -> Result<Decoded, NoPreview> {
    let word = |error: ImageError| match error {
        ImageError::Unsupported(_) => NoPreview::UnknownFormat,
        ImageError::Limits(_) => NoPreview::TooLarge,
        _ => NoPreview::Broken,
    };
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|_| NoPreview::Broken)?;
    if reader.format().is_none() {
        return Err(NoPreview::UnknownFormat);
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_ALLOC);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(word)?;
    let (width, height) = decoder.dimensions();
    if decoder.total_bytes() > MAX_ALLOC {
        return Err(NoPreview::TooLarge);
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let picture = DynamicImage::from_decoder(decoder).map_err(word)?;
    Ok(Decoded {
        planes: Planes::of_rgb(&opaque(shrink(picture))),
        width,
        height,
        orientation,
    })
}

/// Before the colours are brought into one form: that copy would be as large again.
fn shrink(picture: DynamicImage) -> DynamicImage {
    let (width, height) = (picture.width(), picture.height());
    let to = fit(width, height, SCREEN_SIDE);
    if to == (width, height) {
        picture
    } else {
        picture.thumbnail_exact(to.0, to.1)
    }
}

/// On white, as a page would show it.
fn opaque(picture: DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let picture = picture.into_rgba8();
    let (width, height) = picture.dimensions();
    let mut flat = RgbImage::new(width, height);
    for (to, from) in flat.pixels_mut().zip(picture.pixels()) {
        let [red, green, blue, alpha] = from.0.map(u16::from);
        to.0 = [red, green, blue].map(|colour| {
            u8::try_from((colour * alpha + 255 * (255 - alpha) + 127) / 255).unwrap_or(255)
        });
    }
    flat
}
