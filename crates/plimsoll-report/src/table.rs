//! Packages as a table, for people who look for one.

use unicode_width::UnicodeWidthStr;

use crate::RenderInput;
use crate::text::visible;

const HEAD: [&str; 7] = [
    "NAME", "VERSION", "KIND", "LAYER", "LINE", "PATH", "LICENCE",
];

/// The widest a column is padded to; longer words push the rest of their line.
const WIDEST: usize = 40;

/// Renders one line a package, columns apart by two blanks; licences, which may be hundreds of columns
/// wide, are the last.
pub fn render(input: &RenderInput<'_>) -> String {
    let inventory = &input.report.inventory;
    let mut rows: Vec<[String; 7]> = vec![HEAD.map(str::to_owned)];
    for package in &inventory.packages {
        let source = inventory
            .layers
            .get(package.layer)
            .and_then(|layer| layer.source.as_ref());
        let license = package
            .license_expression
            .as_deref()
            .or(package.license.as_deref());
        rows.push([
            visible(&package.name).into_owned(),
            visible(&package.version).into_owned(),
            package.kind.as_str().to_owned(),
            package.layer.to_string(),
            source.map_or_else(|| "-".to_owned(), |source| source.start.line.to_string()),
            visible(&package.path).into_owned(),
            license.map_or_else(|| "-".to_owned(), |text| visible(text).into_owned()),
        ]);
    }
    let mut widths = [0; 7];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width()).min(WIDEST);
        }
    }
    let mut out = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            line.push_str(cell);
            line.push_str(&" ".repeat((width + 2).saturating_sub(cell.width()).max(2)));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use plimsoll_model::{Evidence, Package, PackageKind, Report};

    use super::*;

    #[test]
    fn columns_line_up_and_names_cannot_act() {
        let mut report = Report::default();
        for (name, version) in [("a", "1.0"), ("long\u{1b}[31m", "2")] {
            report.inventory.packages.push(Package::new(
                PackageKind::Npm,
                name,
                version,
                String::new(),
                "app/package.json",
                Evidence::Metadata,
                3,
            ));
        }
        let text = render(&RenderInput::new(&report, "0"));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3);
        let at = lines[0].find("VERSION").expect("the head names it");
        assert_eq!(lines[1].find("1.0"), Some(at));
        assert!(lines[0].ends_with("LICENCE"));
        assert!(lines[1].ends_with("app/package.json  -"));
        assert!(!text.contains('\u{1b}'));
    }
}
