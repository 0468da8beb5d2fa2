//! JUMBF (ISO/IEC 19566-5), the boxes that C2PA manifests are made of, read strictly: every box ends where its parent says, sizes are plain, every superbox
//! has a label, and there are no boxes but those that our own manifests use. What a lenient reader would skip is refused.

/// Levels of superboxes; ours have four.
const MOST_LEVELS: usize = 6;
/// Boxes in all.
const MOST_BOXES: usize = 256;
/// Longest label, in bytes.
const LONGEST_LABEL: usize = 256;
/// Of the type ids: the first four bytes are letters, the rest is always this.
const TYPE_TAIL: [u8; 12] = [0, 0x11, 0, 0x10, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71];

/// A superbox.
#[derive(Debug, PartialEq, Eq)]
pub struct Superbox<'a> {
    /// The four letters of its type id: `c2pa`, `c2ma`, `c2as`, `c2cl`, `c2cs`, `cbor`, `json`.
    pub kind: [u8; 4],
    /// Its label.
    pub label: &'a str,
    /// What is in it.
    pub children: Vec<Child<'a>>,
}

/// Something in a superbox.
#[derive(Debug, PartialEq, Eq)]
pub enum Child<'a> {
    /// Another superbox.
    Superbox(Superbox<'a>),
    /// A box of CBOR.
    Cbor(&'a [u8]),
    /// A box of JSON.
    Json(&'a [u8]),
}

/// It is not JUMBF of this kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the JUMBF is not of the strict kind: {0}")]
pub struct NotStrict(&'static str);

impl<'a> Superbox<'a> {
    /// Reads exactly one superbox.
    pub fn read(bytes: &'a [u8]) -> Result<Self, NotStrict> {
        let mut left = MOST_BOXES;
        let (kind, content, rest) = split(bytes)?;
        if !rest.is_empty() {
            return Err(NotStrict("bytes after the box"));
        }
        if kind != *b"jumb" {
            return Err(NotStrict("no superbox"));
        }
        superbox(content, 0, &mut left)
    }

    /// The superboxes in it, if there is nothing else.
    pub fn superboxes(&self) -> Option<Vec<&Superbox<'a>>> {
        self.children
            .iter()
            .map(|child| match child {
                Child::Superbox(inner) => Some(inner),
                _ => None,
            })
            .collect()
    }

    /// Its CBOR, if that is all there is.
    pub fn cbor(&self) -> Option<&'a [u8]> {
        match self.children.as_slice() {
            [Child::Cbor(bytes)] => Some(bytes),
            _ => None,
        }
    }

    /// Its JSON, if that is all there is.
    pub fn json(&self) -> Option<&'a [u8]> {
        match self.children.as_slice() {
            [Child::Json(bytes)] => Some(bytes),
            _ => None,
        }
    }
}

fn superbox<'a>(
    content: &'a [u8],
    level: usize,
    left: &mut usize,
) -> Result<Superbox<'a>, NotStrict> {
    if level >= MOST_LEVELS {
        return Err(NotStrict("too deep"));
    }
    let (kind, description, mut rest) = split(content)?;
    if kind != *b"jumd" {
        return Err(NotStrict("no description"));
    }
    let (kind, label) = describe(description)?;
    let mut children = Vec::new();
    while !rest.is_empty() {
        *left = left.checked_sub(1).ok_or(NotStrict("too many boxes"))?;
        let (child, content, after) = split(rest)?;
        children.push(match &child {
            b"jumb" => Child::Superbox(superbox(content, level + 1, left)?),
            b"cbor" => Child::Cbor(content),
            b"json" => Child::Json(content),
            _ => return Err(NotStrict("a box of another kind")),
        });
        rest = after;
    }
    Ok(Superbox {
        kind,
        label,
        children,
    })
}

/// Type id and label, then perhaps a salt.
fn describe(description: &[u8]) -> Result<([u8; 4], &str), NotStrict> {
    let (id, rest) = description
        .split_at_checked(16)
        .ok_or(NotStrict("a short description"))?;
    let (kind, tail) = id
        .split_first_chunk::<4>()
        .ok_or(NotStrict("a short description"))?;
    if tail != TYPE_TAIL {
        return Err(NotStrict("a type of another kind"));
    }
    let (toggles, rest) = rest.split_first().ok_or(NotStrict("a short description"))?;
    let end = rest
        .iter()
        .position(|byte| *byte == 0)
        .filter(|end| (1..=LONGEST_LABEL).contains(end))
        .ok_or(NotStrict("no label"))?;
    let label = std::str::from_utf8(&rest[..end])
        .ok()
        .filter(|label| label.chars().all(|c| c.is_ascii_graphic()))
        .ok_or(NotStrict("a label of odd characters"))?;
    let rest = &rest[end + 1..];
    match toggles {
        0x03 if rest.is_empty() => {}
        0x13 => {
            let (salt, _, after) = split(rest)?;
            if salt != *b"c2sh" || !after.is_empty() {
                return Err(NotStrict("something else than a salt"));
            }
        }
        _ => return Err(NotStrict("a description of another kind")),
    }
    Ok((*kind, label))
}

/// A box's type, its content, and what follows.
type Split<'a> = ([u8; 4], &'a [u8], &'a [u8]);

/// Takes the first box. Sizes of 0 (to the end) and 1 (64 bits) are none of ours.
fn split(bytes: &[u8]) -> Result<Split<'_>, NotStrict> {
    let short = NotStrict("a box that ends too soon");
    let (size, rest) = bytes.split_first_chunk::<4>().ok_or(short)?;
    let (kind, rest) = rest.split_first_chunk::<4>().ok_or(short)?;
    let size = usize::try_from(u32::from_be_bytes(*size))
        .ok()
        .and_then(|size| size.checked_sub(8))
        .ok_or(NotStrict("a box without a plain size"))?;
    let (content, rest) = rest.split_at_checked(size).ok_or(short)?;
    Ok((*kind, content, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
        let size = u32::try_from(content.len() + 8).unwrap();
        [&size.to_be_bytes(), kind.as_slice(), content].concat()
    }

    fn described(kind: &[u8; 4], toggles: u8, label: &str, after: &[u8]) -> Vec<u8> {
        let content = [
            kind.as_slice(),
            &TYPE_TAIL,
            &[toggles],
            label.as_bytes(),
            &[0],
            after,
        ]
        .concat();
        boxed(b"jumd", &content)
    }

    fn superboxed(kind: &[u8; 4], label: &str, children: &[u8]) -> Vec<u8> {
        boxed(
            b"jumb",
            &[described(kind, 3, label, &[]), children.to_vec()].concat(),
        )
    }

    #[test]
    fn boxes_within_boxes_read() {
        let inner = superboxed(b"json", "a.claim", &boxed(b"json", b"{}"));
        let outer = superboxed(b"c2pa", "c2pa", &inner);
        let read = Superbox::read(&outer).unwrap();
        assert_eq!((&read.kind, read.label), (b"c2pa", "c2pa"));
        let inner = read.superboxes().unwrap();
        assert_eq!(inner[0].json(), Some(b"{}".as_slice()));
        assert_eq!(inner[0].cbor(), None);
        assert_eq!(inner[0].superboxes(), None);
        let salted = boxed(
            b"jumb",
            &described(b"cbor", 0x13, "x", &boxed(b"c2sh", &[7; 16])),
        );
        assert_eq!(Superbox::read(&salted).unwrap().label, "x");
    }

    #[test]
    fn what_a_lenient_reader_would_skip_is_refused() {
        let good = superboxed(b"c2pa", "c2pa", &[]);
        let mut longer = good.clone();
        longer.push(0);
        let mut zero = good.clone();
        zero[3] = 0;
        let mut one = good.clone();
        one[3] = 1;
        let mut beyond = good.clone();
        beyond[3] += 1;
        let mut deep = superboxed(b"c2pa", "c2pa", &[]);
        for _ in 0..MOST_LEVELS {
            deep = superboxed(b"c2pa", "c2pa", &deep);
        }
        let described = |toggles, label: &str, after: &[u8]| {
            boxed(b"jumb", &described(b"c2pa", toggles, label, after))
        };
        for (bytes, why) in [
            (Vec::new(), "a box that ends too soon"),
            (longer, "bytes after the box"),
            (zero, "a box without a plain size"),
            (one, "a box without a plain size"),
            (beyond, "a box that ends too soon"),
            (deep, "too deep"),
            (boxed(b"free", &[]), "no superbox"),
            (boxed(b"jumb", &boxed(b"json", b"{}")), "no description"),
            (
                superboxed(b"c2pa", "c2pa", &boxed(b"free", &[])),
                "a box of another kind",
            ),
            (
                superboxed(b"c2pa", "c2pa", &boxed(b"brob", &[])),
                "a box of another kind",
            ),
            (
                superboxed(b"c2pa", "c2pa", &boxed(b"json", b"").repeat(300)),
                "too many boxes",
            ),
            (described(3, "", &[]), "no label"),
            (described(3, "a b", &[]), "a label of odd characters"),
            (described(1, "x", &[]), "a description of another kind"),
            (described(3, "x", &[0]), "a description of another kind"),
            (
                described(0x13, "x", &boxed(b"free", &[])),
                "something else than a salt",
            ),
        ] {
            assert_eq!(Superbox::read(&bytes), Err(NotStrict(why)), "{bytes:?}");
        }
    }
}
