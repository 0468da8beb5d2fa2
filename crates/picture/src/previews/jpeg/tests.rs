//! Against `image`'s decoder, which knows nothing of ours.

use image::{ImageFormat, RgbImage};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use super::*;

/// Soft colours and hard edges.
fn picture(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let edge = if (x / 37 + y / 23) % 2 == 0 { 40 } else { 0 };
        image::Rgb([
            (x * 200 / width) as u8 + edge,
            (y * 200 / height) as u8 + edge,
            ((x + y) * 180 / (width + height)) as u8 + edge,
        ])
    })
}

fn encoded(picture: &RgbImage, sampling: SamplingFactor, restart: u16, quality: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, quality);
    encoder.set_sampling_factor(sampling);
    if restart > 0 {
        encoder.set_restart_interval(restart);
    }
    let (width, height) = (picture.width() as u16, picture.height() as u16);
    encoder
        .encode(picture.as_raw(), width, height, ColorType::Rgb)
        .unwrap();
    bytes
}

fn shown(bytes: &[u8]) -> RgbImage {
    let decoded = decode(bytes).unwrap().unwrap();
    let jpeg = decoded.planes.jpeg().unwrap();
    image::load_from_memory_with_format(&jpeg, ImageFormat::Jpeg)
        .unwrap()
        .into_rgb8()
}

/// Mean difference of the colours.
fn difference(one: &RgbImage, two: &RgbImage) -> f64 {
    assert_eq!(one.dimensions(), two.dimensions());
    let sum: u64 = one
        .iter()
        .zip(two.iter())
        .map(|(one, two)| u64::from(one.abs_diff(*two)))
        .sum();
    sum as f64 / one.len() as f64
}

#[test]
fn it_shows_what_image_shows() {
    for (width, height) in [
        (64, 64),
        (333, 517),
        (1601, 999),
        (3201, 2405),
        (6500, 40),
        (900, 6_000),
    ] {
        let picture = picture(width, height);
        for sampling in [
            SamplingFactor::F_1_1,
            SamplingFactor::F_2_1,
            SamplingFactor::F_2_2,
            SamplingFactor::F_1_2,
        ] {
            for restart in [0, 7] {
                let bytes = encoded(&picture, sampling, restart, 92);
                let whole = image::load_from_memory_with_format(&bytes, ImageFormat::Jpeg).unwrap();
                let to = fit(width, height, SCREEN_SIDE);
                let wanted = whole.resize_exact(to.0, to.1, image::imageops::FilterType::Triangle);
                let off = difference(&wanted.into_rgb8(), &shown(&bytes));
                // Shrunk by four and more, our edges are sharper than the reference's.
                let most = if width.max(height) > 4000 { 9.0 } else { 4.0 };
                assert!(
                    off < most,
                    "{width} x {height}, {sampling:?}, {restart}: {off}"
                );
            }
        }
    }
}

#[test]
fn grey_is_grey() {
    let grey: Vec<u8> = (0..200 * 100).map(|at| (at % 200) as u8).collect();
    let mut bytes = Vec::new();
    Encoder::new(&mut bytes, 95)
        .encode(&grey, 200, 100, ColorType::Luma)
        .unwrap();
    let shown = shown(&bytes);
    for x in [10, 100, 190] {
        let pixel = shown.get_pixel(x, 50).0;
        assert!(
            pixel.iter().all(|one| one.abs_diff(x as u8) < 6),
            "{pixel:?}"
        );
    }
}

#[test]
fn what_is_rarer_is_left_to_the_other_decoder() {
    let picture = picture(160, 120);
    let mut progressive = Vec::new();
    let mut encoder = Encoder::new(&mut progressive, 80);
    encoder.set_progressive(true);
    encoder
        .encode(picture.as_raw(), 160, 120, ColorType::Rgb)
        .unwrap();
    assert!(decode(&progressive).is_none());
    let inks = vec![30; 160 * 120 * 4];
    let mut cmyk = Vec::new();
    Encoder::new(&mut cmyk, 80)
        .encode(&inks, 160, 120, ColorType::Cmyk)
        .unwrap();
    assert!(decode(&cmyk).is_none());
    // Each component in a scan of its own.
    assert!(decode(&encoded(&picture, SamplingFactor::F_4_1, 0, 80)).is_none());
    assert!(decode(b"").is_none());
    assert!(decode(b"\xff\xd8\xff").is_none());
}

#[test]
fn a_cut_scan_is_shown_as_far_as_it_goes() {
    let picture = picture(640, 480);
    for restart in [0, 5] {
        let bytes = encoded(&picture, SamplingFactor::F_2_2, restart, 90);
        let whole = shown(&bytes);
        for part in 1..16 {
            let cut = &bytes[..bytes.len() * part / 16];
            let Some(Ok(decoded)) = decode(cut) else {
                assert!(part < 3, "cut at {part}/16");
                continue;
            };
            let jpeg = decoded.planes.jpeg().unwrap();
            let part_shown = image::load_from_memory(&jpeg).unwrap().into_rgb8();
            for x in [0, 320, 639] {
                let (one, two) = (whole.get_pixel(x, 2).0, part_shown.get_pixel(x, 2).0);
                let off = one
                    .iter()
                    .zip(two)
                    .map(|(one, two)| one.abs_diff(two))
                    .max();
                assert!(off.unwrap() < 12, "cut at {part}/16: {one:?} {two:?}");
            }
        }
    }
}

/// Bytes changed anywhere: never a panic, and always planes of the right size or a word.
#[test]
fn no_byte_makes_it_panic() {
    let picture = picture(96, 80);
    let bytes = encoded(&picture, SamplingFactor::F_2_2, 3, 85);
    for at in 0..bytes.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut changed = bytes.clone();
            changed[at] ^= flip;
            if let Some(Ok(decoded)) = decode(&changed) {
                let to = fit(decoded.width, decoded.height, SCREEN_SIDE);
                assert_eq!(decoded.planes.size(), to);
            }
        }
    }
}
