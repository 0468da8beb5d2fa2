use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use fieldseal_packet::Timestamp;
use fieldseal_tlog::note::{P256Signer, Signer as _};
use fieldseal_vault::Secret;

use super::{HardwareKeys, alias, device_signer_like};
use crate::platform::{Boot, Machine, Platform};

/// This machine with a key store: keys under names.
struct WithStore {
    machine: Machine,
    keys: Mutex<BTreeMap<String, [u8; 32]>>,
    lies: bool,
}

impl HardwareKeys for WithStore {
    fn make(&self, alias: &str) -> io::Result<Option<Vec<u8>>> {
        let mut keys = self.keys.lock().unwrap();
        let next = u8::try_from(keys.len() + 40).unwrap();
        keys.entry(alias.to_owned()).or_insert([next; 32]);
        drop(keys);
        self.find(alias)
    }

    fn find(&self, alias: &str) -> io::Result<Option<Vec<u8>>> {
        let keys = self.keys.lock().unwrap();
        Ok(keys.get(alias).map(|scalar| {
            P256Signer::from_scalar("k", scalar)
                .unwrap()
                .vkey()
                .material()
                .to_vec()
        }))
    }

    fn sign(&self, alias: &str, message: &[u8]) -> io::Result<Vec<u8>> {
        let keys = self.keys.lock().unwrap();
        let scalar = if self.lies { &[9; 32] } else { &keys[alias] };
        Ok(P256Signer::from_scalar("k", scalar)
            .unwrap()
            .sign(message)
            .unwrap())
    }
}

impl Platform for WithStore {
    fn now(&self) -> Timestamp {
        self.machine.now()
    }
    fn zone(&self) -> String {
        self.machine.zone()
    }
    fn boot(&self) -> Boot {
        self.machine.boot()
    }
    fn random(&self, bytes: &mut [u8]) -> io::Result<()> {
        self.machine.random(bytes)
    }
    fn free_bytes(&self, dir: &Path) -> Option<u64> {
        self.machine.free_bytes(dir)
    }
    fn battery(&self) -> Option<f64> {
        None
    }
    fn device_model(&self) -> Option<String> {
        None
    }
    fn hardware_keys(&self) -> Option<&dyn HardwareKeys> {
        Some(self)
    }
}

fn store(lies: bool) -> WithStore {
    WithStore {
        machine: Machine::new().unwrap(),
        keys: Mutex::default(),
        lies,
    }
}

#[test]
fn a_key_in_hardware_is_found_again_by_the_secret_alone() {
    let secret = Secret::new([3; 32]);
    let store = store(false);
    let spki = store.make(&alias(&secret)).unwrap().unwrap();
    let vkey = fieldseal_tlog::note::Vkey::p256("o.example/device/t1", &spki).unwrap();
    let platform: Arc<dyn Platform> = Arc::new(store);
    let signer = device_signer_like(&platform, &vkey.to_string(), &secret).unwrap();
    let signature = signer.sign(b"text\n").unwrap();
    assert!(vkey.verify(b"text\n", &signature).is_ok());

    let other = Secret::new([4; 32]);
    assert!(device_signer_like(&platform, &vkey.to_string(), &other).is_err());
    assert_ne!(alias(&secret), alias(&other));
}

#[test]
fn a_key_from_before_the_hardware_signs_on() {
    let secret = Secret::new([5; 32]);
    let kept = P256Signer::from_scalar("o.example/device/t1", &[5; 32]).unwrap();
    let platform: Arc<dyn Platform> = Arc::new(store(false));
    let signer = device_signer_like(&platform, &kept.vkey().to_string(), &secret).unwrap();
    assert_eq!(signer.sign(b"a").unwrap(), kept.sign(b"a").unwrap());
}

#[test]
fn a_signature_that_the_hardware_gets_wrong_is_no_signature() {
    let secret = Secret::new([3; 32]);
    let store = store(true);
    let spki = store.make(&alias(&secret)).unwrap().unwrap();
    let vkey = fieldseal_tlog::note::Vkey::p256("o.example/device/t1", &spki).unwrap();
    let platform: Arc<dyn Platform> = Arc::new(store);
    let signer = device_signer_like(&platform, &vkey.to_string(), &secret).unwrap();
    assert!(signer.sign(b"text\n").is_err());
}
