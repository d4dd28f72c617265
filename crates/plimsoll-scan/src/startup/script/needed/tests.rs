use plimsoll_syntax::shell::{self, Dialect};

use super::super::{Allowance, Reading};
use super::Certainty;

/// What a script needs, those in brackets by its first line.
fn told(text: &str) -> String {
    let needed = match Allowance::default().read("start.sh", text.as_bytes()) {
        Reading::Runs(script) => script.needed,
        Reading::Nothing | Reading::Left => panic!("it runs nothing: {text}"),
    };
    let names = needed.into_iter().map(|one| match one.by_first_line {
        true => format!("({})", one.name),
        false => one.name,
    });
    names.collect::<Vec<_>>().join(" ")
}

fn body(body: &str) -> String {
    told(&format!("#!/bin/sh\n{body}exec \"$@\"\n"))
}

#[test]
fn what_is_run_at_all_events_is_needed() {
    for (text, expected) in [
        ("set -e\nmigrate\n", "migrate"),
        ("set -eu; migrate up; more\n", "migrate"),
        ("set -o errexit\n/app/migrate --all\n", "/app/migrate"),
        (
            "set -euo pipefail\nmkdir -p /a\nchown a /a\nmigrate\n",
            "mkdir chown migrate",
        ),
        (
            "set -e\nif [ -f /x ]; then id; fi\nA=b migrate\n",
            "migrate",
        ),
        ("set -e\nA=$(id -u)\nenvsubst < /a > /b\njq\n", "envsubst"),
        ("set -e\ncd /srv\nexport A=b\necho a\nmigrate # now\n", ""),
        ("set -e\ncd /srv\nexport A=b\necho a\nmigrate\n", "migrate"),
        ("set -e\nexport A=\"$B\" C\nmigrate\n", "migrate"),
        (
            "set -e\nexport \"A=b\"\nreadonly A=$(id)\nmigrate\n",
            "migrate",
        ),
        ("set -x\nset -e\n# first\n  migrate\n", "migrate"),
        (
            "set -e\nfind /x -type f -exec chown a {} +\nxargs -0 rm < /x\nmigrate\n",
            "find xargs migrate",
        ),
        (
            "set -e\nread -r A B\nunset A\nprintf -v A x\nmigrate\n",
            "migrate",
        ),
        ("set -e\nA=$(env | grep x)\nmigrate\n", "migrate"),
    ] {
        assert_eq!(body(text), expected, "{text}");
    }
    let by_line = "#!/bin/sh -e\njq\nset -u\nchown\nset -e\nid\nexec \"$@\"\n";
    assert_eq!(told(by_line), "(jq) (chown) id");
    assert_eq!(told("#!/usr/bin/env -S bash -eu\nid\nexec a\n"), "(id)");
    assert_eq!(told("#!/bin/sh\nset -e\nid\nserve\n"), "id");
    let line = "#!/usr/bin/env -S bash -euo pipefail\n";
    assert_eq!(told(&format!("{line}id\nexec a\n")), "(id)");
    let line = "#!/usr/bin/env -S A=b C= bash -e\n";
    assert_eq!(told(&format!("{line}id\nexec a\n")), "(id)");
    // What leaves where programs are looked for.
    for line in [
        "/bin/bash --posix",
        "/bin/bash --norc",
        "/bin/bash --noprofile",
        "/bin/sh -h",
        "/usr/bin/env bash",
    ] {
        let script = format!("#!{line}\nset -e\nid\nexec a\n");
        assert_eq!(told(&script), "id", "{line}");
    }
}

/// `sh` ends where such a file is not there, and bash where it is called so or is told to.
#[test]
fn files_that_a_shell_reads_are_needed() {
    for (script, expected) in [
        ("#!/bin/sh\n. /opt/env.sh\nexec \"$@\"\n", "(/opt/env.sh)"),
        (
            "#!/bin/sh\nset -e\n. /opt/env.sh\nexec \"$@\"\n",
            "/opt/env.sh",
        ),
        (
            "#!/bin/bash\nset -e\n. /opt/env.sh\nexec \"$@\"\n",
            "/opt/env.sh",
        ),
        ("#!/bin/bash\n. /opt/env.sh\nexec \"$@\"\n", ""),
        ("#!/bin/sh\n[ -f /x ] && . /x\nexec \"$@\"\n", ""),
        ("#!/bin/sh\n. /x || true\nexec \"$@\"\n", ""),
        ("#!/bin/sh\nif id; then . /x; fi\nexec \"$@\"\n", ""),
        ("#!/bin/sh\n. ./x\nexec \"$@\"\n", ""),
        ("#!/bin/sh\n. \"$X\"\nexec \"$@\"\n", ""),
        ("#!/bin/sh\nmake-it\n. /x\nexec \"$@\"\n", ""),
        (
            "#!/bin/sh\ncd /srv; umask 027\nexport A=b\n. /x\nexec \"$@\"\n",
            "(/x)",
        ),
        // It is made, or waited for.
        ("#!/bin/sh\ntouch /x\n. /x\nexec \"$@\"\n", ""),
        ("#!/bin/sh\ncd /srv\ntouch x\n. /srv/x\nexec \"$@\"\n", ""),
        ("#!/bin/sh\n[ -f /x ] || touch /x\n. /x\nexec \"$@\"\n", ""),
        (
            "#!/bin/sh\nwhile [ ! -f /x ]; do sleep 1; done\n. /x\nexec \"$@\"\n",
            "",
        ),
        (
            "#!/bin/sh\nuntil test -f \"$X\"; do sleep 1; done\n. /x\nexec \"$@\"\n",
            "",
        ),
        ("#!/bin/sh\necho A=1 > /x\n. /x\nexec \"$@\"\n", ""),
    ] {
        assert_eq!(told(script), expected, "{script}");
    }
}

#[test]
fn what_ends_on_failure_by_its_first_line_says_so() {
    for line in ["/bin/bash +e", "/usr/bin/env -S bash -o pipefail"] {
        assert_eq!(told(&format!("#!{line}\nid\nexec a\n")), "", "{line}");
    }
}

#[test]
fn long_lines_are_read_once() {
    for part in ["a&", "a;", "a>b;", "a\n"] {
        let text = part.repeat(20_000 / part.len());
        let script = shell::parse(&text, Dialect::Bash);
        assert!(script.commands.len() > 1_000, "{part}");
        let certainty = Certainty::new(&text);
        let behind = script.commands.iter().map(|one| certainty.behind(one));
        let read: usize = behind.map(|part| part.map_or(0, str::len)).sum();
        assert!(read <= text.len(), "{part}");
    }
    let remarks = format!("#{}\n", "a&".repeat(32_000));
    assert_eq!(body(&format!("set -e\n{}\nid\n", &remarks[..60_000])), "id");
}

#[test]
fn what_may_be_passed_or_brought_is_not() {
    for text in [
        "migrate\n",
        "set -e\nset +e\nmigrate\n",
        "set -e\nif migrate; then id; fi\n",
        "set -e\nif\nmigrate\nthen id; fi\n",
        "set -e\nwhile ! migrate; do sleep 1; done\n",
        "set -e\nmigrate || true\n",
        "set -e\n! migrate\n",
        "set -e\n! \\\nmigrate\n",
        "set -e\nmigrate && :\n",
        "set -e\nmigrate | cat\n",
        "set -e\nmigrate &\n",
        "set -e\nmigrate 2>&1 || true\n",
        "set -e\nmigrate > /dev/null || true\n",
        "set -e\n[ -f /x ] && migrate\n",
        "set -e\n(migrate)\n",
        "set -e\n{ migrate; } || true\n",
        "set -e\nmigrate() { :; }\nmigrate\n",
        "set -e\nsetup() { apk add x; }\nsetup\nmigrate\n",
        "set -e\nalias migrate=true\nmigrate\n",
        "set -e\nexport PATH=/x:$PATH\nmigrate\n",
        "set -e\nPATH=/x migrate\n",
        "set -e\nexport \"PATH=/x:$PATH\"\nmigrate\n",
        "set -e\nexport PATH+=:/x\nmigrate\n",
        "set -e\nPATH+=:/x\nmigrate\n",
        "set -e\nexport $(cat /env)\nmigrate\n",
        "set -e\nwhile read -r l; do export \"$l\"; done < /env\nmigrate\n",
        "set -e\ndeclare -x \"PATH=$X\"\nmigrate\n",
        "set -e\nPATH=/x\nmigrate\n",
        "set -e\n. ./env.sh\nmigrate\n",
        "set -e\nA=$(apk add migrate)\nmigrate\n",
        "set -e\necho a > /usr/bin/migrate\nmigrate\n",
        "set -e\ncommand apk add migrate\nmigrate\n",
        "set -e\nA=$(env apk add migrate)\nmigrate\n",
        "set -e\nread -r PATH < /x\nmigrate\n",
        "set -e\nunset PATH\nmigrate\n",
        "set -e\nprintf -v PATH /x\nmigrate\n",
        "set -e\nhash -p /x migrate\nmigrate\n",
        "set -e\ncommand -v migrate || exit 0\nmigrate\n",
        "set -e\nif [ -z \"$A\" ]; then exec sh; fi\nmigrate\n",
        "set -e\nif [ -z \"$A\" ]; then set +e; fi\nmigrate\n",
        "set -e\ntrap 'exec sh' EXIT\nmigrate\n",
        "set -e\ncd /srv\n./migrate\n",
        "set -e\n\"$MIGRATE\"\n",
        "set -e\nlocal a\nchdir /\n",
    ] {
        assert_eq!(body(text), "", "{text}");
    }
    // What may bring others is needed itself.
    assert_eq!(body("set -e\napk add migrate\nmigrate\n"), "apk");
    assert_eq!(body("set -e\nenv apk add migrate\nmigrate\n"), "env");
    let find = "find /x -name migrate -exec";
    assert_eq!(
        body(&format!("set -e\n{find} cp {{}} /bin \\;\nmigrate\n")),
        "find"
    );
    assert_eq!(told("#!/bin/busybox sh\nset -e\nid\nexec a\n"), "");
    // What a login shell reads may set where programs lie.
    for line in [
        "/bin/bash -le",
        "/bin/bash --login",
        "/usr/bin/env -S bash -l",
        "/bin/bash -i",
        "/bin/bash --rcfile /x",
        "/bin/bash --init-file /x",
        "/usr/bin/with-contenv bash",
        "/usr/bin/env -S PATH=/x:/usr/bin bash",
        "/usr/bin/env -i bash",
    ] {
        assert_eq!(
            told(&format!("#!{line}\nset -e\nid\nexec a\n")),
            "",
            "{line}"
        );
    }
}
