//! Which instruction of a Dockerfile left which entry of an image's history, where nobody knows whether
//! the image was built from that very file: it may have been edited since, or be of another project.
//!
//! Builders write down what they ran: RUN word for word, most others with their variables replaced. So
//! an instruction and an entry are taken for one another by the words that they share, in the order of
//! both.

use std::collections::HashSet;

use plimsoll_model::{HistoryStep, Writing};

/// Comparisons beyond which only the ends are compared: no image has that many instructions.
const MOST: usize = 1 << 20;

/// An instruction that leaves an entry.
#[derive(Debug)]
pub(super) struct Step<'f> {
    keyword: &'f str,
    text: &'f str,
    words: HashSet<&'f str>,
}

/// An entry of the history.
#[derive(Debug)]
pub(super) struct Entry<'h> {
    keyword: &'h str,
    /// Whether it names the files by their digests.
    is_of_digests: bool,
    words: HashSet<&'h str>,
    /// The same with the shell that was cut off, where one was.
    whole: Option<HashSet<&'h str>>,
}

/// Whether an entry may be what an instruction left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Likeness {
    /// It is of another one.
    Other,
    /// Nothing speaks for it but the keyword, nor against it.
    Open,
    Same,
}

impl<'f> Step<'f> {
    pub(super) fn new(keyword: &'f str, text: &'f str) -> Self {
        let own = text
            .split_once(char::is_whitespace)
            .map_or("", |(_, own)| own);
        let lines = own.lines().enumerate();
        // Comments between the lines of an instruction are left out by every builder.
        let lines =
            lines.filter(|(number, line)| *number == 0 || !line.trim_start().starts_with('#'));
        let is_word = |word: &str| word.chars().any(char::is_alphanumeric);
        let words = lines
            .flat_map(|(_, line)| line.split_whitespace())
            // Flags of the instruction stand in front; those behind are its command's.
            .skip_while(|word| word.starts_with("--") || !is_word(word))
            .filter(|word| keyword == "RUN" || !word.contains('$'))
            .flat_map(split);
        Self {
            keyword,
            text,
            words: words.collect(),
        }
    }
}

impl<'h> Entry<'h> {
    pub(super) fn new(created_by: &'h str) -> Self {
        let step = HistoryStep::read(created_by);
        // Buildah and kaniko write down the flags, too.
        let mut own = step.own;
        while step.keyword == "RUN" && own.starts_with("--") {
            let flag = own.split_once(char::is_whitespace);
            own = flag.map_or("", |(_, behind)| behind.trim_start());
        }
        // A shell that is cut off may stand in the exec form of the instruction.
        let whole = (own != step.whole).then(|| split(step.whole).collect());
        Self {
            keyword: step.keyword,
            whole,
            is_of_digests: step.writing == Writing::Comment
                && matches!(step.keyword, "COPY" | "ADD"),
            words: split(own).collect(),
        }
    }
}

/// The words of a text: runs of what names and numbers are made of.
fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '-')))
        .filter(|word| word.chars().any(char::is_alphanumeric))
}

fn likeness(step: &Step<'_>, entry: &Entry<'_>) -> Likeness {
    if step.keyword != entry.keyword {
        return Likeness::Other;
    }
    if step.words.is_empty() || entry.is_of_digests {
        return Likeness::Open;
    }
    let is_same = |words: &HashSet<&str>| {
        let shared = step.words.intersection(words).count();
        let is_half = |all: usize| shared * 2 >= all;
        // What is left out of a line for a builder's own words must not make it another one.
        is_half(step.words.len()) && (step.keyword != "RUN" || is_half(words.len())) && shared > 0
    };
    match is_same(&entry.words) || entry.whole.as_ref().is_some_and(is_same) {
        true => Likeness::Same,
        // Builders differ in what they write of documents within the file.
        false if step.text.contains("<<") => Likeness::Open,
        false => Likeness::Other,
    }
}

/// Whether one of some entries is for sure what a step left.
pub(super) fn is_among(step: &Step<'_>, entries: &[Entry<'_>]) -> bool {
    let mut entries = entries.iter().take(MOST_AMONG);
    entries.any(|entry| likeness(step, entry) == Likeness::Same)
}

/// Entries that one step is held against.
const MOST_AMONG: usize = 1000;

/// Whether entries are what as many steps left, one by one, and one of them for sure.
pub(super) fn are_of(steps: &[Step<'_>], entries: &[Entry<'_>]) -> bool {
    let pairs = || steps.iter().zip(entries);
    steps.len() == entries.len()
        && pairs().all(|(step, entry)| likeness(step, entry) != Likeness::Other)
        && pairs().any(|(step, entry)| likeness(step, entry) == Likeness::Same)
}

/// For each entry the number of the step that left it.
pub(super) fn align(steps: &[Step<'_>], entries: &[Entry<'_>]) -> Vec<Option<usize>> {
    let from_the_end = pair_ends(steps, entries);
    let is_whole = from_the_end.iter().flatten().count() == steps.len();
    let mut pairs = from_the_end.iter().zip(entries);
    let is_true = pairs.all(|(step, entry)| {
        step.is_none_or(|step| likeness(&steps[step], entry) != Likeness::Other)
    });
    if is_whole && is_true {
        return from_the_end;
    }
    let found = match steps.len().saturating_mul(entries.len()) <= MOST {
        true => longest(steps, entries),
        false => from_the_end,
    };
    let is_same = |at: usize| {
        found[at].is_some_and(|step| likeness(&steps[step], &entries[at]) == Likeness::Same)
    };
    // Without one that is the same for sure, keywords that happen to follow one another say nothing.
    match (0..found.len()).any(is_same) {
        true => found,
        false => vec![None; entries.len()],
    }
}

/// A history begins with the base's; the end is where both lists meet.
fn pair_ends(steps: &[Step<'_>], entries: &[Entry<'_>]) -> Vec<Option<usize>> {
    let mut own = steps.iter().enumerate().rev().peekable();
    let mut found: Vec<Option<usize>> = entries
        .iter()
        .rev()
        .map(|entry| {
            own.next_if(|(_, step)| step.keyword == entry.keyword)
                .map(|(at, _)| at)
        })
        .collect();
    found.reverse();
    found
}

/// The pairs in the order of both lists that are worth most; of several such, the last ones.
fn longest(steps: &[Step<'_>], entries: &[Entry<'_>]) -> Vec<Option<usize>> {
    let worth = |step: usize, entry: usize| match likeness(&steps[step], &entries[entry]) {
        Likeness::Other => 0_u32,
        Likeness::Open => 1,
        Likeness::Same => 4,
    };
    let width = entries.len() + 1;
    // What the first so many steps and entries are worth together.
    let mut best = vec![0_u32; (steps.len() + 1) * width];
    let mut worths = vec![0_u32; steps.len() * entries.len()];
    for step in 0..steps.len() {
        for entry in 0..entries.len() {
            let both = worth(step, entry);
            worths[step * entries.len() + entry] = both;
            let with = match both {
                0 => 0,
                both => best[step * width + entry] + both,
            };
            best[(step + 1) * width + entry + 1] = with
                .max(best[step * width + entry + 1])
                .max(best[(step + 1) * width + entry]);
        }
    }
    let mut found = vec![None; entries.len()];
    let (mut step, mut entry) = (steps.len(), entries.len());
    while step > 0 && entry > 0 {
        let here = best[step * width + entry];
        let both = worths[(step - 1) * entries.len() + entry - 1];
        if both > 0 && best[(step - 1) * width + entry - 1] + both == here {
            (step, entry) = (step - 1, entry - 1);
            found[entry] = Some(step);
        } else if best[(step - 1) * width + entry] == here {
            step -= 1;
        } else {
            entry -= 1;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The steps that the entries are of; `-` for none.
    fn told(steps: &[&str], entries: &[&str]) -> String {
        let steps: Vec<Step<'_>> = steps
            .iter()
            .map(|text| {
                let keyword = text.split_once(' ').unwrap().0;
                Step::new(keyword, text)
            })
            .collect();
        let entries: Vec<Entry<'_>> = entries.iter().map(|text| Entry::new(text)).collect();
        let found = align(&steps, &entries);
        let told = found.iter().map(|step| match step {
            Some(step) => step.to_string(),
            None => "-".to_owned(),
        });
        told.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn an_edited_file_is_true_of_what_is_still_the_same() {
        let base = "/bin/sh -c #(nop) ADD file:1 in / ";
        let run = "RUN /bin/sh -c apt-get install -y curl # buildkit";
        let pip = "RUN |1 V=1 /bin/sh -c pip install x # buildkit";
        let copy = "COPY app /app # buildkit";
        for (steps, entries, expected) in [
            // Untouched, and with variables.
            (
                &["RUN apt-get install -y curl", "COPY $WHAT /app"][..],
                &[base, run, copy][..],
                "- 0 1",
            ),
            // A line more at the end, in the middle, at the beginning.
            (
                &[
                    "RUN apt-get install -y curl",
                    "COPY app /app",
                    "RUN ldconfig",
                ],
                &[base, run, copy],
                "- 0 1",
            ),
            (
                &[
                    "RUN apt-get install -y curl",
                    "RUN useradd app",
                    "COPY app /app",
                    "RUN pip install x",
                ],
                &[base, run, copy, pip],
                "- 0 2 3",
            ),
            (
                &["RUN echo new", "RUN apt-get install -y curl"],
                &[base, run],
                "- 1",
            ),
            // One less.
            (&["COPY app /app"], &[base, run, copy], "- - 0"),
            (
                &["RUN apt-get install -y curl"],
                &[base, run, copy],
                "- 0 -",
            ),
            // One that changed a little, and one that changed all.
            (
                &["RUN apt-get install -y curl=8", "COPY other /y"],
                &[base, run, copy],
                "- 0 -",
            ),
            // Another project's.
            (
                &["RUN totally", "RUN different", "COPY other /y"],
                &[base, run, pip, copy],
                "- - - -",
            ),
            (&["RUN x", "COPY $A $B"], &[base, run, copy], "- - -"),
        ] {
            assert_eq!(told(steps, entries), expected, "{steps:?}");
        }
    }

    #[test]
    fn every_builder_writes_the_same_in_its_own_words() {
        for (step, entry) in [
            ("RUN make", "|1 V=1 /bin/sh -c make"),
            (
                "RUN --mount=type=cache,target=/c make",
                "RUN /bin/sh -c make # buildkit",
            ),
            (
                "RUN --mount=type=cache,target=/c --network=none \\\n    make",
                "/bin/sh -c --mount=type=cache,target=/c --network=none     make",
            ),
            (
                "RUN --mount=type=cache,target=/c make",
                "RUN --mount=type=cache,target=/c make",
            ),
            ("RUN [\"make\", \"all\"]", "RUN make all # buildkit"),
            (
                "RUN set -x \\\n  # why\n  && make",
                "RUN /bin/bash -o pipefail -c set -x   && make # buildkit",
            ),
            (
                "RUN pip install --index-url=https://pypi.org/simple flask",
                "RUN /bin/sh -c pip install --index-url=https://pypi.org/simple flask # buildkit",
            ),
            (
                "RUN --mount=type=cache,target=/c \\\n    npm ci --registry=https://r.x.io/ --omit=dev",
                "RUN /bin/sh -c npm ci --registry=https://r.x.io/ --omit=dev # buildkit",
            ),
            (
                "RUN useradd --uid=1000 --home-dir=/app --shell=/bin/bash app",
                "|1 V=1 /bin/sh -c useradd --uid=1000 --home-dir=/app --shell=/bin/bash app",
            ),
            (
                "RUN --mount=type=cache,target=/c \\\n  --network=none \\\n  ./configure --prefix=/etc/nginx \\\n  \
                 --sbin-path=/usr/sbin/nginx",
                "RUN /bin/sh -c ./configure --prefix=/etc/nginx   --sbin-path=/usr/sbin/nginx # buildkit",
            ),
            (
                "RUN npm ci --omit=dev --cache=/tmp/npm",
                "/bin/sh -c npm ci --omit=dev --cache=/tmp/npm",
            ),
            ("COPY --chown=1:1 . .", "COPY . . # buildkit"),
            ("COPY --link --chown=1:1 a /a", "COPY a /a # buildkit"),
            ("COPY --from=build /w/x /x", "COPY /w/x /x # buildkit"),
            (
                "COPY a b /c/",
                "/bin/sh -c #(nop) COPY multi:0123456789abcdef in /c/ ",
            ),
            ("COPY a /a", "/bin/sh -c #(nop) COPY dir:a5 in /a "),
            ("COPY <<EOF /a\nhello\nEOF", "COPY <<EOF /a # buildkit"),
            ("RUN <<EOF\nmake\nEOF", "RUN /bin/sh -c make\n # buildkit"),
            ("ENV A=1 B=$A", "ENV A=1 B=1"),
            ("ARG V=1", "ARG V=2"),
            ("EXPOSE 8080", "EXPOSE map[8080/tcp:{}]"),
            ("EXPOSE 8080", "EXPOSE [8080/tcp]"),
            ("WORKDIR app", "WORKDIR /srv/app"),
            ("USER app:app", "USER app:app"),
            ("CMD [\"x\"]", "/bin/sh -c #(nop)  CMD [\"x\"]"),
            ("CMD x --y", "CMD [\"/bin/sh\" \"-c\" \"x --y\"]"),
            (
                "HEALTHCHECK --interval=5s CMD curl -f x",
                "HEALTHCHECK &{[\"CMD-SHELL\" \"curl -f x\"] \"5s\" \"0s\" \"0s\" '\\x00'}",
            ),
            ("VOLUME /data", "VOLUME [/data]"),
        ] {
            let base = "RUN /bin/sh -c debootstrap stable # buildkit";
            let last = "RUN /bin/sh -c something special here # buildkit";
            let steps = [step, "RUN something special here"];
            assert_eq!(
                told(&steps, &[base, entry, last]),
                "- 0 1",
                "{step} {entry}"
            );
            // And with a line in between that is not in the image.
            let steps = [step, "RUN other", "RUN something special here"];
            assert_eq!(
                told(&steps, &[base, entry, last]),
                "- 0 2",
                "{step} {entry}"
            );
        }
    }

    proptest! {
        #[test]
        fn pairs_are_in_order(
            steps in proptest::collection::vec("(RUN|COPY|ENV) [a-c]{1,2}( [a-c])?", 0..8),
            entries in proptest::collection::vec("(RUN|COPY|ENV) [a-c]{1,2}( [a-c])?", 0..8),
        ) {
            let steps: Vec<Step<'_>> = steps
                .iter()
                .map(|text| Step::new(text.split_once(' ').unwrap().0, text))
                .collect();
            let entries: Vec<Entry<'_>> = entries.iter().map(|text| Entry::new(text)).collect();
            let found: Vec<usize> = align(&steps, &entries).into_iter().flatten().collect();
            prop_assert!(found.is_sorted_by(|a, b| a < b));
        }
    }
}
