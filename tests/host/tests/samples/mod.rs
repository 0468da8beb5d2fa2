//! Odd pictures, made here: none is worth keeping as a file.

use std::io::Cursor;

use image::codecs::gif::GifEncoder;
use image::{Frame, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use jpeg_encoder::{ColorType, Encoder};

/// What should become of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shown {
    /// Previews, of a picture that is looked at with this width and height.
    As(u32, u32),
    /// None, for this reason.
    No(&'static str),
    /// Previews, or none because too little is left.
    Either,
}

pub struct Sample {
    pub what: String,
    pub bytes: Vec<u8>,
    pub shown: Shown,
}

/// What nothing that is ever written down may hold, beside the evidence itself.
pub const SECRET: &str = "KANARIENVOGEL-7731";

fn sample(what: &str, bytes: Vec<u8>, shown: Shown) -> Sample {
    Sample {
        what: what.into(),
        bytes,
        shown,
    }
}

/// Red at the top left, green at the top right, blue at the bottom left.
pub fn corners(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        match (x * 2 < width, y * 2 < height) {
            (true, true) => Rgb([220, 20, 20]),
            (false, true) => Rgb([20, 200, 20]),
            (true, false) => Rgb([20, 20, 220]),
            (false, false) => Rgb([240, 240, 240]),
        }
    })
}

fn jpeg(picture: &RgbImage, quality: u8, progressive: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, quality);
    encoder.set_progressive(progressive);
    let (width, height) = (picture.width() as u16, picture.height() as u16);
    encoder
        .encode(picture.as_raw(), width, height, ColorType::Rgb)
        .unwrap();
    bytes
}

fn written(picture: impl Into<image::DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// About 60 MB.
pub fn vast_photo() -> Sample {
    let (width, height) = (5200, 3900);
    let mut seed = 1_u64;
    let noise = RgbImage::from_fn(width, height, |_, _| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        Rgb([(seed >> 40) as u8, (seed >> 48) as u8, (seed >> 56) as u8])
    });
    let bytes = jpeg(&noise, 100, false);
    assert!(bytes.len() > 55 << 20, "{}", bytes.len());
    sample("a photo of 60 MB", bytes, Shown::As(width, height))
}

/// An EXIF block in front of everything else.
fn with_exif(jpeg: &[u8], tiff: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0xff, 0xd8, 0xff, 0xe1];
    bytes.extend(u16::try_from(tiff.len() + 8).unwrap().to_be_bytes());
    bytes.extend(b"Exif\0\0");
    bytes.extend(tiff);
    bytes.extend(&jpeg[2..]);
    bytes
}

/// One entry of a directory: tag, type, count, value or where it is.
type Entry = (u16, u16, u32, [u8; 4]);

fn directory(entries: &[Entry]) -> Vec<u8> {
    let mut bytes = u16::try_from(entries.len()).unwrap().to_be_bytes().to_vec();
    for (tag, kind, count, value) in entries {
        bytes.extend(tag.to_be_bytes());
        bytes.extend(kind.to_be_bytes());
        bytes.extend(count.to_be_bytes());
        bytes.extend(value);
    }
    bytes.extend([0; 4]);
    bytes
}

fn tiff(entries: &[Entry], rest: &[u8]) -> Vec<u8> {
    let mut bytes = b"MM\0\x2a\0\0\0\x08".to_vec();
    bytes.extend(directory(entries));
    bytes.extend(rest);
    bytes
}

fn orientation(turn: u8) -> Entry {
    (0x0112, 3, 1, [0, turn, 0, 0])
}

/// All eight orientations; the file's own size is 640 by 400.
pub fn turned(turn: u8) -> Sample {
    let bytes = with_exif(
        &jpeg(&corners(640, 400), 92, false),
        &tiff(&[orientation(turn)], b""),
    );
    let shown = if turn >= 5 {
        Shown::As(400, 640)
    } else {
        Shown::As(640, 400)
    };
    sample(&format!("orientation {turn}"), bytes, shown)
}

/// Sizes, dates and places that can't be.
pub fn lying_exif() -> Vec<Sample> {
    let plain = jpeg(&corners(300, 200), 90, false);
    let shown = Shown::As(300, 200);
    let at = |entries: usize| {
        u32::try_from(8 + 2 + entries * 12 + 4)
            .unwrap()
            .to_be_bytes()
    };
    let dates = [
        "1826:01:01 00:00:00\0",
        "2226:12:31 23:59:60\0",
        "9999:99:99 99:99:99\0",
    ];
    let mut samples: Vec<_> = dates
        .iter()
        .map(|date| {
            let entries = [
                (0x0100, 4, 1, 1_u32.to_be_bytes()),
                (0x0101, 4, 1, u32::MAX.to_be_bytes()),
                (0x010e, 2, SECRET.len() as u32, at(5)),
                orientation(1),
                (
                    0x0132,
                    2,
                    20,
                    (u32::from_be_bytes(at(5)) + SECRET.len() as u32).to_be_bytes(),
                ),
            ];
            let rest = [SECRET.as_bytes(), date.as_bytes()].concat();
            sample(
                "a date that can't be",
                with_exif(&plain, &tiff(&entries, &rest)),
                shown,
            )
        })
        .collect();
    // 999 degrees, and a fraction over zero.
    let place = directory(&[
        (1, 2, 2, *b"N\0\0\0"),
        (
            2,
            5,
            3,
            (u32::from_be_bytes(at(1)) + 2 + 24 + 4).to_be_bytes(),
        ),
    ]);
    let degrees: Vec<u8> = [999_u32, 1, 0, 0, u32::MAX, 1]
        .iter()
        .flat_map(|one| one.to_be_bytes())
        .collect();
    let gps = tiff(&[(0x8825, 4, 1, at(1))], &[place, degrees].concat());
    samples.push(sample("999 degrees", with_exif(&plain, &gps), shown));
    let whole = tiff(&[orientation(6), (0x010e, 2, 4000, at(2))], b"cut");
    for cut in [0, 4, 8, 9, 15, 21, whole.len() - 1] {
        let bytes = with_exif(&plain, &whole[..cut]);
        samples.push(sample("EXIF that is cut", bytes, Shown::Either));
    }
    // A directory that leads to itself, and one that leads beyond the end.
    for to in [8_u32, 0xffff_fff0] {
        let tiff = [
            b"MM\0\x2a".as_slice(),
            &to.to_be_bytes(),
            &directory(&[(0x8769, 4, 1, to.to_be_bytes())]),
        ]
        .concat();
        samples.push(sample(
            "EXIF that leads astray",
            with_exif(&plain, &tiff),
            shown,
        ));
    }
    let rubbish = super::kit::noise(9, 65_527);
    samples.push(sample(
        "64 KiB of rubbish as EXIF",
        with_exif(&plain, &rubbish),
        shown,
    ));
    let mut promising = b"MM\0\x2a\0\0\0\x08\xff\xff".to_vec();
    promising.extend(super::kit::noise(11, 65_517));
    samples.push(sample(
        "65,535 entries of rubbish",
        with_exif(&plain, &promising),
        Shown::Either,
    ));
    samples
}

pub fn animated() -> Vec<Sample> {
    let mut gif = Vec::new();
    let mut encoder = GifEncoder::new(&mut gif);
    for colour in [[250, 0, 0, 255], [0, 250, 0, 255]] {
        encoder
            .encode_frame(Frame::new(RgbaImage::from_pixel(90, 60, Rgba(colour))))
            .unwrap();
    }
    drop(encoder);
    vec![
        sample("an animated GIF", gif, Shown::As(90, 60)),
        sample("an animated PNG", animated_png(), Shown::As(90, 60)),
        sample("an animated WebP", animated_webp(), Shown::As(90, 60)),
    ]
}

fn animated_png() -> Vec<u8> {
    let still = written(
        RgbImage::from_pixel(90, 60, Rgb([250, 0, 0])),
        ImageFormat::Png,
    );
    let other = written(
        RgbImage::from_pixel(90, 60, Rgb([0, 250, 0])),
        ImageFormat::Png,
    );
    let data = |png: &[u8]| {
        let at = png.windows(4).position(|name| name == b"IDAT").unwrap();
        let size = u32::from_be_bytes(png[at - 4..at].try_into().unwrap()) as usize;
        png[at + 4..at + 4 + size].to_vec()
    };
    let chunk = |name: &[u8; 4], body: &[u8]| {
        let named = [name.as_slice(), body].concat();
        let size = u32::try_from(body.len()).unwrap().to_be_bytes();
        [
            size.as_slice(),
            &named,
            &crc32fast::hash(&named).to_be_bytes(),
        ]
        .concat()
    };
    let control = |number: u32| {
        let mut body: Vec<u8> = [number, 90, 60, 0, 0]
            .iter()
            .flat_map(|one| one.to_be_bytes())
            .collect();
        body.extend([0, 1, 0, 10, 0, 0]);
        chunk(b"fcTL", &body)
    };
    let mut bytes = still[..33].to_vec();
    bytes.extend(chunk(b"acTL", &[0, 0, 0, 2, 0, 0, 0, 0]));
    bytes.extend(control(0));
    bytes.extend(chunk(b"IDAT", &data(&still)));
    bytes.extend(control(1));
    bytes.extend(chunk(
        b"fdAT",
        &[2_u32.to_be_bytes().to_vec(), data(&other)].concat(),
    ));
    bytes.extend(chunk(b"IEND", b""));
    bytes
}

fn animated_webp() -> Vec<u8> {
    let still = |colour| {
        let webp = written(RgbImage::from_pixel(90, 60, Rgb(colour)), ImageFormat::WebP);
        webp[12..].to_vec()
    };
    let chunk = |name: &[u8; 4], body: &[u8]| {
        let size = u32::try_from(body.len()).unwrap().to_le_bytes();
        let mut bytes = [name.as_slice(), &size, body].concat();
        bytes.resize(bytes.len().next_multiple_of(2), 0);
        bytes
    };
    let frame = |colour| {
        let mut body = vec![0; 6];
        body.extend([89, 0, 0, 59, 0, 0, 100, 0, 0, 0]);
        body.extend(still(colour));
        chunk(b"ANMF", &body)
    };
    let body = [
        b"WEBP".to_vec(),
        chunk(b"VP8X", &[2, 0, 0, 0, 89, 0, 0, 59, 0, 0]),
        chunk(b"ANIM", &[0; 6]),
        frame([250, 0, 0]),
        frame([0, 250, 0]),
    ]
    .concat();
    chunk(b"RIFF", &body)
}

/// Two kinds of file in one.
pub fn polyglots() -> Vec<Sample> {
    let plain = jpeg(&corners(300, 200), 90, false);
    let zip = [b"PK\x03\x04".as_slice(), &[0; 40], b"PK\x05\x06", &[0; 18]].concat();
    let page = format!("<html><script>alert('{SECRET}')</script></html>");
    let comment = [
        b"\xff\xd8\xff\xfe".as_slice(),
        &u16::try_from(page.len() + 2).unwrap().to_be_bytes(),
        page.as_bytes(),
        &plain[2..],
        page.as_bytes(),
    ];
    let pdf = [b"%PDF-1.7\n".as_slice(), &plain].concat();
    vec![
        sample(
            "JPEG and ZIP",
            [plain.as_slice(), &zip].concat(),
            Shown::As(300, 200),
        ),
        sample("JPEG and HTML", comment.concat(), Shown::As(300, 200)),
        sample("PDF and JPEG", pdf, Shown::No("unsupported-format")),
    ]
}

/// What is left of a photo at every sixteenth.
pub fn cut() -> Vec<Sample> {
    let photo = jpeg(&corners(800, 600), 90, false);
    let part = |part: usize| {
        let bytes = photo[..photo.len() * part / 16].to_vec();
        let shown = if part == 0 {
            Shown::No("empty")
        } else {
            Shown::Either
        };
        sample(&format!("{part} sixteenths"), bytes, shown)
    };
    (0..16).map(part).collect()
}

/// Pure cyan ink.
pub fn four_inks() -> Sample {
    let ink: Vec<u8> = [255, 0, 0, 0].repeat(200 * 100);
    let mut bytes = Vec::new();
    Encoder::new(&mut bytes, 95)
        .encode(&ink, 200, 100, ColorType::Cmyk)
        .unwrap();
    sample("CMYK", bytes, Shown::As(200, 100))
}

pub fn others() -> Vec<Sample> {
    let wide = corners(30_000, 400);
    let deep = image::ImageBuffer::<image::Rgb<u16>, Vec<u16>>::from_fn(700, 300, |x, y| {
        Rgb([(x * 90) as u16, (y * 200) as u16, 40_000])
    });
    vec![
        sample(
            "30,000 pixels wide",
            jpeg(&wide, 85, false),
            Shown::As(30_000, 400),
        ),
        sample(
            "a PNG 30,000 pixels wide",
            written(corners(30_000, 40), ImageFormat::Png),
            Shown::As(30_000, 40),
        ),
        sample(
            "progressive",
            jpeg(&corners(2000, 900), 85, true),
            Shown::As(2000, 900),
        ),
        sample(
            "a PNG of 16 bits",
            written(deep, ImageFormat::Png),
            Shown::As(700, 300),
        ),
        sample(
            "one pixel",
            written(corners(1, 1), ImageFormat::Png),
            Shown::As(1, 1),
        ),
        sample(
            "one pixel of JPEG",
            jpeg(&corners(1, 1), 85, false),
            Shown::As(1, 1),
        ),
        sample(
            "HEIC",
            b"\0\0\0\x18ftypheic\0\0\0\0mif1heic and then some".to_vec(),
            Shown::No("unsupported-format"),
        ),
        sample(
            "words",
            format!("{SECRET} and no picture").into_bytes(),
            Shown::No("unsupported-format"),
        ),
    ]
}
