use super::*;
use proptest::prelude::*;
use qrcode::{Color, QrCode};

const TEXT: &str = "fieldseal:enrol?u=https%3A%2F%2Fevidence.example.gov.cn&c=3ZE5B-ZAHVG-T45WN-MF5QH&t=2030cda3aa9d6bbd3a6a4b1d9c36a1d6ef0f2f8e4fbf3f4c8f0d4b7d3a5c6e71";

struct Picture {
    width: usize,
    height: usize,
    luma: Vec<u8>,
}

impl Picture {
    fn blank(width: usize, height: usize, shade: u8) -> Self {
        Self {
            width,
            height,
            luma: vec![shade; width * height],
        }
    }

    /// The code in the middle of a grey wall, `cell` pixels a module.
    fn of(text: &str, cell: usize) -> Self {
        let code = QrCode::new(text).unwrap();
        let side = (code.width() + 8) * cell;
        let mut picture = Self::blank(side + 80, side + 40, 150);
        for y in 0..side {
            for x in 0..side {
                let (column, row) = ((x / cell).wrapping_sub(4), (y / cell).wrapping_sub(4));
                let dark = column < code.width()
                    && row < code.width()
                    && code[(column, row)] == Color::Dark;
                picture.put(x + 40, y + 20, if dark { 30 } else { 235 });
            }
        }
        picture
    }

    fn put(&mut self, x: usize, y: usize, shade: u8) {
        self.luma[y * self.width + x] = shade;
    }

    fn found(&self) -> String {
        self.scan().found
    }

    fn scan(&self) -> ScanView {
        scan(self.width, &self.luma).unwrap()
    }
}

#[test]
fn a_code_is_read_upright_turned_and_light_on_dark() {
    let upright = Picture::of(TEXT, 5);
    assert_eq!(upright.scan().text.as_deref(), Some(TEXT));
    let mut turned = Picture::blank(upright.height, upright.width, 0);
    for y in 0..upright.height {
        for x in 0..upright.width {
            turned.put(
                upright.height - 1 - y,
                x,
                upright.luma[y * upright.width + x],
            );
        }
    }
    assert_eq!(turned.scan().text.as_deref(), Some(TEXT));
    let mut dark = Picture::of(TEXT, 5);
    for shade in &mut dark.luma {
        *shade = 255 - *shade;
    }
    assert_eq!(dark.scan().text.as_deref(), Some(TEXT));
}

#[test]
fn a_code_slanted_as_a_hand_holds_it_is_read() {
    let upright = Picture::of(TEXT, 8);
    let mut slanted = Picture::blank(upright.width, upright.height, 150);
    let (middle_x, middle_y) = (upright.width as f64 / 2.0, upright.height as f64 / 2.0);
    let (sine, cosine) = 0.21_f64.sin_cos();
    for y in 0..upright.height {
        for x in 0..upright.width {
            let (dx, dy) = (x as f64 - middle_x, y as f64 - middle_y);
            // Turned by twelve degrees and leaning back by a tenth.
            let lean = 1.0 + dy / 9000.0;
            let from_x = (cosine * dx + sine * dy) * lean * 1.15 + middle_x;
            let from_y = (cosine * dy - sine * dx) * lean * 1.2 + middle_y;
            if (0.0..upright.width as f64).contains(&from_x)
                && (0.0..upright.height as f64).contains(&from_y)
            {
                slanted.put(
                    x,
                    y,
                    upright.luma[from_y as usize * upright.width + from_x as usize],
                );
            }
        }
    }
    assert_eq!(slanted.scan().text.as_deref(), Some(TEXT));
}

#[test]
fn a_damaged_code_a_foreign_one_and_none_are_told_apart() {
    let mut damaged = Picture::of(TEXT, 5);
    // A thumb over the middle: the corners are seen, the text is gone.
    for y in damaged.height / 3..damaged.height * 2 / 3 {
        for x in damaged.width / 4..damaged.width * 3 / 4 {
            damaged.put(x, y, 150);
        }
    }
    let view = damaged.scan();
    assert_eq!((view.found.as_str(), view.text), ("unreadable", None));
    let foreign = Picture::of("https://pay.example/transfer?to=somebody", 6).scan();
    assert_eq!(
        (foreign.found.as_str(), foreign.text),
        ("foreign", None),
        "its text stays here"
    );
    assert_eq!(Picture::blank(640, 480, 128).found(), "nothing");
}

#[test]
fn an_enrolment_code_is_found_beside_another() {
    let (left, right) = (
        Picture::of("https://other.example", 6),
        Picture::of(TEXT, 5),
    );
    let mut both = Picture::blank(left.width + right.width, left.height.max(right.height), 150);
    for (picture, offset) in [(&left, 0), (&right, left.width)] {
        for y in 0..picture.height {
            for x in 0..picture.width {
                both.put(x + offset, y, picture.luma[y * picture.width + x]);
            }
        }
    }
    assert_eq!(both.scan().text.as_deref(), Some(TEXT));
}

#[test]
fn a_picture_has_a_size() {
    let code = |width, bytes| {
        scan(width, &vec![0; bytes])
            .map(|view| view.found)
            .map_err(|problem| problem.code())
    };
    assert_eq!(code(2048, MAX_PIXELS), Ok("nothing".to_owned()));
    assert_eq!(code(2048, MAX_PIXELS + 1), Err(Code::TooLarge));
    assert_eq!(code(2049, 2049), Err(Code::TooLarge));
    assert_eq!(code(0, 0), Err(Code::TooLarge));
    assert_eq!(code(640, 0), Err(Code::BadRequest));
    assert_eq!(code(640, 641), Err(Code::BadRequest));
    assert_eq!(code(1, 2049), Err(Code::BadRequest));
    assert_eq!(code(1, 1), Ok("nothing".to_owned()));
}

/// As many corner marks as fit: each three of them could be a code.
#[test]
fn a_wall_of_corner_marks_comes_to_an_end() {
    for cell in [1, 2, 3] {
        let mut wall = Picture::blank(2048, 1024, 255);
        for y in 0..wall.height {
            for x in 0..wall.width {
                let (column, row) = (x / cell % 9, y / cell % 9);
                let ring = column == 0 || column == 6 || row == 0 || row == 6;
                let core = (2..=4).contains(&column) && (2..=4).contains(&row);
                if column < 7 && row < 7 && (ring || core) {
                    wall.put(x, y, 0);
                }
            }
        }
        assert_ne!(wall.found(), "enrolment");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Noise, stripes and blocks.
    #[test]
    fn no_picture_makes_it_panic(width in 1_usize..400, height in 1_usize..300, seed: u64, grain in 1_usize..12, levels in 2_u64..256) {
        let mut picture = Picture::blank(width, height, 0);
        for y in 0..height {
            for x in 0..width {
                let block = ((x / grain) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ ((y / grain) as u64).wrapping_mul(0xbf58_476d_1ce4_e5b9) ^ seed;
                let value = block.wrapping_mul(0x94d0_49bb_1331_11eb) >> 40;
                picture.put(x, y, (value % levels * 255 / (levels - 1)) as u8);
            }
        }
        prop_assert_ne!(picture.found(), "enrolment");
    }

    /// A real code with parts of it overwritten, cut off and shifted.
    #[test]
    fn no_broken_code_makes_it_panic(cell in 1_usize..7, spots in prop::collection::vec((0_usize..600, 0_usize..600, 1_usize..80, 0_u8..=255), 0..12), cut in 0_usize..200, text in "[ -~]{1,300}") {
        let mut picture = Picture::of(&text, cell);
        for (left, top, size, shade) in spots {
            for y in top..(top + size).min(picture.height) {
                for x in left..(left + size).min(picture.width) {
                    picture.put(x, y, shade);
                }
            }
        }
        let keep = picture.height.saturating_sub(cut).max(1) * picture.width;
        picture.luma.truncate(keep);
        prop_assert!(scan(picture.width, &picture.luma).is_ok());
    }
}
