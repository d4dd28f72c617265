//! What the databases of all system package managers come down to.

use plimsoll_model::PackageKind;
use serde::{Deserialize, Serialize};

/// The longest path that is one (`PATH_MAX`).
const MAX_PATH: usize = 4_096;

/// Packages that are taken of one database: several times what the largest systems have.
const MAX_RECORDS: usize = 100_000;

/// The packages one database lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Database {
    pub(crate) kind: PackageKind,
    pub(crate) records: Vec<Record>,
    /// What is wrong with entries that could not be read, where some could not.
    pub(crate) damage: Option<String>,
}

impl Database {
    pub(crate) fn new(kind: PackageKind) -> Self {
        Self {
            kind,
            records: Vec::new(),
            damage: None,
        }
    }

    /// Takes an entry: a package, one that does not count, or what is wrong with it.
    pub(crate) fn take(&mut self, entry: Result<Option<Record>, String>) {
        match entry {
            Ok(_) if self.records.len() >= MAX_RECORDS => {
                let why = format!("it lists more than the {MAX_RECORDS} packages that are taken");
                self.damage.get_or_insert(why);
            }
            Ok(record) => self.records.extend(record),
            Err(why) => {
                self.damage.get_or_insert(why);
            }
        }
    }

    /// The bytes that it takes in memory, roughly.
    pub(crate) fn weight(&self) -> usize {
        let lists = self.records.iter().map(|record| record.files.length());
        lists.sum::<usize>() + self.records.len() * 2 * size_of::<Record>()
    }

    /// Fails where there is nothing but damage.
    pub(crate) fn or_damage(self) -> Result<Self, String> {
        match self.damage {
            Some(why) if self.records.is_empty() => Err(why),
            _ => Ok(self),
        }
    }
}

/// One installed package.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) name: String,
    /// As its package manager compares it; with an epoch where there is one.
    pub(crate) version: String,
    /// Empty where the database tells none.
    pub(crate) architecture: String,
    /// Source package and its version.
    pub(crate) source: Option<(String, String)>,
    /// Licence as stated.
    pub(crate) license: Option<String>,
    /// Installed size in bytes.
    pub(crate) size: Option<u64>,
    /// Whether somebody asked for it by name, where the database itself tells.
    pub(crate) direct: Option<bool>,
    /// Qualifiers that only its kind of package URL has.
    pub(crate) qualifiers: Vec<(String, String)>,
    /// Whether somebody else than the distribution published it.
    pub(crate) is_foreign: bool,
    /// Its files, where the database itself lists them.
    pub(crate) files: FileList,
}

impl Record {
    /// What makes two entries one package.
    pub(crate) fn identity(&self) -> (&str, &str, &str) {
        (&self.name, &self.version, &self.architecture)
    }
}

/// Paths of files and their sums, in one piece of memory: a line `SUM PATH` each, as in the sums
/// files of dpkg; the sum is hexadecimal (MD5, SHA-1 or SHA-256, told apart by length) or `-`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileList(Box<str>);

impl FileList {
    /// The lines of a list that has this form already.
    pub(crate) fn from_lines(text: String) -> Self {
        Self(text.into())
    }

    /// Its bytes.
    pub(crate) fn length(&self) -> usize {
        self.0.len()
    }

    /// Sums and paths without a leading slash.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.lines().filter_map(|line| line.split_once(' '))
    }
}

/// Makes a [`FileList`].
#[derive(Debug)]
pub(crate) struct FileListWriter {
    text: String,
    /// Bytes it may become long: a few bytes of a file must not become gigabytes of paths.
    limit: usize,
}

impl FileListWriter {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            text: String::new(),
            limit,
        }
    }

    /// Adds the file `name` of `folder`; gives whether there was room. A path no system has, or
    /// that would be two lines, is left out.
    pub(crate) fn push(&mut self, sum: Option<&str>, folder: &str, name: &str) -> bool {
        let folder = folder.trim_matches('/');
        let name = name.trim_start_matches('/');
        if name.is_empty()
            || folder.len() + name.len() > MAX_PATH
            || folder.contains('\n')
            || name.contains('\n')
        {
            return true;
        }
        let sum = sum.unwrap_or("-");
        let length = sum.len() + folder.len() + name.len() + 3;
        if self.text.len() + length > self.limit {
            return false;
        }
        self.text.push_str(sum);
        self.text.push(' ');
        if !folder.is_empty() {
            self.text.push_str(folder);
            self.text.push('/');
        }
        self.text.push_str(name);
        self.text.push('\n');
        true
    }

    /// Bytes of the list so far.
    pub(crate) fn length(&self) -> usize {
        self.text.len()
    }

    pub(crate) fn finish(self) -> FileList {
        FileList::from_lines(self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_bounded_and_keep_no_path_that_is_two() {
        let mut list = FileListWriter::new(40);
        assert!(list.push(Some("0aff"), "/usr/bin/", "sh"));
        assert!(list.push(None, "", "a b"));
        assert!(list.push(None, "x", "a\nb"));
        assert!(list.push(None, &"x".repeat(MAX_PATH), "a"));
        assert!(!list.push(None, "a-folder-too-long-for-this-list", "x"));
        let list = list.finish();
        assert_eq!(
            list.iter().collect::<Vec<_>>(),
            [("0aff", "usr/bin/sh"), ("-", "a b")]
        );
    }

    #[test]
    fn no_database_has_more_packages_than_any_system() {
        let mut database = Database::new(PackageKind::Apk);
        for _ in 0..MAX_RECORDS {
            database.take(Ok(Some(Record::default())));
        }
        assert_eq!(database.damage, None);
        database.take(Ok(Some(Record::default())));
        assert_eq!(database.records.len(), MAX_RECORDS);
        assert!(database.damage.unwrap().contains("100000"));
    }
}
