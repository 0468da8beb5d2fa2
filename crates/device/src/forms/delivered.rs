//! Forms that the server delivers: asked for after a heartbeat, checked, kept in the outbox, used from then on without a
//! network. The outbox is encrypted and open since the first unlock; before it the built-in forms alone are known.
//!
//! What does not have the digest that the list says, does not read strictly, or is not what it says it is, is refused and
//! told in the self-check; the form before stays. A version never goes back. List and form are one transaction: a crash
//! leaves the forms of before.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};

use fieldseal_packet::Sha256Digest;
use fieldseal_packet::form::MAX_FORM;
use fieldseal_packet::form::check::{is_id, is_newer};
use fieldseal_vault::outbox;
use fieldseal_wire::forms::{FormList, FormRef};
use serde::{Deserialize, Serialize};

use super::{KnownForm, known};
use crate::api::CheckView;
use crate::check::check;
use crate::core::{Core, lock};
use crate::http::Client;
use crate::problem::{Code, Problem};

/// The list of what is kept, in the outbox.
const LIST: &str = "forms";
/// Most kinds that a server may have.
const MAX_KINDS: usize = 200;

/// One kind as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    kind: String,
    /// Its form's bytes are in the outbox.
    form: bool,
    retired: bool,
}

fn place(kind: &str) -> String {
    format!("form/{kind}")
}

/// A form that was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    pub kind: String,
    pub version: String,
    /// `digest`, `unreadable`, `another` or `same-version`.
    pub why: &'static str,
}

/// What is known.
pub(crate) struct Forms {
    all: Vec<Arc<KnownForm>>,
    /// What is kept has been looked at in this run.
    taken_up: bool,
    refused: Vec<Refused>,
    /// Digests of what was refused: not asked for again in this run.
    bad: BTreeSet<Sha256Digest>,
}

impl Forms {
    pub fn built_in() -> Self {
        Self {
            all: known(),
            taken_up: false,
            refused: Vec::new(),
            bad: BTreeSet::new(),
        }
    }
}

/// Built-in forms, and what is kept in their place or behind them.
fn together(kept: &[Kept], form: impl Fn(&str) -> Option<Arc<KnownForm>>) -> Vec<Arc<KnownForm>> {
    let mut all = known();
    for Kept {
        kind,
        form: has_form,
        retired,
    } in kept
    {
        let at = all.iter().position(|known| known.form.kind == *kind);
        let delivered = (*has_form).then(|| form(kind)).flatten();
        let newest = match (at.map(|at| all[at].clone()), delivered) {
            (Some(old), Some(new)) if !is_newer(&new.form.version, &old.form.version) => old,
            (_, Some(new)) => new,
            (Some(old), None) => old,
            (None, None) => continue,
        };
        let newest = Arc::new(KnownForm {
            offered: !retired,
            ..(*newest).clone()
        });
        match at {
            Some(at) => all[at] = newest,
            None => all.push(newest),
        }
    }
    all
}

/// Takes a form, or says why not.
fn accepted(said: &FormRef, bytes: &[u8]) -> Result<KnownForm, &'static str> {
    if bytes.len() > MAX_FORM || Sha256Digest::of(bytes).to_string() != said.sha256 {
        return Err("digest");
    }
    let form = KnownForm::read(bytes).map_err(|error| {
        tracing::warn!(%error, "a form from the server does not read");
        "unreadable"
    })?;
    if form.form.kind != said.kind || form.form.version != said.version {
        return Err("another");
    }
    Ok(form)
}

impl Core {
    /// All known forms, in the order shown.
    pub fn kinds(&self) -> Vec<Arc<KnownForm>> {
        let forms = self.forms.read().unwrap_or_else(PoisonError::into_inner);
        forms.all.clone()
    }

    /// Says whether other forms are known than before.
    pub fn forms_mark(&self) -> String {
        let mut text = String::new();
        for known in self.kinds() {
            text.push_str(&format!("{}{}", known.sha256, known.offered));
        }
        let mut mark = Sha256Digest::of(text.as_bytes()).to_string();
        mark.truncate(16);
        mark
    }

    /// Asks the server which forms there are, and for those that are newer than what is known.
    pub async fn fetch_forms(
        self: &Arc<Self>,
        client: &Client,
        token: &str,
    ) -> Result<(), Problem> {
        let list = client.forms(token).await?;
        let mut fetched = Vec::new();
        for said in self.wanted(&list) {
            fetched.push((said.clone(), client.form(&said.sha256, token).await?));
        }
        let this = self.clone();
        tokio::task::spawn_blocking(move || this.keep_forms(&list, &fetched))
            .await
            .map_err(|error| Problem::because(Code::Internal, error))?
    }

    fn wanted(&self, list: &FormList) -> Vec<FormRef> {
        let forms = self.forms.read().unwrap_or_else(PoisonError::into_inner);
        let is_wanted = |said: &&FormRef| {
            let Ok(digest) = said.sha256.parse::<Sha256Digest>() else {
                return false;
            };
            let old = forms.all.iter().find(|known| known.form.kind == said.kind);
            !forms.bad.contains(&digest)
                && is_id(&said.kind)
                && old.is_none_or(|old| is_newer(&said.version, &old.form.version))
        };
        let first = list.forms.iter().take(MAX_KINDS);
        first.filter(is_wanted).cloned().collect()
    }

    /// Keeps what is good of it. Gives nothing back: what was refused is in the self-check.
    fn keep_forms(&self, list: &FormList, fetched: &[(FormRef, Vec<u8>)]) -> Result<(), Problem> {
        let vault = self.vault()?;
        let old = vault.outbox_read(kept)?;
        let mut refused = Vec::new();
        let mut bad = BTreeSet::new();
        let mut new: Vec<(&str, &[u8])> = Vec::new();
        let mut next: Vec<Kept> = Vec::new();
        let known = self.kinds();
        for said in list.forms.iter().take(MAX_KINDS) {
            let before = old.iter().find(|kept| kept.kind == said.kind);
            let mut form = before.is_some_and(|kept| kept.form);
            let current = known.iter().find(|known| known.form.kind == said.kind);
            let refuse = |why| Refused {
                kind: said.kind.clone(),
                version: said.version.clone(),
                why,
            };
            if let Some((_, bytes)) = fetched.iter().find(|(of, _)| of == said) {
                match accepted(said, bytes) {
                    Ok(_) => {
                        new.push((&said.kind, bytes));
                        form = true;
                    }
                    Err(why) => {
                        refused.push(refuse(why));
                        // Other bytes than those named may have been cut off on their way.
                        if why != "digest" {
                            bad.extend(said.sha256.parse::<Sha256Digest>().ok());
                        }
                    }
                }
            } else if current.is_some_and(|known| {
                known.form.version == said.version && known.sha256.to_string() != said.sha256
            }) {
                refused.push(refuse("same-version"));
            }
            if is_id(&said.kind) && !next.iter().any(|kept| kept.kind == said.kind) {
                next.push(Kept {
                    kind: said.kind.clone(),
                    form,
                    retired: said.retired,
                });
            }
        }
        // What the server no longer names stays: it may be another server's database, and offline nobody could ask.
        next.extend(
            old.iter()
                .filter(|kept| !list.forms.iter().any(|said| said.kind == kept.kind))
                .cloned(),
        );
        next.truncate(MAX_KINDS);
        {
            let mut forms = self.forms.write().unwrap_or_else(PoisonError::into_inner);
            let again = |refused: &Refused| {
                let same =
                    |said: &&FormRef| said.kind == refused.kind && said.version == refused.version;
                list.forms.iter().any(|said| same(&said))
                    && !new.iter().any(|(kind, _)| *kind == refused.kind)
            };
            forms.refused.retain(again);
            forms.refused.retain(|old| !refused.contains(old));
            forms.refused.extend(refused);
            forms.bad.extend(bad);
        }
        if next == old && new.is_empty() {
            return Ok(());
        }
        let stored =
            serde_json::to_vec(&next).map_err(|error| Problem::because(Code::Internal, error))?;
        vault.outbox_write(|tx| {
            for (kind, bytes) in &new {
                outbox::put_fact(tx, &place(kind), bytes)?;
            }
            Ok::<_, Problem>(outbox::put_fact(tx, LIST, &stored)?)
        })?;
        // While locked, drafts can't be told which form they have: at the next unlock then.
        if self.open_vault().is_ok() {
            self.take_up_forms()?;
        }
        Ok(())
    }

    /// Begins to use what is kept; needs the vault open. Drafts that are open keep the form they have.
    pub fn take_up_forms(&self) -> Result<(), Problem> {
        let first = !self
            .forms
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .taken_up;
        if !first {
            self.pin_forms()?;
        }
        let desk = lock(&self.desk);
        let vault = self.open_vault()?;
        let all = vault.outbox_read(|c| {
            let kept = kept(c)?;
            let form = |kind: &str| {
                let bytes = outbox::fact(c, &place(kind)).ok().flatten()?;
                KnownForm::read(&bytes).ok().map(Arc::new)
            };
            Ok::<_, Problem>(together(&kept, form))
        })?;
        {
            let mut forms = self.forms.write().unwrap_or_else(PoisonError::into_inner);
            forms.all = all;
            forms.taken_up = true;
        }
        drop(desk);
        self.pin_forms()
    }

    /// What a server offered and could not be taken.
    pub(crate) fn check_forms(&self) -> CheckView {
        let forms = self.forms.read().unwrap_or_else(PoisonError::into_inner);
        let offered = forms.all.iter().filter(|known| known.offered).count();
        match forms.refused.first() {
            Some(Refused { kind, version, .. }) => check(
                "forms",
                "look",
                "refused",
                &[("kind", kind.clone()), ("version", version.clone())],
            ),
            None => check("forms", "ok", "ok", &[("kinds", offered.to_string())]),
        }
    }
}

/// What is kept; what does not read is asked for again.
fn kept(c: &rusqlite::Connection) -> Result<Vec<Kept>, Problem> {
    let stored = outbox::fact(c, LIST)?;
    Ok(stored
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const WASTE: &str = include_str!("../../../packet/forms/more/waste-sorting.json");

    fn named(text: &str) -> FormRef {
        let form = KnownForm::read(text.as_bytes()).unwrap();
        FormRef {
            kind: form.form.kind,
            version: form.form.version,
            sha256: Sha256Digest::of(text.as_bytes()).to_string(),
            retired: false,
        }
    }

    fn kinds(kept: &[Kept], form: &str) -> Vec<(String, String, bool)> {
        let read = |_: &str| KnownForm::read(form.as_bytes()).ok().map(Arc::new);
        together(kept, read)
            .iter()
            .map(|known| {
                (
                    known.form.kind.clone(),
                    known.form.version.clone(),
                    known.offered,
                )
            })
            .collect()
    }

    #[test]
    fn a_form_is_taken_only_if_it_is_what_the_list_says() {
        let said = named(WASTE);
        assert!(accepted(&said, WASTE.as_bytes()).is_ok());
        let other = WASTE.replace("1.0.0", "1.0.1");
        assert_eq!(accepted(&said, other.as_bytes()).unwrap_err(), "digest");
        let broken = WASTE.replace("\"at-most\"", "\"utmost\"");
        let said_of = |text: &str| FormRef {
            sha256: Sha256Digest::of(text.as_bytes()).to_string(),
            ..said.clone()
        };
        assert_eq!(
            accepted(&said_of(&broken), broken.as_bytes()).unwrap_err(),
            "unreadable"
        );
        assert_eq!(
            accepted(&said_of(&other), other.as_bytes()).unwrap_err(),
            "another"
        );
    }

    #[test]
    fn what_is_kept_stands_in_the_place_of_what_is_built_in() {
        let kept = |kind: &str, form, retired| Kept {
            kind: kind.to_owned(),
            form,
            retired,
        };
        let all = kinds(
            &[
                kept("waste-sorting", true, false),
                kept("billboard", false, true),
            ],
            WASTE,
        );
        assert_eq!(all.len(), 4);
        assert_eq!(all[2], ("billboard".to_owned(), "1.1.0".to_owned(), false));
        assert_eq!(all[3].0, "waste-sorting");
        let billboard = include_str!("../../../packet/forms/billboard.json");
        let newer = billboard.replacen("1.1.0", "1.2.0", 1);
        assert_eq!(
            kinds(&[kept("billboard", true, false)], &newer)[2].1,
            "1.2.0"
        );
        let older = billboard.replacen("1.1.0", "1.0.9", 1);
        assert_eq!(
            kinds(&[kept("billboard", true, false)], &older)[2].1,
            "1.1.0"
        );
    }
}
