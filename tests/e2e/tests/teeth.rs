//! The planted faults of the campaign (`docs/faults.md`) are nowhere but in the builds that are made to be bitten: no crate
//! turns them on by itself, and the programs that are shipped do not know the word that chooses one.

use std::collections::BTreeSet;
use std::path::Path;

use cargo_metadata::MetadataCommand;
use fieldseal_e2e::{fieldseal, workspace};

const FEATURE: &str = "teeth";
/// The variable that chooses a fault, taken apart so that this file is not what the search finds.
const WORD: [&str; 2] = ["FIELDSEAL", "TOOTH"];

#[test]
fn no_crate_turns_the_planted_faults_on() {
    let metadata = MetadataCommand::new()
        .manifest_path(workspace().join("Cargo.toml"))
        .no_deps()
        .exec()
        .expect("cargo metadata describes this workspace");
    let mut with = BTreeSet::new();
    for package in &metadata.packages {
        let name = package.name.as_str();
        for (feature, turns_on) in &package.features {
            let bites = feature == FEATURE
                || turns_on
                    .iter()
                    .any(|one| one.rsplit('/').next() == Some(FEATURE));
            assert!(
                !bites || feature == FEATURE,
                "{name}: the feature {feature} turns the planted faults on"
            );
            if bites {
                with.insert(name);
            }
        }
        for dependency in &package.dependencies {
            assert!(
                dependency.features.iter().all(|one| one != FEATURE),
                "{name} asks {} for its planted faults",
                dependency.name
            );
        }
    }
    let known = [
        "fieldseal-device",
        "fieldseal-faults",
        "fieldseal-server",
        "fieldseal-sync",
        "fieldseal-vault",
    ];
    assert_eq!(with, BTreeSet::from(known));
}

#[test]
fn the_shipped_programs_have_no_planted_faults() {
    let command = fieldseal().expect("our own program");
    let program = Path::new(command.get_program());
    let word = WORD.join("_");
    for name in ["fieldseal", "fieldseal-tablet"] {
        let path = program.with_file_name(name);
        if name != "fieldseal" && !path.is_file() {
            // The window is built where WebKitGTK is.
            continue;
        }
        let bytes = std::fs::read(&path).expect("the program can be read");
        let found = bytes
            .windows(word.len())
            .any(|part| part == word.as_bytes());
        assert!(!found, "{name} was built with the planted faults");
    }
}
