//! File capabilities from where they are set to the layer: `setcap` in a step, an archive that ADD
//! unpacks, and a copy between stages. A step runs in a user namespace, where the kernel writes
//! them in another form than an image holds.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use plimsoll_build::Engine;
use plimsoll_build::buildkit::BuildKitEngine;
use plimsoll_build::native::NativeEngine;
use plimsoll_image::tar::TarReader;
use plimsoll_image::{Image, LayerLimits};
use plimsoll_model::ImageRef;

use super::support::{Case, Project};

pub(crate) const CASES: &[Case] = &[("capabilities_of_files_as_docker", capabilities)];

const DOCKERFILE: &str = "FROM debian AS set\n\
    COPY setcap lib* /opt/caps/\n\
    COPY plain /usr/local/bin/tool\n\
    RUN LD_LIBRARY_PATH=/opt/caps /opt/caps/setcap cap_net_bind_service+ep /usr/local/bin/tool\n\
    ADD archive.tar /unpacked/\n\
    FROM scratch\n\
    COPY --from=set /usr/local/bin/tool /copied\n\
    COPY --from=set /unpacked /unpacked\n";

/// `cap_net_bind_service=ep` as an image holds it: revision 2, effective, bit 10.
const BOUND: [u8; 20] = [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

fn capabilities() {
    let base = std::env::var("PLIMSOLL_TEST_DEBIAN")
        .expect("PLIMSOLL_TEST_DEBIAN names an OCI layout of Debian 12");
    let mut project = Project::new(DOCKERFILE, &[("plain", "#!/bin/sh\n")]);
    project.layout("debian", &base, None);
    let setcap = ["/usr/sbin/setcap", "/sbin/setcap"]
        .into_iter()
        .map(Path::new)
        .find(|path| path.exists())
        .expect("these tests need setcap (Debian: libcap2-bin)");
    let context = project.context();
    std::fs::copy(setcap, context.join("setcap")).unwrap();
    let library = library(setcap);
    std::fs::copy(&library, context.join(library.file_name().unwrap())).unwrap();
    archive(&context.join("archive.tar"));

    project.plan.target = Some("set".to_owned());
    let set = BTreeMap::from([
        ("unpacked/bound".to_owned(), BOUND.to_vec()),
        ("usr/local/bin/tool".to_owned(), BOUND.to_vec()),
    ]);
    let shipped = BTreeMap::from([
        ("copied".to_owned(), BOUND.to_vec()),
        ("unpacked/bound".to_owned(), BOUND.to_vec()),
    ]);
    for (target, wanted) in [(Some("set"), set), (None, shipped)] {
        project.plan.target = target.map(str::to_owned);
        let engines: [Box<dyn Engine>; 2] = [
            Box::new(NativeEngine::new(project.access.clone())),
            Box::new(BuildKitEngine::new(
                std::env::var("DOCKER_HOST").ok(),
                project.access.clone(),
            )),
        ];
        for engine in engines {
            let folder = format!("{}-{}", engine.name(), target.unwrap_or("last"));
            project.plan.output = project.folder().join(folder);
            if let Err(error) = engine.build(&project.plan, &|_| {}) {
                panic!("{}: {error}", engine.name());
            }
            let place = ImageRef::Layout {
                path: project.plan.output.display().to_string(),
                reference: None,
            };
            let image = plimsoll_image::open(&place, &project.access).unwrap();
            assert_eq!(found(&image), wanted, "{} {target:?}", engine.name());
        }
    }
}

/// The library that `setcap` needs and a slim base may lack.
fn library(setcap: &Path) -> PathBuf {
    let output = Command::new("ldd").arg(setcap).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let word = text
        .split_whitespace()
        .find(|word| word.starts_with('/') && word.contains("libcap"))
        .expect("setcap is linked to libcap");
    Path::new(word).to_owned()
}

fn archive(path: &Path) {
    let mut builder = tar::Builder::new(std::fs::File::create(path).unwrap());
    for (name, capability) in [("bound", Some(&BOUND[..])), ("free", None)] {
        if let Some(bytes) = capability {
            builder
                .append_pax_extensions([("SCHILY.xattr.security.capability", bytes)])
                .unwrap();
        }
        let mut header = tar::Header::new_ustar();
        header.set_mode(0o755);
        header.set_size(2);
        header.set_mtime(1);
        builder.append_data(&mut header, name, &b"x\n"[..]).unwrap();
    }
    builder.finish().unwrap();
}

/// Every file with a capability, in any layer of ours.
fn found(image: &Image) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for layer in 0..image.diff_ids.len() {
        let content = image.layer(layer, LayerLimits::default()).unwrap();
        let mut archive = TarReader::new(std::io::BufReader::new(content));
        while let Some(header) = archive.next_entry().unwrap() {
            let path = String::from_utf8_lossy(&header.path).into_owned();
            for (name, value) in header.xattrs {
                assert_eq!(name, "security.capability", "{path}");
                found.insert(path.clone(), value);
            }
        }
    }
    found
}
