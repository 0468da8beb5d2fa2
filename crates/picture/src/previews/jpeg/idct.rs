//! From coefficients to samples: a block as 8, 4, 2 or 1 sample a side. In floating point, where no input can overflow.

use std::f32::consts::{FRAC_1_SQRT_2, FRAC_PI_8};

/// cos(k π / 16), halved: the weights of eight samples.
const HALF_COS: [f32; 8] = [
    0.5,
    0.490_392_64,
    0.461_939_77,
    0.415_734_8,
    0.353_553_39,
    0.277_785_12,
    0.191_341_72,
    0.097_545_16,
];

/// Place of the coefficients in the file's order: row and column.
pub const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// Where coefficients go that a smaller block has no place for.
pub const NOWHERE: u8 = 64;

/// Coefficients of one block, row by row with as many in a row as the block has samples.
pub type Block = [f32; 128];

/// The samples of one block go to the plane.
#[inline(always)]
pub fn samples(side: usize, block: &Block, plane: &mut [u8], stride: usize) {
    match side {
        8 => eight(block, plane, stride),
        4 => four(block, plane, stride),
        2 => two(block, plane, stride),
        _ => {
            if let Some(sample) = plane.first_mut() {
                *sample = clamped(block[0]);
            }
        }
    }
}

/// What a coefficient is multiplied with, beside its step, for blocks of this side.
pub fn scale(side: usize) -> f32 {
    match side {
        8 => 1.0,
        4 => 0.5,
        2 => 0.25,
        _ => 0.125,
    }
}

/// A block without details: one sample everywhere. `mean` is scaled as above.
#[inline(always)]
pub fn flat(side: usize, mean: f32, plane: &mut [u8], stride: usize) {
    #[expect(clippy::cast_precision_loss, reason = "at most 8")]
    let sample = clamped(mean / side as f32);
    for row in plane.chunks_mut(stride).take(side) {
        if let Some(row) = row.get_mut(..side) {
            row.fill(sample);
        }
    }
}

/// Around 128, as a byte. Adding 1.5 · 2²³ leaves the rounded number in the low bits.
#[inline(always)]
fn clamped(sample: f32) -> u8 {
    ((sample + 128.0).clamp(0.0, 255.0) + 12_582_912.0).to_bits() as u8
}

#[inline(always)]
fn put<const N: usize>(rows: &[[f32; N]; N], plane: &mut [u8], stride: usize) {
    for (row, to) in rows.iter().zip(plane.chunks_mut(stride)) {
        if let Some(to) = to.first_chunk_mut::<N>() {
            *to = row.map(clamped);
        }
    }
}

#[inline(always)]
fn turned<const N: usize>(rows: &[[f32; N]; N]) -> [[f32; N]; N] {
    let mut turned = [[0.0; N]; N];
    for (at, row) in rows.iter().enumerate() {
        for (to, value) in turned.iter_mut().zip(row) {
            to[at] = *value;
        }
    }
    turned
}

#[inline(always)]
fn rows<const N: usize>(block: &Block) -> [[f32; N]; N] {
    let mut rows = [[0.0; N]; N];
    for (row, from) in rows.iter_mut().zip(block.chunks_exact(N)) {
        row.copy_from_slice(from);
    }
    rows
}

fn two(block: &Block, plane: &mut [u8], stride: usize) {
    let [a, b, c, d] = [block[0], block[1], block[2], block[3]].map(|one| one * 0.5);
    let samples = [
        [a + b + c + d, a - b + c - d],
        [a + b - c - d, a - b - c + d],
    ];
    put(&samples, plane, stride);
}

/// All columns at once.
#[inline(always)]
fn four_down(f: &[[f32; 4]; 4]) -> [[f32; 4]; 4] {
    let near = FRAC_1_SQRT_2 * FRAC_PI_8.cos();
    let far = FRAC_1_SQRT_2 * FRAC_PI_8.sin();
    let mut out = [[0.0; 4]; 4];
    for x in 0..4 {
        let (sum, difference) = (0.5 * (f[0][x] + f[2][x]), 0.5 * (f[0][x] - f[2][x]));
        let (outer, inner) = (
            near * f[1][x] + far * f[3][x],
            far * f[1][x] - near * f[3][x],
        );
        out[0][x] = sum + outer;
        out[1][x] = difference + inner;
        out[2][x] = difference - inner;
        out[3][x] = sum - outer;
    }
    out
}

#[inline(always)]
fn four(block: &Block, plane: &mut [u8], stride: usize) {
    let down = four_down(&rows(block));
    let both = four_down(&turned(&down));
    put(&turned(&both), plane, stride);
}

#[inline(always)]
fn eight_down(f: &[[f32; 8]; 8]) -> [[f32; 8]; 8] {
    let c = HALF_COS;
    let mut out = [[0.0; 8]; 8];
    for x in 0..8 {
        let [a, b, d, e] = [f[1][x], f[3][x], f[5][x], f[7][x]];
        let (sum, difference) = (c[4] * (f[0][x] + f[4][x]), c[4] * (f[0][x] - f[4][x]));
        let (outer, inner) = (
            c[2] * f[2][x] + c[6] * f[6][x],
            c[6] * f[2][x] - c[2] * f[6][x],
        );
        let even = [
            sum + outer,
            difference + inner,
            difference - inner,
            sum - outer,
        ];
        let odd = [
            c[1] * a + c[3] * b + c[5] * d + c[7] * e,
            c[3] * a - c[7] * b - c[1] * d - c[5] * e,
            c[5] * a - c[1] * b + c[7] * d + c[3] * e,
            c[7] * a - c[5] * b + c[3] * d - c[1] * e,
        ];
        for y in 0..4 {
            out[y][x] = even[y] + odd[y];
            out[7 - y][x] = even[y] - odd[y];
        }
    }
    out
}

fn eight(block: &Block, plane: &mut [u8], stride: usize) {
    let down = eight_down(&rows(block));
    let both = eight_down(&turned(&down));
    put(&turned(&both), plane, stride);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By the definition: the mean over the sample's share of the block's cosines, cut off as the smaller block has it.
    fn by_definition(side: usize, block: &[[f32; 8]; 8], x: usize, y: usize) -> f32 {
        let n = side as f32;
        let wave = |at: usize, k: usize| {
            let weight = if k == 0 {
                (1.0 / n).sqrt()
            } else {
                (2.0 / n).sqrt()
            };
            weight * ((2 * at + 1) as f32 * k as f32 * std::f32::consts::PI / (2.0 * n)).cos()
        };
        let mut sum = 0.0;
        for (v, row) in block.iter().enumerate().take(side) {
            for (u, coefficient) in row.iter().enumerate().take(side) {
                sum += coefficient * (n / 8.0) * wave(x, u) * wave(y, v);
            }
        }
        (sum + 128.0).clamp(0.0, 255.0)
    }

    #[test]
    fn blocks_of_every_size_are_as_defined() {
        let mut seed = 7_u32;
        for round in 0..50 {
            let mut coefficients = [[0.0; 8]; 8];
            for (v, row) in coefficients.iter_mut().enumerate() {
                for (u, one) in row.iter_mut().enumerate() {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    let size = 300.0 / (1 + u + v) as f32;
                    *one = ((seed >> 16) as f32 / 65_536.0 - 0.5) * size * (round % 5) as f32;
                }
            }
            for side in [1, 2, 4, 8] {
                let mut block = [0.0; 128];
                for v in 0..side {
                    for u in 0..side {
                        block[v * side + u] = coefficients[v][u] * scale(side);
                    }
                }
                let mut plane = [0; 64];
                samples(side, &block, &mut plane, side);
                for y in 0..side {
                    for x in 0..side {
                        let wanted = by_definition(side, &coefficients, x, y);
                        let got = f32::from(plane[y * side + x]);
                        assert!((wanted - got).abs() < 0.6, "{side}: {wanted} {got}");
                    }
                }
                let mut even = [0; 64];
                flat(side, coefficients[0][0] * scale(side), &mut even, side);
                let mean = (coefficients[0][0] / 8.0 + 128.0).clamp(0.0, 255.0);
                assert!((f32::from(even[side * side - 1]) - mean).abs() < 0.6);
            }
        }
    }
}
