//! The tablet's own key, in Android's key store. Calls wait for the hardware, so nobody makes them on the window's thread.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fieldseal_device::platform::HardwareKeys;
use serde::{Deserialize, Serialize};
use tauri::Wry;
use tauri::plugin::PluginHandle;

use super::refused;

/// More certificates than a maker's chain has.
const MOST_CERTIFICATES: usize = 16;

/// The maker's chains of keys that were seen in this run, by the key.
type Chains = Arc<Mutex<BTreeMap<Vec<u8>, Vec<Vec<u8>>>>>;

#[derive(Clone)]
pub struct DeviceKey {
    handle: PluginHandle<Wry>,
    chains: Chains,
}

#[derive(Serialize)]
struct Alias<'a> {
    alias: &'a str,
}

#[derive(Serialize)]
struct ToSign<'a> {
    alias: &'a str,
    message: String,
}

#[derive(Deserialize)]
struct Found {
    spki: String,
    chain: Vec<String>,
}

#[derive(Deserialize)]
struct Signed {
    signature: String,
}

fn bytes(text: &str) -> io::Result<Vec<u8>> {
    STANDARD.decode(text).map_err(io::Error::other)
}

impl DeviceKey {
    pub fn new(handle: PluginHandle<Wry>) -> Self {
        Self {
            handle,
            chains: Chains::default(),
        }
    }

    fn ask(&self, command: &str, alias: &str) -> io::Result<Option<Vec<u8>>> {
        let found: Option<Found> = self
            .handle
            .run_mobile_plugin(command, Alias { alias })
            .map_err(|problem| refused(&problem))?;
        let Some(found) = found else {
            return Ok(None);
        };
        let spki = bytes(&found.spki)?;
        let chain = found
            .chain
            .iter()
            .take(MOST_CERTIFICATES)
            .map(|certificate| bytes(certificate))
            .collect::<io::Result<Vec<_>>>()?;
        let mut chains = self.chains.lock().unwrap_or_else(PoisonError::into_inner);
        chains.insert(spki.clone(), chain);
        Ok(Some(spki))
    }

    /// The maker's certificates of a key that was made or found in this run; none of any other.
    pub fn certificates(&self, spki: &[u8]) -> Vec<Vec<u8>> {
        let chains = self.chains.lock().unwrap_or_else(PoisonError::into_inner);
        chains.get(spki).cloned().unwrap_or_default()
    }
}

impl HardwareKeys for DeviceKey {
    fn make(&self, alias: &str) -> io::Result<Option<Vec<u8>>> {
        self.ask("make", alias)
    }

    fn find(&self, alias: &str) -> io::Result<Option<Vec<u8>>> {
        self.ask("find", alias)
    }

    fn sign(&self, alias: &str, message: &[u8]) -> io::Result<Vec<u8>> {
        let message = STANDARD.encode(message);
        let signed: Signed = self
            .handle
            .run_mobile_plugin("sign", ToSign { alias, message })
            .map_err(|problem| refused(&problem))?;
        bytes(&signed.signature)
    }
}
