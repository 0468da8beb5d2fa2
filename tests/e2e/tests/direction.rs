//! Who may know whom, as docs/architecture.md draws it. Development dependencies are free: a test may reach across.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};
use fieldseal_e2e::workspace;

/// Each crate and the crates of ours it may depend on. What is not listed here fails: a new crate takes its place.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("fieldseal-tlog", &[]),
    ("fieldseal-wire", &[]),
    ("fieldseal-packet", &["tlog"]),
    ("fieldseal-vault", &["packet", "tlog", "wire"]),
    ("fieldseal-sync", &["packet", "tlog", "wire"]),
    (
        "fieldseal-device",
        &["vault", "sync", "packet", "tlog", "wire"],
    ),
    ("fieldseal-server", &["packet", "tlog", "wire"]),
    (
        "fieldseal-cli",
        &["device", "server", "vault", "packet", "tlog", "wire"],
    ),
    ("fieldseal-tablet", &["device"]),
    ("fieldseal-host", &["device"]),
    ("fieldseal-e2e", &["packet", "tlog"]),
    ("xtask", &[]),
];

/// Libraries that only these crates of ours may name.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("tauri", &["fieldseal-tablet"]),
    ("rusqlite", &["fieldseal-vault", "fieldseal-server"]),
    (
        "axum",
        &[
            "fieldseal-server",
            "fieldseal-host",
            "fieldseal-cli",
            "fieldseal-device",
        ],
    ),
    (
        "reqwest",
        &[
            "fieldseal-device",
            "fieldseal-cli",
            "fieldseal-host",
            "fieldseal-e2e",
        ],
    ),
];

/// Formats and decisions: bytes in, values out. None of these may reach a clock, a disk, a network or randomness.
const PURE: &[&str] = &[
    "fieldseal-tlog",
    "fieldseal-packet",
    "fieldseal-wire",
    "fieldseal-sync",
];
const IMPURE: &[&str] = &[
    "tokio",
    "reqwest",
    "axum",
    "rusqlite",
    "getrandom",
    "rand",
    "tracing",
    "tempfile",
    "anyhow",
    "image",
];

fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(workspace().join("Cargo.toml"))
        .no_deps()
        .exec()
        .expect("cargo metadata describes this workspace")
}

/// Crate → what it names in `[dependencies]` and `[build-dependencies]`.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let named = |package: &cargo_metadata::Package| {
        let lasting = package
            .dependencies
            .iter()
            .filter(|one| one.kind != DependencyKind::Development);
        lasting.map(|one| one.name.clone()).collect()
    };
    metadata()
        .packages
        .iter()
        .map(|package| (package.name.to_string(), named(package)))
        .collect()
}

#[test]
fn crates_know_only_whom_they_may() {
    let all = dependencies();
    for (name, known) in &all {
        let (_, may) = MAY_KNOW.iter().find(|(listed, _)| listed == name).unwrap_or_else(|| {
            panic!("{name} has no place in the direction of the crates yet: give it one here and in docs/architecture.md")
        });
        for other in known.iter().filter(|other| all.contains_key(*other)) {
            let allowed = may
                .iter()
                .any(|short| other == &format!("fieldseal-{short}"));
            assert!(allowed, "{name} must not know {other}");
        }
    }
    assert!(
        all.len() >= 8,
        "the workspace was not read: {:?}",
        all.keys()
    );
}

#[test]
fn libraries_stay_where_they_belong() {
    let all = dependencies();
    for (library, homes) in ONLY_IN {
        for (name, known) in &all {
            assert!(
                !known.contains(*library) || homes.contains(&name.as_str()),
                "{name} must not use {library}"
            );
        }
    }
    for name in PURE {
        for library in IMPURE {
            assert!(
                !all[*name].contains(*library),
                "{name} is free of I/O and must not use {library}"
            );
        }
    }
}
