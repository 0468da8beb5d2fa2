//! A file's bytes as text, and its first line as columns.

use std::borrow::Cow;

use super::ImportError;

/// Largest file, bytes.
pub const MOST_BYTES: usize = 128 << 20;

/// The text of a file: UTF-8 with or without a byte order mark, or GB18030 as spreadsheets write it on Chinese systems.
pub fn decode(file: &[u8]) -> Result<Cow<'_, str>, ImportError> {
    if file.len() > MOST_BYTES {
        return Err(ImportError::File("the file is larger than 128 MiB"));
    }
    let text = match std::str::from_utf8(file) {
        Ok(text) => Cow::Borrowed(text.strip_prefix('\u{feff}').unwrap_or(text)),
        Err(_) if file.starts_with(&[0xff, 0xfe]) || file.starts_with(&[0xfe, 0xff]) => {
            return Err(ImportError::File(
                "the file is in UTF-16: save it as CSV in UTF-8",
            ));
        }
        Err(_) => encoding_rs::GB18030
            .decode_without_bom_handling_and_without_replacement(file)
            .ok_or(ImportError::File(
                "the file is neither in UTF-8 nor in GB18030",
            ))?,
    };
    if text.contains('\0') {
        return Err(ImportError::File("the file is no text"));
    }
    Ok(text)
}

/// What a column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Number,
    Name,
    Kind,
    Address,
    Compound,
    Team,
    Lat,
    Lon,
    State,
    What,
    Point,
    Received,
    Due,
}

/// Columns of the register of points.
pub(super) const OF_POINTS: &[(Column, &str, &str)] = &[
    (Column::Number, "number", "编号"),
    (Column::Name, "name", "名称"),
    (Column::Kind, "kind", "类别"),
    (Column::Address, "address", "地址"),
    (Column::Compound, "compound", "小区"),
    (Column::Team, "team", "街道队"),
    (Column::Lat, "lat", "纬度"),
    (Column::Lon, "lon", "经度"),
    (Column::State, "state", "状态"),
];
/// Columns of the register of tickets.
pub(super) const OF_TICKETS: &[(Column, &str, &str)] = &[
    (Column::Number, "number", "编号"),
    (Column::Kind, "kind", "类别"),
    (Column::What, "what", "内容"),
    (Column::Point, "point", "点位"),
    (Column::Address, "address", "地址"),
    (Column::Received, "received", "收到"),
    (Column::Due, "due", "期限"),
    (Column::State, "state", "状态"),
];
/// Begins the name of a column that prefills a form's field.
pub(super) const FACT: &str = "fact.";

/// Where the columns are.
pub(super) struct Header {
    /// Name as it stands in the file.
    pub names: Vec<String>,
    /// Which known column each is; none: it is a `fact.` column.
    known: Vec<Option<Column>>,
}

impl Header {
    /// Reads the first line. Says which column is wrong, and how.
    pub fn read(
        cells: &[String],
        allowed: &[(Column, &str, &str)],
        facts: bool,
    ) -> Result<Self, Vec<(String, &'static str)>> {
        let (mut names, mut known, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
        for cell in cells {
            let name = cell.trim();
            let column = allowed
                .iter()
                .find(|(_, en, zh)| name.eq_ignore_ascii_case(en) || name == *zh)
                .map(|(column, _, _)| *column);
            let shown: String = name.chars().take(64).collect();
            let is_fact = facts && name.strip_prefix(FACT).is_some_and(is_id);
            if names.contains(&shown) || (column.is_some() && known.contains(&column)) {
                wrong.push((shown.clone(), "this column is there twice"));
            } else if column.is_none() && !is_fact {
                wrong.push((shown.clone(), "this column is not known"));
            }
            names.push(shown);
            known.push(column);
        }
        if !known.contains(&Some(Column::Number)) {
            wrong.push(("number".to_owned(), "this column is missing"));
        }
        if wrong.is_empty() {
            Ok(Self { names, known })
        } else {
            Err(wrong)
        }
    }

    /// A row's cell of this column, trimmed; none when empty.
    pub fn cell<'a>(&self, cells: &'a [String], column: Column) -> Option<&'a str> {
        let place = self.known.iter().position(|one| *one == Some(column))?;
        cells
            .get(place)
            .map(|cell| cell.trim())
            .filter(|cell| !cell.is_empty())
    }

    /// A column's name as the file has it.
    pub fn name(&self, column: Column) -> &str {
        let place = self.known.iter().position(|one| *one == Some(column));
        place
            .and_then(|place| self.names.get(place))
            .map_or("", String::as_str)
    }

    /// A row's cells that prefill fields: the column's name, the field's id, the value.
    pub fn facts<'a>(
        &'a self,
        cells: &'a [String],
    ) -> impl Iterator<Item = (&'a str, &'a str, &'a str)> {
        self.names
            .iter()
            .zip(&self.known)
            .zip(cells)
            .filter(|((_, known), _)| known.is_none())
            .filter_map(|((name, _), cell)| {
                Some((name.as_str(), name.strip_prefix(FACT)?, cell.trim()))
            })
            .filter(|(_, _, cell)| !cell.is_empty())
    }
}

/// The id of a kind or a field.
pub(super) fn is_id(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 64
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_comes_in_the_encodings_of_spreadsheets() {
        assert_eq!(decode("\u{feff}编号".as_bytes()).unwrap(), "编号");
        assert_eq!(decode("编号".as_bytes()).unwrap(), "编号");
        // 编号 in GBK.
        assert_eq!(decode(&[0xb1, 0xe0, 0xba, 0xc5]).unwrap(), "编号");
        for bad in [&[0xff, 0xfe, 0x16, 0x7f][..], &[0xb1], b"a\0b"] {
            assert!(decode(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn columns_have_two_names() {
        let cells = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        let header = Header::read(
            &cells(&["地址", " Number ", "fact.storeys"]),
            OF_POINTS,
            true,
        );
        let header = header.unwrap_or_else(|wrong| panic!("{wrong:?}"));
        let row = cells(&["甲路 1 号", " A1 ", "3"]);
        assert_eq!(header.cell(&row, Column::Number), Some("A1"));
        assert_eq!(header.cell(&row, Column::Address), Some("甲路 1 号"));
        assert_eq!(header.cell(&row, Column::Lat), None);
        assert_eq!(
            header.facts(&row).collect::<Vec<_>>(),
            [("fact.storeys", "storeys", "3")]
        );
        for (names, facts) in [
            (&["number", "编号"][..], true),
            (&["name"][..], true),
            (&["number", "colour"][..], true),
            (&["number", "fact.x"][..], false),
            (&["number", "fact."][..], true),
        ] {
            assert!(
                Header::read(&cells(names), OF_POINTS, facts).is_err(),
                "{names:?}"
            );
        }
    }
}
