//! Registers of points and tickets from an administrator's CSV file: read strictly, refused as a whole with every place named,
//! or taken in one transaction. Taking the same file again changes nothing; a row of a known number replaces it; what the file
//! does not name stays, unless the file is to be the whole register.
//!
//! The first line names the columns, in any order, in English or Chinese:
//!
//! | points | tickets |
//! |---|---|
//! | `number` 编号 | `number` 编号 |
//! | `name` 名称, `address` 地址, `compound` 小区, `team` 街道队 | `what` 内容, `address` 地址 |
//! | `kind` 类别: a form's id, or the Chinese name of a built-in kind | `kind` 类别 |
//! | `lat` 纬度, `lon` 经度: decimal degrees, WGS-84, both or neither | `point` 点位: a number of the register of points |
//! | `state` 状态: `open` 未完成 (also when empty), `done` 已完成 | `state` 状态: `open` 未办结 (also when empty), `closed` 已办结 |
//! | `fact.<field>`: what that field of the form begins with | `received` 收到, `due` 期限: `2026-11-23` or `2026/11/23` |

pub mod csv;
mod map;
mod read;
mod table;

use std::fmt;

use crate::ambient::Millis;
use crate::store::registers::{self as store, Head, Put};
use crate::store::{Db, StoreError, custody};
use fieldseal_wire::registers::Register;

pub use map::{MapError, PlacedMap, place, placed};
pub use read::{Row, read};
pub use table::{MOST_BYTES, decode};

/// Problems that are named; more are counted.
pub const MOST_NAMED: usize = 100;

/// What is wrong with a line of the file. Says no values: they may be addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineProblem {
    /// Line of the file, from 1.
    pub line: usize,
    /// The column's name, where it is about one.
    pub column: Option<String>,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for LineProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.column {
            Some(column) => write!(f, "line {}, {column}: {}", self.line, self.what),
            None => write!(f, "line {}: {}", self.line, self.what),
        }
    }
}

/// What is wrong with a file: the first places, and how many there are in all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems {
    /// The first [`MOST_NAMED`].
    pub named: Vec<LineProblem>,
    /// All.
    pub count: usize,
}

impl Problems {
    fn add(&mut self, line: usize, column: Option<&str>, what: impl Into<String>) {
        self.count += 1;
        if self.named.len() < MOST_NAMED {
            self.named.push(LineProblem {
                line,
                column: column.map(str::to_owned),
                what: what.into(),
            });
        }
    }
}

/// Why a register was not imported. Nothing of it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The file as a whole.
    #[error("{0}")]
    File(&'static str),
    /// Lines of it.
    #[error("{} places in the file are wrong; nothing was imported", .0.count)]
    Lines(Problems),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What an import did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Imported {
    /// Rows of the file.
    pub rows: usize,
    /// New numbers.
    pub added: usize,
    /// Known numbers that say something else now.
    pub changed: usize,
    /// Numbers that the file does not name, and that went.
    pub removed: usize,
    /// The register now.
    pub head: Head,
    /// Tablets will fetch it anew.
    pub news: bool,
}

/// Takes a file's bytes in. `replace`: what the file does not name goes.
pub fn import(
    db: &Db,
    register: Register,
    file: &[u8],
    replace: bool,
    at: Millis,
) -> Result<Imported, ImportError> {
    let text = decode(file)?;
    let (rows, mut problems) = read(register, &text)?;
    if problems.count > 0 {
        return Err(ImportError::Lines(problems));
    }
    db.write_blocking(|tx| {
        let mut done = (0, 0, 0);
        for row in &rows {
            if let Some(point) = &row.point
                && !store::has(tx, Register::Points, point)?
            {
                problems.add(row.line, Some("point"), "is not in the register of points");
                continue;
            }
            match store::put(tx, register, &row.number, &row.json, row.offered)? {
                Put::Added => done.0 += 1,
                Put::Changed => done.1 += 1,
                Put::Same => {}
            }
        }
        if problems.count > 0 {
            return Err(ImportError::Lines(std::mem::take(&mut problems)));
        }
        if replace {
            let named: std::collections::HashSet<&str> =
                rows.iter().map(|row| row.number.as_str()).collect();
            for number in store::numbers(tx, register)? {
                if !named.contains(number.as_str()) {
                    store::remove(tx, register, &number)?;
                    done.2 += 1;
                }
            }
        }
        let (head, news) = store::settle(tx, register, at)?;
        if head.rows > fieldseal_wire::registers::MOST_ROWS {
            return Err(ImportError::File(
                "the register would have more than 200,000 rows",
            ));
        }
        custody::audit(tx, at, "admin", "imported-register", register.as_str())?;
        Ok(Imported {
            rows: rows.len(),
            added: done.0,
            changed: done.1,
            removed: done.2,
            head,
            news,
        })
    })
}
