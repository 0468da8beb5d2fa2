//! Android: what Kotlin knows and can do, one plugin a capability. The Kotlin lies in `gen/android/app/src/main/java`.
//!
//! No page can call these plugins: the capability file names none of their commands. They serve the engine
//! (`machine`, `place`, `keys`) and the two commands in [`crate::native`].
//!
//! Compiled for Android alone, and type-checked by `./x check-android`; it has not run on a device.

mod camera;
mod keys;
mod machine;
mod place;
mod unlock;

use std::path::PathBuf;
use std::sync::Arc;

use fieldseal_device::Engine;
use fieldseal_device::platform::Platform;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tauri::ipc::{Channel, InvokeResponseBody};
use tauri::plugin::{Builder, PluginHandle, TauriPlugin};
use tauri::{AppHandle, Manager, Wry};

pub use camera::Camera;
pub use unlock::UnlockKey;

/// Where the Kotlin classes are.
const PACKAGE: &str = "cn.fieldseal.tablet";

/// One Kotlin class, kept as what `keep` makes of it.
fn plugin<T: Send + Sync + 'static>(
    name: &'static str,
    class: &'static str,
    keep: fn(PluginHandle<Wry>) -> T,
) -> TauriPlugin<Wry> {
    Builder::<Wry>::new(name)
        .setup(move |app, api| {
            let handle = api.register_android_plugin(PACKAGE, class)?;
            app.manage(keep(handle));
            Ok(())
        })
        .build()
}

/// All of them.
pub fn plugins(builder: tauri::Builder<Wry>) -> tauri::Builder<Wry> {
    builder
        .plugin(plugin(
            "fieldseal-battery",
            "BatteryPlugin",
            machine::Battery,
        ))
        .plugin(plugin("fieldseal-camera", "CameraPlugin", Camera::new))
        .plugin(plugin("fieldseal-clock", "ClockPlugin", machine::Clock))
        .plugin(plugin(
            "fieldseal-connection",
            "ConnectionPlugin",
            machine::Link,
        ))
        .plugin(plugin(
            "fieldseal-device-key",
            "DeviceKeyPlugin",
            keys::DeviceKey::new,
        ))
        .plugin(plugin("fieldseal-location", "LocationPlugin", place::Place))
        .plugin(plugin("fieldseal-unlock-key", "UnlockKeyPlugin", UnlockKey))
}

/// What the engine asks, and the folder in which the camera hands photos over (none when there is no room for one).
pub fn machine(app: &AppHandle) -> std::io::Result<(Arc<dyn Platform>, Option<PathBuf>)> {
    let machine = machine::AndroidMachine::open(app)?;
    Ok((Arc::new(machine), app.state::<Camera>().folder().ok()))
}

/// Once there is an engine and a window: the place for captures to come, and the volume keys as shutters.
pub fn start(app: &AppHandle, engine: &Arc<Engine>) {
    place::follow(app, engine);
    app.state::<Camera>().listen_to_keys(app);
}

/// What Kotlin rejected, without its words: they may hold paths.
fn refused(problem: &tauri::plugin::mobile::PluginInvokeError) -> std::io::Error {
    std::io::Error::other(match reason(problem) {
        Some(code) => format!("Android refused: {code}"),
        None => "Android did not answer".to_owned(),
    })
}

/// The code of what Kotlin rejected, one of a few words of our own.
fn reason(problem: &tauri::plugin::mobile::PluginInvokeError) -> Option<&'static str> {
    let tauri::plugin::mobile::PluginInvokeError::InvokeRejected(rejected) = problem else {
        return None;
    };
    let known = [
        "busy", "closed", "denied", "keystore", "lost", "refused", "storage",
    ];
    let code = rejected.code.as_deref()?;
    known.into_iter().find(|word| *word == code)
}

/// What a plugin's `watch` takes.
#[derive(Serialize)]
struct Watch {
    channel: Channel<InvokeResponseBody>,
}

impl Watch {
    /// `heard` must not block: it is called on Android's own thread. What can't be read is left out.
    fn new<T: DeserializeOwned>(heard: impl Fn(T) + Send + Sync + 'static) -> Self {
        let channel = Channel::new(move |body| {
            if let InvokeResponseBody::Json(text) = body
                && let Ok(said) = serde_json::from_str(&text)
            {
                heard(said);
            }
            Ok(())
        });
        Self { channel }
    }
}
