//! Builds a static `plimsoll` and ships Plimsoll's own image with it: from a clean checkout to an
//! OCI layout, with nothing but Rust and a C compiler, no daemon and no network.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail, ensure};

/// Where the image goes unless told otherwise, below the project's root.
const DEFAULT_OUTPUT: &str = ".plimsoll/image";
/// Where the build context is put together. Inside the repository, so that git and plimsoll.toml
/// are found from there, and ignored by git.
const CONTEXT: &str = ".plimsoll/context";
/// Where report, bill of materials and provenance lie afterwards.
const EVIDENCE: &str = ".plimsoll/evidence";

/// Runs the chore.
pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    let output = match arguments {
        [] => DEFAULT_OUTPUT,
        [output] if !output.starts_with('-') => output,
        _ => bail!("ship takes the folder of the OCI layout to write, nothing else"),
    };
    let root = crate::project_root();
    let cargo_target = target_folder(&root)?;

    let plan = StaticBuild::choose()?;
    println!(
        "building a static plimsoll for {} ({})",
        plan.target, plan.why
    );
    let binary = plan.build(&root, &cargo_target)?;
    let bytes = std::fs::read(&binary).with_context(|| format!("reading {}", binary.display()))?;
    ensure_static(&bytes).with_context(|| format!("{}", binary.display()))?;
    println!(
        "built {} ({:.1} MB, static)",
        binary.display(),
        bytes.len() as f64 / 1e6
    );

    assemble(&root, &binary)?;
    let mut ship = Command::new(&binary);
    ship.args(["ship", CONTEXT, "--engine", "native", "--offline"])
        .args(["--to", &format!("oci:{output}")])
        .args(["--evidence", EVIDENCE])
        .current_dir(&root);
    // The context is a copy that git ignores: whether the sources differ from the commit is asked
    // here, or an image of uncommitted work would carry the commit's name.
    if let Some(commit) = uncommitted(&root) {
        let version = format!("{}-dirty", &commit[..12]);
        ship.args(["--tag", &version]);
        ship.args([
            "--label",
            &format!("org.opencontainers.image.version={version}"),
        ]);
        ship.args([
            "--label",
            &format!("org.opencontainers.image.revision={commit}-dirty"),
        ]);
    }
    let status = ship
        .status()
        .with_context(|| format!("running {}", binary.display()))?;
    ensure!(status.success(), "plimsoll ship ended with {status}");
    println!("{}", how_to_try(&root, output)?);
    Ok(())
}

/// How a static program is made here.
struct StaticBuild {
    target: String,
    why: String,
    environment: Vec<(String, OsString)>,
}

impl StaticBuild {
    /// The musl target where it is installed and a C compiler makes programs for it, the host's own
    /// target with a static C runtime otherwise.
    fn choose() -> anyhow::Result<Self> {
        let host = rustc(&["-vV"])?
            .lines()
            .find_map(|line| line.strip_prefix("host: ").map(str::to_owned))
            .context("rustc -vV does not name the host")?;
        let Some((architecture, rest)) = host.split_once('-') else {
            bail!("rustc's host `{host}` is not a target");
        };
        ensure!(
            rest.contains("linux"),
            "a Linux image holds a Linux program, and this machine is {host}: run this chore on Linux"
        );
        let musl = format!("{architecture}-unknown-linux-musl");
        let sysroot = PathBuf::from(rustc(&["--print", "sysroot"])?.trim());
        let reason = if !sysroot.join("lib/rustlib").join(&musl).join("lib").is_dir() {
            format!("the target {musl} is not installed")
        } else {
            match musl_compiler(&musl) {
                Some(compiler) => {
                    return Ok(Self {
                        why: format!("C compiled by {}", compiler.to_string_lossy()),
                        environment: vec![
                            (format!("CC_{}", musl.replace('-', "_")), compiler.clone()),
                            (format!("CARGO_TARGET_{}_LINKER", shouted(&musl)), compiler),
                            // The musl-gcc wrapper takes a static program that may lie anywhere
                            // for a dynamic one, which then crashes; some distributions' compilers
                            // make dynamic musl programs unless told otherwise.
                            flags(
                                &musl,
                                &["-Ctarget-feature=+crt-static", "-Crelocation-model=static"],
                            ),
                        ],
                        target: musl,
                    });
                }
                None => format!("no C compiler makes programs for {musl}"),
            }
        };
        Ok(Self {
            why: format!("{reason}; linking the C runtime of this machine statically"),
            environment: vec![flags(&host, &["-Ctarget-feature=+crt-static"])],
            target: host,
        })
    }

    fn build(&self, root: &Path, cargo_target: &Path) -> anyhow::Result<PathBuf> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let status = Command::new(cargo)
            .args([
                "build",
                "--locked",
                "--release",
                "--package",
                "plimsoll",
                "--target",
            ])
            .arg(&self.target)
            .arg("--target-dir")
            .arg(cargo_target)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(root)
            .status()
            .context("running cargo")?;
        ensure!(
            status.success(),
            "the static build failed; where the linker did not find libc, install the static C library \
             (libc6-dev on Debian, glibc-static on Fedora) or the target and its compiler \
             (rustup target add {}-unknown-linux-musl; musl-tools on Debian)",
            self.target.split('-').next().unwrap_or_default()
        );
        Ok(cargo_target
            .join(&self.target)
            .join("release")
            .join("plimsoll"))
    }
}

/// The variable that hands flags to the compiler of the program. With `--target` it leaves build
/// scripts and macros alone, which must stay dynamic. `RUSTFLAGS` would win over it, so where that
/// is set it is added to.
fn flags(target: &str, wanted: &[&str]) -> (String, OsString) {
    let wanted = wanted.join(" ");
    match std::env::var_os("RUSTFLAGS") {
        Some(mut flags) if !flags.is_empty() => {
            flags.push(" ");
            flags.push(wanted);
            ("RUSTFLAGS".to_owned(), flags)
        }
        _ => (
            format!("CARGO_TARGET_{}_RUSTFLAGS", shouted(target)),
            wanted.into(),
        ),
    }
}

fn shouted(target: &str) -> String {
    target.replace('-', "_").to_ascii_uppercase()
}

/// The first compiler that really makes a static program for `target`: asked, not guessed.
fn musl_compiler(target: &str) -> Option<OsString> {
    let architecture = target.split('-').next()?;
    let configured = std::env::var_os(format!("CC_{}", target.replace('-', "_")));
    let names = [
        "musl-gcc".to_owned(),
        format!("{target}-gcc"),
        format!("{architecture}-linux-musl-gcc"),
    ];
    configured
        .into_iter()
        .chain(names.into_iter().map(OsString::from))
        .find(compiles)
}

fn compiles(compiler: &OsString) -> bool {
    let folder = std::env::temp_dir().join(format!("plimsoll-probe-{}", std::process::id()));
    let source = folder.join("probe.c");
    let program = folder.join("probe");
    let made = std::fs::create_dir_all(&folder).is_ok()
        && std::fs::write(
            &source,
            "#include <stdlib.h>\nint main(void) { return abs(0); }\n",
        )
        .is_ok()
        && Command::new(compiler)
            .arg("-static")
            .arg("-o")
            .arg(&program)
            .arg(&source)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
        && std::fs::read(&program).is_ok_and(|bytes| ensure_static(&bytes).is_ok());
    // Best effort: it lies in the folder for temporary files.
    let _ = std::fs::remove_dir_all(&folder);
    made
}

/// Whether an ELF program asks for no dynamic loader (System V gABI, "Program Header": no
/// `PT_INTERP`). A position-independent static program has a dynamic section all the same.
fn ensure_static(program: &[u8]) -> anyhow::Result<()> {
    const PT_INTERP: u32 = 3;
    let number = |at: usize, bytes: usize| -> anyhow::Result<usize> {
        let field = program
            .get(at..at.saturating_add(bytes))
            .context("the ELF headers are cut short")?;
        let value = field
            .iter()
            .rev()
            .fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
        usize::try_from(value).context("an ELF offset beyond memory")
    };
    ensure!(
        program.starts_with(b"\x7fELF\x02\x01"),
        "not a little-endian 64-bit ELF program"
    );
    let (headers, size, count) = (number(0x20, 8)?, number(0x36, 2)?, number(0x38, 2)?);
    ensure!(count > 0, "no program headers: not a program");
    for index in 0..count {
        let header = headers.saturating_add(index * size);
        number(header.saturating_add(size.saturating_sub(1)), 1)?;
        let kind = number(header, 4)?;
        ensure!(
            kind != PT_INTERP as usize,
            "asks for a dynamic loader (PT_INTERP), which an image from scratch does not have"
        );
    }
    Ok(())
}

/// A build context of exactly what the image needs: the repository's Dockerfile and ignore file,
/// and the program.
fn assemble(root: &Path, binary: &Path) -> anyhow::Result<()> {
    let context = root.join(CONTEXT);
    if context.exists() {
        std::fs::remove_dir_all(&context)
            .with_context(|| format!("emptying {}", context.display()))?;
    }
    std::fs::create_dir_all(&context).with_context(|| format!("making {}", context.display()))?;
    for (from, name) in [
        (root.join("Dockerfile"), "Dockerfile"),
        (root.join(".dockerignore"), ".dockerignore"),
        (binary.to_path_buf(), "plimsoll"),
    ] {
        std::fs::copy(&from, context.join(name))
            .with_context(|| format!("copying {} into the build context", from.display()))?;
    }
    Ok(())
}

/// The commit checked out, where the work tree differs from it.
fn uncommitted(root: &Path) -> Option<String> {
    let git = |arguments: &[&str]| -> Option<String> {
        let output = Command::new("git")
            .arg("-C")
            .arg(root)
            .args(arguments)
            .stderr(Stdio::null())
            .output()
            .ok()?;
        output
            .status
            .success()
            .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let commit = git(&["rev-parse", "HEAD"]).filter(|commit| commit.len() >= 40)?;
    let changes = git(&["status", "--porcelain"])?;
    (!changes.is_empty()).then_some(commit)
}

/// What a person may type next. The name of the image is read back from the layout itself.
fn how_to_try(root: &Path, layout: &str) -> anyhow::Result<String> {
    let index = root.join(layout).join("index.json");
    let text = std::fs::read(&index).with_context(|| format!("reading {}", index.display()))?;
    let index: serde_json::Value = serde_json::from_slice(&text)?;
    let names = index["manifests"].as_array().into_iter().flatten();
    let name = names
        .filter_map(|manifest| {
            manifest["annotations"]["org.opencontainers.image.ref.name"].as_str()
        })
        .next();
    let (reference, tag) = match name {
        Some(name) => (format!("oci:{layout}:{name}"), name),
        None => (format!("oci:{layout}"), "latest"),
    };
    Ok(format!(
        "\ntry it:\n  skopeo inspect {reference}\n  skopeo copy {reference} docker-daemon:plimsoll:{tag}\n  \
         docker run --rm --network none plimsoll:{tag} --version"
    ))
}

/// The folder cargo builds into: wherever the person has it.
fn target_folder(root: &Path) -> anyhow::Result<PathBuf> {
    let metadata = cargo_metadata::MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        .no_deps()
        .other_options(vec!["--offline".to_owned()])
        .exec()?;
    Ok(metadata.target_directory.into_std_path_buf())
}

fn rustc(arguments: &[&str]) -> anyhow::Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(&rustc)
        .args(arguments)
        .output()
        .with_context(|| format!("running {}", rustc.to_string_lossy()))?;
    ensure!(
        output.status.success(),
        "rustc {} failed",
        arguments.join(" ")
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A 64-bit program of nothing but headers.
    fn elf(kinds: &[u32]) -> Vec<u8> {
        let mut program = vec![0_u8; 64];
        program[..6].copy_from_slice(b"\x7fELF\x02\x01");
        program[0x20] = 64;
        program[0x36] = 56;
        program[0x38] = kinds.len() as u8;
        for kind in kinds {
            let mut header = vec![0_u8; 56];
            header[..4].copy_from_slice(&kind.to_le_bytes());
            program.extend(header);
        }
        program
    }

    #[test]
    fn a_loader_is_seen() {
        ensure_static(&elf(&[6, 1, 2])).unwrap();
        let error = ensure_static(&elf(&[6, 3, 1])).unwrap_err();
        assert!(error.to_string().contains("PT_INTERP"), "{error}");
    }

    #[test]
    fn broken_programs_are_refused() {
        for bytes in [&b""[..], b"#!/bin/sh", &elf(&[]), &elf(&[1])[..70]] {
            assert!(ensure_static(bytes).is_err());
        }
        let mut far = elf(&[1]);
        far[0x20..0x28].fill(0xff);
        assert!(ensure_static(&far).is_err());
    }

    #[test]
    fn variables_are_named_as_cargo_reads_them() {
        assert_eq!(
            shouted("x86_64-unknown-linux-gnu"),
            "X86_64_UNKNOWN_LINUX_GNU"
        );
    }
}
