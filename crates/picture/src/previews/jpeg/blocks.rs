//! The scan's blocks into planes of samples.

use super::head::{Component, Head};
use super::huffman::Bits;
use super::idct::{self, Block, NOWHERE, ZIGZAG};
use crate::NoPreview;
use crate::previews::MAX_ALLOC;

/// Coefficients beyond this are no picture's: eight bits a sample never give more than about 1,500.
const MOST: i32 = 1 << 15;
/// So many made-up bits in a row, and the scan is over.
const END: u32 = 256;

/// One component's samples.
pub struct Plane {
    pub samples: Vec<u8>,
    pub stride: usize,
    /// Blocks in a unit, across and down: its fineness beside the others'.
    pub scale: (f64, f64),
}

struct Lane<'a> {
    component: &'a Component,
    /// Steps, scaled for the block's size.
    steps: [f32; 64],
    plane: Vec<u8>,
    stride: usize,
    last_mean: i32,
}

/// The planes, with so many samples a block's side. A scan that breaks off leaves the rest grey; one that never begins is broken.
pub fn decode(head: &Head, bytes: &[u8], side: usize) -> Result<Vec<Plane>, NoPreview> {
    let finest = head.components.first().ok_or(NoPreview::Broken)?;
    let units = |length: u32, blocks: usize| (length as usize).div_ceil(8 * blocks);
    let across = units(head.width, finest.across);
    let down = units(head.height, finest.down);
    let places = places(side);
    let mut lanes = Vec::new();
    for component in &head.components {
        let stride = across * component.across * side;
        let size = stride * down * component.down * side;
        if size as u64 > MAX_ALLOC {
            return Err(NoPreview::TooLarge);
        }
        let mut plane = Vec::new();
        plane
            .try_reserve_exact(size)
            .map_err(|_| NoPreview::Memory)?;
        plane.resize(size, 128);
        lanes.push(Lane {
            component,
            steps: component
                .steps
                .map(|step| f32::from(step) * idct::scale(side)),
            plane,
            stride,
            last_mean: 0,
        });
    }
    let mut bits = Bits::new(bytes, head.scan);
    let begun = scan(
        &mut bits,
        &mut lanes,
        (across, down),
        side,
        &places,
        head.restart,
    );
    if begun == 0 {
        return Err(NoPreview::Broken);
    }
    #[expect(clippy::cast_precision_loss, reason = "at most 4")]
    let planes = lanes.into_iter().map(|lane| Plane {
        scale: (lane.component.across as f64, lane.component.down as f64),
        samples: lane.plane,
        stride: lane.stride,
    });
    Ok(planes.collect())
}

/// Where each coefficient goes in a block of this side.
fn places(side: usize) -> [u8; 64] {
    ZIGZAG.map(|place| {
        let (row, column) = (usize::from(place / 8), usize::from(place % 8));
        if row < side && column < side {
            u8::try_from(row * side + column).unwrap_or(NOWHERE)
        } else {
            NOWHERE
        }
    })
}

/// How many units were there.
fn scan(
    bits: &mut Bits<'_>,
    lanes: &mut [Lane<'_>],
    (across, down): (usize, usize),
    side: usize,
    places: &[u8; 64],
    restart: usize,
) -> usize {
    let mut done = 0;
    for y in 0..down {
        for x in 0..across {
            if restart > 0 && done > 0 && done % restart == 0 {
                if bits.restart().is_none() {
                    return done;
                }
                for lane in lanes.iter_mut() {
                    lane.last_mean = 0;
                }
            }
            for lane in lanes.iter_mut() {
                if unit(bits, lane, x, y, side, places).is_none() {
                    return done;
                }
            }
            if bits.made_up > END {
                return done;
            }
            done += 1;
        }
    }
    done
}

#[inline(always)]
fn unit(
    bits: &mut Bits<'_>,
    lane: &mut Lane<'_>,
    x: usize,
    y: usize,
    side: usize,
    places: &[u8; 64],
) -> Option<()> {
    let component = lane.component;
    for down in 0..component.down {
        for across in 0..component.across {
            let mean = bits.mean(&component.dc)?;
            lane.last_mean = (lane.last_mean + mean).clamp(-MOST, MOST);
            let mut block: Block = [0.0; 128];
            let mut detailed = false;
            let steps = &lane.steps;
            bits.details(&component.ac, |at, value| {
                let place = usize::from(places[at & 63] & 127);
                #[expect(clippy::cast_precision_loss, reason = "at most 2^15")]
                let value = value as f32;
                block[place] = value * steps[at & 63];
                detailed |= place < 64;
            })?;
            #[expect(clippy::cast_precision_loss, reason = "at most 2^15")]
            let mean = lane.last_mean as f32 * steps[0];
            let from = (y * component.down + down) * side * lane.stride
                + (x * component.across + across) * side;
            let to = lane.plane.get_mut(from..)?;
            if detailed {
                block[0] = mean;
                idct::samples(side, &block, to, lane.stride);
            } else {
                idct::flat(side, mean, to, lane.stride);
            }
        }
    }
    Some(())
}
