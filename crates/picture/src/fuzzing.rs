//! Entries for the fuzz targets: the readers behind [`crate::decode_here`], each by itself.

use crate::frame::{Answer, Task};
use crate::plain_jpeg;
use crate::previews::decode_jpeg;
use crate::{MAX_AREAS, MAX_STRIP_HEIGHT, SCREEN_SIDE};

/// A JPEG through the decoder for cameras' JPEGs alone, if it is of at most so many pixels. Whether it gave a picture.
pub fn jpeg(bytes: &[u8], most_pixels: u64) -> bool {
    decode_jpeg(bytes, most_pixels).is_some_and(|decoded| decoded.is_ok())
}

/// What a decoding process is asked: one spelling, and no strip or number of areas beyond what there may be.
pub fn task(bytes: &[u8]) -> bool {
    let Some(task) = bytes.first_chunk().and_then(Task::from_bytes) else {
        return false;
    };
    assert_eq!(bytes.first_chunk(), Some(&task.to_bytes()));
    let most = (SCREEN_SIDE * MAX_STRIP_HEIGHT) as usize;
    assert!(task.strip_len().is_none_or(|len| len <= most));
    assert!(task.areas_len().is_none_or(|count| count <= MAX_AREAS));
    task.strip_len().is_some() && task.areas_len().is_some()
}

/// What a decoding process answers, and what it is asked; a preview is looked at as the parent does.
pub fn answer(bytes: &[u8]) -> bool {
    if let Some(task) = bytes.first_chunk().and_then(Task::from_bytes) {
        assert_eq!(bytes.first_chunk(), Some(&task.to_bytes()));
    }
    let _ = plain_jpeg::dimensions(bytes);
    let Some(answer) = Answer::from_bytes(bytes) else {
        return false;
    };
    assert_eq!(answer.to_bytes(), bytes);
    answer.made.is_ok_and(|made| {
        plain_jpeg::dimensions(&made.thumb).is_some()
            && plain_jpeg::dimensions(&made.screen).is_some()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::previews::jpeg_of;
    use crate::{NoPreview, Previews};
    use image::{Rgb, RgbImage};
    use std::path::Path;

    /// The corpus holds answers of this version: `UPDATE_SEEDS=1` writes them anew.
    #[test]
    fn the_seeds_are_answers_of_this_version() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/corpus/preview");
        let picture = jpeg_of(&RgbImage::from_pixel(8, 8, Rgb([90; 3])));
        let made = Ok(Previews {
            width: 8,
            height: 8,
            thumb: picture.clone(),
            screen: picture,
        });
        for (name, made) in [("made", made), ("broken", Err(NoPreview::Broken))] {
            let filtered = true;
            let bytes = Answer { filtered, made }.to_bytes();
            if std::env::var_os("UPDATE_SEEDS").is_some() {
                std::fs::create_dir_all(&corpus).unwrap();
                std::fs::write(corpus.join(name), &bytes).unwrap();
            }
            assert_eq!(std::fs::read(corpus.join(name)).unwrap(), bytes, "{name}");
            assert_eq!(answer(&bytes), name == "made");
        }
    }

    #[test]
    fn the_seed_with_restart_markers_is_decoded() {
        let seed =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/corpus/jpeg/restart");
        let picture = RgbImage::from_fn(40, 8, |x, y| Rgb([x as u8 * 5, y as u8 * 20, 90]));
        let mut bytes = Vec::new();
        let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, 40);
        encoder.set_restart_interval(2);
        encoder
            .encode(picture.as_raw(), 40, 8, jpeg_encoder::ColorType::Rgb)
            .unwrap();
        if std::env::var_os("UPDATE_SEEDS").is_some() {
            std::fs::write(&seed, &bytes).unwrap();
        }
        assert_eq!(std::fs::read(&seed).unwrap(), bytes);
        assert!(jpeg(&bytes, 320) && !jpeg(&bytes, 319));
    }
}
