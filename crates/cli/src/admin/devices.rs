//! `fieldseal admin devices` and `retire`: the tablets, in words.

use std::fmt::Write as _;

use fieldseal_packet::desk::What;
use fieldseal_server::admin::{Admin, Alarm, DeviceRow};
use fieldseal_server::ambient::rfc3339;
use serde_json::{Value, json};

use super::Answer;

pub(super) fn list(admin: &Admin, seen: Option<&str>) -> anyhow::Result<Answer> {
    if let Some(device) = seen {
        let count = admin.alarms_seen(device)?;
        return Ok(Answer::new(
            format!("{count} looked at\n"),
            json!({"seen": count}),
        ));
    }
    let rows = admin.devices()?;
    let mut text = String::new();
    for row in &rows {
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "{}  {}  {}{}",
            row.key.subject,
            row.key.status,
            row.key.team.as_deref().unwrap_or("-"),
            if row.silent { "  SILENT" } else { "" }
        );
        for line in details(row, admin.attestation(row)) {
            let _ = writeln!(text, "    {line}");
        }
    }
    Ok(Answer::new(
        text,
        json!({"devices": rows.iter().map(|row| as_json(row, admin.attestation(row))).collect::<Vec<_>>()}),
    ))
}

fn details(row: &DeviceRow, attestation: &str) -> Vec<String> {
    let mut lines = vec![match &row.contact {
        Some(contact) => format!("last here {}", rfc3339(contact.seen_at)),
        None => "never here since it was enrolled".to_owned(),
    }];
    if let Some(contact) = row
        .contact
        .as_ref()
        .filter(|contact| contact.beat_at.is_some())
    {
        lines.push(format!(
            "says {} packets, {} photos; here {}, {}",
            contact.device_seq, contact.capture_seq, row.packets, row.captures
        ));
    }
    if let Some(id) = row
        .key
        .replaces
        .as_deref()
        .and_then(|name| name.rsplit('/').next())
    {
        lines.push(format!("takes over from {id}"));
    }
    if let Some(id) = &row.replaced_by {
        lines.push(format!("replaced by {id}"));
    }
    match attestation {
        "none" => {}
        "attested" => lines.push("its maker vouches for its key".to_owned()),
        "root-unknown" => lines.push(
            "its key came with a maker's certificates, which lead to no root that is trusted here"
                .to_owned(),
        ),
        _ => lines.push("its maker's certificates do not hold".to_owned()),
    }
    if row.key.rotation_asked_at.is_some() {
        lines.push("asked for a new key".to_owned());
    }
    if let Some(order) = row.order.as_ref().filter(|order| order.what != "nothing") {
        let far = match (order.told_at, order.done_at) {
            (_, Some(at)) => format!("done {}", rfc3339(at)),
            (Some(at), None) => format!("heard {}", rfc3339(at)),
            (None, None) => "not heard yet".to_owned(),
        };
        lines.push(format!(
            "ordered to {} {}: {far}",
            order.what,
            rfc3339(order.ordered_at)
        ));
    }
    if !row.officers.is_empty() {
        lines.push(format!("officers {}", row.officers.join(", ")));
    }
    for alarm in row.alarms.iter().filter(|alarm| alarm.seen_at.is_none()) {
        lines.push(format!("ALARM {}: {}", alarm.code, sentence(alarm)));
    }
    lines
}

fn sentence(alarm: &Alarm) -> String {
    let (number, at) = (alarm.number, rfc3339(alarm.at));
    match alarm.code.as_str() {
        "other-chain" => format!(
            "photo {number} was told of twice, with different chains: one of the two was left out or changed ({at})"
        ),
        "went-back" => format!(
            "it says photo {number} is its newest, and had said more before: an old copy of it is in use, or photos are gone ({at})"
        ),
        "captures-missing" => {
            format!("retired, though {number} photos that it once had are in no packet here ({at})")
        }
        _ => format!("{number} ({at})"),
    }
}

fn as_json(row: &DeviceRow, attestation: &str) -> Value {
    let contact = row.contact.as_ref();
    json!({
        "id": row.key.subject,
        "name": row.key.name,
        "team": row.key.team,
        "status": row.key.status,
        "claim": row.key.claim,
        "attestation": attestation,
        "certificate": row.key.certificate.is_some(),
        "rotationAskedAt": row.key.rotation_asked_at.map(rfc3339),
        "order": row.order.as_ref().map(|order| json!({
            "what": order.what, "number": order.number, "orderedAt": rfc3339(order.ordered_at),
            "toldAt": order.told_at.map(rfc3339), "doneAt": order.done_at.map(rfc3339),
        })),
        "enrolledAt": rfc3339(row.key.enrolled_at),
        "endedAt": row.key.revoked_at.or(row.key.retired_at).map(rfc3339),
        "replaces": row.key.replaces.as_deref().and_then(|name| name.rsplit('/').next()),
        "replacedBy": row.replaced_by,
        "officers": row.officers,
        "seenAt": contact.map(|contact| rfc3339(contact.seen_at)),
        "heartbeatAt": contact.and_then(|contact| contact.beat_at).map(rfc3339),
        "silent": row.silent,
        "packetsSaid": contact.map(|contact| contact.device_seq),
        "packetsHere": row.packets,
        "photosSaid": contact.map(|contact| contact.capture_seq),
        "photosHere": row.captures,
        "alarms": row.alarms.iter().map(|alarm| json!({
            "code": alarm.code, "number": alarm.number, "at": rfc3339(alarm.at), "seenAt": alarm.seen_at.map(rfc3339),
        })).collect::<Vec<_>>(),
    })
}

pub(super) fn order(admin: &Admin, device: &str, what: What) -> anyhow::Result<Answer> {
    let name = admin.order(device, what)?;
    let said = match what {
        What::Lock => "is told to lock with its next heartbeat",
        What::Wipe => {
            "is retired, and empties itself once everything that it holds is safe here; it is told with its next heartbeat"
        }
        What::Nothing => "is told that the order before is withdrawn, unless it has done so",
    };
    Ok(Answer::new(
        format!("{name} {said}\n"),
        json!({"ordered": what.word(), "device": name}),
    ))
}

pub(super) fn retire(admin: &Admin, device: &str) -> anyhow::Result<Answer> {
    let retired = admin.retire(device)?;
    let missing = retired.packets_missing;
    let left = if missing == 0 {
        String::new()
    } else {
        format!(
            "{missing} packets that it sealed are not here yet: it may still hand them over, so keep it until it has\n"
        )
    };
    Ok(Answer::new(
        format!("{} is retired\n{left}", retired.device),
        json!({"retired": retired.device, "packetsMissing": missing}),
    ))
}
