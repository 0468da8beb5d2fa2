//! What is in the databases, a module a thing. Functions that write take a `&Transaction`, those that read a
//! `&Connection`; the vault hands both out ([`crate::Vault::read`], [`crate::Vault::write`] and their outbox twins).

mod columns;

pub mod captures;
pub mod custody;
pub mod drafts;
mod grams;
pub mod officers;
pub mod outbox;
pub mod packets;
pub mod previews;
pub mod registers;
pub mod sealing;
pub(crate) mod sequence;
pub mod settings;
