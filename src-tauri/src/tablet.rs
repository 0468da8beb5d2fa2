//! The engine this window stands in front of, or the one sentence why there is none.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use fieldseal_device::api::{ProblemView, Request};
#[cfg(not(target_os = "android"))]
use fieldseal_device::platform::Machine;
use fieldseal_device::platform::Platform;
use fieldseal_device::{Engine, EngineConfig};

use crate::commands::problem;

/// What the process was started with.
#[derive(Default)]
pub struct Launch {
    /// The enrolment QR's text: `--enrol TEXT`, or the variable `FIELDSEAL_ENROL`.
    pub enrol: Option<String>,
}

impl Launch {
    /// Reads the arguments and the environment.
    pub fn from_process() -> Launch {
        Launch::from(
            std::env::args().skip(1),
            std::env::var("FIELDSEAL_ENROL").ok(),
        )
    }

    fn from(mut arguments: impl Iterator<Item = String>, variable: Option<String>) -> Launch {
        let argument = arguments
            .find(|argument| argument == "--enrol")
            .and_then(|_| arguments.next());
        Launch {
            enrol: argument.or(variable).filter(|text| !text.is_empty()),
        }
    }
}

/// The engine, or why there is none: a corrupt vault, or a second window on the same one.
pub struct Tablet {
    engine: Result<Arc<Engine>, ProblemView>,
}

impl Tablet {
    /// Opens the vault's folder, takes in what a stop left of photos that were handed over as files, and begins the enrolment that the app was started with. The window is not kept waiting
    /// for the server.
    pub fn open(folder: &Path, launch: Launch, machine: std::io::Result<OnMachine>) -> Tablet {
        let engine = open_engine(folder, machine).map(Arc::new);
        match (&engine, launch.enrol) {
            (Ok(engine), Some(text)) => {
                let engine = Arc::clone(engine);
                std::thread::spawn(move || enrol(&engine, text));
            }
            (Err(problem), _) => eprintln!("fieldseal-tablet: {}", problem.message),
            (Ok(_), None) => {}
        }
        Tablet { engine }
    }

    /// # Errors
    /// Why the engine could not be opened, the same each time.
    pub fn engine(&self) -> Result<Arc<Engine>, ProblemView> {
        self.engine.clone()
    }
}

/// What the engine asks of this machine, and the folder in which its camera hands photos over, if it does so.
pub type OnMachine = (Arc<dyn Platform>, Option<PathBuf>);

/// A desktop.
#[cfg(not(target_os = "android"))]
pub fn machine() -> std::io::Result<OnMachine> {
    Ok((Arc::new(Machine::new()?), None))
}

fn open_engine(folder: &Path, machine: std::io::Result<OnMachine>) -> Result<Engine, ProblemView> {
    let (platform, handover) =
        machine.map_err(|_| problem("internal", "The machine's clocks could not be read."))?;
    let mut config = EngineConfig::new(folder);
    config.handover = handover;
    // Where the PINs that a biometric opens lie: they are nothing without the vault.
    config.beside = vec![folder.with_file_name("biometric")];
    let engine = Engine::open(config, platform)?;
    // Before there is a camera that could hand over another one.
    engine.take_what_was_left();
    Ok(engine)
}

/// An enrolled tablet is left as it is: the text was for the first start.
fn enrol(engine: &Engine, text: String) {
    let enrolled = engine
        .call(Request::State)
        .map(|state| state["enrolled"] == true);
    let outcome = match enrolled {
        Ok(true) => return,
        Ok(false) => engine.call(Request::EnrolDevice { text }).map(drop),
        Err(problem) => Err(problem),
    };
    // Enrolled at an earlier start, though no officer has been added yet.
    if let Err(problem) = outcome
        && problem.code != "already-enrolled"
    {
        eprintln!(
            "fieldseal-tablet: this tablet could not be enrolled: {}",
            problem.message
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn launch(arguments: &[&str], variable: Option<&str>) -> Option<String> {
        Launch::from(
            arguments.iter().map(|&text| text.to_owned()),
            variable.map(str::to_owned),
        )
        .enrol
    }

    #[test]
    fn the_argument_wins_over_the_variable() {
        assert_eq!(launch(&["--enrol", "a"], Some("b")).as_deref(), Some("a"));
        assert_eq!(launch(&[], Some("b")).as_deref(), Some("b"));
        assert_eq!(launch(&["--enrol"], None), None);
        assert_eq!(launch(&[], Some("")), None);
    }
}
