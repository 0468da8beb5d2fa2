//! Whether bytes are the plain baseline JPEG that our own encoder writes. What the child answers ends in a browser's decoder, so a child
//! that has been taken over must not be able to answer anything more interesting than that.

/// Width and height, when the bytes are a baseline JPEG of one or three components with tables, one frame and one scan, nothing before,
/// between or after, and no application data but JFIF's.
pub fn dimensions(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut rest = bytes.strip_prefix(&[0xff, 0xd8])?;
    let mut frame = None;
    loop {
        let (&[0xff, marker, high, low], after) = rest.split_first_chunk::<4>()? else {
            return None;
        };
        let length = usize::from(u16::from_be_bytes([high, low])).checked_sub(2)?;
        let (body, after) = after.split_at_checked(length)?;
        match marker {
            // JFIF, without its own thumbnail.
            0xe0 if body.len() == 14 && body.starts_with(b"JFIF\0") => {}
            // Quantisation and Huffman tables.
            0xdb | 0xc4 => {}
            0xc0 if frame.is_none() => frame = Some(baseline_frame(body)?),
            // The only scan: to the end marker, and nothing after.
            0xda => {
                let size = frame?;
                return only_scan(after).then_some(size);
            }
            _ => return None,
        }
        rest = after;
    }
}

fn baseline_frame(body: &[u8]) -> Option<(u32, u32)> {
    let (&[precision, h1, h0, w1, w0, components], rest) = body.split_first_chunk::<6>()?;
    let fits =
        precision == 8 && matches!(components, 1 | 3) && rest.len() == usize::from(components) * 3;
    let (width, height) = (u16::from_be_bytes([w1, w0]), u16::from_be_bytes([h1, h0]));
    (fits && width > 0 && height > 0).then_some((width.into(), height.into()))
}

/// Entropy-coded bytes hold no marker but the stuffed zero; the end marker is the end.
fn only_scan(scan: &[u8]) -> bool {
    let Some(coded) = scan.strip_suffix(&[0xff, 0xd9]) else {
        return false;
    };
    let stuffed = coded
        .windows(2)
        .all(|pair| pair[0] != 0xff || pair[1] == 0x00);
    !coded.is_empty() && coded.last() != Some(&0xff) && stuffed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain() -> Vec<u8> {
        crate::previews::jpeg_of(&image::RgbImage::from_pixel(64, 32, image::Rgb([90; 3])))
    }

    #[test]
    fn our_own_are_plain() {
        assert_eq!(dimensions(&plain()), Some((64, 32)));
    }

    #[test]
    fn nothing_but_our_own_is_plain() {
        let plain = plain();
        for cut in 0..plain.len() {
            assert_eq!(dimensions(&plain[..cut]), None, "cut at {cut}");
        }
        let with = |at: usize, bytes: &[u8]| {
            let mut changed = plain.clone();
            changed.splice(at..at, bytes.iter().copied());
            changed
        };
        let end = plain.len();
        for (what, changed) in [
            ("after the end", with(end, b"PK\x03\x04")),
            ("EXIF", with(2, b"\xff\xe1\x00\x08Exif\0\0")),
            ("a comment", with(2, b"\xff\xfe\x00\x08<html>")),
            ("a marker in the scan", with(end - 2, b"\xff\xd8")),
            ("a restart marker", with(end - 2, b"\xff\xd0")),
        ] {
            assert_eq!(dimensions(&changed), None, "{what}");
        }
        let frame = plain
            .windows(2)
            .position(|two| two == [0xff, 0xc0])
            .unwrap();
        for (what, offset, byte) in [
            ("progressive", 1, 0xc2),
            ("12 bits", 4, 12),
            ("four components", 9, 4),
        ] {
            let mut changed = plain.clone();
            changed[frame + offset] = byte;
            assert_eq!(dimensions(&changed), None, "{what}");
        }
    }
}
