//! `fieldseal admin trust-page`: what an expert must hold to check evidence without asking anybody here, on one sheet of paper: the
//! fingerprints of the keys, and where the trust file is and what its digest must be. One HTML file without anything from elsewhere, to be printed on A4.

use std::fmt::Write as _;

use anyhow::Context as _;
use fieldseal_packet::Sha256Digest;
use fieldseal_packet::trust::Trust;
use fieldseal_packet::{KeyName, KeyRole};
use fieldseal_tlog::note::Vkey;

use crate::qr;

const STYLE: &str = "@page{size:A4;margin:14mm}*{box-sizing:border-box}\
body{font:10pt/1.45 'Noto Sans CJK SC','Noto Sans SC','PingFang SC','Microsoft YaHei',sans-serif;color:#111;background:#fff;max-width:182mm;margin:0 auto;padding:4mm}\
h1{font-size:16pt;margin:0 0 1mm}h2{font-size:10.5pt;margin:4mm 0 1mm;border-bottom:.3mm solid #111}p{margin:1mm 0}\
header{display:flex;gap:6mm;align-items:flex-start}header>div{flex:1}header svg{width:42mm;height:42mm;flex:none}\
table{border-collapse:collapse;width:100%}td{padding:.8mm 2mm .8mm 0;vertical-align:top;border-bottom:.1mm solid #999;overflow-wrap:anywhere}\
td:first-child{width:30mm}code{font:8.5pt/1.4 'DejaVu Sans Mono','Noto Sans Mono',monospace}.v{font-size:7pt;color:#333}small{color:#333}\
tr{break-inside:avoid}";

/// The page. `url`: where the server is, as others reach it.
pub fn html(trust_file: &str, origin: &str, url: &str, printed_on: &str) -> anyhow::Result<String> {
    let trust = Trust::parse(trust_file.as_bytes()).context("the trust file does not read")?;
    let digest = Sha256Digest::of(trust_file.as_bytes()).to_string();
    let address = format!("{}/trust", url.trim_end_matches('/'));
    let code = qr::as_svg(&format!("{address}#sha256={digest}"))?;
    let mut page = String::new();
    // Writing to a string does not fail.
    let _ = write!(
        page,
        "<!doctype html>\n<html lang=\"zh-CN\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>信任锚 Trust anchors · {origin}</title><style>{STYLE}</style></head><body>\n\
         <header><div><h1>信任锚 <span lang=\"en\">Trust anchors</span></h1>\
         <p>核验这个部署的证据，只需相信这一页；不必相信提供证据的服务器。<br>\
         <small lang=\"en\">Whoever checks evidence of this deployment has to believe this page, and not the server that the evidence came from.</small></p>\
         <table><tr><td>部署<br><small lang=\"en\">Deployment</small></td><td><code>{origin}</code></td></tr>\
         <tr><td>信任文件<br><small lang=\"en\">Trust file</small></td><td><code>{address}</code></td></tr>\
         <tr><td>它的 SHA-256<br><small lang=\"en\">Its SHA-256</small></td><td><code>{}</code></td></tr>\
         <tr><td>打印日期<br><small lang=\"en\">Printed on</small></td><td>{}</td></tr></table></div>{code}</header>\n",
        grouped(&digest),
        escape(printed_on),
        origin = escape(origin),
        address = escape(&address),
    );
    let of = |role| -> Vec<&Vkey> {
        let is = move |key: &&Vkey| {
            KeyName::parse(origin, key.name()).is_ok_and(|name| name.role == role)
        };
        trust.keys.iter().filter(is).collect()
    };
    let parts = [
        ("日志", "Log", KeyRole::Log),
        ("回执", "Receipts", KeyRole::Receipts),
        ("登记机构", "Enrolment authority", KeyRole::Authority),
        ("审核决定", "Decisions", KeyRole::Decisions),
    ];
    section(
        &mut page,
        "钥匙指纹",
        "Fingerprints of the keys: SHA-256 of the key's bytes, and the key itself",
    );
    for (chinese, english, role) in parts {
        for key in of(role) {
            row(&mut page, chinese, english, key);
        }
    }
    page.push_str("</table>\n");
    if !trust.witnesses.is_empty() {
        let asked = match &trust.quorum {
            Some(_) => "Outside witnesses, whose cosignatures the trust file asks for",
            None => "Outside witnesses; the trust file asks for none",
        };
        section(&mut page, "外部见证机构", asked);
        for (name, key) in &trust.witnesses {
            row(&mut page, name, key.name(), key);
        }
        page.push_str("</table>\n");
    }
    let roots = fieldseal_stamp::certificates_from_pem(&trust.roots_pem).unwrap_or_default();
    if !roots.is_empty() {
        section(
            &mut page,
            "时间戳机构根证书",
            "Roots of the timestamp authorities: SHA-256 of the certificate (DER)",
        );
        for (number, root) in (1..).zip(&roots) {
            let print = grouped(&Sha256Digest::of(root).to_string());
            let _ = write!(
                page,
                "<tr><td>{number}</td><td><code>{print}</code></td></tr>"
            );
        }
        page.push_str("</table>\n");
    }
    let _ = writeln!(
        page,
        "<h2>怎样使用 <small lang=\"en\">How to use it</small></h2>\
         <p>扫码或按地址取信任文件，先核对它的 SHA-256，再核验：</p>\
         <p><small lang=\"en\">Fetch the trust file by the code or the address, compare its SHA-256 first, then check:</small></p>\
         <p><code>curl -o trust {address}<br>sha256sum trust<br>fieldseal verify --trust trust evidence-….zip</code></p>\
         </body></html>",
        address = escape(&address),
    );
    Ok(page)
}

fn section(page: &mut String, chinese: &str, english: &str) {
    let _ = write!(
        page,
        "<h2>{chinese} <small lang=\"en\">{}</small></h2><table>",
        escape(english)
    );
}

fn row(page: &mut String, chinese: &str, english: &str, key: &Vkey) {
    let print = grouped(&Sha256Digest(key.fingerprint()).to_string());
    let _ = write!(
        page,
        "<tr><td>{}<br><small lang=\"en\">{}</small></td><td><code>{print}</code><br><code class=\"v\">{}</code></td></tr>",
        escape(chinese),
        escape(english),
        escape(&key.to_string())
    );
}

/// Two lines of eight groups of four, to be compared by eye.
fn grouped(hex: &str) -> String {
    let groups: Vec<_> = hex
        .as_bytes()
        .chunks(4)
        .map(String::from_utf8_lossy)
        .collect();
    let lines: Vec<String> = groups.chunks(8).map(|line| line.join(" ")).collect();
    lines.join("<br>")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use fieldseal_tlog::note::{CosignatureSigner, Ed25519Signer, Signer as _};

    #[test]
    fn every_anchor_is_on_the_page_and_nothing_from_elsewhere() {
        let origin = "bureau.example/log";
        let key = |name: &str, seed| Ed25519Signer::from_seed(name, &[seed; 32]).unwrap();
        let log = key(origin, 1);
        let receipts = key(&format!("{origin}/receipts"), 2);
        let witness = CosignatureSigner::from_seed("w.example/<b>", &[3; 32]).unwrap();
        let trust = format!(
            "log {}\nwitness w1 {}\nquorum w1\n{}\n",
            log.vkey(),
            witness.vkey(),
            receipts.vkey()
        );
        let page = html(&trust, origin, "https://e.example/", "2026-11-23").unwrap();
        let digest = Sha256Digest::of(trust.as_bytes()).to_string();
        assert!(page.contains(&grouped(&digest)));
        for print in [log.vkey().fingerprint(), receipts.vkey().fingerprint()] {
            assert!(page.contains(&grouped(&Sha256Digest(print).to_string())));
        }
        assert!(page.contains("w.example/&lt;b&gt;") && !page.contains("<b>"));
        assert!(!page.contains("src=") && !page.contains("<script") && !page.contains("url("));
    }
}
