//! Where the tablet is, by Android's own location manager, with the mark of a simulated place. While this runs, no page
//! is believed that says where it is.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use fieldseal_device::Engine;
use fieldseal_device::api::{FixInput, Request};
use serde::Deserialize;
use serde_json::Value;
use tauri::plugin::PluginHandle;
use tauri::{AppHandle, Manager, Wry};

use super::Watch;

pub struct Place(pub PluginHandle<Wry>);

/// Fixes that wait for the engine; more are left out, newer ones come.
const WAITING: usize = 8;

#[derive(Deserialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
enum Said {
    None {
        none: String,
    },
    Fix {
        latitude: f64,
        longitude: f64,
        accuracy_m: f64,
        altitude_m: Option<f64>,
        heading_deg: Option<f64>,
        at_ms: f64,
        age_ms: f64,
        mock: bool,
        provider: String,
    },
}

impl From<Said> for Request {
    fn from(said: Said) -> Self {
        match said {
            Said::None { none } => Self::NoPosition { reason: none },
            Said::Fix {
                latitude,
                longitude,
                accuracy_m,
                altitude_m,
                heading_deg,
                at_ms,
                age_ms,
                mock,
                provider,
            } => Self::Position {
                fix: FixInput {
                    latitude,
                    longitude,
                    accuracy_m,
                    altitude_m,
                    heading_deg,
                    at_ms,
                    age_ms: Some(age_ms),
                    mock: Some(mock),
                    provider: Some(provider),
                },
            },
        }
    }
}

/// Hands on to the engine what Android says, as long as both live.
pub fn follow(app: &AppHandle, engine: &Arc<Engine>) {
    let (to, from) = sync_channel(WAITING);
    let engine = Arc::downgrade(engine);
    std::thread::spawn(move || hand_on(&from, &engine));
    let app = app.clone();
    // The first question waits for the person's answer.
    std::thread::spawn(move || {
        let watch = Watch::new(move |said: Said| {
            let _ = to.try_send(Request::from(said));
        });
        let _ = app
            .state::<Place>()
            .0
            .run_mobile_plugin::<Value>("watch", watch);
    });
}

fn hand_on(from: &Receiver<Request>, engine: &std::sync::Weak<Engine>) {
    while let Ok(request) = from.recv() {
        let Some(engine) = engine.upgrade() else {
            return;
        };
        // A fix that makes no sense is left out.
        let _ = engine.call(request);
    }
}
