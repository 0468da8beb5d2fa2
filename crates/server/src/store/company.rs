//! Many writes under one commit: what waits for the writer is done together, and one sync makes all of it durable.
//!
//! Each piece of work has a savepoint of its own, so that what one takes back touches no other; none is answered before the commit
//! that holds it has returned. With one client nothing changes; with many, the disk's syncs no longer set the rate.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::sync::{Mutex, PoisonError};

use rusqlite::Transaction;

use super::StoreError;

/// Pieces of work under one commit.
const MOST: usize = 128;

/// Tells whoever waits, once it is known whether the commit held.
type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// Work that waits for the writer.
pub(super) struct Job(Box<dyn FnOnce(&Transaction<'_>) -> Done + Send>);

/// Work that has been done, and not yet committed.
struct Done {
    keep: bool,
    answer: Answer,
}

impl Job {
    /// A job, and where its result will be. Nothing comes when it is dropped undone.
    pub(super) fn new<T, E>(
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static,
    ) -> (Self, Receiver<Result<T, E>>)
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (send, receive) = sync_channel(1);
        let job = move |tx: &Transaction<'_>| {
            let result = work(tx);
            Done {
                keep: result.is_ok(),
                answer: Box::new(move |committed| {
                    let result = match (result, committed) {
                        (Ok(_), Err(error)) => Err(error.into()),
                        (result, _) => result,
                    };
                    // Whoever asked may have gone.
                    let _ = send.send(result);
                }),
            }
        };
        (Self(Box::new(job)), receive)
    }
}

/// The jobs that wait, in their order.
#[derive(Default)]
pub(super) struct Queue(Mutex<Vec<Job>>);

impl Queue {
    pub(super) fn push(&self, job: Job) {
        self.lock().push(job);
    }

    pub(super) fn take(&self) -> Vec<Job> {
        let mut queue = self.lock();
        let most = queue.len().min(MOST);
        queue.drain(..most).collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Job>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The result, if it is there; an error when nobody will ever give it: the work was not begun, or did not come to its end.
pub(super) fn ready<T>(receive: &Receiver<T>) -> Result<Option<T>, StoreError> {
    match receive.try_recv() {
        Ok(result) => Ok(Some(result)),
        Err(TryRecvError::Empty) => Ok(None),
        Err(TryRecvError::Disconnected) => Err(StoreError::Undone),
    }
}

/// What has been done of a batch.
#[derive(Default)]
pub(super) struct Batch {
    waiting: Vec<Answer>,
}

impl Batch {
    /// Does the jobs in this transaction. An error: the transaction is gone or must not be committed, and nothing of it happened.
    pub(super) fn run(&mut self, tx: &Transaction<'_>, jobs: Vec<Job>) -> Result<(), StoreError> {
        for job in jobs {
            tx.execute_batch("SAVEPOINT job")?;
            // A bug in one must not take the others' answers with it; its own is dropped, which tells whoever asked.
            let done = catch_unwind(AssertUnwindSafe(|| (job.0)(tx))).ok();
            let keep = done.as_ref().is_some_and(|done| done.keep);
            if tx.is_autocommit() || super::DISK_FAILED.get() {
                // SQLite has taken everything back by itself, or the connection is no longer to be trusted.
                self.tell(done);
                return Err(StoreError::Undone);
            }
            tx.execute_batch(if keep {
                "RELEASE job"
            } else {
                "ROLLBACK TO job; RELEASE job"
            })?;
            match done {
                Some(done) if keep => self.waiting.push(done.answer),
                done => self.tell(done),
            }
        }
        Ok(())
    }

    /// The answer of one that is not kept: it need not wait.
    fn tell(&self, done: Option<Done>) {
        if let Some(done) = done {
            (done.answer)(if done.keep {
                Err(StoreError::Undone)
            } else {
                Ok(())
            });
        }
    }

    /// Tells all who wait whether the commit held.
    pub(super) fn answer(self, committed: bool) {
        for answer in self.waiting {
            answer(if committed {
                Ok(())
            } else {
                Err(StoreError::Undone)
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::thread;

    use super::super::{Db, StoreError, log};

    const MANY: usize = 60;

    fn leaves(db: &Db) -> u32 {
        let count = "SELECT count(*) FROM log_pending";
        let count =
            db.read_blocking(|c| Ok::<_, StoreError>(c.query_row(count, [], |row| row.get(0))?));
        count.unwrap()
    }

    fn add(db: &Db, note: u8) -> Result<(), StoreError> {
        db.write_in_company(move |tx| log::add_pending(tx, "test", &[note]))
    }

    /// Holds the writer until `others` threads have asked for it, and gives what they were answered.
    fn together<T: Send>(db: &Db, others: usize, ask: impl Fn(usize) -> T + Sync) -> Vec<T> {
        let begun = Barrier::new(others + 1);
        thread::scope(|scope| {
            let writer = db.writer();
            let asking: Vec<_> = (0..others)
                .map(|n| {
                    let (begun, ask) = (&begun, &ask);
                    scope.spawn(move || {
                        begun.wait();
                        ask(n)
                    })
                })
                .collect();
            begun.wait();
            while db.inner.queue.lock().len() < others {
                thread::yield_now();
            }
            drop(writer);
            asking
                .into_iter()
                .map(|asked| asked.join().unwrap())
                .collect()
        })
    }

    #[test]
    fn what_waits_is_committed_together() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server.db");
        let db = Db::open(&path, true).unwrap();
        let written = || {
            path.with_extension("db-wal")
                .metadata()
                .map_or(0, |file| file.len())
        };
        let before = written();
        for n in 0..MANY {
            add(&db, n as u8).unwrap();
        }
        let alone = written() - before;
        let before = written();
        let answers = together(&db, MANY, |n| add(&db, n as u8));
        assert!(answers.iter().all(Result::is_ok));
        assert_eq!(leaves(&db), 2 * MANY as u32);
        // A commit writes its pages to the log again, and so many of them are nearly one.
        assert!((written() - before) * 10 < alone, "not under one commit");
    }

    #[test]
    fn one_that_fails_or_panics_takes_back_its_own_alone() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(&folder.path().join("server.db"), true).unwrap();
        let answers = together(&db, MANY, |n| {
            db.write_in_company(move |tx| {
                log::add_pending(tx, "test", &[n as u8])?;
                match n % 3 {
                    0 => Err(StoreError::Malformed("on purpose")),
                    1 => panic!("on purpose"),
                    _ => Ok(n),
                }
            })
        });
        for (n, answer) in answers.into_iter().enumerate() {
            match n % 3 {
                0 => assert!(matches!(answer, Err(StoreError::Malformed(_)))),
                1 => assert!(matches!(answer, Err(StoreError::Undone))),
                _ => assert_eq!(answer.unwrap(), n),
            }
        }
        assert_eq!(leaves(&db), MANY as u32 / 3);
    }

    #[test]
    fn a_commit_that_fails_is_nobodys() {
        /// SQLITE_IOERR_FSYNC.
        const SYNC_FAILED: i32 = 1034;
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(&folder.path().join("server.db"), true).unwrap();
        let answers = together(&db, 10, |n| {
            db.write_in_company(move |tx| {
                log::add_pending(tx, "test", &[n as u8])?;
                match n {
                    4 => Err(StoreError::from(rusqlite::Error::SqliteFailure(
                        rusqlite::ffi::Error::new(SYNC_FAILED),
                        None,
                    ))),
                    _ => Ok(()),
                }
            })
        });
        let failed = answers.iter().filter(|answer| answer.is_err()).count();
        assert!(
            answers
                .iter()
                .filter_map(|answer| answer.as_ref().err())
                .all(StoreError::is_storage)
        );
        // Those behind it may have found a new connection, in a batch of their own or not at all.
        assert_eq!(leaves(&db) as usize, 10 - failed);
        add(&db, 1).unwrap();
    }
}
