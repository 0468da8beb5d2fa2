//! Pictures for the screen: decoded here with limits, turned upright, made small and encoded anew. What a reviewer's browser shows is therefore never
//! the file that came in, and a file that harms a decoder harms a worker thread of ours at most.
//!
//! Cached under `D/previews` as `<sha256>-<width>.jpg`, or `<sha256>.none` with the reason why there is none. May be deleted at any time.

use std::io::{BufReader, Cursor};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use fieldseal_packet::Sha256Digest;
use fieldseal_packet::zipread::{ReadAt, Stretch};
use image::{DynamicImage, ImageDecoder as _, ImageReader, Limits};

use super::summary::can_preview;
use crate::files;

/// The sizes offered: longest side in pixels.
pub const WIDTHS: [u32; 2] = [320, 1600];
/// Longest side that is decoded.
const LONGEST_SIDE: u32 = 16_384;
/// Most memory for one picture.
const MEMORY: u64 = 128 << 20;
/// Largest file that is decoded: it has to fit into memory.
const LARGEST: u64 = 96 << 20;
const QUALITY: u8 = 82;

/// Why there is no preview: stable codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoPreview {
    /// Not a kind of picture that can be re-encoded here (HEIC, video, a document).
    MediaType,
    /// Larger than the limits.
    TooLarge,
    /// The decoder gave up: truncated, damaged or not what it says.
    Undecodable,
}

impl NoPreview {
    /// The code.
    pub const fn word(self) -> &'static str {
        match self {
            Self::MediaType => "preview-media-type",
            Self::TooLarge => "preview-too-large",
            Self::Undecodable => "preview-undecodable",
        }
    }

    fn of_word(word: &str) -> Self {
        match word {
            "preview-media-type" => Self::MediaType,
            "preview-too-large" => Self::TooLarge,
            _ => Self::Undecodable,
        }
    }
}

/// The cache.
#[derive(Debug, Clone)]
pub struct Previews {
    folder: PathBuf,
}

/// Where an item's bytes are.
pub struct ItemBytes<'a> {
    /// The file they are in.
    pub file: &'a dyn ReadAt,
    /// Its size.
    pub size: u64,
    /// Its digest, as the packet says.
    pub sha256: Sha256Digest,
    /// By its bytes, as the packet says.
    pub media_type: &'a str,
}

impl Previews {
    /// Under this folder.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    fn path(&self, sha256: &Sha256Digest, width: u32) -> PathBuf {
        self.folder.join(format!("{sha256}-{width}.jpg"))
    }

    fn none_path(&self, sha256: &Sha256Digest) -> PathBuf {
        self.folder.join(format!("{sha256}.none"))
    }

    /// What is known already: a preview, none and why, or nothing yet.
    pub fn known(&self, sha256: &Sha256Digest) -> Option<Result<(), NoPreview>> {
        if WIDTHS
            .iter()
            .all(|width| self.path(sha256, *width).is_file())
        {
            return Some(Ok(()));
        }
        std::fs::read_to_string(self.none_path(sha256))
            .ok()
            .map(|word| Err(NoPreview::of_word(word.trim())))
    }

    /// A preview, from the cache or made now. Blocking; may take a second.
    pub fn jpeg(&self, item: &ItemBytes<'_>, width: u32) -> Result<Vec<u8>, NoPreview> {
        match self.known(&item.sha256) {
            Some(Ok(())) => {}
            Some(Err(none)) => return Err(none),
            None => self.make(item)?,
        }
        std::fs::read(self.path(&item.sha256, width)).map_err(|_| NoPreview::Undecodable)
    }

    /// Makes all sizes of an item.
    pub fn make(&self, item: &ItemBytes<'_>) -> Result<(), NoPreview> {
        let made =
            catch_unwind(AssertUnwindSafe(|| encode(item))).unwrap_or(Err(NoPreview::Undecodable));
        let stored = match &made {
            Ok(jpegs) => jpegs.iter().try_for_each(|(width, jpeg)| {
                files::replace(&self.path(&item.sha256, *width), jpeg)
            }),
            Err(none) => files::replace(&self.none_path(&item.sha256), none.word().as_bytes()),
        };
        if let Err(error) = stored {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "a preview could not be kept"
            );
        }
        made.map(|_| ())
    }
}

/// Width and height as it is looked at (turned upright), without decoding. None when they can't be read.
pub fn dimensions(item: &ItemBytes<'_>) -> Option<(u32, u32)> {
    use image::metadata::Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
    if !can_preview(item.media_type) {
        return None;
    }
    let mut head = vec![0; usize::try_from(item.size.min(1 << 20)).ok()?];
    let mut stretch = Stretch::new(item.file, 0, head.len() as u64);
    std::io::Read::read_exact(&mut stretch, &mut head).ok()?;
    let read = catch_unwind(AssertUnwindSafe(|| {
        let reader = ImageReader::new(Cursor::new(head))
            .with_guessed_format()
            .ok()?;
        let mut decoder = reader.into_decoder().ok()?;
        let (width, height) = decoder.dimensions();
        match decoder.orientation() {
            Ok(Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH) => Some((height, width)),
            _ => Some((width, height)),
        }
    }));
    read.ok().flatten()
}

fn encode(item: &ItemBytes<'_>) -> Result<Vec<(u32, Vec<u8>)>, NoPreview> {
    if !can_preview(item.media_type) {
        return Err(NoPreview::MediaType);
    }
    if item.size > LARGEST {
        return Err(NoPreview::TooLarge);
    }
    let mut bytes = Vec::new();
    let mut stretch = Stretch::new(item.file, 0, item.size);
    std::io::Read::read_to_end(&mut stretch, &mut bytes).map_err(|_| NoPreview::Undecodable)?;
    let picture = decode(bytes)?;
    let mut jpegs = Vec::new();
    let mut source = picture;
    for width in WIDTHS.iter().rev() {
        // Smaller pictures stay as they are: nothing is made up.
        if source.width() > *width || source.height() > *width {
            source = source.thumbnail(*width, *width);
        }
        let mut jpeg = Vec::new();
        let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut jpeg, QUALITY);
        source
            .to_rgb8()
            .write_with_encoder(encoder)
            .map_err(|_| NoPreview::Undecodable)?;
        jpegs.push((*width, jpeg));
    }
    Ok(jpegs)
}

fn decode(bytes: Vec<u8>) -> Result<DynamicImage, NoPreview> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(MEMORY);
    let mut reader = ImageReader::new(BufReader::new(Cursor::new(bytes)))
        .with_guessed_format()
        .map_err(|_| NoPreview::Undecodable)?;
    reader.limits(limits);
    let refused = |error: image::ImageError| match error {
        image::ImageError::Limits(_) => NoPreview::TooLarge,
        _ => NoPreview::Undecodable,
    };
    let mut decoder = reader.into_decoder().map_err(refused)?;
    if decoder.total_bytes() > MEMORY {
        return Err(NoPreview::TooLarge);
    }
    let orientation = decoder
        .orientation()
        .unwrap_or(image::metadata::Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(refused)?;
    picture.apply_orientation(orientation);
    Ok(picture)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item<'a>(bytes: &'a Vec<u8>, media_type: &'a str) -> ItemBytes<'a> {
        ItemBytes {
            file: bytes,
            size: bytes.len() as u64,
            sha256: Sha256Digest::of(bytes),
            media_type,
        }
    }

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::new_rgb8(width, height)
            .write_to(&mut bytes, image::ImageFormat::Png)
            .unwrap();
        bytes.into_inner()
    }

    #[test]
    fn pictures_become_small_jpegs_and_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let previews = Previews::new(folder.path().to_owned());
        let bytes = png(2000, 1000);
        let item = item(&bytes, "image/png");
        assert_eq!(dimensions(&item), Some((2000, 1000)));
        for (width, height) in [(320, 160), (1600, 800)] {
            let jpeg = previews.jpeg(&item, width).unwrap();
            let small =
                image::load_from_memory_with_format(&jpeg, image::ImageFormat::Jpeg).unwrap();
            assert_eq!((small.width(), small.height()), (width, height));
        }
        assert_eq!(previews.known(&item.sha256), Some(Ok(())));
    }

    #[test]
    fn pictures_are_turned_upright() {
        // A JPEG of 64 by 32 whose EXIF says: turned by 90 degrees.
        let mut jpeg = Cursor::new(Vec::new());
        DynamicImage::new_rgb8(64, 32)
            .write_to(&mut jpeg, image::ImageFormat::Jpeg)
            .unwrap();
        let mut turned = jpeg.into_inner();
        let exif = b"\xff\xe1\x00\x22Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
        turned.splice(2..2, exif.iter().copied());
        let item = item(&turned, "image/jpeg");
        assert_eq!(dimensions(&item), Some((32, 64)));
        let folder = tempfile::tempdir().unwrap();
        let small = Previews::new(folder.path().to_owned())
            .jpeg(&item, 320)
            .unwrap();
        let small = image::load_from_memory(&small).unwrap();
        assert_eq!((small.width(), small.height()), (32, 64));
    }

    #[test]
    fn what_is_no_picture_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let previews = Previews::new(folder.path().to_owned());
        let cases = [
            (b"ftypheic".to_vec(), "image/heic", NoPreview::MediaType),
            (Vec::new(), "image/jpeg", NoPreview::Undecodable),
            (vec![7; 5000], "image/jpeg", NoPreview::Undecodable),
            (png(20_000, 1), "image/png", NoPreview::TooLarge),
            (
                png(64, 64)[..80].to_vec(),
                "image/png",
                NoPreview::Undecodable,
            ),
        ];
        for (bytes, media_type, none) in &cases {
            let item = item(bytes, media_type);
            assert_eq!(
                previews.jpeg(&item, 320),
                Err(*none),
                "{media_type} of {} bytes",
                bytes.len()
            );
            assert_eq!(previews.known(&item.sha256), Some(Err(*none)));
        }
    }
}
