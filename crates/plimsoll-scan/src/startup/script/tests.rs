use proptest::prelude::*;

use super::*;

fn script(body: &str) -> Option<Script> {
    read("start", format!("#!/bin/sh\n{body}").as_bytes())
}

/// Words before the arguments, the line of each doubt.
fn told(body: &str) -> Option<(String, Option<usize>, Option<usize>)> {
    let script = script(body)?;
    Some((
        script.wrapper.join(" "),
        script.replaced.map(|doubt| doubt.line),
        script.brings.map(|doubt| doubt.line),
    ))
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
        (". /env.sh\nexec \"$@\"", None, Some(2)),
        ("export PATH=/x:$PATH\nexec \"$@\"", None, Some(2)),
        ("true\necho a > /app/run\nexec \"$@\"", None, Some(3)),
        ("> /app/run\nexec \"$@\"", None, Some(2)),
        ("{ echo a\necho b; } > /app/run\nexec \"$@\"", None, Some(3)),
        ("PATH=/x:$PATH\nexec \"$@\"", None, Some(2)),
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
    assert_eq!(node.before, [["node"]]);
    assert_eq!(node.replaced, None);
    // Values are not shown.
    let secret = script("export TOKEN=hunter2 PATH=/x\nexec \"$@\"").unwrap();
    assert_eq!(secret.brings.unwrap().command, "export TOKEN");
}

#[test]
fn scripts_that_do_not() {
    for body in [
        "exec /bin/echo \"$@\"\n",
        "exec java -jar /a.jar \"$@\"\n",
        "echo \"$@\"\n",
        "run() { \"$@\"; }\nrun a\n",
        "exec serve\n",
        "exec setpriv $FLAGS \"$@\"\n",
        "exec tini \"$FLAGS\" \"$@\"\n",
    ] {
        assert_eq!(told(body), None, "{body}");
    }
    assert_eq!(read("start", b"#!/usr/bin/python3\nexec \"$@\"\n"), None);
    assert_eq!(read("start", b"exec \"$@\"\n"), None);
    assert!(read("start.sh", b"exec \"$@\"\n").is_some());
}

proptest! {
    #[test]
    fn any_script_ends(
        body in "([a-z $@\"'`\\\\;&|(){}<>=\n-]|\\$@|\"\\$@\"|exec |case |in |esac|if |fi|done|\\$\\(|<<E\n|é|function |set -- ){0,60}",
    ) {
        let _ = script(&format!("{body}\n$@"));
    }
}
