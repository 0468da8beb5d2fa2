//! The report for court, read by tools that know nothing of us: poppler's text, fonts and pages, and a reader of QR codes.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use fieldseal_e2e::{check, fieldseal, poppler, sha256sum};

fn only(folder: &Path, start: &str) -> PathBuf {
    let mut found = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.is_dir()
                && path
                    .file_name()
                    .is_some_and(|name| name.to_string_lossy().starts_with(start))
        });
    let one = found.next().unwrap();
    assert!(found.next().is_none(), "more than one {start}");
    one
}

/// What a reader of QR codes finds on the first page.
fn codes(pdf: &Path, into: &Path) -> Vec<String> {
    let page = into.join("page");
    check(
        poppler("pdftoppm")
            .unwrap()
            .args([
                "-png",
                "-gray",
                "-r",
                "200",
                "-f",
                "1",
                "-l",
                "1",
                "-singlefile",
            ])
            .arg(pdf)
            .arg(&page),
    )
    .unwrap();
    let picture = image::open(page.with_extension("png")).unwrap().to_luma8();
    let mut prepared = rqrr::PreparedImage::prepare_from_greyscale(
        usize::try_from(picture.width()).unwrap(),
        usize::try_from(picture.height()).unwrap(),
        |x, y| picture.get_pixel(x as u32, y as u32).0[0],
    );
    prepared
        .detect_grids()
        .iter()
        .filter_map(|grid| Some(grid.decode().ok()?.1))
        .collect()
}

#[test]
fn the_report_says_the_same_to_every_reader() {
    let folder = tempfile::tempdir().unwrap();
    let demo = folder.path().join("demo");
    let mut run = Command::new("timeout");
    run.arg("300").arg(fieldseal().unwrap().get_program());
    check(run.args(["demo", "--dir"]).arg(&demo)).unwrap();
    let chinese = only(&demo, "evidence-");
    let id = chinese
        .file_name()
        .unwrap()
        .to_string_lossy()
        .trim_start_matches("evidence-")
        .to_owned();
    let english = folder.path().join("english");
    check(
        fieldseal()
            .unwrap()
            .args(["admin", "--data"])
            .arg(demo.join("server"))
            .args(["export", "--all", "--lang", "en", "--out"])
            .arg(&english),
    )
    .unwrap();
    // The packet digest, by coreutils.
    let unpacked = folder.path().join("unpacked");
    check(
        Command::new("python3")
            .args(["-m", "zipfile", "-e"])
            .arg(demo.join(format!("packet-{id}.zip")))
            .arg(&unpacked),
    )
    .unwrap();
    let seal = unpacked.join(format!("packet-{id}")).join("seal");
    let digest = check(sha256sum(&seal).unwrap().arg("packet.seal")).unwrap()[..64].to_owned();
    let zip =
        check(sha256sum(&demo).unwrap().arg(format!("packet-{id}.zip"))).unwrap()[..64].to_owned();
    let cases = [
        (
            chinese,
            ["核验结论：已核验", "封存晚于", "入日志早于", "演示队员甲"],
        ),
        (
            only(&english, "evidence-"),
            [
                "Verdict: verified",
                "sealed after",
                "logged before",
                "演示队员甲",
            ],
        ),
    ];
    for (evidence, words) in cases {
        let pdf = evidence.join("data/report.pdf");
        let text = check(poppler("pdftotext").unwrap().arg(&pdf).arg("-")).unwrap();
        let unbroken: String = text.split_whitespace().collect();
        for must in words
            .iter()
            .copied()
            .chain([id.as_str(), &digest, &zip, "VERIFY.txt"])
        {
            let must: String = must.split_whitespace().collect();
            assert!(unbroken.contains(&must), "{must} is not in\n{text}");
        }
        let info = check(poppler("pdfinfo").unwrap().arg(&pdf)).unwrap();
        let pages = info
            .lines()
            .find(|line| line.starts_with("Pages:"))
            .unwrap();
        assert!(pages.ends_with('1') || pages.ends_with('2'), "{pages}");
        assert!(info.contains("A4"), "{info}");
        let fonts = check(poppler("pdffonts").unwrap().arg(&pdf)).unwrap();
        for font in fonts.lines().skip(2) {
            // Embedded, a subset, with the characters behind the glyphs.
            assert!(font.contains("yes yes yes"), "{font}");
        }
        assert_eq!(codes(&pdf, folder.path()), std::slice::from_ref(&digest));
        let manifest = fs::read_to_string(evidence.join("manifest-sha256.txt")).unwrap();
        assert!(manifest.contains("  data/report.pdf\n"));
    }
}
