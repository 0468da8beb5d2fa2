//! Two officers, two tablets: the second one signs on their own tablet, without any network, by QR codes that the two
//! tablets show each other. Once, the second officer's card, so that the record can name them; then for each packet a challenge
//! (with the seal's text, which is what is signed) and an answer (the signature line).
//!
//! Nobody signs blind: the second tablet shows what the challenge says, and a short code over the thumbnails that must be
//! the one beside the thumbnails on the first. Nothing of the answer is believed that the key does not confirm.

mod kept;
pub(crate) mod text;

use fieldseal_packet::{KeyName, KeyRole, Sha256Digest};
use fieldseal_tlog::note::{SignatureLine, Vkey, sign_line};
use fieldseal_vault::captures::Capture;
use fieldseal_vault::officers::{self, OfficerRecord};
use fieldseal_vault::previews::{self, Preview};
use fieldseal_vault::{captures, drafts, sealing};
use rusqlite::Connection;

use crate::api::{CodeView, CosignAskView, CosignView, CosignedView, DraftView, OfficerView};
use crate::close::{body_text, named_officers};
use crate::core::Core;
use crate::draft::title;
use crate::identity::one_key;
use crate::problem::{Code, Problem};
use crate::session::packet_id;
use kept::Kept;
use text::{Answer, Card, Challenge};

/// Signatures given to other tablets that a screen shows.
const MOST_SHOWN: usize = 400;
/// Most officers of other tablets that one tablet knows.
const MOST_GUESTS: usize = 64;

impl Core {
    /// An officer's card, as a code for another tablet's camera.
    pub fn officer_card(&self, officer: &str) -> Result<CodeView, Problem> {
        let record = self
            .own_officer(officer)?
            .ok_or_else(|| Problem::from(Code::UnknownOfficer))?;
        let text = Card::text(&record).ok_or_else(|| Problem::from(Code::KeyMissing))?;
        Ok(CodeView { text })
    }

    /// Takes another tablet's officer on, by the authority's word alone.
    pub fn meet_officer(&self, text: &str) -> Result<OfficerView, Problem> {
        let card = Card::parse(text).ok_or(Code::NotThisCode)?;
        let identity = self.identity()?;
        if card.entry.origin != identity.origin {
            return Err(Code::OtherDeployment.into());
        }
        let authority = one_key(&identity.trust, &identity.origin, KeyRole::Authority)
            .ok_or(Code::TrustMismatch)?;
        card.note
            .verify_by(&authority)
            .map_err(|error| Problem::because(Code::NotThisCode, error))?;
        let vault = self.open_vault()?;
        if vault
            .officers()
            .iter()
            .any(|slot| slot.id == card.record.id)
        {
            return Err(Code::OfficerEnrolled.into());
        }
        let known = self.guests();
        if known.len() >= MOST_GUESTS && !known.iter().any(|guest| guest.id == card.record.id) {
            return Err(Code::TooManyOfficers.into());
        }
        self.keep_officer(&vault, &card.record)?;
        Ok(guest_view(&card.record))
    }

    /// Officers of other tablets whose cards were read here; none while locked.
    pub fn guests(&self) -> Vec<OfficerRecord> {
        let Ok(vault) = self.open_vault() else {
            return Vec::new();
        };
        let here = vault.officers();
        self.read(|c| Ok(officers::list(c)?))
            .unwrap_or_default()
            .into_iter()
            .filter(|record| !here.iter().any(|slot| slot.id == record.id))
            .filter(|record| record.vkey.is_some() && record.entry.is_some())
            .collect()
    }

    /// The record of an officer whose key lies on this tablet.
    pub(crate) fn own_officer(&self, officer: &str) -> Result<Option<OfficerRecord>, Problem> {
        if !self
            .vault()?
            .officers()
            .iter()
            .any(|slot| slot.id == officer)
        {
            return Ok(None);
        }
        self.read(|c| Ok(officers::get(c, officer)?))
    }

    /// What the other tablet is to sign. Closes the draft if it is open.
    pub fn cosign_ask(&self, id: &str, officer: &str) -> Result<CosignAskView, Problem> {
        let packet = packet_id(id)?;
        if !self.guests().iter().any(|guest| guest.id == officer) {
            return Err(Code::UnknownOfficer.into());
        }
        match self.read(|c| Ok(drafts::get(c, packet)?.map(|draft| draft.stage)))? {
            Some(drafts::Stage::Open) => self.close(packet, officer, None)?,
            Some(drafts::Stage::Closed) => {}
            _ => return Err(Code::NotFound.into()),
        }
        let name = KeyName::officer(&self.identity()?.origin, officer);
        let challenge = self.read(|c| {
            let draft = drafts::get(c, packet)?.ok_or(Code::NotFound)?;
            let closing = sealing::closed(c, packet)?.ok_or(Code::DraftNotClosed)?;
            if !named_officers(&closing)
                .iter()
                .any(|named| named == officer)
            {
                return Err(Code::OfficerNotNamed.into());
            }
            let signed = sealing::signatures(c, packet)?;
            if signed.iter().any(|made| made.key_name == name) {
                return Err(Code::AlreadySigned.into());
            }
            let items = captures::of_draft(c, packet)?;
            Ok(Challenge {
                officer: name,
                items: items.len() as u64,
                thumbnails: thumbnails(c, &items)?,
                title: title(&draft.facts),
                body: body_text(&closing)?.to_owned(),
            })
        })?;
        Ok(CosignAskView {
            text: challenge.text(),
            items: u32::try_from(challenge.items).unwrap_or(u32::MAX),
            compare: short(&challenge.thumbnails),
        })
    }

    /// What another tablet asks an officer of this one to sign.
    pub fn cosign_read(&self, text: &str) -> Result<CosignView, Problem> {
        let (challenge, officer) = self.challenge(text)?;
        let seal = challenge.seal().ok_or(Code::NotThisCode)?;
        Ok(CosignView {
            officer,
            packet: seal.packet.to_string(),
            title: challenge.title,
            items: u32::try_from(challenge.items).unwrap_or(u32::MAX),
            captures: seal.captures.to_string(),
            closed_at: seal.closed_at.to_string(),
            compare: short(&challenge.thumbnails),
        })
    }

    /// Signs it with the officer's PIN; gives the answer for the other tablet's camera.
    pub fn cosign_sign(&self, text: &str, officer: &str, pin: &str) -> Result<CodeView, Problem> {
        let (challenge, asked) = self.challenge(text)?;
        if asked != officer {
            return Err(Code::OtherOfficer.into());
        }
        let seal = challenge.seal().ok_or(Code::NotThisCode)?;
        let signer = self.officer_signer(officer, pin)?;
        let line = sign_line(&*signer, &challenge.body)
            .map_err(|error| Problem::because(Code::KeyMissing, error))?;
        let kept = Kept {
            packet: seal.packet,
            text_sha256: Sha256Digest::of(challenge.body.as_bytes()),
            officer: officer.to_owned(),
            title: challenge.title,
            items: challenge.items,
            captures: seal.captures.to_string(),
            closed_at: seal.closed_at,
            compare: short(&challenge.thumbnails),
            signed_at: self.platform.now(),
        };
        // Before anybody can see the answer.
        self.write(|tx| kept::keep(tx, &kept))?;
        let answer = Answer {
            packet: seal.packet,
            line,
        };
        Ok(CodeView {
            text: answer.text(),
        })
    }

    /// What this tablet's officers have signed for other tablets, newest first.
    pub fn cosigned(&self) -> Result<Vec<CosignedView>, Problem> {
        let mut kept = self.read(|c| kept::newest(c, MOST_SHOWN))?;
        kept.truncate(MOST_SHOWN);
        Ok(kept
            .into_iter()
            .map(|kept| CosignedView {
                packet: kept.packet.to_string(),
                text_sha256: kept.text_sha256.to_string(),
                officer: kept.officer,
                title: kept.title,
                items: u32::try_from(kept.items).unwrap_or(u32::MAX),
                captures: kept.captures,
                closed_at: kept.closed_at.to_string(),
                compare: kept.compare,
                signed_at: kept.signed_at.to_string(),
            })
            .collect())
    }

    /// The challenge, and the officer of this tablet who is asked.
    fn challenge(&self, text: &str) -> Result<(Challenge, String), Problem> {
        let challenge = Challenge::parse(text).ok_or(Code::NotThisCode)?;
        let origin = self.identity()?.origin;
        if challenge.seal().is_none_or(|seal| seal.origin != origin) {
            return Err(Code::OtherDeployment.into());
        }
        let asked = self
            .vault()?
            .officers()
            .into_iter()
            .find(|slot| KeyName::officer(&origin, &slot.id) == challenge.officer)
            .ok_or(Code::OtherOfficer)?;
        Ok((challenge, asked.id))
    }

    /// Takes the second officer's line, if it is by the key that the card gave, over this very packet.
    pub fn cosign_take(&self, id: &str, text: &str) -> Result<DraftView, Problem> {
        let packet = packet_id(id)?;
        let answer = Answer::parse(text).ok_or(Code::NotThisCode)?;
        if answer.packet != packet {
            return Err(Code::OtherPacket.into());
        }
        let origin = self.identity()?.origin;
        let guest = self
            .guests()
            .into_iter()
            .find(|guest| KeyName::officer(&origin, &guest.id) == answer.line.name)
            .ok_or(Code::OtherOfficer)?;
        let vkey = guest.vkey.as_deref().map(Vkey::parse);
        let Some(Ok(vkey)) = vkey else {
            return Err(Code::KeyMissing.into());
        };
        self.put_signature(packet, &guest.id, |body| {
            checked(&vkey, &answer.line, body)?;
            Ok(answer.line.clone())
        })?;
        self.draft(packet)
    }
}

/// The line must be by that key over that text.
fn checked(vkey: &Vkey, line: &SignatureLine, body: &str) -> Result<(), Problem> {
    if line.key_id != vkey.key_id() {
        return Err(Code::OtherOfficer.into());
    }
    vkey.verify(body.as_bytes(), &line.signature)
        .map_err(|error| Problem::because(Code::OtherPacket, error))
}

/// Over the thumbnails in their order: `<capture_seq> <sha256 of the JPEG, or none>` a line.
fn thumbnails(c: &Connection, items: &[Capture]) -> Result<Sha256Digest, Problem> {
    let mut lines = String::new();
    for item in items {
        let jpeg = previews::get(c, item.capture_seq, Preview::Thumb)?;
        let digest = jpeg.map_or("none".to_owned(), |jpeg| {
            Sha256Digest::of(&jpeg).to_string()
        });
        lines.push_str(&format!("{} {digest}\n", item.capture_seq));
    }
    Ok(Sha256Digest::of(lines.as_bytes()))
}

/// Eight digits in two groups: what two people compare.
fn short(digest: &Sha256Digest) -> String {
    let digits = digest.to_string().to_uppercase();
    format!("{} {}", &digits[..4], &digits[4..8])
}

pub(crate) fn guest_view(record: &OfficerRecord) -> OfficerView {
    OfficerView {
        id: record.id.clone(),
        name: Some(record.name.clone()),
        badge: record.badge.clone(),
        team: record.team.clone(),
        enrolled: true,
        pin_reset_at: None,
        wait_s: 0,
        guest: true,
    }
}
