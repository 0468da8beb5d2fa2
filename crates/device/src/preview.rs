//! Previews: made after the bytes are durable, by a thread of their own, under limits. A file that can't be decoded is
//! evidence all the same; it has a stable word for why it has no preview.

use std::io::{BufRead, BufReader, Seek};
use std::sync::{Arc, Condvar, Mutex, Weak};
use std::time::Duration;

use fieldseal_vault::captures::PreviewState;
use fieldseal_vault::previews::Preview;
use fieldseal_vault::{OriginalError, captures, previews};
use image::codecs::jpeg::JpegEncoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder as _, ImageError, ImageReader, Limits};

use crate::core::{Core, lock};
use crate::problem::{Code, Problem};

/// Most pixels a side that are decoded.
const MAX_SIDE: u32 = 16_384;
/// Most memory for decoding, bytes.
const MAX_ALLOC: u64 = 128 << 20;
/// Largest file that is looked at, bytes.
const MAX_FILE: u64 = 256 << 20;
const THUMB_SIDE: u32 = 320;
const SCREEN_SIDE: u32 = 1600;
const QUALITY: u8 = 80;
/// Looks for work this often even without being woken, and so notices a lock or the engine's end.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Wakes the thread.
#[derive(Default)]
pub(crate) struct Bell {
    rung: Mutex<bool>,
    bell: Condvar,
}

impl Bell {
    pub fn wake(&self) {
        *lock(&self.rung) = true;
        self.bell.notify_all();
    }

    fn wait(&self) {
        let rung = lock(&self.rung);
        let waited = self
            .bell
            .wait_timeout_while(rung, LOOK_EVERY, |rung| !*rung);
        *waited.unwrap_or_else(std::sync::PoisonError::into_inner).0 = false;
    }
}

/// The thread's life: until the engine is gone.
pub(crate) fn run(core: &Weak<Core>, bell: &Arc<Bell>) {
    loop {
        bell.wait();
        let Some(core) = core.upgrade() else { return };
        if core.line.stopping() {
            return;
        }
        core.auto_lock();
        while !core.line.stopping() && core.make_next_preview().unwrap_or(false) {}
    }
}

impl Core {
    /// Makes the previews of one capture; `false` when there is nothing to do.
    pub fn make_next_preview(&self) -> Result<bool, Problem> {
        let Some(capture_seq) = self
            .read(|c| Ok(captures::without_preview(c, 1)?))?
            .first()
            .copied()
        else {
            return Ok(false);
        };
        let Some(capture) = self.read(|c| Ok(captures::get(c, capture_seq)?))? else {
            return Ok(false);
        };
        let made = if capture.size == 0 {
            Err("empty")
        } else if capture.size > MAX_FILE {
            Err("too-large")
        } else {
            match self.open_vault()?.open_original(capture_seq) {
                Ok(original) => make(BufReader::with_capacity(1 << 20, original)),
                Err(OriginalError::Reclaimed { .. }) => Err("reclaimed"),
                Err(_) => Err("unreadable"),
            }
        };
        self.write(|tx| {
            let state = match &made {
                Ok(made) => {
                    previews::put(tx, capture_seq, Preview::Thumb, &made.thumb)?;
                    previews::put(tx, capture_seq, Preview::Screen, &made.screen)?;
                    PreviewState {
                        width: Some(made.width),
                        height: Some(made.height),
                        problem: None,
                    }
                }
                Err(problem) => PreviewState {
                    problem: Some((*problem).to_owned()),
                    ..PreviewState::default()
                },
            };
            Ok(captures::set_preview_state(tx, capture_seq, &state)?)
        })?;
        Ok(true)
    }

    /// The stored JPEG.
    pub fn image(&self, preview: Preview, capture_seq: u64) -> Result<Vec<u8>, Problem> {
        self.read(|c| Ok(previews::get(c, capture_seq, preview)?))?
            .ok_or_else(|| Code::NoPreview.into())
    }
}

struct Made {
    thumb: Vec<u8>,
    screen: Vec<u8>,
    /// Of the original, as it is to be seen.
    width: u32,
    height: u32,
}

fn make(reader: impl BufRead + Seek) -> Result<Made, &'static str> {
    let word = |error: ImageError| match error {
        ImageError::Unsupported(_) => "unsupported-format",
        ImageError::Limits(_) => "too-large",
        _ => "not-decodable",
    };
    let mut reader = ImageReader::new(reader)
        .with_guessed_format()
        .map_err(|_| "not-decodable")?;
    if reader.format().is_none() {
        return Err("unsupported-format");
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_ALLOC);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(word)?;
    // A wrong orientation tag turns the preview, never the evidence.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(word)?;
    let turned = matches!(
        orientation,
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    );
    let (width, height) = (picture.width(), picture.height());
    // Shrinking first: turning the full picture would double its memory.
    picture = shrink(&picture, SCREEN_SIDE);
    picture.apply_orientation(orientation);
    let (width, height) = if turned {
        (height, width)
    } else {
        (width, height)
    };
    let thumb = shrink(&picture, THUMB_SIDE);
    Ok(Made {
        thumb: jpeg(&thumb)?,
        screen: jpeg(&picture)?,
        width,
        height,
    })
}

fn shrink(picture: &DynamicImage, side: u32) -> DynamicImage {
    if picture.width() <= side && picture.height() <= side {
        picture.clone()
    } else {
        picture.thumbnail(side, side)
    }
}

fn jpeg(picture: &DynamicImage) -> Result<Vec<u8>, &'static str> {
    let mut bytes = Vec::new();
    let rgb = picture.to_rgb8();
    rgb.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, QUALITY))
        .map_err(|_| "not-decodable")?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn encoded(width: u32, height: u32, format: image::ImageFormat) -> Vec<u8> {
        let picture = DynamicImage::ImageRgb8(image::RgbImage::from_fn(width, height, |x, y| {
            image::Rgb([(x % 256) as u8, (y % 256) as u8, 90])
        }));
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn previews_are_small_jpegs_of_the_whole_picture() {
        for format in [image::ImageFormat::Jpeg, image::ImageFormat::Png] {
            let made = make(Cursor::new(encoded(2000, 1000, format))).unwrap();
            assert_eq!((made.width, made.height), (2000, 1000));
            let thumb =
                image::load_from_memory_with_format(&made.thumb, image::ImageFormat::Jpeg).unwrap();
            assert_eq!((thumb.width(), thumb.height()), (320, 160));
            let screen =
                image::load_from_memory_with_format(&made.screen, image::ImageFormat::Jpeg)
                    .unwrap();
            assert_eq!(screen.width(), 1600);
        }
    }

    #[test]
    fn what_cannot_be_shown_says_why() {
        let cut = encoded(400, 400, image::ImageFormat::Jpeg)[..200].to_vec();
        let heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic".to_vec();
        // A PNG header that promises 60,000 by 60,000 pixels.
        let mut vast = encoded(8, 8, image::ImageFormat::Png);
        vast[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
        for (bytes, words) in [
            (cut, &["not-decodable"][..]),
            (
                b"neither here nor there, only words".to_vec(),
                &["unsupported-format"],
            ),
            (heic, &["unsupported-format"]),
            (vast, &["too-large", "not-decodable"]),
        ] {
            let word = make(Cursor::new(bytes)).err().unwrap();
            assert!(words.contains(&word), "{word}");
        }
    }
}
