//! NuGet references in project files.

use super::{Asked, Line, Wanted, comment, quoted};

/// `<PackageReference Include="Name" Version="1.0" />`, `<PackageVersion …>`.
pub(super) fn project<'t>(lines: &[Line<'t>]) -> Vec<Asked<'t>> {
    comment::outside(lines, comment::XML)
        .iter()
        .filter_map(|line| {
            let text = line.text.trim();
            let rest = text
                .strip_prefix("<PackageReference ")
                .or_else(|| text.strip_prefix("<PackageVersion "))?;
            Some(Asked::new(
                attribute(rest, "Include")?,
                Wanted::written(attribute(rest, "Version")),
                *line,
            ))
        })
        .collect()
}

fn attribute<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(&format!("{name}="))?;
    quoted(rest).map(|(value, _)| value)
}
