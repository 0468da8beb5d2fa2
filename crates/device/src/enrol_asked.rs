//! An enrolment that was asked for and perhaps never answered: the server may have used the code up for our key, and gives
//! the same entry to the same key again. So key and subject are kept until the answer is here: in memory, and for the
//! tablet's own key also on disk, beside its seed.

use fieldseal_packet::Sha256Digest;
use fieldseal_vault::Secret;
use fieldseal_vault::pending::{self, PendingDevice};
use fieldseal_wire::device::{EnrolKind, EnrolSubject};
use serde::{Deserialize, Serialize};

use crate::core::{Core, lock};
use crate::enrol_code::normalised;
use crate::problem::{Code, Problem};

/// What was asked, with which key.
#[derive(Clone)]
pub(crate) struct Asked {
    code_sha256: Sha256Digest,
    pub seed: Secret,
    pub subject: EnrolSubject,
}

/// The durable half, beside the seed; of a tablet, so without names.
#[derive(Serialize, Deserialize)]
struct AskedFacts {
    asked: String,
    subject: EnrolSubject,
}

impl Core {
    /// What was asked with this code before, if its answer never came.
    pub(crate) fn asked(&self, code: &str) -> Option<Asked> {
        let code_sha256 = Sha256Digest::of(normalised(code).as_bytes());
        let known = lock(&self.live).asked.clone();
        known
            .or_else(|| self.asked_before())
            .filter(|asked| asked.code_sha256 == code_sha256)
    }

    fn asked_before(&self) -> Option<Asked> {
        let pending = pending::read(&self.config.dir).ok().flatten()?;
        let facts: AskedFacts = serde_json::from_value(pending.facts).ok()?;
        Some(Asked {
            code_sha256: facts.asked.parse().ok()?,
            seed: pending.seed,
            subject: facts.subject,
        })
    }

    /// Before the server is asked.
    pub(crate) fn remember_asked(
        &self,
        code: &str,
        seed: &Secret,
        subject: &EnrolSubject,
    ) -> Result<(), Problem> {
        let asked = Asked {
            code_sha256: Sha256Digest::of(normalised(code).as_bytes()),
            seed: seed.clone(),
            subject: subject.clone(),
        };
        if subject.kind == EnrolKind::Device {
            let facts = AskedFacts {
                asked: asked.code_sha256.to_string(),
                subject: subject.clone(),
            };
            self.write_pending(&PendingDevice {
                seed: seed.clone(),
                facts: serde_json::to_value(facts)
                    .map_err(|error| Problem::because(Code::Internal, error))?,
            })?;
        }
        lock(&self.live).asked = Some(asked);
        Ok(())
    }

    /// The answer is here and kept.
    pub(crate) fn forget_asked(&self) {
        lock(&self.live).asked = None;
    }
}
