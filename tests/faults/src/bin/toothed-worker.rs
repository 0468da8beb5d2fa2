//! `fault-worker` with the planted faults compiled in.

use std::process::ExitCode;

use clap::Parser as _;
use fieldseal_faults::worker::{self, Args};

fn main() -> ExitCode {
    fieldseal_device::run_decoder_child();
    match worker::run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("toothed-worker: {error:#}");
            ExitCode::FAILURE
        }
    }
}
