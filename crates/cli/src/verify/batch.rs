//! Work on all cores whose results are taken in the order of the work.
//!
//! Memory stays flat: workers stop a fixed distance ahead of what has been taken, so that one slow item at the front
//! does not pile up the results of a hundred thousand behind it.

use std::collections::BTreeMap;
use std::io;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// Results that may wait to be taken.
const AHEAD: usize = 256;

struct Progress<T> {
    /// Next item to be begun.
    next: usize,
    /// Items taken.
    taken: usize,
    done: BTreeMap<usize, thread::Result<T>>,
    stopped: bool,
}

struct Board<T> {
    progress: Mutex<Progress<T>>,
    changed: Condvar,
}

impl<T> Board<T> {
    fn lock(&self) -> MutexGuard<'_, Progress<T>> {
        // Nothing under this lock can panic half-way.
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, guard: MutexGuard<'a, Progress<T>>) -> MutexGuard<'a, Progress<T>> {
        self.changed
            .wait(guard)
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The next item to work on, once there is room for its result.
    fn begin(&self, count: usize) -> Option<usize> {
        let mut progress = self.lock();
        while !progress.stopped && progress.next < count && progress.next >= progress.taken + AHEAD
        {
            progress = self.wait(progress);
        }
        if progress.stopped || progress.next >= count {
            return None;
        }
        progress.next += 1;
        Some(progress.next - 1)
    }

    fn finish(&self, index: usize, result: thread::Result<T>) {
        self.lock().done.insert(index, result);
        self.changed.notify_all();
    }

    fn take(&self, index: usize) -> thread::Result<T> {
        let mut progress = self.lock();
        loop {
            if let Some(result) = progress.done.remove(&index) {
                progress.taken = index + 1;
                self.changed.notify_all();
                return result;
            }
            progress = self.wait(progress);
        }
    }

    fn stop(&self) {
        self.lock().stopped = true;
        self.changed.notify_all();
    }
}

/// Does `work` for 0 to `count` on all cores and hands each result to `sink` in order, on this thread. The first error of
/// `sink` ends it.
pub fn in_order<T: Send>(
    count: usize,
    work: impl Fn(usize) -> T + Sync,
    mut sink: impl FnMut(usize, T) -> io::Result<()>,
) -> io::Result<()> {
    let threads = thread::available_parallelism()
        .map_or(1, NonZero::get)
        .min(count);
    let board = Board {
        progress: Mutex::new(Progress {
            next: 0,
            taken: 0,
            done: BTreeMap::new(),
            stopped: false,
        }),
        changed: Condvar::new(),
    };
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(index) = board.begin(count) {
                    board.finish(index, catch_unwind(AssertUnwindSafe(|| work(index))));
                }
            });
        }
        for index in 0..count {
            // Workers are told to stop before anything leaves this scope, which waits for them.
            let outcome = match board.take(index) {
                Ok(result) => sink(index, result),
                Err(panic) => {
                    board.stop();
                    resume_unwind(panic)
                }
            };
            if outcome.is_err() {
                board.stop();
                return outcome;
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn results_come_in_order_and_each_once() {
        for count in [0, 1, 2, 1000] {
            let mut seen = Vec::new();
            let sink = |index, result| {
                seen.push((index, result));
                Ok(())
            };
            in_order(count, |index| index * 2, sink).unwrap();
            assert_eq!(
                seen,
                (0..count)
                    .map(|index| (index, index * 2))
                    .collect::<Vec<_>>()
            );
        }
    }

    #[test]
    fn workers_wait_for_a_slow_front() {
        let begun = AtomicUsize::new(0);
        let work = |index| {
            begun.fetch_add(1, Ordering::SeqCst);
            if index == 0 {
                // Others run ahead meanwhile, as far as they may and no farther.
                thread::sleep(std::time::Duration::from_millis(50));
                assert!(begun.load(Ordering::SeqCst) <= AHEAD);
            }
        };
        in_order(2000, work, |_, ()| Ok(())).unwrap();
        assert_eq!(begun.load(Ordering::SeqCst), 2000);
    }

    #[test]
    fn a_closed_sink_ends_it() {
        let begun = AtomicUsize::new(0);
        let work = |_| begun.fetch_add(1, Ordering::SeqCst);
        let closed = in_order(100_000, work, |_, _| Err(io::ErrorKind::BrokenPipe.into()));
        assert_eq!(closed.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        assert!(begun.load(Ordering::SeqCst) < 100_000);
    }

    #[test]
    #[should_panic = "of the work"]
    fn a_panic_of_the_work_is_not_lost_and_hangs_nothing() {
        let _ = in_order(
            1000,
            |index| assert!(index != 500, "of the work"),
            |_, ()| Ok(()),
        );
    }
}
