//! Enrolment 登记: binds this tablet's key, then officers' keys, and pins whom the tablet trusts.
//!
//! The code that an administrator shows holds the server's address, a one-time code and the sha256 of the trust file, so
//! nothing is trusted on first use. The device's seed is durable before the server is asked to bind it. When the server's yes
//! is lost, the same code and the same key ask again and get the same entry; after a crash in the middle of an officer's
//! enrolment the administrator gives another code.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fieldseal_packet::entry::{self, SubjectKind};
use fieldseal_packet::{KeyName, KeyRole, Sha256Digest};
use fieldseal_tlog::note::{Algorithm, Note, Signer, signer_of};
use fieldseal_vault::officers::OfficerRecord;
use fieldseal_vault::pending::{self, PendingDevice};
use fieldseal_vault::{Birth, NewOfficer, Secret, Vault, outbox};
use fieldseal_wire::device::{
    ENROL_CONTEXT, EnrolKind, EnrolRequest, EnrolSubject, Enrolled, Suite,
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::api::{EnrolPreview, OfficerView};
use crate::core::{Core, Store, lock};
use crate::enrol_code::{EnrolCode, normalised};
use crate::hardware::device_signer_like;
use crate::http::{Client, server_time};
use crate::identity::{self, Identity, one_key};
use crate::problem::{Code, Problem};
use crate::rotation::usable_certificate;

/// Fewest characters of a PIN.
pub const PIN_MIN: usize = 6;
/// Most characters of a PIN.
pub const PIN_MAX: usize = 64;

/// What lies beside the seed until the first officer comes.
#[derive(Serialize, Deserialize)]
struct PendingFacts {
    identity: Identity,
    #[serde(default)]
    recovery_key: Option<[u8; 32]>,
}

/// The device's seed, who it is, and the recovery key that its vault will have.
type Waiting = (Secret, Identity, Option<[u8; 32]>);

impl Core {
    fn client_of(&self, server: &str) -> Client {
        self.web.server(server)
    }

    /// The tablet's own enrolment while no officer is there yet.
    pub fn pending(&self) -> Result<Option<Waiting>, Problem> {
        let Some(pending) = pending::read(&self.config.dir)
            .map_err(|error| Problem::because(Code::VaultDamaged, error))?
        else {
            return Ok(None);
        };
        match serde_json::from_value::<PendingFacts>(pending.facts) {
            Ok(facts) => Ok(Some((pending.seed, facts.identity, facts.recovery_key))),
            // Asked, but never answered: the next code starts anew.
            Err(_) => Ok(None),
        }
    }

    pub(crate) fn write_pending(&self, pending: &PendingDevice) -> Result<(), Problem> {
        let disk = self.vault_config().disk;
        pending::write(disk.as_ref(), &self.config.dir, pending)
            .map_err(|error| Problem::because(Code::StorageFailed, error))
    }

    pub(crate) fn seed(&self) -> Result<Secret, Problem> {
        let mut seed = Secret::default();
        self.platform
            .random(seed.as_mut())
            .map_err(|error| Problem::because(Code::Internal, error))?;
        Ok(seed)
    }

    pub fn enrol_lookup(&self, text: &str) -> Result<EnrolPreview, Problem> {
        let (server, code) = match EnrolCode::parse(text) {
            Ok(enrol) => {
                let trust = self
                    .runtime
                    .block_on(self.client_of(&enrol.server).trust())?;
                if Sha256Digest::of(&trust) != enrol.trust_sha256 {
                    return Err(Code::TrustMismatch.into());
                }
                (enrol.server, enrol.code)
            }
            // An officer's code may be typed, once the tablet knows its server.
            Err(problem) => match self.known_identity() {
                Ok(identity) if normalised(text).len() >= 8 && !text.contains(':') => {
                    (identity.server, text.to_owned())
                }
                _ => return Err(problem),
            },
        };
        let subject = match self.asked(&code) {
            Some(asked) => asked.subject,
            None => self
                .runtime
                .block_on(self.client_of(&server).lookup(&code))?,
        };
        let kind = match subject.kind {
            EnrolKind::Device => "device",
            EnrolKind::Officer => "officer",
        };
        Ok(EnrolPreview {
            server,
            origin: subject.origin,
            kind: kind.to_owned(),
            id: subject.id,
            name: subject.name,
            badge: subject.badge,
            team: subject.team,
        })
    }

    fn known_identity(&self) -> Result<Identity, Problem> {
        match self.identity() {
            Ok(identity) => Ok(identity),
            Err(problem) => self
                .pending()?
                .map(|(_, identity, _)| identity)
                .ok_or(problem),
        }
    }

    pub fn enrol_device(&self, text: &str) -> Result<(), Problem> {
        let damaged = matches!(
            *self
                .store
                .read()
                .unwrap_or_else(std::sync::PoisonError::into_inner),
            Store::Damaged
        );
        if damaged {
            return Err(Code::VaultDamaged.into());
        }
        if Vault::exists(&self.config.dir) || self.pending()?.is_some() {
            return Err(Code::AlreadyEnrolled.into());
        }
        let enrol = EnrolCode::parse(text)?;
        let client = self.client_of(&enrol.server);
        let trust = self.runtime.block_on(client.trust())?;
        if Sha256Digest::of(&trust) != enrol.trust_sha256 {
            return Err(Code::TrustMismatch.into());
        }
        let trust = String::from_utf8(trust).map_err(|_| Problem::from(Code::ServerAnswer))?;
        let (seed, subject) = match self.asked(&enrol.code) {
            Some(asked) => (asked.seed, asked.subject),
            None => (
                self.seed()?,
                self.runtime.block_on(client.lookup(&enrol.code))?,
            ),
        };
        check_subject(&subject, EnrolKind::Device)?;
        self.remember_asked(&enrol.code, &seed, &subject)?;
        let name = KeyName::device(&subject.origin, &subject.id);
        let signer = self.new_device_signer(self.device_algorithm(subject.suite), &name, &seed)?;
        let mut request = self.request(&enrol.code, &subject.origin, &*signer)?;
        request.attestation = self.attestation(signer.vkey())?;
        let answer = self.runtime.block_on(client.enrol(&request, None))?;
        if answer.trust != trust {
            return Err(Code::TrustMismatch.into());
        }
        check_entry(
            &answer.entry,
            &trust,
            &subject.origin,
            SubjectKind::Device,
            &*signer,
        )?;
        let recovery_key = recovery_key(&answer)?;
        let identity = Identity {
            id: subject.id,
            origin: subject.origin,
            server: enrol.server,
            team: subject.team,
            vkey: signer.vkey().to_string(),
            certificate: usable_certificate(answer.certificate, signer.vkey(), &trust),
            entry: answer.entry,
            trust,
        };
        let facts = serde_json::to_value(PendingFacts {
            identity,
            recovery_key,
        })
        .map_err(|error| Problem::because(Code::Internal, error))?;
        self.write_pending(&PendingDevice { seed, facts })?;
        self.forget_asked();
        if let Some(time) = server_time(&answer.server_time) {
            self.saw_server(time);
        }
        Ok(())
    }

    /// An act that did not reach the server tells the outbox, so that every screen knows at once.
    pub fn told_of_contact<T>(&self, outcome: Result<T, Problem>) -> Result<T, Problem> {
        if let Err(problem) = &outcome
            && problem.code() == Code::Offline
        {
            let now = i64::try_from(self.platform.boot().ms).unwrap_or(i64::MAX);
            lock(&self.line.outbox).missed(now);
            self.line.wake.notify_one();
        }
        outcome
    }

    pub fn enrol_officer(&self, code: &str, pin: &str) -> Result<OfficerView, Problem> {
        check_pin(pin)?;
        if self.retired_at().is_some() {
            return Err(Code::Retired.into());
        }
        let pending = self.pending()?;
        let identity = match &pending {
            Some((_, identity, _)) => identity.clone(),
            None => {
                self.open_vault()?;
                self.identity()?
            }
        };
        let code = match EnrolCode::parse(code) {
            Ok(enrol) if enrol.trust_sha256 == Sha256Digest::of(identity.trust.as_bytes()) => {
                enrol.code
            }
            Ok(_) => return Err(Code::TrustMismatch.into()),
            Err(_) => code.to_owned(),
        };
        let client = self.client_of(&identity.server);
        let (seed, subject) = match self.asked(&code) {
            Some(asked) => (asked.seed, asked.subject),
            None => (self.seed()?, self.runtime.block_on(client.lookup(&code))?),
        };
        check_subject(&subject, EnrolKind::Officer)?;
        if subject.origin != identity.origin {
            return Err(Code::TrustMismatch.into());
        }
        let known = match &pending {
            Some(_) => None,
            // Known by a card alone is not known here: a guest may come to stay.
            None => self.own_officer(&subject.id)?,
        };
        // An officer who was let back in has a new key without an entry, and enrols again.
        if known.as_ref().is_some_and(|record| record.entry.is_some()) {
            return Err(Code::OfficerEnrolled.into());
        }
        let device = match &pending {
            Some((seed, identity, _)) => device_signer_like(&self.platform, &identity.vkey, seed)?,
            None => self.device_signer()?,
        };
        self.remember_asked(&code, &seed, &subject)?;
        let officer = signer(
            &subject,
            &KeyName::officer(&identity.origin, &subject.id),
            &seed,
        )?;
        let request = self.request(&code, &identity.origin, &*officer)?;
        let answer = self.runtime.block_on(async {
            let token = client.token(&identity.origin, &*device).await?;
            client.enrol(&request, Some(&token.token)).await
        })?;
        check_entry(
            &answer.entry,
            &identity.trust,
            &identity.origin,
            SubjectKind::Officer,
            &*officer,
        )?;
        let record = OfficerRecord {
            id: subject.id.clone(),
            badge: subject.badge.unwrap_or_default(),
            name: subject.name.unwrap_or_default(),
            team: subject.team,
            vkey: Some(officer.vkey().to_string()),
            entry: Some(answer.entry.into_bytes()),
        };
        let new = NewOfficer {
            id: record.id.clone(),
            badge: record.badge.clone(),
            name: record.name.clone(),
            team: record.team.clone(),
            pin: Zeroizing::new(pin.to_owned()),
            seed,
        };
        match pending {
            Some((device_seed, identity, recovery_key)) => {
                self.create_vault(new, device_seed, recovery_key, identity)?
            }
            None if known.is_some() => self.vault()?.replace_officer(&new)?,
            None => self.vault()?.add_officer(&new)?,
        }
        self.forget_asked();
        self.keep_officer(&*self.open_vault()?, &record)?;
        Ok(OfficerView {
            id: record.id,
            name: Some(record.name),
            badge: record.badge,
            team: record.team,
            enrolled: true,
            pin_reset_at: None,
            wait_s: 0,
            guest: false,
        })
    }

    fn create_vault(
        &self,
        officer: NewOfficer,
        device_seed: Secret,
        recovery_key: Option<[u8; 32]>,
        identity: Identity,
    ) -> Result<(), Problem> {
        let id = officer.id.clone();
        let plain = serde_json::to_value(&identity)
            .map_err(|error| Problem::because(Code::Internal, error))?;
        let birth = Birth {
            officer,
            device_seed,
            recovery_key,
            plain,
        };
        let vault =
            std::sync::Arc::new(Vault::create(&self.config.dir, birth, self.vault_config())?);
        pin_identity(&vault)?;
        self.line.load(&vault)?;
        *self
            .store
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = Store::There(vault);
        self.change_prefs(|prefs| prefs.on_duty = vec![id])
    }

    fn request(
        &self,
        code: &str,
        origin: &str,
        signer: &dyn Signer,
    ) -> Result<EnrolRequest, Problem> {
        let vkey = signer.vkey().to_string();
        let digest = Sha256Digest::of(normalised(code).as_bytes());
        let text = format!("{ENROL_CONTEXT}\n{origin}\n{digest}\n{vkey}\n");
        let proof = signer
            .sign(text.as_bytes())
            .map_err(|error| Problem::because(Code::Internal, error))?;
        let claim = match self.platform.device_model() {
            Some(model) => format!("{model}; {}", crate::SOFTWARE),
            None => crate::SOFTWARE.to_owned(),
        };
        Ok(EnrolRequest {
            code: code.to_owned(),
            vkey,
            proof: STANDARD.encode(proof),
            device_claim: Some(claim),
            attestation: Vec::new(),
        })
    }
}

/// Takes the identity into the encrypted outbox, once. From then on the readable copy is believed no more.
pub(crate) fn pin_identity(vault: &Vault) -> Result<(), Problem> {
    if !vault.outbox_is_open()
        || vault
            .outbox_read(|c| Ok::<_, Problem>(outbox::fact(c, identity::FACT)?))?
            .is_some()
    {
        return Ok(());
    }
    let bytes = serde_json::to_vec(&vault.plain())
        .map_err(|error| Problem::because(Code::Internal, error))?;
    vault.outbox_write(|tx| Ok(outbox::put_fact(tx, identity::FACT, &bytes)?))
}

pub(crate) fn check_pin(pin: &str) -> Result<(), Problem> {
    match pin.chars().count() {
        count if count < PIN_MIN => Err(Problem::from(Code::PinTooShort).with("min", PIN_MIN)),
        count if count > PIN_MAX => Err(Problem::from(Code::PinTooLong).with("max", PIN_MAX)),
        _ => Ok(()),
    }
}

/// The kind of key that a deployment asks for.
pub(crate) const fn algorithm_of(suite: Suite) -> Algorithm {
    match suite {
        Suite::International => Algorithm::Ed25519,
        Suite::National => Algorithm::Sm2,
    }
}

/// A new key, of the kind that the deployment asks for.
fn signer(subject: &EnrolSubject, name: &str, seed: &Secret) -> Result<Box<dyn Signer>, Problem> {
    signer_of(algorithm_of(subject.suite), name, seed)
        .map_err(|error| Problem::because(Code::ServerAnswer, error))
}

fn check_subject(subject: &EnrolSubject, wanted: EnrolKind) -> Result<(), Problem> {
    if subject.kind != wanted {
        return Err(Code::WrongCodeKind.into());
    }
    if KeyName::id_is_valid(&subject.id) {
        Ok(())
    } else {
        Err(Code::ServerAnswer.into())
    }
}

/// The authority must have bound exactly this key to exactly this name.
fn check_entry(
    entry: &str,
    trust: &str,
    origin: &str,
    kind: SubjectKind,
    signer: &dyn Signer,
) -> Result<(), Problem> {
    let authority = one_key(trust, origin, KeyRole::Authority).ok_or(Code::TrustMismatch)?;
    let note = Note::parse(entry.as_bytes())
        .map_err(|error| Problem::because(Code::ServerAnswer, error))?;
    note.verify_by(&authority)
        .map_err(|error| Problem::because(Code::TrustMismatch, error))?;
    let bound = entry::Enrolled::parse(&note.text)
        .map_err(|error| Problem::because(Code::ServerAnswer, error))?;
    let same = bound.origin == origin
        && bound.kind == kind
        && bound.subject == signer.vkey().name()
        && bound.vkey == signer.vkey().to_string();
    if same {
        Ok(())
    } else {
        Err(Code::TrustMismatch.into())
    }
}

fn recovery_key(answer: &Enrolled) -> Result<Option<[u8; 32]>, Problem> {
    let Some(text) = &answer.recovery_key else {
        return Ok(None);
    };
    let bytes = STANDARD
        .decode(text)
        .map_err(|error| Problem::because(Code::ServerAnswer, error))?;
    Ok(Some(
        bytes
            .try_into()
            .map_err(|_| Problem::from(Code::ServerAnswer))?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_have_a_length() {
        assert_eq!(check_pin("12345").unwrap_err().code(), Code::PinTooShort);
        assert!(check_pin("123456").is_ok());
        assert!(check_pin(&"1".repeat(65)).is_err());
    }
}
