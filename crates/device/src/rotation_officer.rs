//! An officer's signing key hands over to a new one, against that officer's own PIN.
//!
//! As with the tablet's key ([`crate::rotation`]) the new seed is durable before the server hears of the key, and lies beside the old one in the officer's slot,
//! under the PIN. With the authority's signed entry the officer's record names the new key, and last the new seed takes the old one's place. Between
//! these two the record decides with which of the two seeds is signed, so that no stop leaves an officer who can't sign; the next call goes on.

use fieldseal_packet::entry::SubjectKind;
use fieldseal_tlog::note::signer_of;
use fieldseal_vault::officers::OfficerRecord;

use crate::core::{Core, lock};
use crate::identity::signer_like;
use crate::problem::{Code, Problem};
use crate::rotation::check_entry;

impl Core {
    /// The vault must be open, and no draft closed and not sealed. Gives the new key's vkey line.
    pub fn rotate_officer(&self, officer: &str, pin: &str) -> Result<String, Problem> {
        let _one = lock(&self.rotating);
        if self.retired_at().is_some() {
            return Err(Code::Retired.into());
        }
        let vault = self.open_vault()?;
        self.nothing_is_closed()?;
        let identity = self.identity()?;
        let record = self.own_officer(officer)?.ok_or(Code::UnknownOfficer)?;
        let (Some(old_vkey), Some(_)) = (&record.vkey, &record.entry) else {
            return Err(Code::KeyMissing.into());
        };
        let fresh = self.seed()?;
        let (seed, next) = vault.begin_officer_rotation(officer, pin, &self.moment(), fresh)?;
        if signer_like(old_vkey, &next).is_ok() {
            // Stopped at the last step before: the record has the new key already.
            vault.take_officer_rotation(officer, pin, &self.moment())?;
            return Ok(old_vkey.clone());
        }
        let old = signer_like(old_vkey, &seed)?;
        let new = signer_of(old.vkey().algorithm(), old.vkey().name(), &next)
            .map_err(|error| Problem::because(Code::KeyMissing, error))?;
        let request = self.rotate_request(&identity, &*old, &*new)?;
        let device = self.device_signer()?;
        let client = self.web.server(&identity.server);
        let answer = self.runtime.block_on(async {
            let token = client.token(&identity.origin, &*device).await?;
            client.rotate(&request, &token.token).await
        })?;
        check_entry(
            &answer.entry,
            &identity,
            SubjectKind::Officer,
            old_vkey,
            new.vkey(),
        )?;
        let vkey = new.vkey().to_string();
        let _desk = lock(&self.desk);
        // A draft may have been closed meanwhile, which names the old key. The next call goes on.
        self.nothing_is_closed()?;
        let record = OfficerRecord {
            vkey: Some(vkey.clone()),
            entry: Some(answer.entry.into_bytes()),
            ..record
        };
        self.keep_officer(&vault, &record)?;
        vault.take_officer_rotation(officer, pin, &self.moment())?;
        Ok(vkey)
    }
}
