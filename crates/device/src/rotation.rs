//! Rotation 换钥: this tablet's key hands over to a new one, and the log's key to the next.
//!
//! The new seed is durable in the vault before the server hears of the key. The server's yes is the authority's signed entry; with it the new
//! seed takes the old one's place, in one step with the readable facts, and the encrypted copy of the facts follows. Wherever this
//! stops, the next call goes on with the same new key: the server gives the same entry again. Name, numbers and chains go on; what
//! the old key signed stays as good as it was.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use fieldseal_packet::KeyRole;
use fieldseal_packet::entry::{MAX_LEAF, Rotated, SubjectKind};
use fieldseal_packet::trust::Trust;
use fieldseal_packet::verify::followed_log_keys;
use fieldseal_sync::receipt::PinnedKeys;
use fieldseal_tlog::note::{Algorithm, Note, Signer, Vkey};
use fieldseal_vault::{DeviceKeyError, Secret, Vault, outbox, sealing};
use fieldseal_wire::device::{ROTATE_CONTEXT, RotateRequest, RotatedKey, Suite};

use crate::core::{Core, lock};
use crate::enrol::algorithm_of;
use crate::hardware::device_signer_like;
use crate::http::{Client, HttpError};
use crate::identity::{self, Identity, keys_of, one_key};
use crate::platform::Platform;
use crate::problem::{Code, Problem};

/// Of the leaves by which the log's key was rotated, in the outbox.
const LOG_ROTATIONS: &str = "log-rotations";
/// Of the kind of the key that is to take over, in the outbox.
const NEXT_KIND: &str = "next-device-key";
/// More are not looked at.
const MOST_ROTATIONS: usize = 16;

impl Core {
    /// The kind of key that this tablet makes.
    pub(crate) fn device_algorithm(&self, suite: Suite) -> Algorithm {
        self.config
            .device_key
            .unwrap_or_else(|| match algorithm_of(suite) {
                // The only kind that hardware makes.
                Algorithm::Ed25519 if self.platform.hardware_keys().is_some() => {
                    Algorithm::EcdsaP256
                }
                kind => kind,
            })
    }

    /// The maker's certificates of a key, as a request carries them.
    pub(crate) fn attestation(&self, key: &Vkey) -> Result<Vec<String>, Problem> {
        if key.algorithm() != Algorithm::EcdsaP256 {
            return Ok(Vec::new());
        }
        let chain = self
            .platform
            .attest(key.material())
            .map_err(|error| Problem::because(Code::KeyMissing, error))?;
        Ok(chain.iter().map(|der| STANDARD.encode(der)).collect())
    }

    /// Hands over to a new key of this tablet's. The vault must be open, and no draft closed and not sealed.
    pub fn rotate(&self) -> Result<(), Problem> {
        let _one = lock(&self.rotating);
        self.rotate_alone()
    }

    fn rotate_alone(&self) -> Result<(), Problem> {
        let vault = self.open_vault()?;
        self.nothing_is_closed()?;
        let identity = self.identity()?;
        let old = self.device_signer()?;
        let (seed, kind) = match vault.next_device_seed().map_err(problem)? {
            Some(seed) => (seed, begun_kind(&vault)?),
            None => {
                let asked = self.config.device_key;
                let kind = asked.unwrap_or_else(|| old.vkey().algorithm());
                let seed = self.seed()?;
                // The kind first: whoever goes on must make the very key that the server may know.
                let word = kind_word(kind)?;
                vault.outbox_write(|tx| {
                    Ok::<_, Problem>(outbox::put_fact(tx, NEXT_KIND, word.as_bytes())?)
                })?;
                vault.keep_next_device_seed(&seed).map_err(problem)?;
                (seed, kind)
            }
        };
        let new = self.new_device_signer(kind, old.vkey().name(), &seed)?;
        let request = self.rotate_request(&identity, &*old, &*new)?;
        let client = self.web.server(&identity.server);
        let answer =
            self.runtime
                .block_on(ask(&client, &identity.origin, &*old, &*new, &request))?;
        check_entry(
            &answer.entry,
            &identity,
            SubjectKind::Device,
            &identity.vkey,
            new.vkey(),
        )?;
        let next = Identity {
            vkey: new.vkey().to_string(),
            certificate: usable_certificate(answer.certificate, new.vkey(), &identity.trust),
            entry: answer.entry,
            ..identity
        };
        let _desk = lock(&self.desk);
        // A draft may have been closed meanwhile: its tag manifest names the old key. The next call goes on.
        self.nothing_is_closed()?;
        let plain =
            serde_json::to_value(&next).map_err(|error| Problem::because(Code::Internal, error))?;
        vault.take_next_device_seed(plain).map_err(problem)?;
        keep_pinned(&vault, &next)
    }

    /// The administrator, or the rule, asks for a new key. What can't be done now is asked for again with the next heartbeat.
    pub(crate) fn rotate_when_asked(&self) {
        if self.open_vault().is_err() {
            return;
        }
        told(self.rotate());
    }

    /// Goes on with a rotation that was stopped in the middle: the server may know the new key already, and then refuses the old one.
    pub(crate) fn go_on_rotating(&self) {
        let _one = lock(&self.rotating);
        let begun = self
            .vault()
            .ok()
            .and_then(|vault| vault.next_device_seed().ok())
            .flatten();
        if begun.is_some() {
            told(self.rotate_alone());
        }
    }

    pub(crate) fn nothing_is_closed(&self) -> Result<(), Problem> {
        match self.write(|tx| Ok(sealing::closing(tx)?))? {
            None => Ok(()),
            Some(draft) => Err(Problem::from(Code::AnotherDraftClosing).with("draft", draft)),
        }
    }

    pub(crate) fn rotate_request(
        &self,
        identity: &Identity,
        old: &dyn Signer,
        new: &dyn Signer,
    ) -> Result<RotateRequest, Problem> {
        let (old_vkey, vkey) = (old.vkey().to_string(), new.vkey().to_string());
        let text = format!(
            "{ROTATE_CONTEXT}\n{}\n{old_vkey}\n{vkey}\n",
            identity.origin
        );
        let proof = |signer: &dyn Signer| {
            signer
                .sign(text.as_bytes())
                .map(|proof| STANDARD.encode(proof))
                .map_err(|error| Problem::because(Code::KeyMissing, error))
        };
        Ok(RotateRequest {
            old_proof: proof(old)?,
            proof: proof(new)?,
            attestation: self.attestation(new.vkey())?,
            old_vkey,
            vkey,
        })
    }

    /// The keys that receipts and proofs are checked against: those of the trust file, and those to which the log's key was rotated since.
    pub fn pinned(&self) -> Result<PinnedKeys, Problem> {
        let identity = self.identity()?;
        let mut pinned = identity.pinned()?;
        let notes = self.log_rotations()?;
        let followed = followed(&identity, &notes);
        pinned.log.extend(followed);
        Ok(pinned)
    }

    /// Keeps what leads to further keys of the log, before anything by them is believed.
    pub(crate) fn learn_log_keys(&self, notes: &[String]) -> Result<(), Problem> {
        let usable =
            notes.len() <= MOST_ROTATIONS && notes.iter().all(|note| note.len() <= MAX_LEAF);
        if notes.is_empty() || !usable {
            return Ok(());
        }
        let identity = self.identity()?;
        let known = followed(&identity, &self.log_rotations()?);
        let news = followed(&identity, notes);
        // Only what leads further than what is known; nothing is unlearnt.
        if news.len() <= known.len() || !known.iter().all(|key| news.contains(key)) {
            return Ok(());
        }
        let bytes =
            serde_json::to_vec(notes).map_err(|error| Problem::because(Code::Internal, error))?;
        self.vault()?
            .outbox_write(|tx| Ok(outbox::put_fact(tx, LOG_ROTATIONS, &bytes)?))
    }

    fn log_rotations(&self) -> Result<Vec<String>, Problem> {
        let vault = self.vault()?;
        if !vault.outbox_is_open() {
            return Ok(Vec::new());
        }
        let stored = vault.outbox_read(|c| Ok::<_, Problem>(outbox::fact(c, LOG_ROTATIONS)?))?;
        stored.map_or_else(
            || Ok(Vec::new()),
            |bytes| {
                serde_json::from_slice(&bytes)
                    .map_err(|error| Problem::because(Code::VaultDamaged, error))
            },
        )
    }
}

/// The kind of key that a rotation was begun with.
fn begun_kind(vault: &Vault) -> Result<Algorithm, Problem> {
    let stored = vault.outbox_read(|c| Ok::<_, Problem>(outbox::fact(c, NEXT_KIND)?))?;
    match stored.as_deref() {
        Some(b"ed25519") => Ok(Algorithm::Ed25519),
        Some(b"p256") => Ok(Algorithm::EcdsaP256),
        Some(b"sm2") => Ok(Algorithm::Sm2),
        _ => Err(Code::KeyMissing.into()),
    }
}

fn kind_word(kind: Algorithm) -> Result<&'static str, Problem> {
    match kind {
        Algorithm::Ed25519 => Ok("ed25519"),
        Algorithm::EcdsaP256 => Ok("p256"),
        Algorithm::Sm2 => Ok("sm2"),
        _ => Err(Code::KeyMissing.into()),
    }
}

/// What can't be done now is tried again.
fn told(outcome: Result<(), Problem>) {
    if let Err(problem) = outcome {
        tracing::info!(
            code = problem.code().as_str(),
            "the tablet's key could not be rotated now"
        );
    }
}

/// The log's keys to which these leaves lead from those of the trust file.
fn followed(identity: &Identity, notes: &[String]) -> Vec<Vkey> {
    if notes.is_empty() {
        return Vec::new();
    }
    let of = |role| keys_of(&identity.trust, &identity.origin, role);
    let notes: Vec<&[u8]> = notes.iter().map(String::as_bytes).collect();
    followed_log_keys(
        &identity.origin,
        &of(KeyRole::Log),
        &of(KeyRole::Authority),
        &notes,
    )
}

/// With the old key's token; where the server knows the new key already, because its answer was lost, with the new one's.
async fn ask(
    client: &Client,
    origin: &str,
    old: &dyn Signer,
    new: &dyn Signer,
    request: &RotateRequest,
) -> Result<RotatedKey, HttpError> {
    let token = match client.token(origin, old).await {
        Err(HttpError::Refused { .. }) => client.token(origin, new).await?,
        outcome => outcome?,
    };
    client.rotate(request, &token.token).await
}

/// The authority must have let exactly this key take over from that one. Both are ours, of one name.
pub(crate) fn check_entry(
    entry: &str,
    identity: &Identity,
    kind: SubjectKind,
    old_vkey: &str,
    new: &Vkey,
) -> Result<(), Problem> {
    let authority = one_key(&identity.trust, &identity.origin, KeyRole::Authority)
        .ok_or(Code::TrustMismatch)?;
    let note = Note::parse(entry.as_bytes())
        .map_err(|error| Problem::because(Code::ServerAnswer, error))?;
    note.verify_by(&authority)
        .map_err(|error| Problem::because(Code::TrustMismatch, error))?;
    let bound =
        Rotated::parse(&note.text).map_err(|error| Problem::because(Code::ServerAnswer, error))?;
    let same = bound.origin == identity.origin
        && bound.kind == kind
        && bound.subject == new.name()
        && bound.old_vkey == old_vkey
        && bound.vkey == new.to_string();
    if same {
        Ok(())
    } else {
        Err(Code::TrustMismatch.into())
    }
}

/// A certificate as it came, if it is of this key and by a root that the trust file has for it.
pub(crate) fn usable_certificate(
    certificate: Option<String>,
    key: &Vkey,
    trust: &str,
) -> Option<String> {
    let trust = Trust::parse(trust.as_bytes()).ok()?;
    certificate.filter(|text| {
        STANDARD
            .decode(text)
            .is_ok_and(|der| fieldseal_stamp::issue::is_of(&der, key.material(), &trust.cms_roots))
    })
}

/// The key that has taken over, where a stop came between the two copies of the facts. The readable copy is believed in what the authority
/// has signed and the seed confirms, and in nothing else.
fn taken(platform: &Arc<dyn Platform>, vault: &Vault, pinned: &Identity) -> Option<Identity> {
    let plain: Identity = serde_json::from_value(vault.plain()).ok()?;
    if plain.vkey == pinned.vkey {
        return None;
    }
    let seed: Secret = vault.device_seed()?;
    let signer = device_signer_like(platform, &plain.vkey, &seed).ok()?;
    check_entry(
        &plain.entry,
        pinned,
        SubjectKind::Device,
        &pinned.vkey,
        signer.vkey(),
    )
    .ok()?;
    let certificate = usable_certificate(plain.certificate, signer.vkey(), &pinned.trust);
    Some(Identity {
        vkey: plain.vkey,
        entry: plain.entry,
        certificate,
        ..pinned.clone()
    })
}

fn keep_pinned(vault: &Vault, identity: &Identity) -> Result<(), Problem> {
    let bytes =
        serde_json::to_vec(identity).map_err(|error| Problem::because(Code::Internal, error))?;
    vault.outbox_write(|tx| Ok(outbox::put_fact(tx, identity::FACT, &bytes)?))
}

/// The two copies of who this tablet is say the same again: called after each unlocking.
pub(crate) fn keep_settled(platform: &Arc<dyn Platform>, vault: &Vault) -> Result<(), Problem> {
    let Some(bytes) = vault.outbox_read(|c| Ok::<_, Problem>(outbox::fact(c, identity::FACT)?))?
    else {
        return Ok(());
    };
    let pinned: Identity = serde_json::from_slice(&bytes)
        .map_err(|error| Problem::because(Code::VaultDamaged, error))?;
    taken(platform, vault, &pinned).map_or(Ok(()), |taken| keep_pinned(vault, &taken))
}

fn problem(error: DeviceKeyError) -> Problem {
    match error {
        DeviceKeyError::Locked => Code::Locked.into(),
        DeviceKeyError::Io(error) => Problem::because(Code::StorageFailed, error),
        error => Problem::because(Code::VaultDamaged, error),
    }
}
