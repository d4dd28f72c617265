use plimsoll_model::{Confidence, SourceOrigin};
use plimsoll_syntax::dockerfile::InstructionKind;

use super::{listener, start};
use crate::declare::declare_rule;
use crate::project::ProjectFile;
use crate::rule::{Meta, Rule, Sink};

declare_rule! {
    /// ## What it does
    /// Tells that the server a container starts listens on a loopback address: because it is told
    /// to, or because that is what it does where nothing is said (Gunicorn, Uvicorn, Flask, Django's
    /// `runserver`, Jupyter, MLflow and their like). It follows wrappers and the entry script.
    ///
    /// ## Why it hurts in production
    /// Loopback is the container's own: nobody outside reaches the port, however it is published,
    /// and the log says that all is well.
    ///
    /// ## Example
    /// ```dockerfile
    /// FROM python:3.12-slim
    /// EXPOSE 8000
    /// CMD ["gunicorn", "app:app"]
    /// ```
    ///
    /// ## Use instead
    /// ```dockerfile
    /// FROM python:3.12-slim
    /// EXPOSE 8000
    /// CMD ["gunicorn", "--bind", "0.0.0.0:8000", "app:app"]
    /// ```
    ///
    /// ## Fix
    /// None: the address may also be set in a file or in a variable at run time.
    ///
    /// ## References
    /// - <https://pythonspeed.com/articles/docker-connection-refused/>
    LoopbackListener = "loopback-listener",
    summary: "The server listens where nobody outside the container reaches it",
    severity: Medium,
    confidence: High,
    category: Operability,
    depth: Dockerfile,
    aliases: [],
    audience: Default,
    edition: 2026,
}

impl Rule for LoopbackListener {
    fn meta(&self) -> &'static Meta {
        &Self::META
    }

    fn check_file(&self, file: &ProjectFile<'_>, sink: &mut Sink<'_>) {
        let Some(target) = file.target() else { return };
        let Some(start) = start::of(file) else { return };
        let Some(listener) = listener::of(&start, &target.end) else {
            return;
        };
        let Some(address) = listener.address else {
            sink.note(
                start.words[0].place.clone(),
                format!("where `{}` listens is not said here", listener.program),
            );
            return;
        };
        if !listener::is_loopback(&address.value) {
            return;
        }
        let exposes = file
            .shipped_steps()
            .any(|view| matches!(view.instruction.kind, InstructionKind::Expose(_)));
        let (place, message): (SourceOrigin, String) = match &address.place {
            Some(place) => (
                place.clone(),
                format!(
                    "`{}` listens on `{}`: nobody outside the container reaches it.",
                    listener.program,
                    address.value.escape_debug()
                ),
            ),
            None => (
                start.words[0].place.clone(),
                format!(
                    "`{}` listens on `{}` unless it is told otherwise: nobody outside the container reaches it.",
                    listener.program,
                    address.value.escape_debug()
                ),
            ),
        };
        sink.report(place, message)
            .help(format!("Write `{}`.", listener.remedy))
            .confidence(match (address.place.is_some(), exposes) {
                (true, _) | (_, true) => Confidence::High,
                _ => Confidence::Medium,
            });
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fires, run, silent};

    const RULE: &str = "loopback-listener";

    #[test]
    fn cases() {
        fires(
            RULE,
            &[
                ("told", "FROM a:1\nCMD [\"uvicorn\", \"--host=127.0.0.1\", \"app:app\"]\n", &[2]),
                ("its way", "FROM a:1\nCMD uvicorn app:app --port 80\n", &[2]),
                ("by a variable", "FROM a:1\nENV FLASK_RUN_HOST=localhost\nCMD [\"flask\", \"run\"]\n", &[3]),
                ("through wrappers", "FROM a:1\nENTRYPOINT [\"tini\", \"--\", \"poetry\", \"run\"]\nCMD [\"python\", \"-m\", \"gunicorn\", \"-b127.0.0.1:80\", \"x\"]\n", &[3]),
                ("Django", "FROM a:1\nCMD python manage.py runserver\n", &[2]),
                ("Django by port", "FROM a:1\nCMD python manage.py runserver 8000\n", &[2]),
                ("behind a migration", "FROM a:1\nCMD ./migrate && flask run --host localhost\n", &[2]),
                ("Jupyter", "FROM a:1\nCMD [\"jupyter\", \"lab\", \"--allow-root\"]\n", &[2]),
            ],
        );
        silent(
            RULE,
            &[
                ("every address", "FROM a:1\nCMD [\"uvicorn\", \"--host\", \"0.0.0.0\", \"app:app\"]\n"),
                ("every address of both kinds", "FROM a:1\nCMD [\"gunicorn\", \"-b\", \"[::]:8000\", \"x\"]\n"),
                ("only a port", "FROM a:1\nCMD [\"gunicorn\", \"-b\", \":8000\", \"x\"]\n"),
                ("a socket", "FROM a:1\nCMD [\"gunicorn\", \"-b\", \"unix:/run/x\", \"x\"]\n"),
                ("a configuration", "FROM a:1\nCMD [\"gunicorn\", \"-c\", \"gunicorn.conf.py\", \"x\"]\n"),
                ("a variable", "FROM a:1\nENV UVICORN_HOST=0.0.0.0\nCMD [\"uvicorn\", \"x\"]\n"),
                ("a variable nobody knows", "FROM a:1\nCMD gunicorn $ARGS x\n"),
                ("a server nobody knows", "FROM a:1\nCMD [\"./server\"]\n"),
                ("no server", "FROM a:1\nCMD [\"flask\", \"db\", \"upgrade\"]\n"),
                ("Django", "FROM a:1\nCMD python manage.py runserver 0.0.0.0:8000\n"),
                ("Django in short", "FROM a:1\nCMD python manage.py runserver 0:8000\n"),
            ],
        );
    }

    #[test]
    fn wrappers_with_options_are_looked_through() {
        for wrapper in [
            "tini -p SIGTERM --",
            "dumb-init --rewrite 15:3",
            "gosu app",
            "setpriv --reuid 1000 --clear-groups",
            "chpst -u app",
            "runuser -u app --",
            "sudo -u app",
            "nice -n 5",
            "timeout 9h",
            "nohup",
            "env -u HOST A=b",
        ] {
            let dockerfile = format!("FROM a:1\nCMD exec {wrapper} gunicorn -b 127.0.0.1:80 x\n");
            assert_eq!(run(RULE, &dockerfile, &[]).findings.len(), 1, "{wrapper}");
        }
    }

    #[test]
    fn the_entry_script_is_followed() {
        let dockerfile = "FROM debian:12\nCOPY run.sh /\nENTRYPOINT [\"/run.sh\"]\n";
        let script = "#!/bin/sh\nset -e\n./migrate\nexec gunicorn app:app\n";
        let found = run(RULE, dockerfile, &[("run.sh", script)]).findings;
        let place = found[0].origin.source.as_ref().unwrap();
        assert_eq!((place.file.as_str(), place.start.line), ("run.sh", 4));
    }
}
