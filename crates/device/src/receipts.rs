//! What the server says is checked here before it counts: receipts and inclusion proofs against our own bytes, checkpoints
//! against what was seen before, all of them against the keys pinned at enrolment.

use fieldseal_packet::PacketId;
use fieldseal_sync::receipt::{self, OwnCopy};
use fieldseal_tlog::checkpoint::{self, Checkpoint};
use fieldseal_tlog::proof::TlogProof;
use fieldseal_vault::outbox::{self, Seen};

use crate::core::Core;
use crate::log_seen::{Doubt, continues, note, settle};
use crate::problem::{Code, Problem};
use crate::zip::PacketZip;

/// Keeps the server's newest checkpoint. A smaller tree than was seen, another one at the same size, or one that does not
/// continue it is not kept: what was seen stays the witness against it, and the self-check says so.
pub(crate) fn keep_newest(
    core: &Core,
    signed: &[u8],
    tokens: &[(String, String)],
) -> Result<(), Doubt> {
    let keys = core.pinned()?;
    let read = checkpoint::open_by(signed, &keys.log)
        .map_err(|error| Problem::because(Code::ServerAnswer, error))?;
    let newest = core
        .vault()?
        .outbox_read(|c| Ok::<_, Problem>(outbox::newest_seen(c)?))?;
    if newest.is_some_and(|seen| read.size < seen.size) {
        note(core, &read, signed)?;
        return Err(Doubt::Contradicts);
    }
    let seen = continues(core, &read, signed)?;
    keep(core, &read, signed, tokens, seen.as_ref())?;
    Ok(settle(core)?)
}

/// The checkpoint of a proof: it may be older than the newest that was seen, and is then of no more use.
fn keep_from_proof(
    core: &Core,
    read: &Checkpoint,
    signed: &[u8],
    seen: Option<&Seen>,
) -> Result<(), Problem> {
    match seen {
        Some(seen) if read.size <= seen.size => Ok(()),
        _ => keep(core, read, signed, &[], seen),
    }
}

fn keep(
    core: &Core,
    read: &Checkpoint,
    signed: &[u8],
    tokens: &[(String, String)],
    seen: Option<&Seen>,
) -> Result<(), Problem> {
    // The same checkpoint again says that it is still the newest; its tokens are kept.
    let known = seen.filter(|seen| seen.size == read.size && tokens.is_empty());
    let tokens = match known {
        Some(seen) => seen.tokens.clone(),
        None => {
            serde_json::to_value(tokens).map_err(|error| Problem::because(Code::Internal, error))?
        }
    };
    let kept = Seen {
        size: read.size,
        root: read.root,
        checkpoint: known.map_or_else(|| signed.to_vec(), |seen| seen.checkpoint.clone()),
        tokens,
        seen_at: core.platform.now(),
    };
    core.vault()?
        .outbox_write(|tx| Ok(outbox::add_seen(tx, &kept)?))
}

/// Checks receipt and proof against the pinned keys, the bytes here and the log as it was seen, and stores them with the
/// verdict. `Err` inside is the code of the check that failed.
pub(crate) fn verify(
    core: &Core,
    packet: PacketId,
    receipt: &str,
    proof: &str,
) -> Result<Result<(), String>, Doubt> {
    let vault = core.vault()?;
    let keys = core.pinned()?;
    let zip = PacketZip::open(vault.clone(), packet)?;
    let (job, seal) = vault
        .outbox_read(|c| Ok::<_, Problem>((outbox::job(c, packet)?, outbox::seal(c, packet)?)))?;
    let seal = seal.ok_or(Code::NotFound)?;
    // Made while it was sent; after an upload that went on in the middle, every original is read once more.
    let zip_sha256 = match job.and_then(|job| job.zip_sha256) {
        Some(digest) => digest,
        None => zip
            .sha256()
            .map_err(|error| Problem::because(Code::Unreadable, error))?,
    };
    let own = OwnCopy {
        packet,
        seal: &seal,
        zip_sha256,
        zip_size: zip.size(),
    };
    let checked = receipt::check(&keys, own, receipt.as_bytes(), proof.as_bytes());
    // There whenever the receipt was found good.
    let signed = TlogProof::parse(proof.as_bytes()).map(|read| read.checkpoint);
    let signed = signed.unwrap_or_default();
    let checked = match checked {
        Err(error) => Err(error.code()),
        // Signed, and proved in a tree: now whether that is the tree that everybody else sees.
        Ok(word) => match continues(core, &word.checkpoint, &signed) {
            Ok(seen) => Ok((word, seen)),
            Err(doubt) => Err(doubt.code().ok_or(doubt)?),
        },
    };
    let verified_at = checked.is_ok().then(|| core.platform.now());
    vault.outbox_write(|tx| {
        outbox::set_receipt(
            tx,
            packet,
            receipt.as_bytes(),
            proof.as_bytes(),
            verified_at,
        )?;
        if verified_at.is_some() {
            outbox::set_zip_sha256(tx, packet, zip_sha256)?;
        }
        Ok::<_, Problem>(())
    })?;
    match checked {
        Ok((word, seen)) => {
            // Only for the next seal's lower bound: the packet is safe without it.
            let kept = keep_from_proof(core, &word.checkpoint, &signed, seen.as_ref())
                .and_then(|()| settle(core));
            if let Err(problem) = kept {
                tracing::warn!(
                    code = problem.code().as_str(),
                    "a checkpoint could not be kept"
                );
            }
            Ok(Ok(()))
        }
        Err(code) => Ok(Err(code.to_owned())),
    }
}
