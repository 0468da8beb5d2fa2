//! Device tokens: a tablet proves that it holds its enrolled key by signing a nonce of ours, and gets an opaque token for a quarter of an hour.
//! Nonces are good once and for a minute; tokens are kept as digests. Both live in memory: after a restart the tablet proves itself again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use fieldseal_tlog::note::Vkey;
use fieldseal_wire::device::AUTH_CONTEXT;
use rusqlite::Connection;
use sha2::{Digest as _, Sha256};

use crate::ambient::{Ambient, Millis, NoRandomness};
use crate::store::{StoreError, keys};

/// Nonces and tokens remembered at most: the oldest go first.
const MOST: usize = 50_000;

/// Challenges given and tokens in use.
#[derive(Default)]
pub struct DeviceTokens {
    nonces: Mutex<HashMap<String, (String, Millis)>>,
    tokens: Mutex<HashMap<[u8; 32], (String, Millis)>>,
}

impl DeviceTokens {
    /// A nonce for this name. Given for any name, so that names can't be probed.
    pub fn challenge(
        &self,
        ambient: &Ambient,
        device: &str,
        lifetime_ms: i64,
    ) -> Result<String, NoRandomness> {
        let nonce = STANDARD.encode(ambient.bytes::<32>()?);
        let now = ambient.now();
        let mut nonces = self.nonces.lock().unwrap_or_else(PoisonError::into_inner);
        make_room(&mut nonces, now);
        nonces.insert(nonce.clone(), (device.to_owned(), now + lifetime_ms));
        Ok(nonce)
    }

    /// Uses a nonce up. True when it was given to this name and is in time.
    pub fn redeem(&self, nonce: &str, device: &str, now: Millis) -> bool {
        let taken = self
            .nonces
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(nonce);
        taken.is_some_and(|(name, expires_at)| name == device && now < expires_at)
    }

    /// A new token, and when it ends.
    pub fn issue(
        &self,
        ambient: &Ambient,
        device: &str,
        lifetime_ms: i64,
    ) -> Result<(String, Millis), NoRandomness> {
        let token = hex::encode(ambient.bytes::<32>()?);
        let now = ambient.now();
        let expires_at = now + lifetime_ms;
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        make_room(&mut tokens, now);
        tokens.insert(
            Sha256::digest(&token).into(),
            (device.to_owned(), expires_at),
        );
        Ok((token, expires_at))
    }

    /// Whose token this is.
    pub fn device_of(&self, token: &str, now: Millis) -> Option<String> {
        let digest: [u8; 32] = Sha256::digest(token).into();
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens
            .get(&digest)
            .filter(|(_, expires_at)| now < *expires_at)
            .map(|(device, _)| device.clone())
    }
}

fn make_room<K: std::hash::Hash + Eq + Clone>(map: &mut HashMap<K, (String, Millis)>, now: Millis) {
    if map.len() < MOST {
        return;
    }
    map.retain(|_, (_, expires_at)| *expires_at > now);
    if map.len() >= MOST {
        let oldest = map
            .iter()
            .min_by_key(|(_, (_, expires_at))| *expires_at)
            .map(|(key, _)| key.clone());
        oldest.map(|key| map.remove(&key));
    }
}

/// The text that a device signs to get a token.
pub fn auth_text(origin: &str, device: &str, nonce: &str) -> String {
    format!("{AUTH_CONTEXT}\n{origin}\n{device}\n{nonce}\n")
}

/// The key by which a device may speak, if it has one: a retired tablet may still hand over what it holds.
pub fn accepted_key(connection: &Connection, device: &str) -> Result<Option<Vkey>, StoreError> {
    let rows = keys::named(connection, device)?;
    let row = rows
        .iter()
        .rev()
        .find(|row| row.kind == "device" && row.status != "revoked");
    row.map(|row| Vkey::parse(&row.vkey).map_err(|_| StoreError::Malformed("vkey")))
        .transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_good_once_for_its_name_and_in_time() {
        let (tokens, ambient) = (DeviceTokens::default(), Ambient::default());
        let now = ambient.now();
        let nonce = tokens.challenge(&ambient, "a", 60_000).unwrap();
        assert!(tokens.redeem(&nonce, "a", now));
        assert!(!tokens.redeem(&nonce, "a", now));
        let nonce = tokens.challenge(&ambient, "a", 60_000).unwrap();
        assert!(!tokens.redeem(&nonce, "b", now));
        assert!(
            !tokens.redeem(&nonce, "a", now),
            "a wrong try uses it up as well"
        );
        let nonce = tokens.challenge(&ambient, "a", 60_000).unwrap();
        assert!(!tokens.redeem(&nonce, "a", now + 120_000));
    }

    #[test]
    fn a_token_ends() {
        let (tokens, ambient) = (DeviceTokens::default(), Ambient::default());
        let (token, expires_at) = tokens.issue(&ambient, "a", 900_000).unwrap();
        assert_eq!(
            tokens.device_of(&token, expires_at - 1).as_deref(),
            Some("a")
        );
        assert_eq!(tokens.device_of(&token, expires_at), None);
        assert_eq!(tokens.device_of("other", 0), None);
    }
}
