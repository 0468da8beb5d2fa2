//! What bytes are, by their first bytes: names and claims are not believed.

/// How many leading bytes [`sniff`] wants to see.
pub const SNIFF_LEN: usize = 64;

/// Media type and the extension an item of this type gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sniffed {
    /// IANA media type.
    pub media_type: &'static str,
    /// Extension without the dot.
    pub extension: &'static str,
}

/// Media type by magic bytes; `application/octet-stream` and `bin` when unknown.
pub fn sniff(head: &[u8]) -> Sniffed {
    let (media_type, extension) = match head {
        [0xff, 0xd8, 0xff, ..] => ("image/jpeg", "jpg"),
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => ("image/png", "png"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => ("image/gif", "gif"),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => ("image/webp", "webp"),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'A',
            b'V',
            b'E',
            ..,
        ] => ("audio/wav", "wav"),
        [b'I', b'I', 0x2a, 0, ..] | [b'M', b'M', 0, 0x2a, ..] => ("image/tiff", "tif"),
        [b'B', b'M', _, _, _, _, 0, 0, 0, 0, ..] => ("image/bmp", "bmp"),
        [b'%', b'P', b'D', b'F', b'-', ..] => ("application/pdf", "pdf"),
        [0x1a, 0x45, 0xdf, 0xa3, ..] => ("video/webm", "webm"),
        [b'O', b'g', b'g', b'S', ..] => ("audio/ogg", "ogg"),
        [_, _, _, _, b'f', b't', b'y', b'p', a, b, c, d, ..] => match &[*a, *b, *c, *d] {
            b"heic" | b"heix" | b"hevc" | b"hevx" | b"heim" | b"heis" | b"mif1" | b"msf1" => {
                ("image/heic", "heic")
            }
            b"avif" | b"avis" => ("image/avif", "avif"),
            b"qt  " => ("video/quicktime", "mov"),
            b"M4A " => ("audio/mp4", "m4a"),
            _ => ("video/mp4", "mp4"),
        },
        _ => ("application/octet-stream", "bin"),
    };
    Sniffed {
        media_type,
        extension,
    }
}

/// The extension that an item of this media type gets; `bin` for a type that [`sniff`] does not give.
pub fn extension_of(media_type: &str) -> &'static str {
    match media_type {
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "image/gif" => "gif",
        "image/webp" => "webp",
        "audio/wav" => "wav",
        "image/tiff" => "tif",
        "image/bmp" => "bmp",
        "application/pdf" => "pdf",
        "video/webm" => "webm",
        "audio/ogg" => "ogg",
        "image/heic" => "heic",
        "image/avif" => "avif",
        "video/quicktime" => "mov",
        "audio/mp4" => "m4a",
        "video/mp4" => "mp4",
        _ => "bin",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_bytes_alone() {
        assert_eq!(sniff(b"\xff\xd8\xff\xe1").extension, "jpg");
        assert_eq!(sniff(b"\0\0\0\x18ftypheic\0").media_type, "image/heic");
        assert_eq!(sniff(b"\0\0\0\x18ftypisom\0").extension, "mp4");
        assert_eq!(sniff(b"").extension, "bin");
        assert_eq!(sniff(b"\xff\xd8").extension, "bin");
    }

    #[test]
    fn the_type_alone_gives_the_same_extension() {
        let heads: [&[u8]; 16] = [
            b"\xff\xd8\xff\xe1",
            b"\x89PNG\r\n\x1a\n",
            b"GIF89a",
            b"RIFF\0\0\0\0WEBP",
            b"RIFF\0\0\0\0WAVE",
            b"II\x2a\0",
            b"BM\0\0\0\0\0\0\0\0",
            b"%PDF-1",
            b"\x1a\x45\xdf\xa3",
            b"OggS",
            b"\0\0\0\x18ftypheic",
            b"\0\0\0\x18ftypavif",
            b"\0\0\0\x18ftypqt  ",
            b"\0\0\0\x18ftypM4A ",
            b"\0\0\0\x18ftypisom",
            b"anything else",
        ];
        for head in heads {
            let sniffed = sniff(head);
            assert_eq!(extension_of(sniffed.media_type), sniffed.extension);
        }
    }
}
