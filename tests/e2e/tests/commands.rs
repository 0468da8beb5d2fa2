//! The binary's subcommands as the contract lists them.

use fieldseal_e2e::{check, fieldseal, run};

#[test]
fn the_subcommands_are_those_of_the_contract() {
    let help = check(fieldseal().unwrap().arg("--help")).unwrap();
    let listed = help.split("Commands:\n").nth(1).unwrap();
    let words = listed
        .lines()
        .map_while(|line| line.strip_prefix("  ")?.split(' ').next());
    let names: Vec<&str> = words
        .filter(|word| !word.is_empty() && *word != "help")
        .collect();
    assert_eq!(
        names,
        [
            "demo", "serve", "admin", "device", "verify", "witness", "log", "bench"
        ]
    );
    for name in names {
        check(fieldseal().unwrap().args([name, "--help"])).unwrap();
    }
    assert_eq!(
        run(fieldseal().unwrap().arg("no-such-command"))
            .unwrap()
            .code,
        2
    );
}

#[test]
fn bench_prints_ratios() {
    let said = check(fieldseal().unwrap().args([
        "bench",
        "formats",
        "--json",
        "--size-mib",
        "4",
        "--rounds",
        "1",
    ]))
    .unwrap();
    let document: serde_json::Value = serde_json::from_str(&said).unwrap();
    let rows = document["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 3);
    // The processor's clock may tick too slowly for one short round: whether there is a ratio is not asserted.
    let says =
        |row: &serde_json::Value, key: &str| row[key].as_str().is_some_and(|text| !text.is_empty());
    for key in ["what", "ours", "against"] {
        assert!(rows.iter().all(|row| says(row, key)), "{said}");
    }
}
