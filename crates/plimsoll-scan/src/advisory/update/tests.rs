mod kept;
mod pocket;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use super::*;
use crate::advisory::{Index, PocketName};
use crate::archive::zip::tests::zip;

const RECORD: &str = r#"{"id": "PYSEC-1", "modified": "2026-01-01T00:00:00Z", "affected": [
    {"package": {"ecosystem": "PyPI", "name": "pandas"},
     "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.0"}]}]}]}"#;

/// Saturday, 21 November 2026.
const NOW: i64 = 1_795_219_200;

/// A file's version and content.
type Published = (String, Vec<u8>);

/// Serves files by path, with a version each; a request for the version it has is told so.
#[derive(Clone, Default)]
struct Mirror {
    files: Arc<Mutex<BTreeMap<String, Published>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Mirror {
    fn put(&self, path: &str, version: &str, bytes: Vec<u8>) {
        let file = (format!("\"{version}\""), bytes);
        self.files.lock().unwrap().insert(path.to_owned(), file);
    }

    fn text(&self, path: &str) -> String {
        let files = self.files.lock().unwrap();
        String::from_utf8(files.get(path).unwrap().1.clone()).unwrap()
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }

    /// Serves until the test is over.
    fn start(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let mirror = self.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut request = String::new();
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                while reader.read_line(&mut request).unwrap() > 2 {}
                let path = request.split(' ').nth(1).unwrap().to_owned();
                let file = mirror.files.lock().unwrap().get(&path).cloned();
                let mut answer = Vec::new();
                let status = match file {
                    None => "404 Not Found".to_owned(),
                    Some((version, _)) if request.contains(&version) => {
                        "304 Not Modified".to_owned()
                    }
                    Some((version, bytes)) => {
                        answer = bytes;
                        format!("200 OK\r\nETag: {version}")
                    }
                };
                mirror
                    .asked
                    .lock()
                    .unwrap()
                    .push(format!("{path} {}", &status[..3]));
                let length = answer.len();
                let head = format!(
                    "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
                );
                stream.write_all(head.as_bytes()).unwrap();
                stream.write_all(&answer).unwrap();
            }
        });
        address
    }
}

struct Yard {
    folder: tempfile::TempDir,
    mirrors: Vec<String>,
    ecosystems: Vec<String>,
    pockets: Vec<PocketName>,
    architectures: Vec<String>,
    scores: Option<String>,
    now: i64,
}

impl Yard {
    fn new(mirrors: &[&Mirror]) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            mirrors: mirrors.iter().map(|mirror| mirror.start()).collect(),
            ecosystems: vec!["PyPI".to_owned()],
            pockets: Vec::new(),
            architectures: vec!["amd64".to_owned()],
            scores: None,
            now: NOW,
        }
    }

    fn out(&self) -> PathBuf {
        self.folder.path().join("index")
    }

    fn update(&self) -> Result<Updated, UpdateError> {
        let access = Access {
            docker_config: Some(self.folder.path().join("docker")),
            ..Access::default()
        };
        Update {
            folder: &self.folder.path().join("archives"),
            out: &self.out(),
            ecosystems: &self.ecosystems,
            mirrors: &self.mirrors,
            lists: self.lists(),
            access: &access,
            now: self.now,
        }
        .run(&|_| {}, &|_| {})
    }

    fn lists(&self) -> ListSources<'_> {
        ListSources {
            pockets: &self.pockets,
            architectures: &self.architectures,
            pocket_mirrors: &self.mirrors,
            epss: self.scores.as_deref(),
            known_exploited: None,
        }
    }

    fn records(&self) -> u64 {
        Index::open(&self.out())
            .unwrap()
            .snapshot()
            .unwrap()
            .records
    }
}

fn archive(records: &[(&str, &str)]) -> Vec<u8> {
    let members: Vec<(&str, &[u8])> = records
        .iter()
        .map(|(name, text)| (*name, text.as_bytes()))
        .collect();
    zip(&members, true)
}

#[test]
fn only_what_has_changed_is_fetched_and_compiled() {
    let mirror = Mirror::default();
    mirror.put("/PyPI/all.zip", "1", archive(&[("PYSEC-1.json", RECORD)]));
    let yard = Yard::new(&[&mirror]);
    assert!(yard.update().unwrap().compiled.is_some());
    assert_eq!(yard.records(), 1);
    let again = yard.update().unwrap();
    assert_eq!((again.compiled, again.fetched[0].bytes), (None, None));
    assert_eq!(mirror.asked(), ["/PyPI/all.zip 200", "/PyPI/all.zip 304"]);

    let second = RECORD.replace("PYSEC-1", "PYSEC-2");
    let both = archive(&[("PYSEC-1.json", RECORD), ("PYSEC-2.json", &second)]);
    mirror.put("/PyPI/all.zip", "2", both);
    assert!(yard.update().unwrap().compiled.is_some());
    assert_eq!(yard.records(), 2);
    // An index that is gone is made again of what lies here.
    fs::remove_file(yard.out()).unwrap();
    assert!(yard.update().unwrap().compiled.is_some());
    assert_eq!(yard.records(), 2);
}

#[test]
fn that_there_is_nothing_newer_is_kept_by_the_day() {
    let mirror = Mirror::default();
    mirror.put("/PyPI/all.zip", "1", archive(&[("PYSEC-1.json", RECORD)]));
    let mut yard = Yard::new(&[&mirror]);
    let snapshot = |yard: &Yard| Index::open(&yard.out()).unwrap().snapshot().unwrap();
    assert!(yard.update().unwrap().compiled.is_some());
    let first = snapshot(&yard);
    assert_eq!(first.checked, Some(NOW));
    yard.now = NOW - NOW % DAY;
    assert!(yard.update().unwrap().compiled.is_none());
    assert_eq!(snapshot(&yard), first);
    for days in 1..3 {
        yard.now = NOW + days * DAY;
        assert!(yard.update().unwrap().compiled.is_none());
        let later = snapshot(&yard);
        assert_eq!(later.checked, Some(yard.now));
        assert_eq!((later.records, later.date), (first.records, first.date));
        Index::open(&yard.out()).unwrap().verify().unwrap();
    }
}

#[test]
fn an_update_that_was_killed_before_the_index_was_made_makes_it() {
    let mirror = Mirror::default();
    mirror.put("/PyPI/all.zip", "1", archive(&[("PYSEC-1.json", RECORD)]));
    let yard = Yard::new(&[&mirror]);
    yard.update().unwrap();
    // As if the archive had just come, and nothing more.
    let state = yard.folder.path().join("archives/PyPI.json");
    let text = fs::read_to_string(&state).unwrap();
    fs::write(state, text.replace("\\\"1\\\"", "\\\"0\\\"")).unwrap();
    mirror.put("/PyPI/all.zip", "0", archive(&[("PYSEC-1.json", RECORD)]));
    assert!(yard.update().unwrap().compiled.is_some());
}

#[test]
fn the_next_mirror_is_asked_where_one_has_nothing() {
    let (empty, full) = (Mirror::default(), Mirror::default());
    full.put("/PyPI/all.zip", "1", archive(&[("PYSEC-1.json", RECORD)]));
    let yard = Yard::new(&[&empty, &full]);
    let updated = yard.update().unwrap();
    assert_eq!(updated.fetched[0].mirror, yard.mirrors[1]);
    assert!(updated.fetched[0].passed_over[0].contains("404"));
}

/// What a mirror had once, or of another ecosystem, is not taken for what is new.
#[test]
fn a_mirror_that_goes_back_is_passed_over() {
    let record = |id: &str, day: &str| RECORD.replace("PYSEC-1", id).replace("2026-01-01", day);
    let (new, newer) = (
        record("PYSEC-2", "2026-11-20"),
        record("PYSEC-2", "2026-11-21"),
    );
    let of_npm = new.replace("PyPI", "npm");
    let (bad, good) = (Mirror::default(), Mirror::default());
    bad.put(
        "/PyPI/all.zip",
        "1",
        archive(&[("1.json", RECORD), ("2.json", &new)]),
    );
    let mut yard = Yard::new(&[&bad, &good]);
    yard.update().unwrap();
    let before = fs::read(yard.out()).unwrap();
    yard.now += DAY;
    for (version, came, why) in [
        (
            "0",
            vec![("1.json", RECORD)],
            "2026-01-01, and one of 2026-11-20",
        ),
        (
            "x",
            vec![("1.json", &*of_npm), ("2.json", &*of_npm)],
            "no record on PyPI",
        ),
    ] {
        bad.put("/PyPI/all.zip", version, archive(&came));
        let error = yard.update().unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
        assert_eq!(fs::read(yard.out()).unwrap(), before);
    }
    // Another mirror has it.
    good.put(
        "/PyPI/all.zip",
        "2",
        archive(&[("1.json", RECORD), ("2.json", &newer)]),
    );
    let updated = yard.update().unwrap();
    assert_eq!(updated.fetched[0].passed_over.len(), 1);
    assert!(updated.compiled.is_some());
    let many: Vec<(String, String)> = (0..9)
        .map(|at| {
            (
                format!("{at}.json"),
                record(&format!("PYSEC-{at}"), "2026-11-21"),
            )
        })
        .collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    good.put("/PyPI/all.zip", "3", archive(&many));
    yard.update().unwrap();
    good.put("/PyPI/all.zip", "4", archive(&[("2.json", &newer)]));
    let error = yard.update().unwrap_err().to_string();
    assert!(error.contains("holds 1 records, and 9 are here"), "{error}");
}

#[test]
fn a_record_of_days_to_come_does_not_stop_updates() {
    let record = |id: &str, day: &str| RECORD.replace("PYSEC-1", id).replace("2026-01-01", day);
    let mirror = Mirror::default();
    let to_come = record("PYSEC-2", "2099-01-01");
    let publish = |version: &str, records: &[(&str, &str)]| {
        mirror.put("/PyPI/all.zip", version, archive(records));
    };
    publish("1", &[("1.json", RECORD), ("2.json", &to_come)]);
    let mut yard = Yard::new(&[&mirror]);
    yard.update().unwrap();
    yard.now += DAY;
    let newer = record("PYSEC-3", "2026-02-01");
    publish("2", &[("1.json", RECORD), ("3.json", &newer)]);
    yard.update().unwrap();
    assert_eq!(yard.records(), 2);
    // What is older than all the rest is still not taken.
    publish("3", &[("1.json", RECORD)]);
    let error = yard.update().unwrap_err().to_string();
    assert!(error.contains("one of 2026-02-01 is here"), "{error}");
    // Nor does what was written down before.
    let path = yard.folder.path().join("archives/PyPI.json");
    let mut known: Known = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    known.holding.newest = Some(4_070_908_800);
    fs::write(&path, known.to_json()).unwrap();
    yard.update().unwrap();
    assert_eq!(yard.records(), 1);
}

#[test]
fn an_archive_that_is_not_whole_leaves_the_old_index_and_is_fetched_anew() {
    let mirror = Mirror::default();
    let whole = archive(&[("PYSEC-1.json", RECORD)]);
    mirror.put("/PyPI/all.zip", "1", whole.clone());
    let yard = Yard::new(&[&mirror]);
    yard.update().unwrap();
    let login = &b"<html>Please log in"[..];
    for (version, damaged) in [("2", &whole[..whole.len() - 30]), ("3", login), ("4", b"")] {
        mirror.put("/PyPI/all.zip", version, damaged.to_vec());
        let error = yard.update().unwrap_err();
        assert!(matches!(error, UpdateError::Fetch { .. }));
        assert!(error.to_string().contains("no whole archive"), "{error}");
        assert_eq!(yard.records(), 1);
        mirror.asked();
        mirror.put("/PyPI/all.zip", version, whole.clone());
        assert!(yard.update().unwrap().compiled.is_some());
        assert_eq!(mirror.asked(), ["/PyPI/all.zip 200"]);
    }
    // The directory is whole, what lies before it is not; and one without any record.
    let mut flipped = archive(&[("PYSEC-1.json", RECORD), ("PYSEC-2.json", RECORD)]);
    flipped[60] ^= 0xff;
    for (version, bad) in [
        ("6", flipped),
        ("7", archive(&[])),
        ("8", archive(&[("a.json", "{}")])),
    ] {
        mirror.put("/PyPI/all.zip", version, bad);
        let error = yard.update().unwrap_err().to_string();
        assert!(error.contains("no whole archive"), "{error}");
        assert_eq!(yard.records(), 1);
    }
    // Where one mirror has half of it, the next one may have it whole.
    mirror.put("/PyPI/all.zip", "5", whole[..30].to_vec());
    let other = Mirror::default();
    other.put("/PyPI/all.zip", "1", whole);
    let mut yard = yard;
    yard.mirrors.push(other.start());
    let updated = yard.update().unwrap();
    assert_eq!(updated.fetched[0].mirror, yard.mirrors[1]);
    assert!(updated.fetched[0].passed_over[0].contains("no whole archive"));
}

#[test]
fn rubbish_from_one_mirror_costs_nothing_that_another_gave() {
    let (first, second) = (Mirror::default(), Mirror::default());
    second.put("/PyPI/all.zip", "1", archive(&[("PYSEC-1.json", RECORD)]));
    let yard = Yard::new(&[&first, &second]);
    yard.update().unwrap();
    first.put("/PyPI/all.zip", "9", b"<html>Please log in".to_vec());
    let updated = yard.update().unwrap();
    assert_eq!(updated.fetched[0].mirror, yard.mirrors[1]);
    assert_eq!((&updated.fetched[0].bytes, updated.compiled), (&None, None));
    assert!(updated.fetched[0].passed_over[0].contains("no whole archive"));
}

#[test]
fn an_index_that_is_damaged_or_another_one_is_made_anew() {
    let mirror = Mirror::default();
    mirror.put("/PyPI/all.zip", "1", archive(&[("PYSEC-1.json", RECORD)]));
    let yard = Yard::new(&[&mirror]);
    yard.update().unwrap();
    let whole = fs::read(yard.out()).unwrap();
    let mut damaged = whole.clone();
    let last = damaged.len() - 1;
    damaged[last] ^= 1;
    let other_path = yard.folder.path().join("other.json");
    fs::write(&other_path, RECORD.replace("PYSEC-1", "PYSEC-2")).unwrap();
    let other_index = yard.folder.path().join("other.index");
    compile(Inputs::of(&[other_path]), &other_index, &|_| {}).unwrap();
    for wrong in [damaged, fs::read(other_index).unwrap(), Vec::new()] {
        fs::write(yard.out(), wrong).unwrap();
        assert!(yard.update().unwrap().compiled.is_some());
        assert!(fs::read(yard.out()).unwrap() == whole);
        assert!(yard.update().unwrap().compiled.is_none());
    }
}

#[test]
fn what_no_mirror_has_is_an_error_that_names_all() {
    let mirror = Mirror::default();
    let mut yard = Yard::new(&[&mirror]);
    let error = yard.update().unwrap_err().to_string();
    assert!(error.contains("PyPI") && error.contains("404"), "{error}");
    yard.ecosystems = vec!["../PyPI".to_owned()];
    assert!(matches!(yard.update(), Err(UpdateError::Name(_))));
    assert!(!yard.out().exists());
}

#[test]
fn that_another_update_is_under_way_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let yard = Yard::new(&[]);
    let access = Access::default();
    let update = Update {
        folder: folder.path(),
        out: &folder.path().join("index"),
        ecosystems: &[],
        mirrors: &[],
        lists: yard.lists(),
        access: &access,
        now: NOW,
    };
    assert!(!update.would_wait());
    let lock = File::create(folder.path().join("lock")).unwrap();
    assert!(!update.would_wait());
    lock.lock().unwrap();
    assert!(update.would_wait());
}

#[test]
fn two_updates_at_once_make_one_whole_index() {
    let mirror = Mirror::default();
    mirror.put("/PyPI/all.zip", "1", archive(&[("PYSEC-1.json", RECORD)]));
    let yard = Yard::new(&[&mirror]);
    let made = std::thread::scope(|scope| {
        let updates: Vec<_> = (0..3)
            .map(|_| scope.spawn(|| yard.update().unwrap()))
            .collect();
        let updates = updates.into_iter().map(|update| update.join().unwrap());
        updates.filter(|update| update.compiled.is_some()).count()
    });
    assert_eq!((made, yard.records()), (1, 1));
}

#[test]
fn what_is_secret_in_an_address_is_neither_told_nor_kept() {
    let mirror = Mirror::default();
    mirror.put("/PyPI/all.zip", "1", archive(&[("PYSEC-1.json", RECORD)]));
    mirror.put("/epss?token=SECRET", "1", b"<html>".to_vec());
    let mut yard = Yard::new(&[&mirror]);
    yard.mirrors[0] = yard.mirrors[0].replace("://", "://user:SECRET@");
    yard.scores = Some(format!("{}/epss?token=SECRET", yard.mirrors[0]));
    let error = yard.update().unwrap_err().to_string();
    assert!(
        error.contains("/epss") && !error.contains("SECRET"),
        "{error}"
    );
    yard.scores = None;
    let updated = yard.update().unwrap();
    assert!(!format!("{updated:?}").contains("SECRET"));
    for file in ["PyPI.json", "compiled"] {
        let text = fs::read_to_string(yard.folder.path().join("archives").join(file)).unwrap();
        assert!(!text.contains("SECRET"), "{text}");
    }
}

#[test]
fn scores_are_fetched_and_a_page_is_none() {
    let mirror = Mirror::default();
    mirror.put("/PyPI/all.zip", "1", archive(&[("PYSEC-1.json", RECORD)]));
    mirror.put("/epss", "1", b"<html>log in</html>".to_vec());
    let mut yard = Yard::new(&[&mirror]);
    yard.scores = Some(format!("{}/epss", yard.mirrors[0]));
    let error = yard.update().unwrap_err().to_string();
    assert!(
        error.contains("EPSS") && error.contains("something else"),
        "{error}"
    );
    let scores = "cve,epss,percentile\nCVE-2024-1,0.5,0.9\n";
    mirror.put("/epss", "2", scores.as_bytes().to_vec());
    yard.update().unwrap();
    let snapshot = Index::open(&yard.out()).unwrap().snapshot().unwrap();
    assert_eq!(snapshot.epss.unwrap().listed, 1);
    assert!(yard.update().unwrap().compiled.is_none());
}

fn snapshot(yard: &Yard) -> Snapshot {
    Index::open(&yard.out()).unwrap().snapshot().unwrap()
}

fn of_npm(day: &str) -> String {
    RECORD
        .replace("PYSEC-1", "GHSA-1")
        .replace("PyPI", "npm")
        .replace("2026-01-01", day)
}

/// What is asked for first is another one each time.
#[test]
fn the_same_archives_make_the_same_index_in_whatever_order() {
    let mirror = Mirror::default();
    mirror.put("/PyPI/all.zip", "1", archive(&[("1.json", RECORD)]));
    let npm = of_npm("2026-11-20");
    mirror.put("/npm/all.zip", "1", archive(&[("1.json", &npm)]));
    let mut yard = Yard::new(&[&mirror]);
    yard.ecosystems.push("npm".to_owned());
    assert!(yard.update().unwrap().compiled.is_some());
    for ecosystems in [&["npm", "PyPI"][..], &["npm"], &["PyPI"]] {
        yard.ecosystems = ecosystems.iter().map(|one| (*one).to_owned()).collect();
        assert!(yard.update().unwrap().compiled.is_none(), "{ecosystems:?}");
    }
}

/// A mirror that is dead has nothing newer; another one that is alive says nothing of it.
#[test]
fn how_fresh_an_ecosystem_is_its_own_mirror_says() {
    let (dead, alive) = (Mirror::default(), Mirror::default());
    dead.put("/PyPI/all.zip", "1", archive(&[("1.json", RECORD)]));
    alive.put(
        "/npm/all.zip",
        "1",
        archive(&[("1.json", &of_npm("2026-11-20"))]),
    );
    let quiet = RECORD.replace("PyPI", "Hex").replace("PYSEC-1", "EEF-1");
    alive.put("/Hex/all.zip", "1", archive(&[("1.json", &quiet)]));
    let mut yard = Yard::new(&[&dead, &alive]);
    yard.ecosystems.extend(["npm".to_owned(), "Hex".to_owned()]);
    yard.update().unwrap();
    let day = |time: Option<i64>| {
        let time = jiff::Timestamp::from_second(time.unwrap()).unwrap();
        time.strftime("%F").to_string()
    };
    let checked = |yard: &Yard| -> Vec<(String, String)> {
        let ecosystems = snapshot(yard).ecosystems.into_iter();
        ecosystems.map(|one| (one.name, day(one.checked))).collect()
    };
    let told = |name: &str, day: &str| (name.to_owned(), day.to_owned());
    assert_eq!(
        checked(&yard),
        [
            told("Hex", "2026-11-20"),
            told("PyPI", "2026-01-01"),
            told("npm", "2026-11-20"),
        ]
    );
    // Later both say that nothing has changed.
    yard.now += 30 * DAY;
    yard.update().unwrap();
    assert_eq!(checked(&yard)[1], told("PyPI", "2026-01-01"));
    assert_eq!(day(snapshot(&yard).checked), "2026-12-21");
}
