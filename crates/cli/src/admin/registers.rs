//! `fieldseal admin import`: registers and the offline map.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use fieldseal_server::admin::{Admin, ImportError};
use fieldseal_wire::registers::Register;
use serde_json::json;

use super::Answer;

/// What is imported.
#[derive(Subcommand)]
pub enum Import {
    /// Register of points from a CSV file: as a whole, or not at all with every wrong line named
    ///
    /// The first line names the columns: number, name, kind, address, compound, team, lat, lon (decimal degrees, WGS-84),
    /// state (open or done), and fact.FIELD for what a form's field begins with; or 编号 名称 类别 地址 小区 街道队 纬度 经度 状态.
    /// UTF-8 or GB18030.
    Points(RegisterArgs),
    /// Register of complaint tickets from a CSV file; tablets are given those that are open
    ///
    /// Columns: number, kind, what, point (a number of the register of points), address, received, due (2026-11-23),
    /// state (open or closed); or 编号 类别 内容 点位 地址 收到 期限 状态.
    Tickets(RegisterArgs),
    /// Offline map for tablets: a PMTiles file (version 3; vector tiles or pictures)
    Map {
        /// File
        file: PathBuf,
        /// Its pictures are shifted as GCJ-02 is: positions are shifted too when they are drawn on it, and nowhere else
        #[arg(long)]
        gcj02: bool,
        /// Whose map it is, to be shown beside it
        #[arg(long)]
        attribution: Option<String>,
    },
}

/// A register's file.
#[derive(clap::Args)]
pub struct RegisterArgs {
    /// File
    file: PathBuf,
    /// Remove what the file does not name
    #[arg(long)]
    replace: bool,
}

pub fn import(admin: &Admin, import: &Import) -> anyhow::Result<Answer> {
    match import {
        Import::Points(args) => register(admin, Register::Points, args),
        Import::Tickets(args) => register(admin, Register::Tickets, args),
        Import::Map {
            file,
            gcj02,
            attribution,
        } => {
            let placed = admin.place_map(file, *gcj02, attribution.clone())?;
            let map = &placed.map;
            let text = format!(
                "{}, {} bytes, sha256 {}\n",
                match placed.news {
                    true => "the map is in place; tablets fetch it while they are online",
                    false => "this map was in place already",
                },
                map.size,
                map.sha256
            );
            Ok(Answer::new(
                text,
                json!({"sha256": map.sha256.to_string(), "size": map.size, "gcj02": map.gcj02, "news": placed.news}),
            ))
        }
    }
}

fn register(admin: &Admin, register: Register, args: &RegisterArgs) -> anyhow::Result<Answer> {
    let done = match admin.import_register(register, &args.file, args.replace) {
        Ok(done) => done,
        Err(ImportError::Lines(problems)) => {
            let mut text: String = problems
                .named
                .iter()
                .map(|problem| format!("{problem}\n"))
                .collect();
            if problems.count > problems.named.len() {
                text.push_str(&format!(
                    "and {} more\n",
                    problems.count - problems.named.len()
                ));
            }
            text.push_str("nothing was imported\n");
            let named: Vec<_> = problems
                .named
                .iter()
                .map(|one| json!({"line": one.line, "column": one.column, "what": one.what}))
                .collect();
            let mut answer = Answer::new(
                text,
                json!({"imported": false, "count": problems.count, "problems": named}),
            );
            answer.code = ExitCode::from(1);
            return Ok(answer);
        }
        Err(error) => return Err(error.into()),
    };
    let text = format!(
        "{} rows: {} new, {} changed, {} removed; tablets are given {} (version {}{})\n",
        done.rows,
        done.added,
        done.changed,
        done.removed,
        done.head.rows,
        done.head.version,
        if done.news { "" } else { ", as before" }
    );
    Ok(Answer::new(
        text,
        json!({
            "imported": true, "rows": done.rows, "added": done.added, "changed": done.changed, "removed": done.removed,
            "offered": done.head.rows, "version": done.head.version, "sha256": done.head.sha256.to_string(), "news": done.news,
        }),
    ))
}
