//! The same Dockerfiles through a Docker engine's BuildKit and through ours: the configuration and
//! every layer's entries must be equal. Times are left out, as is what Docker stores beside them.

use std::collections::BTreeMap;
use std::io::Read;
use std::process::Command;

use plimsoll_image::{Access, Image, LayerLimits};
use plimsoll_model::ImageRef;
use sha2::{Digest as _, Sha256};

use super::support::{Case, Project};

pub(crate) const CASES: &[Case] = &[("differential_same_image_as_docker", same_image_as_docker)];

const BASE: &str = "FROM scratch AS base\nCOPY busybox /bin/busybox\nRUN [\"/bin/busybox\", \"--install\", \"-s\", \"/bin\"]\n";

/// Name, Dockerfile behind `BASE`. Left out because we decided otherwise: COPY of a named pipe, which
/// 20.10 drops without a word and newer ones copy, as we do.
const DOCKERFILES: &[(&str, &str)] = &[
    (
        "metadata",
        "FROM base\nARG FOO=bar\nENV A=1 B=\"two words\"\nEXPOSE 80 53/udp\nVOLUME /a /b\nVOLUME [\"/c\"]\nHEALTHCHECK --interval=1m30s --retries=3 CMD echo \"x\"\nSTOPSIGNAL SIGTERM\nLABEL a=b c=\"d e\"\nUSER 1000:1000\nSHELL [\"/bin/sh\",\"-xc\"]\nCMD echo hi\nENTRYPOINT [\"/bin/sh\"]\nONBUILD RUN echo onb\nMAINTAINER me\n",
    ),
    (
        "entrypoint_resets_cmd",
        "FROM base AS b\nCMD [\"x\"]\nFROM b\nENTRYPOINT [\"e\"]\n",
    ),
    (
        "run_with_args",
        "FROM base\nARG FOO=bar\nARG BAZ\nARG Q=$FOO/x\nENV FOO2=$FOO\nRUN echo $FOO > /f && echo $Q >> /f\n",
    ),
    (
        "workdir",
        "FROM base\nWORKDIR /w\nWORKDIR sub\nWORKDIR /w\nRUN pwd > f\n",
    ),
    (
        "copy_folder",
        "FROM base\nCOPY d /copied\nCOPY d /copied\nCOPY d /copied/deeper/\n",
    ),
    (
        "copy_file",
        "FROM base\nCOPY d/a nosuch* /x/y/\nCOPY d/a /plain\nCOPY d/a /plain2/\nCOPY d/a d/sub/b /two/\n",
    ),
    ("copy_everything", "FROM base\nWORKDIR /srv\nCOPY . .\n"),
    (
        "copy_wildcards",
        "FROM base\nCOPY d/*.txt /t/\nCOPY d/?[0-9].txt /u/\nCOPY d/s* /v/\n",
    ),
    (
        "copy_link_source",
        "FROM base\nCOPY link /l\nCOPY dirlink /dl/\n",
    ),
    (
        "copy_through_link",
        "FROM base\nRUN mkdir /real && ln -s /real /alias && ln -s ../../../real/file /flink\nCOPY d /alias/in\nCOPY d/a /flink\n",
    ),
    (
        "copy_chown",
        "FROM base\nRUN mkdir -p /etc && echo 'app:x:10:20::/:/bin/sh' > /etc/passwd && echo 'staff:x:50:' > /etc/group\nCOPY --chown=app d /n1\nCOPY --chown=app:staff d /n2\nCOPY --chown=7 d/a /n3/x\nCOPY --chown=7:8 d/a /n4/\n",
    ),
    (
        "copy_from_stage",
        "FROM base AS build\nRUN mkdir /out && echo a > /out/a && chown 5:6 /out/a && chmod 4755 /out/a && ln /out/a /out/b && ln -s a /out/c\nFROM base\nCOPY --from=build /out /o\nCOPY --from=1 /out/a /single\n",
    ),
    (
        "delete_and_replace",
        "FROM base\nCOPY d /d\nRUN rm /d/a && rm -rf /d/sub && mkdir /d/sub && echo x > /d/sub/new\nRUN rm -rf /d\n",
    ),
    ("rename_folder", "FROM base\nCOPY d /d\nRUN mv /d /e\n"),
    (
        "hard_links",
        "FROM base\nRUN echo x > /1 && ln /1 /2 && ln /1 /3 && mkdir /s && ln /1 /s/4\nRUN ln /1 /5\n",
    ),
    (
        "special_modes",
        "FROM base\nRUN echo x > /s && chmod 6755 /s && mkdir /t && chmod 1777 /t && mkfifo /p && ln -s /nowhere /l\n",
    ),
    (
        "long_names",
        "FROM base\nRUN d=$(printf 'a%.0s' $(seq 1 90)) && mkdir -p /$d/$d && echo x > /$d/$d/f && ln -s /$d/$d/$d /l\n",
    ),
    (
        "odd_names",
        "FROM base\nRUN printf x > \"$(printf '/\\303\\244 \\377')\" && touch '/a b'\n",
    ),
    (
        "nothing_changes",
        "FROM base\nRUN true\nRUN touch /f && rm /f\n",
    ),
    (
        "mounts",
        "FROM base\nRUN --mount=type=cache,target=/root/.cache --mount=type=tmpfs,target=/tt echo x > /root/.cache/x && echo y > /tt/y\n",
    ),
    (
        "bind_mounts",
        "FROM base AS other\nRUN echo stage > /from-stage\nFROM base\nRUN --mount=type=bind,source=d,target=/m --mount=type=bind,from=other,target=/o cat /m/a /o/from-stage > /f\n",
    ),
    (
        "add_archive",
        "FROM base\nADD archive.tar.gz /unpacked\nADD archive.tar.gz /unpacked/again/\nADD d/a /plain\n",
    ),
    (
        "user_and_home",
        "FROM base\nRUN mkdir -p /etc /home/u && echo 'u:x:10:20::/home/u:/bin/sh' > /etc/passwd && echo 'g:x:30:u' > /etc/group && mkdir -m 777 /out\nUSER u\nRUN id > /out/id && echo $HOME >> /out/id && umask >> /out/id\n",
    ),
    (
        "stages_that_are_not_needed",
        "FROM base AS never\nRUN false\nFROM base\nRUN echo x > /x\n",
    ),
    (
        "onbuild_of_a_stage",
        "FROM base AS parent\nONBUILD ENV X=1\nONBUILD RUN echo $X > /x\nFROM parent\nRUN cat /x\n",
    ),
    (
        "args_into_a_stage_on_top",
        "FROM base AS one\nARG V=1\nRUN echo $V > /v\nFROM one\nRUN echo \"[$V]\" > /w\n",
    ),
    (
        "quotes_and_escapes",
        "FROM base\nENV X=\"a b\" Y='c $X' Z=d\\ e\nLABEL l=\"${X:-no}${N:+yes}\"\nRUN echo \"$X\" \\\n # comment\n && echo $Y\n",
    ),
    ("health_off", "FROM base\nHEALTHCHECK NONE\n"),
    (
        "chmod_flag",
        "FROM base\nCOPY --chmod=0711 d /d\nCOPY --chmod=600 d/a /a\n",
    ),
    (
        "only_metadata_from_scratch",
        "FROM scratch\nLABEL a=b\nCOPY d/a /a\n",
    ),
];

fn same_image_as_docker() {
    let reachable = docker().arg("version").output();
    assert!(
        reachable.is_ok_and(|output| output.status.success()),
        "the differential cases need a Docker engine"
    );
    let only = std::env::var("PLIMSOLL_CASE").ok();
    let mut differences = Vec::new();
    for (name, dockerfile) in DOCKERFILES {
        if only.as_deref().is_some_and(|only| only != *name) {
            continue;
        }
        let found = compare(name, &format!("{BASE}{dockerfile}"));
        println!(
            "  {name}: {}",
            if found.is_empty() {
                "same"
            } else {
                "DIFFERENT"
            }
        );
        for line in found {
            println!("    {line}");
            differences.push(format!("{name}: {line}"));
        }
    }
    assert!(differences.is_empty(), "{} differences", differences.len());
}

/// The client, `PLIMSOLL_TEST_DOCKER` where it is not the first on the path: it must be able to
/// build with the engine's own BuildKit.
pub(crate) fn docker() -> Command {
    Command::new(std::env::var_os("PLIMSOLL_TEST_DOCKER").unwrap_or_else(|| "docker".into()))
}

fn compare(name: &str, dockerfile: &str) -> Vec<String> {
    let mut project = Project::with_busybox(
        dockerfile,
        &[
            ("d/a", "a\n"),
            ("d/one1.txt", "1\n"),
            ("d/x2.txt", "2\n"),
            ("d/sub/b", "b\n"),
            ("d/sub/deep/c", "c\n"),
        ],
    );
    let context = project.context();
    std::os::unix::fs::symlink("d/a", context.join("link")).unwrap();
    std::os::unix::fs::symlink("d/sub", context.join("dirlink")).unwrap();
    let packed = Command::new("tar")
        .args(["czf", "archive.tar.gz", "--owner=3", "--group=4", "d"])
        .current_dir(&context)
        .status();
    assert!(packed.unwrap().success());
    std::fs::write(context.join("../Dockerfile"), dockerfile).unwrap();
    project.plan.source_date_epoch = None;
    if let Err(error) = project.build() {
        return vec![format!("native: {error}: {}", project.output())];
    }
    let tag = format!("plimsoll-differential:{name}");
    let built = docker()
        .env("DOCKER_BUILDKIT", "1")
        .args(["build", "-q", "--network", "host", "-t", &tag, "-f"])
        .arg(context.join("../Dockerfile"))
        .arg(&context)
        .output()
        .unwrap();
    if !built.status.success() {
        return vec![format!(
            "docker: {}",
            String::from_utf8_lossy(&built.stderr)
        )];
    }
    let theirs = plimsoll_image::open(&ImageRef::Daemon(tag.clone()), &Access::default()).unwrap();
    let ours = project.image();
    let mut found = Vec::new();
    let (a, b) = (config(&theirs), config(&ours));
    if a != b {
        found.push(format!("config: docker {a}\n    config: native {b}"));
    }
    let (a, b) = (theirs.diff_ids.len(), ours.diff_ids.len());
    if a != b {
        found.push(format!("layers: docker {a}, native {b}"));
    }
    for layer in 0..a.min(b) {
        let (a, b) = (table(&theirs, layer), table(&ours, layer));
        for path in a
            .keys()
            .chain(b.keys().filter(|path| !a.contains_key(*path)))
        {
            if a.get(path) != b.get(path) {
                found.push(format!(
                    "layer {layer} {path:?}: docker {:?}, native {:?}",
                    a.get(path),
                    b.get(path)
                ));
            }
        }
    }
    let _ = docker().args(["rmi", "-f", &tag]).output();
    found
}

/// The configuration without times and layer digests.
fn config(image: &Image) -> String {
    let mut config = image.config.clone();
    config.created = None;
    for entry in &mut config.history {
        entry.created = None;
    }
    format!("{config:?}")
}

/// What an entry is, in words that compare.
fn table(image: &Image, layer: usize) -> BTreeMap<Vec<u8>, String> {
    let content = image.layer(layer, LayerLimits::default()).unwrap();
    let mut archive = tar::Archive::new(content);
    let mut table = BTreeMap::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path_bytes().into_owned();
        let header = entry.header().clone();
        let name = String::from_utf8_lossy(&path).into_owned();
        let is_whiteout = name.rsplit('/').next().unwrap().starts_with(".wh.");
        let mut text = format!("{:?}", header.entry_type());
        if !is_whiteout {
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            text.push_str(&format!(
                " {:o} {}:{} {} {:?} {:02x?}",
                header.mode().unwrap() & 0o7777,
                header.uid().unwrap(),
                header.gid().unwrap(),
                content.len(),
                entry
                    .link_name_bytes()
                    .map(|link| String::from_utf8_lossy(&link).into_owned()),
                &Sha256::digest(&content)[..6],
            ));
        }
        table.insert(path, text);
    }
    table
}
