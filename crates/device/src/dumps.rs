//! No picture of this process's memory on disk: it holds keys, PINs and plain photos.

/// Asks the system for no crash dumps of this process, whatever the machine's setting. To be called first thing in `main`.
///
/// Linux and Android: core size 0, and not dumpable, which also holds where dumps go to a program instead of a file. On
/// other systems it does nothing; there the administrator's setting counts.
pub fn no_crash_dumps() {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use rustix::process::{DumpableBehavior, Resource, Rlimit};
        let none = Rlimit {
            current: Some(0),
            maximum: Some(0),
        };
        // Either alone is enough for the common setting; both fail only where a sandbox forbids them, and then dumps
        // are the sandbox's matter.
        let _ = rustix::process::setrlimit(Resource::Core, none);
        let _ = rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}
