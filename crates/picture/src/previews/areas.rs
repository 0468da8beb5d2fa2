//! Areas of a picture that are blacked out in a redacted copy: named in pixels of the original as it is looked at, covered in the copy, before it is encoded. What
//! lay below is in no pixel of the copy: an area is grown by what the reduction and the reduced colours of a JPEG may have carried over its edge.

use crate::NoPreview;

/// Most areas of one picture.
pub const MAX_AREAS: usize = 64;

/// Pixels of the copy by which an area is grown on each side.
pub(crate) const MARGIN: u32 = 6;

/// Pixels of the original as it is looked at, from the top left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Area {
    /// From the left.
    pub x: u32,
    /// From the top.
    pub y: u32,
    /// At least 1.
    pub width: u32,
    /// At least 1.
    pub height: u32,
}

impl Area {
    pub(crate) const LEN: usize = 16;

    /// Whether it is one of a picture of this size: not empty, and not beyond the edge.
    pub fn lies_in(&self, width: u32, height: u32) -> bool {
        let within = |at: u32, length: u32, all: u32| {
            length > 0 && at.checked_add(length).is_some_and(|end| end <= all)
        };
        within(self.x, self.width, width) && within(self.y, self.height, height)
    }

    pub(crate) fn to_bytes(self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        for (place, number) in
            bytes
                .chunks_exact_mut(4)
                .zip([self.x, self.y, self.width, self.height])
        {
            place.copy_from_slice(&number.to_le_bytes());
        }
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8; Self::LEN]) -> Self {
        let number = |at: usize| {
            let four: [u8; 4] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
            u32::from_le_bytes(four)
        };
        Self {
            x: number(0),
            y: number(4),
            width: number(8),
            height: number(12),
        }
    }

    /// Left, top, right and bottom (exclusive) in a copy of this size of a picture of that size.
    pub(crate) fn in_copy(
        self,
        of: (u32, u32),
        copy: (u32, u32),
    ) -> Result<(u32, u32, u32, u32), NoPreview> {
        if !self.lies_in(of.0, of.1) {
            return Err(NoPreview::Broken);
        }
        let scaled = |at: u32, length: u32, of: u32, copy: u32| {
            let (of, copy) = (u64::from(of), u64::from(copy));
            let from = u64::from(at) * copy / of;
            let to = ((u64::from(at) + u64::from(length)) * copy).div_ceil(of);
            let number = |value: u64| u32::try_from(value.min(copy)).unwrap_or(u32::MAX);
            (
                number(from).saturating_sub(MARGIN),
                number(to.saturating_add(u64::from(MARGIN))),
            )
        };
        let (left, right) = scaled(self.x, self.width, of.0, copy.0);
        let (top, bottom) = scaled(self.y, self.height, of.1, copy.1);
        Ok((left, top, right, bottom))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_area_lies_in_its_picture_or_is_refused() {
        let area = |x, y, width, height| Area {
            x,
            y,
            width,
            height,
        };
        assert!(area(0, 0, 40, 30).lies_in(40, 30));
        for wrong in [
            area(0, 0, 0, 3),
            area(0, 0, 41, 3),
            area(39, 29, 1, 2),
            area(u32::MAX, 0, 2, 1),
        ] {
            assert!(!wrong.lies_in(40, 30), "{wrong:?}");
            assert!(wrong.in_copy((40, 30), (40, 30)).is_err());
        }
        let one = area(1, 2, 3, 4);
        assert_eq!(Area::from_bytes(&one.to_bytes()), one);
    }

    #[test]
    fn it_is_grown_outwards_and_ends_at_the_edge() {
        let area = Area {
            x: 1001,
            y: 0,
            width: 2,
            height: 3000,
        };
        let (left, top, right, bottom) = area.in_copy((4000, 3000), (1600, 1200)).unwrap();
        assert_eq!((left, right), (400 - MARGIN, 402 + MARGIN));
        assert_eq!((top, bottom), (0, 1200));
    }
}
