//! Entries as they are known from here on: without the credentials in their names, which are told.

use plimsoll_image::{Entry, EntryKind};

use super::Collector;
use crate::secret::{
    Detector, FileSighting, Found, Hit, concealed_path, redact_words, redacted_command,
    redacted_text,
};

impl Collector<'_> {
    /// Tells the credentials in a path, unless the folder that one names told it.
    fn tell_names(&mut self, path: &str, hits: &[(Hit, usize)]) {
        let mut found = Found::default();
        for (hit, end) in hits {
            if !self.room.fits(hit.severity) {
                found.partly = true;
                continue;
            }
            let name = path.get(..*end).unwrap_or(path).to_owned();
            if self.named_by.insert((hit.fingerprint, name)) {
                found.sightings.push(FileSighting::in_name(hit, path));
            }
        }
        self.keep(path, found);
    }

    /// The entry without the credentials in its names, which are told; none where there are none.
    pub(super) fn without_credentials(&mut self, entry: &Entry) -> Option<Entry> {
        let path = concealed_path(&entry.path, self.detector);
        let target = match &entry.kind {
            EntryKind::Symlink(target) | EntryKind::Hardlink(target) => {
                concealed_path(target, self.detector)
            }
            _ => None,
        };
        if path.is_none() && target.is_none() {
            return None;
        }
        let mut shown = entry.clone();
        let mut hits = Vec::new();
        if let Some(path) = path {
            shown.path = path.shown;
            hits = path.hits;
        }
        if let Some(target) = target {
            match &mut shown.kind {
                EntryKind::Symlink(to) | EntryKind::Hardlink(to) => *to = target.shown,
                _ => {}
            }
            let end = shown.path.len();
            hits.extend(target.hits.into_iter().map(|(hit, _)| (hit, end)));
        }
        let is_there = !matches!(entry.kind, EntryKind::Whiteout | EntryKind::Opaque);
        if self.options.secrets_in_files && is_there {
            self.tell_names(&shown.path, &hits);
        }
        Some(shown)
    }
}

/// What a script says, without the credentials in it; none where there are none. Paths in it are
/// those that files are known by.
pub(super) fn without_credentials(text: &str, detector: &Detector) -> Option<String> {
    let path = concealed_path(text, detector).map(|named_by| named_by.shown);
    redacted_text(path.as_deref().unwrap_or(text), detector).or(path)
}

/// The same of a command in it, which may take credentials of any form.
pub(super) fn command_without_credentials(text: &str, detector: &Detector) -> Option<String> {
    let path = concealed_path(text, detector).map(|named_by| named_by.shown);
    redacted_command(path.as_deref().unwrap_or(text), detector).or(path)
}

/// Conceals them in the words of one.
pub(super) fn conceal_in_words(words: &mut [String], detector: &Detector) {
    for word in words.iter_mut() {
        if let Some(named_by) = concealed_path(word, detector) {
            *word = named_by.shown;
        }
    }
    redact_words(words, detector);
}

#[cfg(test)]
mod tests {
    use plimsoll_image::LayerReader;

    use super::*;
    use crate::ScanOptions;
    use crate::collect::Kept;
    use crate::collect::tests::database;

    /// What a first line names is looked for up to a blank.
    #[test]
    fn an_interpreter_in_a_folder_called_by_a_token_is_one_path() {
        let line = "/srv/ghp_16C7e42F292c6912E7710c838347Ae178B4a/sh -e";
        let shown = without_credentials(line, Detector::shared()).unwrap();
        let path = line.split(' ').next().unwrap();
        let concealed = concealed_path(path, Detector::shared()).unwrap().shown;
        assert_eq!(shown, format!("{concealed} -e"));
        assert_eq!(without_credentials("/bin/sh -e", Detector::shared()), None);
    }

    /// What the search of the file tells, and what stands where passwords do.
    #[test]
    fn a_command_is_kept_without_credentials_of_any_form() {
        let bot = "MTIzNDk4MjczNjQ1MTkyODM3.GabcDe.Kc8mPz2Lq7Rt4VbN8cHd3FjGs6TvXy1ZPqWe2a";
        let token = "q7RtY2mWx9KpLz4VbN8cHd3F";
        for (command, secret) in [
            (format!("exec /srv/bot {bot}"), bot),
            (format!("curl -H 'X-Auth: {bot}' https://x"), bot),
            (format!("exec mysql -uroot -p{token}"), token),
            (format!("API_TOKEN={token} exec /srv/app"), token),
        ] {
            let shown = command_without_credentials(&command, Detector::shared()).unwrap();
            assert!(!shown.contains(secret), "{shown}");
        }
        for plain in [
            "exec /srv/app \"$@\"",
            "exec gosu app /srv/bin/server --port 80",
        ] {
            assert_eq!(command_without_credentials(plain, Detector::shared()), None);
        }
    }

    /// What a word is says what stands before it, behind what starts the program, too.
    #[test]
    fn words_of_a_command_are_kept_without_credentials() {
        for command in [
            "/srv/app --token PW --port 80",
            "/srv/app --password=PW -v",
            "gosu app redis-cli -a PW ping",
            "gosu app mysqladmin -u root -pPW",
            "gosu app curl -u bob:PW https://x",
            "rabbitmqctl add_user bob PW",
            "mc alias set s3 http://x key PW",
            "rclone config create r s3 secret_access_key PW",
            "htpasswd -b /f bob PW",
            "gosu app sshpass -p PW ssh x",
            "crudini --set /a keystone_authtoken password PW",
            "gosu app mosquitto_pub -P PW -t a",
            "consul kv put a/password PW",
        ] {
            let given = command.replace("PW", "q7RtY2mWx9KpLz4V");
            let mut words: Vec<String> = given.split(' ').map(str::to_owned).collect();
            conceal_in_words(&mut words, Detector::shared());
            assert_eq!(words.len(), command.split(' ').count());
            let shown = words.join(" ");
            assert!(!shown.contains("q7RtY2mWx9KpLz4V"), "{shown}");
        }
        let plain = ["gosu", "app", "/srv/bin/server", "--port", "80"];
        let mut words = plain.map(str::to_owned);
        conceal_in_words(&mut words, Detector::shared());
        assert_eq!(words, plain);
    }

    /// Deletions and links find what they speak of, though nobody is shown the name.
    #[test]
    fn a_token_in_a_name_is_told_and_shown_nowhere() {
        const TOKEN: &str = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";
        let (kept, options) = (Kept::default(), ScanOptions::default());
        let mut layer = Collector::new(0, &options, Detector::shared(), &kept);
        let folder = format!("srv/{TOKEN}");
        let file = format!("{folder}/{TOKEN}.txt");
        // No entry names the folder of these.
        let (other, again) = (format!("opt/{TOKEN}/a"), format!("opt/{TOKEN}/b"));
        for (path, kind) in [
            (folder.as_str(), EntryKind::Directory),
            (file.as_str(), EntryKind::File),
            (other.as_str(), EntryKind::File),
            (again.as_str(), EntryKind::File),
            ("srv/link", EntryKind::Symlink(file.clone())),
            ("srv/name", EntryKind::Hardlink(file.clone())),
            (folder.as_str(), EntryKind::Whiteout),
        ] {
            let entry = Entry {
                path: path.to_owned(),
                kind,
                ..database(b"")
            };
            layer.entry(&entry, &mut [].as_slice()).unwrap();
        }
        let record = layer.finish();
        let paths: Vec<&str> = record.entries.iter().map(|fact| &*fact.path).collect();
        assert_eq!(paths[0], paths[6]);
        assert!(paths[1].starts_with(paths[0]) && paths[0].starts_with("srv/[github-token-"));
        assert!(!format!("{record:?}").contains(TOKEN));
        let told: Vec<_> = record
            .secrets
            .iter()
            .map(|one| (&*one.kind, &*one.path))
            .collect();
        let places = [paths[0], paths[1], paths[2], "srv/link", "srv/name"];
        assert_eq!(told, places.map(|path| ("github-token", path)));
    }
}
