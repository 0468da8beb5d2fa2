//! Bytes under a key that the hardware uses only after a strong biometric.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fieldseal_device::api::ProblemView;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tauri::Wry;
use tauri::plugin::PluginHandle;
use tauri::plugin::mobile::PluginInvokeError;

use super::reason;
use crate::commands::problem;
use crate::native::Prompt;

pub struct UnlockKey(pub PluginHandle<Wry>);

#[derive(Serialize)]
struct Args<'a> {
    alias: &'a str,
    title: &'a str,
    cancel: &'a str,
    bytes: String,
}

#[derive(Deserialize)]
struct Can {
    can: bool,
}

#[derive(Deserialize)]
struct Bytes {
    bytes: String,
}

impl UnlockKey {
    pub fn can(&self) -> bool {
        let said = self.0.run_mobile_plugin::<Can>("can", json!({}));
        said.is_ok_and(|said| said.can)
    }

    pub fn wrap(&self, alias: &str, prompt: &Prompt, plain: &[u8]) -> Result<Vec<u8>, ProblemView> {
        self.ask("wrap", alias, prompt, plain)
    }

    pub fn unwrap(
        &self,
        alias: &str,
        prompt: &Prompt,
        wrapped: &[u8],
    ) -> Result<Vec<u8>, ProblemView> {
        self.ask("unwrap", alias, prompt, wrapped)
    }

    pub fn forget(&self, alias: &str) {
        let args = Args {
            alias,
            title: "",
            cancel: "",
            bytes: String::new(),
        };
        let _ = self
            .0
            .run_mobile_plugin::<serde_json::Value>("forget", args);
    }

    fn ask(
        &self,
        command: &str,
        alias: &str,
        prompt: &Prompt,
        bytes: &[u8],
    ) -> Result<Vec<u8>, ProblemView> {
        let args = Args {
            alias,
            title: &prompt.title,
            cancel: &prompt.cancel,
            bytes: STANDARD.encode(bytes),
        };
        let said: Bytes = self.0.run_mobile_plugin(command, args).map_err(said)?;
        STANDARD.decode(said.bytes).map_err(|_| not_known())
    }
}

fn not_known() -> ProblemView {
    problem("no-biometric", "Unlock with the PIN.")
}

fn said(error: PluginInvokeError) -> ProblemView {
    match reason(&error) {
        Some("refused" | "keystore") => not_known(),
        _ => problem("internal", "The key store did not answer."),
    }
}
