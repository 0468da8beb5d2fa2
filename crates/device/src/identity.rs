//! Who this tablet is and whom it trusts: fixed at enrolment, and pinned. Nothing that the server says later changes it.

use fieldseal_packet::trust::Trust;
use fieldseal_packet::{KeyName, KeyRole};
use fieldseal_sync::receipt::PinnedKeys;
use fieldseal_tlog::note::{Signer, Vkey, signer_of};
use fieldseal_vault::Secret;
use serde::{Deserialize, Serialize};

use crate::problem::{Code, Problem};

/// Kept in the vault's outbox (encrypted), and as a copy readable before the first unlock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Device's id.
    pub id: String,
    /// `<origin>` of the deployment.
    pub origin: String,
    /// Server's base URL, without a slash at its end.
    pub server: String,
    /// Team as shown.
    #[serde(default)]
    pub team: Option<String>,
    /// The device's vkey line.
    pub vkey: String,
    /// The authority's `enrolled` note, or `rotated` for a key that took over, byte for byte.
    pub entry: String,
    /// The certificate of a P-256 key for CMS signatures, base64 of DER.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// The trust file whose sha256 was on the enrolment code, byte for byte.
    pub trust: String,
}

/// Name under which the outbox keeps it.
pub const FACT: &str = "identity";

impl Identity {
    /// Device key's name.
    pub fn key_name(&self) -> String {
        KeyName::device(&self.origin, &self.id)
    }

    /// The keys of the trust file that receipts and proofs are checked against. Keys of the log that were followed since are
    /// [`crate::core::Core::pinned`]'s.
    pub fn pinned(&self) -> Result<PinnedKeys, Problem> {
        let log = keys_of(&self.trust, &self.origin, KeyRole::Log);
        if log.is_empty() {
            return Err(Code::KeyMissing.into());
        }
        Ok(PinnedKeys {
            origin: self.origin.clone(),
            log,
            receipts: one_key(&self.trust, &self.origin, KeyRole::Receipts)
                .ok_or(Code::KeyMissing)?,
        })
    }
}

/// The signer whose public half is `vkey`, out of the secret that was kept; `key-missing` where it is another's.
pub(crate) fn signer_like(vkey: &str, secret: &Secret) -> Result<Box<dyn Signer>, Problem> {
    let vkey = Vkey::parse(vkey).map_err(|error| Problem::because(Code::KeyMissing, error))?;
    let signer = signer_of(vkey.algorithm(), vkey.name(), secret)
        .map_err(|error| Problem::because(Code::KeyMissing, error))?;
    if *signer.vkey() == vkey {
        Ok(signer)
    } else {
        Err(Code::KeyMissing.into())
    }
}

/// All keys of this role in a trust file.
pub fn keys_of(trust: &str, origin: &str, role: KeyRole) -> Vec<Vkey> {
    Trust::parse(trust.as_bytes())
        .map(|trust| trust.role(origin, role).cloned().collect())
        .unwrap_or_default()
}

/// The one key of this role in a trust file; none when there are two. Only the log's may be two.
pub fn one_key(trust: &str, origin: &str, role: KeyRole) -> Option<Vkey> {
    match keys_of(trust, origin, role).as_slice() {
        [key] => Some(key.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fieldseal_tlog::note::Ed25519Signer;

    fn vkey(name: &str, seed: u8) -> String {
        Ed25519Signer::from_seed(name, &[seed; 32])
            .unwrap()
            .vkey()
            .to_string()
    }

    #[test]
    fn keys_of_a_trust_file_by_role() {
        let trust = format!(
            "# anchors\nlog {}\nquorum none\n{}\n{}\n",
            vkey("o.example", 1),
            vkey("o.example/receipts", 2),
            vkey("o.example/authority", 3)
        );
        let name = |trust: &str, origin, role| {
            one_key(trust, origin, role).map(|key| key.name().to_owned())
        };
        assert_eq!(
            name(&trust, "o.example", KeyRole::Log).as_deref(),
            Some("o.example")
        );
        assert_eq!(
            name(&trust, "o.example", KeyRole::Authority).as_deref(),
            Some("o.example/authority")
        );
        assert_eq!(name(&trust, "o.example", KeyRole::Decisions), None);
        assert_eq!(name(&trust, "elsewhere", KeyRole::Log), None);
        let twice = format!("{trust}{}\n", vkey("o.example/receipts", 9));
        assert_eq!(
            name(&twice, "o.example", KeyRole::Receipts),
            None,
            "two keys of one role are no anchor"
        );
    }
}
