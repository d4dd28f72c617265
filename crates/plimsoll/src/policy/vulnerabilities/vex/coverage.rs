//! Which of the statements counts for a vulnerability of an image. A document may have very many of
//! them, each with very many products, and an image very many vulnerabilities: they are not compared
//! pair by pair.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use super::{Component, Product, Statement};
use crate::policy::vulnerabilities::decision::Case;
use crate::policy::vulnerabilities::image::ImageIdentity;
use crate::policy::vulnerabilities::purl::{Family, version_key};
use crate::policy::vulnerabilities::work::{Spent, Work};

/// Numbers of one statement under each of which its products are entered.
const FEW_NUMBERS: usize = 4;
/// The statements, made ready for one image.
pub(crate) struct Coverage<'s> {
    statements: &'s [Statement],
    /// For each statement whether it may be held against the image.
    validity: Vec<Validity>,
    /// Positions of those that may, those that override others first.
    order: Vec<usize>,
    /// Those that name a vulnerability, by its number in capital letters.
    numbers: HashMap<String, Number>,
    /// What they name, in order.
    entries: Vec<Entry<'s>>,
    image: &'s ImageIdentity,
    work: Work,
}

/// Whether a statement may be held against an image, whatever it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Validity {
    Valid,
    /// It is attested of something else.
    OfAnotherImage,
    /// A newer version of its document is there, and is attested of nothing else.
    Replaced,
}

/// A number that statements name.
struct Number {
    scope: Scope,
    /// Statements whose products are entered as a list of their own: rank and list. That is so where
    /// several statements share them, or one has many numbers.
    lists: Vec<(usize, Scope)>,
}

/// Whose products some are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Scope {
    /// Those of statements with a number.
    Number(usize),
    /// Those of a list.
    List(usize),
}

/// By what something is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place<'s> {
    /// It is the image as a whole.
    Image,
    /// By what a bill of materials of the image calls it: its position among the packages.
    Position(usize),
    /// By what it is called, and the version where only that is meant.
    Named(Family<'s>, Option<&'s str>),
}

/// A product, or a part of one.
struct Entry<'s> {
    scope: Scope,
    place: Place<'s>,
    /// Position of its statement in the order; that of the first in a list.
    rank: usize,
    /// The package, where it is one, and what it has to be a part of, where that is not the image.
    package: Option<(&'s Component, Option<&'s Component>)>,
}

impl<'s> Coverage<'s> {
    /// Of the statements on one image, with so much to be compared.
    pub(crate) fn new(statements: &'s [Statement], image: &'s ImageIdentity, work: Work) -> Self {
        // Those of one document share what they are attested of.
        let mut asked: HashMap<*const String, bool> = HashMap::new();
        let mut is_of_another = |statement: &Statement| {
            let subjects = &statement.attested_of;
            let known = asked.entry(subjects.as_ptr());
            *known.or_insert_with(|| {
                let mut digests = subjects.iter();
                !subjects.is_empty() && !digests.any(|digest| image.is_subject(digest))
            })
        };
        let mut validity: Vec<Validity> = statements
            .iter()
            .map(|statement| match is_of_another(statement) {
                true => Validity::OfAnotherImage,
                false => Validity::Valid,
            })
            .collect();
        let mut newest: HashMap<&str, u64> = HashMap::new();
        let own = || {
            let valid = |at: &usize| validity[*at] == Validity::Valid;
            let statements = statements.iter().enumerate();
            let editions = statements.filter_map(|(at, one)| Some((at, one.edition.as_ref()?)));
            editions.filter(move |(at, _)| valid(at))
        };
        for (_, (id, version)) in own() {
            let newest = newest.entry(id).or_default();
            *newest = (*newest).max(*version);
        }
        let is_newest = |(id, version): &(Arc<str>, u64)| newest.get(&**id) == Some(version);
        let replaced: Vec<usize> = own()
            .filter(|(_, edition)| !is_newest(edition))
            .map(|(at, _)| at)
            .collect();
        for at in replaced {
            validity[at] = Validity::Replaced;
        }
        let mut order: Vec<usize> = (0..statements.len())
            .filter(|at| validity[*at] == Validity::Valid)
            .collect();
        // A later statement overrides an earlier one; of several at one time, whichever sets nothing
        // aside.
        order.sort_by_key(|at| {
            let statement = &statements[*at];
            let is_careful = statement.status.sets_aside().is_none();
            Reverse((statement.said, is_careful, *at))
        });
        let mut shared: HashMap<*const Product, usize> = HashMap::new();
        for statement in statements {
            *shared.entry(statement.products.as_ptr()).or_default() += 1;
        }
        let mut numbers: HashMap<String, Number> = HashMap::new();
        let mut lists: HashMap<*const Product, Scope> = HashMap::new();
        let mut entries = Vec::new();
        for (rank, at) in order.iter().enumerate() {
            let statement = &statements[*at];
            let products = statement.products.as_ptr();
            let has_list = statement.ids.len() > FEW_NUMBERS || shared[&products] > 1;
            let mut list = None;
            if has_list {
                let next = Scope::List(lists.len());
                list = Some(*lists.entry(products).or_insert_with(|| {
                    enter(&mut entries, next, rank, statement, image);
                    next
                }));
            }
            for id in &statement.ids {
                let next = Scope::Number(numbers.len());
                let number = numbers
                    .entry(id.to_ascii_uppercase())
                    .or_insert_with(|| Number {
                        scope: next,
                        lists: Vec::new(),
                    });
                match list {
                    Some(list) => number.lists.push((rank, list)),
                    None => enter(&mut entries, number.scope, rank, statement, image),
                }
            }
        }
        entries
            .sort_unstable_by(|a, b| (a.scope, a.place, a.rank).cmp(&(b.scope, b.place, b.rank)));
        Self {
            statements,
            validity,
            order,
            numbers,
            entries,
            image,
            work,
        }
    }

    /// Whether a statement, by its position, may be held against the image.
    pub(crate) fn validity(&self, statement: usize) -> Validity {
        self.validity[statement]
    }

    /// Whether a statement names components of bills of materials alone, none of which is of the image.
    pub(crate) fn is_of_other_bills(&self, statement: usize) -> bool {
        let products = self.statements.get(statement).map(|one| &one.products);
        products.is_some_and(|products| {
            products.iter().all(|product| {
                let mut packages = product.packages().iter();
                packages.all(|package| {
                    let link = package.link.as_ref();
                    link.is_some_and(|link| link.leads_elsewhere(self.image))
                })
            })
        })
    }

    /// Calls `each` with the position of every statement that speaks of a vulnerability, whichever counts.
    ///
    /// # Errors
    /// There is too much to compare: others may speak of it, too.
    pub(crate) fn each(
        &self,
        subject: &Case<'_>,
        work: &mut Work,
        each: &mut impl FnMut(usize),
    ) -> Result<(), Spent> {
        if self.entries.is_empty() {
            return Ok(());
        }
        let places = places(subject);
        let mut tell = |rank: usize| {
            if let Some(at) = self.order.get(rank) {
                each(*at);
            }
        };
        for number in subject.vulnerability.names() {
            let Some(number) = self.numbers.get(&number.to_ascii_uppercase()) else {
                continue;
            };
            for place in &places {
                work.spend(1)?;
                for entry in self.at(number.scope, *place) {
                    if entry.speaks_of(subject, work)? {
                        tell(entry.rank);
                    }
                }
            }
            for (rank, list) in &number.lists {
                let found = self.first_in(*list, &places, subject, None, work)?;
                if found.is_some() {
                    tell(*rank);
                }
            }
        }
        Ok(())
    }

    /// The statement that counts for a vulnerability, where one speaks of it where it lies.
    ///
    /// # Errors
    /// There is too much to compare: nobody knows which one counts.
    pub(crate) fn said(&mut self, subject: &Case<'_>) -> Result<Option<&'s Statement>, Spent> {
        if self.entries.is_empty() {
            return Ok(None);
        }
        let mut work = self.work;
        let found = self.first(subject, &mut work);
        self.work = work;
        let at = found?.and_then(|rank| self.order.get(rank));
        Ok(at.and_then(|at| self.statements.get(*at)))
    }

    /// The first in the order of those that speak of a vulnerability.
    fn first(&self, subject: &Case<'_>, work: &mut Work) -> Result<Option<usize>, Spent> {
        let places = places(subject);
        let mut first: Option<usize> = None;
        for number in subject.vulnerability.names() {
            let Some(number) = self.numbers.get(&number.to_ascii_uppercase()) else {
                continue;
            };
            let own = self.first_in(number.scope, &places, subject, first, work)?;
            first = own.or(first);
            for (rank, list) in &number.lists {
                if first.is_some_and(|first| first <= *rank) {
                    break;
                }
                if self
                    .first_in(*list, &places, subject, None, work)?
                    .is_some()
                {
                    first = Some(*rank);
                }
            }
        }
        Ok(first)
    }

    /// The least rank below `before` in a scope of what speaks of a vulnerability.
    fn first_in(
        &self,
        scope: Scope,
        places: &[Place<'_>],
        subject: &Case<'_>,
        before: Option<usize>,
        work: &mut Work,
    ) -> Result<Option<usize>, Spent> {
        let mut first = None;
        for place in places {
            work.spend(1)?;
            let known = first.or(before);
            let found = self
                .at(scope, *place)
                .take_while(|entry| known.is_none_or(|known| entry.rank < known));
            for entry in found {
                if entry.speaks_of(subject, work)? {
                    first = Some(entry.rank);
                    break;
                }
            }
        }
        Ok(first)
    }

    /// What is entered in a scope by one name, in order of rank.
    fn at(&self, scope: Scope, place: Place<'_>) -> impl Iterator<Item = &Entry<'s>> {
        let is_before = |entry: &Entry<'_>| (entry.scope, entry.place) < (scope, place);
        let from = self.entries.partition_point(is_before);
        let entries = self.entries.iter().skip(from);
        entries.take_while(move |entry| (entry.scope, entry.place) == (scope, place))
    }
}

impl Entry<'_> {
    /// Whether it is the package of a vulnerability that it was found by.
    fn speaks_of(&self, subject: &Case<'_>, work: &mut Work) -> Result<bool, Spent> {
        match (self.package, self.place) {
            (None, _) => Ok(true),
            (Some((package, _)), Place::Position(_)) => {
                work.spend(1 + package.versions.len())?;
                Ok(package.takes_version(subject))
            }
            (Some((package, within)), _) => is_of(package, within, subject, work),
        }
    }
}

/// By what a statement may name the package of a vulnerability.
fn places<'v>(subject: &'v Case<'_>) -> Vec<Place<'v>> {
    let mut places = vec![Place::Image];
    if subject.vulnerability.removed_in.is_none() {
        places.push(Place::Position(subject.vulnerability.package));
    }
    let Some(purl) = &subject.identity.purl else {
        return places;
    };
    let (kind, namespace, name) = purl.family();
    let source = subject.identity.source;
    let mut versions = vec![None];
    let own = [purl.version(), subject.identity.version];
    let known = own
        .into_iter()
        .flatten()
        .chain(source.map(|one| one.1.as_str()));
    versions.extend(known.map(|version| Some(version_key(version))));
    versions.sort_unstable();
    versions.dedup();
    // Many write the source package's name.
    let names = std::iter::once(name).chain(source.map(|one| one.0.as_str()));
    for name in names {
        let family = (kind, namespace, name);
        places.extend(
            versions
                .iter()
                .map(|version| Place::Named(family, *version)),
        );
    }
    places
}

/// Enters the products of a statement.
fn enter<'s>(
    entries: &mut Vec<Entry<'s>>,
    scope: Scope,
    rank: usize,
    statement: &'s Statement,
    image: &ImageIdentity,
) {
    let entry = |place, package| Entry {
        scope,
        place,
        rank,
        package,
    };
    for product in statement.products.iter() {
        let is_image = product.itself.is_image(image);
        // Of a part, only as far as it is a part of that product.
        let within = (!is_image && !product.parts.is_empty()).then_some(&product.itself);
        // An index has images for its parts: both go by their digests.
        let mut parts = product.parts.iter();
        let is_whole = product.parts.is_empty() || parts.any(|part| part.has_digest_of(image));
        if is_image && is_whole {
            entries.push(entry(Place::Image, None));
        }
        for package in product.packages() {
            if let Some(link) = &package.link {
                if link.leads_elsewhere(image) {
                    continue;
                }
                // That says exactly which; others may go by the same package URL.
                if let Some(position) = link.position(image) {
                    entries.push(entry(Place::Position(position), Some((package, None))));
                    continue;
                }
            }
            for purl in &package.purls {
                // An epoch without a version asks for any version that has it.
                let place = Place::Named(purl.family(), purl.version().map(version_key));
                entries.push(entry(place, Some((package, within))));
            }
        }
    }
}

/// Whether `package` is that of a vulnerability, and a part of what it has to be a part of.
fn is_of(
    package: &Component,
    within: Option<&Component>,
    subject: &Case<'_>,
    work: &mut Work,
) -> Result<bool, Spent> {
    work.spend(1 + package.versions.len())?;
    if !package.is_package(subject) {
        return Ok(false);
    }
    let Some(whole) = within else {
        return Ok(true);
    };
    work.spend(whole.versions.len() + whole.purls.len() * subject.in_same_file.len())?;
    let mut beside = subject.in_same_file.iter();
    Ok(whole.is_package(subject)
        || beside.any(|other| whole.purls.iter().any(|purl| purl.asks_for(other))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::vulnerabilities::purl::Purl;
    use crate::policy::vulnerabilities::testing::{subject, vulnerability};
    use crate::policy::vulnerabilities::vex::Status;

    fn product(purl: &str) -> Product {
        Product {
            itself: Component {
                purls: Purl::parse(purl).into_iter().collect(),
                ..Component::default()
            },
            parts: Vec::new(),
        }
    }

    fn statement(id: &str, products: &Arc<[Product]>) -> Statement {
        Statement {
            ids: vec![id.to_owned()],
            products: Arc::clone(products),
            attested_of: Arc::default(),
            status: Status::NotAffected,
            justification: None,
            note: None,
            said: None,
            document: "vex.json".into(),
            edition: None,
            written_in: String::new(),
            author: None,
        }
    }

    fn of(statements: &[Statement], work: u64) -> Coverage<'_> {
        static IMAGE: std::sync::LazyLock<ImageIdentity> =
            std::sync::LazyLock::new(ImageIdentity::default);
        Coverage::new(statements, &IMAGE, Work::of(work))
    }

    #[test]
    fn of_thousands_of_statements_on_one_number_few_are_looked_at() {
        let versions = (0..5000).map(|at| product(&format!("pkg:npm/a@1.{at}")));
        let mut statements: Vec<Statement> = versions
            .map(|one| statement("C-1", &vec![one].into()))
            .collect();
        statements.push(statement("C-1", &vec![product("pkg:npm/a@1.0.0")].into()));
        let mut coverage = of(&statements, 1000);
        let one = vulnerability("C-1", "a");
        for _ in 0..100 {
            let said = coverage.said(&subject(&one)).unwrap();
            assert_eq!(
                said.map(|one| &*one.products as *const _),
                Some(&*statements[5000].products as *const _)
            );
        }
    }

    #[test]
    fn what_statements_share_is_entered_once() {
        let products: Arc<[Product]> = (0..500)
            .map(|at| product(&format!("pkg:npm/a{at}")))
            .collect();
        let statements: Vec<Statement> = (0..500)
            .map(|at| statement(&format!("C-{at}"), &products))
            .collect();
        let mut coverage = of(&statements, 1000);
        assert_eq!(coverage.entries.len(), 500);
        for (name, is) in [("a7", true), ("b", false)] {
            let one = vulnerability("C-3", name);
            let said = coverage.said(&subject(&one)).unwrap();
            assert_eq!(said.map(|one| one.ids[0].as_str()), is.then_some("C-3"));
        }
    }

    #[test]
    fn what_would_take_too_long_is_not_decided() {
        let odd = |at: usize| product(&format!("pkg:npm/a?x={at}"));
        let products: Arc<[Product]> = (0..100).map(odd).collect();
        let statements = [statement("C-1", &products)];
        let mut coverage = of(&statements, 1000);
        let one = vulnerability("C-1", "a");
        let said: Vec<bool> = (0..20)
            .map(|_| coverage.said(&subject(&one)).is_ok())
            .collect();
        assert_eq!(said.iter().filter(|is| **is).count(), 9);
        assert!(said.is_sorted_by(|a, b| a >= b));
    }
}
