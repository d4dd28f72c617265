//! Licences: what packages state, brought to SPDX expressions (SPDX 2.3, annex D) where that can be
//! done without guessing.
//!
//! Every ecosystem has habits of its own: names of Debian's copyright files and of older Fedora
//! packages, classifiers and free words of Python, lists parted by commas or spaces. They are read
//! by one grammar: names joined by words and signs, each name looked up in one table.

mod name;
mod text;

pub(crate) use text::{MAX_NAMES, recognised};

use std::collections::{HashMap, HashSet};

use plimsoll_model::{Package, PackageKind};

/// The longest statement that is read; longer ones are texts.
const MAX_LENGTH: usize = 2_000;
/// Names and signs in one statement.
const MAX_TOKENS: usize = 200;
/// Parentheses within each other.
const MAX_DEPTH: usize = 16;
/// The longest name that is kept as a reference of its own.
pub(crate) const MAX_REFERENCE: usize = 120;
/// Letters of another script that such a reference spells out.
const MAX_FOREIGN: usize = 16;

/// Fills in the expression of every package that states a licence and has none yet.
pub(crate) fn fill(packages: &mut [Package]) {
    let mut known: HashMap<(Lists, String), Option<String>> = HashMap::new();
    for package in packages {
        if package.license_expression.is_none()
            && let Some(stated) = &package.license
        {
            let lists = Lists::of(package.kind);
            package.license_expression = known
                .entry((lists, stated.clone()))
                .or_insert_with(|| expression(package.kind, stated))
                .clone();
        }
    }
}

/// What a list of licences means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Lists {
    /// Each is that of a part.
    All,
    /// One may choose (RubyGems, Composer and npm say so).
    Any,
    /// Nobody says which of both, as of the classifiers of Python (PEP 639).
    Unclear,
}

impl Lists {
    fn of(kind: PackageKind) -> Self {
        match kind {
            PackageKind::Gem | PackageKind::Composer | PackageKind::Npm => Self::Any,
            PackageKind::Python => Self::Unclear,
            _ => Self::All,
        }
    }

    /// The identifier of a name. The classifier that nearly every package under the Apache License
    /// has names no version; by convention it is the second.
    fn identifier(self, words: &str) -> Option<String> {
        name::spdx(words).or_else(|| {
            (self == Self::Unclear && words.eq_ignore_ascii_case("Apache Software License"))
                .then(|| "Apache-2.0".to_owned())
        })
    }
}

/// What a package of `kind` states, as an SPDX expression. Names that are on no list become
/// references (`LicenseRef-…`) beside such as are; where none is, there is no expression.
pub(crate) fn expression(kind: PackageKind, stated: &str) -> Option<String> {
    let stated = stated.trim();
    if stated.is_empty() || stated.eq_ignore_ascii_case("unlicensed") {
        return None;
    }
    // An address alone, in which the signs of expressions are none.
    if stated.contains("://") && !stated.contains(char::is_whitespace) {
        return name::spdx(stated);
    }
    if stated.len() > MAX_LENGTH || stated.lines().nth(3).is_some() {
        let names = recognised(stated);
        let mut nodes: Vec<Node> = names
            .into_iter()
            .filter_map(|name| name::spdx(&name))
            .map(Node::Id)
            .collect();
        return render(match nodes.len() {
            0 => return None,
            1 => nodes.swap_remove(0),
            _ => Node::All(nodes),
        });
    }
    // The names of some licences hold words that join others.
    let lists = Lists::of(kind);
    if let Some(node) = lists.identifier(stated).map(Node::Id) {
        return render(node);
    }
    let tokens = tokens(stated)?;
    let mut parser = Parser {
        tokens: &tokens,
        lists,
        any_known: false,
    };
    let node = parser.list(0)?;
    if !parser.tokens.is_empty() || !parser.any_known {
        return None;
    }
    render(node)
}

/// Writes a node, and holds it to the grammar it is said to follow.
fn render(node: Node) -> Option<String> {
    let text = node.render(false);
    spdx::Expression::parse(&text).ok().map(|_| text)
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token<'a> {
    And,
    Or,
    With,
    Comma,
    Open,
    Close,
    Name(&'a str),
}

/// Parts a statement into names and what joins them.
fn tokens(stated: &str) -> Option<Vec<Token<'_>>> {
    let mut tokens = Vec::new();
    // A name is what lies between two that are none.
    let mut name: Option<(usize, usize)> = None;
    let words = Words {
        text: stated,
        at: 0,
    };
    for (start, end) in words {
        let word = &stated[start..end];
        let later = || {
            let rest = stated[end..].trim_start().to_ascii_lowercase();
            ["later", "newer", "any later", "greater", "above"]
                .iter()
                .any(|word| rest.starts_with(word))
        };
        let token = match word {
            "(" if name.is_some() && is_part_of_name(&stated[start..]) => None,
            "(" => Some(Token::Open),
            ")" if name.is_some_and(|(from, _)| is_open(&stated[from..start])) => None,
            ")" => Some(Token::Close),
            "," | ";" => Some(Token::Comma),
            "&" | "&&" | "+" => Some(Token::And),
            "|" | "||" | "/" => Some(Token::Or),
            _ if word.eq_ignore_ascii_case("and") => Some(Token::And),
            _ if word.eq_ignore_ascii_case("or") && !later() => Some(Token::Or),
            _ if word.eq_ignore_ascii_case("and/or") => Some(Token::Or),
            _ if word.eq_ignore_ascii_case("with") => Some(Token::With),
            _ => None,
        };
        match token {
            None => name = Some((name.map_or(start, |(start, _)| start), end)),
            Some(token) => {
                tokens.extend(name.take().map(|(from, to)| Token::Name(&stated[from..to])));
                tokens.push(token);
            }
        }
        if tokens.len() > MAX_TOKENS {
            return None;
        }
    }
    tokens.extend(name.map(|(from, to)| Token::Name(&stated[from..to])));
    Some(tokens)
}

/// Whether a parenthesis says a name once more (`MIT License (Expat)`, `GPL (>= 2)`), rather than
/// holding names of its own.
fn is_part_of_name(rest: &str) -> bool {
    rest.split_once(')').is_some_and(|(inner, _)| {
        !inner
            .split(|c: char| !c.is_ascii_alphanumeric())
            .any(|word| word.eq_ignore_ascii_case("and") || word.eq_ignore_ascii_case("or"))
            && !inner.contains(',')
    })
}

fn is_open(name: &str) -> bool {
    name.rfind('(') > name.rfind(')') || (name.contains('(') && !name.contains(')'))
}

/// Words, and parentheses and commas as words of their own.
struct Words<'a> {
    text: &'a str,
    at: usize,
}

impl Iterator for Words<'_> {
    type Item = (usize, usize);

    fn next(&mut self) -> Option<(usize, usize)> {
        let is_sign = |c: char| matches!(c, '(' | ')' | ',' | ';' | '|' | '&');
        let rest = &self.text[self.at..];
        let start = self.at + rest.find(|c: char| !c.is_whitespace())?;
        let rest = &self.text[start..];
        let first = rest.chars().next()?;
        let length = if is_sign(first) {
            first.len_utf8()
        } else {
            rest.find(|c: char| c.is_whitespace() || is_sign(c))
                .unwrap_or(rest.len())
        };
        self.at = start + length;
        Some((start, self.at))
    }
}

/// An expression.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Node {
    /// An identifier, with its exception where it has one.
    Id(String),
    All(Vec<Node>),
    Any(Vec<Node>),
}

impl Node {
    fn joined(mut nodes: Vec<Node>, join: fn(Vec<Node>) -> Node) -> Node {
        let mut seen = HashSet::new();
        nodes.retain(|node| seen.insert(node.clone()));
        match nodes.len() {
            1 => nodes.swap_remove(0),
            _ => join(nodes),
        }
    }

    /// `inner` tells that an expression is around it.
    fn render(&self, inner: bool) -> String {
        let (nodes, sign) = match self {
            Self::Id(id) => return id.clone(),
            Self::All(nodes) => (nodes, " AND "),
            Self::Any(nodes) => (nodes, " OR "),
        };
        let text = nodes
            .iter()
            .map(|node| node.render(true))
            .collect::<Vec<_>>()
            .join(sign);
        if inner { format!("({text})") } else { text }
    }
}

struct Parser<'t> {
    tokens: &'t [Token<'t>],
    lists: Lists,
    /// Whether any name is on the list of SPDX.
    any_known: bool,
}

impl Parser<'_> {
    fn take(&mut self, wanted: &Token<'_>) -> bool {
        match self.tokens.split_first() {
            Some((token, rest)) if token == wanted => {
                self.tokens = rest;
                true
            }
            _ => false,
        }
    }

    /// What commas part.
    fn list(&mut self, depth: usize) -> Option<Node> {
        let mut nodes = vec![self.any(depth)?];
        let mut lists = self.lists;
        while self.take(&Token::Comma) {
            // `a, b, or c`.
            if self.take(&Token::Or) {
                lists = Lists::Any;
            } else if self.take(&Token::And) && lists == Lists::Unclear {
                lists = Lists::All;
            }
            nodes.push(self.any(depth)?);
        }
        let join = match lists {
            Lists::Any => Node::Any,
            Lists::All => Node::All,
            Lists::Unclear if nodes.iter().any(|node| *node != nodes[0]) => return None,
            Lists::Unclear => Node::All,
        };
        Some(Node::joined(nodes, join))
    }

    fn any(&mut self, depth: usize) -> Option<Node> {
        let mut nodes = vec![self.all(depth)?];
        while self.take(&Token::Or) {
            nodes.push(self.all(depth)?);
        }
        Some(Node::joined(nodes, Node::Any))
    }

    fn all(&mut self, depth: usize) -> Option<Node> {
        let mut nodes = vec![self.one(depth)?];
        while self.take(&Token::And) {
            // R: `MIT + file LICENSE`, where the file names the holder of the rights.
            if let Some((Token::Name("file LICENSE" | "file LICENCE"), rest)) =
                self.tokens.split_first()
            {
                self.tokens = rest;
                continue;
            }
            nodes.push(self.one(depth)?);
        }
        Some(Node::joined(nodes, Node::All))
    }

    fn one(&mut self, depth: usize) -> Option<Node> {
        if depth > MAX_DEPTH {
            return None;
        }
        if self.take(&Token::Open) {
            let node = self.list(depth + 1)?;
            return self.take(&Token::Close).then_some(node);
        }
        let (Token::Name(words), rest) = self.tokens.split_first()? else {
            return None;
        };
        self.tokens = rest;
        let with = if self.take(&Token::With) {
            let (Token::Name(words), rest) = self.tokens.split_first()? else {
                return None;
            };
            self.tokens = rest;
            Some(*words)
        } else {
            None
        };
        self.name(words, with)
    }

    fn name(&mut self, words: &str, with: Option<&str>) -> Option<Node> {
        let id = self.lists.identifier(words);
        if let Some(exception) = with {
            return Some(Node::Id(match (id, name::exception(exception)) {
                (Some(id), Some(exception)) => {
                    self.any_known = true;
                    format!("{id} WITH {exception}")
                }
                (id, _) => {
                    let words = id.as_deref().unwrap_or(words);
                    reference(&format!("{words} with {exception}"))?
                }
            }));
        }
        if let Some(id) = id {
            self.any_known = true;
            return Some(Node::Id(id));
        }
        // Identifiers parted by nothing but spaces, as apk's packages were written once.
        let apart: Option<Vec<Node>> = words
            .split_whitespace()
            .map(|word| spdx::license_id(word).map(|id| Node::Id(name::current(id.name))))
            .collect();
        if let Some(nodes) = apart.filter(|nodes| nodes.len() > 1) {
            self.any_known = true;
            return Some(Node::joined(nodes, Node::All));
        }
        reference(words).map(Node::Id)
    }
}

/// A reference to a licence that is on no list.
pub(crate) fn reference(words: &str) -> Option<String> {
    let mut name = String::new();
    for c in words.chars() {
        if c.is_ascii_alphanumeric() || c == '.' {
            name.push(c);
        } else if !name.ends_with('-') && !name.is_empty() {
            name.push('-');
        }
    }
    if name.is_empty() {
        // Another script: a reference has letters of ASCII alone.
        let letters = words.chars().filter(|c| c.is_alphanumeric());
        let letters = letters.take(MAX_FOREIGN);
        let codes: Vec<String> = letters.map(|c| format!("u{:04x}", u32::from(c))).collect();
        name = codes.join("-");
    }
    let name = name.trim_end_matches('-');
    (!name.is_empty() && name.len() <= MAX_REFERENCE).then(|| format!("LicenseRef-{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(kind: PackageKind, stated: &str) -> String {
        expression(kind, stated).unwrap_or_default()
    }

    /// What packages state, and the expression; nothing where it is none.
    const STATEMENTS: &str = "\
npm: MIT => MIT
npm: (MIT OR Apache-2.0) => MIT OR Apache-2.0
npm: SEE LICENSE IN LICENSE.md =>
npm: UNLICENSED =>
npm: GPL-2.0+ => GPL-2.0-or-later
npm: MIT/X11 => MIT
npm: BSD-3-Clause AND (MIT OR GPL-2.0) => BSD-3-Clause AND (MIT OR GPL-2.0-only)
deb: 日本語 and MIT => LicenseRef-u65e5-u672c-u8a9e AND MIT
deb: — and MIT =>
deb: Expat, GPL-2+, LGPL-2.1, public-domain => MIT AND GPL-2.0-or-later AND LGPL-2.1-only AND LicenseRef-public-domain
deb: GPL-2+ or Artistic-2.0 => GPL-2.0-or-later OR Artistic-2.0
deb: GPL-3+ with GCC exception, BSD-3-clause => GPL-3.0-or-later WITH GCC-exception-3.1 AND BSD-3-Clause
deb: GPL-2+-with-autoconf-exception, ZLIB => GPL-2.0-or-later WITH Autoconf-exception-generic AND Zlib
deb: GPL-2 with OpenSSL exception, ISC => LicenseRef-GPL-2.0-only-with-OpenSSL-exception AND ISC
deb: BSD-4-clause-UC, GFDL-NIV-1.3+, GPL-3+-WITH-BISON-EXCEPTION => BSD-4-Clause-UC AND GFDL-1.3-no-invariants-or-later AND GPL-3.0-or-later WITH Bison-exception-2.2
rpm: GPLv3+ => GPL-3.0-or-later
rpm: ASL 2.0 => Apache-2.0
rpm: GPLv2+ and (MIT or BSD) => GPL-2.0-or-later AND (MIT OR LicenseRef-BSD)
rpm: LGPLv2+ and LGPLv2+ with exceptions => LGPL-2.0-or-later AND LicenseRef-LGPL-2.0-or-later-with-exceptions
rpm: BSD =>
rpm: MPLv2.0 or GPLv2 => MPL-2.0 OR GPL-2.0-only
apk: GPL-2.0-only MIT => GPL-2.0-only AND MIT
apk: curl => curl
alpm: Apache-2.0, custom:thing => Apache-2.0 AND LicenseRef-custom-thing
alpm: GPL2 => GPL-2.0-only
pypi: MIT License => MIT
pypi: The MIT License (MIT) => MIT
pypi: Apache License, Version 2.0 => Apache-2.0
pypi: Apache 2.0 => Apache-2.0
pypi: BSD License =>
pypi: BSD 3-Clause => BSD-3-Clause
pypi: 3-Clause BSD License => BSD-3-Clause
pypi: Mozilla Public License 2.0 (MPL 2.0) => MPL-2.0
pypi: GNU General Public License v2 or later (GPLv2+) => GPL-2.0-or-later
pypi: GNU Lesser General Public License v3 (LGPLv3) => LGPL-3.0-only
pypi: GNU LGPL =>
pypi: ISC License (ISCL) => ISC
pypi: Python Software Foundation License => PSF-2.0
pypi: MIT, Apache-2.0 =>
pypi: MIT License, MIT => MIT
pypi: MIT, BSD-3-Clause, and Apache-2.0 => MIT AND BSD-3-Clause AND Apache-2.0
pypi: MIT, or Apache-2.0 => MIT OR Apache-2.0
pypi: MIT AND Apache-2.0 => MIT AND Apache-2.0
pypi: Apache Software License => Apache-2.0
pypi: BSD License, Apache Software License =>
maven: Apache Software License =>
gem: Ruby, BSD-2-Clause => Ruby OR BSD-2-Clause
cran: GPL (>= 2) => GPL-2.0-or-later
cran: MIT + file LICENSE => MIT
cran: GPL-2 | GPL-3 => GPL-2.0-only OR GPL-3.0-only
npm: MIT, Apache-2.0 => MIT OR Apache-2.0
npm: ((( =>
npm: MIT AND =>
npm: GPL- =>
npm:   =>
";

    #[test]
    fn statements_of_every_ecosystem() {
        for line in STATEMENTS.lines() {
            let (kind, rest) = line.split_once(": ").unwrap();
            let (stated, expected) = rest.split_once(" =>").unwrap();
            let kind = PackageKind::from_purl_type(kind).unwrap();
            assert_eq!(read(kind, stated), expected.trim_start(), "{line}");
        }
    }

    #[test]
    fn texts_are_recognised() {
        let text = "Copyright me\n\nPermission is hereby granted, free of charge, to any person\nobtaining a copy of this software and associated documentation files (the \"Software\"),\nto deal in the Software without restriction, including without limitation the rights to\n use, copy, modify, merge, publish, distribute, sublicense, and/or sell";
        assert_eq!(read(PackageKind::Python, text), "MIT");
    }

    proptest! {
        /// Whatever is stated, what comes out is an expression.
        #[test]
        fn only_expressions_come_out(stated in "([A-Za-z0-9+.() ,/|&-]| or | and | with |MIT|GPL-2\\+|BSD|\u{e4}){0,30}") {
            if let Some(text) = expression(PackageKind::Deb, &stated) {
                prop_assert!(spdx::Expression::parse(&text).is_ok());
            }
        }
    }
}
