//! The witnesses as this deployment hands them on: a file beside the trust file, so that whoever opens the data folder (`fieldseal admin`) gives
//! the same trust anchors, and chooses the same checkpoints for exports, as the server that was told the settings.

use std::fs;
use std::io;

use super::Witnessing;
use crate::config::Layout;
use crate::files;

const NONE: &str = "quorum none\n";

/// The policy's lines.
pub fn read(layout: &Layout) -> io::Result<String> {
    match fs::read_to_string(layout.witness_policy()) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(NONE.to_owned()),
        Err(error) => Err(error),
    }
}

/// Keeps what is configured. Witnesses that are no longer configured go: what they have cosigned is checked by the trust file of its time.
pub fn keep(layout: &Layout, settings: &Witnessing) -> io::Result<()> {
    let text = settings.policy();
    if read(layout)? == text {
        return Ok(());
    }
    files::replace(&layout.witness_policy(), text.as_bytes())
}

/// How many cosignatures a policy of [`keep`] asks for.
pub fn enough(policy: &str) -> u32 {
    policy
        .lines()
        .find_map(|line| line.strip_prefix("group witnesses "))
        .and_then(|rest| rest.split(' ').next())
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn without_witnesses_none_is_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Config::new(folder.path()).layout();
        keep(&layout, &Witnessing::default()).unwrap();
        assert!(!layout.witness_policy().exists());
        assert_eq!(enough(&read(&layout).unwrap()), 0);
        assert_eq!(
            enough("witness a k\ngroup witnesses 2 a b\nquorum witnesses\n"),
            2
        );
    }
}
