//! Which checkpoint an export proves its packet by. The receipt's would do for inclusion; but one that authorities have stamped and witnesses have
//! cosigned says more, and the smallest that holds the leaf says it earliest.

use fieldseal_packet::verify;
use fieldseal_tlog::checkpoint::Checkpoint;
use fieldseal_tlog::merkle::prove_inclusion;
use fieldseal_tlog::note::Note;
use fieldseal_tlog::proof::TlogProof;
use rusqlite::Connection;

use super::ExportError;
use crate::store::cosignatures::cosigned_checkpoint_for;
use crate::store::log::Hashes;
use crate::store::stamps::{self, Token};
use crate::witnesses::with_cosignatures;

/// The proof of a leaf by the best checkpoint there is, and the tokens over that one.
pub struct Head {
    /// Inclusion, with the checkpoint and the lines of all who have cosigned it.
    pub proof: TlogProof,
    /// Timestamp responses over its text.
    pub tokens: Vec<Token>,
}

/// What tokens are called in an export.
pub struct Files(Vec<String>);

impl Files {
    /// Behind this stem: `data/receipt/checkpoint` of the packet's own checkpoint.
    pub fn of(tokens: &[Token], stem: &str) -> Self {
        let path = |token: &Token| format!("{stem}.{}.tsr", token.stem());
        Self(tokens.iter().map(path).collect())
    }

    /// The same tokens as a verifier takes them.
    pub fn tokens<'a>(&'a self, tokens: &'a [Token]) -> Vec<verify::Token<'a>> {
        let renewed = |token: &Token| {
            let before = token.n.checked_sub(1)?;
            let of = |other: &Token| other.authority == token.authority && other.n == before;
            tokens.iter().position(of)
        };
        self.0
            .iter()
            .zip(tokens)
            .map(|(path, token)| verify::Token {
                path,
                bytes: Some(&token.der),
                renews: renewed(token),
            })
            .collect()
    }
}

/// Chooses: the oldest checkpoint that holds the leaf, is stamped and has cosignatures enough; else the oldest that is stamped; else the oldest with
/// cosignatures enough; else the one that the receipt came with. `enough`: what the trust file asks for.
pub fn choose(
    c: &Connection,
    index: u64,
    receipts: TlogProof,
    enough: u32,
) -> Result<Head, ExportError> {
    let enough = enough.max(1);
    let chosen = match cosigned_checkpoint_for(c, index, enough, true)? {
        Some(both) => Some(both),
        None => match stamps::stamped_checkpoint_for(c, index)? {
            Some(stamped) => Some(stamped.checkpoint),
            None => cosigned_checkpoint_for(c, index, enough, false)?,
        },
    };
    let checkpoint = with_cosignatures(c, chosen.unwrap_or(receipts.checkpoint))?;
    let size = Note::parse(&checkpoint)
        .ok()
        .and_then(|note| Checkpoint::parse(&note.text).ok())
        .map(|read| read.size)
        .ok_or(ExportError::Malformed("checkpoint"))?;
    let hashes =
        prove_inclusion(index, size, &Hashes(c)).map_err(|_| ExportError::Malformed("tree"))?;
    Ok(Head {
        proof: TlogProof {
            index,
            hashes,
            extra: None,
            checkpoint,
        },
        tokens: stamps::tokens(c, size)?,
    })
}
