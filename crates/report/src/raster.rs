//! Glyphs as grey pixels: the outline's signed coverage, pixel by pixel, summed along each row. No hinting and no sub-pixels: text on a stamped copy is
//! read at the size at which it is drawn.

use skrifa::outline::OutlinePen;

/// Pieces of a curve.
const PIECES: u16 = 8;

/// A canvas of grey pixels, white at first.
pub(crate) struct Canvas {
    pub width: usize,
    pub height: usize,
    pub grey: Vec<u8>,
}

impl Canvas {
    pub fn new(width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            grey: vec![255; width * height],
        }
    }

    /// A black rectangle; what lies outside is left out.
    pub fn rect(&mut self, left: usize, top: usize, width: usize, height: usize) {
        for y in top..(top + height).min(self.height) {
            let from = y * self.width + left.min(self.width);
            let to = y * self.width + (left + width).min(self.width);
            self.grey[from..to].fill(0);
        }
    }

    /// Puts what a pen drew onto the canvas, its origin at this pixel.
    pub fn ink(&mut self, pen: &Pen, left: usize, top: usize) {
        for (row, coverage) in pen.rows().enumerate() {
            for (column, covered) in coverage.enumerate() {
                let (x, y) = (left + column, top + row);
                if x < self.width && y < self.height {
                    let pixel = &mut self.grey[y * self.width + x];
                    *pixel = pixel.saturating_sub(covered);
                }
            }
        }
    }
}

/// Takes an outline in, y upwards from the baseline, and gives its coverage.
pub(crate) struct Pen {
    width: usize,
    height: usize,
    /// The baseline's distance from the top.
    baseline: f32,
    /// The origin's distance from the left.
    shift: f32,
    at: (f32, f32),
    start: (f32, f32),
    /// Change of coverage along each row.
    changes: Vec<f32>,
}

impl Pen {
    pub fn new(width: usize, height: usize, baseline: f32) -> Self {
        Self {
            width,
            height,
            baseline,
            shift: 0.0,
            at: (0.0, 0.0),
            start: (0.0, 0.0),
            // A line's right end may touch two more.
            changes: vec![0.0; width * height + 2],
        }
    }

    /// With its origin so much further right.
    pub fn shifted(self, shift: f32) -> Self {
        Self { shift, ..self }
    }

    fn rows(&self) -> impl Iterator<Item = impl Iterator<Item = u8>> {
        (0..self.height).map(|row| {
            let changes = &self.changes[row * self.width..(row + 1) * self.width];
            changes.iter().scan(0.0_f32, |sum, change| {
                *sum += change;
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "between 0 and 255"
                )]
                let covered = (sum.abs().min(1.0) * 255.0).round() as u8;
                Some(covered)
            })
        })
    }

    fn point(&self, x: f32, y: f32) -> (f32, f32) {
        #[expect(clippy::cast_precision_loss, reason = "pixels of a line of text")]
        let right = (self.width.saturating_sub(1)) as f32;
        ((x + self.shift).clamp(0.0, right), self.baseline - y)
    }

    fn to(&mut self, to: (f32, f32)) {
        let from = std::mem::replace(&mut self.at, to);
        self.edge(from, to);
    }

    /// Adds an edge: what it covers to its right, in the rows that it crosses.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "pixels of a line of text, clamped to the canvas"
    )]
    fn edge(&mut self, from: (f32, f32), to: (f32, f32)) {
        if from.1 == to.1 {
            return;
        }
        let (sign, top, bottom) = if from.1 < to.1 {
            (1.0, from, to)
        } else {
            (-1.0, to, from)
        };
        let slope = (bottom.0 - top.0) / (bottom.1 - top.1);
        let first = top.1.max(0.0) as usize;
        let last = (bottom.1.ceil().max(0.0) as usize).min(self.height);
        for row in first..last {
            let (above, below) = (top.1.max(row as f32), bottom.1.min(row as f32 + 1.0));
            if below <= above {
                continue;
            }
            let ends = [above, below].map(|y| top.0 + (y - top.1) * slope);
            self.span(row, ends, sign * (below - above));
        }
    }

    /// One row's part of an edge, from the one x to the other, `weight` high.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "pixels of a line of text, clamped to the canvas"
    )]
    fn span(&mut self, row: usize, ends: [f32; 2], weight: f32) {
        let (left, right) = (ends[0].min(ends[1]).max(0.0), ends[0].max(ends[1]).max(0.0));
        let start = row * self.width;
        let mut x = left;
        let mut column = left as usize;
        let whole = right - left;
        loop {
            // The part of the edge within this column, and how much of the column lies to its right.
            let end = right.min(column as f32 + 1.0);
            let part = if whole > 0.0 {
                weight * (end - x) / whole
            } else {
                weight
            };
            let to_the_right = column as f32 + 1.0 - f32::midpoint(x, end);
            let at = start + column.min(self.width);
            self.changes[at] += part * to_the_right;
            self.changes[at + 1] += part * (1.0 - to_the_right);
            if end >= right {
                return;
            }
            x = end;
            column += 1;
        }
    }
}

impl OutlinePen for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.close();
        self.at = self.point(x, y);
        self.start = self.at;
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let to = self.point(x, y);
        self.to(to);
    }

    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        let (from, by, to) = (self.at, self.point(cx, cy), self.point(x, y));
        for piece in 1..=PIECES {
            let t = f32::from(piece) / f32::from(PIECES);
            let mix = |a: f32, b: f32, c: f32| {
                (1.0 - t) * (1.0 - t) * a + 2.0 * (1.0 - t) * t * b + t * t * c
            };
            self.to((mix(from.0, by.0, to.0), mix(from.1, by.1, to.1)));
        }
    }

    fn curve_to(&mut self, ax: f32, ay: f32, bx: f32, by: f32, x: f32, y: f32) {
        let (from, a, b, to) = (
            self.at,
            self.point(ax, ay),
            self.point(bx, by),
            self.point(x, y),
        );
        for piece in 1..=PIECES {
            let t = f32::from(piece) / f32::from(PIECES);
            let s = 1.0 - t;
            let mix = |p: f32, q: f32, r: f32, e: f32| {
                s * s * s * p + 3.0 * s * s * t * q + 3.0 * s * t * t * r + t * t * t * e
            };
            self.to((mix(from.0, a.0, b.0, to.0), mix(from.1, a.1, b.1, to.1)));
        }
    }

    fn close(&mut self) {
        let start = self.start;
        self.to(start);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(draw: impl Fn(&mut Pen)) -> Canvas {
        let mut pen = Pen::new(10, 8, 8.0);
        draw(&mut pen);
        let mut canvas = Canvas::new(10, 8);
        canvas.ink(&pen, 0, 0);
        canvas
    }

    #[test]
    fn a_box_covers_its_pixels_and_half_of_those_at_its_edge() {
        let canvas = drawn(|pen| {
            pen.move_to(2.0, 1.0);
            pen.line_to(6.5, 1.0);
            pen.line_to(6.5, 5.0);
            pen.line_to(2.0, 5.0);
            pen.close();
        });
        let row = |y: usize| &canvas.grey[y * 10..y * 10 + 10];
        assert_eq!(row(2), [255; 10]);
        assert_eq!(row(4), [255, 255, 0, 0, 0, 0, 127, 255, 255, 255]);
        assert_eq!(row(7), [255; 10]);
    }

    #[test]
    fn a_hole_stays_white_and_a_slope_is_grey() {
        let canvas = drawn(|pen| {
            for (left, right, low, high) in [(1.0, 9.0, 0.0, 8.0), (6.0, 4.0, 3.0, 5.0)] {
                pen.move_to(left, low);
                pen.line_to(right, low);
                pen.line_to(right, high);
                pen.line_to(left, high);
                pen.close();
            }
        });
        assert_eq!(canvas.grey[4 * 10 + 4], 255);
        assert_eq!(canvas.grey[4 * 10 + 2], 0);
        let slope = drawn(|pen| {
            pen.move_to(0.0, 0.0);
            pen.line_to(8.0, 0.0);
            pen.line_to(8.0, 8.0);
            pen.close();
        });
        assert_eq!(slope.grey[3 * 10 + 4], 127);
        assert_eq!(slope.grey[3 * 10 + 7], 0);
    }

    #[test]
    fn what_lies_outside_is_left_out() {
        let canvas = drawn(|pen| {
            pen.move_to(-5.0, -5.0);
            pen.line_to(50.0, -5.0);
            pen.quad_to(60.0, 30.0, 50.0, 50.0);
            pen.curve_to(0.0, 60.0, -10.0, 60.0, -5.0, 50.0);
            pen.close();
        });
        assert_eq!(canvas.grey.len(), 80);
        assert_eq!(canvas.grey[0], 0);
        let mut canvas = canvas;
        canvas.rect(8, 6, 40, 40);
        assert_eq!(canvas.grey[79], 0);
    }
}
