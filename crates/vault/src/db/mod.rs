//! The two encrypted databases: opening, keys, migrations. SQLCipher with a raw key, WAL, `synchronous=FULL`: a commit
//! that returned survives power loss. Nothing plain reaches the disk (temporary tables stay in memory).
//!
//! Writing functions take a `&Transaction`, reading ones a `&Connection`. There is one connection a database, so one
//! writer, and a reader sees whole transactions.

mod migrate;

pub(crate) use migrate::Schema;

use crate::keys::Secret;
use crate::teeth::planted;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction, TransactionBehavior};
use std::cell::Cell;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use zeroize::Zeroizing;

/// Oldest SQLite that may hold evidence: earlier ones can corrupt a database when the WAL is reset (fixed in 3.51.3).
const LEAST_SQLITE: i32 = 3_051_003;

/// Milliseconds to wait for a cipher that another thread is setting up.
const CIPHER_WAITS: u32 = 5_000;

/// Why the store refused or failed. No SQL, no paths, no values.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The vault is locked; unlock it first.
    #[error("the vault is locked")]
    Locked,
    /// The database is damaged: it is checked, and set aside if need be, at the next unlock.
    #[error("the database is damaged")]
    Corrupt,
    /// No space left.
    #[error("no space left on the device")]
    Full,
    /// There is no such draft, capture or packet.
    #[error("not found")]
    NotFound,
    /// Not at this stage: only open drafts change, only closed ones are signed and sealed.
    #[error("the draft is not at the stage for this")]
    WrongStage,
    /// One draft at a time may wait for signatures; this one does.
    #[error("another draft is being closed")]
    AnotherClosing(fieldseal_packet::PacketId),
    /// The place in the device's sequence was taken in the meantime.
    #[error("the sequence number is not the next one")]
    WrongPlace,
    /// A custody line does not follow the last one.
    #[error("the custody line does not follow the last one")]
    Custody,
    /// A value that the vault does not store: too long, or not of its form.
    #[error("a value is out of range: {0}")]
    Value(&'static str),
    /// A row does not have the form that this version writes.
    #[error("a stored value is not readable: {0}")]
    Unreadable(&'static str),
    /// The database is of a later version of the program.
    #[error("the database is of a later version of the program")]
    LaterVersion,
    /// The SQLite library is too old to hold evidence, or can't encrypt.
    #[error("the SQLite library is too old or does not encrypt")]
    OldLibrary,
    /// The disk failed under this handle before: nothing more is written until the vault was unlocked again.
    #[error("the disk failed earlier; the vault must be unlocked again")]
    Spent,
    /// Anything else that SQLite says.
    #[error("the database failed")]
    Sqlite(#[source] rusqlite::Error),
}

thread_local! {
    /// SQLite reported damage, or a failing disk, to a caller of this thread: see [`damage_was_seen`].
    static DAMAGE: Cell<bool> = const { Cell::new(false) };
}

/// Whether SQLite reported damage or a failing disk on this thread since the last question. Callers turn the error into their own types;
/// this way none can forget to have the database checked.
pub(crate) fn damage_was_seen() -> bool {
    DAMAGE.replace(false)
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        match error.sqlite_error_code() {
            Some(Code::DatabaseCorrupt | Code::NotADatabase) => {
                DAMAGE.set(true);
                Self::Corrupt
            }
            // What the disk holds is not known any more, and the handle may not be used as if it were.
            Some(Code::SystemIoFailure) => {
                DAMAGE.set(true);
                Self::Sqlite(error)
            }
            Some(Code::DiskFull) => Self::Full,
            _ if matches!(error, rusqlite::Error::QueryReturnedNoRows) => Self::NotFound,
            _ => Self::Sqlite(error),
        }
    }
}

/// Waits until SQLCipher is ready, once a process. SQLite calls itself initialised before it has run SQLCipher's part of
/// that, so when the first databases of a process are opened by two threads, one of them may find no cipher yet.
fn wait_for_cipher() -> Result<(), StoreError> {
    static READY: Mutex<bool> = Mutex::new(false);
    let mut ready = READY.lock().unwrap_or_else(PoisonError::into_inner);
    for _ in 0..CIPHER_WAITS {
        if *ready {
            return Ok(());
        }
        let probe = Connection::open_in_memory()?;
        probe.execute_batch("PRAGMA cipher_log_level = NONE")?;
        *ready = probe.execute_batch("PRAGMA key = 'probe'").is_ok();
        if !*ready {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    if *ready {
        Ok(())
    } else {
        Err(StoreError::OldLibrary)
    }
}

/// Copies what an earlier run left in the WAL into the database, synced, and empties the WAL. Whoever opens a WAL believes
/// all its whole transactions, also those whose sync failed: they may be in the page cache alone, and a commit written
/// behind them would be lost with them.
fn take_over(connection: &Connection) -> Result<(), StoreError> {
    let copied = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    match copied.map_err(StoreError::from) {
        // There is room for looking, if not for this.
        Err(StoreError::Full) => Ok(()),
        outcome => outcome,
    }
}

/// A database that is open.
pub(crate) struct Database {
    connection: Connection,
    /// A write failed on the disk: a failed sync is fatal for the handle, and never retried.
    spent: bool,
}

impl Database {
    /// Opens or makes the database at `path`. [`StoreError::Corrupt`] means: set it aside.
    pub(crate) fn open(path: &Path, key: &Secret, schema: &Schema) -> Result<Self, StoreError> {
        if rusqlite::version_number() < LEAST_SQLITE {
            return Err(StoreError::OldLibrary);
        }
        wait_for_cipher()?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(path, flags)?;
        // It would write to standard error of its own accord; the errors come back to us anyway.
        connection.execute_batch("PRAGMA cipher_log_level = NONE")?;
        let digits = Zeroizing::new(hex::encode(key.as_ref()));
        let statement = Zeroizing::new(format!("PRAGMA key = \"x'{}'\"", digits.as_str()));
        connection.execute_batch(&statement)?;
        connection.execute_batch(
            "PRAGMA temp_store = MEMORY; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;",
        )?;
        // A library without SQLCipher would ignore the key and write plain pages.
        let cipher: Option<String> = connection
            .query_row("PRAGMA cipher_version", [], |row| row.get(0))
            .optional()?;
        if cipher.is_none_or(|version| version.is_empty()) {
            return Err(StoreError::OldLibrary);
        }
        // The first read: a wrong key or a damaged first page shows here.
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        let mode: String =
            connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
        if mode != "wal" {
            return Err(StoreError::Unreadable("journal mode"));
        }
        connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA fullfsync = ON;")?;
        if planted("wal-normal") {
            connection.execute_batch("PRAGMA synchronous = NORMAL")?;
        }
        connection.set_prepared_statement_cache_capacity(64);
        schema.bring_up(&mut connection)?;
        take_over(&connection)?;
        Ok(Self {
            connection,
            spent: false,
        })
    }

    /// Whether the disk failed under it.
    pub(crate) fn is_spent(&self) -> bool {
        self.spent
    }

    /// Reads every page: for a database that is under suspicion.
    pub(crate) fn check_all(&self) -> Result<(), StoreError> {
        let verdict: String =
            self.connection
                .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
        if verdict == "ok" {
            Ok(())
        } else {
            Err(StoreError::Corrupt)
        }
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Runs `work` in one transaction: all of it is durable when this returns `Ok`, none of it otherwise.
    pub(crate) fn write<T, E: From<StoreError>>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        if self.spent {
            return Err(StoreError::Spent.into());
        }
        let outcome = self.transact(work);
        self.spent = outcome.is_err() && DAMAGE.get();
        outcome
    }

    fn transact<T, E: From<StoreError>>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(StoreError::from)?;
        let value = work(&transaction)?;
        transaction.commit().map_err(StoreError::from)?;
        Ok(value)
    }
}
