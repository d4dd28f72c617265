use super::*;

fn ecosystem(name: &str) -> SnapshotEcosystem {
    SnapshotEcosystem {
        name: name.to_owned(),
        records: 1,
        packages: 1,
        newest: None,
        checked: None,
    }
}

#[test]
fn no_name_of_an_index_makes_it_panic() {
    let long = "é".repeat(70_000);
    let snapshot = Snapshot {
        ecosystems: vec![ecosystem(&long), ecosystem("Go")],
        releases: vec![ecosystem(&format!("Go:{long}"))],
        pockets: vec![SnapshotPocket {
            suite: long.clone(),
            release: long.clone(),
            architectures: vec![long.clone()],
            packages: 1,
            date: None,
        }],
        ..Snapshot::default()
    };
    let text = told(Path::new("a.index"), &snapshot);
    assert!(text.len() < 2000, "{}", text.len());
    assert!(text.contains("é…  "), "{text}");
    let pad = " ".repeat(LONGEST - 2);
    assert!(
        text.contains(&format!("\n  Go{pad}         1 records")),
        "{text}"
    );
}
