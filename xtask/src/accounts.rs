use crate::progress::Progress;
use anyhow::Result;
use std::path::Path;
pub struct First;
pub fn prepare(_: &Progress, _: &Path, _: &str) -> Result<Option<First>> {
    Ok(None)
}
pub fn enrolment(_: &Progress, _: &Path, _: &str) -> Result<Option<String>> {
    Ok(None)
}
pub fn introduce(_: &str, _: &Path, _: Option<&First>) {}
