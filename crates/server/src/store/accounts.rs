//! Console accounts and their sessions.

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::StoreError;
use crate::ambient::Millis;

/// One account.
#[derive(Clone)]
pub struct Account {
    /// What is typed at sign-in.
    pub account: String,
    /// Name as shown.
    pub name: String,
    /// One of the roles.
    pub role: String,
    /// Argon2id, PHC string.
    pub password: String,
    /// Wrong passwords in a row.
    pub failures: u32,
    /// No attempt is looked at before this.
    pub blocked_until: Millis,
}

/// A session that is open.
#[derive(Clone)]
pub struct SessionRow {
    /// Account name.
    pub account: String,
    /// Name as shown.
    pub name: String,
    /// Role.
    pub role: String,
    /// Must come back in the header of every changing request.
    pub csrf: String,
    /// When it ends.
    pub expires_at: Millis,
}

/// Adds an account, or gives an existing one a new password, name and role (which ends its sessions).
pub fn put(tx: &Transaction<'_>, account: &Account, now: Millis) -> Result<(), StoreError> {
    tx.execute("DELETE FROM session WHERE account = ?1", [&account.account])?;
    tx.execute(
        "INSERT INTO account (account, name, role, password, added_at) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (account) DO UPDATE SET name = excluded.name, role = excluded.role, password = excluded.password,
           failures = 0, blocked_until = 0, disabled_at = NULL",
        params![account.account, account.name, account.role, account.password, now],
    )?;
    Ok(())
}

/// Closes an account and its sessions. False when there is none open of that name.
pub fn disable(tx: &Transaction<'_>, account: &str, now: Millis) -> Result<bool, StoreError> {
    tx.execute("DELETE FROM session WHERE account = ?1", [account])?;
    let closed = tx.execute(
        "UPDATE account SET disabled_at = ?2 WHERE account = ?1 AND disabled_at IS NULL",
        params![account, now],
    )?;
    Ok(closed > 0)
}

/// An account that may sign in.
pub fn find(connection: &Connection, account: &str) -> Result<Option<Account>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT account, name, role, password, failures, blocked_until FROM account WHERE account = ?1 AND disabled_at IS NULL")?
        .query_row([account], |row| {
            Ok(Account {
                account: row.get(0)?,
                name: row.get(1)?,
                role: row.get(2)?,
                password: row.get(3)?,
                failures: row.get(4)?,
                blocked_until: row.get(5)?,
            })
        })
        .optional()?)
}

/// Remembers a wrong password, or (with zeros) a right one.
pub fn set_failures(
    tx: &Transaction<'_>,
    account: &str,
    failures: u32,
    blocked_until: Millis,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE account SET failures = ?2, blocked_until = ?3 WHERE account = ?1",
        params![account, failures, blocked_until],
    )?;
    Ok(())
}

/// Opens a session.
pub fn open_session(
    tx: &Transaction<'_>,
    token_sha256: &[u8; 32],
    account: &str,
    csrf: &str,
    now: Millis,
    expires_at: Millis,
) -> Result<(), StoreError> {
    tx.execute("DELETE FROM session WHERE expires_at < ?1", [now])?;
    tx.execute(
        "INSERT INTO session (token_sha256, account, csrf, opened_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![token_sha256, account, csrf, now, expires_at],
    )?;
    Ok(())
}

/// The session of a token.
pub fn session(
    connection: &Connection,
    token_sha256: &[u8; 32],
    now: Millis,
) -> Result<Option<SessionRow>, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT a.account, a.name, a.role, s.csrf, s.expires_at FROM session s JOIN account a USING (account)
             WHERE s.token_sha256 = ?1 AND s.expires_at > ?2 AND a.disabled_at IS NULL",
        )?
        .query_row(params![token_sha256, now], |row| {
            Ok(SessionRow { account: row.get(0)?, name: row.get(1)?, role: row.get(2)?, csrf: row.get(3)?, expires_at: row.get(4)? })
        })
        .optional()?)
}

/// Moves a session's end.
pub fn prolong(
    tx: &Transaction<'_>,
    token_sha256: &[u8; 32],
    expires_at: Millis,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE session SET expires_at = ?2 WHERE token_sha256 = ?1",
        params![token_sha256, expires_at],
    )?;
    Ok(())
}

/// Ends a session.
pub fn close_session(tx: &Transaction<'_>, token_sha256: &[u8; 32]) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM session WHERE token_sha256 = ?1",
        [token_sha256],
    )?;
    Ok(())
}

/// Account names and the names shown for them.
pub fn names(connection: &Connection) -> Result<Vec<(String, String)>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT account, name FROM account")?;
    Ok(statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?)
}
