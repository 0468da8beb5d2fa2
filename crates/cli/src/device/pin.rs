//! How a PIN comes in: from the environment, or typed without showing. Never as an argument, where other users could read it.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use anyhow::ensure;

/// A PIN from the environment, or typed at the terminal without showing.
pub fn pin(variable: &str, whose: &str) -> anyhow::Result<String> {
    if let Ok(pin) = std::env::var(variable) {
        return Ok(pin);
    }
    ensure!(
        io::stdin().is_terminal(),
        "no terminal to ask for a PIN; set {variable}"
    );
    write!(io::stderr(), "PIN of {whose}: ")?;
    io::stderr().flush()?;
    let line = unseen_line();
    writeln!(io::stderr())?;
    Ok(line?.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(unix)]
fn unseen_line() -> io::Result<String> {
    use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

    let stdin = io::stdin();
    let shown = tcgetattr(&stdin)?;
    let mut unseen = shown.clone();
    unseen.local_modes.remove(LocalModes::ECHO);
    tcsetattr(&stdin, OptionalActions::Flush, &unseen)?;
    let mut line = String::new();
    let read = stdin.lock().read_line(&mut line);
    tcsetattr(&stdin, OptionalActions::Now, &shown)?;
    read.map(|_| line)
}

#[cfg(not(unix))]
fn unseen_line() -> io::Result<String> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).map(|_| line)
}
