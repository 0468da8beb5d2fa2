//! Locks of files, as seen from a program with several jobs: while one job starts a child, that child holds a copy of every
//! open file for the moment between `fork` and `exec`, so that a lock which another job has just let go may still be held.

use std::time::{Duration, Instant};

/// Far longer than that moment.
const MOMENT: Duration = Duration::from_secs(2);

/// Tries again for a moment while `busy` says that somebody has the lock.
pub fn patiently<T, E>(
    mut open: impl FnMut() -> Result<T, E>,
    busy: impl Fn(&E) -> bool,
) -> Result<T, E> {
    let until = Instant::now() + MOMENT;
    loop {
        match open() {
            Err(error) if busy(&error) && Instant::now() < until => {
                std::thread::sleep(Duration::from_millis(1));
            }
            outcome => return outcome,
        }
    }
}
