//! Over which networks the bytes of packets may go. The officer chooses on *Me*: over Wi-Fi alone, and whether while roaming.
//! Questions, receipts, checkpoints and heartbeats are small and are never held back: a tablet that waits for Wi-Fi still
//! learns what became safe, and hears orders.
//!
//! What the platform can't tell holds nothing back: a desktop knows no mobile data, and packets that silently wait for a
//! network nobody can see would be the worse failure. The screens say so.
//!
//! "Upload now anyway" is for the connection at hand and for what waits now. It ends when the connection is another one, when
//! nothing waits any more, and with the app.

use crate::api::{UploadRulesView, UploadsView};
use crate::core::{Core, lock};
use crate::platform::Connection;
use crate::prefs::Prefs;
use crate::problem::Problem;

/// For what packets wait, though there is a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wait {
    /// A network that nobody pays for by the byte.
    Wifi,
    /// The own operator's network, or Wi-Fi.
    Home,
}

impl Wait {
    /// For screens.
    pub fn word(self) -> &'static str {
        match self {
            Self::Wifi => "wifi",
            Self::Home => "roaming",
        }
    }

    /// As the cause at a packet.
    pub fn cause(self) -> &'static str {
        match self {
            Self::Wifi => "waits-wifi",
            Self::Home => "waits-roaming",
        }
    }
}

/// What the rules say of this connection.
fn wait(prefs: &Prefs, connection: &Connection) -> Option<Wait> {
    if connection.kind == "none" {
        // Offline, which the outbox finds out by itself.
        return None;
    }
    // A phone's hotspot is Wi-Fi, and mobile data all the same.
    if prefs.wifi_only && (connection.kind == "cellular" || connection.metered) {
        return Some(Wait::Wifi);
    }
    (connection.roaming && !prefs.while_roaming).then_some(Wait::Home)
}

impl Core {
    /// For what packets wait now.
    pub(crate) fn upload_wait(&self) -> Option<Wait> {
        let connection = self.platform.connection()?;
        let wait = wait(&lock(&self.prefs), &connection)?;
        let anyway = lock(&self.live).anyway.as_ref() == Some(&connection);
        (!anyway).then_some(wait)
    }

    /// Tells the outbox, before it is asked what to do next.
    pub(crate) fn obey_rules(&self) {
        let wait = self.upload_wait().is_some();
        let mut outbox = lock(&self.line.outbox);
        outbox.hold_for_link(wait);
        if !outbox.has_bytes_to_send() {
            drop(outbox);
            lock(&self.live).anyway = None;
        }
    }

    /// Sends what waits now over the connection that is there now, whatever the rules say.
    pub fn upload_anyway(&self) -> Result<UploadsView, Problem> {
        lock(&self.live).anyway = self.platform.connection();
        self.obey_rules();
        self.line.wake.notify_one();
        self.uploads(0)
    }

    pub fn set_upload_rules(
        &self,
        wifi_only: Option<bool>,
        while_roaming: Option<bool>,
    ) -> Result<(), Problem> {
        self.open_vault()?;
        self.change_prefs(|prefs| {
            prefs.wifi_only = wifi_only.unwrap_or(prefs.wifi_only);
            prefs.while_roaming = while_roaming.unwrap_or(prefs.while_roaming);
        })?;
        // A rule that was changed is meant for what waits as well.
        lock(&self.live).anyway = None;
        self.obey_rules();
        self.line.wake.notify_one();
        Ok(())
    }

    pub(crate) fn upload_rules_view(&self) -> UploadRulesView {
        let told = self.platform.connection().is_some();
        let prefs = lock(&self.prefs);
        UploadRulesView {
            wifi_only: prefs.wifi_only,
            while_roaming: prefs.while_roaming,
            told,
        }
    }

    /// Why packets wait that could go: `held` by an officer, or by a rule for `wifi` or `roaming`.
    pub(crate) fn uploads_wait(&self) -> Option<String> {
        if lock(&self.line.outbox).held() {
            return Some("held".to_owned());
        }
        self.upload_wait().map(|wait| wait.word().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Request;
    use crate::fake::{Tablet, over};

    #[test]
    fn each_rule_holds_back_what_it_names_and_nothing_else() {
        let rules = |wifi_only, while_roaming| Prefs {
            wifi_only,
            while_roaming,
            ..Prefs::default()
        };
        let home = over("cellular", true, false);
        let abroad = over("cellular", true, true);
        for (rules, connection, expected) in [
            (rules(false, false), &home, None),
            (rules(false, false), &abroad, Some(Wait::Home)),
            (rules(false, true), &abroad, None),
            (rules(true, true), &abroad, Some(Wait::Wifi)),
            (rules(true, false), &home, Some(Wait::Wifi)),
            (rules(true, false), &over("wifi", false, false), None),
            (rules(true, false), &over("ethernet", false, false), None),
            (rules(true, false), &over("other", false, false), None),
            // A hotspot.
            (
                rules(true, false),
                &over("wifi", true, false),
                Some(Wait::Wifi),
            ),
            (rules(false, false), &over("wifi", true, false), None),
            (rules(true, false), &over("none", false, false), None),
        ] {
            assert_eq!(wait(&rules, connection), expected, "{connection:?}");
        }
    }

    #[test]
    fn a_machine_that_cannot_tell_holds_nothing_back_and_says_so() {
        let tablet = Tablet::unlocked();
        let chosen = tablet.ok(Request::UploadRules {
            wifi_only: Some(true),
            while_roaming: None,
        });
        assert_eq!(
            chosen["uploadRules"],
            serde_json::json!({"wifiOnly": true, "whileRoaming": false, "told": false})
        );
        assert!(chosen["uploadsWait"].is_null());
        tablet.say(|said| said.connection = Some(over("cellular", true, false)));
        let state = tablet.ok(Request::State);
        assert_eq!(state["uploadRules"]["told"], true);
        assert_eq!(state["uploadsWait"], "wifi");
        tablet.say(|said| said.connection = Some(over("wifi", false, false)));
        assert!(tablet.ok(Request::State)["uploadsWait"].is_null());
    }
}
