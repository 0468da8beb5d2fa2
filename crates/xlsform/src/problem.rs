//! What is said about a workbook: where, and what.

use std::fmt;

use crate::sheets::{Row, Sheet};

/// Most problems that are listed; more of them say nothing new.
const MOST: usize = 500;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Taken, and shown otherwise than written.
    Remark,
    /// Not taken over: refused unless whoever imports says that it may be lost.
    Loss,
    /// There can be no form.
    Error,
}

/// One thing about a workbook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// How bad.
    pub kind: Kind,
    /// Sheet's name; empty: the form as a whole.
    pub sheet: String,
    /// Row as the spreadsheet counts, from 1; 0: the sheet as a whole.
    pub row: u32,
    /// Column's head; empty: the row as a whole.
    pub column: String,
    /// What.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.sheet.is_empty() {
            return f.write_str(&self.what);
        }
        f.write_str(&self.sheet)?;
        if self.row > 0 {
            write!(f, ", row {}", self.row)?;
        }
        if !self.column.is_empty() {
            write!(f, ", {}", self.column)?;
        }
        write!(f, ": {}", self.what)
    }
}

#[derive(Default)]
pub(crate) struct Problems {
    pub list: Vec<Problem>,
    errors: usize,
}

impl Problems {
    fn add(&mut self, kind: Kind, sheet: &str, row: u32, column: &str, what: &str) {
        self.errors += usize::from(kind == Kind::Error);
        // An error is never the one that has no more room.
        if self.list.len() < MOST || kind == Kind::Error && self.errors == 1 {
            let short = |text: &str, most: usize| text.chars().take(most).collect();
            self.list.push(Problem {
                kind,
                sheet: short(sheet, 64),
                row,
                column: short(column, 64),
                what: short(what, 300),
            });
        }
    }

    pub fn error(&mut self, sheet: &str, row: u32, column: &str, what: &str) {
        self.add(Kind::Error, sheet, row, column, what);
    }

    pub fn loss(&mut self, sheet: &str, row: u32, column: &str, what: &str) {
        self.add(Kind::Loss, sheet, row, column, what);
    }

    pub fn remark(&mut self, sheet: &str, row: u32, column: &str, what: &str) {
        self.add(Kind::Remark, sheet, row, column, what);
    }

    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// Names every cell of a row that nobody has used.
    pub fn unused(&mut self, sheet: &Sheet, row: &Row, used: &[&str]) {
        for cell in &row.cells {
            let column = &sheet.columns[cell.column];
            if !used.contains(&column.base.as_str()) {
                self.loss(
                    &sheet.name,
                    row.number,
                    &column.head,
                    "is not supported here",
                );
            }
        }
    }
}
