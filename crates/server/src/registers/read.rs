//! The rows of a file, each checked and turned into the line that tablets are given.

use std::collections::HashMap;

use fieldseal_wire::registers::{MOST_FACTS, MOST_LINE, MOST_ROWS, Point, Register, Ticket};

use super::csv::{CsvError, Records};
use super::table::{Column, Header, OF_POINTS, OF_TICKETS, is_id};
use super::{ImportError, Problems};

/// Longest number, characters.
const NUMBER: usize = 64;
/// Longest name, address or value, characters.
const TEXT: usize = 200;
/// Longest text of a ticket, characters.
const WHAT: usize = 1000;
/// Decimals of a degree, as programs write them.
const DECIMALS: usize = 15;

/// One row, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Line of the file.
    pub line: usize,
    /// Its number.
    pub number: String,
    /// The point that it names.
    pub point: Option<String>,
    /// As tablets are given it.
    pub json: String,
    /// Whether they are.
    pub offered: bool,
}

/// Reads a register's text.
pub fn read(register: Register, text: &str) -> Result<(Vec<Row>, Problems), ImportError> {
    let mut problems = Problems::default();
    let mut records = Records::new(text);
    let Some((line, first)) = records.next() else {
        return Err(ImportError::File("the file is empty"));
    };
    let allowed = match register {
        Register::Points => OF_POINTS,
        Register::Tickets => OF_TICKETS,
    };
    let cells = match first {
        Ok(cells) => cells,
        Err(error) => {
            problems.add(line, None, broken(error));
            return Ok((Vec::new(), problems));
        }
    };
    let header = match Header::read(&cells, allowed, register == Register::Points) {
        Ok(header) => header,
        Err(wrong) => {
            for (name, what) in wrong {
                problems.add(line, Some(&name), what);
            }
            return Ok((Vec::new(), problems));
        }
    };
    let mut rows = Vec::new();
    let mut seen: HashMap<String, usize> = HashMap::new();
    for (line, record) in records {
        let cells = match record {
            Ok(cells) => cells,
            Err(error) => {
                problems.add(line, None, broken(error));
                break;
            }
        };
        if rows.len() as u64 >= MOST_ROWS {
            return Err(ImportError::File("the file has more than 200,000 rows"));
        }
        if cells.len() != header.names.len() {
            let what = format!(
                "{} cells, where the first line names {} columns",
                cells.len(),
                header.names.len()
            );
            problems.add(line, None, what);
            continue;
        }
        let before = problems.count;
        let mut reader = RowReader {
            header: &header,
            cells: &cells,
            line,
            problems: &mut problems,
        };
        let row = match register {
            Register::Points => reader.point(),
            Register::Tickets => reader.ticket(),
        };
        let Some(row) = row else { continue };
        if let Some(earlier) = seen.insert(row.number.clone(), line) {
            let what = format!("the same number as in line {earlier}");
            problems.add(line, Some(header.name(Column::Number)), what);
        }
        if row.json.len() >= MOST_LINE {
            problems.add(line, None, "this row is too long");
        }
        if problems.count == before {
            rows.push(row);
        }
    }
    if rows.is_empty() && problems.count == 0 {
        return Err(ImportError::File(
            "the file has no row under its first line",
        ));
    }
    Ok((rows, problems))
}

fn broken(error: CsvError) -> &'static str {
    match error {
        CsvError::OpenQuote => "a quotation mark opens here, and nothing closes it",
        CsvError::AfterQuote => "something stands behind a closing quotation mark",
        CsvError::TooManyCells => "more than 128 cells",
    }
}

struct RowReader<'a> {
    header: &'a Header,
    cells: &'a [String],
    line: usize,
    problems: &'a mut Problems,
}

impl RowReader<'_> {
    fn wrong(&mut self, column: Column, what: &str) {
        let name = self.header.name(column).to_owned();
        self.problems.add(self.line, Some(&name), what);
    }

    fn text(&mut self, column: Column, most: usize) -> Option<String> {
        let cell = self.header.cell(self.cells, column)?;
        if cell.chars().count() > most {
            self.wrong(column, &format!("more than {most} characters"));
            return None;
        }
        if cell
            .chars()
            .any(|one| one.is_control() && !matches!(one, '\n' | '\r' | '\t'))
        {
            self.wrong(column, "holds control characters");
            return None;
        }
        // Lines of a cell become one: they are shown in rows.
        Some(cell.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    fn number(&mut self) -> Option<String> {
        if self.header.cell(self.cells, Column::Number).is_none() {
            self.wrong(Column::Number, "is missing");
        }
        self.text(Column::Number, NUMBER)
    }

    fn kind(&mut self) -> Option<String> {
        let cell = self.header.cell(self.cells, Column::Kind)?;
        let id = match cell {
            "违法建筑" => "illegal-structure",
            "群租" => "group-rental",
            "户外广告" | "违法户外广告" => "billboard",
            id => id,
        };
        if is_id(id) {
            return Some(id.to_owned());
        }
        self.wrong(
            Column::Kind,
            "is neither a form's id nor the Chinese name of a built-in kind",
        );
        None
    }

    /// Whether the row is open. Empty means so.
    fn open(&mut self, open: &[&str], closed: &[&str], what: &str) -> bool {
        let cell = self.header.cell(self.cells, Column::State);
        match cell.map(str::to_lowercase) {
            None => true,
            Some(word) if open.contains(&word.as_str()) => true,
            Some(word) if closed.contains(&word.as_str()) => false,
            Some(_) => {
                self.wrong(Column::State, what);
                true
            }
        }
    }

    fn place(&mut self) -> (Option<String>, Option<String>) {
        let lat = self.header.cell(self.cells, Column::Lat);
        let lon = self.header.cell(self.cells, Column::Lon);
        let (Some(lat), Some(lon)) = (lat, lon) else {
            if lat.is_some() {
                self.wrong(Column::Lat, "stands without a longitude");
            }
            if lon.is_some() {
                self.wrong(Column::Lon, "stands without a latitude");
            }
            return (None, None);
        };
        let (north, east) = (degrees(lat, 90.0), degrees(lon, 180.0));
        if north.is_none() {
            let swapped = degrees(lat, 180.0).is_some() && degrees(lon, 90.0).is_some();
            self.wrong(
                Column::Lat,
                match swapped {
                    true => "is no latitude: are latitude and longitude swapped?",
                    false => "is no latitude in decimal degrees, such as 31.2304",
                },
            );
        } else if east.is_none() {
            self.wrong(
                Column::Lon,
                "is no longitude in decimal degrees, such as 121.4737",
            );
        } else if north == Some(0.0) && east == Some(0.0) {
            self.wrong(Column::Lat, "0, 0 is no place: leave both empty");
        }
        (Some(lat.to_owned()), Some(lon.to_owned()))
    }

    fn day(&mut self, column: Column) -> Option<String> {
        let cell = self.header.cell(self.cells, column)?;
        let day = day(cell);
        if day.is_none() {
            self.wrong(column, "is no day such as 2026-11-23");
        }
        day
    }

    fn point(&mut self) -> Option<Row> {
        let number = self.number();
        let done = !self.open(
            &["open", "未完成"],
            &["done", "已完成"],
            "is neither open 未完成 nor done 已完成",
        );
        let (lat, lon) = self.place();
        let mut facts = std::collections::BTreeMap::new();
        let (header, cells) = (self.header, self.cells);
        for (column, field, value) in header.facts(cells) {
            if value.chars().count() > TEXT || facts.len() >= MOST_FACTS {
                self.problems.add(
                    self.line,
                    Some(column),
                    "more than 200 characters, or more than 32 such columns",
                );
                continue;
            }
            facts.insert(field.to_owned(), value.to_owned());
        }
        let point = Point {
            name: self.text(Column::Name, TEXT),
            kind: self.kind(),
            address: self.text(Column::Address, TEXT),
            compound: self.text(Column::Compound, 100),
            team: self.text(Column::Team, NUMBER),
            number: number?,
            lat,
            lon,
            done,
            facts,
        };
        Some(Row {
            line: self.line,
            json: serde_json::to_string(&point).ok()?,
            number: point.number,
            point: None,
            offered: true,
        })
    }

    fn ticket(&mut self) -> Option<Row> {
        let number = self.number();
        let offered = self.open(
            &["open", "未办结"],
            &["closed", "已办结"],
            "is neither open 未办结 nor closed 已办结",
        );
        let ticket = Ticket {
            kind: self.kind(),
            what: self.text(Column::What, WHAT),
            point: self.text(Column::Point, NUMBER),
            address: self.text(Column::Address, TEXT),
            received: self.day(Column::Received),
            due: self.day(Column::Due),
            number: number?,
        };
        Some(Row {
            line: self.line,
            json: serde_json::to_string(&ticket).ok()?,
            number: ticket.number,
            point: ticket.point,
            offered,
        })
    }
}

/// Plain decimal degrees, not beyond the limit.
fn degrees(text: &str, limit: f64) -> Option<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, "0"));
    let plain = (1..=3).contains(&whole.len())
        && (1..=DECIMALS).contains(&decimals.len())
        && whole
            .bytes()
            .chain(decimals.bytes())
            .all(|byte| byte.is_ascii_digit());
    let value: f64 = text.parse().ok()?;
    (plain && value.abs() <= limit).then_some(value)
}

/// A day, written out.
fn day(text: &str) -> Option<String> {
    // A time of day behind it says more than is kept.
    let date = text.split([' ', 'T']).next()?;
    let mut parts = date.split(['-', '/', '.']);
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 {
        return None;
    }
    let date = jiff::civil::Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
    Some(date.ok()?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(text: &str) -> (Vec<Row>, Problems) {
        read(Register::Points, text).unwrap()
    }

    fn wrong(register: Register, text: &str) -> Vec<String> {
        let (_, problems) = read(register, text).unwrap();
        problems.named.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_row_becomes_the_line_that_tablets_are_given() {
        let (rows, problems) = points(
            "编号,名称,类别,地址,小区,纬度,经度,状态,fact.storeys\n\
             A-1,\"甲,乙\",违法建筑,某路 1 号,某小区,31.2304,121.4737,已完成,3\n\
             A-2,,,,,,,,\n",
        );
        assert_eq!(problems.count, 0, "{problems:?}");
        assert_eq!(
            rows[0].json,
            r#"{"number":"A-1","name":"甲,乙","kind":"illegal-structure","address":"某路 1 号","compound":"某小区","lat":"31.2304","lon":"121.4737","done":true,"facts":{"storeys":"3"}}"#
        );
        assert_eq!(rows[1].json, r#"{"number":"A-2"}"#);
    }

    #[test]
    fn tickets_that_are_closed_are_not_given() {
        let (rows, problems) = read(
            Register::Tickets,
            "number,what,point,received,due,state\nT1,x,A-1,2026/1/3,2026-02-01 17:00,open\nT2,,,,,已办结\n",
        )
        .unwrap();
        assert_eq!(problems.count, 0, "{problems:?}");
        assert_eq!(
            rows[0].json,
            r#"{"number":"T1","what":"x","point":"A-1","received":"2026-01-03","due":"2026-02-01"}"#
        );
        assert!(rows[0].offered && !rows[1].offered);
    }

    #[test]
    fn each_wrong_place_is_named() {
        let head = "number,kind,lat,lon,state\n";
        for (row, says) in [
            ("A,,91,1,", "line 2, lat: is no latitude"),
            ("A,,121.4,31.2,", "swapped"),
            ("A,,1e1,1,", "line 2, lat: is no latitude"),
            ("A,,31.2,,", "stands without a longitude"),
            ("A,,0,0,", "no place"),
            ("A,Nonsense!,,,", "line 2, kind:"),
            ("A,,,,maybe", "line 2, state:"),
            (",x,,,", "line 2, number: is missing"),
            ("A,,,", "line 2: 4 cells"),
            (
                "A,,,,\nB,,,,\nA,,,,",
                "line 4, number: the same number as in line 2",
            ),
            ("A,\"x,,,", "line 2: a quotation mark opens"),
        ] {
            let said = wrong(Register::Points, &format!("{head}{row}\n"));
            assert!(
                said.iter().any(|line| line.contains(says)),
                "{row}: {said:?}"
            );
        }
        let said = wrong(Register::Tickets, "number,due\nT,2026-13-01\n");
        assert_eq!(said, ["line 2, due: is no day such as 2026-11-23"]);
        assert!(read(Register::Points, "").is_err());
        assert!(read(Register::Points, "number\n").is_err());
    }

    #[test]
    fn many_problems_are_counted() {
        let mut text = String::from("number,lat,lon\n");
        for n in 0..300 {
            text.push_str(&format!("A{n},x,1\n"));
        }
        let (rows, problems) = points(&text);
        assert!(rows.is_empty());
        assert_eq!((problems.count, problems.named.len()), (300, 100));
    }
}
