//! `ui/shared/src/bindings.ts` is made from `src/api.rs`, in this order, and is committed. `UPDATE_BINDINGS=1` rewrites it;
//! otherwise this compares, so that the screens never compile against a shape the engine no longer has.

use std::path::Path;

use fieldseal_device::api::*;
use ts_rs::{Config, TS};

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
        FixInput,
        PartyInput,
        StateView,
        FixView,
        ProblemView,
        DeviceView,
        OfficerView,
        EnrolPreview,
        CheckView,
        LabelView,
        FormView,
        FieldDef,
        ShownIf,
        ChoiceDef,
        CommonDef,
        ShotDef,
        ItemCode,
        DraftSummary,
        DraftView,
        PhotoView,
        PhotoFix,
        SignatureView,
        PacketSummary,
        PacketPage,
        PacketView,
        RecheckView,
        CustodyView,
        UploadsView,
        UploadView,
        TaskView,
        TaskDecision,
    );
    format!("{HEAD}{body}")
}

#[test]
fn the_committed_bindings_are_those_of_the_interface() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/shared/src/bindings.ts");
    let made = typescript();
    if std::env::var_os("UPDATE_BINDINGS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &made).unwrap();
        return;
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == made,
        "ui/shared/src/bindings.ts differs from api.rs; run UPDATE_BINDINGS=1 cargo test -p fieldseal-device --test bindings"
    );
}
