//! The demonstration's own photos: drawn here and encoded as JPEG, six shots as the shot list of an illegal structure asks
//! for them. Anybody sees that they are drawings; nobody can take them for evidence.

use std::io::Cursor;

use anyhow::Context as _;
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder as _, Rgb, RgbImage};

use super::{Photo, PhotoBytes};

const WIDTH: u32 = 1600;
const HEIGHT: u32 = 1200;
const QUALITY: u8 = 88;

type Draw = fn(&mut Canvas);

/// All six, in the order of the shot list.
pub(crate) fn all() -> anyhow::Result<Vec<Photo>> {
    let shots: [(&str, Option<&'static str>, Draw); 6] = [
        ("sample-1-panorama.jpg", Some("panorama"), panorama),
        ("sample-2-close-up.jpg", Some("close-up"), close_up),
        ("sample-3-door-plate.jpg", Some("door-plate"), door_plate),
        ("sample-4-dimensions.jpg", Some("dimensions"), dimensions),
        ("sample-5-credentials.jpg", Some("credentials"), credentials),
        ("sample-6-surroundings.jpg", None, surroundings),
    ];
    shots
        .into_iter()
        .zip(1..)
        .map(|((name, shot, draw), seed)| {
            let mut canvas = Canvas::new(seed);
            draw(&mut canvas);
            Ok(Photo {
                name: name.to_owned(),
                shot,
                bytes: PhotoBytes::Made(canvas.jpeg()?),
            })
        })
        .collect()
}

/// A picture with a little noise, so that it compresses like a photo.
struct Canvas {
    picture: RgbImage,
    noise: u32,
}

impl Canvas {
    fn new(seed: u32) -> Self {
        Self {
            picture: RgbImage::new(WIDTH, HEIGHT),
            noise: seed.wrapping_mul(0x9e37_79b9) | 1,
        }
    }

    /// From one colour at the top to another at the bottom.
    fn sky(&mut self, top: [u8; 3], bottom: [u8; 3]) {
        for (_, y, pixel) in self.picture.enumerate_pixels_mut() {
            let part = y as f32 / HEIGHT as f32;
            *pixel = Rgb(std::array::from_fn(|n| {
                (f32::from(top[n]) * (1.0 - part) + f32::from(bottom[n]) * part) as u8
            }));
        }
    }

    /// A rectangle by its left upper corner and size, in thousandths of the picture.
    fn block(&mut self, x: u32, y: u32, width: u32, height: u32, colour: [u8; 3]) {
        let (left, top) = (x * WIDTH / 1000, y * HEIGHT / 1000);
        let right = ((x + width) * WIDTH / 1000).min(WIDTH);
        let bottom = ((y + height) * HEIGHT / 1000).min(HEIGHT);
        for row in top..bottom {
            for column in left..right {
                self.picture.put_pixel(column, row, Rgb(colour));
            }
        }
    }

    /// A digit of seven bars, `size` thousandths wide.
    fn digit(&mut self, digit: usize, x: u32, y: u32, size: u32, colour: [u8; 3]) {
        // Top, upper left, upper right, middle, lower left, lower right, bottom.
        const BARS: [u8; 10] = [0x77, 0x24, 0x5d, 0x6d, 0x2e, 0x6b, 0x7b, 0x25, 0x7f, 0x6f];
        let bar = size / 6;
        let places = [
            (0, 0, size, bar),
            (0, 0, bar, size),
            (size - bar, 0, bar, size),
            (0, size - bar / 2, size, bar),
            (0, size, bar, size),
            (size - bar, size, bar, size),
            (0, 2 * size - bar, size, bar),
        ];
        for (n, (left, top, width, height)) in places.into_iter().enumerate() {
            if BARS[digit % 10] & (1 << n) != 0 {
                self.block(x + left, y + top, width, height, colour);
            }
        }
    }

    fn jpeg(mut self) -> anyhow::Result<Vec<u8>> {
        for pixel in self.picture.pixels_mut() {
            self.noise ^= self.noise << 13;
            self.noise ^= self.noise >> 17;
            self.noise ^= self.noise << 5;
            let grain = (self.noise % 13) as u8;
            pixel.0 = pixel
                .0
                .map(|value| value.saturating_add(grain).saturating_sub(6));
        }
        let mut bytes = Cursor::new(Vec::new());
        JpegEncoder::new_with_quality(&mut bytes, QUALITY)
            .write_image(
                self.picture.as_raw(),
                WIDTH,
                HEIGHT,
                ExtendedColorType::Rgb8,
            )
            .context("a sample photo could not be encoded")?;
        Ok(bytes.into_inner())
    }
}

const BRICK: [u8; 3] = [158, 92, 74];
const STEEL: [u8; 3] = [72, 118, 158];
const DARK: [u8; 3] = [44, 48, 54];
const PALE: [u8; 3] = [226, 224, 216];

/// A block of flats with a blue hut on its roof.
fn panorama(canvas: &mut Canvas) {
    canvas.sky([142, 178, 214], [214, 222, 226]);
    canvas.block(0, 820, 1000, 180, [112, 116, 110]);
    canvas.block(180, 320, 640, 520, [196, 186, 168]);
    for floor in 0..4 {
        for window in 0..6 {
            canvas.block(
                220 + window * 100,
                370 + floor * 120,
                56,
                70,
                [88, 104, 120],
            );
        }
    }
    canvas.block(420, 190, 300, 130, STEEL);
    canvas.block(400, 176, 340, 18, [52, 86, 120]);
    canvas.block(520, 240, 60, 80, DARK);
}

/// Corrugated steel on fresh bricks.
fn close_up(canvas: &mut Canvas) {
    canvas.sky(STEEL, [50, 90, 130]);
    for ridge in 0..40 {
        canvas.block(ridge * 25, 0, 8, 620, [96, 146, 188]);
    }
    for row in 0..8 {
        for brick in 0..12 {
            let shift = if row % 2 == 0 { 0 } else { 44 };
            canvas.block(brick * 88 + shift, 620 + row * 48, 82, 42, BRICK);
        }
    }
}

/// A plate with a number.
fn door_plate(canvas: &mut Canvas) {
    canvas.sky([170, 160, 148], [150, 140, 130]);
    canvas.block(240, 300, 520, 400, [22, 64, 128]);
    canvas.block(256, 320, 488, 360, [28, 78, 152]);
    for (n, digit) in [1, 0, 8].into_iter().enumerate() {
        canvas.digit(digit, 300 + n as u32 * 145, 390, 100, PALE);
    }
}

/// A wall with a measuring tape.
fn dimensions(canvas: &mut Canvas) {
    canvas.sky([188, 182, 170], [168, 160, 150]);
    canvas.block(60, 520, 880, 90, [236, 200, 60]);
    for mark in 0..88 {
        let length = if mark % 10 == 0 { 60 } else { 30 };
        canvas.block(60 + mark * 10, 520, 2, length, DARK);
    }
    for (n, digit) in [3, 7].into_iter().enumerate() {
        canvas.digit(digit, 640 + n as u32 * 70, 660, 50, DARK);
    }
}

/// A card held up: no face, no name.
fn credentials(canvas: &mut Canvas) {
    canvas.sky([120, 132, 126], [92, 100, 96]);
    canvas.block(280, 260, 440, 480, [20, 36, 70]);
    canvas.block(310, 300, 380, 400, PALE);
    canvas.block(340, 340, 120, 180, [150, 150, 150]);
    for line in 0..5 {
        canvas.block(490, 350 + line * 44, 170, 14, [90, 96, 104]);
    }
    canvas.block(340, 590, 320, 14, [170, 30, 30]);
}

/// The yard around.
fn surroundings(canvas: &mut Canvas) {
    canvas.sky([150, 182, 208], [206, 214, 210]);
    canvas.block(0, 640, 1000, 360, [104, 122, 92]);
    canvas.block(120, 380, 220, 280, [190, 178, 160]);
    canvas.block(620, 340, 260, 320, [178, 168, 152]);
    canvas.block(400, 560, 160, 110, STEEL);
    canvas.block(0, 760, 1000, 60, [140, 138, 134]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_different_photos_that_decode() {
        let photos = all().unwrap();
        let mut digests = std::collections::BTreeSet::new();
        for photo in &photos {
            let PhotoBytes::Made(bytes) = &photo.bytes else {
                panic!("samples are made")
            };
            let picture = image::load_from_memory(bytes).unwrap();
            assert_eq!((picture.width(), picture.height()), (WIDTH, HEIGHT));
            digests.insert(fieldseal_packet::Sha256Digest::of(bytes));
        }
        assert_eq!(digests.len(), 6);
    }
}
