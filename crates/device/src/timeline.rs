//! The custody timeline of a sealed packet, for the screen: the tablet's log to the seal, then what this tablet knows of
//! afterwards, with the steps not yet reached.

use std::collections::BTreeMap;

use fieldseal_packet::bag::packet_folder;
use fieldseal_packet::custody::{self as log, Head};
use fieldseal_packet::{KeyName, KeyRole};
use fieldseal_vault::packets::{self, Packet};
use fieldseal_vault::{custody, officers, sealing};
use rusqlite::Connection;
use serde_json::Value;

use crate::api::CustodyView;
use crate::decisions;
use crate::packets::Way;
use crate::problem::Problem;

/// Longest value of a custody line that a screen gets.
const MAX_PARAM: usize = 200;

/// The custody timeline: the tablet's log to the seal, then what this tablet knows of afterwards.
pub(crate) struct Timeline<'a> {
    pub origin: &'a str,
    pub c: &'a Connection,
}

impl Timeline<'_> {
    pub fn of(
        &self,
        packet: &Packet,
        signatures: &[sealing::Signature],
        way: &Way,
    ) -> Result<Vec<CustodyView>, Problem> {
        // As it was sealed; the lines in the database are the same, unless that had to be made anew.
        let path = format!("{}/data/custody.log", packet_folder(&packet.packet));
        let bytes = match packets::file(self.c, packet.packet, &path)? {
            Some(bytes) => bytes,
            None => custody::lines(self.c, packet.packet)?.concat(),
        };
        let (lines, _) = log::read(&bytes, Head::START);
        let mut views = Vec::with_capacity(lines.len() + signatures.len() + 4);
        for line in lines {
            let actor = match &line.meta.actor {
                Some(key) => self.name(key)?,
                None => Some("device".to_owned()),
            };
            let mut params: BTreeMap<String, String> = line
                .fields
                .iter()
                .filter_map(|(name, value)| Some((name.clone(), param(value)?)))
                .collect();
            // Whether it is a photo, a recording or the party's drawing.
            let source = line.fields.get("context").and_then(|it| it.get("source"));
            if let Some(source) = source.and_then(param) {
                params.insert("source".to_owned(), source);
            }
            views.push(view(&line.meta.at.to_string(), &line.event, actor, params));
        }
        for made in signatures {
            views.push(view(
                &made.at.to_string(),
                "signed",
                self.name(&made.key_name)?,
                Default::default(),
            ));
        }
        let mut sealed = view(
            &packet.sealed_at.to_string(),
            "sealed",
            Some("device".to_owned()),
            Default::default(),
        );
        sealed
            .params
            .insert("digest".to_owned(), packet.digest.to_string());
        views.push(sealed);
        views.extend(self.after(way));
        Ok(views)
    }

    fn after(&self, way: &Way) -> Vec<CustodyView> {
        let server = || Some("server".to_owned());
        let step = |at: Option<String>, event: &str, actor| CustodyView {
            pending: at.is_none(),
            after_seal: true,
            ..view(&at.unwrap_or_default(), event, actor, Default::default())
        };
        let received_at = way
            .receipt
            .as_ref()
            .map(|receipt| receipt.received_at.to_string());
        let mut steps = vec![
            step(received_at.clone(), "received", server()),
            step(received_at, "logged", server()),
            step(way.verified_at.clone(), "safe", Some("device".to_owned())),
        ];
        if let (Some(receipt), Some(logged)) = (&way.receipt, steps.get_mut(1)) {
            logged
                .params
                .insert("leaf_index".to_owned(), receipt.leaf_index.to_string());
        }
        for notice in &way.decisions {
            let actor = notice.reviewer.clone().or_else(server);
            let mut decided = step(
                Some(notice.decided_at.clone()),
                decisions::word(notice.decision),
                actor,
            );
            decided.params.extend(
                notice
                    .reason
                    .clone()
                    .map(|reason| ("reason".to_owned(), reason)),
            );
            steps.push(decided);
        }
        if let Some(at) = &way.reclaimed_at {
            steps.push(step(Some(at.clone()), "removed", Some("device".to_owned())));
        }
        if way.decisions.is_empty() {
            steps.push(step(None, "reviewed", server()));
        }
        steps
    }

    /// An officer's name by the key; the device is `device`.
    fn name(&self, key: &str) -> Result<Option<String>, Problem> {
        let Ok(name) = KeyName::parse(self.origin, key) else {
            return Ok(None);
        };
        Ok(match (name.role, name.id) {
            (KeyRole::Officer, Some(id)) => officers::get(self.c, &id)?
                .map(|officer| officer.name)
                .or(Some(id)),
            (KeyRole::Device, _) => Some("device".to_owned()),
            _ => None,
        })
    }
}

fn view(
    at: &str,
    event: &str,
    actor: Option<String>,
    params: BTreeMap<String, String>,
) -> CustodyView {
    CustodyView {
        at: at.to_owned(),
        event: event.to_owned(),
        actor,
        params,
        after_seal: false,
        pending: false,
    }
}

/// Plain values only; what is nested stays in the log.
fn param(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(yes) => yes.to_string(),
        Value::Array(values) => values
            .iter()
            .filter_map(param)
            .collect::<Vec<_>>()
            .join(", "),
        Value::Null | Value::Object(_) => return None,
    };
    Some(text.chars().take(MAX_PARAM).collect())
}
