//! Registers and the offline map, from the administrator's files.

use std::io::Read as _;
use std::path::Path;

use fieldseal_wire::registers::Register;

use super::Admin;
use crate::registers::{self, ImportError, Imported, MOST_BYTES, MapError, PlacedMap};

impl Admin {
    /// Takes a register's CSV file in, as a whole or not at all. `replace`: what it does not name goes.
    pub fn import_register(
        &self,
        register: Register,
        file: &Path,
        replace: bool,
    ) -> Result<Imported, ImportError> {
        let mut bytes = Vec::new();
        std::fs::File::open(file)
            .and_then(|file| file.take(MOST_BYTES as u64 + 1).read_to_end(&mut bytes))
            .map_err(|_| ImportError::File("the file can't be read"))?;
        let now = self.config.ambient.now();
        registers::import(&self.db, register, &bytes, replace, now)
    }

    /// Puts an offline map in place: a PMTiles file. `gcj02`: its pictures are shifted as GCJ-02 is.
    pub fn place_map(
        &self,
        file: &Path,
        gcj02: bool,
        attribution: Option<String>,
    ) -> Result<PlacedMap, MapError> {
        let now = self.config.ambient.now();
        registers::place(&self.db, &self.layout, file, (gcj02, attribution), now)
    }
}
