//! `ui/shared/src/bindings.ts` is made from `src/api.rs`, in this order, and is committed. `UPDATE_BINDINGS=1` rewrites it;
//! otherwise this compares, so that the screens never compile against a shape the engine no longer has.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::path::Path;

use fieldseal_device::api::*;
use fieldseal_device::problem::Code;
use fieldseal_wire::ProblemCode;
use ts_rs::{Config, TS};

const CODES_HEAD: &str = "// Made from crates/device/src/problem.rs and crates/wire/src/problem.rs: UPDATE_BINDINGS=1 cargo test -p fieldseal-device --test bindings\n";
const HEAD: &str = "// Made from crates/device/src/api.rs: UPDATE_BINDINGS=1 cargo test -p fieldseal-device --test bindings\n";

fn declared<T: TS + 'static>(config: &Config) -> String {
    let mut text = String::from("\n");
    if let Some(docs) = T::docs() {
        text.push_str(docs.trim_end());
        text.push('\n');
    }
    text.push_str("export ");
    text.push_str(&T::decl(config));
    text.push('\n');
    text
}

macro_rules! all {
    ($config:expr, $($t:ty),+ $(,)?) => { [$(declared::<$t>($config)),+].concat() };
}

fn typescript() -> String {
    // Numbers stay below 2^53 everywhere in the views, so they are plain numbers on the screen.
    let config = Config::default().with_large_int("number");
    let body = all!(
        &config,
        Request,
        CaptureArgs,
        CaptureView,
        RecordingArgs,
        PieceArgs,
        RecordingView,
        RecordedView,
        FixInput,
        PartyInput,
        StateView,
        CaptureReadyView,
        FixView,
        ProblemView,
        DeviceView,
        OfficerView,
        EnrolPreview,
        ScanView,
        CheckView,
        LabelView,
        FormView,
        FieldDef,
        ShownIf,
        ChoiceDef,
        CommonDef,
        ShotDef,
        ItemCode,
        SectionDef,
        NoteDef,
        HiddenView,
        ViolationView,
        DraftSummary,
        DraftView,
        PhotoView,
        PhotoFix,
        SignatureView,
        PacketSummary,
        PacketPage,
        PacketView,
        RecheckView,
        RetentionView,
        ReclaimView,
        CustodyView,
        UploadsView,
        LeftView,
        UploadView,
        TaskView,
        TaskDecision,
        LeavingView,
        KeysView,
        KeyView,
        OrderView,
        RebuiltView,
        UploadRulesView,
        PinRequestView,
        CodeView,
        CosignAskView,
        CosignView,
        CosignedView,
        RegistersView,
        MapView,
        PointView,
        TicketView,
        NearView,
        FoundView,
        MapPartView,
        PinView,
        ClusterView,
        DraftPlaceView,
        FarView,
    );
    format!("{HEAD}{body}")
}

/// The closed lists of codes, so that a test of the catalogues can ask for a sentence for each.
fn codes() -> String {
    let list = |name: &str, doc: &str, codes: &[String]| {
        let items: String = codes.iter().map(|code| format!("  '{code}',\n")).collect();
        format!("\n/** {doc} */\nexport const {name} = [\n{items}] as const;\n")
    };
    let problems: Vec<String> = Code::ALL
        .iter()
        .map(|code| code.as_str().to_owned())
        .collect();
    let server: Vec<String> = ProblemCode::ALL
        .iter()
        .map(|code| {
            serde_json::to_value(code)
                .unwrap()
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    format!(
        "{CODES_HEAD}{}{}",
        list(
            "problems",
            "What the engine answers a screen when something could not be done.",
            &problems
        ),
        list("serverProblems", "What the server answers.", &server)
    )
}

#[test]
fn the_committed_codes_are_those_of_the_engine_and_the_server() {
    committed("codes.ts", &codes());
}

#[test]
fn the_committed_bindings_are_those_of_the_interface() {
    committed("bindings.ts", &typescript());
}

fn committed(file: &str, made: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/shared/src");
    let path = folder.join(file);
    if std::env::var_os("UPDATE_BINDINGS").is_some() {
        std::fs::create_dir_all(folder).unwrap();
        std::fs::write(&path, made).unwrap();
        return;
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == made,
        "ui/shared/src/{file} differs from what the engine says; run UPDATE_BINDINGS=1 cargo test -p fieldseal-device --test bindings"
    );
}

/// The list above is written by hand: what the screens could be answered with and is not on it would be lost at the next making.
#[test]
fn every_shape_of_the_interface_is_on_the_list() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut texts = vec![std::fs::read_to_string(sources.join("api.rs")).unwrap()];
    for entry in std::fs::read_dir(sources.join("api")).unwrap() {
        texts.push(std::fs::read_to_string(entry.unwrap().path()).unwrap());
    }
    let made = typescript();
    let mut shapes = 0;
    for text in &texts {
        for part in text.split("derive(").skip(1) {
            let (derived, rest) = part.split_once(')').unwrap();
            if !derived.split(", ").any(|one| one == "TS") {
                continue;
            }
            let line = rest
                .lines()
                .find(|line| line.starts_with("pub struct ") || line.starts_with("pub enum "))
                .unwrap();
            let name = line.split([' ', '<', '(']).nth(2).unwrap();
            assert!(
                made.contains(&format!("export type {name} ")),
                "{name} is not in bindings.ts"
            );
            shapes += 1;
        }
    }
    assert!(
        shapes > 40,
        "{shapes} shapes were found: the search is broken"
    );
}
