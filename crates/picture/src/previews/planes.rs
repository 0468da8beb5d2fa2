//! A picture as brightness and two colours, which is how JPEG has it: from the decoder to the encoder nothing is ever turned into red, green and blue.

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::U8;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use image::metadata::Orientation;
use image::{DynamicImage, GrayImage, RgbImage};
use jpeg_encoder::{Encoder, ImageBuffer, JpegColorType};

use super::Strip;
use crate::NoPreview;

const QUALITY: u8 = 82;

/// Planes of one size: brightness, or brightness and two colours.
pub(crate) struct Planes {
    planes: Vec<GrayImage>,
}

/// A plane to be resized.
pub(crate) struct Source<'a> {
    pub samples: &'a [u8],
    pub stride: usize,
    /// How much of it is picture, from the top left.
    pub width: f64,
    pub height: f64,
}

impl Planes {
    /// All planes brought to one size.
    pub fn resized<'a>(
        sources: impl Iterator<Item = Source<'a>>,
        to: (u32, u32),
    ) -> Result<Self, NoPreview> {
        let mut resizer = Resizer::new();
        let planes = sources.map(|source| resize(&mut resizer, &source, to));
        Ok(Self {
            planes: planes.collect::<Result<_, _>>()?,
        })
    }

    /// From red, green and blue.
    pub fn of_rgb(rgb: &RgbImage) -> Self {
        let (width, height) = rgb.dimensions();
        let mut planes: Vec<_> = (0..3).map(|_| GrayImage::new(width, height)).collect();
        if let [y, cb, cr] = &mut planes[..] {
            let outs = y.iter_mut().zip(cb.iter_mut()).zip(cr.iter_mut());
            for (pixel, ((y, cb), cr)) in rgb.pixels().zip(outs) {
                let [r, g, b] = pixel.0.map(i32::from);
                let byte = |sum: i32| u8::try_from((sum >> 16).clamp(0, 255)).unwrap_or(0);
                *y = byte(19_595 * r + 38_470 * g + 7_471 * b + 32_768);
                *cb = byte(-11_058 * r - 21_710 * g + 32_768 * b + (128 << 16) + 32_767);
                *cr = byte(32_768 * r - 27_439 * g - 5_329 * b + (128 << 16) + 32_767);
            }
        }
        Self { planes }
    }

    pub fn size(&self) -> (u32, u32) {
        self.planes.first().map_or((0, 0), GrayImage::dimensions)
    }

    /// Smaller.
    pub fn shrunk(&self, to: (u32, u32)) -> Result<Self, NoPreview> {
        let sources = self.planes.iter().map(|plane| Source {
            samples: plane.as_raw(),
            stride: plane.width() as usize,
            width: plane.width().into(),
            height: plane.height().into(),
        });
        Self::resized(sources, to)
    }

    /// As it is to be looked at.
    pub fn upright(self, orientation: Orientation) -> Self {
        let turn = |plane: GrayImage| {
            let mut plane = DynamicImage::ImageLuma8(plane);
            plane.apply_orientation(orientation);
            plane.into_luma8()
        };
        Self {
            planes: self.planes.into_iter().map(turn).collect(),
        }
    }

    /// With the strip below it.
    pub fn above(self, strip: &Strip) -> Result<Self, NoPreview> {
        if strip.width != self.size().0 {
            return Err(NoPreview::Broken);
        }
        let lengthen = |(index, plane): (usize, GrayImage)| {
            let (width, height) = plane.dimensions();
            let mut samples = plane.into_raw();
            match index {
                0 => samples.extend_from_slice(&strip.grey),
                // Grey has no colour.
                _ => samples.resize(samples.len() + strip.grey.len(), 128),
            }
            GrayImage::from_raw(width, height + strip.height, samples).ok_or(NoPreview::Broken)
        };
        let planes = self.planes.into_iter().enumerate().map(lengthen);
        Ok(Self {
            planes: planes.collect::<Result<_, _>>()?,
        })
    }

    /// Nothing but black within left, top, right and bottom (exclusive).
    pub fn black_out(&mut self, (left, top, right, bottom): (u32, u32, u32, u32)) {
        for (index, plane) in self.planes.iter_mut().enumerate() {
            let black = if index == 0 { 0 } else { 128 };
            let (width, height) = plane.dimensions();
            for y in top..bottom.min(height) {
                for x in left..right.min(width) {
                    plane.put_pixel(x, y, image::Luma([black]));
                }
            }
        }
    }

    /// As a plain JPEG.
    pub fn jpeg(&self) -> Result<Vec<u8>, NoPreview> {
        let mut bytes = Vec::new();
        Encoder::new(&mut bytes, QUALITY)
            .encode_image(self)
            .map_err(|_| NoPreview::Broken)?;
        Ok(bytes)
    }
}

/// The encoder asks row by row, below the last row as well.
impl ImageBuffer for &Planes {
    fn get_jpeg_color_type(&self) -> JpegColorType {
        if self.planes.len() == 3 {
            JpegColorType::Ycbcr
        } else {
            JpegColorType::Luma
        }
    }

    fn width(&self) -> u16 {
        u16::try_from(self.size().0).unwrap_or(0)
    }

    fn height(&self) -> u16 {
        u16::try_from(self.size().1).unwrap_or(0)
    }

    fn fill_buffers(&self, y: u16, buffers: &mut [Vec<u8>; 4]) {
        for (plane, buffer) in self.planes.iter().zip(buffers) {
            let width = plane.width() as usize;
            let from = usize::from(y) * width;
            buffer.extend_from_slice(plane.as_raw().get(from..from + width).unwrap_or_default());
        }
    }
}

fn resize(
    resizer: &mut Resizer,
    source: &Source<'_>,
    (width, height): (u32, u32),
) -> Result<GrayImage, NoPreview> {
    let rows = source.samples.len() / source.stride.max(1);
    let stride = u32::try_from(source.stride).map_err(|_| NoPreview::TooLarge)?;
    let rows = u32::try_from(rows).map_err(|_| NoPreview::TooLarge)?;
    let picture = source
        .samples
        .get(..source.stride * rows as usize)
        .ok_or(NoPreview::Broken)?;
    // Typed, so that the resizer is compiled for this one kind of pixel alone.
    let from =
        TypedImageRef::<U8>::from_buffer(stride, rows, picture).map_err(|_| NoPreview::Broken)?;
    let mut to = GrayImage::new(width, height);
    let mut into =
        TypedImage::<U8>::from_buffer(width, height, &mut to).map_err(|_| NoPreview::Broken)?;
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(FilterType::Hamming))
        .crop(0.0, 0.0, source.width, source.height);
    resizer
        .resize_typed(&from, &mut into, &options)
        .map_err(|_| NoPreview::Broken)?;
    drop(into);
    Ok(to)
}
