//! Custody lines as plain sentences.

use fieldseal_packet::custody::{Event, Line};
use fieldseal_packet::form::Form;
use fieldseal_wire::console::Text;

use super::words::{both, label, reserved, same};

/// The details of a line, beside its event and actor.
pub fn text(line: &Line, form: Option<&Form>) -> Text {
    let Some(event) = line.known() else {
        return same(String::new());
    };
    match event {
        Event::Opened { .. } => both("新建取证", "Draft begun"),
        Event::Captured(captured) => {
            let place_zh = captured
                .context
                .fix
                .as_ref()
                .map_or("无定位".to_owned(), |fix| {
                    format!("定位 ±{:.0} 米", fix.accuracy_m)
                });
            let place_en = captured
                .context
                .fix
                .as_ref()
                .map_or("no fix".to_owned(), |fix| {
                    format!("fix ±{:.0} m", fix.accuracy_m)
                });
            let seq = captured.capture_seq;
            both(
                format!("拍摄序号 {seq}，{place_zh}"),
                format!("Capture {seq}, {place_en}"),
            )
        }
        Event::Described { fields } => {
            let names = |of: fn(&Text) -> String, between: &str| {
                fields
                    .iter()
                    .map(|id| of(&field_label(form, id)))
                    .collect::<Vec<_>>()
                    .join(between)
            };
            both(
                format!("填写 {}", names(|text| text.zh.clone(), "、")),
                format!("Described {}", names(|text| text.en.clone(), ", ")),
            )
        }
        Event::KindChanged { kind } => both(
            format!("类别改为 {kind}"),
            format!("Kind changed to {kind}"),
        ),
        Event::Shot { capture_seq, shot } => {
            let shot = shot.map_or(both("无", "none"), |id| {
                form.into_iter()
                    .flat_map(|form| &form.shots)
                    .find(|shot| shot.id == id)
                    .map_or_else(|| same(id.clone()), |shot| label(&shot.label))
            });
            both(
                format!("拍摄 {capture_seq} 标为 {}", shot.zh),
                format!("Capture {capture_seq} is the shot: {}", shot.en),
            )
        }
        Event::Voided {
            capture_seq,
            reason,
        } => both(
            format!("拍摄 {capture_seq} 作废：{reason}"),
            format!("Capture {capture_seq} voided: {reason}"),
        ),
        Event::Party { presence, .. } => match presence.as_str() {
            "present" => both("当事人在场", "Party present"),
            "absent" => both("当事人不在场", "Party absent"),
            "refused" => both("当事人拒签", "Party refused to sign"),
            _ => both("当事人情况未知", "Party unknown"),
        },
        Event::Reopened { voided } => both(
            format!("重新打开，{} 个签名作废", voided.len()),
            format!("Reopened; {} signatures void", voided.len()),
        ),
        Event::Recovered { captures } => both(
            format!("异常中断后找回 {captures} 件"),
            format!("{captures} found again after an unexpected stop"),
        ),
        Event::GivenUp { reason } => both(format!("放弃：{reason}"), format!("Given up: {reason}")),
        Event::Closed { items, captures } => both(
            format!("封闭，共 {items} 件（序号 {captures}）"),
            format!("Closed with {items} items (captures {captures})"),
        ),
        Event::Received {
            zip_sha256,
            zip_size,
        } => {
            let start = &zip_sha256.to_string()[..12];
            both(
                format!("服务器收齐 {zip_size} 字节（{start}…）"),
                format!("All {zip_size} bytes received ({start}…)"),
            )
        }
        Event::Logged { leaf_index } => both(
            format!("写入日志第 {leaf_index} 条，已出回执"),
            format!("Logged as leaf {leaf_index}; receipt given"),
        ),
        Event::LookedAt { what } => match what.as_str() {
            "packet" => both("查看证据包", "Packet looked at"),
            "zip" => both("下载原件", "Originals downloaded"),
            _ => both("查看", "Looked at"),
        },
        Event::Decided { decision, .. } => match decision.as_str() {
            "accepted" => both("通过", "Accepted"),
            "returned" => both("退回", "Returned"),
            "refused" => both("不予采用", "Refused"),
            _ => both("送法制审核", "Sent to legal review"),
        },
        Event::Derived { .. } => both("制作水印副本", "Stamped copy made"),
        Event::Exported {} => both("导出", "Exported"),
        _ => same(String::new()),
    }
}

fn field_label(form: Option<&Form>, id: &str) -> Text {
    form.into_iter()
        .flat_map(|form| &form.fields)
        .find(|field| field.id == id)
        .map_or_else(
            || reserved(id).unwrap_or_else(|| same(id)),
            |field| label(&field.label),
        )
}
