//! So many at a time.

use std::sync::{Condvar, Mutex, PoisonError};

/// Places that are taken and given back.
#[derive(Debug)]
pub struct Turns {
    free: Mutex<usize>,
    given_back: Condvar,
}

/// A place; given back when dropped.
pub struct Turn<'a>(&'a Turns);

impl Turns {
    pub fn new(places: usize) -> Self {
        Self {
            free: Mutex::new(places.max(1)),
            given_back: Condvar::new(),
        }
    }

    /// Waits for a place.
    pub fn take(&self) -> Turn<'_> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = self
            .given_back
            .wait_while(free, |free| *free == 0)
            .unwrap_or_else(PoisonError::into_inner);
        *free -= 1;
        Turn(self)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.given_back.notify_one();
    }
}
