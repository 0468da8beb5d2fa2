//! Many signatures at once, each decided by itself.
//!
//! The usual batch verification of Ed25519 adds many equations up with random factors and looks at the sum. That is another
//! question than the strict one of RFC 8032 without the cofactor: a commitment with a part of small order passes it by
//! chance, so a verdict would depend on what else was in the batch. Here nothing is added up. What signatures by one key
//! share is the key: its multiples are tabled once, as are the base point's, and `[S]B − [k]A` is then computed for each
//! signature by additions alone, exactly as [`Vkey::verify`] computes it by doublings. The points are encoded together,
//! which costs one inversion instead of many.
//!
//! Where the encoding is R, and R is not of small order, [`Vkey::verify`] would accept: these are its own conditions. Whatever
//! else comes out is not judged here but asked of [`Vkey::verify`]. So no verdict depends on company, order or chance, and
//! a wrong signature is named by its place.

use std::collections::HashMap;
use std::sync::LazyLock;

use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use ed25519_dalek::VerifyingKey as Ed25519Key;
use sha2::{Digest as _, Sha512};

use super::vkey::Material;
use super::{SignatureError, Vkey};

/// One signature to be checked.
#[derive(Clone, Copy)]
pub struct Signed<'a> {
    /// Whose it is said to be.
    pub key: &'a Vkey,
    /// What was signed.
    pub message: &'a [u8],
    /// In the layout of the key's type.
    pub signature: &'a [u8],
}

impl Signed<'_> {
    fn check(&self) -> Result<(), SignatureError> {
        self.key.verify(self.message, self.signature)
    }
}

/// Checks each as [`Vkey::verify`] does and gives its answers, in the order given.
pub fn verify_each(signed: &[Signed<'_>]) -> Vec<Result<(), SignatureError>> {
    let mut answers: Vec<Option<Result<(), SignatureError>>> = vec![None; signed.len()];
    let mut by_key: HashMap<[u8; 32], (Ed25519Key, Vec<usize>)> = HashMap::new();
    for (place, one) in signed.iter().enumerate() {
        if let Material::Ed25519(key) = one.key.key_material() {
            let group = by_key.entry(*key.as_bytes());
            group.or_insert_with(|| (*key, Vec::new())).1.push(place);
        }
    }
    for (key, places) in by_key.values() {
        let Some(width) = width_for(places.len()) else {
            continue;
        };
        let table = Multiples::of(key.to_edwards(), width);
        for places in places.chunks(TOGETHER) {
            by_table(key, &table, signed, places, &mut answers);
        }
    }
    let asked = answers.into_iter().zip(signed);
    asked
        .map(|(answer, one)| answer.unwrap_or_else(|| one.check()))
        .collect()
}

/// Signatures by one key that are worked on together: so many that going through the large table once is little for each.
const TOGETHER: usize = 4_096;

/// Notes the places whose signature is right by the key's table; leaves all others open.
fn by_table(
    key: &Ed25519Key,
    table: &Multiples,
    signed: &[Signed<'_>],
    places: &[usize],
    answers: &mut [Option<Result<(), SignatureError>>],
) {
    let mut expected = Vec::with_capacity(places.len());
    let (mut responses, mut challenges) = (Vec::new(), Vec::new());
    for place in places {
        let Some((one, parts)) = signed
            .get(*place)
            .and_then(|one| Some((one, Parts::of(one.signature)?)))
        else {
            continue;
        };
        let hash = Sha512::new()
            .chain_update(parts.commitment)
            .chain_update(key.as_bytes())
            .chain_update(one.message);
        challenges.push(Scalar::from_bytes_mod_order_wide(&hash.finalize().into()));
        responses.push(parts.response);
        expected.push((*place, parts.commitment));
    }
    let mut points = vec![EdwardsPoint::default(); expected.len()];
    BASE.add(&mut points, &responses);
    table.subtract(&mut points, &challenges);
    let made = EdwardsPoint::compress_batch_alloc(&points);
    for ((place, commitment), made) in expected.into_iter().zip(made) {
        let same = made.as_bytes() == &commitment;
        if same
            && !SMALL.contains(&made)
            && let Some(answer) = answers.get_mut(place)
        {
            *answer = Some(Ok(()));
        }
    }
}

/// A signature of 64 bytes whose number S is below the order.
struct Parts {
    commitment: [u8; 32],
    response: Scalar,
}

impl Parts {
    fn of(signature: &[u8]) -> Option<Self> {
        let (commitment, response) = signature.split_first_chunk::<32>()?;
        let response = Scalar::from_canonical_bytes(response.try_into().ok()?);
        Some(Self {
            commitment: *commitment,
            response: Option::from(response)?,
        })
    }
}

/// The base point's table is made once a run: 7 MB, gone through window by window.
const BASE_WIDTH: u32 = 12;
static BASE: LazyLock<Multiples> =
    LazyLock::new(|| Multiples::of(ED25519_BASEPOINT_POINT, BASE_WIDTH));
static SMALL: LazyLock<[CompressedEdwardsY; 8]> =
    LazyLock::new(|| EIGHT_TORSION.map(|point| point.compress()));

/// Multiples of a point: 1 to 2^(width − 1) times 2^(width × n) for every n, so that its product with any number is a sum of these.
struct Multiples {
    width: u32,
    points: Vec<EdwardsPoint>,
}

/// Bits of a number below the order, and one for the carry.
const BITS: u32 = 254;
/// What one verification by doublings costs in additions, about.
const BY_DOUBLING: usize = 280;

/// The width of table that makes this many products cheapest; none where doing without a table is cheaper.
fn width_for(products: usize) -> Option<u32> {
    let cost = |width: u32| {
        let windows = BITS.div_ceil(width) as usize;
        // With the base point's own sum.
        windows * (1 << (width - 1)) + products * (windows + BITS.div_ceil(BASE_WIDTH) as usize)
    };
    (4..=8)
        .min_by_key(|width| cost(*width))
        .filter(|width| cost(*width) < products * BY_DOUBLING)
}

impl Multiples {
    fn of(point: EdwardsPoint, width: u32) -> Self {
        let (windows, half) = (BITS.div_ceil(width), 1usize << (width - 1));
        let mut points = Vec::with_capacity(windows as usize * half);
        let mut first = point;
        for _ in 0..windows {
            let mut multiple = first;
            points.push(multiple);
            for _ in 1..half {
                multiple += first;
                points.push(multiple);
            }
            first = multiple + multiple;
        }
        Self { width, points }
    }

    /// Adds each number's multiple to its sum.
    fn add(&self, sums: &mut [EdwardsPoint], numbers: &[Scalar]) {
        self.go_through(sums, numbers, false);
    }

    /// Takes each number's multiple away from its sum.
    fn subtract(&self, sums: &mut [EdwardsPoint], numbers: &[Scalar]) {
        self.go_through(sums, numbers, true);
    }

    /// Window by window for all numbers, so that one part of the table at a time is in use. Digits are −2^(width − 1) + 1 to 2^(width − 1).
    fn go_through(&self, sums: &mut [EdwardsPoint], numbers: &[Scalar], away: bool) {
        let (mask, half) = ((1u32 << self.width) - 1, 1u32 << (self.width - 1));
        let mut carries = vec![false; numbers.len()];
        for (window, points) in self.points.chunks(half as usize).enumerate() {
            let at = window * self.width as usize;
            for ((sum, number), carry) in sums.iter_mut().zip(numbers).zip(&mut carries) {
                let bytes = number.as_bytes();
                let byte = |n: usize| u32::from(bytes.get(at / 8 + n).copied().unwrap_or(0));
                let three = byte(0) | byte(1) << 8 | byte(2) << 16;
                let digit = ((three >> (at % 8)) & mask) + u32::from(*carry);
                *carry = digit > half;
                let size = if *carry { mask + 1 - digit } else { digit };
                let Some(point) = (size as usize).checked_sub(1).and_then(|n| points.get(n)) else {
                    continue;
                };
                if *carry == away {
                    *sum += point;
                } else {
                    *sum -= point;
                }
            }
        }
    }
}

#[cfg(test)]
#[path = "many_tests.rs"]
mod tests;
