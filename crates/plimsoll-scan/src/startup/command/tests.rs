use proptest::prelude::*;

use super::*;

fn told(words: &[&str]) -> Vec<String> {
    let mut reader = Reader::new(StartupRole::Cmd, "/srv", &[]);
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    reader.arguments(&words, 0);
    reader
        .steps
        .into_iter()
        .map(|step| match step.given_to {
            Some(_) => format!("<{}@{}", step.word, step.folder),
            None => step.word,
        })
        .collect()
}

#[test]
fn wrappers_and_shells_are_seen_through() {
    let cases: &[(&[&str], &[&str])] = &[
        (&["/app", "x"], &["/app"]),
        (&["tini", "-g", "--", "/run.sh", "a"], &["tini", "/run.sh"]),
        (
            &["dumb-init", "node", "a.js"],
            &["dumb-init", "node", "<a.js@/srv"],
        ),
        (
            &["tini", "-gp", "SIGTERM", "nohup", "x"],
            &["tini", "nohup", "x"],
        ),
        (&["tini", "-x", "serve"], &["tini"]),
        (&["env", "A=b", "x"], &["env", "x"]),
        (&["env", "PATH=/x", "sh", "-c", "x"], &["env", "sh"]),
        (&["env", "-C", "/x", "A=b", "./x"], &["env", "./x"]),
        (&["env", "-i", "sh", "-c", "x"], &["env", "sh"]),
        (&["env", "-C", "/x", "-i", "x"], &["env", "x"]),
        (&["env", "-C"], &["env"]),
        (
            &["env", "--chdir=app", "--", "node", "a.js"],
            &["env", "node", "<a.js@/srv/app"],
        ),
        (
            &["env", "-C/a", "--chdir", "/b", "node", "a.js"],
            &["env", "node", "<a.js@/b"],
        ),
        // What comes before looks and no more, and what comes behind does not run where it fails.
        (
            &["sh", "-c", "ls -l && id; mkdir -p /x; serve"],
            &["sh", "serve"],
        ),
        (&["sh", "-c", "ls && serve"], &["sh", "ls", "serve"]),
        (&["sh", "-c", "ls && serve; wait"], &["sh"]),
        (&["sh", "-c", "ls && serve || other"], &["sh", "serve"]),
        (&["sh", "-c", "ls && serve || exec other"], &["sh", "serve"]),
        (&["sh", "-c", "ls && serve || exec -a x other"], &["sh"]),
        // What may not be reached proves nothing.
        (&["sh", "-c", "which a && exec a -- b; exec b"], &["sh"]),
        (&["sh", "-c", "which a && exec a -- b || exec b"], &["sh"]),
        (&["sh", "-c", "which a && cd /b; exec ./c"], &["sh"]),
        (&["sh", "-c", "cd /a && exec ./b; exec c"], &["sh"]),
        (&["sh", "-c", "ls && set -e; serve; other"], &["sh"]),
        (&["sh", "-c", "ls && id && serve; wait"], &["sh"]),
        (&["sh", "-c", "which a && exec a"], &["sh", "which", "a"]),
        (&["sh", "-c", "cd /a && exec b"], &["sh", "b"]),
        (&["sh", "-c", "which a; exec a"], &["sh", "a"]),
        (&["sh", "-c", "echo a && exec a; exec b"], &["sh", "a"]),
        (&["sh", "-c", "ls > a && sh ./a"], &["sh", "ls"]),
        (&["sh", "-c", "echo a > $A; serve"], &["sh"]),
        (&["sh", "-c", "serve && ready; other"], &["sh"]),
        (&["sh", "-c", "serve && ready || other"], &["sh"]),
        (&["sh", "-c", "serve | tee /log; other"], &["sh"]),
        (&["sh", "-c", "serve && ready || exit 1"], &["sh", "serve"]),
        (&["sh", "-c", "set -e; serve; other"], &["sh", "serve"]),
        (&["sh", "-ec", "serve; other"], &["sh", "serve"]),
        (
            &["bash", "-c", "set -euo pipefail; serve; other"],
            &["bash", "serve"],
        ),
        (&["sh", "-c", "set -o errexit; serve; o"], &["sh", "serve"]),
        (&["sh", "-c", "set -e; set +e; serve; other"], &["sh"]),
        (&["sh", "-c", "set -e; set $A; serve; other"], &["sh"]),
        (&["sh", "-c", "set -e; serve & other"], &["sh"]),
        (&["sh", "-c", "set -e; ls && serve; other"], &["sh"]),
        (&["sh", "-c", "set -x; serve; other"], &["sh"]),
        (
            &["/bin/sh", "-c", "python3 -u app.py --x"],
            &["/bin/sh", "python3", "<app.py@/srv"],
        ),
        (&["/bin/sh", "-c", "cd /a && exec ./b"], &["/bin/sh", "./b"]),
        (
            &["/bin/sh", "-c", "curl -f x || exit 1"],
            &["/bin/sh", "curl"],
        ),
        (&["/bin/sh", "-c", "curl -f x || true"], &["/bin/sh"]),
        (&["/bin/sh", "-c", "prepare; serve"], &["/bin/sh"]),
        (&["/bin/sh", "-c", "$SERVER run"], &["/bin/sh"]),
        (&["/bin/sh", "-c", "\"/opt/a\"*\"/serve\""], &["/bin/sh"]),
        (
            &["/bin/sh", "-c", "\"/opt/a*/serve\""],
            &["/bin/sh", "/opt/a*/serve"],
        ),
        (&["/bin/sh", "-c", "if a; then b; fi"], &["/bin/sh"]),
        (&["sh", "-c", "export A=\"$B\"; exec a"], &["sh", "a"]),
        (&["sh", "-c", "export \"A=b\" C; exec a"], &["sh", "a"]),
        (&["sh", "-c", "export PATH=/x; exec a"], &["sh"]),
        (&["sh", "-c", "export PATH+=:/x; exec a"], &["sh"]),
        (&["sh", "-c", "export \"PATH=/x:$A\"; exec a"], &["sh"]),
        (&["sh", "-c", "export $(cat /env); exec a"], &["sh"]),
        (&["sh", "-c", "export \"$A\"; exec a"], &["sh"]),
        (&["/bin/sh", "-c", "node \"$FILE\""], &["/bin/sh", "node"]),
        (&["/bin/sh", "-c", "test -f /x && y"], &["/bin/sh"]),
        (&["sh", "-c", "(serve x)"], &["sh", "serve"]),
        (&["sh", "-c", "{ ls; (serve x); }"], &["sh"]),
        (&["sh", "-c", "{ (ls; serve x); }"], &["sh", "serve"]),
        (&["sh", "-c", "{ cd /a && exec ./b; }"], &["sh", "./b"]),
        (&["sh", "-c", "(serve x) || other"], &["sh"]),
        (&["sh", "-c", "(serve x) &"], &["sh"]),
        (&["sh", "-c", "serve x & wait"], &["sh", "serve"]),
        (&["sh", "-c", "serve & other & wait"], &["sh"]),
        (&["sh", "-c", "serve & other"], &["sh"]),
        (&["sh", "-lc", "x"], &["sh"]),
        (
            &["sh", "-c", "# it's\nexec serve # and more"],
            &["sh", "serve"],
        ),
        (
            &["sh", "-c", "serve > /log 2>&1 </dev/null"],
            &["sh", "serve"],
        ),
        (
            &["sh", "-c", "exec serve $ARGS | tee /log"],
            &["sh", "serve"],
        ),
        (&["sh", "-c", "serve 'unclosed"], &["sh"]),
        (&["sh", "-c", "! serve"], &["sh"]),
        (
            &["sudo", "-E", "-u", "app", "A=b", "/serve", "x"],
            &["sudo", "/serve"],
        ),
        (&["sudo", "-i", "serve"], &["sudo"]),
        (&["sudo", "--user=app", "--", "serve"], &["sudo", "serve"]),
        (&["sh", "/start.sh"], &["sh", "</start.sh@/srv"]),
        (&["python3", "-m", "http.server"], &["python3"]),
        (&["node", "inspect"], &["node"]),
        (
            &["java", "-Xmx1g", "-jar", "/a.jar"],
            &["java", "</a.jar@/srv"],
        ),
        (&["java", "-cp", "x", "-jar", "/a.jar"], &["java"]),
        (&["gosu", "app", "serve"], &["gosu", "serve"]),
        (
            &[
                "setpriv",
                "--reuid=1",
                "--regid",
                "1",
                "--clear-groups",
                "serve",
            ],
            &["setpriv", "serve"],
        ),
        (
            &["setpriv", "--reset-env", "sh", "-c", "serve"],
            &["setpriv", "sh"],
        ),
        (
            &["runuser", "-u", "app", "--", "serve"],
            &["runuser", "serve"],
        ),
        (&["runuser", "app", "-c", "serve"], &["runuser", "serve"]),
        (&["chpst", "-uapp", "serve"], &["chpst", "serve"]),
        (
            &["s6-setuidgid", "app", "serve"],
            &["s6-setuidgid", "serve"],
        ),
        (&["nice", "-n", "5", "serve"], &["nice", "serve"]),
        (
            &["timeout", "-k", "5", "3s", "curl", "x"],
            &["timeout", "curl"],
        ),
        (&["timeout", "-t", "3", "curl"], &["timeout", "curl"]),
        (&["timeout", "--help"], &["timeout"]),
    ];
    for (words, expected) in cases {
        assert_eq!(told(words), *expected, "{words:?}");
    }
}

#[test]
fn options_of_a_shell_are_read_past() {
    for (options, is_told) in [
        ("-c", true),
        ("-o pipefail -c", true),
        ("-eo pipefail -c", true),
        ("-euo pipefail -c", true),
        ("-euxo pipefail -c", true),
        ("-eoc pipefail", true),
        ("-ceo pipefail", true),
        ("-e -o pipefail -c", true),
        ("-c -e", true),
        ("-c --", true),
        ("-c -o pipefail --", true),
        ("-", false),
        ("-c -", true),
        ("+x -c", true),
        ("-O globstar -c", true),
        ("--norc --noprofile -c", true),
        // What reads files first, does not run it, or is not known.
        ("-lc", false),
        ("-l -c", false),
        ("-c -l", false),
        ("-ic", false),
        ("--login -c", false),
        ("--rcfile /x -c", false),
        ("-o noexec -c", false),
        ("-nc", false),
        ("-s", false),
        ("-o", false),
        ("+c", false),
    ] {
        let mut words: Vec<&str> = vec!["/bin/bash"];
        words.extend(options.split(' '));
        words.extend(["serve x", "name"]);
        let found = told(&words).contains(&"serve".to_owned());
        assert_eq!(found, is_told, "{options}");
    }
    for (options, exits) in [
        ("-ec", true),
        ("-o errexit -c", true),
        ("-eo pipefail -c", true),
        ("-e +e -c", false),
        ("-e +o errexit -c", false),
        ("-o pipefail -c", false),
    ] {
        let mut words: Vec<&str> = vec!["bash"];
        words.extend(options.split(' '));
        words.push("serve; other");
        assert_eq!(told(&words).len() == 2, exits, "{options}");
    }
    assert_eq!(told(&["bash", "-c", "--"]), ["bash"]);
    assert_eq!(
        told(&["sh", "-e", "--", "/run.sh"]),
        ["sh", "</run.sh@/srv"]
    );
}

/// What an interpreter is given behind its own options.
#[test]
fn files_behind_the_options_of_interpreters() {
    for (line, file) in [
        ("dotnet App.dll", "App.dll"),
        ("dotnet /app/App.DLL --urls x", "/app/App.DLL"),
        ("dotnet exec App.dll", "App.dll"),
        ("dotnet run", ""),
        ("dotnet watch App.dll", ""),
        ("dotnet --info", ""),
        ("php artisan serve", "artisan"),
        ("php8.2 /srv/index.php", "/srv/index.php"),
        ("php -S 0.0.0.0:80", ""),
        ("php phar:///a.phar", ""),
        ("ruby -Ilib app.rb", "app.rb"),
        ("ruby -I lib -W0 app.rb", "app.rb"),
        ("ruby -S rails", ""),
        ("ruby -e x", ""),
        ("python3 -W ignore main.py", "main.py"),
        ("python3 -Werror -X dev -u main.py", "main.py"),
        ("python3 -m main", ""),
        ("python3 -c x", ""),
        ("python3 -W", ""),
    ] {
        let words: Vec<&str> = line.split(' ').collect();
        let expected = match file {
            "" => vec![words[0].to_owned()],
            file => vec![words[0].to_owned(), format!("<{file}@/srv")],
        };
        assert_eq!(told(&words), expected, "{line}");
    }
}

#[test]
fn what_a_health_check_stands_and_falls_with() {
    for (text, expected) in [
        ("curl -f x; exit $?", "curl"),
        ("curl -f x ; exit $?;", "curl"),
        ("curl -f x; exit 0", ""),
        ("curl -f x || { echo bad; exit 1; }", "curl"),
        ("curl -f x || exit 0", ""),
        ("if ! curl -f x; then exit 1; fi", "curl"),
        ("if curl -f x; then exit 0; else exit 1; fi", "curl"),
        ("if curl -f x; then echo a; fi", ""),
        ("if which curl; then curl x; else wget x; fi", ""),
        ("! curl x", "curl"),
        ("test \"$(curl -s x)\" = ok", "curl"),
        (
            "[ \"$(curl -s -w '%{http_code}' x)\" = \"200\" ] || exit 1",
            "curl",
        ),
        ("test -z \"$(curl -s x)\"", ""),
        ("test \"$(curl -s x)\" != ok", ""),
        ("timeout 3 curl x", "timeout curl"),
        ("curl x || wget x || exit 1", "curl or wget"),
        ("curl x || wget x", "curl or wget"),
        ("curl x || true", ""),
        ("curl x || wget x; true", ""),
        ("[[ \"$(curl -s x)\" == ok ]]", "curl"),
        ("test \"$(curl -s x | grep y)\" = ok", "curl"),
        ("if curl -f x; then exit 0; elif true; then exit 1; fi", ""),
        ("curl x &", ""),
        ("curl x & wait", ""),
        ("X=$(curl -s x) && [ \"$X\" = ok ]", "curl"),
        ("X=\"$(curl -s x)\" || exit 1", "curl"),
        ("X=$(curl -s x); [ \"$X\" = ok ]", ""),
        ("X=$(curl -s x || true) && echo", ""),
        ("X=$(curl -s x | cat) && echo", ""),
        ("X=$(! curl -s x) && echo", ""),
        ("X=$(if curl x; then echo; fi) && echo", ""),
        ("X=$(curl x)$(true) && echo", ""),
        ("X=$(curl x &) && echo", ""),
        ("X=$(test -f a) && echo", ""),
        ("(curl x)", "curl"),
        ("{ curl x || exit 1; }", "curl"),
    ] {
        let mut reader = Reader::new(StartupRole::HealthCheck, "/", &[]);
        reader.arguments(&["/bin/sh".to_owned(), "-c".to_owned(), text.to_owned()], 0);
        let told: Vec<String> = reader.steps[1..]
            .iter()
            .map(|step| {
                let words = std::iter::once(&step.word).chain(&step.instead);
                words.cloned().collect::<Vec<_>>().join(" or ")
            })
            .collect();
        assert_eq!(told.join(" "), expected, "{text}");
    }
}

#[test]
fn what_goes_before_a_program_is_bounded() {
    for (before, times, is_told) in [
        ("cd a&&", 500, true),
        ("cd a&&", 1_000_000, false),
        ("cd abcdefghi&&", 500, false),
        ("cd /a;", 1_000_000, false),
        ("A=b;", 1_000_000, false),
    ] {
        let text = format!("{}serve", before.repeat(times));
        let found = told(&["sh", "-c", &text]).contains(&"serve".to_owned());
        assert_eq!(found, is_told, "{times} times {before}");
    }
}

proptest! {
    #[test]
    fn any_text_ends(text in "([a-z$'\"\\\\|&;(){}<>=/é \n-]|cd |exec |sh -c ){0,40}") {
        told(&["/bin/sh", "-c", &text]);
        let check = format!("test \"$({text})\" = ok");
        for text in [text.as_str(), check.as_str()] {
            if let Some(read) = Text::read(text) {
                let _ = read.parts(text, true);
            }
        }
    }
}
