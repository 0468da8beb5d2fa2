//! `fieldseal-faults`: see [`fieldseal_faults::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    fieldseal_faults::cli::main()
}
