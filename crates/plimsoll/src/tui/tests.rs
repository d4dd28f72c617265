//! Keys in, screens out: the explorer on a screen in memory.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::sync::Arc;

use plimsoll_image::{BlobContent, BlobSource, Descriptor, Image, ImageError, Manifest};
use plimsoll_model::{Called, Digest, HistoryEntry, ImageConfig, ImageSummary};
use plimsoll_scan::ScanOptions;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::Explored;
use super::app::{App, Flow, Pane};
use super::draw::{self, Palette};
use crate::look::Seen;

#[derive(Debug)]
struct Blobs(BTreeMap<Digest, Vec<u8>>);

impl BlobSource for Blobs {
    fn blob(&self, descriptor: &Descriptor) -> Result<BlobContent, ImageError> {
        match self.0.get(&descriptor.digest) {
            Some(bytes) => {
                let bytes = Cursor::new(bytes.clone());
                Ok(BlobContent::verified(bytes, descriptor, "memory"))
            }
            None => Err(ImageError::NotFound(descriptor.digest.to_string())),
        }
    }

    fn describe(&self) -> String {
        "memory".to_owned()
    }
}

fn descriptor(bytes: &[u8]) -> Descriptor {
    Descriptor::new(
        "application/vnd.oci.image.layer.v1.tar",
        plimsoll_image::sha256(bytes),
        bytes.len() as u64,
    )
}

/// A file of so many bytes; below 0o10000 the mode, above it a folder.
type Made<'a> = (&'a str, u32, usize);

const FOLDER: u32 = 0o40000;

fn layer(entries: &[Made<'_>]) -> Vec<u8> {
    let mut tar = Vec::new();
    for (path, mode, size) in entries {
        let mut header = [0_u8; 512];
        header[..path.len()].copy_from_slice(path.as_bytes());
        let mut field = |at: usize, text: String| {
            header[at..at + text.len()].copy_from_slice(text.as_bytes());
        };
        field(100, format!("{:07o}", mode & 0o7777));
        field(108, "0001750".to_owned());
        field(116, "0000000".to_owned());
        field(124, format!("{size:011o}"));
        field(136, "00000000000".to_owned());
        field(148, " ".repeat(8));
        field(156, if mode & FOLDER == 0 { "0" } else { "5" }.to_owned());
        field(257, "ustar\u{0}00".to_owned());
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        tar.extend_from_slice(&header);
        tar.extend(std::iter::repeat_n(b'x', size.next_multiple_of(512)));
        let end = tar.len();
        tar[end - (size.next_multiple_of(512) - size)..].fill(0);
    }
    tar.extend_from_slice(&[0; 1024]);
    tar
}

fn explored() -> Explored {
    let layers = [
        layer(&[
            ("etc", FOLDER | 0o755, 0),
            ("etc/passwd", 0o644, 900),
            ("usr", FOLDER | 0o755, 0),
            ("usr/bin", FOLDER | 0o755, 0),
            ("usr/bin/tool", 0o755, 40_000),
            ("usr/share/doc/tool", 0o644, 2_000),
        ]),
        layer(&[
            ("srv/cache/big", 0o644, 70_000),
            ("srv/app\u{1b}[31m.py", 0o644, 1_200),
            ("usr/bin/.wh.tool", 0, 0),
        ]),
        layer(&[
            ("srv/.wh.cache", 0, 0),
            ("srv/app\u{1b}[31m.py", 0o755, 1_200),
        ]),
    ];
    let step = |text: &str| HistoryEntry {
        created_by: Some(text.to_owned()),
        ..HistoryEntry::default()
    };
    let descriptors: Vec<Descriptor> = layers.iter().map(|tar| descriptor(tar)).collect();
    let raw: Arc<[u8]> = Arc::from(&b"{}"[..]);
    let image = Image {
        name: "test".to_owned(),
        called: Called::default(),
        manifest: Manifest {
            descriptor: descriptor(&raw),
            raw: raw.clone(),
            config: descriptor(&raw),
            layers: descriptors.clone(),
            subject: None,
            annotations: Vec::new(),
        },
        config_raw: raw,
        config: ImageConfig {
            history: vec![
                step("/bin/sh -c #(nop) ADD file:0 in / "),
                step("RUN /bin/sh -c make -C /srv # buildkit"),
                step("RUN /bin/sh -c rm -r /srv/cache && chmod +x /srv/app.py # buildkit"),
            ],
            ..ImageConfig::default()
        },
        diff_ids: descriptors.iter().map(|one| one.digest.clone()).collect(),
        chosen_from: Vec::new(),
        indexes: Vec::new(),
        blobs: Arc::new(Blobs(
            descriptors
                .iter()
                .map(|one| one.digest.clone())
                .zip(layers)
                .collect(),
        )),
    };
    let (scanned, files) =
        plimsoll_scan::inspect_with_files(&image, &ScanOptions::default(), None).unwrap();
    Explored {
        seen: Seen {
            image: ImageSummary {
                name: "app:1\u{202e}".to_owned(),
                called: Called::default(),
                digest: image.manifest.descriptor.digest.clone(),
                config: ImageConfig::default(),
                compressed_size: 0,
            },
            inventory: scanned.inventory,
            skipped: scanned.skipped,
        },
        files,
    }
}

fn screen(app: &App<'_>, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal
        .draw(|frame| draw::screen(frame, app, Palette::new(false)))
        .unwrap();
    let text = terminal.backend().to_string();
    assert!(!text.contains(['\u{1b}', '\u{202e}']));
    text
}

fn press(app: &mut App<'_>, keys: &str) {
    for key in keys.split(' ') {
        let (code, modifiers) = match key {
            "tab" => (KeyCode::Tab, KeyModifiers::NONE),
            "down" => (KeyCode::Down, KeyModifiers::NONE),
            "up" => (KeyCode::Up, KeyModifiers::NONE),
            "left" => (KeyCode::Left, KeyModifiers::NONE),
            "right" => (KeyCode::Right, KeyModifiers::NONE),
            "space" => (KeyCode::Char(' '), KeyModifiers::NONE),
            "enter" => (KeyCode::Enter, KeyModifiers::NONE),
            "esc" => (KeyCode::Esc, KeyModifiers::NONE),
            _ => match key.strip_prefix('^') {
                Some(key) => (
                    KeyCode::Char(key.chars().next().unwrap()),
                    KeyModifiers::CONTROL,
                ),
                None => (
                    KeyCode::Char(key.chars().next().unwrap()),
                    KeyModifiers::NONE,
                ),
            },
        };
        assert_eq!(app.on_key(KeyEvent::new(code, modifiers)), Flow::Continue);
    }
}

fn shown(app: &App<'_>) -> Vec<String> {
    app.rows
        .iter()
        .map(|row| {
            let cell = app.view.cell(row.node);
            let change = cell.change.unwrap();
            let sign = super::details::sign(change);
            let name = app.data.files.name(row.node).escape_debug().to_string();
            format!(
                "{sign}{}{name} {} {}",
                " ".repeat(row.depth),
                cell.size,
                cell.wasted
            )
        })
        .collect()
}

#[test]
fn a_screen_of_24_rows() {
    let data = explored();
    let mut app = App::new(&data);
    press(&mut app, "down down tab e");
    insta::assert_snapshot!(screen(&app, 80, 24));
}

#[test]
fn a_wide_screen() {
    let data = explored();
    let mut app = App::new(&data);
    press(&mut app, "] ] ^a tab e w");
    insta::assert_snapshot!(screen(&app, 130, 32));
}

/// Where there is little room, mode and owner come when they are asked for, and names are cut.
#[test]
fn mode_and_owner_come_and_go_on_every_screen() {
    let data = explored();
    for (width, is_roomy) in [(50, false), (80, true), (110, false), (160, true)] {
        let mut app = App::new(&data);
        press(&mut app, "tab e");
        for times in 0..3 {
            let text = screen(&app, width, 24);
            let is_shown = text.contains("uid:gid") && text.contains("drwxr-xr-x");
            assert_eq!(
                is_shown,
                is_roomy == (times % 2 == 0),
                "{width} {times}\n{text}"
            );
            press(&mut app, "^b");
        }
    }
}

/// On the smallest of screens people learn all the keys, and how to leave.
#[test]
fn help_and_leaving_are_told_on_every_screen() {
    let data = explored();
    for (width, height) in [(30, 10), (50, 15), (80, 24), (120, 40)] {
        let mut app = App::new(&data);
        for _ in 0..3 {
            let text = screen(&app, width, height);
            let last = text.lines().last().unwrap();
            assert!(last.contains("? help") && last.contains("q quit"), "{text}");
            press(&mut app, "tab");
        }
        press(&mut app, "?");
        let mut seen = screen(&app, width, height);
        for _ in 0..60 {
            press(&mut app, "down");
            seen.push_str(&screen(&app, width, height));
        }
        assert!(app.help, "moving does not leave");
        for key in ["Tab, Shift+Tab", "Ctrl+B", "wasted"] {
            assert!(seen.contains(key), "{key} at {width}x{height}");
        }
        press(&mut app, "g");
        assert_eq!(app.help_top, 0);
        press(&mut app, "esc");
        assert!(!app.help);
    }
    let mut app = App::new(&data);
    press(&mut app, "?");
    insta::assert_snapshot!(screen(&app, 50, 15));
}

#[test]
fn layers_out_of_sight_are_told() {
    let data = explored();
    let mut app = App::new(&data);
    for told in [
        " 2 more below ",
        " 1 more above, 1 below ",
        " 2 more above ",
    ] {
        let text = screen(&app, 80, 12);
        assert!(text.contains(told), "{told}{text}");
        press(&mut app, "down");
    }
    assert!(!screen(&app, 80, 24).contains(" more "));
}

#[test]
fn every_size_of_screen_is_drawn() {
    let data = explored();
    let mut app = App::new(&data);
    for (width, height) in [(1, 1), (7, 3), (20, 5), (40, 10), (110, 4), (300, 90)] {
        for keys in ["tab", "?", "tab", "tab", "/ x esc"] {
            press(&mut app, keys);
            screen(&app, width, height);
        }
    }
}

#[test]
fn layers_are_told_alone_and_together() {
    let data = explored();
    let mut app = App::new(&data);
    press(&mut app, "] tab e");
    assert_eq!(
        shown(&app),
        [
            "+srv 71200 71200",
            "+ cache 70000 70000",
            "+  big 70000 70000",
            "+ app\\u{1b}[31m.py 1200 1200",
            "~usr 2000 40000",
            "  share 2000 0",
            "   doc 2000 0",
            "    tool 2000 0",
            "~ bin 0 40000",
            "-  tool 40000 40000",
            " etc 900 0",
            "  passwd 900 0",
        ]
    );
    // Only what goes away; then, of all layers, what comes.
    press(&mut app, "a m u");
    assert_eq!(
        shown(&app),
        ["~usr 0 40000", "~ bin 0 40000", "-  tool 40000 40000"]
    );
    press(&mut app, "a m u ] r u tab tab a");
    assert_eq!(
        shown(&app),
        ["+srv 1200 1200", "+ app\\u{1b}[31m.py 1200 1200"]
    );
}

#[test]
fn a_filter_unfolds_what_it_finds_and_goes_again() {
    let data = explored();
    let mut app = App::new(&data);
    press(&mut app, "^f");
    press(&mut app, "b i n / . o enter");
    assert_eq!(
        shown(&app),
        [
            "+usr 40000 40000",
            "+ bin 40000 40000",
            "+  tool 40000 40000"
        ]
    );
    press(&mut app, "esc");
    assert_eq!(shown(&app), ["+usr 42000 40000", "+etc 900 0"]);
    // No expression: text.
    press(&mut app, "^f [ 3 1 m");
    assert!(app.filter_is_text());
    press(&mut app, "enter ]");
    assert_eq!(
        shown(&app),
        ["+srv 1200 1200", "+ app\\u{1b}[31m.py 1200 1200"]
    );
}

#[test]
fn search_and_waste_open_the_way() {
    let data = explored();
    let mut app = App::new(&data);
    press(&mut app, "/ p a s s enter");
    let path = |app: &App<'_>| app.data.files.path(app.selected().unwrap());
    assert_eq!(path(&app), "etc/passwd");
    press(&mut app, "w");
    assert_eq!(path(&app), "usr/bin/tool");
    press(&mut app, "w");
    assert_eq!(path(&app), "usr/bin/tool");
    press(&mut app, "/ z z enter");
    assert!(app.message.is_some());
    press(&mut app, "left left");
    assert_eq!(path(&app), "usr/bin");
    // The cursor stays where it is as layers go by.
    press(&mut app, "]");
    assert_eq!(path(&app), "usr/bin");
    assert_eq!(app.pane, Pane::Tree);
}

#[test]
fn an_image_without_layers_is_drawn() {
    let mut data = explored();
    data.seen.inventory = plimsoll_model::Inventory::default();
    data.files = plimsoll_scan::ImageFiles::default();
    let mut app = App::new(&data);
    press(
        &mut app,
        "] down tab space e w / x enter n left right x tab down",
    );
    screen(&app, 80, 24);
}
