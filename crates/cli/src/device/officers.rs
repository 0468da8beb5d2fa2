//! Who may use this tablet: its own enrolment, its officers', the way back in for a forgotten PIN, and the self-check before a patrol.

use std::path::Path;

use anyhow::Context as _;
use fieldseal_device::api::Request;

use super::pin::pin;
use super::{Desk, said, text};
use crate::admin::pins::recovery_key;

impl Desk {
    pub fn enrol(&self, code: &str) -> anyhow::Result<()> {
        let state = self.ask(Request::State)?;
        if state["device"].is_null() {
            let state = self.ask(Request::EnrolDevice {
                text: code.to_owned(),
            })?;
            let id = text(&state["device"], "id").to_owned();
            return self.show(
                &state["device"],
                &[format!(
                    "Tablet {id} is enrolled. Enrol its first officer next."
                )],
            );
        }
        if state["enrolled"] == true {
            self.unlock()?;
        }
        let variable = if state["enrolled"] == true {
            "FIELDSEAL_PIN_2"
        } else {
            "FIELDSEAL_PIN"
        };
        let pin = pin(variable, "the new officer (6 characters or more)")?;
        let officer = self.ask(Request::EnrolOfficer {
            code: code.to_owned(),
            pin,
        })?;
        self.show(
            &officer,
            &[format!(
                "Officer {} (badge {}) is enrolled.",
                text(&officer, "id"),
                text(&officer, "badge")
            )],
        )
    }

    pub fn check(&self) -> anyhow::Result<()> {
        self.unlock()?;
        let checks = self.ask(Request::SelfCheck)?;
        let lines: Vec<String> = checks
            .as_array()
            .into_iter()
            .flatten()
            .map(|check| {
                let params: Vec<String> = check["params"]
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(|(name, value)| format!("{name} {}", value.as_str().unwrap_or_default()))
                    .collect();
                format!(
                    "{:<12} {:<12} {:<16} {}",
                    text(check, "code"),
                    text(check, "level"),
                    text(check, "sentence"),
                    params.join(", ")
                )
            })
            .collect();
        self.show(&checks, &lines)
    }

    pub fn recover(&self, id: &str, file: &Path) -> anyhow::Result<()> {
        let key = recovery_key(file)?;
        let pin = pin(
            "FIELDSEAL_NEW_PIN",
            &format!("{id}, a new one (6 characters or more)"),
        )?;
        self.engine
            .recover(&key, id, &pin)
            .map_err(said)
            .context("the recovery key does not open this vault for this officer")?;
        self.show(
            &serde_json::json!({"officer": id}),
            &[format!(
                "{id} is let in under the new PIN; all evidence is there. Now enrol the officer's new key: fieldseal admin enrol-code officer {id}"
            )],
        )
    }
}
