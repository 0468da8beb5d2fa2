//! What a screen is told when something could not be done: a stable code, one English sentence, whether trying again helps.
//! The codes are the interface; the screens' catalogues have a sentence for each in both languages.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;

use crate::api::ProblemView;

macro_rules! codes {
    ($($variant:ident = $code:literal, $retriable:literal, $message:literal;)*) => {
        /// The stable codes.
        ///
        /// | code | try again | what it says |
        /// |---|---|---|
        $(#[doc = concat!("| `", $code, "` | ", stringify!($retriable), " | ", $message, " |")])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = $message] $variant,)*
        }

        impl Code {
            /// All of them, for the test of the screens' catalogues.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)*];

            /// As the screens know it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// Whether the same request may succeed later.
            pub fn retriable(self) -> bool {
                match self { $(Self::$variant => $retriable,)* }
            }

            /// One plain English sentence.
            pub fn message(self) -> &'static str {
                match self { $(Self::$variant => $message,)* }
            }
        }
    };
}

codes! {
    BadRequest = "bad-request", false, "The request is not of the form described.";
    NotEnrolled = "not-enrolled", false, "This tablet is not enrolled yet.";
    AlreadyEnrolled = "already-enrolled", false, "This tablet is enrolled already.";
    NoOfficer = "no-officer", false, "The tablet is enrolled, but no officer is; enrol the first one.";
    Locked = "locked", true, "The vault is locked; enter a PIN to look.";
    WrongPin = "wrong-pin", true, "Wrong PIN. Nothing is lost.";
    PinWait = "pin-wait", true, "Too many wrong PINs; wait before the next try.";
    PinTooShort = "pin-too-short", false, "The PIN is too short.";
    NoPinRequest = "no-pin-request", false, "Nothing was asked of the administrator on this tablet, or it is too long ago; ask again.";
    OtherPinAnswer = "other-pin-answer", false, "This is no answer to what this tablet asked.";
    NoRecovery = "no-recovery", false, "This vault was made without the administrator's recovery key; a PIN that is forgotten stays so.";
    PinTooLong = "pin-too-long", false, "The PIN is too long.";
    UnknownOfficer = "unknown-officer", false, "No such officer on this tablet.";
    SameOfficer = "same-officer", false, "The second officer must be another person.";
    OfficerEnrolled = "officer-enrolled", false, "This officer is enrolled on this tablet already.";
    QrNotRecognised = "qr-not-recognised", false, "This is not an enrolment code of this product.";
    CodeInvalid = "code-invalid", false, "The code is unknown, used or expired; ask for a new one.";
    WrongCodeKind = "wrong-code-kind", false, "The code is for something else: a tablet's code enrols a tablet, an officer's an officer.";
    TrustMismatch = "trust-mismatch", false, "The server's keys are not the ones on the enrolment code; do not go on.";
    ServerAnswer = "server-answer", true, "The server's answer makes no sense.";
    Offline = "offline", true, "The server can't be reached. Shooting, signing and sealing work as usual.";
    CaptivePortal = "captive-portal", true, "The network wants a sign-in first. Shooting, signing and sealing work as usual.";
    Certificate = "certificate", true, "Whoever answers has no certificate that is accepted for the server.";
    ServerRefused = "server-refused", false, "The server refused.";
    ServerBusy = "server-busy", true, "The server can't do it now; it will be tried again.";
    KeyNotAccepted = "key-not-accepted", false, "The server does not accept this tablet's key.";
    Retired = "retired", false, "This tablet is retired and takes no new photos; what it holds is kept and handed over.";
    NotRetired = "not-retired", false, "Only a retired tablet can be emptied.";
    NotAllSafe = "not-all-safe", false, "Something on this tablet is not safe on the server yet.";
    NotFound = "not-found", false, "No such thing on this tablet.";
    UnknownKind = "unknown-kind", false, "No form of this kind on this tablet.";
    DraftClosed = "draft-closed", false, "The draft is waiting for signatures; reopen it to change it.";
    DraftNotClosed = "draft-not-closed", false, "The draft has no signature yet.";
    AnotherDraftClosing = "another-draft-closing", false, "Another draft is waiting for signatures; seal or reopen it first.";
    NoPhotos = "no-photos", false, "The draft has no photo.";
    TooManyPhotos = "too-many-photos", false, "The draft has as many photos as a packet can hold.";
    NoSignature = "no-signature", false, "At least one officer must sign.";
    AlreadySigned = "already-signed", false, "This officer has signed already.";
    OfficerNotNamed = "officer-not-named", false, "The record does not name this officer; reopen the draft to change who is on duty.";
    NotThisCode = "not-this-code", false, "This code is of another kind, or can't be read in full.";
    OtherDeployment = "other-deployment", false, "This code is of another bureau's deployment.";
    OtherOfficer = "other-officer", false, "This code is for, or by, another officer.";
    OtherPacket = "other-packet", false, "This signature is not over this packet.";
    TooManyOfficers = "too-many-officers", false, "This tablet knows as many officers of other tablets as it takes.";
    ReasonMissing = "reason-missing", false, "A reason is needed.";
    TextTooLong = "text-too-long", false, "The text is too long.";
    FactNotAllowed = "fact-not-allowed", false, "This value does not fit its field.";
    AlreadyVoided = "already-voided", false, "This photo is voided already.";
    NotStored = "not-stored", true, "Not stored; take it again. What was stored before is intact.";
    TooLarge = "too-large", false, "The file is larger than the limit.";
    RecordingOpen = "recording-open", true, "Another recording is under way; end it first.";
    NothingRecorded = "nothing-recorded", true, "The recording gave nothing: there was nothing to store.";
    NoRoom = "no-room", true, "Too little room is left for another photo. What is stored is safe, and can still be sealed and uploaded.";
    DiskFull = "disk-full", true, "The tablet's storage is full.";
    StorageFailed = "storage-failed", true, "The tablet's storage failed.";
    VaultDamaged = "vault-damaged", false, "The vault can't be opened; its files are kept as they are. Ask the administrator.";
    VaultInUse = "vault-in-use", true, "The vault is in use by another window of this app.";
    Unreadable = "unreadable", false, "This tablet can't read its own copy.";
    Reclaimed = "reclaimed", false, "The originals are on the server and were removed from this tablet by the retention rule.";
    LogContradicts = "log-contradicts", false, "The server's log contradicts what this tablet has seen of it; nothing is removed here.";
    NoPreview = "no-preview", false, "There is no preview of this item.";
    KeyMissing = "key-missing", false, "A signing key is missing or is not the one enrolled.";
    Internal = "internal", true, "Something went wrong inside the app; the log has the cause.";
}

/// Something could not be done.
#[derive(Debug)]
pub struct Problem {
    code: Code,
    params: BTreeMap<String, String>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl Problem {
    /// With its cause, which goes to the log alone.
    pub fn because(code: Code, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            code,
            params: BTreeMap::new(),
            source: Some(source.into()),
        }
    }

    /// Adds a number or an id that the sentence needs.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.params.insert(name.to_owned(), value.to_string());
        self
    }

    /// Which.
    pub fn code(&self) -> Code {
        self.code
    }
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Self {
            code,
            params: BTreeMap::new(),
            source: None,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.message())
    }
}

impl Error for Problem {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn Error + 'static))
    }
}

impl From<Problem> for ProblemView {
    fn from(problem: Problem) -> Self {
        if let Some(source) = &problem.source {
            let mut causes = source.to_string();
            let mut next = source.source();
            while let Some(cause) = next {
                causes.push_str(": ");
                causes.push_str(&cause.to_string());
                next = cause.source();
            }
            tracing::warn!(code = problem.code.as_str(), causes);
        }
        Self {
            code: problem.code.as_str().to_owned(),
            message: problem.code.message().to_owned(),
            retriable: problem.code.retriable(),
            params: problem.params,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_kebab_case_and_each_is_once() {
        let mut seen = std::collections::BTreeSet::new();
        for code in Code::ALL {
            let text = code.as_str();
            assert!(seen.insert(text), "{text} twice");
            assert!(
                text.bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'-'),
                "{text}"
            );
        }
    }

    #[test]
    fn the_cause_does_not_reach_the_screen() {
        let problem = Problem::because(Code::StorageFailed, "the cause").with("intact", 5);
        let view = ProblemView::from(problem);
        assert_eq!(
            (view.code.as_str(), view.params["intact"].as_str()),
            ("storage-failed", "5")
        );
        assert!(!view.message.contains("cause"));
    }
}
