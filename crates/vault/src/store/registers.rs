//! Points and tickets, to be found by place, by words and by number. A row's `line` is as the server gave it; what it is
//! found by stands beside it.

use std::collections::BTreeMap;

use super::grams;
use crate::db::StoreError;
use fieldseal_packet::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

/// A box in degrees that the first look for near points takes, half its side; then four times that, and so on.
const FIRST_DEGREES: f64 = 0.001;
/// Beyond this nothing is near.
const LAST_DEGREES: f64 = 1.0;
/// Candidates of one look. Where more lie in one place, the nearest of them are all the same.
const MOST_NEAR: u32 = 5_000;
/// Metres of a degree of latitude.
const DEGREE_M: f64 = 111_195.0;
/// Cells along each side of a view whose points are too many to be drawn.
const CELLS: f64 = 24.0;

/// Which version of a register is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The server's version.
    pub version: u64,
    /// The server's tag for these bytes.
    pub tag: String,
    /// Rows.
    pub rows: u64,
    /// When it came.
    pub fetched_at: Timestamp,
}

/// A point to be kept.
#[derive(Debug, Clone, Copy)]
pub struct NewPoint<'a> {
    /// Its number.
    pub number: &'a str,
    /// Kind of packet that is made there.
    pub kind: Option<&'a str>,
    /// Nothing is left to be done.
    pub done: bool,
    /// Latitude and longitude, degrees.
    pub place: Option<(f64, f64)>,
    /// What it is found by, beside its number.
    pub words: &'a [&'a str],
    /// As the server gave it.
    pub line: &'a str,
}

/// A ticket to be kept.
#[derive(Debug, Clone, Copy)]
pub struct NewTicket<'a> {
    /// Its number.
    pub number: &'a str,
    /// Number of its point.
    pub point: Option<&'a str>,
    /// Day by which it is to be answered, `2026-11-23`.
    pub due: Option<&'a str>,
    /// What it is found by, beside its number.
    pub words: &'a [&'a str],
    /// As the server gave it.
    pub line: &'a str,
}

/// A point that was found.
#[derive(Clone, PartialEq)]
pub struct Found {
    /// As the server gave it.
    pub line: String,
    /// From where was asked.
    pub distance_m: Option<f64>,
}

/// How a pin looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PinState {
    /// A ticket is due today or before.
    Today,
    /// Something is left to be done.
    Open,
    /// Nothing is.
    Done,
}

/// A point in a view.
#[derive(Debug, Clone, PartialEq)]
pub struct Pin {
    /// Its number.
    pub number: String,
    /// Degrees.
    pub lat: f64,
    /// Degrees.
    pub lon: f64,
    /// How it looks.
    pub state: PinState,
}

/// Points of a view that are drawn as one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cluster {
    /// Their middle, degrees.
    pub lat: f64,
    /// Their middle, degrees.
    pub lon: f64,
    /// How many.
    pub count: u32,
}

/// A part of the map, degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// Least latitude.
    pub south: f64,
    /// Least longitude.
    pub west: f64,
    /// Greatest latitude.
    pub north: f64,
    /// Greatest longitude.
    pub east: f64,
}

/// What a view holds.
#[derive(Debug, Clone, PartialEq)]
pub enum View {
    /// Each point.
    Pins(Vec<Pin>),
    /// Too many to be drawn.
    Clusters(Vec<Cluster>),
}

/// Metres between two places. Exact enough for a town: the error is far below that of a fix.
pub fn distance_m(from: (f64, f64), to: (f64, f64)) -> f64 {
    let half = |a: f64, b: f64| ((b - a).to_radians() / 2.0).sin().powi(2);
    let a = half(from.0, to.0)
        + from.0.to_radians().cos() * to.0.to_radians().cos() * half(from.1, to.1);
    2.0 * DEGREE_M.to_degrees() * a.sqrt().min(1.0).asin()
}

/// Which version is here.
pub fn head(connection: &Connection, register: &str) -> Result<Option<Head>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT version, tag, rows, fetched_at FROM register WHERE name = ?")?
        .query_row([register], |row| {
            Ok(Head {
                version: row.get(0)?,
                tag: row.get(1)?,
                rows: row.get(2)?,
                fetched_at: Timestamp::from_millis(row.get(3)?),
            })
        })
        .optional()?)
}

/// Notes the version that is here from now on.
pub fn set_head(tx: &Transaction<'_>, register: &str, head: &Head) -> Result<(), StoreError> {
    tx.execute(
        "INSERT OR REPLACE INTO register (name, version, tag, rows, fetched_at) VALUES (?, ?, ?, ?, ?)",
        params![register, head.version, head.tag, head.rows, head.fetched_at.as_millis()],
    )?;
    Ok(())
}

/// Removes all points.
pub fn clear_points(tx: &Transaction<'_>) -> Result<(), StoreError> {
    tx.execute_batch(
        "DELETE FROM point; DELETE FROM point_place; INSERT INTO point_words (point_words) VALUES ('delete-all');",
    )?;
    Ok(())
}

/// Adds a point.
pub fn add_point(tx: &Transaction<'_>, point: &NewPoint<'_>) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO point (number, kind, done, lat, lon, line) VALUES (?, ?, ?, ?, ?, ?)",
    )?
    .execute(params![
        point.number,
        point.kind,
        point.done,
        point.place.map(|place| place.0),
        point.place.map(|place| place.1),
        point.line
    ])?;
    let id = tx.last_insert_rowid();
    if let Some((lat, lon)) = point.place {
        tx.prepare_cached(
            "INSERT INTO point_place (id, south, north, west, east) VALUES (?1, ?2, ?2, ?3, ?3)",
        )?
        .execute(params![id, lat, lon])?;
    }
    tx.prepare_cached("INSERT INTO point_words (rowid, grams) VALUES (?, ?)")?
        .execute(params![id, all_grams(point.number, point.words)])?;
    Ok(())
}

fn all_grams(number: &str, words: &[&str]) -> String {
    let mut all = grams::indexed(number);
    for words in words {
        all.push_str(&grams::indexed(words));
    }
    all
}

/// Removes all tickets.
pub fn clear_tickets(tx: &Transaction<'_>) -> Result<(), StoreError> {
    tx.execute_batch(
        "DELETE FROM ticket; INSERT INTO ticket_words (ticket_words) VALUES ('delete-all');",
    )?;
    Ok(())
}

/// Adds a ticket.
pub fn add_ticket(tx: &Transaction<'_>, ticket: &NewTicket<'_>) -> Result<(), StoreError> {
    tx.prepare_cached("INSERT INTO ticket (number, point, due, line) VALUES (?, ?, ?, ?)")?
        .execute(params![
            ticket.number,
            ticket.point,
            ticket.due,
            ticket.line
        ])?;
    let id = tx.last_insert_rowid();
    tx.prepare_cached("INSERT INTO ticket_words (rowid, grams) VALUES (?, ?)")?
        .execute(params![id, all_grams(ticket.number, ticket.words)])?;
    Ok(())
}

/// The point of a number.
pub fn point(connection: &Connection, number: &str) -> Result<Option<String>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT line FROM point WHERE number = ?")?
        .query_row([number], |row| row.get(0))
        .optional()?)
}

/// The ticket of a number.
pub fn ticket(connection: &Connection, number: &str) -> Result<Option<String>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT line FROM ticket WHERE number = ?")?
        .query_row([number], |row| row.get(0))
        .optional()?)
}

/// Tickets of a point, the most urgent first.
pub fn tickets_of(
    connection: &Connection,
    point: &str,
    most: u32,
) -> Result<Vec<String>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT line FROM ticket WHERE point = ? ORDER BY due IS NULL, due, number LIMIT ?",
    )?;
    Ok(statement
        .query_map(params![point, most], |row| row.get(0))?
        .collect::<Result<_, _>>()?)
}

/// Tickets, the most urgent first: all, or those that are due on this day or before.
pub fn tickets(
    connection: &Connection,
    due_by: Option<&str>,
    most: u32,
) -> Result<Vec<String>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT line FROM ticket WHERE ?1 IS NULL OR due <= ?1 ORDER BY due IS NULL, due, number LIMIT ?2",
    )?;
    Ok(statement
        .query_map(params![due_by, most], |row| row.get(0))?
        .collect::<Result<_, _>>()?)
}

/// How many tickets are due on this day or before.
pub fn tickets_due(connection: &Connection, day: &str) -> Result<u32, StoreError> {
    Ok(connection
        .prepare_cached("SELECT count(*) FROM ticket WHERE due <= ?")?
        .query_row([day], |row| row.get(0))?)
}

/// The nearest points, the nearest first; of one kind (or of none said), where one is asked for.
pub fn nearest(
    connection: &Connection,
    from: (f64, f64),
    kind: Option<&str>,
    most: usize,
) -> Result<Vec<Found>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT p.id, p.lat, p.lon FROM point_place AS r JOIN point AS p ON p.id = r.id
         WHERE r.south <= ?2 AND r.north >= ?1 AND r.west <= ?4 AND r.east >= ?3
           AND (?5 IS NULL OR p.kind IS NULL OR p.kind = ?5) LIMIT ?6",
    )?;
    let east_factor = from.0.to_radians().cos().max(0.01);
    let mut half = FIRST_DEGREES;
    loop {
        let (up, across) = (half, half / east_factor);
        let rows = statement.query_map(
            params![
                from.0 - up,
                from.0 + up,
                from.1 - across,
                from.1 + across,
                kind,
                MOST_NEAR
            ],
            |row| {
                let id: i64 = row.get(0)?;
                Ok((distance_m(from, (row.get(1)?, row.get(2)?)), id))
            },
        )?;
        let mut near = rows.collect::<Result<Vec<(f64, i64)>, _>>()?;
        near.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        near.truncate(most);
        // Nothing outside the box is nearer than its side.
        let sure = near.len() == most && near.last().is_some_and(|last| last.0 <= half * DEGREE_M);
        if sure || half >= LAST_DEGREES {
            return lines(connection, &near);
        }
        half = (half * 4.0).min(LAST_DEGREES);
    }
}

fn lines(connection: &Connection, near: &[(f64, i64)]) -> Result<Vec<Found>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT line FROM point WHERE id = ?")?;
    near.iter()
        .map(|(distance_m, id)| {
            Ok(Found {
                line: statement.query_row([id], |row| row.get(0))?,
                distance_m: Some(*distance_m),
            })
        })
        .collect()
}

/// Points whose number, name or address has these words; the one of this very number first, then the nearest. `looked_at`: how
/// many are looked at before they are put in order. Gives whether there may be more.
pub fn search(
    connection: &Connection,
    text: &str,
    from: Option<(f64, f64)>,
    (most, looked_at): (usize, u32),
) -> Result<(Vec<Found>, bool), StoreError> {
    let Some(asked) = grams::asked(text) else {
        return Ok((Vec::new(), false));
    };
    let mut statement = connection.prepare_cached(
        "SELECT p.id, p.number, p.lat, p.lon FROM point_words AS w JOIN point AS p ON p.id = w.rowid
         WHERE point_words MATCH ?1 LIMIT ?2",
    )?;
    let typed = text.trim();
    let rows = statement.query_map(params![asked, looked_at], |row| {
        let place: (Option<f64>, Option<f64>) = (row.get(2)?, row.get(3)?);
        let away = match (from, place) {
            (Some(from), (Some(lat), Some(lon))) => Some(distance_m(from, (lat, lon))),
            _ => None,
        };
        let exact = row.get_ref(1)?.as_str()?.eq_ignore_ascii_case(typed);
        Ok((!exact, away, row.get::<_, i64>(0)?))
    })?;
    let mut found = rows.collect::<Result<Vec<_>, _>>()?;
    let more = found.len() > most;
    found.sort_by(|a, b| {
        let away = |one: &Option<f64>| one.unwrap_or(f64::MAX);
        a.0.cmp(&b.0)
            .then(away(&a.1).total_cmp(&away(&b.1)))
            .then(a.2.cmp(&b.2))
    });
    found.truncate(most);
    let mut statement = connection.prepare_cached("SELECT line FROM point WHERE id = ?")?;
    let found = found.into_iter().map(|(_, distance_m, id)| {
        Ok::<_, StoreError>(Found {
            line: statement.query_row([id], |row| row.get(0))?,
            distance_m,
        })
    });
    Ok((found.collect::<Result<_, _>>()?, more))
}

/// Tickets with these words.
pub fn search_tickets(
    connection: &Connection,
    text: &str,
    most: u32,
) -> Result<Vec<String>, StoreError> {
    let Some(asked) = grams::asked(text) else {
        return Ok(Vec::new());
    };
    let mut statement = connection.prepare_cached(
        "SELECT t.line FROM ticket_words AS w JOIN ticket AS t ON t.id = w.rowid WHERE ticket_words MATCH ?1 LIMIT ?2",
    )?;
    Ok(statement
        .query_map(params![asked, most], |row| row.get(0))?
        .collect::<Result<_, _>>()?)
}

/// What lies within a part of the map: each point, or when they are more than `most`, how many lie where.
pub fn view(
    connection: &Connection,
    bounds: &Bounds,
    today: &str,
    most: u32,
) -> Result<View, StoreError> {
    let within = params![bounds.south, bounds.north, bounds.west, bounds.east];
    let count: u32 = connection
        .prepare_cached(
            "SELECT count(*) FROM point_place WHERE south <= ?2 AND north >= ?1 AND west <= ?4 AND east >= ?3",
        )?
        .query_row(within, |row| row.get(0))?;
    if count > most {
        return clusters(connection, bounds);
    }
    let mut statement = connection.prepare_cached(
        "SELECT p.number, p.lat, p.lon, p.done, EXISTS (SELECT 1 FROM ticket AS t WHERE t.point = p.number AND t.due <= ?5)
         FROM point_place AS r JOIN point AS p ON p.id = r.id
         WHERE r.south <= ?2 AND r.north >= ?1 AND r.west <= ?4 AND r.east >= ?3",
    )?;
    let rows = statement.query_map(
        params![bounds.south, bounds.north, bounds.west, bounds.east, today],
        |row| {
            let state = match (row.get(4)?, row.get(3)?) {
                (true, _) => PinState::Today,
                (false, false) => PinState::Open,
                (false, true) => PinState::Done,
            };
            Ok(Pin {
                number: row.get(0)?,
                lat: row.get(1)?,
                lon: row.get(2)?,
                state,
            })
        },
    )?;
    Ok(View::Pins(rows.collect::<Result<_, _>>()?))
}

fn clusters(connection: &Connection, bounds: &Bounds) -> Result<View, StoreError> {
    let step = |low: f64, high: f64| ((high - low) / CELLS).max(1e-9);
    let (down, across) = (
        step(bounds.south, bounds.north),
        step(bounds.west, bounds.east),
    );
    let mut cells: BTreeMap<(i64, i64), (f64, f64, u32)> = BTreeMap::new();
    let mut statement = connection.prepare_cached(
        "SELECT south, west FROM point_place WHERE south <= ?2 AND north >= ?1 AND west <= ?4 AND east >= ?3",
    )?;
    let mut rows = statement.query(params![
        bounds.south,
        bounds.north,
        bounds.west,
        bounds.east
    ])?;
    while let Some(row) = rows.next()? {
        let (lat, lon): (f64, f64) = (row.get(0)?, row.get(1)?);
        let cell = (
            ((lat - bounds.south) / down).floor() as i64,
            ((lon - bounds.west) / across).floor() as i64,
        );
        let sum = cells.entry(cell).or_default();
        *sum = (sum.0 + lat, sum.1 + lon, sum.2.saturating_add(1));
    }
    let clusters = cells.into_values().map(|(lat, lon, count)| Cluster {
        lat: lat / f64::from(count),
        lon: lon / f64::from(count),
        count,
    });
    Ok(View::Clusters(clusters.collect()))
}

#[cfg(test)]
#[path = "registers_tests.rs"]
mod tests;
