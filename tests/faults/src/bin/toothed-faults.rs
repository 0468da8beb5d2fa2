//! `fieldseal-faults` with the planted faults compiled in: what the campaign `teeth` starts.

use std::process::ExitCode;

fn main() -> ExitCode {
    fieldseal_faults::cli::main()
}
