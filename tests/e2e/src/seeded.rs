//! Seeded changes to known inputs: the same seed makes the same input on every machine.

/// splitmix64: small, and the same everywhere.
#[derive(Debug)]
pub struct Seeded(pub u64);

impl Seeded {
    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`, 0 when there is none.
    pub fn below(&mut self, end: usize) -> usize {
        (self.number() % (end.max(1) as u64)) as usize
    }
}

/// Pieces that parsers stumble over.
const PIECES: &[&[u8]] = &[
    b"\n",
    b"\n\n",
    b" ",
    b"0",
    b"-1",
    b"18446744073709551615",
    b"18446744073709551616",
    b"9007199254740993",
    b"\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\0\0\0\0",
    b"PK\x05\x06",
    b"PK\x06\x06",
    b"..",
    b"/",
    b"=",
    b"+",
    b"{",
    b"[[[[",
    b"\"\\ud800\"",
    b"null",
    "\u{2014} ".as_bytes(),
    "\u{3000}".as_bytes(),
    b"e999",
];

/// One of the corpus with one to four seeded changes.
pub fn changed(corpus: &[Vec<u8>], random: &mut Seeded) -> Vec<u8> {
    let mut data = corpus[random.below(corpus.len())].clone();
    for _ in 0..=random.below(4) {
        let at = random.below(data.len() + 1);
        let end = at + random.below(data.len() - at + 1).min(40);
        match random.below(7) {
            0 if at < data.len() => data[at] ^= 1 << random.below(8),
            1 => drop(data.drain(at..end)),
            2 => drop(data.splice(at..end, PIECES[random.below(PIECES.len())].iter().copied())),
            3 => drop(data.splice(at..at, data[at..end].to_vec())),
            4 => data.truncate(at),
            5 => {
                let other = &corpus[random.below(corpus.len())];
                let from = random.below(other.len() + 1);
                let piece = other[from..(from + 60).min(other.len())].to_vec();
                drop(data.splice(at..end, piece));
            }
            _ if at < data.len() => data[at] = random.number() as u8,
            _ => {}
        }
    }
    data
}
