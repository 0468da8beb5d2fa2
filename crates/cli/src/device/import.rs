//! `fieldseal device import FILE…`: files from a recorder card become one draft. They are evidence as they are; when and
//! where they were made is what they say themselves, and the capture context says `import`.

use std::fs::File;
use std::path::PathBuf;

use anyhow::Context as _;
use fieldseal_device::api::{CaptureArgs, Request};
use serde_json::json;

use super::{Desk, said};

/// Files to take in.
#[derive(clap::Args)]
pub struct Args {
    /// Photos, videos, documents
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Kind of the draft
    #[arg(long, value_name = "KIND", default_value = "illegal-structure")]
    kind: String,
    /// An open draft to add to; a new one when left out
    #[arg(long, value_name = "ID")]
    draft: Option<String>,
}

pub(crate) fn run(desk: &Desk, args: &Args) -> anyhow::Result<()> {
    desk.unlock()?;
    // All of them can be read, or none is taken in.
    let files = args
        .files
        .iter()
        .map(|path| {
            Ok((
                path,
                File::open(path).with_context(|| format!("{} can't be read", path.display()))?,
            ))
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    let draft = match &args.draft {
        Some(id) => desk.ask(Request::Draft { id: id.clone() })?,
        None => desk.ask(Request::DraftOpen {
            kind: args.kind.clone(),
            supplements: None,
        })?,
    };
    let draft = draft["id"]
        .as_str()
        .context("the draft has no id")?
        .to_owned();
    let mut lines = vec![format!("Draft {draft}")];
    let mut items = Vec::new();
    for (path, file) in files {
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let args = CaptureArgs {
            draft: Some(draft.clone()),
            source: "import".to_owned(),
            original_name: name,
            ..CaptureArgs::default()
        };
        let stored = desk
            .engine()
            .capture(args, file)
            .map_err(said)
            .with_context(|| format!("{} was not stored", path.display()))?;
        lines.push(format!("  {}  {}", stored.sha256, path.display()));
        items.push(
            json!({"path": path, "capture_seq": stored.capture_seq, "sha256": stored.sha256}),
        );
    }
    desk.show(&json!({"draft": draft, "items": items}), &lines)
}
