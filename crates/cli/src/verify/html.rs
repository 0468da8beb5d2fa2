//! The reports as one HTML page that stands by itself: no script, no picture, nothing from elsewhere, to be kept with the evidence or printed.
//!
//! Whatever a packet or a path says is text: escaped, without control characters, each in a box of its own writing direction. A policy in the page forbids
//! everything but its own style, should that ever fail. Written as the reports come, nothing is held back; the file gets its name when the page is whole.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use fieldseal_packet::findings::{Language, Level, Report, Verdict};

use super::output::{mark, plain, verdict_words, visible};

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#14181a;--quiet:#56606a;--line:#c9d1d6;--paper:#fff;--ok:#13693a;--open:#8a5300;--bad:#b3261e}\
@media(prefers-color-scheme:dark){:root{--ink:#eef2f4;--quiet:#a9b4bb;--line:#3c464c;--paper:#14191c;--ok:#6fd39b;--open:#f0b75f;--bad:#ff8a80}}\
body{margin:0 auto;padding:24px 16px;max-width:60rem;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,'Noto Sans CJK SC','Microsoft YaHei',sans-serif;overflow-wrap:anywhere}\
main{display:flex;flex-direction:column;gap:20px}h1{font-size:1.5rem;margin:0 0 4px}h2{font-size:1.1rem;margin:0}\
.sum{order:-1;font-size:1.1rem}article{border:1px solid var(--line);border-radius:8px;padding:16px;break-inside:avoid-page}\
.verdict{font-weight:700}.ok{color:var(--ok)}.not-proved{color:var(--open)}.failed{color:var(--bad)}.info,.quiet{color:var(--quiet)}\
ul{list-style:none;margin:12px 0 0;padding:0}li{display:grid;grid-template-columns:1.6em 1fr;gap:2px 6px;padding:5px 0;border-top:1px solid var(--line)}\
li code{grid-column:2;font-size:.8rem;color:var(--quiet)}dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 16px;margin:10px 0 0}dd{margin:0}\
@media print{article{border-color:#999}}";

/// A page in the making.
pub struct Page {
    to: BufWriter<File>,
    partial: PathBuf,
    path: PathBuf,
    language: Language,
}

/// The two languages of one word.
type Pair = (&'static str, &'static str);

impl Page {
    /// Begins one. A file that is there is not written over: it may be evidence.
    pub fn new(path: &Path, language: Language) -> io::Result<Self> {
        if path.symlink_metadata().is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let mut partial = path.as_os_str().to_owned();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        let mut page = Self {
            to: BufWriter::new(File::create(&partial)?),
            partial,
            path: path.to_owned(),
            language,
        };
        page.head()?;
        Ok(page)
    }

    fn say(&self, (zh, en): Pair) -> &'static str {
        match self.language {
            Language::Zh => zh,
            Language::En => en,
        }
    }

    fn head(&mut self) -> io::Result<()> {
        let title = self.say(("核验报告", "Verification report"));
        let lang = self.say(("zh-CN", "en"));
        let made = self.say((
            "由 fieldseal verify 做成。它说的是核验时看到的：谁要信它，应当自己再核验一次。",
            "Made by fieldseal verify. It says what was found then; whoever is to rely on it should verify once more.",
        ));
        let version = env!("CARGO_PKG_VERSION");
        write!(
            self.to,
            "<!doctype html>\n<html lang=\"{lang}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<header>\n<h1>{title}</h1>\n\
             <p class=\"quiet\">{made} fieldseal {version}</p>\n</header>\n<main>\n"
        )
    }

    /// One report.
    pub fn report(&mut self, path: &Path, report: &Report) -> io::Result<()> {
        let (level, verdict) = verdict_words(report.verdict, self.language);
        writeln!(
            self.to,
            "<article>\n<h2><bdi>{}</bdi></h2>\n<p class=\"verdict {}\">{} {}</p>\n<dl>",
            escaped(&plain(path)),
            level.word(),
            mark(level),
            escaped(verdict)
        )?;
        let time = |time: Option<fieldseal_packet::Timestamp>| time.map(|time| time.to_string());
        let rows = [
            (("证据包", "Packet"), report.id.clone()),
            (("封存晚于", "Sealed after"), time(report.sealed_after)),
            (("入日志早于", "Logged before"), time(report.logged_before)),
        ];
        for (label, value) in rows {
            let value = match value {
                Some(value) => escaped(&visible(&value)),
                None => self.say(("没有证明", "not proved")).to_owned(),
            };
            writeln!(
                self.to,
                "<dt>{}</dt><dd><bdi>{value}</bdi></dd>",
                self.say(label)
            )?;
        }
        writeln!(self.to, "</dl>\n<ul>")?;
        for finding in &report.findings {
            let level = finding.code.level();
            writeln!(
                self.to,
                "<li class=\"{}\"><span aria-label=\"{}\">{}</span><bdi>{}</bdi><code>{}</code></li>",
                level.word(),
                self.say(level_words(level)),
                mark(level),
                escaped(&visible(&finding.text(self.language))),
                finding.code.word()
            )?;
        }
        writeln!(self.to, "</ul>\n</article>")
    }

    /// The sum, and the page's name.
    pub fn end(mut self, verified: usize, not_proved: usize, failed: usize) -> io::Result<()> {
        let worst = match (failed, not_proved) {
            (1.., _) => Verdict::Failed,
            (_, 1..) => Verdict::NotProved,
            _ => Verdict::Verified,
        };
        let (level, _) = verdict_words(worst, self.language);
        let sum = match self.language {
            Language::Zh => format!(
                "核验通过 {verified}，有未证明之处 {not_proved}，核验不符 {failed}。“未能证明”不是“不符”。"
            ),
            Language::En => format!(
                "{verified} verified, {not_proved} not proved in full, {failed} failed. “Not proved” is not “failed”."
            ),
        };
        write!(
            self.to,
            "<p class=\"sum {}\">{} {sum}</p>\n</main>\n</body>\n</html>\n",
            level.word(),
            mark(level)
        )?;
        let file = self
            .to
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        // Not over what came there meanwhile.
        fs::hard_link(&self.partial, &self.path).or_else(|_| {
            match self.path.symlink_metadata() {
                Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
                // A file system without links.
                Err(_) => fs::rename(&self.partial, &self.path),
            }
        })?;
        let _ = fs::remove_file(&self.partial);
        Ok(())
    }
}

fn level_words(level: Level) -> Pair {
    match level {
        Level::Failed => ("不符", "failed"),
        Level::NotProved => ("未能证明", "not proved"),
        Level::Ok => ("通过", "right"),
        Level::Info => ("说明", "for information"),
    }
}

/// Text as HTML, in content and in attributes.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use fieldseal_packet::findings::{Code, Finding};

    const HOSTILE: &str = "</bdi></li><script>alert(1)</script><img src=x onerror='a()'>\"&\u{202e}\u{0}\u{1b}[2J&lt;";

    fn page(language: Language, report: &Report) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.html");
        let mut page = Page::new(&path, language).unwrap();
        page.report(Path::new(HOSTILE), report).unwrap();
        page.end(0, 0, 1).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        fs::read_to_string(path).unwrap()
    }

    /// The tags of a page, as a browser would find them.
    fn tags(html: &str) -> Vec<&str> {
        html.split('<')
            .skip(1)
            .map(|rest| rest.split(['>', ' ', '\n']).next().unwrap())
            .collect()
    }

    #[test]
    fn hostile_names_stay_text() {
        let hostile = |code| Finding::new(code).about(HOSTILE).with(HOSTILE);
        let findings = vec![
            hostile(Code::FileUnlisted),
            hostile(Code::ItemVoided),
            hostile(Code::KindVoid),
            hostile(Code::RecordMalformed),
        ];
        let plainly = Finding::new(Code::FileUnlisted).about("a");
        let one = page(
            Language::En,
            &Report::new(Some(HOSTILE.to_owned()), findings),
        );
        let other = page(
            Language::Zh,
            &Report::new(
                Some("x".to_owned()),
                vec![plainly.clone(), plainly.clone(), plainly.clone(), plainly],
            ),
        );
        // What a packet says adds no tag, wherever it stands.
        assert_eq!(tags(&one), tags(&other));
        assert!(!one.contains("<script") && !one.contains("<img") && !one.contains("onerror='"));
        assert!(one.contains("&lt;script&gt;") && one.contains("&amp;lt;"));
        let hidden = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!one.contains(hidden));
    }

    #[test]
    fn a_page_asks_for_nothing_and_runs_nothing() {
        let html = page(Language::Zh, &Report::new(None, Vec::new()));
        assert!(html.contains("default-src 'none'"));
        for never in [
            "http://", "https://", "<script", "<img", "<link", "<a ", "<iframe", "url(",
        ] {
            assert!(!html.contains(never), "{never}");
        }
        assert!(html.starts_with("<!doctype html>") && html.ends_with("</html>\n"));
        assert!(html.contains("核验不符 1"));
    }

    #[test]
    fn a_file_that_is_there_is_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("packet.zip");
        fs::write(&path, "evidence").unwrap();
        assert!(Page::new(&path, Language::En).is_err());
        let late = folder.path().join("late.html");
        let page = Page::new(&late, Language::En).unwrap();
        fs::write(&late, "evidence").unwrap();
        assert!(page.end(1, 0, 0).is_err());
        assert_eq!(fs::read_to_string(&late).unwrap(), "evidence");
        assert_eq!(fs::read_to_string(&path).unwrap(), "evidence");
    }
}
