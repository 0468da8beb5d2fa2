//! Who may know whom, as docs/architecture.md draws it. Development dependencies are free: a test may reach across.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};
use fieldseal_e2e::workspace;

/// Each crate and the crates of ours it may depend on. What is not listed here fails: a new crate takes its place.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("fieldseal-tlog", &[]),
    ("fieldseal-wire", &[]),
    ("fieldseal-stamp", &[]),
    ("fieldseal-packet", &["stamp", "tlog"]),
    ("fieldseal-vault", &["packet", "tlog", "wire"]),
    ("fieldseal-sync", &["packet", "tlog", "wire"]),
    // Hostile pictures are decoded the same way at both ends.
    ("fieldseal-picture", &[]),
    // Words and pages: what a report says is handed over.
    ("fieldseal-report", &[]),
    (
        "fieldseal-device",
        &[
            "vault", "sync", "picture", "packet", "stamp", "tlog", "wire",
        ],
    ),
    (
        "fieldseal-server",
        &["picture", "report", "packet", "stamp", "tlog", "wire"],
    ),
    // Workbooks to forms: bytes in, bytes out.
    ("fieldseal-xlsform", &["packet"]),
    // Watches any log, ours like others.
    ("fieldseal-witness", &["tlog"]),
    // A timestamp authority for development: openssl and a loopback port.
    ("fieldseal-dev-tsa", &[]),
    // Sidecars of photos: nothing else rests on them, and they rest on nothing of ours.
    ("fieldseal-c2pa", &[]),
    (
        "fieldseal-cli",
        &[
            "device", "server", "vault", "packet", "stamp", "tlog", "wire", "dev-tsa", "witness",
            "c2pa", "xlsform",
        ],
    ),
    ("fieldseal-tablet", &["device"]),
    ("fieldseal-host", &["device"]),
    ("fieldseal-e2e", &["packet", "tlog", "xlsform"]),
    // The campaigns hold both ends of the line in their hands.
    (
        "fieldseal-faults",
        &[
            "device", "server", "sync", "vault", "packet", "tlog", "wire",
        ],
    ),
    ("xtask", &[]),
];

/// Libraries that only these crates of ours may name.
const ONLY_IN: &[(&str, &[&str])] = &[
    // Its library is large, and no part of the usual program.
    ("c2pa", &["fieldseal-c2pa"]),
    ("tauri", &["fieldseal-tablet"]),
    // No decoder of pictures runs in the process of an engine or a server.
    (
        "image",
        &["fieldseal-picture", "fieldseal-cli", "fieldseal-faults"],
    ),
    // The device carries the vault's transactions about; what is in them is the vault's alone (see below).
    (
        "rusqlite",
        &["fieldseal-vault", "fieldseal-server", "fieldseal-device"],
    ),
    (
        "axum",
        &[
            "fieldseal-server",
            "fieldseal-witness",
            "fieldseal-host",
            "fieldseal-cli",
            "fieldseal-device",
        ],
    ),
    (
        "reqwest",
        &[
            "fieldseal-device",
            // Timestamp authorities are asked by the server.
            "fieldseal-server",
            // A witness looks at the logs that it watches.
            "fieldseal-witness",
            "fieldseal-cli",
            "fieldseal-host",
            "fieldseal-e2e",
        ],
    ),
];

/// Formats and decisions: bytes in, values out. None of these may reach a clock, a disk, a network or randomness.
const PURE: &[&str] = &[
    "fieldseal-tlog",
    "fieldseal-stamp",
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

/// Rust files below a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)
        .expect("a folder of sources")
        .flatten()
    {
        let path = entry.path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

#[test]
fn sql_stands_in_the_vault_and_the_server_alone() {
    let mut seen = 0;
    for crate_name in [
        "tlog", "packet", "wire", "sync", "device", "cli", "vault", "server",
    ] {
        for path in sources(&workspace().join("crates").join(crate_name).join("src")) {
            let text = std::fs::read_to_string(&path).expect("a source file");
            let has_sql = ["SELECT ", "INSERT INTO ", "INSERT OR ", "DELETE FROM "]
                .iter()
                .any(|word| text.contains(word));
            let may = matches!(crate_name, "vault" | "server");
            assert!(may || !has_sql, "{} holds SQL", path.display());
            seen += usize::from(has_sql);
        }
    }
    assert!(seen > 5, "the test does not find the SQL that there is");
}
