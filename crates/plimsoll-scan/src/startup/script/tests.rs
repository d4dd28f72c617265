use proptest::prelude::*;

use super::*;

fn script(body: &str) -> Option<Script> {
    named("start", format!("#!/bin/sh\n{body}").as_bytes())
}

fn named(name: &str, bytes: &[u8]) -> Option<Script> {
    match Allowance::default().read(name, bytes) {
        Reading::Runs(script) => Some(script),
        Reading::Nothing | Reading::Left => None,
    }
}

#[test]
fn what_a_layer_may_make_us_read_is_bounded() {
    let of = |line: &str, length: usize| {
        let remark = "#".repeat(length.saturating_sub(line.len() + 1));
        format!("{remark}\n{line}").into_bytes()
    };
    let mut allowance = Allowance::default();
    let mut count = |bytes: &[u8], is_left: bool| {
        let readings = std::iter::repeat_with(|| allowance.read("a.sh", bytes));
        let readings = readings.take(1_000);
        let left = readings.filter(|reading| matches!(reading, Reading::Left) == is_left);
        left.count()
    };
    // What is too long for its last line takes nothing from what is not.
    assert_eq!(count(&of("serve", 20 << 10), true), 1_000);
    assert_eq!(count(&of("serve", 8 << 10), false), 128);
    assert_eq!(count(&of("exec serve", 16 << 10), false), 256);
    assert_eq!(count(b"#!/usr/bin/env python3\nserve\n", true), 0);
    // One that is longer than any that is read may end in a program, or may not.
    let mut allowance = Allowance::default();
    let mut is_left = |bytes: &[u8]| matches!(allowance.read("a.sh", bytes), Reading::Left);
    assert!(is_left(&of("exec serve", 65 << 10)));
    assert!(!is_left(&of("exec serve", 63 << 10)));
    assert!(!is_left(&of("exit", 65 << 10)));
    assert!(!is_left(b"#!/bin/sh\nexec serve 'a\n"));
}

/// Words before the arguments, the line of each doubt.
fn told(body: &str) -> Option<(String, Option<usize>, Option<usize>)> {
    Some(lines(script(body)?.arguments?))
}

fn lines(run: Run) -> (String, Option<usize>, Option<usize>) {
    (
        run.words.join(" "),
        run.replaced.map(|doubt| doubt.line),
        run.brings.map(|doubt| doubt.line),
    )
}

#[test]
fn scripts_that_run_their_arguments() {
    for (body, wrapper) in [
        ("exec \"$@\"\n", ""),
        ("\"$@\"", ""),
        ("exec ${@}", ""),
        (
            "set -e\nif [ \"$1\" = x ]; then echo; fi\nexec \"$@\"\n",
            "",
        ),
        ("exec gosu app \"$@\"\n", "gosu app"),
        ("exec su-exec \"$PUID:$PGID\" \"$@\"\n", "su-exec ?"),
        ("exec tini -- \"$@\"\n", "tini --"),
        ("exec s6-setuidgid \"$USER\" \"$@\"\n", "s6-setuidgid ?"),
        (
            "exec setpriv --reuid=\"$U\" --regid app --init-groups \"$@\"\n",
            "setpriv --reuid=? --regid app --init-groups",
        ),
        ("exec runuser -u \"$U\" -- \"$@\"\n", "runuser -u ? --"),
        ("LANG=C exec \"$@\"\n", ""),
        (
            "case $1 in\n --[vV]|x) echo \"(a) b\" ;;\nesac\nexec \"$@\"\n",
            "",
        ),
        (
            "if [ \"$(id -u)\" = '0' ]; then\n  exec gosu app \"$0\" \"$@\"\nfi\nexec \"$@\"\n",
            "",
        ),
        (
            "# it's a comment\nA=\"${A:-b c}\"\nB=(x y)\nfor f in /d/*; do echo \"$f\"; done\nexec \"$@\"",
            "",
        ),
        (
            "cat <<-EOF\n\tit's exec bad\n\tEOF\nmkdir -p /a 2>/dev/null || true\nexec \"$@\"\n",
            "",
        ),
        (
            "case \"$1\" in\n  -*|run) echo a ;;\n  (x) echo b;;\n  *) :\nesac\nexec \"$@\"\n",
            "",
        ),
        (
            "_main() {\n  if true; then id; fi\n  exec \"$@\"\n}\n_main \"$@\"\n",
            "",
        ),
        ("function main {\n exec \"$@\"\n}\nmain \"$@\"\n", ""),
        (
            "while [ $((a + 1)) -lt 3 ]; do sleep 1; done; exec \"$@\"",
            "",
        ),
        (
            "if [[ $1 == a && ( -n $2 || \"$3\" < b ) ]]; then echo; fi\nexec \"$@\"",
            "",
        ),
    ] {
        assert_eq!(told(body), Some((wrapper.to_owned(), None, None)), "{body}");
    }
}

#[test]
fn what_is_against_it_is_told_by_its_line() {
    for (body, replaced, brings) in [
        ("set -- other\nexec \"$@\"", Some(2), None),
        ("shift\nexec \"$@\"", Some(2), None),
        (
            "if x; then exec gunicorn app; fi\nexec \"$@\"",
            Some(2),
            Some(2),
        ),
        ("set -- \"$@\" more\nexec \"$@\"", Some(2), None),
        ("npm install\nexec \"$@\"", None, Some(2)),
        ("env npm install\nexec \"$@\"", None, Some(2)),
        ("command npm install\nexec \"$@\"", None, Some(2)),
        (
            "echo x | xargs -n 1 npm install\nexec \"$@\"",
            None,
            Some(2),
        ),
        ("xargs \"$A\" < /x\nexec \"$@\"", None, Some(2)),
        ("find /a -exec cp {} /b \\;\nexec \"$@\"", None, Some(2)),
        (
            "find /a -exec rm {} \\; -exec cp {} /b \\;\nexec \"$@\"",
            None,
            Some(2),
        ),
        ("find /a -fprintf /b x\nexec \"$@\"", None, Some(2)),
        ("read -r PATH < /x\nexec \"$@\"", None, Some(2)),
        ("unset PATH\nexec \"$@\"", None, Some(2)),
        ("printf -v LD_LIBRARY_PATH x\nexec \"$@\"", None, Some(2)),
        ("hash -p /x/node node\nexec \"$@\"", None, Some(2)),
        (
            "find \"$A\" ! -user app -exec chown app {} +\nexec \"$@\"",
            None,
            None,
        ),
        ("env | sort | xargs -0 -r echo\nexec \"$@\"", None, None),
        (
            "command -v node > /dev/null\ncommand cat x\nexec \"$@\"",
            None,
            None,
        ),
        (
            "read -r A\nunset \"$A\" LD_PRELOAD\nprintf '%s' PATH\nexec \"$@\"",
            None,
            None,
        ),
        (". /env.sh\nexec \"$@\"", None, Some(2)),
        ("export PATH=/x:$PATH\nexec \"$@\"", None, Some(2)),
        ("true\necho a > /app/run\nexec \"$@\"", None, Some(3)),
        ("> /app/run\nexec \"$@\"", None, Some(2)),
        ("{ echo a\necho b; } > /app/run\nexec \"$@\"", None, Some(3)),
        ("PATH=/x:$PATH\nexec \"$@\"", None, Some(2)),
        (
            "export \"LD_LIBRARY_PATH=/x:$X\"\nexec \"$@\"",
            None,
            Some(2),
        ),
        ("declare -x \"PATH=$X\"\nexec \"$@\"", None, Some(2)),
        ("export A=\"$X\" B\nexec \"$@\"", None, None),
        ("true\nLD_PRELOAD=/x \"$@\"", None, Some(3)),
        ("serve() { :; }\n\"$@\"", None, Some(3)),
        // It is not read to its end.
        ("echo 'a\nexec \"$@\"", Some(1), None),
    ] {
        assert_eq!(
            told(body),
            Some((String::new(), replaced, brings)),
            "{body}"
        );
    }
    let node =
        script("if [ \"${1#-}\" != \"$1\" ]; then\n set -- node \"$@\"\nfi\nexec \"$@\"").unwrap();
    let node = node.arguments.unwrap();
    assert_eq!(node.before, [["node"]]);
    assert_eq!(node.replaced, None);
    let login = named("start", b"#!/bin/bash -l\nexec node server.js\n").unwrap();
    let brings = login.program.unwrap().brings.unwrap();
    assert_eq!(
        (brings.line, brings.command.as_str()),
        (1, "#!/bin/bash -l")
    );
    for (line, doubt) in [
        ("/usr/bin/with-contenv bash", Some(1)),
        ("/usr/bin/env -S PATH=/x bash", Some(1)),
        ("/usr/bin/env -S BASH_ENV=/x bash", Some(1)),
        ("/usr/bin/env -S A=hunter2 bash", None),
        ("/usr/bin/env -S A=hunter2 B=c bash -e", None),
        ("/usr/bin/env -S A=hunter2 PATH=/x bash", Some(1)),
        ("/usr/bin/env -S A='hunter2 ours' bash", Some(1)),
        ("/usr/bin/env -S A='hunter2 bash ours' /x bash", Some(1)),
        ("/usr/bin/env -SA=hunter2 bash", Some(1)),
        ("/usr/bin/env --split-string=A=hunter2 bash", Some(1)),
        ("/usr/bin/env bash", None),
        ("/usr/bin/dumb-init /bin/sh", None),
        ("/sbin/tini /bin/bash", None),
        ("/usr/bin/dumb-init /usr/bin/with-contenv bash", Some(1)),
        ("/bin/busybox sh", None),
        ("/bin/bash --posix", None),
    ] {
        let script = named("start", format!("#!{line}\nexec node\n").as_bytes()).unwrap();
        let brings = script.program.unwrap().brings;
        assert_eq!(brings.as_ref().map(|doubt| doubt.line), doubt, "{line}");
        // Values are not shown.
        let shown = brings.map_or_else(String::new, |doubt| doubt.command);
        assert!(
            !shown.contains("hunter2") && !shown.contains("ours"),
            "{shown}"
        );
    }
    // Values are not shown.
    let secret = script("export TOKEN=hunter2 PATH=/x\nexec \"$@\"").unwrap();
    let brings = secret.arguments.unwrap().brings;
    assert_eq!(brings.unwrap().command, "export TOKEN");
}

#[test]
fn scripts_that_do_not() {
    for body in [
        "exec /bin/echo \"$@\"\n",
        "exec java -jar /a.jar \"$@\"\n",
        "echo \"$@\"\n",
        "run() { \"$@\"; }\nrun a\n",
        "run() { \"$@\"; }\nrun\n",
        "exec serve\n",
        "exec setpriv $FLAGS \"$@\"\n",
        "exec tini \"$FLAGS\" \"$@\"\n",
    ] {
        assert_eq!(told(body), None, "{body}");
    }
    assert_eq!(named("start", b"#!/usr/bin/python3\nexec \"$@\"\n"), None);
    assert_eq!(named("start", b"exec \"$@\"\n"), None);
    assert!(named("start.sh", b"exec \"$@\"\n").is_some());
}

#[test]
fn scripts_that_end_in_a_program() {
    let told = |body: &str| {
        let run = script(body)?.program?;
        let mut words = run.words.clone();
        words.extend(run.hands_on.then(|| "@".to_owned()));
        if let Some(folder) = &run.folder {
            words.insert(0, format!("{folder}:"));
        }
        if let Some(doubt) = &run.moves {
            words.push(format!("moved by {}", doubt.line));
        }
        let (_, replaced, brings) = lines(run);
        Some((words.join(" "), replaced, brings))
    };
    for (body, words, replaced, brings) in [
        ("exec node server.js", "node server.js", None, None),
        ("set -e\nexec java $OPTS -jar /a.jar", "java", None, None),
        ("exec /bin/server \"$@\"", "/bin/server @", None, None),
        ("exec java -jar /app/*.jar", "java -jar", None, None),
        ("exec -a name serve", "serve", None, None),
        ("exec gosu \"$U\" serve a", "gosu ? serve a", None, None),
        (
            "exec sudo -u \"$U\" -E serve",
            "sudo -u ? -E serve",
            None,
            None,
        ),
        ("cd /app && exec ./serve", "/app: ./serve", None, None),
        ("cd /app\ncd b\nexec ./serve", "/app/b: ./serve", None, None),
        ("cd \"$D\"\nexec ./serve", "./serve moved by 2", None, None),
        (
            "cd /opt/app-*\nexec ./serve",
            "./serve moved by 2",
            None,
            None,
        ),
        ("cd \"$D\"; cd /a; exec ./serve", "/a: ./serve", None, None),
        (
            "[ -d a ] && cd a\nexec ./serve",
            "./serve moved by 2",
            None,
            None,
        ),
        (
            "main() {\n  exec serve \"$@\"\n}\nmain\n",
            "serve",
            None,
            None,
        ),
        (
            "main() {\n  exec serve \"$@\"\n}\nmain \"$@\"\n",
            "serve @",
            None,
            None,
        ),
        ("shift\nexec serve \"$@\"", "serve", None, None),
        (
            "if [ $# -gt 0 ]; then\n exec \"$@\"\nfi\nexec serve",
            "serve",
            None,
            None,
        ),
        (
            "if [ -z \"$A\" ]; then echo no; exit 1; fi\nexec serve",
            "serve",
            None,
            None,
        ),
        (
            "if [ -n \"$A\" ]; then exec other; fi\nexec serve",
            "serve",
            Some(2),
            None,
        ),
        (
            "if [ -n \"$A\" ]; then exit; fi\nexec serve",
            "serve",
            Some(2),
            None,
        ),
        ("npm install\nexec serve", "serve", None, Some(2)),
        ("PATH=/x exec serve", "serve", None, Some(2)),
        ("serve a", "serve a", None, None),
        (
            "set -e\nserve \"$@\"  # it\n\n# end\n",
            "serve @",
            None,
            None,
        ),
        ("cd /app\n./serve", "/app: ./serve", None, None),
        (". /lib.sh\nserve", "serve", None, Some(2)),
        ("if a; then exit; fi\nserve", "serve", Some(2), Some(2)),
    ] {
        let expected = Some((words.to_owned(), replaced, brings));
        assert_eq!(told(body), expected, "{body}");
    }
    for body in [
        "exec serve\necho never",
        "[ -x /a ] || exec serve",
        "if a; then exec serve; fi",
        "exec > /log",
        "exec \"$SERVER\" run",
        "exec serve | tee /log",
        "run() { exec serve; }\ntrue",
        "exec \"$@\"",
        "serve &",
        "serve > /log",
        "serve | tee /log",
        "[ -x /a ] && serve",
        "serve || true",
        "$SERVE",
        "if a; then\n  serve\nfi",
        "serve() { :; }\nserve",
        "main() {\n  serve\n}\nmain",
        "cat <<E\nserve\nE",
        "serve\nexit 0",
        "echo done",
    ] {
        assert_eq!(told(body), None, "{body}");
    }
}

proptest! {
    #[test]
    fn any_script_ends(
        body in "([a-z $@\"'`\\\\;&|(){}<>=\n-]|\\$@|\"\\$@\"|exec |case |in |esac|if |fi|done|\\$\\(|<<E\n|é|function |set -- ){0,60}",
    ) {
        let _ = script(&format!("{body}\n$@"));
    }
}
