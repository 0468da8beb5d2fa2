//! The development timestamp authorities, for `fieldseal demo` and `fieldseal serve --dev-tsa`: two, of different keys, as a
//! deployment has two of different houses.

use std::path::Path;

use anyhow::Context as _;
use fieldseal_dev_tsa::{Authority, AuthorityError, KeyKind, Serving};
use fieldseal_server::stamping;

/// The authorities' ids and keys.
const BOTH: [(&str, KeyKind); 2] = [("dev-a", KeyKind::Rsa), ("dev-b", KeyKind::P256)];
/// Far enough away that nothing is renewed while somebody looks.
const DAYS: u32 = 3650;

/// Starts them with their keys in `folder`.
pub fn authorities(folder: &Path) -> Result<Vec<Serving>, AuthorityError> {
    std::fs::create_dir_all(folder)?;
    BOTH.iter()
        .map(|(id, key)| {
            let authority = Authority::at(&folder.join(id), id, *key, DAYS)?;
            Ok(Serving::start(authority)?)
        })
        .collect()
}

/// What a server is told of them.
pub fn settings(serving: &[Serving]) -> anyhow::Result<Vec<stamping::Authority>> {
    serving
        .iter()
        .zip(BOTH)
        .map(|(serving, (id, _))| {
            Ok(stamping::Authority {
                id: id.to_owned(),
                url: serving.url(),
                roots_pem: Some(
                    serving
                        .authority()
                        .root_pem()
                        .context("the development authority's root can't be read")?,
                ),
            })
        })
        .collect()
}
