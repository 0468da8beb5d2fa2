//! The camera, to private storage: Kotlin writes the photo, the engine takes the file over.

use std::path::PathBuf;

use fieldseal_device::api::ProblemView;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tauri::plugin::PluginHandle;
use tauri::plugin::mobile::PluginInvokeError;
use tauri::{AppHandle, Manager, Wry};

use super::{Watch, reason};
use crate::commands::problem;

/// What the screen listens for, wherever a volume key comes from.
const PRESS: &str = "dispatchEvent(new KeyboardEvent('keydown', { key: 'AudioVolumeDown' }))";

pub struct Camera {
    handle: PluginHandle<Wry>,
}

#[derive(Deserialize)]
struct At {
    path: PathBuf,
}

#[derive(Serialize)]
struct Torch {
    on: bool,
}

#[derive(Serialize)]
struct Zoom {
    ratio: f64,
}

impl Camera {
    pub fn new(handle: PluginHandle<Wry>) -> Self {
        Self { handle }
    }

    /// The folder that photos are handed over in.
    pub fn folder(&self) -> Result<PathBuf, ProblemView> {
        let at: At = self
            .handle
            .run_mobile_plugin("folder", json!({}))
            .map_err(said)?;
        Ok(at.path)
    }

    /// → `{torch, minZoom, maxZoom}`. Asks for the permission when it has to.
    pub fn open(&self) -> Result<Value, ProblemView> {
        self.handle
            .run_mobile_plugin("open", json!({}))
            .map_err(said)
    }

    pub fn close(&self) -> Result<(), ProblemView> {
        self.handle
            .run_mobile_plugin("close", json!({}))
            .map_err(said)
    }

    pub fn torch(&self, on: bool) -> Result<(), ProblemView> {
        self.handle
            .run_mobile_plugin("torch", Torch { on })
            .map_err(said)
    }

    pub fn zoom(&self, ratio: f64) -> Result<(), ProblemView> {
        self.handle
            .run_mobile_plugin("zoom", Zoom { ratio })
            .map_err(said)
    }

    /// A photo's path; its bytes are on the disk.
    pub fn take(&self) -> Result<PathBuf, ProblemView> {
        let at: At = self
            .handle
            .run_mobile_plugin("take", json!({}))
            .map_err(said)?;
        Ok(at.path)
    }

    /// A volume key is a press of the shutter, while the camera is open.
    pub fn listen_to_keys(&self, app: &AppHandle) {
        let app = app.clone();
        let watch = Watch::new(move |_: Value| {
            if let Some(window) = app.get_webview_window("main") {
                let _ = window.eval(PRESS);
            }
        });
        let _ = self.handle.run_mobile_plugin::<Value>("keys", watch);
    }
}

fn said(error: PluginInvokeError) -> ProblemView {
    match reason(&error) {
        Some("storage") => problem(
            "not-stored",
            "Not stored; take it again. What was stored before is intact.",
        ),
        Some(word) => {
            let mut view = problem("no-camera", "The camera gives no picture.");
            view.params.insert("why".to_owned(), word.to_owned());
            view
        }
        None => problem("internal", "The camera did not answer."),
    }
}
