//! Bits and codes of the scan.

/// Codes up to this long are looked up.
const LOOK: u32 = 10;

/// A Huffman table.
#[derive(Clone)]
pub struct Table {
    /// By the next bits: length of the code and its symbol; 0 for longer codes.
    look: Box<[u16; 1 << LOOK]>,
    /// By the next bits, where code and value fit: the value, the zeros before it, the length of both; 0 where not.
    whole: Box<[u32; 1 << LOOK]>,
    /// One above the last code of each length, left-aligned in 16 bits, and what to add to a code for the index of its symbol.
    ends: [(u32, i32); 17],
    symbols: Vec<u8>,
}

impl Table {
    /// Nothing when the codes overflow.
    pub fn new(counts: &[u8; 16], symbols: &[u8]) -> Option<Self> {
        let mut table = Self {
            look: Box::new([0; 1 << LOOK]),
            whole: Box::new([0; 1 << LOOK]),
            ends: [(0, 0); 17],
            symbols: symbols.to_vec(),
        };
        let (mut code, mut index) = (0_u32, 0_u32);
        for (length, &count) in (1_u32..).zip(counts) {
            let first = index;
            let offset = i32::try_from(index).ok()? - i32::try_from(code).ok()?;
            while index < first + u32::from(count) {
                if code >> length != 0 {
                    return None;
                }
                if length <= LOOK {
                    let symbol = *symbols.get(usize::try_from(index).ok()?)?;
                    table.fill(code, length, symbol);
                }
                code += 1;
                index += 1;
            }
            table.ends[length as usize] = (code << (16 - length), offset);
            code <<= 1;
        }
        Some(table)
    }

    fn fill(&mut self, code: u32, length: u32, symbol: u8) {
        let rest = LOOK - length;
        let size = u32::from(symbol & 15);
        for low in 0..1_u32 << rest {
            let bits = (code << rest | low) as usize;
            self.look[bits] = (length as u16) << 8 | u16::from(symbol);
            if size > 0 && size <= rest {
                let value = extend(low >> (rest - size), size);
                self.whole[bits] =
                    (value as u16 as u32) << 16 | u32::from(symbol >> 4) << 8 | (length + size);
            }
        }
    }
}

/// The value that so many bits stand for.
fn extend(bits: u32, size: u32) -> i32 {
    let bits = bits as i32;
    if size > 0 && bits < 1 << (size - 1) {
        bits - (1 << size) + 1
    } else {
        bits
    }
}

/// The scan's bits. After its end, or at a marker, they are zeros.
pub struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The next bits, from the top.
    next: u64,
    /// How many of them count.
    count: u32,
    /// Zeros that were made up.
    pub made_up: u32,
}

impl<'a> Bits<'a> {
    pub fn new(bytes: &'a [u8], at: usize) -> Self {
        Self {
            bytes,
            at,
            next: 0,
            count: 0,
            made_up: 0,
        }
    }

    /// At least 56 bits.
    #[inline(always)]
    fn fill(&mut self) {
        if let Some(eight) = self.bytes.get(self.at..).and_then(<[u8]>::first_chunk::<8>) {
            let word = u64::from_be_bytes(*eight);
            let not = !word;
            let has_marker = not.wrapping_sub(0x0101_0101_0101_0101) & word & 0x8080_8080_8080_8080;
            if has_marker == 0 {
                self.next |= word >> self.count;
                self.at += ((63 - self.count) >> 3) as usize;
                self.count |= 56;
                return;
            }
        }
        self.fill_slowly();
    }

    #[inline(never)]
    fn fill_slowly(&mut self) {
        while self.count <= 56 {
            let byte = match self.bytes.get(self.at..) {
                Some([0xff, 0, ..]) => {
                    self.at += 2;
                    0xff
                }
                Some([0xff, ..] | []) | None => {
                    self.made_up += 8;
                    0
                }
                Some([byte, ..]) => {
                    self.at += 1;
                    *byte
                }
            };
            self.next |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
    }

    #[inline(always)]
    fn skip(&mut self, bits: u32) {
        self.next <<= bits;
        self.count -= bits;
    }

    /// A symbol; nothing for a code that the table does not have.
    #[inline(always)]
    fn symbol(&mut self, table: &Table) -> Option<u8> {
        let found = table.look[(self.next >> (64 - LOOK)) as usize];
        if found != 0 {
            self.skip(u32::from(found >> 8));
            return Some(found as u8);
        }
        self.long_symbol(table)
    }

    #[inline(never)]
    fn long_symbol(&mut self, table: &Table) -> Option<u8> {
        let bits = (self.next >> 48) as u32;
        for length in LOOK + 1..=16 {
            let (end, offset) = table.ends[length as usize];
            if bits < end {
                let code = (bits >> (16 - length)) as i32;
                self.skip(length);
                let index = usize::try_from(code + offset).ok()?;
                return table.symbols.get(index).copied();
            }
        }
        None
    }

    #[inline(always)]
    fn value(&mut self, size: u32) -> i32 {
        if size == 0 {
            return 0;
        }
        let bits = (self.next >> (64 - size)) as u32;
        self.skip(size);
        extend(bits, size)
    }

    /// The difference of the block's mean.
    #[inline(always)]
    pub fn mean(&mut self, table: &Table) -> Option<i32> {
        self.fill();
        let size = u32::from(self.symbol(table)?);
        (size <= 15).then(|| self.value(size))
    }

    /// The other 63 coefficients, each to `keep` with its place; nothing when they are none.
    #[inline(always)]
    pub fn details(&mut self, table: &Table, mut keep: impl FnMut(usize, i32)) -> Option<()> {
        let mut at = 1;
        while at < 64 {
            // A code of 16 bits and a value of 15 at most.
            if self.count < 32 {
                self.fill();
            }
            let whole = table.whole[(self.next >> (64 - LOOK)) as usize];
            if whole != 0 {
                at += (whole >> 8 & 15) as usize;
                self.skip(whole & 0xff);
                if at > 63 {
                    return None;
                }
                keep(at, i32::from((whole >> 16) as u16 as i16));
                at += 1;
                continue;
            }
            let symbol = self.symbol(table)?;
            let (zeros, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
            if size == 0 {
                if zeros < 15 {
                    return Some(());
                }
                at += 16;
                continue;
            }
            at += zeros;
            if at > 63 {
                return None;
            }
            let value = self.value(size);
            keep(at, value);
            at += 1;
        }
        Some(())
    }

    /// To after the next restart marker; nothing when another marker or the end comes first.
    pub fn restart(&mut self) -> Option<()> {
        self.next = 0;
        self.count = 0;
        self.made_up = 0;
        loop {
            match self.bytes.get(self.at..)? {
                [0xff, 0xd0..=0xd7, ..] => {
                    self.at += 2;
                    return Some(());
                }
                [0xff, 0x01..=0xfe, ..] | [] => return None,
                _ => self.at += 1,
            }
        }
    }
}
