use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fieldseal_vault::{Birth, KdfParams, NewOfficer, Secret, Vault, VaultConfig};

use super::is_plain;
use crate::api::CaptureArgs;
use crate::platform::Machine;
use crate::{Engine, EngineConfig};

const NAME: &str = "1764000000000-1f6e.jpg";

/// A locked tablet whose camera hands over files.
fn tablet(dir: &Path) -> (Engine, PathBuf) {
    let (vault, folder) = (dir.join("vault"), dir.join("handover"));
    fs::create_dir_all(&folder).unwrap();
    if !vault.exists() {
        let config = VaultConfig::new(Arc::new(|bytes: &mut [u8]| {
            bytes.fill(7);
            Ok(())
        }));
        let birth = Birth {
            officer: NewOfficer {
                id: "lead".to_owned(),
                badge: "1".to_owned(),
                name: "甲".to_owned(),
                team: None,
                pin: "246810".to_owned().into(),
                seed: Secret::new([1; 32]),
            },
            device_seed: Secret::new([2; 32]),
            recovery_key: None,
            plain: serde_json::Value::Null,
        };
        drop(Vault::create(&vault, birth, config.with_kdf(KdfParams::FOR_TESTS)).unwrap());
    }
    let mut config = EngineConfig::new(&vault);
    config.handover = Some(folder.clone());
    let engine = Engine::open(config, Arc::new(Machine::new().unwrap())).unwrap();
    (engine, folder)
}

fn segments(dir: &Path) -> usize {
    fs::read_dir(dir.join("vault/inbox")).unwrap().count()
}

fn camera() -> CaptureArgs {
    CaptureArgs {
        source: "camera".to_owned(),
        ..CaptureArgs::default()
    }
}

#[test]
fn a_photo_is_taken_over_and_its_file_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, folder) = tablet(dir.path());
    let path = folder.join(NAME);
    fs::write(&path, b"a photo").unwrap();
    let view = engine.capture_handed(&camera(), &path).unwrap();
    assert_eq!(view.capture_seq, 1);
    assert_eq!(
        view.sha256,
        fieldseal_packet::Sha256Digest::of(b"a photo").to_string()
    );
    assert!(!path.exists());
    assert_eq!(segments(dir.path()), 1);
    let again = engine.capture_handed(&camera(), &path).unwrap_err();
    assert_eq!(again.code, "bad-request", "there is nothing any more");
}

#[test]
fn nothing_from_elsewhere_is_taken() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, folder) = tablet(dir.path());
    let outside = dir.path().join("outside.jpg");
    fs::write(&outside, b"a secret").unwrap();
    fs::create_dir(folder.join("below")).unwrap();
    fs::create_dir(folder.join("a-folder.jpg")).unwrap();
    fs::write(folder.join("below/photo.jpg"), b"x").unwrap();
    fs::write(folder.join("unfinished.part"), b"x").unwrap();
    fs::write(folder.join(".hidden.jpg"), b"x").unwrap();
    let mut wrong = vec![
        outside.clone(),
        folder.join("../outside.jpg"),
        folder.join("below/photo.jpg"),
        folder.join("a-folder.jpg"),
        folder.join("unfinished.part"),
        folder.join(".hidden.jpg"),
        folder.join("not-there.jpg"),
        folder.clone(),
        PathBuf::from(NAME),
        PathBuf::new(),
        PathBuf::from("/"),
    ];
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&outside, folder.join("link.jpg")).unwrap();
        wrong.push(folder.join("link.jpg"));
    }
    for path in wrong {
        let refused = engine.capture_handed(&camera(), &path).unwrap_err();
        assert_eq!(refused.code, "bad-request", "{}", path.display());
    }
    assert_eq!(segments(dir.path()), 0);
    assert_eq!(fs::read(&outside).unwrap(), b"a secret");
}

#[test]
fn a_tablet_without_such_a_folder_takes_none() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, folder) = tablet(dir.path());
    drop(engine);
    fs::write(folder.join(NAME), b"a photo").unwrap();
    let config = EngineConfig::new(dir.path().join("vault"));
    let engine = Engine::open(config, Arc::new(Machine::new().unwrap())).unwrap();
    let refused = engine.capture_handed(&camera(), &folder.join(NAME));
    assert_eq!(refused.unwrap_err().code, "bad-request");
    assert_eq!(engine.take_what_was_left(), 0);
}

#[test]
fn what_a_stop_left_is_taken_in_at_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, folder) = tablet(dir.path());
    drop(engine);
    fs::write(folder.join(NAME), b"a photo").unwrap();
    fs::write(folder.join("1764000000001-2a.part"), b"half a ph").unwrap();
    fs::write(folder.join("1764000000002-3b.part"), b"").unwrap();
    fs::write(folder.join("of another.txt"), b"left alone").unwrap();
    let (engine, _) = tablet(dir.path());
    assert_eq!(engine.take_what_was_left(), 2);
    assert_eq!(segments(dir.path()), 2);
    let names: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["of another.txt"], "what is not the camera's stays");
    assert_eq!(engine.take_what_was_left(), 0);
}

#[test]
fn what_cannot_be_taken_in_stays() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("handover");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(NAME), b"a photo").unwrap();
    let mut config = EngineConfig::new(dir.path().join("vault"));
    config.handover = Some(folder.clone());
    // Not enrolled: there is no key to encrypt to.
    let engine = Engine::open(config, Arc::new(Machine::new().unwrap())).unwrap();
    assert_eq!(engine.take_what_was_left(), 0);
    assert_eq!(fs::read(folder.join(NAME)).unwrap(), b"a photo");
}

#[test]
fn names_are_plain() {
    for name in [NAME, "a.part", "CameraX1.tmp"] {
        assert!(is_plain(name), "{name}");
    }
    let long = format!("{}.jpg", "a".repeat(101));
    for name in [
        "", ".jpg", "jpg", "a.b.jpg", "a/b.jpg", "a b.jpg", "a.png", "照.jpg", &long,
    ] {
        assert!(!is_plain(name), "{name}");
    }
}

/// Marks the tablet as retired, as a heartbeat's answer would; nothing here looks at the signature again.
fn retire(engine: &Engine) {
    crate::core::lock(&engine.core.live).retired_at =
        Some(fieldseal_packet::Timestamp::from_millis(1_795_000_000_000));
}

#[test]
fn a_photo_that_lies_there_keeps_a_retired_tablet_from_being_emptied() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, folder) = tablet(dir.path());
    let core = &engine.core;
    core.vault()
        .unwrap()
        .unlock("lead", "246810", &core.moment())
        .unwrap();
    fs::write(folder.join("1764000000003-4c.part"), b"half a ph").unwrap();
    fs::write(folder.join("1764000000004-5d.part"), b"").unwrap();
    fs::write(folder.join(NAME), b"a photo").unwrap();
    assert_eq!(core.holds().unwrap().waiting, 2, "counted, and left alone");
    assert!(folder.join(NAME).exists());

    retire(&engine);
    let refused = engine.capture_handed(&camera(), &folder.join(NAME));
    assert_eq!(refused.unwrap_err().code, "retired");
    let holds = core.holds().unwrap();
    assert!(!folder.join(NAME).exists(), "taken in, though retired");
    assert_eq!(holds.drafts + holds.waiting, 2, "{holds:?}");
    assert_eq!(core.empty().unwrap_err().code().as_str(), "not-all-safe");
    assert!(folder.join("1764000000003-4c.part").exists());
    drop(engine);

    // The next start takes the half one in as well.
    let (engine, _) = tablet(dir.path());
    retire(&engine);
    assert_eq!(engine.take_what_was_left(), 1);
    assert_eq!(engine.core.lies_handed_over().unwrap(), 0);
}

#[test]
fn emptying_takes_the_map_and_what_lies_beside_the_vault_along() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, _) = tablet(dir.path());
    drop(engine);
    let (vault, beside) = (dir.path().join("vault"), dir.path().join("biometric"));
    fs::create_dir_all(vault.join("map")).unwrap();
    fs::create_dir_all(&beside).unwrap();
    fs::write(beside.join("lead"), b"a wrapped PIN").unwrap();
    for name in ["map.json", "00ff.pmtiles", "00ff.part"] {
        fs::write(vault.join("map").join(name), b"{}").unwrap();
    }
    let open = || {
        let mut config = EngineConfig::new(&vault);
        config.beside = vec![beside.clone()];
        Engine::open(config, Arc::new(Machine::new().unwrap())).unwrap()
    };
    let engine = open();
    assert!(vault.join("map/map.json").exists() && beside.exists());
    let core = &engine.core;
    core.vault()
        .unwrap()
        .unlock("lead", "246810", &core.moment())
        .unwrap();
    core.empty().unwrap();
    assert!(!vault.join("map").exists() && !beside.exists());
    assert!(!vault.join("slots.json").exists());
    drop(engine);
    assert_eq!(
        open().call(crate::api::Request::State).unwrap()["enrolled"],
        false
    );
}
