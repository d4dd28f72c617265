//! Which packages of an image the statements speak of. A document may have very many products, and
//! an image very many vulnerabilities: they are not compared pair by pair.

use std::collections::HashMap;

use plimsoll_model::Vulnerability;

use super::{Component, Statement};
use crate::vulnerabilities::decision::Subject;
use crate::vulnerabilities::image::ImageIdentity;

/// What a package is called, without its version.
type Family<'s> = (&'s str, Option<&'s str>, &'s str);

/// The statements, made ready for one image.
pub(crate) struct Coverage<'s> {
    statements: Vec<Indexed<'s>>,
    /// By statement, and package that is or is no longer there: no number of a vulnerability
    /// changes which packages a statement speaks of.
    known: HashMap<(usize, usize, bool), bool>,
}

/// One statement.
#[derive(Default)]
struct Indexed<'s> {
    /// It speaks of the image as a whole.
    is_of_all: bool,
    /// What it speaks of by what that is called.
    by_family: HashMap<Family<'s>, Vec<Named<'s>>>,
}

/// A package that a statement names.
struct Named<'s> {
    package: &'s Component,
    /// What it has to be a part of, where that is not the image itself.
    within: Option<&'s Component>,
}

impl<'s> Coverage<'s> {
    /// Of the statements on one image.
    pub(crate) fn new(statements: &'s [Statement], image: &ImageIdentity) -> Self {
        let indexed = statements
            .iter()
            .map(|statement| Indexed::new(statement, image));
        Self {
            statements: indexed.collect(),
            known: HashMap::new(),
        }
    }

    /// Whether a statement speaks of a vulnerability where it lies; its number has been looked at.
    pub(crate) fn covers(&mut self, statement: usize, subject: &Subject<'_>) -> bool {
        let one: &Vulnerability = subject.vulnerability;
        let key = (statement, one.package, one.removed_in.is_some());
        let indexed = &self.statements[statement];
        *self
            .known
            .entry(key)
            .or_insert_with(|| indexed.covers(subject))
    }
}

impl<'s> Indexed<'s> {
    fn new(statement: &'s Statement, image: &ImageIdentity) -> Self {
        let mut indexed = Self::default();
        for product in &statement.products {
            let is_image = product.itself.is_image(image);
            if product.parts.is_empty() {
                indexed.is_of_all |= is_image;
                indexed.enter(&product.itself, None);
            }
            // Of a part, only as far as it is a part of that product.
            let within = (!is_image).then_some(&product.itself);
            for part in &product.parts {
                indexed.enter(part, within);
            }
        }
        indexed
    }

    fn enter(&mut self, package: &'s Component, within: Option<&'s Component>) {
        for purl in &package.purls {
            let named = self.by_family.entry(purl.family()).or_default();
            named.push(Named { package, within });
        }
    }

    fn covers(&self, subject: &Subject<'_>) -> bool {
        if self.is_of_all {
            return true;
        }
        let Some(purl) = &subject.identity.purl else {
            return false;
        };
        let (kind, namespace, name) = purl.family();
        // Many write the source package's name.
        let source = subject.identity.source.map(|(name, _)| name.as_str());
        let names = std::iter::once(name).chain(source);
        let mut named = names
            .filter_map(|name| self.by_family.get(&(kind, namespace, name)))
            .flatten();
        named.any(|named| named.is(subject))
    }
}

impl Named<'_> {
    /// Whether it is the package of a vulnerability.
    fn is(&self, subject: &Subject<'_>) -> bool {
        self.package.is_package(subject)
            && self.within.is_none_or(|whole| {
                let mut beside = subject.in_same_file.iter();
                whole.is_package(subject)
                    || beside.any(|other| whole.purls.iter().any(|purl| purl.asks_for(other)))
            })
    }
}
