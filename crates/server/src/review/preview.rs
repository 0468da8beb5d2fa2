//! Pictures for the screen: decoded with limits in a process of its own ([`fieldseal_picture`]), turned upright, made small and encoded anew. What a
//! reviewer's browser shows is therefore never the file that came in, and a file that harms a decoder harms nothing of ours.
//!
//! Cached under `D/previews` as `<sha256>-<width>.jpg` with the original's size in `<sha256>.size`, or `<sha256>.none` with the reason why there is none. May
//! be deleted at any time.

use std::path::PathBuf;

use fieldseal_packet::Sha256Digest;
use fieldseal_packet::zipread::{ReadAt, Stretch};
use fieldseal_picture::{Area, Decoder, SCREEN_SIDE, Strip, THUMB_SIDE};

use super::summary::can_preview;
use crate::files;

/// The sizes offered: longest side in pixels.
pub const WIDTHS: [u32; 2] = [THUMB_SIDE, SCREEN_SIDE];

/// Why there is no preview: stable codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoPreview {
    /// Not a kind of picture that can be re-encoded here (HEIC, video, a document).
    MediaType,
    /// Larger than the limits.
    TooLarge,
    /// The decoder gave up: empty, truncated, damaged or not what it says.
    Undecodable,
    /// The decoder's time was up.
    TookTooLong,
    /// The decoder asked for more memory than it gets.
    Memory,
    /// The decoder died, or answered something that is no preview.
    DecoderStopped,
    /// No decoder can be started here.
    NoDecoder,
}

impl NoPreview {
    const ALL: [Self; 7] = [
        Self::MediaType,
        Self::TooLarge,
        Self::Undecodable,
        Self::TookTooLong,
        Self::Memory,
        Self::DecoderStopped,
        Self::NoDecoder,
    ];

    /// The code.
    pub const fn word(self) -> &'static str {
        match self {
            Self::MediaType => "preview-media-type",
            Self::TooLarge => "preview-too-large",
            Self::Undecodable => "preview-undecodable",
            Self::TookTooLong => "preview-took-too-long",
            Self::Memory => "preview-memory",
            Self::DecoderStopped => "preview-decoder-stopped",
            Self::NoDecoder => "preview-no-decoder",
        }
    }

    fn of_word(word: &str) -> Self {
        let known = Self::ALL.into_iter().find(|why| why.word() == word);
        known.unwrap_or(Self::Undecodable)
    }
}

impl From<fieldseal_picture::NoPreview> for NoPreview {
    fn from(why: fieldseal_picture::NoPreview) -> Self {
        use fieldseal_picture::NoPreview as Why;
        match why {
            Why::UnknownFormat => Self::MediaType,
            Why::TooLarge => Self::TooLarge,
            Why::TooLong => Self::TookTooLong,
            Why::Memory => Self::Memory,
            Why::Stopped => Self::DecoderStopped,
            Why::NoDecoder => Self::NoDecoder,
            _ => Self::Undecodable,
        }
    }
}

/// The cache.
#[derive(Debug, Clone)]
pub struct Previews {
    folder: PathBuf,
    decoder: Decoder,
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
    /// Under this folder, made by this decoder.
    pub fn new(folder: PathBuf, decoder: Decoder) -> Self {
        Self { folder, decoder }
    }

    fn path(&self, sha256: &Sha256Digest, width: u32) -> PathBuf {
        self.folder.join(format!("{sha256}-{width}.jpg"))
    }

    fn size_path(&self, sha256: &Sha256Digest) -> PathBuf {
        self.folder.join(format!("{sha256}.size"))
    }

    fn none_path(&self, sha256: &Sha256Digest) -> PathBuf {
        self.folder.join(format!("{sha256}.none"))
    }

    /// What is known already: the original's width and height as it is looked at, no preview and why, or nothing yet.
    pub fn known(&self, sha256: &Sha256Digest) -> Option<Result<(u32, u32), NoPreview>> {
        if let Some(size) = self.size(sha256)
            && WIDTHS
                .iter()
                .all(|width| self.path(sha256, *width).is_file())
        {
            return Some(Ok(size));
        }
        std::fs::read_to_string(self.none_path(sha256))
            .ok()
            .map(|word| Err(NoPreview::of_word(word.trim())))
    }

    fn size(&self, sha256: &Sha256Digest) -> Option<(u32, u32)> {
        let text = std::fs::read_to_string(self.size_path(sha256)).ok()?;
        let (width, height) = text.trim().split_once(' ')?;
        Some((width.parse().ok()?, height.parse().ok()?))
    }

    /// A preview, from the cache or made now. Blocking; may take seconds.
    pub fn jpeg(&self, item: &ItemBytes<'_>, width: u32) -> Result<Vec<u8>, NoPreview> {
        match self.known(&item.sha256) {
            Some(Ok(_)) => {}
            Some(Err(none)) => return Err(none),
            None => self.make(item)?,
        }
        std::fs::read(self.path(&item.sha256, width)).map_err(|_| NoPreview::Undecodable)
    }

    /// Width and height of a picture as it is looked at, from the cache or found now; none where there is no preview. Blocking.
    pub fn size_of(&self, item: &ItemBytes<'_>) -> Option<(u32, u32)> {
        match self.known(&item.sha256) {
            Some(known) => known.ok(),
            None => {
                self.make(item).ok()?;
                self.size(&item.sha256)
            }
        }
    }

    /// A copy at the larger size with a strip below it, made now and not kept. Blocking.
    pub fn stamped(&self, item: &ItemBytes<'_>, strip: &Strip) -> Result<Vec<u8>, NoPreview> {
        let mut bytes = Stretch::new(item.file, 0, item.size);
        self.decoder
            .stamped(item.size, &mut bytes, strip)
            .map_err(NoPreview::from)
    }

    /// A copy at the larger size with these areas blacked out, made now and not kept. Blocking.
    pub fn redacted(&self, item: &ItemBytes<'_>, areas: &[Area]) -> Result<Vec<u8>, NoPreview> {
        let mut bytes = Stretch::new(item.file, 0, item.size);
        self.decoder
            .redacted(item.size, &mut bytes, areas)
            .map_err(NoPreview::from)
    }

    /// Makes all sizes of an item.
    pub fn make(&self, item: &ItemBytes<'_>) -> Result<(), NoPreview> {
        let made = if can_preview(item.media_type) {
            let mut bytes = Stretch::new(item.file, 0, item.size);
            self.decoder
                .previews(item.size, &mut bytes)
                .map_err(NoPreview::from)
        } else {
            Err(NoPreview::MediaType)
        };
        let stored = match &made {
            // The size last: only with it are the others known.
            Ok(made) => files::replace(&self.path(&item.sha256, THUMB_SIDE), &made.thumb)
                .and_then(|()| files::replace(&self.path(&item.sha256, SCREEN_SIDE), &made.screen))
                .and_then(|()| {
                    let size = format!("{} {}\n", made.width, made.height);
                    files::replace(&self.size_path(&item.sha256), size.as_bytes())
                }),
            // That says something about this machine at this moment, not about the picture.
            Err(NoPreview::NoDecoder) => Ok(()),
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn decoding_child() {
        fieldseal_picture::run_decoder_child_of_test();
    }

    fn previews(folder: &tempfile::TempDir) -> Previews {
        let decoder = Decoder::of_test("review::preview::tests::decoding_child");
        Previews::new(folder.path().to_owned(), decoder)
    }

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
        image::DynamicImage::new_rgb8(width, height)
            .write_to(&mut bytes, image::ImageFormat::Png)
            .unwrap();
        bytes.into_inner()
    }

    #[test]
    fn pictures_become_small_jpegs_and_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let previews = previews(&folder);
        let bytes = png(2000, 1000);
        let item = item(&bytes, "image/png");
        assert_eq!(previews.known(&item.sha256), None);
        for (width, height) in [(320, 160), (1600, 800)] {
            let jpeg = previews.jpeg(&item, width).unwrap();
            let small =
                image::load_from_memory_with_format(&jpeg, image::ImageFormat::Jpeg).unwrap();
            assert_eq!((small.width(), small.height()), (width, height));
        }
        assert_eq!(previews.known(&item.sha256), Some(Ok((2000, 1000))));
    }

    #[test]
    fn what_is_no_picture_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let previews = previews(&folder);
        let cases = [
            (b"ftypheic".to_vec(), "image/heic", NoPreview::MediaType),
            (Vec::new(), "image/jpeg", NoPreview::Undecodable),
            (vec![7; 5000], "image/jpeg", NoPreview::MediaType),
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

    #[test]
    fn a_missing_decoder_is_not_held_against_the_picture() {
        let folder = tempfile::tempdir().unwrap();
        let nowhere = Decoder::of_program("/nonexistent/decoder".into(), Vec::new());
        let bytes = png(64, 32);
        let item = item(&bytes, "image/png");
        let none = Previews::new(folder.path().to_owned(), nowhere).jpeg(&item, 320);
        assert_eq!(none, Err(NoPreview::NoDecoder));
        let previews = previews(&folder);
        assert_eq!(previews.known(&item.sha256), None);
        assert!(previews.jpeg(&item, 320).is_ok());
    }

    #[test]
    fn codes_come_back_as_they_were_kept() {
        for why in NoPreview::ALL {
            assert_eq!(NoPreview::of_word(why.word()), why);
        }
    }
}
