//! `plimsoll push`: copies an image, byte for byte, with what is attached to it.

use crate::args::{ListFormat, PushArgs};
use crate::failure::{Failure, Outcome};
use crate::terminal::{Spinner, Terminal, print};

/// Copies it and says what was sent.
pub(crate) fn run(arguments: &PushArgs, terminal: Terminal) -> Result<Outcome, Failure> {
    let access = crate::look::access(&arguments.open)?;
    let target = crate::plan::destination(&arguments.to)?;
    let spinner = Spinner::start(terminal, format!("opening {}", arguments.image));
    let image = plimsoll_image::find(&arguments.image, &access)?;
    spinner.message(format!(
        "pushing {} to {target}",
        image.manifest.descriptor.digest
    ));
    let outcome = plimsoll_image::push(&image, &[], &target, &arguments.tag, &access, &|_| {})?;
    drop(spinner);
    print(&match arguments.format {
        ListFormat::Human => format!("{}\n", crate::output::sent_line(&target, &outcome)),
        ListFormat::Json => {
            let object = serde_json::json!({
                "version": 1,
                "target": target.to_string(),
                "digest": outcome.digest.as_str(),
                "sent": outcome.sent,
                "skipped": outcome.skipped,
            });
            format!("{object}\n")
        }
    })?;
    Ok(Outcome::Holds)
}
