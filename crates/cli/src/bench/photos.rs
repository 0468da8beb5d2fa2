//! Photos to measure with: 12 megapixels, about 5 MB, drawn here with the grain of a small sensor. What they show does not
//! matter; that a decoder has as much to do with them as with a camera's does.

use std::io::Cursor;

use anyhow::Context as _;
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder as _};

/// One JPEG of `width` × `height` pixels; another `seed` gives other bytes.
pub fn jpeg(width: u32, height: u32, seed: u32) -> anyhow::Result<Vec<u8>> {
    let mut noise = seed.wrapping_mul(0x9e37_79b9) | 1;
    let mut pixels = Vec::with_capacity(width as usize * height as usize * 3);
    for y in 0..height {
        for x in 0..width {
            noise ^= noise << 13;
            noise ^= noise >> 17;
            noise ^= noise << 5;
            let grain = (noise % 31) as i32 - 15;
            // Walls, windows, sky: large surfaces with edges, as in a street.
            let block = ((x / 173 + y / 131 + seed) % 7) as i32 * 22;
            let sky = (y * 80 / height) as i32;
            for tint in [40, 56, 72] {
                pixels.push((tint + block + sky + grain).clamp(0, 255) as u8);
            }
        }
    }
    let mut bytes = Cursor::new(Vec::new());
    JpegEncoder::new_with_quality(&mut bytes, 92)
        .write_image(&pixels, width, height, ExtendedColorType::Rgb8)
        .context("a photo could not be encoded")?;
    Ok(bytes.into_inner())
}

/// Five of 12 megapixels.
pub fn five() -> anyhow::Result<Vec<Vec<u8>>> {
    (1..=5).map(|seed| jpeg(4000, 3000, seed)).collect()
}
