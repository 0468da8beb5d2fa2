//! Which form a draft is filled in with: the one that was there when it was opened. A newer one that comes later is for the
//! drafts after it, so that nothing already described changes its meaning, and the packet carries what the officers saw.

use std::sync::Arc;

use fieldseal_vault::drafts::{self, Draft};
use rusqlite::Connection;

use super::KnownForm;
use crate::core::Core;
use crate::problem::{Code, Problem};

impl Core {
    /// The form of a kind that new drafts may have.
    pub fn offered_form(&self, kind: &str) -> Result<Arc<KnownForm>, Problem> {
        let known = self.form(kind)?;
        if known.offered {
            Ok(known)
        } else {
            Err(Problem::from(Code::UnknownKind).with("kind", kind))
        }
    }

    /// The form that this draft is filled in with.
    pub fn draft_form(&self, c: &Connection, draft: &Draft) -> Result<Arc<KnownForm>, Problem> {
        let current = self.form(&draft.kind);
        let Some(digest) = draft.form else {
            return current;
        };
        if let Ok(known) = &current
            && known.sha256 == digest
        {
            return current;
        }
        let bytes = drafts::form(c, digest)?.ok_or(Code::UnknownKind)?;
        let known = KnownForm::read(&bytes);
        known
            .map(Arc::new)
            .map_err(|error| Problem::because(Code::UnknownKind, error))
    }

    /// Drafts that were begun while locked get the form that is there now. A crash before it leaves them for the next time.
    pub fn pin_forms(&self) -> Result<(), Problem> {
        if self.read(|c| Ok(drafts::without_form(c)?.is_empty()))? {
            return Ok(());
        }
        self.write(|tx| {
            for draft in drafts::without_form(tx)? {
                if let Ok(known) = self.form(&draft.kind) {
                    drafts::set_form(tx, draft.packet, &known.bytes)?;
                }
            }
            Ok(())
        })
    }
}
