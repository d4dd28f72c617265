//! Installed PEAR and PECL packages: `php/.registry/…/NAME.reg`, as PHP's `serialize` writes them.

use plimsoll_model::{Evidence, PackageKind};

use super::{Candidate, Document, Proven};

pub(super) fn claims(candidate: &Candidate<'_>) -> bool {
    candidate.name.ends_with(".reg") && candidate.path.contains("/.registry/")
}

pub(super) fn read(_path: &str, bytes: &[u8]) -> Result<Document, String> {
    let mut fields = Fields::default();
    Reader { rest: bytes }
        .value(&mut Vec::new(), &mut fields)
        .ok_or("it is not what PHP's serialize writes")?;
    let mut package = Proven::new(
        PackageKind::Pear,
        fields.name.as_deref(),
        fields.version.as_deref(),
        Evidence::Database,
    )?;
    package.namespace = Some(fields.channel.unwrap_or_else(|| "pear.php.net".to_owned()));
    package.license = fields.license.filter(|license| !license.is_empty());
    Ok(Document::Packages(vec![package]))
}

#[derive(Default)]
struct Fields {
    name: Option<String>,
    channel: Option<String>,
    version: Option<String>,
    license: Option<String>,
}

impl Fields {
    /// Takes the text found below the keys `at`, if it is one that matters. Package files of
    /// version 1 have version and licence as plain texts, of version 2 in an array.
    fn take(&mut self, at: &[&[u8]], text: &[u8]) {
        let field = match at {
            [b"name"] => &mut self.name,
            [b"channel"] => &mut self.channel,
            [b"version"] | [b"version", b"release"] => &mut self.version,
            [b"license" | b"release_license"] | [b"license", b"_content"] => &mut self.license,
            _ => return,
        };
        if field.is_none() {
            *field = super::word("field", Some(&String::from_utf8_lossy(text))).ok();
        }
    }
}

/// How deep arrays may lie in each other.
const MAX_DEPTH: usize = 32;

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads one value; texts go to `fields` with the keys that led to them.
    fn value(&mut self, at: &mut Vec<&'a [u8]>, fields: &mut Fields) -> Option<()> {
        match self.byte()? {
            b'N' => self.expect(b";"),
            b'b' | b'i' | b'd' => {
                self.expect(b":")?;
                self.until(b';').map(|_| ())
            }
            b's' => {
                self.expect(b":")?;
                let text = self.text()?;
                fields.take(at, text);
                self.expect(b";")
            }
            b'a' => {
                self.expect(b":")?;
                let count: usize = self.number(b':')?;
                self.expect(b"{")?;
                if at.len() >= MAX_DEPTH {
                    return None;
                }
                for _ in 0..count {
                    let key = match self.byte()? {
                        b's' => {
                            self.expect(b":")?;
                            let key = self.text()?;
                            self.expect(b";")?;
                            key
                        }
                        b'i' => {
                            self.expect(b":")?;
                            self.until(b';')?
                        }
                        _ => return None,
                    };
                    at.push(key);
                    self.value(at, fields)?;
                    at.pop();
                }
                self.expect(b"}")
            }
            // Objects are in no registry.
            _ => None,
        }
    }

    /// `LENGTH:"bytes"`.
    fn text(&mut self) -> Option<&'a [u8]> {
        let length = self.number(b':')?;
        self.expect(b"\"")?;
        let (text, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        self.expect(b"\"")?;
        Some(text)
    }

    fn number(&mut self, end: u8) -> Option<usize> {
        std::str::from_utf8(self.until(end)?).ok()?.parse().ok()
    }

    fn until(&mut self, end: u8) -> Option<&'a [u8]> {
        let at = memchr::memchr(end, self.rest.get(..self.rest.len().min(64))?)?;
        let (found, rest) = self.rest.split_at_checked(at)?;
        self.rest = rest.get(1..)?;
        Some(found)
    }

    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn expect(&mut self, bytes: &[u8]) -> Option<()> {
        self.rest = self.rest.strip_prefix(bytes)?;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn both_versions_of_package_files() {
        let of = |text: &str| match read("", text.as_bytes()) {
            Ok(Document::Packages(mut packages)) => packages.remove(0),
            other => panic!("{other:?}"),
        };
        let redis = of(
            "a:5:{s:4:\"name\";s:5:\"redis\";s:7:\"channel\";s:12:\"pecl.php.net\";s:7:\"version\";a:2:{s:7:\"release\";s:5:\"6.0.2\";s:3:\"api\";s:1:\"6\";}s:7:\"license\";a:1:{s:8:\"_content\";s:3:\"PHP\";}s:1:\"n\";a:2:{i:0;b:1;s:4:\"name\";N;}}",
        );
        assert_eq!(
            (redis.name.as_str(), redis.version.as_str()),
            ("redis", "6.0.2")
        );
        assert_eq!(redis.namespace.as_deref(), Some("pecl.php.net"));
        assert_eq!(redis.license.as_deref(), Some("PHP"));
        let old = of("a:2:{s:4:\"name\";s:3:\"Old\";s:7:\"version\";s:3:\"1.0\";}");
        assert_eq!((old.name.as_str(), old.version.as_str()), ("Old", "1.0"));
        let deep = "a:1:{i:0;".repeat(100_000);
        assert!(read("", deep.as_bytes()).is_err());
        assert!(read("", b"s:99:\"x\";").is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_end(text in "([asibdN]|:[0-9]{1,3}:?|[{};\"]|name|version|é){0,40}") {
            let _ = read("", text.as_bytes());
        }
    }
}
