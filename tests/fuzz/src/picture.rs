//! What reaches a decoder: in the product inside a process that may die, here without one.

use fieldseal_picture::{SCREEN_SIDE, THUMB_SIDE, decode_here, fuzzing, plain_jpeg};

/// More would only take longer.
const MOST_PIXELS: u64 = 1 << 20;

/// The decoder for cameras' JPEGs.
pub fn jpeg(data: &[u8]) -> bool {
    fuzzing::jpeg(data, MOST_PIXELS)
}

/// Any picture: what comes out is two plain JPEGs of the sizes described.
pub fn picture(data: &[u8]) -> bool {
    let Ok(made) = decode_here(data) else {
        return false;
    };
    for (jpeg, side) in [(&made.thumb, THUMB_SIDE), (&made.screen, SCREEN_SIDE)] {
        let (width, height) = plain_jpeg::dimensions(jpeg).expect("a preview is a plain JPEG");
        assert!(width <= side && height <= side);
    }
    true
}

/// What a decoding process answers.
pub fn preview(data: &[u8]) -> bool {
    fuzzing::answer(data)
}

/// What a decoding process is asked.
pub fn decode_task(data: &[u8]) -> bool {
    fuzzing::task(data)
}
