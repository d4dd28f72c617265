//! Where something is, in words.

use std::fmt;

use crate::{Origin, SourceOrigin};

/// Where something is. Formats escape what comes of it, and none decides which place is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// A line that a person can change.
    Line(&'a SourceOrigin),
    /// A path in the image, without a leading slash.
    Path(&'a str),
    /// A package, by its package URL.
    Package(&'a str),
    /// The image that this one is built on.
    Base,
    /// A layer, by its index.
    Layer(usize),
    /// Somewhere in the image.
    Image,
}

impl<'a> Place<'a> {
    /// What made a layer.
    pub fn of_layer(source: Option<&'a SourceOrigin>, layer: usize) -> Self {
        source.map_or(Self::Layer(layer), Self::Line)
    }

    /// The place in front of a sentence; nothing where it is but the image.
    pub fn lead(self) -> String {
        match self {
            Self::Image => String::new(),
            place => format!("{place}: "),
        }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(source) => write!(f, "{}:{}", source.file, source.start.line),
            Self::Path(path) => write!(f, "/{}", path.trim_start_matches('/')),
            Self::Package(purl) => f.write_str(purl),
            Self::Base => f.write_str("base"),
            Self::Layer(index) => write!(f, "layer {index}"),
            Self::Image => f.write_str("image"),
        }
    }
}

impl Origin {
    /// All that is known of it: line, layer, path, package.
    pub fn places(&self) -> impl Iterator<Item = Place<'_>> {
        let layer = self.layer.as_ref().map(|layer| Place::Layer(layer.index));
        let path = self.path.as_deref().map(Place::Path);
        let package = self.package.as_deref().map(Place::Package);
        let line = self.source.as_ref().map(Place::Line);
        [line, layer, path, package].into_iter().flatten()
    }

    /// The one that says most: a layer holds more than the path or the package.
    pub fn nearest(&self) -> Place<'_> {
        let others = self.places();
        let others = others.filter(|place| !matches!(place, Place::Layer(_)));
        let mut nearest = others.chain(self.places());
        nearest.next().unwrap_or(Place::Image)
    }

    /// What brought it: a line, the base or a layer.
    pub fn brought_by(&self, in_base: Option<bool>) -> Place<'_> {
        match (&self.source, &self.layer) {
            (Some(source), _) => Place::Line(source),
            (None, _) if in_base == Some(true) => Place::Base,
            (None, Some(layer)) => Place::Layer(layer.index),
            (None, None) => Place::Image,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Digest, LayerOrigin, SourceFile, Span};

    #[test]
    fn the_place_that_says_most_is_told() {
        let file = SourceFile::new("Dockerfile", b"FROM a\nRUN b\n");
        let mut origin = Origin {
            source: Some(SourceOrigin::new(&file, Span::new(7, 10))),
            layer: Some(LayerOrigin {
                index: 3,
                diff_id: Digest::from_sha256([1; 32]),
                instruction: None,
            }),
            path: Some("etc/x".to_owned()),
            package: Some("pkg:deb/debian/x".to_owned()),
            ..Origin::default()
        };
        let all: Vec<String> = origin.places().map(|place| place.to_string()).collect();
        assert_eq!(
            all,
            ["Dockerfile:2", "layer 3", "/etc/x", "pkg:deb/debian/x"]
        );
        let told = |origin: &Origin, in_base| {
            let nearest = origin.nearest().lead();
            (nearest, origin.brought_by(in_base).to_string())
        };
        let expected = |nearest: &str, by: &str| (nearest.to_owned(), by.to_owned());
        assert_eq!(
            told(&origin, Some(true)),
            expected("Dockerfile:2: ", "Dockerfile:2")
        );
        origin.source = None;
        assert_eq!(told(&origin, Some(true)), expected("/etc/x: ", "base"));
        assert_eq!(told(&origin, None), expected("/etc/x: ", "layer 3"));
        origin.path = None;
        assert_eq!(origin.nearest(), Place::Package("pkg:deb/debian/x"));
        origin.package = None;
        assert_eq!(told(&origin, Some(false)), expected("layer 3: ", "layer 3"));
        origin.layer = None;
        assert_eq!(told(&origin, None), expected("", "image"));
    }
}
