//! CSV as spreadsheets write it (RFC 4180): commas, quotes, either line ending. Each record comes with the line of the file
//! on which it begins, so that whoever made the file finds the place.

/// Cells of a record at most.
const MOST_CELLS: usize = 128;

/// A record that can't be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CsvError {
    /// A quote that nothing closes.
    OpenQuote,
    /// Something between a closing quote and the next comma.
    AfterQuote,
    /// More cells than anybody needs.
    TooManyCells,
}

/// The records of a text. After an error nothing more comes: where the next record begins is not known.
pub struct Records<'a> {
    rest: &'a str,
    line: usize,
    broken: bool,
}

impl<'a> Records<'a> {
    /// Of this text, without a byte order mark.
    pub fn new(text: &'a str) -> Self {
        Self {
            rest: text,
            line: 1,
            broken: false,
        }
    }

    /// The cell at the start of the rest, and whether the record ends behind it.
    fn cell(&mut self) -> Result<(String, bool), CsvError> {
        if !self.rest.starts_with('"') {
            let end = self.rest.find([',', '\n']).unwrap_or(self.rest.len());
            let cell = &self.rest[..end];
            let cell = match self.rest[end..].starts_with(',') {
                true => cell,
                false => cell.strip_suffix('\r').unwrap_or(cell),
            };
            self.rest = &self.rest[end..];
            return Ok((cell.to_owned(), self.step()));
        }
        self.rest = &self.rest[1..];
        let mut cell = String::new();
        loop {
            let end = self.rest.find('"').ok_or(CsvError::OpenQuote)?;
            let part = &self.rest[..end];
            self.line += part.matches('\n').count();
            cell.push_str(part);
            self.rest = &self.rest[end + 1..];
            match self.rest.strip_prefix('"') {
                Some(rest) => {
                    cell.push('"');
                    self.rest = rest;
                }
                None => break,
            }
        }
        if let Some(rest) = self.rest.strip_prefix('\r')
            && (rest.is_empty() || rest.starts_with('\n'))
        {
            self.rest = rest;
        }
        if !self.rest.is_empty() && !self.rest.starts_with([',', '\n']) {
            return Err(CsvError::AfterQuote);
        }
        Ok((cell, self.step()))
    }

    /// Passes what ends a cell; true: it ended the record as well.
    fn step(&mut self) -> bool {
        match self.rest.as_bytes().first() {
            Some(b',') => {
                self.rest = &self.rest[1..];
                false
            }
            Some(_) => {
                self.rest = &self.rest[1..];
                self.line += 1;
                true
            }
            None => true,
        }
    }
}

impl Iterator for Records<'_> {
    type Item = (usize, Result<Vec<String>, CsvError>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.rest.is_empty() || self.broken {
                return None;
            }
            let line = self.line;
            let mut cells = Vec::new();
            loop {
                match self.cell() {
                    _ if cells.len() >= MOST_CELLS => {
                        self.broken = true;
                        return Some((line, Err(CsvError::TooManyCells)));
                    }
                    Ok((cell, last)) => {
                        cells.push(cell);
                        if last {
                            break;
                        }
                    }
                    Err(error) => {
                        self.broken = true;
                        return Some((line, Err(error)));
                    }
                }
            }
            // An empty line, or one of commas alone as spreadsheets leave them at the end.
            if cells.iter().any(|cell| !cell.trim().is_empty()) {
                return Some((line, Ok(cells)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(usize, Result<Vec<String>, CsvError>)> {
        Records::new(text).collect()
    }

    fn cells(cells: &[&str]) -> Result<Vec<String>, CsvError> {
        Ok(cells.iter().map(|cell| (*cell).to_owned()).collect())
    }

    #[test]
    fn records_come_with_the_line_where_they_begin() {
        assert_eq!(
            read("a,b\r\n\r\n\"x \"\"1\"\"\ny\",\r\n,,\nlast,\"z\""),
            [
                (1, cells(&["a", "b"])),
                (3, cells(&["x \"1\"\ny", ""])),
                (6, cells(&["last", "z"])),
            ]
        );
        assert_eq!(read("one"), [(1, cells(&["one"]))]);
        assert_eq!(read("a,"), [(1, cells(&["a", ""]))]);
        assert!(read("").is_empty() && read("\n\n").is_empty());
    }

    #[test]
    fn what_is_broken_ends_it() {
        assert_eq!(
            read("a\n\"b\nc"),
            [(1, cells(&["a"])), (2, Err(CsvError::OpenQuote))]
        );
        assert_eq!(read("\"a\"b,c\nd"), [(1, Err(CsvError::AfterQuote))]);
        assert_eq!(read(&",".repeat(500)), [(1, Err(CsvError::TooManyCells))]);
    }
}
