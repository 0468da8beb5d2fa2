//! The database: all SQL of the server is in this module's children, each a set of plain functions over a connection or a transaction, so that
//! another database is another set of functions and nothing above changes.
//!
//! SQLite in WAL mode with `synchronous = FULL`: when `write` returns, what it did survives a power cut. One writer at a time (in this process by
//! the lock, between processes by `BEGIN IMMEDIATE`); readers never wait for it. What waits for the writer meanwhile is done together under one
//! commit ([`company`]).

pub mod accounts;
mod company;
pub mod completes;
pub mod cosignatures;
pub mod custody;
pub mod decisions;
pub mod devices;
pub mod digests;
pub mod erased;
pub mod forms;
pub mod keys;
pub mod log;
pub mod maps;
mod migrations;
pub mod orders;
pub mod packets;
pub mod people;
pub mod quarantine;
pub mod registers;
pub mod stamps;
pub mod uploads;

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use company::{Batch, Job, Queue};

thread_local! {
    /// SQLite reported a failing disk to a caller of this thread. Callers turn the error into their own types; this way none
    /// can forget what it means for the connection.
    static DISK_FAILED: Cell<bool> = const { Cell::new(false) };
}

/// The oldest SQLite that is safe here: before it, resetting the WAL could corrupt the database.
const OLDEST_SQLITE: i32 = 3_051_003;
/// Idle reading connections kept.
const READERS: usize = 4;

/// The database refused, or could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The SQLite linked in is too old to be trusted with this.
    #[error("SQLite {0} is too old: 3.51.3 or newer is needed")]
    SqliteTooOld(&'static str),
    /// The database was made by a newer server.
    #[error(
        "the database has schema {found}, this program knows up to {known}: it was made by a newer version"
    )]
    NewerSchema {
        /// In the file.
        found: u32,
        /// Here.
        known: u32,
    },
    /// The file is not a database, or not a whole one. It is left as it is.
    #[error("the database file is damaged or not a database: restore a backup, and keep this file")]
    Damaged(#[source] rusqlite::Error),
    /// SQLite's own word.
    #[error("the database refused")]
    Sqlite(#[source] rusqlite::Error),
    /// A value in the database is not what this program wrote.
    #[error("the database holds a value that does not read: {0}")]
    Malformed(&'static str),
    /// Others keep the database busy just when it must be alone.
    #[error("the database is busy")]
    Busy,
    /// It was done together with others, whose transaction could not be committed: nothing of it happened.
    #[error("the database could not commit")]
    Undone,
    /// The blocking task was dropped: the process is stopping.
    #[error("the server is stopping")]
    Stopping,
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase, SystemIoFailure};
        match error.sqlite_error_code() {
            Some(DatabaseCorrupt | NotADatabase) => Self::Damaged(error),
            Some(SystemIoFailure) => {
                DISK_FAILED.set(true);
                Self::Sqlite(error)
            }
            _ => Self::Sqlite(error),
        }
    }
}

impl StoreError {
    /// Whether the disk is full or refuses, so that trying later may help.
    pub fn is_storage(&self) -> bool {
        use rusqlite::ErrorCode::{
            CannotOpen, DatabaseLocked, DiskFull, ReadOnly, SystemIoFailure,
        };
        matches!(self, Self::Busy | Self::Undone)
            || matches!(self, Self::Sqlite(rusqlite::Error::SqliteFailure(e, _)) if matches!(e.code, DiskFull | SystemIoFailure | ReadOnly | CannotOpen | DatabaseLocked))
            || matches!(self, Self::Sqlite(rusqlite::Error::SqliteFailure(e, _)) if e.code == rusqlite::ErrorCode::DatabaseBusy)
    }

    pub(crate) fn is_full(&self) -> bool {
        matches!(self, Self::Sqlite(rusqlite::Error::SqliteFailure(e, _)) if e.code == rusqlite::ErrorCode::DiskFull)
    }

    /// Whether a uniqueness rule refused it.
    pub fn is_duplicate(&self) -> bool {
        matches!(self, Self::Sqlite(rusqlite::Error::SqliteFailure(e, _)) if e.code == rusqlite::ErrorCode::ConstraintViolation)
    }
}

/// The database of one data folder. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    /// None: a sync failed under the last one.
    writer: Mutex<Option<Connection>>,
    /// What waits for the writer and may share a commit.
    queue: Queue,
    readers: Mutex<Vec<Connection>>,
}

impl Db {
    /// Opens the database, and brings its schema up to date. `create`: make it if it is not there.
    pub fn open(path: &Path, create: bool) -> Result<Self, StoreError> {
        if rusqlite::version_number() < OLDEST_SQLITE {
            return Err(StoreError::SqliteTooOld(rusqlite::version()));
        }
        let mut writer = connect(path, create)?;
        match empty_log(&writer) {
            // Another program is at work in it, and took it over; or there is room for looking, if not for this.
            Ok(_) => {}
            Err(error) if error.is_full() => {}
            Err(error) => return Err(error),
        }
        migrations::apply(&mut writer)?;
        Ok(Self {
            inner: Arc::new(Inner {
                path: path.to_owned(),
                writer: Mutex::new(Some(writer)),
                queue: Queue::default(),
                readers: Mutex::new(Vec::new()),
            }),
        })
    }

    /// Runs `work` in a transaction, which is durable when this returns `Ok`; on `Err` nothing of it happened.
    ///
    /// A failed sync is the end of the connection: the kernel has dropped the pages, and another try would lie. The next
    /// write opens a new one, and has what was committed before copied out of the write-ahead log, and synced, before it
    /// writes anything behind it.
    pub fn write_blocking<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.transact_with(&mut self.writer(), work)
    }

    fn writer(&self) -> MutexGuard<'_, Option<Connection>> {
        self.inner
            .writer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn transact_with<T, E: From<StoreError>>(
        &self,
        writer: &mut Option<Connection>,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut connection = match writer.take() {
            Some(connection) => connection,
            None => self.reconnect()?,
        };
        DISK_FAILED.set(false);
        let outcome = transact(&mut connection, work);
        if outcome.is_err() && DISK_FAILED.get() {
            tracing::error!("the disk failed under the database; its connection is closed");
        } else {
            *writer = Some(connection);
        }
        outcome
    }

    /// As [`Db::write_blocking`], for work that may share its commit with others': what waits for the writer is done by
    /// whoever gets it next.
    pub fn write_in_company<T, E>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (job, result) = Job::new(work);
        self.inner.queue.push(job);
        loop {
            let mut writer = self.writer();
            // Somebody may have done it while this thread waited for its turn.
            if let Some(result) = company::ready(&result)? {
                return result;
            }
            let jobs = self.inner.queue.take();
            let mut batch = Batch::default();
            let outcome = self.transact_with(&mut writer, |tx| batch.run(tx, jobs));
            if let Err(error) = &outcome {
                tracing::error!(
                    error = error as &dyn std::error::Error,
                    "what was to be committed together was not"
                );
            }
            batch.answer(outcome.is_ok());
        }
    }

    fn reconnect(&self) -> Result<Connection, StoreError> {
        let connection = connect(&self.inner.path, false)?;
        if empty_log(&connection)? {
            Ok(connection)
        } else {
            Err(StoreError::Busy)
        }
    }

    /// Runs `work` on a reading connection, in one snapshot.
    pub fn read_blocking<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let idle = self
            .inner
            .readers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => connect(&self.inner.path, false)?,
        };
        let result = (|| {
            let snapshot = connection.transaction().map_err(StoreError::from)?;
            work(&snapshot)
        })();
        let mut readers = self
            .inner
            .readers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if readers.len() < READERS {
            readers.push(connection);
        }
        result
    }

    /// [`Db::write_in_company`] off the async threads.
    pub async fn write<T, E>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let db = self.clone();
        tokio::task::spawn_blocking(move || db.write_in_company(work))
            .await
            .unwrap_or_else(|_| Err(StoreError::Stopping.into()))
    }

    /// [`Db::read_blocking`] off the async threads.
    pub async fn read<T, E>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let db = self.clone();
        tokio::task::spawn_blocking(move || db.read_blocking(work))
            .await
            .unwrap_or_else(|_| Err(StoreError::Stopping.into()))
    }

    /// A consistent copy of the whole database, made while it is in use.
    pub fn copy_to(&self, path: &Path) -> Result<(), StoreError> {
        let path = path
            .to_str()
            .ok_or(StoreError::Malformed("path of the copy"))?;
        self.read_connection(|connection| connection.execute("VACUUM INTO ?1", [path]).map(|_| ()))
    }

    /// SQLite's own check of its file. Empty when it is sound.
    pub fn integrity(&self) -> Result<Vec<String>, StoreError> {
        self.read_blocking(|connection| {
            let mut statement = connection.prepare("PRAGMA integrity_check")?;
            let lines = statement
                .query_map([], |row| row.get::<_, String>(0))?
                .collect::<Result<Vec<_>, _>>()?;
            Ok::<_, StoreError>(lines.into_iter().filter(|line| line != "ok").collect())
        })
    }

    fn read_connection<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let connection = connect(&self.inner.path, false)?;
        Ok(work(&connection)?)
    }
}

fn connect(path: &Path, create: bool) -> Result<Connection, StoreError> {
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    if create {
        flags |= OpenFlags::SQLITE_OPEN_CREATE;
    }
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_secs(20))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

fn transact<T, E: From<StoreError>>(
    connection: &mut Connection,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(StoreError::from)?;
    let value = work(&transaction)?;
    transaction.commit().map_err(StoreError::from)?;
    Ok(value)
}

/// Copies what is in the write-ahead log into the database, synced, and empties it. Whoever opens a log believes all its
/// whole transactions, also those whose sync failed: they may be in the page cache alone, and what is written behind them
/// would be lost with them. Not when others are in the way.
fn empty_log(connection: &Connection) -> Result<bool, StoreError> {
    let busy: i64 =
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    Ok(busy == 0)
}

/// A blob column that must have 32 bytes.
pub(crate) fn digest_at(row: &rusqlite::Row<'_>, column: &str) -> rusqlite::Result<[u8; 32]> {
    row.get::<_, [u8; 32]>(column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_whose_sync_failed_writes_no_more() {
        /// SQLITE_IOERR_FSYNC.
        const SYNC_FAILED: i32 = 1034;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server.db");
        let db = Db::open(&path, true).unwrap();
        let execute = |sql: &'static str| {
            db.write_blocking(|tx| tx.execute(sql, []).map_err(StoreError::from))
        };
        let add = |key: &str, bytes: usize| {
            let note = vec![7; bytes];
            db.write_blocking(|tx| log::add_pending(tx, key, &note))
        };
        let log_bytes = || {
            std::fs::metadata(path.with_extension("db-wal"))
                .unwrap()
                .len()
        };
        // A temporary table is of one connection alone.
        execute("CREATE TEMP TABLE this_connection (x)").unwrap();
        add("before", 1 << 20).unwrap();
        execute("INSERT INTO person (nothing) VALUES (1)").unwrap_err();
        execute("DELETE FROM this_connection").expect("another error is no reason");
        assert!(log_bytes() > 1 << 20);
        let failed: Result<(), StoreError> = db.write_blocking(|tx| {
            log::add_pending(tx, "lost", b"lost")?;
            let error = rusqlite::ffi::Error::new(SYNC_FAILED);
            Err(rusqlite::Error::SqliteFailure(error, None).into())
        });
        assert!(failed.unwrap_err().is_storage());
        execute("DELETE FROM this_connection").expect_err("the connection is still in use");
        add("after", 1).unwrap();
        assert!(
            log_bytes() < 1 << 20,
            "written behind what nobody can vouch for"
        );
        let count = "SELECT count(*) FROM log_pending";
        let count = db.read_blocking(|c| {
            Ok::<_, StoreError>(c.query_row(count, [], |row| row.get::<_, u32>(0))?)
        });
        assert_eq!(count.unwrap(), 2);
    }

    #[test]
    fn a_failed_write_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(&folder.path().join("server.db"), true).unwrap();
        let failed: Result<(), StoreError> = db.write_blocking(|tx| {
            tx.execute(
                "INSERT INTO person (id, name, badge, added_at) VALUES ('a', 'n', 'b', 1)",
                [],
            )?;
            Err(StoreError::Malformed("on purpose"))
        });
        assert!(failed.is_err());
        let count: u32 = db
            .read_blocking(|c| {
                Ok::<_, StoreError>(c.query_row("SELECT count(*) FROM person", [], |r| r.get(0))?)
            })
            .unwrap();
        assert_eq!(count, 0);
    }

    #[test]
    fn append_only_tables_refuse_changes() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(&folder.path().join("server.db"), true).unwrap();
        for (table, insert) in [
            (
                "log_leaf",
                "INSERT INTO log_leaf VALUES (0, 'k', x'00', x'00', 1)",
            ),
            ("custody", "INSERT INTO custody VALUES (x'00', 1, x'00')"),
        ] {
            db.write_blocking(|tx| tx.execute(insert, []).map_err(StoreError::from))
                .unwrap();
            let removed: Result<usize, StoreError> = db.write_blocking(|tx| {
                tx.execute(&format!("DELETE FROM {table}"), [])
                    .map_err(StoreError::from)
            });
            assert!(removed.is_err(), "{table}");
        }
    }
}
