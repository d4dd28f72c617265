//! The one judge of what is a credential, for all that leaves the program: what the detectors of
//! images and the rules know together. What is in doubt is kept back.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use plimsoll_model::{Edit, Finding, ImageConfig, Report, SourceFile, Span};
use plimsoll_report::Hidden;
use plimsoll_scan::KnownValues;
use rayon::prelude::*;

/// What stands in a text in place of a credential.
const MARK: &str = "***";

/// A shorter value is hidden where it stands, and nowhere else: it may be any word.
const SHORTEST: usize = 6;
/// The same without the marks that quote in it.
const SHORTEST_PLAIN: usize = 4;

/// Build arguments as they may be published: of one that may be a credential, or repeats one that is `known` of
/// the image, the name alone.
pub(crate) fn publishable(
    build_args: &BTreeMap<String, String>,
    known: &KnownValues,
) -> BTreeMap<String, Option<String>> {
    build_args
        .iter()
        .map(|(name, value)| {
            let is_open = !may_be_credential(name, value) && known.places(value).is_empty();
            (name.clone(), is_open.then(|| value.clone()))
        })
        .collect()
}

/// The credentials that a report tells of its image, by their fingerprints.
pub(crate) fn known(report: &Report) -> KnownValues {
    let secrets = report.inventory.secrets.iter();
    KnownValues::of_shown(secrets.map(|one| one.fingerprint.as_str()))
}

/// A build log without what it repeats of credentials that are `known` of the image.
pub(crate) fn without_known(log: Vec<u8>, known: &KnownValues) -> Vec<u8> {
    let text = String::from_utf8_lossy(&log);
    let places = known.places(&text);
    if places.is_empty() {
        return log;
    }
    let mut shown = String::with_capacity(text.len());
    let mut done = 0;
    for (from, to) in places {
        if from >= done {
            shown.push_str(&text[done..from]);
            shown.push_str(MARK);
        }
        done = done.max(to);
    }
    shown.push_str(&text[done..]);
    shown.into_bytes()
}

fn may_be_credential(name: &str, value: &str) -> bool {
    plimsoll_scan::may_be_credential(name, value) || plimsoll_rules::may_be_credential(name, value)
}

/// Takes the credentials of source files out of every text of a report that speaks of those files,
/// and says what of the files themselves must not be shown.
pub(crate) fn conceal(report: &mut Report, sources: &[SourceFile]) -> Vec<Hidden> {
    let named: HashSet<&str> = findings(report)
        .flat_map(|finding| {
            let related = finding.related.iter().map(|related| &related.origin);
            related.chain([&finding.origin])
        })
        .filter_map(|origin| Some(origin.source.as_ref()?.file.as_str()))
        .chain(report.remarks.iter().map(|one| one.place.file.as_str()))
        .collect();
    let files: Vec<&SourceFile> = sources
        .iter()
        .filter(|file| named.contains(file.path()))
        .collect();
    let known = known(report);
    let seen_in = |file| seen_in(file, &known);
    // Threads take longer to start than one file takes, or none.
    let seen: HashMap<&str, Seen<'_>> = match files.as_slice() {
        [] => HashMap::new(),
        [file] => seen_in(file).into_iter().collect(),
        files => files.par_iter().filter_map(|file| seen_in(file)).collect(),
    };
    let set_aside = report.suppressed.iter_mut().map(|one| &mut one.finding);
    for finding in report.findings.iter_mut().chain(set_aside) {
        let origins = finding.related.iter().map(|related| &related.origin);
        let named: HashSet<&str> = origins
            .chain([&finding.origin])
            .filter_map(|origin| Some(origin.source.as_ref()?.file.as_str()))
            .collect();
        let near: Vec<&Seen<'_>> = named
            .into_iter()
            .filter_map(|file| seen.get::<str>(file))
            .collect();
        for Seen { values, .. } in &near {
            values.hide_in(&mut finding.message);
            finding
                .help
                .iter_mut()
                .for_each(|text| values.hide_in(text));
            for related in &mut finding.related {
                values.hide_in(&mut related.message);
            }
            if let Some(fix) = &mut finding.fix {
                values.hide_in(&mut fix.title);
            }
        }
        let edits = finding.fix.iter_mut().flat_map(|fix| &mut fix.edits);
        // A mark in place of the value would be written over it by whoever applies the edit.
        let shows = edits.fold(false, |shows, edit| {
            let known = seen.get(edit.file.as_str());
            shows | known.is_some_and(|seen| shows_hidden(edit, seen))
        });
        if shows {
            finding.fix = None;
        }
    }
    for remark in &mut report.remarks {
        if let Some(seen) = seen.get(remark.place.file.as_str()) {
            seen.values.hide_in(&mut remark.text);
        }
    }
    let hidden = files.iter().filter_map(|file| {
        Some(Hidden {
            file: file.path().to_owned(),
            spans: seen.get(file.path())?.spans.clone(),
        })
    });
    hidden.collect()
}

/// What is seen in a file, by its path, where anything is.
fn seen_in<'f>(file: &'f SourceFile, known: &KnownValues) -> Option<(&'f str, Seen<'f>)> {
    let seen = Seen::of(file, known);
    (!seen.spans.is_empty()).then_some((file.path(), seen))
}

/// What is known of a file.
struct Seen<'a> {
    file: &'a SourceFile,
    /// What of it must not be shown.
    spans: Vec<Span>,
    /// What of that must not be anywhere else either.
    values: Values,
}

impl<'a> Seen<'a> {
    /// Beside what is in the file itself, what is `known` of the image that was made by it.
    fn of(file: &'a SourceFile, known: &KnownValues) -> Self {
        let bytes = file.bytes();
        // What is no text counts as one letter each, so that places stay what they are.
        let mut text = String::with_capacity(bytes.len());
        for chunk in bytes.utf8_chunks() {
            text.push_str(chunk.valid());
            text.extend(chunk.invalid().iter().map(|_| '?'));
        }
        let mut spans = plimsoll_scan::concealed_in(&text);
        spans.extend(plimsoll_rules::hidden_in(file));
        let repeated = known.places(&text).into_iter();
        spans.extend(repeated.map(|(start, end)| Span::new(start, end)));
        let mut values = Values::default();
        for span in &spans {
            let value = span.of(bytes).trim_ascii();
            let whole = Plain::of(value).bytes;
            if plimsoll_scan::is_telling(&whole) {
                values.add(value);
            }
            // A message may repeat a word of it, if it is no rest of a line.
            let words: Vec<&[u8]> = value.split(u8::is_ascii_whitespace).collect();
            if (2..=MOST_WORDS).contains(&words.len()) {
                let drawn = words.into_iter().filter(|word| is_drawn(word));
                drawn.for_each(|word| values.add(word));
            }
        }
        spans.extend(values.find(bytes));
        Self {
            file,
            spans,
            values,
        }
    }
}

fn findings(report: &Report) -> impl Iterator<Item = &Finding> {
    let set_aside = report.suppressed.iter().map(|one| &one.finding);
    report.findings.iter().chain(set_aside)
}

/// Makes an edit as small as it can be, and says whether it holds what must not be shown even so.
fn shows_hidden(edit: &mut Edit, seen: &Seen<'_>) -> bool {
    let bytes = seen.file.bytes();
    let before = edit.span.of(bytes);
    let holds = |edit: &Edit| {
        !seen.values.find(edit.text.as_bytes()).is_empty()
            || seen
                .spans
                .iter()
                .filter(|span| span.start < edit.span.end && edit.span.start < span.end)
                .map(|span| span.of(bytes))
                .any(|value| value.len() > 3 && holds(edit.text.as_bytes(), value))
    };
    if !holds(edit) {
        return false;
    }
    let text = edit.text.as_bytes();
    let same = |(a, b): &(&u8, &u8)| a == b;
    let mut front = before.iter().zip(text).take_while(same).count();
    while !edit.text.is_char_boundary(front) {
        front -= 1;
    }
    let rest = before[front..].iter().rev().zip(text[front..].iter().rev());
    let mut back = rest.take_while(same).count();
    while !edit.text.is_char_boundary(text.len() - back) {
        back -= 1;
    }
    edit.text = edit.text[front..text.len() - back].to_owned();
    edit.span = Span::new(edit.span.start + front, edit.span.end - back);
    holds(edit)
}

fn holds(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// A file as it may be shown beside `other` values that must not be.
pub(crate) fn shown(file: &SourceFile, other: &Values) -> Vec<u8> {
    let mut spans = Seen::of(file, &KnownValues::default()).spans;
    spans.extend(other.find(file.bytes()));
    let mut bytes = file.bytes().to_vec();
    for span in spans {
        for byte in bytes.get_mut(span.start..span.end).unwrap_or_default() {
            if !byte.is_ascii_whitespace() {
                *byte = b'*';
            }
        }
    }
    bytes
}

/// A value with more words is the rest of a line.
const MOST_WORDS: usize = 4;

/// Whether a word is no name of anything: it has digits, and letters of both sizes.
fn is_drawn(word: &[u8]) -> bool {
    let has = |sort: fn(&u8) -> bool| word.iter().any(sort);
    has(u8::is_ascii_digit) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase)
}

/// A text without the marks that quote in it or carry it on over a line: a value that is written in
/// another form of a command, or in JSON, has others.
struct Plain {
    bytes: Vec<u8>,
    /// Where each of them stands in the text.
    places: Vec<usize>,
}

impl Plain {
    fn of(text: &[u8]) -> Self {
        let is_left = |byte: u8| !b"\"'\\\r\n".contains(&byte);
        let (places, bytes) = text
            .iter()
            .copied()
            .enumerate()
            .filter(|(_, byte)| is_left(*byte))
            .unzip();
        Self { bytes, places }
    }
}

/// Values that must not be shown, wherever they turn up, however they are quoted there.
#[derive(Clone, Default)]
pub(crate) struct Values {
    plain: BTreeSet<Vec<u8>>,
    /// Finds all of them at once; nothing where they are too many.
    finder: OnceLock<Option<AhoCorasick>>,
}

impl Values {
    /// Those that a build may repeat: of its Dockerfile, and of arguments it is given.
    pub(crate) fn of_build(dockerfile: &SourceFile, build_args: &BTreeMap<String, String>) -> Self {
        let mut values = Self::of_file(dockerfile);
        for (name, value) in build_args {
            if may_be_credential(name, value) {
                values.add(value.as_bytes());
            }
        }
        values
    }

    /// Those of a file.
    pub(crate) fn of_file(file: &SourceFile) -> Self {
        Seen::of(file, &KnownValues::default()).values
    }

    fn add(&mut self, value: &[u8]) {
        let plain = Plain::of(value).bytes;
        let is_long = value.len() >= SHORTEST && plain.len() >= SHORTEST_PLAIN;
        if is_long && self.plain.insert(plain) {
            self.finder = OnceLock::new();
        }
    }

    /// Adds others.
    pub(crate) fn merge(&mut self, other: Self) {
        self.plain.extend(other.plain);
        self.finder = OnceLock::new();
    }

    /// Where they stand in a text, in order and apart.
    fn find(&self, text: &[u8]) -> Vec<Span> {
        if self.plain.is_empty() {
            return Vec::new();
        }
        let finder = self.finder.get_or_init(|| {
            let mut builder = AhoCorasick::builder();
            // One may begin like another.
            builder.match_kind(MatchKind::LeftmostLongest);
            // Others take much more memory for few values than for many.
            builder.kind(Some(AhoCorasickKind::ContiguousNFA));
            builder.build(&self.plain).ok()
        });
        let Some(finder) = finder else {
            return vec![Span::new(0, text.len())];
        };
        let plain = Plain::of(text);
        let found = finder.find_iter(&plain.bytes);
        let found = found.filter_map(|found| {
            let places = plain.places.get(found.range())?;
            Some(Span::new(*places.first()?, places.last()? + 1))
        });
        found.collect()
    }

    /// A text without them.
    pub(crate) fn hide<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let found = self.find(text.as_bytes());
        if found.is_empty() {
            return text.into();
        }
        let mut written = String::with_capacity(text.len());
        let mut at = 0;
        for span in found {
            written.push_str(text.get(at..span.start).unwrap_or_default());
            written.push_str(MARK);
            at = span.end;
        }
        written.push_str(text.get(at..).unwrap_or_default());
        written.into()
    }

    /// Takes them out of a text.
    pub(crate) fn hide_in(&self, text: &mut String) {
        if let Cow::Owned(hidden) = self.hide(text) {
            *text = hidden;
        }
    }

    /// Takes them out of what an image says of itself.
    pub(crate) fn hide_in_config(&self, config: &mut ImageConfig) {
        let words = [
            config.entrypoint.as_mut(),
            config.cmd.as_mut(),
            config.healthcheck.as_mut().map(|check| &mut check.test),
            config.shell.as_mut(),
            Some(&mut config.env),
            Some(&mut config.on_build),
        ];
        let words = words.into_iter().flatten().flatten();
        let fields = [&mut config.user, &mut config.working_dir];
        let words = words.chain(fields).chain(&mut config.author);
        let words = words.chain(&mut config.volumes);
        let labels = config.labels.iter_mut();
        let labels = labels.flat_map(|(name, value)| [name, value]);
        let history = config.history.iter_mut();
        let history = history.flat_map(|entry| [&mut entry.created_by, &mut entry.comment]);
        for text in words.chain(labels).chain(history.flatten()) {
            self.hide_in(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUE: &str = "Zx9kQw7plmTT";

    #[test]
    fn build_arguments_are_published_by_name_where_in_doubt() {
        let google = format!("AI{}", "zaSyD3kQ9wT7mZ2xL5vB8nR4cJ6hG1fP0sYqA");
        let shop = format!("shp{}", "at_0123456789abcdef8badf00d13572468");
        let given: BTreeMap<String, String> = [
            ("MAPS", google.as_str()),
            ("SHOP", &shop),
            ("PGPASS", VALUE),
            ("DSN", "Server=tcp:db;User ID=sa;Password=Zx9kQw7plm;"),
            ("NPM_TOKEN", "x"),
            ("AUTH", "ada"),
            ("INDEX", "https://me:pw@host/simple"),
            ("EXTRA", "--with q7RtY2mWx9KpLz4VbN8c"),
            ("PYTHON_VERSION", "3.12"),
            ("AUTHOR", "acme"),
            ("MIRROR", "https://mirror.example.com/debian"),
            ("PASSWORD_FILE", "/run/secrets/p"),
            ("JOBS", "4"),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
        let published = publishable(&given, &KnownValues::default());
        let open = |name: &&str| published[*name].is_some();
        let names: Vec<&str> = published.keys().map(String::as_str).filter(open).collect();
        assert_eq!(
            names,
            [
                "AUTHOR",
                "JOBS",
                "MIRROR",
                "PASSWORD_FILE",
                "PYTHON_VERSION"
            ]
        );
    }

    #[test]
    fn values_go_wherever_they_turn_up() {
        let file = SourceFile::new(
            "Dockerfile",
            format!("FROM a\nENV PGPASS={VALUE} TOKEN=postgres B=postgres\nLABEL x={VALUE}y\n"),
        );
        let values = Values::of_file(&file);
        assert_eq!(
            values.hide(&format!("a {VALUE} postgres {VALUE}")),
            "a *** postgres ***"
        );
        let shown = String::from_utf8(shown(&file, &values)).unwrap();
        assert!(!shown.contains(VALUE), "{shown}");
        assert!(shown.contains("TOKEN=******** B=postgres"), "{shown}");
    }

    #[test]
    fn values_go_in_other_forms_too() {
        for (command, form) in [
            ("app --password \"two PW\"", "two PW"),
            ("app --password='two'\" PW\"", "two PW"),
            ("app --password=two\\ PW", "two PW"),
            ("app --password 'a\"PW'", "a\\\"PW"),
            ("app --password 'PW'\"'\"'b'", "PW'b"),
        ] {
            let command = command.replace("PW", VALUE);
            let file = SourceFile::new("Dockerfile", format!("FROM a\nCMD {command}\n"));
            let values = Values::of_file(&file);
            let form = form.replace("PW", VALUE);
            let text = format!("[\"app\", \"--password={form}\"]");
            let shown = values.hide(&text);
            assert!(!shown.contains(VALUE), "{shown}");
        }
    }

    #[test]
    fn words_of_values_go_too() {
        let file = SourceFile::new("Dockerfile", format!("FROM a\nENV PASSWORD=my {VALUE}\n"));
        let values = Values::of_file(&file);
        let rest = "FROM a\nRUN if [ $A_TOKEN = true ]; then apt-get install -y --no-install-recommends libssl1.1; fi\n";
        let rest = SourceFile::new("Dockerfile", rest);
        let shown = "Add `--no-install-recommends` to libssl1.1";
        assert_eq!(Values::of_file(&rest).hide(shown), shown);
        assert_eq!(
            values.hide(&format!("`{VALUE}` has no `=`")),
            "`***` has no `=`"
        );
    }

    /// What the image's files hold is neither published with the arguments nor kept in the log.
    #[test]
    fn what_repeats_a_credential_of_the_image_is_kept_back() {
        let secret = plimsoll_model::SecretSighting {
            kind: "secret-value".into(),
            severity: plimsoll_model::Severity::High,
            place: "app/.env".to_owned(),
            layer: Some(0),
            line: Some(1),
            fingerprint: plimsoll_image::sha256(VALUE.as_bytes()).as_str()[7..19].to_owned(),
            deleted_in: None,
            also_at: Vec::new(),
            source: None,
        };
        let mut report = Report::default();
        report.inventory.secrets.push(secret);
        let known = known(&report);
        let given = [("A", VALUE), ("B", "3.12"), ("C", "x=VALUE")]
            .map(|(name, value)| (name.to_owned(), value.replace("VALUE", VALUE)));
        let published = publishable(&given.into(), &known);
        let names: Vec<&str> = published.keys().map(String::as_str).collect();
        let open: Vec<bool> = published.values().map(Option::is_some).collect();
        assert_eq!(
            (names, open),
            (vec!["A", "B", "C"], vec![false, true, false])
        );
        let log = |text: &str| {
            let log = without_known(text.replace("VALUE", VALUE).into_bytes(), &known);
            String::from_utf8(log).unwrap()
        };
        assert_eq!(log("1 'VALUE' > /x\n2 a=VALUE"), "1 '***' > /x\n2 a=***");
        assert_eq!(log("1 make\n"), "1 make\n");
        let bytes = b"\xff nothing".to_vec();
        assert_eq!(without_known(bytes.clone(), &known), bytes);
    }

    #[test]
    fn an_edit_around_a_credential_is_made_smaller() {
        let file = SourceFile::new("Dockerfile", format!("FROM a\nENV PGPASS {VALUE}\n"));
        let seen = Seen::of(&file, &KnownValues::default());
        let whole = Span::new(7, file.bytes().len() - 1);
        let edit = |text: String| Edit {
            file: "Dockerfile".to_owned(),
            span: whole,
            text,
        };
        let mut small = edit(format!("ENV PGPASS={VALUE}"));
        assert!(!shows_hidden(&mut small, &seen));
        assert_eq!((small.text.as_str(), small.span.len()), ("=", 1));
        let mut shows = edit(format!("ENV X={VALUE}"));
        assert!(shows_hidden(&mut shows, &seen) || !shows.text.contains(VALUE));
    }
}
