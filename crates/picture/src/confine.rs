//! What the decoding process gives up before it reads the first byte of a picture.
//!
//! By limits of the system: core dumps, files of any size, new descriptors, address space, processor time. On Linux also the right to
//! gain rights, to be looked into by another program, to outlive its parent, and every system call but those that reading the
//! socket, answering, taking memory and ending need. What can't be given up on this system is left, and the answer says whether the
//! filter of system calls is in force.

use rustix::process::{Resource, Rlimit, nice, setrlimit};

/// Less urgent than anything the parent does.
const NICENESS: i32 = 5;

/// Gives up what can be given up; whether system calls are filtered.
#[must_use]
pub fn confine(memory: u64, cpu_s: u64) -> bool {
    let limit = |resource, soft: u64, hard: u64| {
        // A limit that is already lower can't be raised, which is as well.
        let _ = setrlimit(
            resource,
            Rlimit {
                current: Some(soft),
                maximum: Some(hard),
            },
        );
    };
    let _ = nice(NICENESS);
    limit(Resource::Core, 0, 0);
    limit(Resource::Fsize, 0, 0);
    limit(Resource::Nproc, 0, 0);
    // The soft limit ends the process by a signal that tells the parent why.
    limit(Resource::Cpu, cpu_s, cpu_s + 2);
    #[cfg(target_os = "linux")]
    {
        if let Some(taken) = linux::address_space() {
            let all = taken.saturating_add(memory);
            limit(Resource::As, all, all);
        }
        limit(Resource::Nofile, 0, 0);
        linux::give_up_rights();
        linux::filter_system_calls()
    }
    #[cfg(not(target_os = "linux"))]
    {
        // Elsewhere the address space is no measure of memory.
        let _ = memory;
        limit(Resource::Nofile, 0, 0);
        false
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::BTreeMap;

    use rustix::process::{
        DumpableBehavior, Signal, set_dumpable_behavior, set_parent_process_death_signal,
    };
    use rustix::thread::set_no_new_privs;
    use seccompiler::{
        BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
        SeccompRule, apply_filter,
    };

    /// What the program takes when it starts: its libraries, which a window's program has many of.
    pub fn address_space() -> Option<u64> {
        let status = std::fs::read_to_string("/proc/self/status").ok()?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmSize:"))?;
        let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        kib.checked_mul(1024)
    }

    pub fn give_up_rights() {
        let _ = set_no_new_privs(true);
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
        let _ = set_parent_process_death_signal(Some(Signal::KILL));
    }

    /// A call that is not listed fails with `EPERM`. Killing the process instead would let a C library that asks something new
    /// end all previews, and would keep out nothing more.
    pub fn filter_system_calls() -> bool {
        program().is_some_and(|program| apply_filter(&program).is_ok())
    }

    fn program() -> Option<BpfProgram> {
        let arch = std::env::consts::ARCH.try_into().ok()?;
        let filter = SeccompFilter::new(
            rules()?,
            SeccompAction::Errno(u32::try_from(libc::EPERM).ok()?),
            SeccompAction::Allow,
            arch,
        );
        filter.ok()?.try_into().ok()
    }

    fn argument(index: u8, operator: SeccompCmpOp, value: u64) -> Option<SeccompCondition> {
        SeccompCondition::new(index, SeccompCmpArgLen::Dword, operator, value).ok()
    }

    fn only(conditions: Vec<Option<SeccompCondition>>) -> Option<SeccompRule> {
        SeccompRule::new(conditions.into_iter().collect::<Option<_>>()?).ok()
    }

    fn rules() -> Option<BTreeMap<i64, Vec<SeccompRule>>> {
        let flag = |bits: libc::c_int| u64::try_from(bits).unwrap_or(u64::MAX);
        let (exec, anonymous) = (flag(libc::PROT_EXEC), flag(libc::MAP_ANONYMOUS));
        // The socket: nothing else that may have been inherited can be read or written.
        let socket = |descriptor| argument(0, SeccompCmpOp::Eq, descriptor);
        let mut rules: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::from([
            (libc::SYS_read, vec![only(vec![socket(0)])?]),
            (
                libc::SYS_write,
                vec![only(vec![socket(0)])?, only(vec![socket(2)])?],
            ),
            // Memory of its own, that can't be run.
            (
                libc::SYS_mmap,
                vec![only(vec![
                    argument(2, SeccompCmpOp::MaskedEq(exec), 0),
                    argument(3, SeccompCmpOp::MaskedEq(anonymous), anonymous),
                ])?],
            ),
            (
                libc::SYS_mprotect,
                vec![only(vec![argument(2, SeccompCmpOp::MaskedEq(exec), 0)])?],
            ),
        ]);
        let free = [
            libc::SYS_munmap,
            libc::SYS_mremap,
            libc::SYS_madvise,
            libc::SYS_brk,
            libc::SYS_futex,
            libc::SYS_getrandom,
            libc::SYS_clock_gettime,
            libc::SYS_sched_yield,
            libc::SYS_restart_syscall,
            // Ending, also by abort.
            libc::SYS_exit,
            libc::SYS_exit_group,
            libc::SYS_rt_sigreturn,
            libc::SYS_rt_sigprocmask,
            libc::SYS_rt_sigaction,
            libc::SYS_sigaltstack,
            libc::SYS_getpid,
            libc::SYS_gettid,
        ];
        rules.extend(free.map(|call| (call, Vec::new())));
        // Only to itself: the process's number is known before the filter is made.
        let own = u64::from(std::process::id());
        rules.insert(
            libc::SYS_tgkill,
            vec![only(vec![argument(0, SeccompCmpOp::Eq, own)])?],
        );
        Some(rules)
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn the_filter_can_be_made_here() {
            assert!(program().is_some());
            assert!(address_space().is_some());
        }
    }
}
