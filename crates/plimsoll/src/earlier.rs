//! What was before: an earlier report, or an earlier image or bill of materials, judged by the same
//! advisories as the image at hand.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use plimsoll_attest::read::looks_like_one;
use plimsoll_image::Access;
use plimsoll_model::{Inventory, Platform, Skipped};
use plimsoll_scan::Cache;

use crate::advisories::Advisories;
use crate::bill;
use crate::config::Config;
use crate::failure::Failure;
use crate::look::Look;
use crate::policy::vulnerabilities::Baseline;
use crate::project::{read_bounded, shown};
use crate::terminal::{Spinner, Terminal};

/// A report longer than this is none, in bytes.
const LIMIT: u64 = 256 << 20;
/// How much of a file tells what it is.
const HEAD: u64 = 4096;

/// How an earlier image is reached and judged.
pub(crate) struct Earlier<'a> {
    /// How images are reached.
    pub(crate) access: &'a Access,
    /// What earlier runs saw of layers.
    pub(crate) cache: Option<Cache>,
    /// What the image at hand is judged by, too.
    pub(crate) advisories: &'a Advisories<'a>,
    /// Where a long look is told of.
    pub(crate) terminal: Terminal,
}

impl Earlier<'_> {
    /// What was known before, by what was `typed` or stands in `plimsoll.toml`.
    ///
    /// A file that begins as JSON does is a report of ours or a bill of materials, by its fields; all
    /// else is an image, as for `inspect`, but for what is called `.json` and is not there.
    pub(crate) fn find(
        self,
        config: &Config,
        typed: Option<&str>,
    ) -> Result<Option<Baseline>, Failure> {
        let configured = || {
            let path = config.policy.vulnerabilities.baseline.as_ref()?;
            let below = config.below(path);
            Some(match is_file(&below) {
                true => below.into_os_string(),
                false => path.clone().into_os_string(),
            })
        };
        let Some(name) = typed.map(Into::into).or_else(configured) else {
            return Ok(None);
        };
        self.read(&name.to_string_lossy()).map(Some)
    }

    fn read(self, name: &str) -> Result<Baseline, Failure> {
        let path = PathBuf::from(name);
        if is_json(&path)? {
            let bytes = read_bounded(&path, LIMIT)?;
            if Baseline::is_report(&bytes) {
                return Baseline::parse(&bytes, &shown(&path));
            }
        }
        if let Some(bill) = bill::find(name)? {
            return self.judged(name, &bill.inventory, bill.platform.as_ref());
        }
        let spinner = Spinner::start(self.terminal, format!("opening {name}"));
        let image = plimsoll_image::find(name, self.access)?;
        spinner.message(format!("looking into {}", image.name));
        let look = Look {
            image: &image,
            name: name.to_owned(),
            called: image.called.clone(),
            tags: Vec::new(),
            dockerfile: None,
            layer_sources: Vec::new(),
            has_ignore_file: None,
            cache: self.cache.clone(),
        };
        let seen = look.inside()?;
        let platform = image.config.platform.as_ref();
        let mut baseline = self.judged(name, &seen.inventory, platform)?;
        let gaps = seen.skipped.into_iter().map(|gap| Skipped {
            what: format!("{} of {name}{}", gap.what, Baseline::MARK),
            ..gap
        });
        baseline.gaps.extend(gaps);
        Ok(baseline)
    }

    fn judged(
        &self,
        name: &str,
        inventory: &Inventory,
        platform: Option<&Platform>,
    ) -> Result<Baseline, Failure> {
        // Without an index nothing is known of the image at hand either, and it says so itself.
        Ok(match self.advisories.known(inventory, platform)? {
            Ok(judged) => Baseline::of_image(judged, name),
            Err(_) => Baseline::default(),
        })
    }
}

/// Whether a file is there, or is called as reports are and as no image is.
fn is_file(path: &Path) -> bool {
    let is_called = path.extension() == Some(OsStr::new("json"))
        && !path.as_os_str().as_encoded_bytes().contains(&b':');
    path.is_file() || (is_called && !path.is_dir())
}

/// Whether a file is meant that begins as JSON does; so is one of that name that is not there.
fn is_json(path: &Path) -> Result<bool, Failure> {
    if !path.is_file() {
        return Ok(is_file(path));
    }
    let mut head = Vec::new();
    File::open(path)
        .and_then(|file| file.take(HEAD).read_to_end(&mut head))
        .map_err(|error| Failure::file(path, &error))?;
    Ok(looks_like_one(&head))
}
