//! The end of a tablet's service. Retired is a signed word of the authority, kept in the screen's file and believed by its
//! signature alone: the tablet takes no new photos, hands over what it holds, and can be emptied once everything is safe.
//!
//! Losing the file loses nothing: the next heartbeat's answer brings the word again. A crash between the server's yes and
//! ours leaves a tablet that hears it then.

use std::io;
use std::sync::PoisonError;

use fieldseal_packet::entry::Retired;
use fieldseal_packet::{KeyRole, Timestamp};
use fieldseal_tlog::note::Note;
use fieldseal_vault::{Holds, WipeError, finish_wipe, is_marked_for_wipe};

use crate::api::LeavingView;
use crate::core::{Core, Live, Store, lock};
use crate::http::server_time;
use crate::identity::one_key;
use crate::prefs::Prefs;
use crate::problem::{Code, Problem};

impl Core {
    /// Since when this tablet is retired.
    pub fn retired_at(&self) -> Option<Timestamp> {
        lock(&self.live).retired_at
    }

    /// At start: what the screen's file says of it, if the signature is right.
    pub fn recall_retirement(&self) {
        let kept = lock(&self.prefs).retired.clone();
        let at = kept.and_then(|note| self.check_retirement(&note).ok());
        lock(&self.live).retired_at = at;
    }

    /// Keeps the authority's word, and acts by it from now on.
    pub fn keep_retirement(&self, note: &str) -> Result<(), Problem> {
        let at = self.check_retirement(note)?;
        lock(&self.live).retired_at = Some(at);
        self.change_prefs(|prefs| prefs.retired = Some(note.to_owned()))
    }

    /// It must be about this very key, and by the authority pinned at enrolment.
    fn check_retirement(&self, note: &str) -> Result<Timestamp, Problem> {
        let identity = self.identity()?;
        let authority = one_key(&identity.trust, &identity.origin, KeyRole::Authority)
            .ok_or(Code::TrustMismatch)?;
        let note = Note::parse(note.as_bytes())
            .map_err(|error| Problem::because(Code::ServerAnswer, error))?;
        note.verify_by(&authority)
            .map_err(|error| Problem::because(Code::TrustMismatch, error))?;
        let word = Retired::parse(&note.text)
            .map_err(|error| Problem::because(Code::ServerAnswer, error))?;
        let ours = word.origin == identity.origin
            && word.subject == identity.key_name()
            && word.vkey == identity.vkey;
        if ours {
            Ok(word.retired_at)
        } else {
            Err(Code::ServerAnswer.into())
        }
    }

    /// What is here and not safe on the server.
    pub fn leaving(&self) -> Result<LeavingView, Problem> {
        let holds = self.holds()?;
        let wedged = lock(&self.line.outbox)
            .jobs()
            .filter(|job| job.state() == fieldseal_sync::State::Wedged)
            .count();
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Ok(LeavingView {
            drafts: number(holds.drafts),
            waiting: number(holds.waiting),
            unsafe_packets: number(holds.not_safe),
            wedged: number(wedged),
            damaged: number(holds.damaged),
            ready: holds.is_nothing(),
            retired_at: self.retired_at().map(|at| at.to_string()),
        })
    }

    pub(crate) fn holds(&self) -> Result<Holds, Problem> {
        let vault = self.vault()?;
        // A capture that can be taken in now is a draft.
        if !vault.is_locked()
            && let Err(problem) = self.take_in()
        {
            tracing::warn!(
                code = problem.code().as_str(),
                "captures could not all be taken in"
            );
        }
        // First: what is taken in now waits in the vault.
        let lie = self.lies_handed_over().map_err(unread)?;
        let mut holds = vault.holds().map_err(stays)?;
        holds.waiting += lie;
        Ok(holds)
    }

    /// Asks the server to retire this tablet. Allowed by an officer's PIN, and only when nothing is left to hand over.
    pub fn retire(&self, officer: &str, pin: &str) -> Result<(), Problem> {
        if self.retired_at().is_some() {
            return Ok(());
        }
        let vault = self.open_vault()?;
        vault.officer_seed(officer, pin, &self.moment())?;
        let lie = self.lies_handed_over().map_err(unread)?;
        // No draft is begun, and no photo taken into one, while this is decided.
        let _desk = lock(&self.desk);
        let mut holds = vault.holds().map_err(stays)?;
        holds.waiting += lie;
        if !holds.is_nothing() {
            return Err(not_all_safe(&holds));
        }
        let identity = self.identity()?;
        let client = self.web.server(&identity.server);
        let signer = self.device_signer()?;
        let note = self.heartbeat()?.note;
        let retired = self.runtime.block_on(async {
            let token = client.token(&identity.origin, &*signer).await?;
            client.retire(&note, &token.token).await
        })?;
        if let Some(time) = server_time(&retired.server_time) {
            self.saw_server(time);
        }
        self.keep_retirement(&retired.retired)
    }

    /// Empties this tablet. Only when it is retired, and receipt and proof of every packet have been verified here.
    pub fn wipe(&self, officer: &str, pin: &str) -> Result<(), Problem> {
        if self.retired_at().is_none() {
            return Err(Code::NotRetired.into());
        }
        let vault = self.open_vault()?;
        vault.officer_seed(officer, pin, &self.moment())?;
        drop(vault);
        self.empty()
    }

    /// Removes everything, when nothing in it is evidence that the server does not have. Whoever calls has made sure that it
    /// may.
    pub(crate) fn empty(&self) -> Result<(), Problem> {
        {
            let vault = self.vault()?;
            // Before the desk is held: taking a photo in may need it.
            let lie = self.lies_handed_over().map_err(unread)?;
            let _desk = lock(&self.desk);
            if self.is_recording() || lie > 0 {
                return Err(not_all_safe(&Holds {
                    waiting: lie.max(1),
                    ..Holds::default()
                }));
            }
            vault.mark_for_wipe().map_err(stays)?;
            vault.lock();
        }
        *self.store.write().unwrap_or_else(PoisonError::into_inner) = Store::None;
        self.line.unload(self.config.sync);
        self.finish_wipe()
            .map(drop)
            .map_err(|error| Problem::because(Code::StorageFailed, error))
    }

    /// Goes on with emptying the tablet, where it was begun.
    pub fn finish_wipe(&self) -> io::Result<()> {
        // What lies beside the vault goes first: once the mark is gone, nobody comes back to it.
        if is_marked_for_wipe(&self.config.dir) {
            self.remove_map()?;
            for folder in &self.config.beside {
                match std::fs::remove_dir_all(folder) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
        }
        if !finish_wipe(self.vault_config().disk.as_ref(), &self.config.dir)? {
            return Ok(());
        }
        *lock(&self.live) = Live {
            used_at_ms: self.platform.boot().ms,
            ..Live::default()
        };
        let mut prefs = lock(&self.prefs);
        *prefs = Prefs {
            language: prefs.language.take(),
            theme: prefs.theme.take(),
            ..Prefs::default()
        };
        prefs.store(&self.config.dir)
    }
}

impl Core {
    /// A recording that is under way is in nobody's count yet.
    pub(crate) fn is_recording(&self) -> bool {
        !lock(&self.recordings).is_empty()
    }
}

fn not_all_safe(holds: &Holds) -> Problem {
    Problem::from(Code::NotAllSafe)
        .with("drafts", holds.drafts + holds.waiting)
        .with("packets", holds.not_safe)
        .with("damaged", holds.damaged)
}

fn unread(error: io::Error) -> Problem {
    Problem::because(Code::StorageFailed, error)
}

fn stays(error: WipeError) -> Problem {
    match error {
        WipeError::Holds(holds) => not_all_safe(&holds),
        WipeError::Store(error) => error.into(),
        WipeError::Io(error) => Problem::because(Code::StorageFailed, error),
        error => Problem::because(Code::Internal, error),
    }
}
