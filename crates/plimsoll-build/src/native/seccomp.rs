//! The system calls a step may make: what Docker allows by default, everything else fails with
//! `EPERM`. Facts of moby's default profile for a container with Docker's default capabilities.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};

macro_rules! numbers {
    ($($name:ident)*) => { [$(libc::$name),*] };
}

/// Allowed whatever the arguments, on every processor.
fn everywhere() -> Vec<libc::c_long> {
    let mut list = numbers! {
        SYS_accept SYS_accept4 SYS_adjtimex SYS_bind SYS_brk SYS_capget SYS_capset SYS_chdir
        SYS_chroot SYS_clock_adjtime SYS_clock_getres SYS_clock_gettime SYS_clock_nanosleep
        SYS_close SYS_connect SYS_copy_file_range SYS_dup SYS_dup3 SYS_epoll_create1
        SYS_epoll_ctl SYS_epoll_pwait SYS_eventfd2 SYS_execve SYS_execveat SYS_exit
        SYS_exit_group SYS_faccessat SYS_fadvise64 SYS_fallocate SYS_fanotify_mark SYS_fchdir
        SYS_fchmod SYS_fchmodat SYS_fchown SYS_fchownat SYS_fcntl SYS_fdatasync SYS_fgetxattr
        SYS_flistxattr SYS_flock SYS_fremovexattr SYS_fsetxattr SYS_fstat SYS_fstatfs SYS_fsync
        SYS_ftruncate SYS_futex SYS_getcpu SYS_getcwd SYS_getdents64 SYS_getegid SYS_geteuid
        SYS_getgid SYS_getgroups SYS_getitimer SYS_getpeername SYS_getpgid SYS_getpid
        SYS_getppid SYS_getpriority SYS_getrandom SYS_getresgid SYS_getresuid
        SYS_get_robust_list SYS_getrusage SYS_getsid SYS_getsockname SYS_getsockopt SYS_gettid
        SYS_gettimeofday SYS_getuid SYS_getxattr SYS_inotify_add_watch SYS_inotify_init1
        SYS_inotify_rm_watch SYS_io_cancel SYS_ioctl SYS_io_destroy SYS_io_getevents
        SYS_ioprio_get SYS_ioprio_set SYS_io_setup SYS_io_submit SYS_kill SYS_lgetxattr
        SYS_linkat SYS_listen SYS_listxattr SYS_llistxattr SYS_lremovexattr SYS_lseek
        SYS_lsetxattr SYS_madvise SYS_membarrier SYS_memfd_create SYS_mincore SYS_mkdirat
        SYS_mknodat SYS_mlock SYS_mlock2 SYS_mlockall SYS_mmap SYS_mprotect SYS_mq_getsetattr
        SYS_mq_notify SYS_mq_open SYS_mq_timedreceive SYS_mq_timedsend SYS_mq_unlink SYS_mremap
        SYS_msgctl SYS_msgget SYS_msgrcv SYS_msgsnd SYS_msync SYS_munlock SYS_munlockall
        SYS_munmap SYS_name_to_handle_at SYS_nanosleep SYS_openat SYS_pipe2 SYS_ppoll SYS_prctl
        SYS_pread64 SYS_preadv SYS_preadv2 SYS_prlimit64 SYS_process_vm_readv
        SYS_process_vm_writev SYS_pselect6 SYS_ptrace SYS_pwrite64 SYS_pwritev SYS_pwritev2
        SYS_read SYS_readahead SYS_readlinkat SYS_readv SYS_recvfrom SYS_recvmmsg SYS_recvmsg
        SYS_remap_file_pages SYS_removexattr SYS_renameat SYS_renameat2 SYS_restart_syscall
        SYS_rt_sigaction SYS_rt_sigpending SYS_rt_sigprocmask SYS_rt_sigqueueinfo
        SYS_rt_sigreturn SYS_rt_sigsuspend SYS_rt_sigtimedwait SYS_rt_tgsigqueueinfo
        SYS_sched_getaffinity SYS_sched_getattr SYS_sched_getparam SYS_sched_get_priority_max
        SYS_sched_get_priority_min SYS_sched_getscheduler SYS_sched_rr_get_interval
        SYS_sched_setaffinity SYS_sched_setattr SYS_sched_setparam SYS_sched_setscheduler
        SYS_sched_yield SYS_seccomp SYS_semctl SYS_semget SYS_semop SYS_semtimedop SYS_sendfile
        SYS_sendmmsg SYS_sendmsg SYS_sendto SYS_setfsgid SYS_setfsuid SYS_setgid SYS_setgroups
        SYS_setitimer SYS_setpgid SYS_setpriority SYS_setregid SYS_setresgid SYS_setresuid
        SYS_setreuid SYS_setrlimit SYS_set_robust_list SYS_setsid SYS_setsockopt
        SYS_set_tid_address SYS_setuid SYS_setxattr SYS_shmat SYS_shmctl SYS_shmdt SYS_shmget
        SYS_shutdown SYS_sigaltstack SYS_signalfd4 SYS_socketpair SYS_splice SYS_statfs
        SYS_statx SYS_symlinkat SYS_sync SYS_sync_file_range SYS_syncfs SYS_sysinfo SYS_tee
        SYS_tgkill SYS_timer_create SYS_timer_delete SYS_timer_getoverrun SYS_timer_gettime
        SYS_timer_settime SYS_timerfd_create SYS_timerfd_gettime SYS_timerfd_settime SYS_times
        SYS_tkill SYS_truncate SYS_umask SYS_uname SYS_unlinkat SYS_utimensat SYS_vmsplice
        SYS_wait4 SYS_waitid SYS_write SYS_writev
    }
    .to_vec();
    // Numbers above 423 are the same on every processor; not every C library's table has them.
    list.extend(NEWER.iter().map(|(_, number)| *number));
    list
}

/// Newer calls, by their one number.
const NEWER: &[(&str, libc::c_long)] = &[
    ("pidfd_send_signal", 424),
    ("pidfd_open", 434),
    // Answered with ENOSYS by the second filter, so that C libraries fall back to clone.
    ("clone3", 435),
    ("close_range", 436),
    ("openat2", 437),
    ("pidfd_getfd", 438),
    ("faccessat2", 439),
    ("process_madvise", 440),
    ("epoll_pwait2", 441),
    ("landlock_create_ruleset", 444),
    ("landlock_add_rule", 445),
    ("landlock_restrict_self", 446),
    ("memfd_secret", 447),
    ("process_mrelease", 448),
    ("futex_waitv", 449),
    ("cachestat", 451),
    ("fchmodat2", 452),
    ("map_shadow_stack", 453),
    ("futex_wake", 454),
    ("futex_wait", 455),
    ("futex_requeue", 456),
];

/// Allowed on this processor only.
#[cfg(target_arch = "x86_64")]
fn here() -> Vec<libc::c_long> {
    numbers! {
        SYS_access SYS_alarm SYS_arch_prctl SYS_chmod SYS_chown SYS_creat SYS_dup2
        SYS_epoll_create SYS_epoll_ctl_old SYS_epoll_wait SYS_epoll_wait_old SYS_eventfd SYS_fork
        SYS_futimesat SYS_getdents SYS_getpgrp SYS_getrlimit SYS_get_thread_area
        SYS_inotify_init SYS_lchown SYS_link SYS_lstat SYS_mkdir SYS_mknod SYS_modify_ldt
        SYS_newfstatat SYS_open SYS_pause SYS_pipe SYS_poll SYS_readlink SYS_rename SYS_rmdir
        SYS_rseq SYS_select SYS_set_thread_area SYS_signalfd SYS_stat SYS_symlink SYS_time
        SYS_unlink SYS_utime SYS_utimes SYS_vfork
    }
    .to_vec()
}

/// Allowed on this processor only.
#[cfg(not(target_arch = "x86_64"))]
fn here() -> Vec<libc::c_long> {
    numbers! { SYS_newfstatat SYS_rseq SYS_getrlimit }.to_vec()
}

/// `clone` flags that make namespaces.
const NAMESPACES: u64 = 0x7e02_0000;
/// Address family of virtual machine sockets.
const AF_VSOCK: u64 = 40;
/// Personalities that do not weaken the process.
const PERSONALITIES: [u64; 5] = [0x0, 0x8, 0x2_0000, 0x2_0008, 0xffff_ffff];

/// The filters, in the order they are put on.
pub(crate) fn programs() -> Result<Vec<BpfProgram>, String> {
    let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(|error| error.to_string())?;
    let build = || -> seccompiler::Result<Vec<BpfProgram>> {
        let mut rules: BTreeMap<i64, Vec<SeccompRule>> = everywhere()
            .into_iter()
            .chain(here())
            .map(|number| (i64_from(number), Vec::new()))
            .collect();
        let argument = |index, length, op, value| SeccompCondition::new(index, length, op, value);
        rules.insert(
            i64_from(libc::SYS_clone),
            vec![SeccompRule::new(vec![argument(
                0,
                SeccompCmpArgLen::Qword,
                SeccompCmpOp::MaskedEq(NAMESPACES),
                0,
            )?])?],
        );
        rules.insert(
            i64_from(libc::SYS_socket),
            vec![SeccompRule::new(vec![argument(
                0,
                SeccompCmpArgLen::Dword,
                SeccompCmpOp::Ne,
                AF_VSOCK,
            )?])?],
        );
        let personalities = PERSONALITIES
            .into_iter()
            .map(|value| {
                SeccompRule::new(vec![argument(
                    0,
                    SeccompCmpArgLen::Dword,
                    SeccompCmpOp::Eq,
                    value,
                )?])
            })
            .collect::<Result<Vec<_>, _>>()?;
        rules.insert(i64_from(libc::SYS_personality), personalities);
        let allowed = SeccompFilter::new(
            rules,
            SeccompAction::Errno(libc::EPERM.unsigned_abs()),
            SeccompAction::Allow,
            arch,
        )?;
        let absent = SeccompFilter::new(
            BTreeMap::from([(435, Vec::new())]),
            SeccompAction::Allow,
            SeccompAction::Errno(libc::ENOSYS.unsigned_abs()),
            arch,
        )?;
        Ok(vec![allowed.try_into()?, absent.try_into()?])
    };
    build().map_err(|error| error.to_string())
}

/// `c_long` is 64 bits wide on every processor that `TargetArch` knows.
#[allow(clippy::useless_conversion)]
fn i64_from(number: libc::c_long) -> i64 {
    i64::from(number)
}

/// Puts the filters on the calling process. It must hold `CAP_SYS_ADMIN` in its user namespace,
/// because `no_new_privs` stays off as in Docker: set-id programs work in a step.
pub(crate) fn install(programs: &[BpfProgram]) -> std::io::Result<()> {
    for program in programs {
        let filter = libc::sock_fprog {
            len: u16::try_from(program.len())
                .map_err(|_| std::io::Error::other("the filter is too long"))?,
            filter: program.as_ptr().cast_mut().cast(),
        };
        // SAFETY: `filter` points at `len` instructions that outlive the call; the kernel copies
        // them. seccompiler's `sock_filter` and libc's are both the kernel's struct.
        let result = unsafe {
            libc::syscall(
                libc::SYS_seccomp,
                libc::SECCOMP_SET_MODE_FILTER,
                0,
                &raw const filter,
            )
        };
        if result != 0 {
            return Err(std::io::Error::last_os_error());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_filters_compile_and_fit() {
        let programs = super::programs().unwrap();
        assert_eq!(programs.len(), 2);
        for program in programs {
            assert!(program.len() < 4096, "{}", program.len());
        }
    }
}
