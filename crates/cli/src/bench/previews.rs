//! The two previews of a 12-megapixel photo, made as tablet and server make them (a process of its own for each picture), against
//! sharp making the same two in one process.
//!
//! Both run once with one picture and once with several; the difference is what a picture costs, without what starting the
//! program costs. The children are counted. sharp makes the small preview from the large one, which is its cheaper way.

use std::fs::File;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::Context as _;
use fieldseal_device::EngineConfig;

use super::measure::{Cost, Subject, find, interleaved, program, typical};
use super::peers::node_modules;
use super::photos;
use super::table::{Row, mib, ms};

const PICTURES: u32 = 9;
const CPU_GOAL: f64 = 1.0;
const MEMORY_GOAL: f64 = 0.5;

const SHARP: &str = "
const fs = require('fs'), sharp = require('sharp');
const [file, count] = process.argv.slice(1);
const small = (input, side) =>
  sharp(input).rotate().resize(side, side, {fit: 'inside'}).jpeg({quality: 80}).toBuffer();
(async () => {
  for (let n = 0; n < Number(count); n++) {
    await small(await small(fs.readFileSync(file), 1600), 320);
  }
})();
";

/// Measures previews.
pub fn rows(rounds: u32, dir: &Path) -> anyhow::Result<Vec<Row>> {
    let what = "previews (1600 and 320 px) of a 12 MP photo";
    let file = dir.join("photo.jpg");
    std::fs::write(&file, photos::jpeg(4000, 3000, 1)?)?;
    let (Some(node), Some(modules)) = (find("node"), node_modules("sharp")) else {
        let why = "sharp is not installed";
        return Ok(vec![
            Row::missing(format!("{what}: CPU"), Some(CPU_GOAL), why),
            Row::missing(format!("{what}: memory"), Some(MEMORY_GOAL), why),
        ]);
    };
    let ours = |count: u32| {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(["bench", "--work", "previews", "--"])
            .arg(&file)
            .arg(count.to_string());
        program(&mut command, &[0])
    };
    let theirs = |count: u32| {
        let mut command = Command::new(&node);
        command
            .args(["-e", SHARP])
            .arg(&file)
            .arg(count.to_string())
            .env("NODE_PATH", &modules);
        program(&mut command, &[0])
    };
    let each = |run: &dyn Fn(u32) -> anyhow::Result<Cost>| -> anyhow::Result<Cost> {
        let (one, many) = (run(1)?, run(PICTURES)?);
        Ok(Cost {
            cpu_s: (many.cpu_s - one.cpu_s) / f64::from(PICTURES - 1),
            wall_s: (many.wall_s - one.wall_s) / f64::from(PICTURES - 1),
            peak_kib: many.peak_kib,
        })
    };
    let mut subjects: [Subject<'_>; 2] = [Box::new(|_| each(&ours)), Box::new(|_| each(&theirs))];
    let costs = interleaved(rounds, &mut subjects)?;
    drop(subjects);
    let [ours, theirs] = [0, 1].map(|n| costs.get(n).map(|c| typical(c)).unwrap_or_default());
    let (kib, sharp_kib) = (ours.peak_kib.unwrap_or(0), theirs.peak_kib.unwrap_or(0));
    Ok(vec![
        Row::new(
            format!("{what}: CPU, the picture's own process included"),
            ms(ours.cpu_s),
            format!("sharp {}", ms(theirs.cpu_s)),
            ours.cpu_s / theirs.cpu_s,
            Some(CPU_GOAL),
        ),
        Row::new(
            format!("{what}: memory of the largest process"),
            mib(kib),
            format!("sharp {}", mib(sharp_kib)),
            kib as f64 / sharp_kib as f64,
            Some(MEMORY_GOAL),
        ),
    ])
}

/// Our side, in a process of its own: `FILE COUNT`.
pub fn work(arguments: &[String]) -> anyhow::Result<ExitCode> {
    let [file, count] = arguments else {
        anyhow::bail!("which file, and how often?")
    };
    let decoder = EngineConfig::new(".").decoder;
    for _ in 0..count.parse::<u32>()? {
        let mut bytes = File::open(file)?;
        let size = bytes.metadata()?.len();
        let made = decoder.previews(size, &mut bytes);
        made.ok().context("the photo got no preview")?;
    }
    Ok(ExitCode::SUCCESS)
}
