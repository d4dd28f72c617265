use proptest::prelude::*;

use super::*;

/// What a line starts, what of it is certain, and as whom.
fn read(line: &str) -> (Option<String>, bool, Option<String>) {
    let words: Vec<&str> = line.split(' ').collect();
    let call = of(words[0]).unwrap().read(
        words[1..]
            .iter()
            .map(|word| Some(*word).filter(|word| *word != "?")),
    );
    let command = call.command.map(|at| words[1 + at..].join(" "));
    let user = call.user.map(|user| user.unwrap_or("?").to_owned());
    (command, call.is_certain, user)
}

#[test]
fn what_stands_behind_options_is_found() {
    for (line, command, user) in [
        ("tini -- app -x", "app -x", None),
        ("/sbin/tini -gvv -p SIGTERM -- app", "app", None),
        ("dumb-init --rewrite 15:3 app", "app", None),
        ("dumb-init --rewrite=15:3 app", "app", None),
        ("dumb-init -cv -r15:3 app", "app", None),
        ("gosu app serve -x", "serve -x", Some("app")),
        ("gosu ? serve", "serve", Some("?")),
        (
            "setpriv --reuid 1000 --clear-groups serve",
            "serve",
            Some("1000"),
        ),
        ("setpriv --reuid=1000 serve", "serve", Some("1000")),
        ("setpriv --no-new-privs serve", "serve", None),
        ("runuser -u app -- serve", "serve", Some("app")),
        ("chpst -v -u app:www serve", "serve", Some("app:www")),
        ("chpst -uapp serve", "serve", Some("app")),
        ("sudo -nE -u app A=b serve", "serve", Some("app")),
        ("sudo --preserve-env=A,B serve", "serve", None),
        ("doas -n -u app serve", "serve", Some("app")),
        ("env -C /x A=b C=d serve", "serve", None),
        ("env -- A=b serve", "serve", None),
        ("timeout 5 serve 9", "serve 9", None),
        ("timeout -s TERM --kill-after=9 1.5m serve", "serve", None),
        ("timeout ? serve", "serve", None),
        ("timeout -t 5 serve", "serve", None),
        ("timeout -t5 ? x", "? x", None),
        ("nice -n 5 serve", "serve", None),
        ("nohup serve", "serve", None),
        ("stdbuf -oL -e 0 serve", "serve", None),
        ("time -f %e serve", "serve", None),
        ("exec -a name serve", "serve", None),
        ("command -p serve", "serve", None),
        // What is not known may be anything.
        ("tini ? -x", "? -x", None),
    ] {
        let expected = (Some(command.to_owned()), true, user.map(str::to_owned));
        assert_eq!(read(line), expected, "{line}");
    }
}

#[test]
fn what_is_not_certain_says_so() {
    for (line, command) in [
        ("tini -x serve", "serve"),
        ("xargs -r serve", "serve"),
        ("xargs -I x serve x", "serve x"),
        ("env -u PATH serve", "serve"),
        ("env A=b -C /x serve", "serve"),
        ("sudo -i serve", "serve"),
        ("sudo -D /x serve", "serve"),
        ("chpst -e /env serve", "serve"),
        ("chpst -/ /root serve", "serve"),
        ("nice -5 serve", "serve"),
    ] {
        let (found, is_certain, _) = read(line);
        assert_eq!(
            (found.as_deref(), is_certain),
            (Some(command), false),
            "{line}"
        );
    }
}

#[test]
fn what_starts_nothing_has_no_command() {
    for line in [
        "env",
        "env A=b",
        "env -C",
        "env -S serve",
        "env -vS serve",
        "tini --",
        "gosu app",
        "gosu --version",
        "timeout --help",
        "timeout 5",
        "timeout serve x",
        "sudo -l serve",
        "sudoedit x",
        "command -v curl",
        "runuser app -c serve",
        "runuser - app",
    ] {
        let Some(program) = line.split(' ').next().and_then(of) else {
            continue;
        };
        let words = line.split(' ').skip(1).map(Some);
        assert_eq!(program.read(words).command, None, "{line}");
    }
    assert_eq!(read("runuser app -c serve").2.as_deref(), Some("app"));
}

#[test]
fn another_environment_is_known() {
    for (line, command, is_fresh) in [
        ("env -i PATH=/bin serve", Some(2), true),
        ("env - serve", Some(1), true),
        ("env A=b serve", Some(1), false),
        ("setpriv --reset-env serve", Some(1), true),
        ("su - app", None, true),
        ("su -l app -c serve", None, true),
        ("su app -c serve", None, false),
    ] {
        let words: Vec<&str> = line.split(' ').collect();
        let call = of(words[0])
            .unwrap()
            .read(words[1..].iter().copied().map(Some));
        let found = (call.command, call.is_fresh, call.is_certain);
        assert_eq!(found, (command, is_fresh, true), "{line}");
    }
}

#[test]
fn a_user_and_what_a_shell_of_his_runs_stand_in_any_order() {
    for (line, user, text) in [
        ("su app -c serve", Some("app"), Some("serve")),
        ("su -c serve app x", Some("app"), Some("serve")),
        ("su -s /bin/sh -c serve", None, Some("serve")),
        ("su app -s /bin/sh x y", Some("app"), None),
        ("runuser --command=serve - app", Some("app"), Some("serve")),
        ("runuser -u app -- serve", Some("app"), None),
    ] {
        let words: Vec<&str> = line.split(' ').collect();
        let call = of(words[0])
            .unwrap()
            .read(words[1..].iter().copied().map(Some));
        let found = (call.user.flatten(), call.text.flatten(), call.is_certain);
        assert_eq!(found, (user, text, true), "{line}");
    }
}

#[test]
fn wrappers_stand_behind_each_other() {
    for (line, program) in [
        ("tini -p SIGTERM -- gosu app env A=b exec serve -x", "serve"),
        ("serve tini", "serve"),
        ("nohup timeout 9 tini", "tini"),
        ("env", "env"),
        ("nohup xargs -0 rm", "xargs"),
    ] {
        let words: Vec<&str> = line.split(' ').collect();
        assert_eq!(
            words[program_index(&words, |word| Some(word))],
            program,
            "{line}"
        );
    }
}

proptest! {
    #[test]
    fn any_words_can_be_read(words in proptest::collection::vec("-{0,2}[a-zé=5]{0,3}", 0..6)) {
        for wrapper in WRAPPERS {
            let call = wrapper.read(words.iter().map(|word| Some(word.as_str())));
            prop_assert!(call.command.is_none_or(|at| at < words.len()));
        }
    }
}
