//! What stands before the scan: sizes, tables, orientation.

use std::ops::Range;

use super::huffman::Table;

/// A component: its share of the samples and its tables.
#[derive(Clone)]
pub struct Component {
    id: u8,
    /// Blocks of it in a unit, across and down.
    pub across: usize,
    pub down: usize,
    /// By which its coefficients were divided, in the order of the file.
    pub steps: [u16; 64],
    pub dc: Table,
    pub ac: Table,
}

/// The head of a JPEG that is decoded here.
pub struct Head {
    pub width: u32,
    pub height: u32,
    /// One, or three of which the first is the finest.
    pub components: Vec<Component>,
    /// Units between two restart markers; 0 for none.
    pub restart: usize,
    /// Where the scan begins.
    pub scan: usize,
    /// Where the EXIF block is.
    pub exif: Option<Range<usize>>,
}

#[derive(Default)]
struct Tables {
    steps: [Option<[u16; 64]>; 4],
    dc: [Option<Table>; 4],
    ac: [Option<Table>; 4],
    restart: usize,
    exif: Option<Range<usize>>,
    frame: Option<Frame>,
    not_ycc: bool,
}

struct Frame {
    width: u32,
    height: u32,
    /// Id, blocks across and down, table of steps.
    components: Vec<(u8, usize, usize, usize)>,
}

/// Nothing when it is another kind of JPEG, or none.
pub fn read(bytes: &[u8]) -> Option<Head> {
    let mut tables = Tables::default();
    let mut at = 2;
    if !bytes.starts_with(&[0xff, 0xd8]) {
        return None;
    }
    loop {
        // Fill bytes may stand before a marker.
        while bytes.get(at) == Some(&0xff) && bytes.get(at + 1) == Some(&0xff) {
            at += 1;
        }
        let (&[0xff, marker, high, low], _) = bytes.get(at..)?.split_first_chunk::<4>()? else {
            return None;
        };
        let length = usize::from(u16::from_be_bytes([high, low])).checked_sub(2)?;
        let body_at = at + 4;
        let body = bytes.get(body_at..body_at + length)?;
        match marker {
            0xdb => quantisation(body, &mut tables)?,
            0xc4 => huffman(body, &mut tables)?,
            // Baseline, and the same with more tables.
            0xc0 | 0xc1 if tables.frame.is_none() => tables.frame = Some(frame(body)?),
            0xdd => tables.restart = usize::from(u16::from_be_bytes(body.try_into().ok()?)),
            0xe1 if body.starts_with(b"Exif\0\0") && tables.exif.is_none() => {
                tables.exif = Some(body_at + 6..body_at + length);
            }
            // Adobe: 1 is YCbCr.
            0xee if body.starts_with(b"Adobe") => tables.not_ycc = body.get(11) != Some(&1),
            0xda => return scan(body, tables, body_at + length),
            0xe0..=0xef | 0xfe => {}
            // Other frames (progressive, lossless, arithmetic) and what should not be here.
            _ => return None,
        }
        at = body_at + length;
    }
}

fn quantisation(mut body: &[u8], tables: &mut Tables) -> Option<()> {
    while let Some((&kind, rest)) = body.split_first() {
        let wide = match kind >> 4 {
            0 => false,
            1 => true,
            _ => return None,
        };
        let (values, rest) = rest.split_at_checked(if wide { 128 } else { 64 })?;
        let mut steps = [0; 64];
        for (index, step) in steps.iter_mut().enumerate() {
            *step = if wide {
                u16::from_be_bytes([values[2 * index], values[2 * index + 1]])
            } else {
                values[index].into()
            };
        }
        *tables.steps.get_mut(usize::from(kind & 15))? = Some(steps);
        body = rest;
    }
    Some(())
}

fn huffman(mut body: &[u8], tables: &mut Tables) -> Option<()> {
    while let Some((&kind, rest)) = body.split_first() {
        let (counts, rest) = rest.split_first_chunk::<16>()?;
        let count = counts.iter().map(|&count| usize::from(count)).sum();
        let (values, rest) = rest.split_at_checked(count)?;
        let table = Table::new(counts, values)?;
        let kept = match kind >> 4 {
            0 => &mut tables.dc,
            1 => &mut tables.ac,
            _ => return None,
        };
        *kept.get_mut(usize::from(kind & 15))? = Some(table);
        body = rest;
    }
    Some(())
}

fn frame(body: &[u8]) -> Option<Frame> {
    let (&[8, h1, h0, w1, w0, count @ (1 | 3)], rest) = body.split_first_chunk::<6>()? else {
        return None;
    };
    let (width, height) = (u16::from_be_bytes([w1, w0]), u16::from_be_bytes([h1, h0]));
    if width == 0 || height == 0 || rest.len() != usize::from(count) * 3 {
        return None;
    }
    let components: Vec<_> = rest
        .chunks_exact(3)
        .map(|one| {
            let (across, down) = (usize::from(one[1] >> 4), usize::from(one[1] & 15));
            (one[0], across, down, usize::from(one[2]))
        })
        .collect();
    let &(_, across, down, _) = components.first()?;
    // The first is the finest, and the others go into it.
    let fits = components
        .iter()
        .all(|&(_, a, d, _)| matches!((a, d), (1..=4, 1..=4)) && across % a == 0 && down % d == 0);
    let named_rgb = components.iter().map(|one| one.0).eq(*b"RGB");
    (fits && !named_rgb).then_some(Frame {
        width: width.into(),
        height: height.into(),
        components,
    })
}

fn scan(body: &[u8], tables: Tables, at: usize) -> Option<Head> {
    let frame = tables.frame?;
    let (&count, rest) = body.split_first()?;
    let all = usize::from(count) == frame.components.len()
        && rest.len() == frame.components.len() * 2 + 3;
    // All components in the one scan, all coefficients at once.
    if !all || !rest.ends_with(&[0, 63, 0]) || (count == 3 && tables.not_ycc) {
        return None;
    }
    let single = count == 1;
    let mut components = Vec::new();
    for (&(id, across, down, steps), chosen) in frame.components.iter().zip(rest.chunks(2)) {
        if chosen[0] != id {
            return None;
        }
        components.push(Component {
            id,
            across: if single { 1 } else { across },
            down: if single { 1 } else { down },
            steps: (*tables.steps.get(steps)?)?,
            dc: tables.dc.get(usize::from(chosen[1] >> 4))?.clone()?,
            ac: tables.ac.get(usize::from(chosen[1] & 15))?.clone()?,
        });
    }
    debug_assert!(
        components
            .iter()
            .zip(&frame.components)
            .all(|(one, two)| one.id == two.0)
    );
    Some(Head {
        width: frame.width,
        height: frame.height,
        components,
        restart: tables.restart,
        scan: at,
        exif: tables.exif,
    })
}
