//! `plimsoll push`: copies one image, byte for byte.

use plimsoll_image::Image;
use plimsoll_model::ImageRef;

use crate::args::{ListFormat, PushArgs};
use crate::failure::{Failure, Outcome};
use crate::inputs::Inputs;
use crate::terminal::{Spinner, Terminal, print};

/// Platforms that a message names.
const NAMED: usize = 20;

/// Copies it and says what was sent.
pub(crate) fn run(arguments: &PushArgs, terminal: Terminal) -> Result<Outcome, Failure> {
    let access = crate::look::access(&arguments.open)?;
    let target = crate::plan::destination(&arguments.to)?;
    let mut inputs = Inputs::default();
    inputs.add_image(&arguments.image);
    inputs.spare_from(&target)?;
    let spinner = Spinner::start(terminal, format!("opening {}", arguments.image));
    let image = plimsoll_image::find(&arguments.image, &access)?;
    drop_nothing_unsaid(arguments, &image, &target)?;
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

/// Of an image for several platforms one is sent, under a digest that is not the index's: a person says
/// which. An engine runs one anyway, this machine's unless another is asked for.
fn drop_nothing_unsaid(
    arguments: &PushArgs,
    image: &Image,
    target: &ImageRef,
) -> Result<(), Failure> {
    let is_engine = matches!(target, ImageRef::Daemon(_) | ImageRef::Podman(_));
    if arguments.open.platform.is_some() || is_engine || image.chosen_from.len() < 2 {
        return Ok(());
    }
    let all = image.told_chosen_from()?;
    if all.len() < 2 {
        return Ok(());
    }
    let mut named = all[..all.len().min(NAMED)].join(", ");
    if all.len() > NAMED {
        named = format!("{named} and {} more", all.len() - NAMED);
    }
    Err(Failure::usage(format!(
        "{}: is an index of {} images ({named}), and push copies one image",
        image.name,
        all.len(),
    ))
    .hint("--platform OS/ARCH says which; its own digest is the one that arrives, not the index's")
    .hint("`skopeo copy --all` and `crane copy` copy the whole index"))
}
