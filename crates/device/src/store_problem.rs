//! What the vault's errors mean to a screen.

use std::io;

use fieldseal_vault::{
    CaptureError, CreateError, OfficerError, ReclaimError, StoreError, TakeInError, UnlockError,
};

use crate::problem::{Code, Problem};

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let code = match &error {
            StoreError::Locked => Code::Locked,
            StoreError::Full => Code::DiskFull,
            StoreError::NotFound => Code::NotFound,
            StoreError::WrongStage => Code::DraftClosed,
            StoreError::AnotherClosing(other) => {
                return Problem::from(Code::AnotherDraftClosing).with("draft", other);
            }
            StoreError::Value(_) => Code::TextTooLong,
            StoreError::Corrupt | StoreError::LaterVersion => Code::VaultDamaged,
            StoreError::WrongPlace | StoreError::Custody => Code::Internal,
            _ => Code::StorageFailed,
        };
        Problem::because(code, error)
    }
}

/// What a failed file operation means: the disk is full, or it failed.
pub(crate) fn storage(error: &io::Error) -> Code {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Code::DiskFull,
        _ => Code::StorageFailed,
    }
}

/// Seconds, rounded up: a screen that counts down must not promise too early.
fn seconds(wait_ms: u64) -> u64 {
    wait_ms.div_ceil(1000)
}

impl From<UnlockError> for Problem {
    fn from(error: UnlockError) -> Self {
        match error {
            UnlockError::UnknownOfficer => Code::UnknownOfficer.into(),
            UnlockError::WrongPin { wait_ms } => {
                Problem::from(Code::WrongPin).with("wait_s", seconds(wait_ms))
            }
            UnlockError::Wait { wait_ms } => {
                Problem::from(Code::PinWait).with("wait_s", seconds(wait_ms))
            }
            UnlockError::Store(error) => error.into(),
            UnlockError::Io(error) => Problem::because(storage(&error), error),
            error => Problem::because(Code::VaultDamaged, error),
        }
    }
}

impl From<OfficerError> for Problem {
    fn from(error: OfficerError) -> Self {
        match error {
            OfficerError::Exists => Code::OfficerEnrolled.into(),
            OfficerError::UnknownOfficer => Code::UnknownOfficer.into(),
            OfficerError::NoRecovery => Code::NoRecovery.into(),
            OfficerError::NoRequest => Code::NoPinRequest.into(),
            OfficerError::Unlock(error) => error.into(),
            OfficerError::Store(error) => error.into(),
            OfficerError::Io(error) => Problem::because(storage(&error), error),
            error => Problem::because(Code::Internal, error),
        }
    }
}

impl From<CreateError> for Problem {
    fn from(error: CreateError) -> Self {
        match error {
            CreateError::Exists => Code::AlreadyEnrolled.into(),
            CreateError::Store(error) => error.into(),
            CreateError::Io(error) => Problem::because(storage(&error), error),
            error => Problem::because(Code::Internal, error),
        }
    }
}

impl From<ReclaimError> for Problem {
    fn from(error: ReclaimError) -> Self {
        match error {
            ReclaimError::Store(error) => error.into(),
            ReclaimError::Io(error) => Problem::because(storage(&error), error),
            error => Problem::because(Code::StorageFailed, error),
        }
    }
}

/// The photo is not there; those before it are.
impl From<CaptureError> for Problem {
    fn from(error: CaptureError) -> Self {
        let code = match &error {
            CaptureError::NoSpace => Code::DiskFull,
            CaptureError::TooLarge => Code::TooLarge,
            _ => Code::NotStored,
        };
        Problem::because(code, error)
    }
}

impl From<TakeInError> for Problem {
    fn from(error: TakeInError) -> Self {
        match error {
            TakeInError::Store(error) => error.into(),
            TakeInError::Io(error) => Problem::because(storage(&error), error),
            error => Problem::because(Code::StorageFailed, error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::OpenEngineError;
    use crate::api::ProblemView;

    #[test]
    fn a_full_disk_is_said_wherever_it_shows() {
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        let problems: [Problem; 5] = [
            UnlockError::Io(full()).into(),
            OfficerError::Io(full()).into(),
            CreateError::Io(full()).into(),
            ReclaimError::Io(full()).into(),
            TakeInError::Io(full()).into(),
        ];
        for problem in problems {
            assert_eq!(problem.code(), Code::DiskFull, "{problem:?}");
        }
        for error in [
            OpenEngineError::Folder(full()),
            OpenEngineError::Threads(full()),
        ] {
            assert_eq!(ProblemView::from(error).code, Code::DiskFull.as_str());
        }
        let failed = OpenEngineError::Threads(io::Error::from_raw_os_error(5));
        assert_eq!(ProblemView::from(failed).code, Code::StorageFailed.as_str());
    }
}
