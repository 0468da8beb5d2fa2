//! The state that every screen asks for each second: from memory, and from counts kept for when the vault is shut.

use fieldseal_packet::Sha256Digest;
use fieldseal_tlog::note::Vkey;
use fieldseal_vault::officers;

use crate::api::{DeviceView, FixView, OfficerView, StateView};
use crate::core::{Core, Store, lock, nobody_can_open};
use crate::cosign::guest_view;
use crate::identity::Identity;
use crate::problem::{Code, Problem};
use crate::stamped;

pub(crate) fn view(core: &Core) -> Result<StateView, Problem> {
    let (vault, damaged) = match &*core
        .store
        .read()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
    {
        Store::There(vault) => (Some(vault.clone()), false),
        Store::Damaged => (None, true),
        Store::None => (None, false),
    };
    let shut_for_good = vault.as_ref().is_some_and(|vault| nobody_can_open(vault));
    let identity = match &vault {
        Some(_) => core.identity().ok(),
        None => core.pending()?.map(|(_, identity, _)| identity),
    };
    if let Some(vault) = &vault
        && !vault.is_locked()
    {
        core.refresh_counts();
    }
    let prefs = lock(&core.prefs).clone();
    let mut counts = prefs.counts;
    if core.line.loaded() {
        core.line.count(&mut counts);
    }
    let boot_ms = core.platform.boot().ms;
    let (online, reached_at) = {
        let outbox = lock(&core.line.outbox);
        (outbox.online(), outbox.reached_at())
    };
    let live = lock(&core.live);
    let fix = live.position.as_ref().map(|position| FixView {
        accuracy_m: position.fix.accuracy_m,
        age_s: position
            .fix
            .age_ms
            .saturating_add(boot_ms.saturating_sub(position.at_boot_ms)) as f64
            / 1000.0,
    });
    let no_fix_reason = live.no_fix_reason.clone();
    let recovered_photos = live.recovered_photos;
    drop(live);
    Ok(StateView {
        enrolled: vault.is_some(),
        locked: vault.as_ref().is_none_or(|vault| vault.is_locked()),
        problem: (damaged || shut_for_good).then(|| Problem::from(Code::VaultDamaged).into()),
        device: identity
            .as_ref()
            .map(|identity| device(identity, counts.next_seq.max(1))),
        officers: officers_of(core),
        on_duty: prefs.on_duty,
        unlocked_by: vault.as_ref().and_then(|vault| vault.unlocked_by()),
        online,
        contact_age_s: reached_at.map(|at| age_s(at, boot_ms)),
        last_server_at: prefs.contact.map(|contact| contact.seen_at.to_string()),
        clock_offset_ms: prefs.contact.map(|contact| contact.offset_ms as f64),
        unsafe_packets: counts.unsafe_packets,
        unsafe_oldest_at: counts.unsafe_oldest_at.map(|at| at.to_string()),
        unsafe_photos: counts.unsafe_photos,
        unsafe_bytes: counts.unsafe_bytes as f64,
        drafts: counts.drafts,
        tasks: counts.tasks,
        wedged: counts.wedged,
        fix,
        no_fix_reason,
        recovered_photos,
        capture: core.capture_ready(),
        free_bytes: core
            .platform
            .free_bytes(&core.config.dir)
            .map(|bytes| bytes as f64),
        battery: core.platform.battery(),
        retired_at: core.retired_at().map(|at| at.to_string()),
        order: core.order_view(),
        challenge: stamped::challenge(core).map(|challenge| challenge.word),
        language: prefs.language.unwrap_or_else(|| "zh".to_owned()),
        theme: prefs.theme.unwrap_or_else(|| "light".to_owned()),
        auto_lock_min: core.auto_lock_min(),
        upload_rules: core.upload_rules_view(),
        uploads_wait: core.uploads_wait(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        forms: core.forms_mark(),
    })
}

fn age_s(at_ms: i64, boot_ms: u64) -> f64 {
    let now_ms = i64::try_from(boot_ms).unwrap_or(i64::MAX);
    now_ms.saturating_sub(at_ms).max(0) as f64 / 1000.0
}

fn device(identity: &Identity, next_seq: u32) -> DeviceView {
    let fingerprint =
        Vkey::parse(&identity.vkey).map(|key| Sha256Digest(key.fingerprint()).to_string());
    DeviceView {
        id: identity.id.clone(),
        origin: identity.origin.clone(),
        server: identity.server.clone(),
        team: identity.team.clone(),
        next_seq,
        fingerprint: fingerprint.unwrap_or_default(),
        key_store: "wrapped-file".to_owned(),
    }
}

/// Badges always; names only while the vault is unlocked.
fn officers_of(core: &Core) -> Vec<OfficerView> {
    let Ok(vault) = core.vault() else {
        return Vec::new();
    };
    let records = core.read(|c| Ok(officers::list(c)?)).unwrap_or_default();
    let resets = core.pin_resets().unwrap_or_default();
    let moment = core.moment();
    vault
        .officers()
        .into_iter()
        .map(|slot| {
            let record = records.iter().find(|record| record.id == slot.id);
            OfficerView {
                wait_s: u32::try_from(vault.wait_ms(&slot.id, &moment).div_ceil(1000))
                    .unwrap_or(u32::MAX),
                name: record
                    .map(|record| record.name.clone())
                    .filter(|name| !name.is_empty()),
                team: record.and_then(|record| record.team.clone()),
                // Locked, it is not known; whoever has a slot came through an enrolment.
                enrolled: record.is_none_or(|record| record.entry.is_some()),
                pin_reset_at: resets
                    .iter()
                    .rev()
                    .find(|reset| reset.officer == slot.id)
                    .map(|reset| reset.at.to_string()),
                badge: slot.badge,
                id: slot.id,
                guest: false,
            }
        })
        .chain(core.guests().iter().map(guest_view))
        .collect()
}
