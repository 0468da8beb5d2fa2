//! A forgotten PIN, mended on the tablet: the officer chooses a new PIN, the tablet shows a request, the administrator answers
//! it where the recovery key is, and the answer lets the officer in. The cryptography is the vault's (`recovery.rs`); the
//! texts are `docs/spec/desk.md`'s.
//!
//! Nothing is deleted or shown on the way: captures go on, the other officers' PINs stay as they are, and what was not yet safe
//! is there afterwards. A restart in between loses nothing.

use fieldseal_packet::Timestamp;
use fieldseal_packet::desk::{self, PinAnswer, PinRequest};
use fieldseal_packet::{KeyRole, Sha256Digest};
use fieldseal_tlog::note::Note;
use fieldseal_vault::{OfficerError, RecoveryAsked};

use crate::api::PinRequestView;
use crate::core::Core;
use crate::enrol::check_pin;
use crate::identity::one_key;
use crate::problem::{Code, Problem};

/// So long an answer is taken.
const GOOD_FOR_MS: i64 = 72 * 3600 * 1000;

impl Core {
    /// Asks in place of what was asked before.
    pub fn pin_ask(&self, officer: &str, new_pin: &str) -> Result<PinRequestView, Problem> {
        check_pin(new_pin)?;
        let vault = self.vault()?;
        let identity = self.identity()?;
        let badge = vault
            .officers()
            .into_iter()
            .find(|slot| slot.id == officer)
            .ok_or(Code::UnknownOfficer)?
            .badge;
        let made_at = self.platform.now();
        let asked = vault.ask_recovery(officer, new_pin, |ask| {
            PinRequest {
                origin: identity.origin.clone(),
                device: identity.key_name(),
                officer: officer.to_owned(),
                badge,
                vault: hex::encode(ask.vault),
                made_at,
                to: desk::base64(&ask.to),
                root: desk::base64(&ask.root),
            }
            .text()
        })?;
        view(&asked).ok_or_else(|| Code::Internal.into())
    }

    /// What waits for its answer. What has waited too long is forgotten.
    pub fn pin_asked(&self) -> Result<Option<PinRequestView>, Problem> {
        let vault = self.vault()?;
        let Some(asked) = vault.recovery_asked() else {
            return Ok(None);
        };
        let fresh = PinRequest::parse(&asked.text).is_ok_and(|request| {
            let age_ms = self.platform.now().as_millis() - request.made_at.as_millis();
            age_ms.abs() <= GOOD_FOR_MS
        });
        if !fresh {
            self.pin_forget()?;
            return Ok(None);
        }
        Ok(view(&asked))
    }

    pub fn pin_forget(&self) -> Result<(), Problem> {
        self.vault()?
            .forget_recovery()
            .map_err(|error| Problem::because(Code::StorageFailed, error))
    }

    /// Takes the administrator's answer; the officer is in under the new PIN, with a new signing key that is to be enrolled.
    pub fn pin_answer(&self, text: &str, new_pin: &str) -> Result<(), Problem> {
        let asked = self.pin_asked()?.ok_or(Code::NoPinRequest)?;
        let root = self.check_answer(text, &asked)?;
        let seed = self.seed()?;
        let vault = self.vault()?;
        let officer = vault
            .finish_recovery(new_pin, &root, seed.clone(), &self.moment())
            .map_err(|error| match error {
                OfficerError::OtherRecoveryKey => Problem::because(Code::OtherPinAnswer, error),
                other => other.into(),
            })?;
        self.let_back_in(&officer, new_pin, &seed)
    }

    /// It must be the pinned authority's, about this tablet, this officer and this very request.
    fn check_answer(
        &self,
        text: &str,
        asked: &PinRequestView,
    ) -> Result<[u8; desk::SEALED], Problem> {
        if text.len() > desk::MAX_TEXT {
            return Err(Code::OtherPinAnswer.into());
        }
        let identity = self.identity()?;
        let authority = one_key(&identity.trust, &identity.origin, KeyRole::Authority)
            .ok_or(Code::TrustMismatch)?;
        // What is pasted often lost its last line's end, or got a blank before it.
        let whole = format!("{}\n", text.trim());
        let note = Note::parse(whole.as_bytes())
            .map_err(|error| Problem::because(Code::OtherPinAnswer, error))?;
        note.verify_by(&authority)
            .map_err(|error| Problem::because(Code::OtherPinAnswer, error))?;
        let answer = PinAnswer::parse(&note.text)
            .map_err(|error| Problem::because(Code::OtherPinAnswer, error))?;
        let ours = answer.origin == identity.origin
            && answer.device == identity.key_name()
            && answer.officer == asked.officer
            && answer.request == Sha256Digest::of(asked.text.as_bytes());
        desk::bytes(&answer.root)
            .filter(|_| ours)
            .ok_or_else(|| Code::OtherPinAnswer.into())
    }

    /// Whoever has come in by a PIN asks for nothing any more. What fails is tried again at the next unlock.
    pub fn came_in(&self, officer: &str) {
        let asked = self.vault().ok().and_then(|vault| vault.recovery_asked());
        if asked.is_some_and(|asked| asked.officer == officer)
            && let Err(problem) = self.pin_forget()
        {
            tracing::warn!(
                code = problem.code().as_str(),
                "a PIN request could not be forgotten"
            );
        }
    }
}

fn view(asked: &RecoveryAsked) -> Option<PinRequestView> {
    let request = PinRequest::parse(&asked.text).ok()?;
    let until = Timestamp::from_millis(request.made_at.as_millis().saturating_add(GOOD_FOR_MS));
    Some(PinRequestView {
        officer: asked.officer.clone(),
        badge: request.badge,
        compare: desk::compare(&asked.text),
        made_at: request.made_at.to_string(),
        until: until.to_string(),
        text: asked.text.clone(),
    })
}
