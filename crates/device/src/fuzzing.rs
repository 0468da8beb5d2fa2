//! Entries for the fuzz targets: what a camera, a person or a server gives this engine to read.

use crate::enrol_code::{EnrolCode, is_loopback, normalised};
use crate::http::server_time;
use crate::scan;

/// The text of a code, wherever it came from. What is accepted names a server that may be spoken to.
pub fn enrol_code(text: &str) -> bool {
    let _ = (normalised(text), server_time(text));
    let Ok(code) = EnrolCode::parse(text) else {
        return false;
    };
    assert!(code.server.starts_with("https:") || is_loopback(&code.server));
    true
}

/// Rows of brightness. Whether there is an enrolment code in them.
pub fn picture_of_code(width: usize, luma: &[u8]) -> bool {
    scan::scan(width, luma).is_ok_and(|seen| {
        let ours = ["enrolment", "officer", "challenge", "cosignature"];
        assert_eq!(seen.text.is_some(), ours.contains(&&*seen.found));
        seen.text.is_some()
    })
}

/// Sides of codes: what finds one in a picture gives no others.
const SIDES: std::ops::RangeInclusive<usize> = 21..=177;

/// The modules of a code, eight to a byte, row by row: past what finds a code in a picture. Whether it says anything.
pub fn modules(side: usize, bits: &[u8]) -> bool {
    if !SIDES.contains(&side) {
        return false;
    }
    let grid = rqrr::SimpleGrid::from_func(side, |x, y| {
        let at = y * side + x;
        bits.get(at / 8)
            .is_some_and(|byte| byte >> (at % 8) & 1 == 1)
    });
    rqrr::Grid::new(grid).decode().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use qrcode::{Color, QrCode};
    use std::path::Path;

    const TEXT: &str = "fieldseal:enrol?u=https%3A%2F%2Fevidence.example&c=3ZE5B-ZAHVG&t=2030cda3aa9d6bbd3a6a4b1d9c36a1d6ef0f2f8e4fbf3f4c8f0d4b7d3a5c6e71";

    /// As the target takes them: the first byte says which, the second the width or side.
    fn seeds() -> Vec<(&'static str, Vec<u8>)> {
        let code = QrCode::new(TEXT).unwrap();
        let dark = |x, y| x < code.width() && y < code.width() && code[(x, y)] == Color::Dark;
        let cell = 3;
        let side = (code.width() + 8) * cell;
        let mut picture = vec![0, u8::try_from(side).unwrap()];
        for i in 0..side * side {
            let (x, y) = (i % side / cell, i / side / cell);
            let is_dark = dark(x.wrapping_sub(4), y.wrapping_sub(4));
            picture.push(if is_dark { 30 } else { 235 });
        }
        let modules = |text: &str| {
            let code = QrCode::new(text).unwrap();
            let side = code.width();
            let mut bits = vec![0; (side * side).div_ceil(8)];
            for at in 0..side * side {
                if code[(at % side, at / side)] == Color::Dark {
                    bits[at / 8] |= 1 << (at % 8);
                }
            }
            [&[1, u8::try_from(side).unwrap()], &bits[..]].concat()
        };
        vec![
            ("picture", picture),
            ("modules", modules(TEXT)),
            ("digits", modules("0123456789012345")),
            ("letters", modules("ABC-123 $%")),
            ("chinese", modules("编码")),
        ]
    }

    /// The corpus holds codes that are read: `UPDATE_SEEDS=1` writes them anew.
    #[test]
    fn the_seeds_are_read() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/corpus/scan");
        for (name, bytes) in seeds() {
            if std::env::var_os("UPDATE_SEEDS").is_some() {
                std::fs::create_dir_all(&corpus).unwrap();
                std::fs::write(corpus.join(name), &bytes).unwrap();
            }
            assert_eq!(std::fs::read(corpus.join(name)).unwrap(), bytes, "{name}");
            let side = usize::from(bytes[1]);
            let is_read = match bytes[0] {
                0 => picture_of_code(side, &bytes[2..]),
                _ => modules(side, &bytes[2..]),
            };
            assert!(is_read, "{name}");
        }
    }
}
