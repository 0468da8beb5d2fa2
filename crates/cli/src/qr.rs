//! Enrolment codes as pictures: on the terminal, and as a file to be printed or sent (SVG or PNG).

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;

use anyhow::{Context as _, bail};
use qrcode::{Color, QrCode};

/// Light modules around the code: without them readers don't find it.
const QUIET: usize = 4;
/// Pixels of a module in a PNG: a tablet's camera reads it from the screen and from paper.
const CELL: usize = 10;

/// The text as a QR of half blocks; nothing when stdout is no terminal.
pub fn on_terminal(text: &str) -> String {
    if !io::stdout().is_terminal() {
        return String::new();
    }
    QrCode::new(text.as_bytes()).map_or(String::new(), |qr| {
        let picture = qr
            .render::<qrcode::render::unicode::Dense1x2>()
            .dark_color(qrcode::render::unicode::Dense1x2::Light)
            .light_color(qrcode::render::unicode::Dense1x2::Dark)
            .build();
        format!("{picture}\n")
    })
}

/// Writes the text as a picture, of the kind that the file's name says. Never over another file: a code is good for one
/// key, and an old picture of it for none. Only its owner can read the file.
pub fn to_file(text: &str, path: &Path) -> anyhow::Result<()> {
    let qr = QrCode::new(text.as_bytes()).context("the text is too long for a QR code")?;
    let extension = path
        .extension()
        .and_then(|extension| extension.to_str())
        .map(str::to_ascii_lowercase);
    let bytes = match extension.as_deref() {
        Some("svg") => svg(&qr).into_bytes(),
        Some("png") => png(&qr)?,
        _ => bail!("a picture of a code ends in .svg or .png"),
    };
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .and_then(|mut file| file.write_all(&bytes))
        .with_context(|| format!("{} can't be written", path.display()))
}

/// The text as a QR, SVG.
pub fn as_svg(text: &str) -> anyhow::Result<String> {
    let qr = QrCode::new(text.as_bytes()).context("the text is too long for a QR code")?;
    Ok(svg(&qr))
}

fn svg(qr: &QrCode) -> String {
    let side = qr.width() + 2 * QUIET;
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" width=\"80mm\" height=\"80mm\" shape-rendering=\"crispEdges\">\
         <path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path d=\""
    );
    for y in 0..qr.width() {
        for x in (0..qr.width()).filter(|x| qr[(*x, y)] == Color::Dark) {
            // Writing to a string does not fail.
            let _ = write!(text, "M{} {}h1v1h-1z", x + QUIET, y + QUIET);
        }
    }
    text.push_str("\"/></svg>\n");
    text
}

fn png(qr: &QrCode) -> anyhow::Result<Vec<u8>> {
    let side = u32::try_from((qr.width() + 2 * QUIET) * CELL)?;
    let picture = image::GrayImage::from_fn(side, side, |x, y| {
        let module = |pixel: u32| (pixel as usize / CELL).checked_sub(QUIET);
        let dark = module(x)
            .zip(module(y))
            .is_some_and(|(x, y)| x < qr.width() && y < qr.width() && qr[(x, y)] == Color::Dark);
        image::Luma([if dark { 0 } else { 255 }])
    });
    let mut bytes = io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Png)?;
    Ok(bytes.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "fieldseal:enrol?u=https%3A%2F%2Fevidence.example&c=3ZE5B-ZAHVG-T45WN-MF5QH&t=2030cda3";

    #[test]
    fn a_picture_is_written_once_and_of_the_kind_that_its_name_says() {
        let folder = tempfile::tempdir().unwrap();
        let (png, svg) = (
            folder.path().join("code.png"),
            folder.path().join("CODE.SVG"),
        );
        to_file(TEXT, &png).unwrap();
        to_file(TEXT, &svg).unwrap();
        let side = (QrCode::new(TEXT).unwrap().width() + 2 * QUIET) * CELL;
        let read = image::open(&png).unwrap().to_luma8();
        assert_eq!(
            (read.width() as usize, read.height() as usize),
            (side, side)
        );
        assert_eq!(read.get_pixel(0, 0).0, [255], "there is quiet around it");
        let corner = (QUIET * CELL) as u32;
        assert_eq!(read.get_pixel(corner, corner).0, [0]);
        assert!(std::fs::read_to_string(&svg).unwrap().starts_with("<svg"));
        assert!(to_file(TEXT, &png).is_err(), "nothing is overwritten");
        assert!(to_file(TEXT, &folder.path().join("code.gif")).is_err());
        assert!(to_file(&"x".repeat(8000), &folder.path().join("long.png")).is_err());
    }
}
