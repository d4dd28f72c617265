//! `plimsoll explain RULE`: what a rule says, why, and how to mend it.

use anstyle::{AnsiColor, Style};
use plimsoll_report::paint;
use plimsoll_rules::{Audience, Meta};

use super::rules::wrapped;
use crate::args::ExplainArgs;
use crate::failure::{Failure, Outcome};
use crate::terminal::{Terminal, print};

/// Prints the docs of every rule of that name or alias.
pub(crate) fn run(arguments: &ExplainArgs, terminal: Terminal) -> Result<Outcome, Failure> {
    plimsoll_rules::validate_names(std::slice::from_ref(&arguments.rule))
        .map_err(|error| super::unknown_rule(None, &error))?;
    let page = Page {
        color: terminal.color,
        width: terminal.width.min(96),
    };
    let mut text = String::new();
    for rule in plimsoll_rules::find(&arguments.rule) {
        if !text.is_empty() {
            text.push_str("\n\n");
        }
        page.rule(&mut text, rule.meta());
    }
    print(&text)?;
    Ok(Outcome::Holds)
}

struct Page {
    color: bool,
    width: usize,
}

impl Page {
    fn styled(&self, text: &str, style: Style) -> String {
        paint(text, style, self.color)
    }

    fn rule(&self, out: &mut String, meta: &Meta) {
        out.push_str(&format!(
            "{}: {}\n\n",
            self.styled(meta.name, AnsiColor::BrightGreen.on_default().bold()),
            self.styled(meta.summary, Style::new().bold())
        ));
        let audience = match meta.audience {
            Audience::Default => "everybody",
            Audience::Strict => "those who ask for more (--strict)",
        };
        let aliases = match meta.aliases {
            [] => "nothing else".to_owned(),
            aliases => aliases.join(", "),
        };
        for (name, value) in [
            ("severity", meta.severity.as_str().to_owned()),
            ("confidence", meta.confidence.as_str().to_owned()),
            ("about", meta.category.as_str().to_owned()),
            ("looks at", format!("the {}", meta.depth.as_str())),
            ("for", audience.to_owned()),
            ("since", format!("edition {}", meta.edition)),
            ("also called", aliases),
        ] {
            let lines = wrapped(&value, self.width.saturating_sub(15));
            out.push_str(&format!(
                "  {} {}\n",
                self.styled(&format!("{name:12}"), Style::new().dimmed()),
                lines.join(&format!("\n{:15}", ""))
            ));
        }
        self.docs(out, meta.docs);
    }

    /// The Markdown of the docs for a terminal: headings bold, code indented, paragraphs filled.
    fn docs(&self, out: &mut String, docs: &str) {
        let mut paragraph: Vec<&str> = Vec::new();
        let mut code = false;
        for line in docs
            .lines()
            .map(|line| line.strip_prefix(' ').unwrap_or(line))
        {
            if line.trim_start().starts_with("```") {
                self.fill(out, &mut paragraph);
                if !code {
                    out.push('\n');
                }
                code = !code;
            } else if code {
                out.push_str(&format!(
                    "    {}\n",
                    self.styled(line, AnsiColor::Cyan.on_default())
                ));
            } else if let Some(heading) = line.strip_prefix("## ") {
                self.fill(out, &mut paragraph);
                out.push_str(&format!(
                    "\n{}\n",
                    self.styled(heading, Style::new().bold())
                ));
            } else if line.trim().is_empty() {
                self.fill(out, &mut paragraph);
            } else {
                if line.starts_with("- ") {
                    self.fill(out, &mut paragraph);
                }
                paragraph.push(line);
            }
        }
        self.fill(out, &mut paragraph);
    }

    fn fill(&self, out: &mut String, paragraph: &mut Vec<&str>) {
        if paragraph.is_empty() {
            return;
        }
        for line in wrapped(&paragraph.join(" "), self.width.saturating_sub(2)) {
            out.push_str(&format!("  {line}\n"));
        }
        paragraph.clear();
    }
}
