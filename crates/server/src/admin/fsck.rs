//! Looking at everything: the database's own check, the log's tree from the leaves up, published files against it, and every blob's digest.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use fieldseal_packet::Sha256Digest;
use fieldseal_packet::custody::{self as chain, Head};
use fieldseal_packet::zipread::{ReadAt as _, Stretch};
use fieldseal_tlog::checkpoint;
use fieldseal_tlog::merkle::{HashReader as _, leaf_hash, node_hash, root_at};

use super::{Admin, AdminError};
use crate::log::startup;
use crate::store::log::{self, Hashes};
use crate::store::{StoreError, custody, packets, quarantine};

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Leaves looked at.
    pub leaves: u64,
    /// Packets looked at.
    pub packets: u64,
    /// Bytes hashed.
    pub bytes: u64,
    /// What is wrong, one sentence each. Empty: all is sound.
    pub problems: Vec<String>,
}

impl Admin {
    /// Looks at everything. Changes nothing.
    pub fn fsck(&self) -> Result<Report, AdminError> {
        let mut report = Report::default();
        report.problems.extend(
            self.db
                .integrity()?
                .into_iter()
                .map(|line| format!("database: {line}")),
        );
        self.fsck_log(&mut report)?;
        self.fsck_blobs(&mut report)?;
        self.fsck_packets(&mut report)?;
        Ok(report)
    }

    fn fsck_log(&self, report: &mut Report) -> Result<(), AdminError> {
        let published = self.layout.log().join("checkpoint");
        if let Err(refused) = startup::check(
            &self.db,
            &self.keys.log_vkeys(),
            &[&self.config.checkpoint_copy, &published],
        ) {
            report.problems.push(format!("log: {refused}"));
        }
        self.db.read_blocking(|c| {
            let head = log::head(c)?;
            report.leaves = head.size;
            for index in 0..head.size {
                let Some(leaf) = log::leaf(c, index)? else {
                    report
                        .problems
                        .push(format!("log: leaf {index} is missing"));
                    continue;
                };
                if Hashes(c).hash(0, index).ok() != Some(leaf_hash(&leaf)) {
                    report
                        .problems
                        .push(format!("log: leaf {index} is not the one that was logged"));
                }
            }
            // Inner nodes, from the ones below them.
            for level in 1..64 {
                for index in 0..head.size >> level {
                    let node = |level, index| Hashes(c).hash(level, index).ok();
                    let made = node(level - 1, index * 2)
                        .zip(node(level - 1, index * 2 + 1))
                        .map(|(left, right)| node_hash(&left, &right));
                    if made.is_none() || made != node(level, index) {
                        report
                            .problems
                            .push(format!("log: node {index} of level {level} is wrong"));
                    }
                }
            }
            if head.size > 0 {
                let signed = checkpoint::open_by(&head.checkpoint, &self.keys.log_vkeys())
                    .ok()
                    .map(|head| head.root);
                if signed.is_none() || signed != root_at(head.size, &Hashes(c)).ok() {
                    report
                        .problems
                        .push("log: the signed head does not fit the leaves".to_owned());
                }
            }
            Ok::<_, StoreError>(())
        })?;
        Ok(())
    }

    fn fsck_blobs(&self, report: &mut Report) -> Result<(), AdminError> {
        let zips = self.db.read_blocking(packets::zips)?;
        for (digest, size) in zips {
            let digest = Sha256Digest(digest);
            self.blob(&self.blobs.path(&digest), &digest, Some(size), report);
        }
        for digest in self.db.read_blocking(quarantine::digests)? {
            let digest = Sha256Digest(digest);
            let aside = self.layout.quarantine().join(digest.to_string());
            let path = if aside.is_file() {
                aside
            } else {
                self.blobs.path(&digest)
            };
            self.blob(&path, &digest, None, report);
        }
        Ok(())
    }

    fn blob(&self, path: &Path, digest: &Sha256Digest, size: Option<u64>, report: &mut Report) {
        let hashed = File::open(path).and_then(|file| {
            let length = file.size()?;
            let mut stretch = Stretch::new(&file, 0, length);
            Sha256Digest::of_reader(&mut stretch.by_ref())
        });
        match hashed {
            Err(error) => report
                .problems
                .push(format!("blob {digest}: can't be read ({})", error.kind())),
            Ok((found, length)) => {
                report.bytes += length;
                if found != *digest || size.is_some_and(|size| size != length) {
                    report
                        .problems
                        .push(format!("blob {digest}: its bytes are other ones"));
                }
            }
        }
    }

    fn fsck_packets(&self, report: &mut Report) -> Result<(), AdminError> {
        let rows = self.db.read_blocking(packets::all)?;
        report.packets = rows.len() as u64;
        for row in rows {
            let seal = Sha256Digest(row.seal_sha256);
            self.db.read_blocking(|c| {
                if row.leaf_index.is_some() && log::leaf_index(c, &seal.0)? != row.leaf_index {
                    report.problems.push(format!(
                        "packet {}: its leaf is not where the receipt says",
                        row.slug
                    ));
                }
                let (_, problems) = chain::read(&custody::log(c, &seal)?, Head::after_seal(seal));
                if !problems.is_empty() {
                    report.problems.push(format!(
                        "packet {}: the server's custody log is broken",
                        row.slug
                    ));
                }
                Ok::<_, StoreError>(())
            })?;
        }
        Ok(())
    }
}
