//! The fault campaigns: what an officer or an operator was told must still be true after anything that a machine, a disk
//! or a network can do.
//!
//! The parent (`fieldseal-faults`) stands outside the fault domain. It notes every acknowledgement in a [`ledger`], starts
//! the tablet or the server as a child (`fault-worker`) under a fault, and afterwards restarts both through the product's
//! own start-up, finishes the line, and asks the [`oracle`] whether everything acknowledged is still there, once.
//!
//! * [`site`]: a server's data folder and a tablet's vault, prepared once and copied for each run
//! * [`tablet`]: the engine, asked what a screen would ask; [`serving`]: the server in this process
//! * [`worker`]: what the child does, one line of output after each acknowledgement
//! * [`scene`]: one stage of the line, from a site as it is just before; [`strace`]: a fault at its N-th system call
//! * [`oracle`]: what must hold, whatever happened
//! * one module a campaign, each with `run(&Ctx) -> Result<Report>`

pub mod cli;
pub mod ctx;
pub mod errors;
pub mod full;
pub mod hostile;
pub mod kill;
pub mod ledger;
mod locks;
pub mod net;
pub mod oracle;
pub mod power;
pub mod report;
pub mod rng;
pub mod runs;
pub mod scene;
pub mod serving;
pub mod site;
pub mod strace;
pub mod tablet;
pub mod teeth;
mod unmeasured;
pub mod worker;
