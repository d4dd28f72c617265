//! Which release of openEuler an image is of: bills of materials have its bare number.

use std::collections::BTreeMap;

use plimsoll_model::Distribution;

/// `24.03-LTS-SP1`, from the name `openEuler 24.03 (LTS-SP1)`.
pub(super) fn release(name: &str, version: &str) -> String {
    let support = name
        .split_once('(')
        .and_then(|(_, rest)| rest.strip_suffix(')'));
    match (support, version.split_once('-')) {
        (Some(support), None) => format!("{version}-{support}"),
        // Package URLs have it in any case: `24.03-lts-sp1`.
        (_, Some((number, support))) => format!("{number}-{}", support.to_uppercase()),
        (None, None) => version.to_owned(),
    }
}

/// Takes the release of openEuler that a bare number can be, of those that there are: bills of
/// materials have `24.03` of `24.03-LTS`, and of its service packs. Of several it is the one that has no
/// service pack, since packages tell theirs.
pub(super) fn long_term<'k>(version: &mut String, known: impl Iterator<Item = &'k str>) {
    let releases: Vec<&str> = known
        .filter_map(|known| known.strip_prefix("openEuler:"))
        .filter(|release| {
            let rest = release.strip_prefix(version.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("-LTS"))
        })
        .collect();
    let plain = [version.clone(), format!("{version}-LTS")];
    match releases.as_slice() {
        [only] => *version = (*only).to_owned(),
        several => {
            if let Some(found) = plain
                .into_iter()
                .find(|one| several.contains(&one.as_str()))
            {
                *version = found;
            }
        }
    }
}

/// The same distribution with the service pack that its packages were built for, where it is openEuler
/// and a bare number tells no more: `3.0.12-5.oe2403sp1` is of `24.03-LTS-SP1`. That of most counts.
pub(super) fn with_service_pack<'v>(
    distribution: &Distribution,
    versions: impl Iterator<Item = &'v str>,
) -> Option<Distribution> {
    let version = &distribution.version;
    let is_bare = distribution.id.eq_ignore_ascii_case("openeuler")
        && !version.contains('-')
        && !distribution.name.contains('(');
    if !is_bare {
        return None;
    }
    let mark = format!(".oe{}", version.replace('.', ""));
    let mut packs: BTreeMap<u32, usize> = BTreeMap::new();
    for version in versions {
        let Some((_, behind)) = version.rsplit_once(&mark) else {
            continue;
        };
        let pack = match behind.strip_prefix("sp") {
            Some(pack) => pack.parse().unwrap_or(0),
            None => 0,
        };
        *packs.entry(pack).or_default() += 1;
    }
    let (pack, _) = packs.into_iter().max_by_key(|(_, packages)| *packages)?;
    (pack > 0).then(|| Distribution {
        version: format!("{version}-LTS-SP{pack}"),
        ..distribution.clone()
    })
}

#[cfg(test)]
mod tests {
    use plimsoll_model::PackageKind;

    use super::super::distribution::Release;
    use super::*;

    #[test]
    fn a_bare_number_is_the_one_release_that_has_it() {
        let of = |known: &[&'static str], version: &str| {
            let distribution = Distribution {
                id: "openeuler".to_owned(),
                version: version.to_owned(),
                ..Distribution::default()
            };
            Release::of(Some(&distribution), PackageKind::Rpm, known.iter().copied()).label
        };
        let known = [
            "openEuler:22.03-LTS",
            "openEuler:24.03-LTS",
            "openEuler:24.03-LTS-SP1",
        ];
        assert_eq!(of(&known[..2], "24.03"), "openEuler:24.03-LTS");
        assert_eq!(of(&known[2..], "24.03"), "openEuler:24.03-LTS-SP1");
        assert_eq!(of(&known, "24.03"), "openEuler:24.03-LTS");
        assert_eq!(of(&known, "24.03-lts"), "openEuler:24.03-LTS");
        assert_eq!(of(&known, "24"), "openEuler:24");
    }

    #[test]
    fn packages_tell_the_service_pack_they_are_of() {
        let of = |name: &str, version: &str, packages: &[&str]| {
            let distribution = Distribution {
                id: "openEuler".to_owned(),
                name: name.to_owned(),
                version: version.to_owned(),
                ..Distribution::default()
            };
            with_service_pack(&distribution, packages.iter().copied()).map(|found| found.version)
        };
        let first = Some("24.03-LTS-SP1".to_owned());
        let packages = [
            "1-2.oe2403sp1",
            "1:1-3.oe2403sp1",
            "2-1.oe2403",
            "2-1.oe2203sp4",
        ];
        assert_eq!(of("", "24.03", &packages), first);
        assert_eq!(of("", "24.03", &packages[2..]), None);
        assert_eq!(of("", "24.03", &["1-2.el9", ""]), None);
        assert_eq!(of("", "22.03", &packages), Some("22.03-LTS-SP4".to_owned()));
        assert_eq!(of("openEuler 24.03 (LTS)", "24.03", &packages), None);
        assert_eq!(of("", "24.03-LTS", &packages), None);
    }
}
