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

/// A mirror of a security pocket with one package in this version.
fn publish(mirror: &Mirror, version: &str, told: &str) {
    let index = format!("Package: openssl\nVersion: {version}\nArchitecture: amd64\n");
    publish_index(mirror, version, &index, told);
}

/// A mirror of a security pocket with these packages.
fn publish_packages(mirror: &Mirror, version: &str, index: &str) {
    publish_index(mirror, version, index, "");
}

fn publish_index(mirror: &Mirror, version: &str, index: &str, told: &str) {
    use sha2::Digest as _;
    use std::io::Write as _;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(index.as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let hash = match told {
        "" => plimsoll_model::hex(&sha2::Sha256::digest(&packed)),
        told => told.to_owned(),
    };
    let release = format!(
        "Label: Debian-Security\nCodename: bookworm-security\nDate: Fri, 20 Nov 2026 00:12:41 UTC\n\
         SHA256:\n {hash} {} main/binary-amd64/Packages.gz\n",
        packed.len()
    );
    let suite = "/dists/bookworm-security";
    mirror.put(&format!("{suite}/InRelease"), version, release.into_bytes());
    mirror.put(
        &format!("{suite}/main/binary-amd64/Packages.gz"),
        version,
        packed,
    );
}

#[test]
fn a_pocket_is_fetched_where_its_release_says_that_it_is_new() {
    let mirror = Mirror::default();
    mirror.put("/PyPI/all.zip", "1", archive(&[("PYSEC-1.json", RECORD)]));
    publish(&mirror, "3.0.15-1", "");
    let mut yard = Yard::new(&[&mirror]);
    yard.pockets = vec![PocketName::of_release("debian:12").unwrap()];
    let updated = yard.update().unwrap();
    assert_eq!(updated.fetched[1].ecosystem, "bookworm-security");
    let pockets = || {
        Index::open(&yard.out())
            .unwrap()
            .snapshot()
            .unwrap()
            .pockets
    };
    assert_eq!(
        (pockets()[0].packages, pockets()[0].date),
        (1, Some(1_795_133_561))
    );
    mirror.asked();
    let again = yard.update().unwrap();
    assert!(again.compiled.is_none() && again.fetched[1].bytes.is_none());
    let release = "/dists/bookworm-security/InRelease";
    assert_eq!(
        mirror.asked(),
        ["/PyPI/all.zip 304", &format!("{release} 200")]
    );
    publish(&mirror, "3.0.17-1", "");
    assert!(yard.update().unwrap().compiled.is_some());
    // What is not what the release says is not used, and the index is as it was.
    let before = Index::open(&yard.out()).unwrap().id();
    publish(&mirror, "3.0.99-1", &"a".repeat(64));
    let error = yard.update().unwrap_err().to_string();
    assert!(error.contains("not what InRelease says"), "{error}");
    assert_eq!(Index::open(&yard.out()).unwrap().id(), before);
}

/// A mirror that was set back has fewer updates that wait.
#[test]
fn an_older_release_of_a_pocket_is_never_taken() {
    let (old, new) = (Mirror::default(), Mirror::default());
    publish(&new, "3.0.17-1", "");
    publish(&old, "3.0.15-1", "");
    let release = "/dists/bookworm-security/InRelease";
    let of_old = old.text(release);
    let dated = |version: &str, date: &str| {
        let text = of_old.replace("Fri, 20 Nov 2026 00:12:41 UTC", date);
        old.put(release, version, text.into_bytes());
    };
    dated("old", "Tue, 27 Jan 2026 00:12:41 UTC");
    let mut yard = Yard::new(&[&new, &old]);
    yard.ecosystems.clear();
    yard.pockets = vec![PocketName::of_release("debian:12").unwrap()];
    yard.update().unwrap();
    let before = fs::read(yard.out()).unwrap();
    yard.mirrors.reverse();
    let updated = yard.update().unwrap();
    assert_eq!(updated.fetched[0].mirror, yard.mirrors[1]);
    let told = &updated.fetched[0].passed_over[0];
    assert!(told.contains("2026-01-27, and one of 2026-11-20"), "{told}");
    yard.mirrors.pop();
    let error = yard.update().unwrap_err();
    assert!(matches!(error, UpdateError::Fetch { .. }));
    assert!(error.to_string().contains("remove "), "{error}");
    dated("none", "soon");
    let error = yard.update().unwrap_err().to_string();
    assert!(error.contains("does not tell when"), "{error}");
    // A server that is hours behind has nothing newer.
    dated("hours", "Thu, 19 Nov 2026 20:12:41 UTC");
    assert_eq!(yard.update().unwrap().fetched[0].bytes, None);
    assert_eq!(fs::read(yard.out()).unwrap(), before);
    // A release of days to come does not keep all others out.
    dated("to come", "Fri, 20 Nov 2099 00:12:41 UTC");
    yard.update().unwrap();
    dated("now", "Sat, 21 Nov 2026 00:00:00 UTC");
    yard.update().unwrap();
    assert_ne!(fs::read(yard.out()).unwrap(), before);
}

/// What is in place is what later updates of whatever else are made of.
#[test]
fn a_pocket_is_put_in_place_when_all_of_it_was_read() {
    let (bad, good) = (Mirror::default(), Mirror::default());
    let packages = |count: usize| -> String {
        let stanzas =
            (0..count).map(|at| format!("Package: p{at}\nVersion: 1\nArchitecture: all\n\n"));
        stanzas.collect()
    };
    publish_packages(&bad, "1", &packages(9));
    let mut yard = Yard::new(&[&bad]);
    yard.ecosystems.clear();
    yard.pockets = vec![PocketName::of_release("debian:12").unwrap()];
    yard.update().unwrap();
    let before = fs::read(yard.out()).unwrap();
    for (version, text, why) in [
        (
            "2",
            "Package: a\n",
            "amd64/Packages.gz: line 2: package a: it has no Version",
        ),
        (
            "3",
            "<html>log in</html>",
            "Packages.gz: it is something else",
        ),
        ("4", &packages(3), "holds 3 records, and 9 are here"),
    ] {
        publish_packages(&bad, version, text);
        let error = yard.update().unwrap_err();
        assert!(matches!(error, UpdateError::Fetch { .. }), "{error}");
        assert!(error.to_string().contains(why), "{error}");
        let pockets = std::mem::take(&mut yard.pockets);
        assert_eq!(yard.update().unwrap().kept.len(), 1);
        assert_eq!(fs::read(yard.out()).unwrap(), before);
        yard.pockets = pockets;
    }
    publish_packages(&good, "5", &packages(10));
    yard.mirrors.push(good.start());
    assert_eq!(yard.update().unwrap().fetched[0].mirror, yard.mirrors[1]);
    assert_eq!(snapshot(&yard).pockets[0].packages, 10);
}

/// Killed right behind the moment that counts.
#[test]
fn what_a_release_in_place_vouches_for_follows_it() {
    let mirror = Mirror::default();
    publish(&mirror, "3.0.15-1", "");
    let mut yard = Yard::new(&[&mirror]);
    yard.ecosystems.clear();
    yard.pockets = vec![PocketName::of_release("debian:12").unwrap()];
    yard.update().unwrap();
    let folder = yard
        .folder
        .path()
        .join("archives/pockets/dists/bookworm-security");
    let index = folder.join("main/binary-amd64/Packages.gz");
    let before = fs::read(&index).unwrap();
    publish(&mirror, "3.0.17-1", "");
    yard.update().unwrap();
    let made = fs::read(yard.out()).unwrap();
    fs::rename(&index, index.with_extension("incoming")).unwrap();
    fs::write(&index, before).unwrap();
    yard.pockets.clear();
    assert_eq!(yard.update().unwrap().kept.len(), 1);
    assert_eq!(fs::read(yard.out()).unwrap(), made);
}

#[test]
fn an_older_list_is_never_taken() {
    let mirror = Mirror::default();
    let publish = |day: &str, rows: usize| {
        let rows: String = (0..rows)
            .map(|at| format!("CVE-2024-{at},0.5,0.9\n"))
            .collect();
        let list = format!("#model_version:v1,score_date:{day}T00:00:00Z\ncve,epss,percentile\n");
        mirror.put(
            "/epss",
            &format!("{day} {}", rows.len()),
            (list + &rows).into_bytes(),
        );
    };
    publish("2026-11-20", 9);
    mirror.put("/PyPI/all.zip", "1", archive(&[("1.json", RECORD)]));
    let mut yard = Yard::new(&[&mirror]);
    yard.scores = Some(format!("{}/epss", yard.mirrors[0]));
    yard.update().unwrap();
    let before = fs::read(yard.out()).unwrap();
    for (day, rows, why) in [
        (
            "2022-01-02",
            9,
            "as of 2022-01-02, and one of 2026-11-20 is here",
        ),
        ("2026-11-21", 3, "holds 3 records, and 9 are here"),
    ] {
        publish(day, rows);
        let error = yard.update().unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
    publish("2026-11-19", 9);
    assert_eq!(yard.update().unwrap().fetched[1].bytes, None);
    assert_eq!(fs::read(yard.out()).unwrap(), before);
    publish("2026-11-21", 9);
    yard.update().unwrap();
    assert_ne!(fs::read(yard.out()).unwrap(), before);
}

#[test]
fn only_a_release_of_the_pocket_that_is_still_valid_counts() {
    let (mirror, second) = (Mirror::default(), Mirror::default());
    publish(&mirror, "3.0.15-1", "");
    publish(&second, "3.0.15-1", "");
    let mut yard = Yard::new(&[&mirror]);
    yard.ecosystems = Vec::new();
    yard.pockets = vec![PocketName::of_release("debian:12").unwrap()];
    let release = "/dists/bookworm-security/InRelease";
    let good = mirror.text(release);
    let lies = [
        (
            "Label: Debian-Security\nCodename: bookworm-security",
            "Label: Debian\nCodename: bookworm",
            "it is of bookworm, not",
        ),
        (
            "Codename: bookworm-security",
            "Codename: buster",
            "it is of buster, not",
        ),
        (
            "Codename: bookworm-security",
            "Codename: trixie-security",
            "not of bookworm-security",
        ),
        (
            "Codename: bookworm-security",
            "Comment: none",
            "names no suite",
        ),
        (
            "Date:",
            "Valid-Until: Fri, 20 Nov 2026 23:59:59 UTC\nDate:",
            "out of date",
        ),
        ("Date:", "Valid-Until: soon\nDate:", "out of date"),
    ];
    for (number, (from, to, why)) in lies.iter().enumerate() {
        let text = good.replace(from, to).into_bytes();
        mirror.put(release, &format!("lie {number}"), text);
        let error = yard.update().unwrap_err();
        assert!(matches!(
            error,
            UpdateError::Fetch {
                sought: Sought::Pocket,
                ..
            }
        ));
        assert!(error.to_string().contains(why), "{error}");
        assert!(!yard.out().exists());
    }
    // The next mirror has a right one.
    yard.mirrors.push(second.start());
    assert_eq!(yard.update().unwrap().fetched[0].mirror, yard.mirrors[1]);
    let valid = good.replace("Date:", "Valid-Until: Sun, 22 Nov 2026 00:00:00 UTC\nDate:");
    mirror.put(release, "valid", valid.into_bytes());
    assert_eq!(yard.update().unwrap().fetched[0].mirror, yard.mirrors[0]);
}

#[test]
fn what_a_mirror_lacks_of_a_pocket_is_told_and_the_rest_is_taken() {
    let mirror = Mirror::default();
    publish(&mirror, "3.0.15-1", "");
    let release = "/dists/bookworm-security/InRelease";
    // Named, and not there; and by hash, where the mirror has no such folders.
    let hash = "b".repeat(64);
    let text = mirror
        .text(release)
        .replace("SHA256:", "Acquire-By-Hash: yes\nSHA256:")
        + &format!(" {hash} 9 main/binary-arm64/Packages.gz\n");
    mirror.put(release, "2", text.into_bytes());
    let mut yard = Yard::new(&[&mirror]);
    yard.ecosystems = Vec::new();
    yard.pockets = vec![PocketName::of_release("debian:12").unwrap()];
    yard.architectures = ["amd64", "arm64", "s390x"].map(str::to_owned).to_vec();
    let updated = yard.update().unwrap();
    let [arm, mainframe] = &updated.fetched[0].lacking[..] else {
        panic!("{:?}", updated.fetched)
    };
    assert!(arm.contains("arm64") && arm.contains("404"), "{arm}");
    assert!(
        mainframe.contains("no package index for s390x"),
        "{mainframe}"
    );
    let snapshot = updated.compiled.unwrap().snapshot;
    assert_eq!(snapshot.pockets[0].architectures, ["amd64"]);
    yard.architectures.remove(0);
    assert!(yard.update().is_err());
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

/// Who updates one ecosystem does not ask for less of the others.
#[test]
fn what_was_not_asked_for_stays_in_the_index() {
    let mirror = Mirror::default();
    mirror.put("/PyPI/all.zip", "1", archive(&[("1.json", RECORD)]));
    mirror.put(
        "/npm/all.zip",
        "1",
        archive(&[("1.json", &of_npm("2026-11-20"))]),
    );
    let mut yard = Yard::new(&[&mirror]);
    assert_eq!(yard.update().unwrap().kept, []);
    yard.now += 3 * DAY;
    yard.ecosystems = vec!["npm".to_owned()];
    let updated = yard.update().unwrap();
    assert!(updated.compiled.is_some());
    let kept: Vec<_> = updated
        .kept
        .iter()
        .map(|one| (&*one.ecosystem, one.checked))
        .collect();
    assert_eq!(kept, [("PyPI", Some(NOW))]);
    let names = |yard: &Yard| -> Vec<String> {
        let ecosystems = snapshot(yard).ecosystems.into_iter();
        ecosystems.map(|one| one.name).collect()
    };
    assert_eq!(names(&yard), ["PyPI", "npm"]);
    // As old as the oldest of them.
    assert_eq!(snapshot(&yard).checked, Some(NOW));
    // Nothing has changed, and nothing is made again.
    let before = fs::read(yard.out()).unwrap();
    let again = yard.update().unwrap();
    assert_eq!((again.compiled, again.kept.len()), (None, 1));
    assert_eq!(fs::read(yard.out()).unwrap(), before);
    fs::remove_file(&updated.kept[0].archive).unwrap();
    assert_eq!(yard.update().unwrap().kept, []);
    assert_eq!(names(&yard), ["npm"]);
}

/// Nor does who asks for advisories alone ask for less than the lists that are there.
#[test]
fn lists_that_were_not_asked_for_stay_in_the_index() {
    let mirror = Mirror::default();
    mirror.put("/PyPI/all.zip", "1", archive(&[("1.json", RECORD)]));
    let scores = "cve,epss,percentile\nCVE-2024-1,0.5,0.9\n";
    mirror.put("/epss", "1", scores.as_bytes().to_vec());
    publish(&mirror, "3.0.15-1", "");
    let mut yard = Yard::new(&[&mirror]);
    let pocket = vec![PocketName::of_release("debian:12").unwrap()];
    yard.scores = Some(format!("{}/epss", yard.mirrors[0]));
    yard.pockets.clone_from(&pocket);
    assert_eq!(yard.update().unwrap().kept, []);
    let before = fs::read(yard.out()).unwrap();
    mirror.asked();
    (yard.scores, yard.pockets) = (None, Vec::new());
    let updated = yard.update().unwrap();
    assert_eq!(mirror.asked(), ["/PyPI/all.zip 304"]);
    let told: Vec<_> = updated
        .kept
        .iter()
        .map(|one| (&*one.ecosystem, one.checked))
        .collect();
    assert_eq!(told, [("bookworm-security", None), ("EPSS", Some(NOW))]);
    // Nothing has changed, and nothing is made again.
    assert!(updated.compiled.is_none());
    assert_eq!(fs::read(yard.out()).unwrap(), before);
    // Nor where something has.
    let newer = RECORD.replace("2.0", "2.1");
    mirror.put("/PyPI/all.zip", "2", archive(&[("1.json", &newer)]));
    assert!(yard.update().unwrap().compiled.is_some());
    let has = |yard: &Yard| {
        let snapshot = snapshot(yard);
        (snapshot.pockets.len(), snapshot.epss.is_some())
    };
    assert_eq!(has(&yard), (1, true));
    // An architecture that is not named now is fetched with the rest of its pocket.
    yard.pockets.clone_from(&pocket);
    yard.architectures = vec!["arm64".to_owned()];
    publish(&mirror, "3.0.17-1", "");
    let suite = "/dists/bookworm-security";
    let text = mirror.text(&format!("{suite}/InRelease"));
    let of_arm = text.lines().last().unwrap().replace("amd64", "arm64");
    let text = format!("{text}{of_arm}\n");
    mirror.put(&format!("{suite}/InRelease"), "4", text.into_bytes());
    let index = |word: &str| format!("{suite}/main/binary-{word}/Packages.gz");
    let packed = mirror.files.lock().unwrap()[&index("amd64")].1.clone();
    mirror.put(&index("arm64"), "4", packed);
    mirror.asked();
    yard.update().unwrap();
    assert!(mirror.asked().contains(&format!("{} 200", index("amd64"))));
    assert_eq!(snapshot(&yard).pockets[0].architectures, ["amd64", "arm64"]);
    // What did not come to its end leaves what was there.
    publish(&mirror, "3.0.99-1", &"a".repeat(64));
    yard.update().unwrap_err();
    yard.pockets.clear();
    assert_eq!(yard.update().unwrap().kept.len(), 2);
    assert_eq!(has(&yard), (1, true));
    // What is damaged later is not kept as if it were whole.
    let path = updated.kept[0]
        .archive
        .join("main/binary-arm64/Packages.gz");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[1..]).unwrap();
    let error = yard.update().unwrap_err().to_string();
    assert!(error.contains("no longer whole"), "{error}");
    // Whoever wants them no more removes them.
    for one in &updated.kept {
        let is_folder = one.archive.is_dir();
        match is_folder {
            true => fs::remove_dir_all(&one.archive).unwrap(),
            false => fs::remove_file(&one.archive).unwrap(),
        }
    }
    assert_eq!(yard.update().unwrap().kept, []);
    assert_eq!(has(&yard), (0, false));
}

/// Nobody fetches it now, so that an index without it would be made in silence.
#[test]
fn what_was_kept_and_is_broken_is_told_until_it_is_asked_for() {
    let mirror = Mirror::default();
    mirror.put("/PyPI/all.zip", "1", archive(&[("1.json", RECORD)]));
    mirror.put(
        "/npm/all.zip",
        "1",
        archive(&[("1.json", &of_npm("2026-11-20"))]),
    );
    let mut yard = Yard::new(&[&mirror]);
    yard.update().unwrap();
    let kept = yard.folder.path().join("archives/PyPI.zip");
    let whole = fs::read(&kept).unwrap();
    fs::write(&kept, &whole[..60]).unwrap();
    yard.ecosystems = vec!["npm".to_owned()];
    for _ in 0..2 {
        let error = yard.update().unwrap_err().to_string();
        assert!(error.contains("`--ecosystem \"PyPI\"`"), "{error}");
    }
    // It is fetched whole, though the mirror has nothing newer.
    yard.ecosystems = vec!["PyPI".to_owned()];
    yard.update().unwrap();
    assert_eq!(snapshot(&yard).ecosystems.len(), 2);
    assert_eq!(fs::read(&kept).unwrap(), whole);
}

/// Half a list reads like a shorter one.
#[test]
fn a_kept_list_that_is_broken_is_told_until_it_is_asked_for() {
    let mirror = Mirror::default();
    mirror.put("/PyPI/all.zip", "1", archive(&[("1.json", RECORD)]));
    let scores = "cve,epss,percentile\nCVE-2024-1,0.5,0.9\nCVE-2024-2,0.5,0.9\n";
    mirror.put("/epss", "1", scores.as_bytes().to_vec());
    let mut yard = Yard::new(&[&mirror]);
    let address = Some(format!("{}/epss", yard.mirrors[0]));
    yard.scores.clone_from(&address);
    yard.update().unwrap();
    let kept = yard.folder.path().join("archives/EPSS");
    for broken in ["cve,epss,percentile\nCVE-2024-1,0.5,0.9\n", "garbage"] {
        fs::write(&kept, broken).unwrap();
        yard.scores = None;
        for _ in 0..2 {
            let error = yard.update().unwrap_err().to_string();
            assert!(
                error.contains("`--epss`") && error.contains("EPSS:"),
                "{error}"
            );
        }
        // It is fetched whole, though the server has nothing newer.
        yard.scores.clone_from(&address);
        yard.update().unwrap();
        assert_eq!(fs::read_to_string(&kept).unwrap(), scores);
        assert_eq!(snapshot(&yard).epss.unwrap().listed, 2);
        mirror.asked();
        yard.update().unwrap();
        assert_eq!(mirror.asked(), ["/PyPI/all.zip 304", "/epss 304"]);
    }
    // What came newer is whole, though the update did not come to its end.
    let newer = format!("{scores}CVE-2024-3,0.5,0.9\n");
    mirror.put("/epss", "2", newer.into_bytes());
    let mark = yard.folder.path().join("archives/compiled");
    let before = fs::read(&mark).unwrap();
    yard.update().unwrap();
    fs::write(&mark, before).unwrap();
    yard.scores = None;
    yard.update().unwrap();
    assert_eq!(snapshot(&yard).epss.unwrap().listed, 3);
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
