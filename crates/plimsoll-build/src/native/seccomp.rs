//! The system calls a step may make: what Docker allows by default, everything else fails with
//! `EPERM`. Facts of moby's default profile for a container with Docker's default capabilities.
//!
//! A 64-bit machine also runs the 32-bit programs of its family, and their calls have other
//! numbers: one program judges them all, by the processor mode the call was made in. Modes that no
//! table describes end the process.

mod calls;

use std::collections::BTreeMap;

use calls::{CALLS, NO};
use libc::{c_uint, sock_filter};

/// The filter, as the kernel takes it.
pub(crate) type Program = Vec<sock_filter>;

/// `clone` flags that make namespaces.
const NAMESPACES: u32 = 0x7e02_0000;
/// Address families that reach around the container: the kernel's cryptography, virtual machines.
const FAMILIES: [u32; 2] = [38, 40];
/// Personalities that do not weaken the process.
const PERSONALITIES: [u32; 5] = [0x0, 0x8, 0x2_0000, 0x2_0008, 0xffff_ffff];
/// Set in the number of every x32 call, which otherwise looks like one of x86-64.
const X32: u32 = 0x4000_0000;

/// Places in what the kernel hands to the filter (`struct seccomp_data`).
const NUMBER: u32 = 0;
const MODE: u32 = 4;
/// Lower half of the first argument, all that the kernel looks at where we judge it.
const ARGUMENT: u32 = 16;

const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;
const KILL: u32 = libc::SECCOMP_RET_KILL_PROCESS;
const DENIED: u32 = libc::SECCOMP_RET_ERRNO | 1;
/// For calls newer than the tables: C libraries then fall back to an older one.
const UNKNOWN: u32 = libc::SECCOMP_RET_ERRNO | 38;

/// A set of call numbers, as the kernel tells them apart (`AUDIT_ARCH_…`).
struct Mode {
    audit: u32,
    /// Columns of the table and the bit in their numbers.
    columns: &'static [(usize, u32)],
}

/// The modes of a machine.
fn modes(machine: &str) -> Option<&'static [Mode]> {
    Some(match machine {
        "x86_64" => &[
            Mode {
                audit: 0xc000_003e,
                columns: &[(0, 0), (2, X32)],
            },
            Mode {
                audit: 0x4000_0003,
                columns: &[(1, 0)],
            },
        ],
        "aarch64" => &[
            Mode {
                audit: 0xc000_00b7,
                columns: &[(3, 0)],
            },
            Mode {
                audit: 0x4000_0028,
                columns: &[(4, 0)],
            },
        ],
        "riscv64" => &[Mode {
            audit: 0xc000_00f3,
            columns: &[(5, 0)],
        }],
        _ => return None,
    })
}

/// What becomes of a call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Return(u32),
    /// Without flags that make namespaces.
    Clone,
    Socket,
    Personality,
}

/// The filter for this machine.
pub(crate) fn program() -> Result<Program, String> {
    compile(std::env::consts::ARCH)
}

fn compile(machine: &str) -> Result<Program, String> {
    let modes = modes(machine).ok_or_else(|| {
        format!("the system calls of {machine} are not known: RUN cannot be confined")
    })?;
    let mut program = vec![load(MODE)];
    for mode in modes {
        let mut body = vec![load(NUMBER)];
        body.extend(tree(&pieces(mode)));
        // Not this mode: on to the next, over more than a conditional jump reaches.
        program.push(jump(libc::BPF_JEQ, mode.audit, 1, 0));
        program.push(skip(body.len()));
        program.extend(body);
    }
    program.push(answer(KILL));
    if program.len() > 4096 {
        return Err(format!("{} instructions are too many", program.len()));
    }
    Ok(program)
}

/// The verdicts over all numbers: each holds from its number to the next one's.
fn pieces(mode: &Mode) -> Vec<(u32, Verdict)> {
    let mut verdicts = BTreeMap::new();
    for (column, bit) in mode.columns {
        let mut calls: Vec<(u32, Verdict)> = CALLS
            .iter()
            .filter(|(_, numbers)| numbers[*column] != NO)
            .map(|(name, numbers)| (numbers[*column], verdict(name)))
            .collect();
        calls.sort_by_key(|(number, _)| *number);
        verdicts.insert(*bit, Verdict::Return(DENIED));
        let mut after = 0;
        for (number, verdict) in calls {
            verdicts.insert(bit + number, verdict);
            after = bit + number + 1;
            verdicts.insert(after, Verdict::Return(DENIED));
        }
        verdicts.insert(after, Verdict::Return(UNKNOWN));
    }
    // Neighbours of one verdict are one piece.
    let mut pieces: Vec<(u32, Verdict)> = Vec::new();
    for (number, verdict) in verdicts {
        if pieces.last().is_none_or(|(_, last)| *last != verdict) {
            pieces.push((number, verdict));
        }
    }
    pieces
}

fn verdict(name: &str) -> Verdict {
    match name {
        "clone" => Verdict::Clone,
        // Its flags lie in memory, where no filter sees them: C libraries fall back to `clone`.
        "clone3" => Verdict::Return(UNKNOWN),
        "socket" => Verdict::Socket,
        "personality" => Verdict::Personality,
        _ => Verdict::Return(ALLOW),
    }
}

/// Finds the piece of the loaded number by halving.
fn tree(pieces: &[(u32, Verdict)]) -> Program {
    match pieces {
        [] => vec![answer(DENIED)],
        [(_, verdict)] => leaf(*verdict),
        _ => {
            let (low, high) = pieces.split_at(pieces.len() / 2);
            let first = high[0].0;
            let low = tree(low);
            let mut program = match u8::try_from(low.len()) {
                Ok(over) => vec![jump(libc::BPF_JGE, first, over, 0)],
                Err(_) => vec![jump(libc::BPF_JGE, first, 0, 1), skip(low.len())],
            };
            program.extend(low);
            program.extend(tree(high));
            program
        }
    }
}

fn leaf(verdict: Verdict) -> Program {
    let one_of = |values: &[u32], then: u32, otherwise: u32| {
        let mut program = vec![load(ARGUMENT)];
        for (index, value) in values.iter().enumerate() {
            let over = u8::try_from(values.len() - index).unwrap_or(u8::MAX);
            program.push(jump(libc::BPF_JEQ, *value, over, 0));
        }
        program.extend([answer(otherwise), answer(then)]);
        program
    };
    match verdict {
        Verdict::Return(value) => vec![answer(value)],
        Verdict::Clone => vec![
            load(ARGUMENT),
            jump(libc::BPF_JSET, NAMESPACES, 0, 1),
            answer(DENIED),
            answer(ALLOW),
        ],
        Verdict::Socket => one_of(&FAMILIES, DENIED, ALLOW),
        Verdict::Personality => one_of(&PERSONALITIES, ALLOW, DENIED),
    }
}

fn instruction(code: c_uint, jt: u8, jf: u8, k: u32) -> sock_filter {
    // Every code is below 256.
    let code = u16::try_from(code).unwrap_or(u16::MAX);
    sock_filter { code, jt, jf, k }
}

fn load(place: u32) -> sock_filter {
    instruction(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, place)
}

fn jump(test: c_uint, value: u32, yes: u8, no: u8) -> sock_filter {
    instruction(libc::BPF_JMP | test | libc::BPF_K, yes, no, value)
}

fn skip(length: usize) -> sock_filter {
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    instruction(libc::BPF_JMP | libc::BPF_JA, 0, 0, length)
}

fn answer(value: u32) -> sock_filter {
    instruction(libc::BPF_RET | libc::BPF_K, 0, 0, value)
}

/// Puts the filter on the calling process. It must hold `CAP_SYS_ADMIN` in its user namespace,
/// because `no_new_privs` stays off as in Docker: set-id programs work in a step.
pub(crate) fn install(program: &Program) -> std::io::Result<()> {
    let filter = libc::sock_fprog {
        len: u16::try_from(program.len())
            .map_err(|_| std::io::Error::other("the filter is too long"))?,
        filter: program.as_ptr().cast_mut(),
    };
    // SAFETY: `filter` points at `len` instructions that outlive the call; the kernel copies them.
    let result = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            0,
            &raw const filter,
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(std::io::Error::last_os_error())
    }
}

#[cfg(test)]
mod tests {
    use super::{
        ALLOW, ARGUMENT, CALLS, DENIED, KILL, MODE, NO, NUMBER, Program, UNKNOWN, X32, compile,
    };

    const X86_64: u32 = 0xc000_003e;
    const I386: u32 = 0x4000_0003;

    /// Runs the program as the kernel would.
    fn judge(program: &Program, mode: u32, number: u32, argument: u32) -> u32 {
        let (mut at, mut value) = (0, 0);
        loop {
            let step = &program[at];
            at += 1;
            let yes = match step.code {
                0x20 => {
                    value = match step.k {
                        NUMBER => number,
                        MODE => mode,
                        ARGUMENT => argument,
                        other => panic!("loads {other}"),
                    };
                    continue;
                }
                0x05 => {
                    at += step.k as usize;
                    continue;
                }
                0x06 => return step.k,
                0x15 => value == step.k,
                0x35 => value >= step.k,
                0x45 => value & step.k != 0,
                other => panic!("code {other:#x}"),
            };
            at += usize::from(if yes { step.jt } else { step.jf });
        }
    }

    #[test]
    fn every_listed_call_is_judged_by_its_mode() {
        for (machine, columns) in [
            (
                "x86_64",
                &[(0, X86_64, 0), (1, I386, 0), (2, X86_64, X32)][..],
            ),
            ("aarch64", &[(3, 0xc000_00b7, 0), (4, 0x4000_0028, 0)]),
            ("riscv64", &[(5, 0xc000_00f3, 0)]),
        ] {
            let program = compile(machine).unwrap();
            assert!(program.len() < 4096, "{machine}: {}", program.len());
            for (column, mode, bit) in columns {
                let listed: Vec<u32> = CALLS.iter().map(|(_, n)| n[*column]).collect();
                for (name, numbers) in CALLS {
                    if numbers[*column] != NO {
                        let found = judge(&program, *mode, bit | numbers[*column], 0);
                        let wanted = if *name == "clone3" { UNKNOWN } else { ALLOW };
                        assert_eq!(found, wanted, "{machine} {mode:x} {name}");
                    }
                }
                let last = listed.iter().filter(|n| **n != NO).max().unwrap();
                for number in 0..500.min(*last) {
                    if !listed.contains(&number) {
                        let found = judge(&program, *mode, bit | number, 0);
                        assert_eq!(found, DENIED, "{machine} {mode:x} {number}");
                    }
                }
                assert_eq!(judge(&program, *mode, bit | (last + 1), 0), UNKNOWN);
            }
            assert_eq!(judge(&program, 0x1234, 0, 0), KILL);
        }
    }

    #[test]
    fn arguments_decide_where_docker_looks_at_them() {
        let program = compile("x86_64").unwrap();
        for (mode, clone, socket, personality) in [(X86_64, 56, 41, 135), (I386, 120, 359, 136)] {
            let judged = |number, argument| judge(&program, mode, number, argument);
            assert_eq!(judged(clone, 0x0120_0011), ALLOW);
            assert_eq!(judged(clone, 0x1000_0000), DENIED);
            assert_eq!(judged(socket, 2), ALLOW);
            assert_eq!(judged(socket, 39), ALLOW);
            assert_eq!(judged(socket, 38), DENIED);
            assert_eq!(judged(socket, 40), DENIED);
            assert_eq!(judged(personality, 0x2_0008), ALLOW);
            assert_eq!(judged(personality, 0xffff_ffff), ALLOW);
            assert_eq!(judged(personality, 0x4_0000), DENIED);
        }
    }

    #[test]
    fn one_number_is_another_call_in_another_mode() {
        let program = compile("x86_64").unwrap();
        // 101 is ptrace on x86-64 and ioperm on i386.
        assert_eq!(judge(&program, X86_64, 101, 0), ALLOW);
        assert_eq!(judge(&program, I386, 101, 0), DENIED);
        assert_eq!(judge(&program, X86_64, u32::MAX, 0), UNKNOWN);
    }

    #[test]
    fn unknown_machines_are_refused() {
        assert!(compile("sparc64").is_err());
    }
}
