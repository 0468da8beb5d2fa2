//! Who is behind a pseudonym. The only table with names: erasing a row leaves everything signed as it was.

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::StoreError;
use crate::ambient::Millis;

/// One officer.
#[derive(Clone)]
pub struct Person {
    /// Pseudonymous id.
    pub id: String,
    /// Display name.
    pub name: String,
    /// 执法证号
    pub badge: String,
    /// 街道队
    pub team: Option<String>,
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Person")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// Adds a person.
pub fn add(tx: &Transaction<'_>, person: &Person, at: Millis) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO person (id, name, badge, team, added_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![person.id, person.name, person.badge, person.team, at],
    )?;
    Ok(())
}

/// A person by pseudonymous id.
pub fn find(connection: &Connection, id: &str) -> Result<Option<Person>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT id, name, badge, team FROM person WHERE id = ?1")?
        .query_row([id], read)
        .optional()?)
}

/// Everybody, by name.
pub fn all(connection: &Connection) -> Result<Vec<Person>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT id, name, badge, team FROM person ORDER BY team, name, id")?;
    Ok(statement.query_map([], read)?.collect::<Result<_, _>>()?)
}

/// Removes a person's names. False when there was none of that id.
pub fn erase(tx: &Transaction<'_>, id: &str) -> Result<bool, StoreError> {
    Ok(tx.execute("DELETE FROM person WHERE id = ?1", [id])? > 0)
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Person> {
    Ok(Person {
        id: row.get(0)?,
        name: row.get(1)?,
        badge: row.get(2)?,
        team: row.get(3)?,
    })
}
