//! What only some platforms have, as two commands: a camera of their own, and unlocking by a biometric. Android has both; anywhere
//! else each answers the problem `unsupported`, never a pretended success.

use fieldseal_device::api::{CaptureArgs, ProblemView};
use serde::Deserialize;
use serde_json::Value;
use tauri::AppHandle;

use crate::commands::{on_worker, problem};

/// What a screen asks of the platform's camera.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
#[cfg_attr(
    not(target_os = "android"),
    expect(dead_code, reason = "only Android has what they ask for")
)]
pub enum CameraRequest {
    /// → `{}`: there is one. Whether it can be opened now is seen by opening it.
    State,
    /// → `{torch, minZoom, maxZoom}`. Its picture lies behind the page.
    Open,
    /// → null
    Close,
    /// → [`fieldseal_device::api::CaptureView`]: the photo is durable.
    Take {
        /// As for a photo's bytes.
        args: CaptureArgs,
    },
    /// → null
    Torch { on: bool },
    /// → null
    Zoom { ratio: f64 },
}

/// What the system shows while it asks for a finger or a face.
#[derive(Deserialize)]
#[cfg_attr(
    not(target_os = "android"),
    expect(dead_code, reason = "only Android has what they ask for")
)]
pub struct Prompt {
    pub title: String,
    pub cancel: String,
}

/// What a screen asks of biometric unlocking.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
#[cfg_attr(
    not(target_os = "android"),
    expect(dead_code, reason = "only Android has what they ask for")
)]
pub enum BiometricRequest {
    /// → `{can, kept}`: whether this tablet can, and whether this officer has chosen it.
    State { officer: String },
    /// The PIN is tried, and kept under a key that only a biometric opens. → null
    Keep {
        officer: String,
        pin: String,
        prompt: Prompt,
    },
    /// Opens the vault for looking. Signing still asks for the PIN. → the engine's state
    Unlock { officer: String, prompt: Prompt },
    /// → null
    Forget { officer: String },
}

fn of_the_form<T: serde::de::DeserializeOwned>(request: Value) -> Result<T, ProblemView> {
    serde_json::from_value(request)
        .map_err(|_| problem("bad-request", "This version does not know that request."))
}

/// The platform's own camera.
#[tauri::command]
pub async fn camera(app: AppHandle, request: Value) -> Result<Value, ProblemView> {
    let request: CameraRequest = of_the_form(request)?;
    on_worker(move || answer::camera(&app, request)).await
}

/// Unlocking by the platform's biometrics.
#[tauri::command]
pub async fn biometric(app: AppHandle, request: Value) -> Result<Value, ProblemView> {
    let request: BiometricRequest = of_the_form(request)?;
    on_worker(move || answer::biometric(&app, request)).await
}

#[cfg(not(target_os = "android"))]
mod answer {
    use super::{AppHandle, BiometricRequest, CameraRequest, ProblemView, Value, problem};

    fn unsupported() -> Result<Value, ProblemView> {
        Err(problem("unsupported", "This platform has none."))
    }

    pub fn camera(_: &AppHandle, _: CameraRequest) -> Result<Value, ProblemView> {
        unsupported()
    }

    pub fn biometric(_: &AppHandle, _: BiometricRequest) -> Result<Value, ProblemView> {
        unsupported()
    }
}

#[cfg(target_os = "android")]
mod answer {
    use std::path::{Path, PathBuf};

    use fieldseal_device::api::Request;
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    use serde_json::json;
    use tauri::Manager;

    use super::{AppHandle, BiometricRequest, CameraRequest, ProblemView, Value, problem};
    use crate::android::{Camera, UnlockKey};
    use crate::tablet::Tablet;

    pub fn camera(app: &AppHandle, request: CameraRequest) -> Result<Value, ProblemView> {
        let camera = app.state::<Camera>();
        match request {
            CameraRequest::State => Ok(json!({})),
            CameraRequest::Open => camera.open(),
            CameraRequest::Close => camera.close().map(|()| Value::Null),
            CameraRequest::Torch { on } => camera.torch(on).map(|()| Value::Null),
            CameraRequest::Zoom { ratio } => camera.zoom(ratio).map(|()| Value::Null),
            CameraRequest::Take { args } => {
                let engine = app.state::<Tablet>().engine()?;
                let view = engine.capture_handed(&args, &camera.take()?)?;
                serde_json::to_value(view)
                    .map_err(|_| problem("internal", "The answer could not be written."))
            }
        }
    }

    /// Where an officer's wrapped PIN lies, and the name of its key.
    fn place(app: &AppHandle, officer: &str) -> Result<(PathBuf, String), ProblemView> {
        let folder = app
            .path()
            .app_local_data_dir()
            .map_err(|_| problem("storage-failed", "The tablet's storage failed."))?;
        let name = utf8_percent_encode(officer, NON_ALPHANUMERIC).to_string();
        if !(1..=128).contains(&name.len()) {
            return Err(problem(
                "unknown-officer",
                "No such officer on this tablet.",
            ));
        }
        Ok((
            folder.join("biometric").join(&name),
            format!("fieldseal-unlock-{name}"),
        ))
    }

    fn forget(key: &UnlockKey, file: &Path, alias: &str) -> Result<(), ProblemView> {
        key.forget(alias);
        match std::fs::remove_file(file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(problem("storage-failed", "The tablet's storage failed."))
            }
            _ => Ok(()),
        }
    }

    pub fn biometric(app: &AppHandle, request: BiometricRequest) -> Result<Value, ProblemView> {
        let key = app.state::<UnlockKey>();
        match request {
            BiometricRequest::State { officer } => {
                let kept = place(app, &officer)?.0.is_file();
                Ok(json!({ "can": key.can(), "kept": kept }))
            }
            BiometricRequest::Keep {
                officer,
                pin,
                prompt,
            } => {
                let (file, alias) = place(app, &officer)?;
                let engine = app.state::<Tablet>().engine()?;
                let tried = Request::Unlock {
                    officer,
                    pin: pin.clone(),
                };
                engine.call(tried)?;
                let wrapped = key.wrap(&alias, &prompt, pin.as_bytes())?;
                let store = || {
                    std::fs::create_dir_all(file.parent().unwrap_or(&file))?;
                    std::fs::write(&file, wrapped)
                };
                store().map_err(|_| problem("storage-failed", "The tablet's storage failed."))?;
                Ok(Value::Null)
            }
            BiometricRequest::Unlock { officer, prompt } => {
                let (file, alias) = place(app, &officer)?;
                let no = || problem("no-biometric", "Unlock with the PIN.");
                let wrapped = std::fs::read(&file).map_err(|_| no())?;
                let pin = String::from_utf8(key.unwrap(&alias, &prompt, &wrapped)?);
                let pin = pin.map_err(|_| no())?;
                let opened = app
                    .state::<Tablet>()
                    .engine()?
                    .call(Request::Unlock { officer, pin });
                if opened.as_ref().is_err_and(|it| it.code == "wrong-pin") {
                    // The officer has another PIN by now: not tried again, where each wrong one makes them wait longer.
                    forget(key.inner(), &file, &alias)?;
                }
                opened
            }
            BiometricRequest::Forget { officer } => {
                let (file, alias) = place(app, &officer)?;
                forget(key.inner(), &file, &alias).map(|()| Value::Null)
            }
        }
    }
}
