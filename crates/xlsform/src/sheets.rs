//! The workbook as rows of text. Unpacked once within limits before it is read, and read cell by cell: a cell in the last
//! row of the last column costs no more than any other.

use std::collections::BTreeMap;
use std::io::{self, Cursor, Read as _};

use calamine::{DataRef, Reader as _, Xlsx, XlsxError};

/// Largest file, bytes.
const MAX_FILE: usize = 16 << 20;
/// Most bytes that it unpacks to.
const MAX_UNPACKED: u64 = 64 << 20;
/// Most entries of the zip.
const MAX_ENTRIES: usize = 1000;
/// Most sheets.
const MAX_SHEETS: usize = 20;
/// Most cells of all sheets.
const MAX_CELLS: usize = 200_000;
/// Most columns that are looked at.
const MAX_COLUMNS: u32 = 256;
/// Longest cell, characters.
const MAX_TEXT: usize = 10_000;

/// The file can't be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// Over a limit.
    #[error("the workbook is too large: {0}")]
    TooLarge(&'static str),
    /// Not a zip.
    #[error("the file is not a workbook")]
    Zip(#[from] zip::result::ZipError),
    /// It does not unpack.
    #[error("the workbook does not unpack")]
    Unpack(#[from] io::Error),
    /// Not an xlsx.
    #[error("the file is not a workbook of the kind .xlsx")]
    Xlsx(#[from] XlsxError),
}

/// A column's head: `label::中文 (zh)` is `label` in a language.
#[derive(Debug, Clone, Default)]
pub(crate) struct Column {
    /// As written.
    pub head: String,
    /// Lower case, other names replaced.
    pub base: String,
    pub language: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Cell {
    pub column: usize,
    pub text: String,
}

#[derive(Debug)]
pub(crate) struct Row {
    /// As the spreadsheet counts.
    pub number: u32,
    /// Without the empty ones.
    pub cells: Vec<Cell>,
    /// Where in `cells` a column without a language is.
    plain: BTreeMap<String, usize>,
}

impl Row {
    /// The text in a column without a language.
    pub fn text(&self, base: &str) -> Option<&str> {
        let at = self.plain.get(base)?;
        self.cells.get(*at).map(|cell| cell.text.as_str())
    }
}

#[derive(Debug)]
pub(crate) struct Sheet {
    /// Lower case.
    pub name: String,
    pub columns: Vec<Column>,
    pub rows: Vec<Row>,
}

pub(crate) struct Workbook {
    pub sheets: Vec<Sheet>,
}

impl Workbook {
    pub fn sheet(&self, name: &str) -> Option<&Sheet> {
        self.sheets.iter().find(|sheet| sheet.name == name)
    }

    pub fn read(bytes: &[u8]) -> Result<Self, ReadError> {
        if bytes.len() > MAX_FILE {
            return Err(ReadError::TooLarge("the file"));
        }
        unpacks(bytes)?;
        let mut xlsx: Xlsx<_> = Xlsx::new(Cursor::new(bytes))?;
        let names = xlsx.sheet_names();
        if names.len() > MAX_SHEETS {
            return Err(ReadError::TooLarge("sheets"));
        }
        let mut left = MAX_CELLS;
        let mut sheets = Vec::new();
        for name in names {
            // By convention of the tools, what begins so is nobody's.
            if name.starts_with('_') {
                continue;
            }
            let grid = grid(&mut xlsx, &name, &mut left)?;
            sheets.push(sheet(&name, grid));
        }
        Ok(Self { sheets })
    }
}

/// Unpacks all of it, and keeps nothing.
fn unpacks(bytes: &[u8]) -> Result<(), ReadError> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes))?;
    if archive.len() > MAX_ENTRIES {
        return Err(ReadError::TooLarge("entries"));
    }
    let mut left = MAX_UNPACKED;
    for at in 0..archive.len() {
        let entry = archive.by_index(at)?;
        let read = io::copy(&mut entry.take(left + 1), &mut io::sink())?;
        left = left
            .checked_sub(read)
            .ok_or(ReadError::TooLarge("unpacked"))?;
    }
    Ok(())
}

type Grid = BTreeMap<u32, BTreeMap<u32, String>>;

fn grid(xlsx: &mut Xlsx<Cursor<&[u8]>>, name: &str, left: &mut usize) -> Result<Grid, ReadError> {
    let mut grid = Grid::new();
    let mut cells = xlsx.worksheet_cells_reader(name)?;
    while let Some(cell) = cells.next_cell()? {
        let (row, column) = cell.get_position();
        let text = text(cell.get_value());
        if text.is_empty() {
            continue;
        }
        *left = left.checked_sub(1).ok_or(ReadError::TooLarge("cells"))?;
        if column >= MAX_COLUMNS {
            return Err(ReadError::TooLarge("columns"));
        }
        grid.entry(row).or_default().insert(column, text);
    }
    Ok(grid)
}

fn text(value: &DataRef<'_>) -> String {
    let text = match value {
        DataRef::String(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Int(number) => number.to_string(),
        // A number that was typed as 1 comes as 1.0.
        DataRef::Float(number) => number.to_string(),
        DataRef::Bool(yes) => if *yes { "true" } else { "false" }.to_owned(),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::DateTime(time) => time.as_f64().to_string(),
        _ => String::new(),
    };
    text.trim().chars().take(MAX_TEXT).collect()
}

fn sheet(name: &str, mut grid: Grid) -> Sheet {
    let first = grid.pop_first();
    let heads = first.map(|(_, heads)| heads).unwrap_or_default();
    let width = heads
        .keys()
        .next_back()
        .map_or(0, |last| *last as usize + 1);
    let mut columns = vec![Column::default(); width];
    for (at, head) in heads {
        columns[at as usize] = column(&head);
    }
    let rows = grid.into_iter().map(|(number, cells)| {
        let mut row = Row {
            number: number.saturating_add(1),
            cells: Vec::new(),
            plain: BTreeMap::new(),
        };
        for (at, text) in cells {
            let at = at as usize;
            // A text below no head: named as what it is.
            if at >= columns.len() {
                columns.resize(at + 1, Column::default());
            }
            if columns[at].language.is_none() {
                row.plain
                    .entry(columns[at].base.clone())
                    .or_insert(row.cells.len());
            }
            row.cells.push(Cell { column: at, text });
        }
        row
    });
    let rows = rows.collect();
    Sheet {
        name: name.trim().to_lowercase(),
        rows,
        columns,
    }
}

fn column(head: &str) -> Column {
    let (base, language) = match head.split_once("::") {
        Some((base, language)) => (base, Some(language)),
        None => match head.split_once(':') {
            // The older way of writing it.
            Some((base, language)) if matches!(plain(base).as_str(), "label" | "hint") => {
                (base, Some(language))
            }
            _ => (head, None),
        },
    };
    Column {
        head: head.chars().take(64).collect(),
        base: plain(base),
        language: language.map(|language| language.trim().to_owned()),
    }
}

/// The usual name of a column: tools take several.
fn plain(base: &str) -> String {
    let base = base.trim().to_lowercase().replace([' ', '-'], "_");
    match base.as_str() {
        "relevance" => "relevant",
        "constraint_msg" => "constraint_message",
        "list" => "list_name",
        "value" => "name",
        "id_string" => "form_id",
        "title" => "form_title",
        "command" => "type",
        "caption" => "label",
        _ => &base,
    }
    .to_owned()
}
