//! Here-documents: what opens one, and where its body ends.

use std::collections::HashMap;
use std::ops::Range;

use plimsoll_model::Span;

use super::expand::Lexer;

/// A word that opens a here-document: `<<EOF`, `<<-EOF`, `3<<"EOF"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeredocOpener {
    /// Name without quotes.
    pub name: String,
    /// Whether variables in the body are expanded (the name was not quoted).
    pub expand: bool,
    /// `<<-`: leading tabs of the body are taken off.
    pub chomp: bool,
    /// File descriptor in front of `<<`; 0 where none was written.
    pub descriptor: u32,
}

impl HeredocOpener {
    /// Reads `word`; `None` where it opens nothing.
    pub fn parse(word: &str) -> Option<Self> {
        let digits = word.find(|character: char| !character.is_ascii_digit())?;
        let (descriptor, rest) = word.split_at(digits);
        let rest = rest.strip_prefix("<<")?;
        let (chomp, rest) = match rest.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let rest = rest.trim_start_matches(['\t', '\n', '\u{c}', '\r', ' ']);
        if rest.is_empty() || rest.contains('<') {
            return None;
        }
        // Reading the name with and without its quotes tells whether it has any.
        let lexer = Lexer {
            keep_unset: true,
            ..Lexer::new(b'\\')
        };
        let raw = Lexer {
            raw_quotes: true,
            ..lexer
        };
        let [name] = <[String; 1]>::try_from(lexer.expand(rest, &()).ok()?.words).ok()?;
        let [quoted] = <[String; 1]>::try_from(raw.expand(rest, &()).ok()?.words).ok()?;
        let quotes = |text: &str| text.matches(['\'', '"']).count();
        Some(Self {
            expand: quotes(&name) == quotes(&quoted),
            chomp,
            descriptor: if descriptor.is_empty() {
                0
            } else {
                descriptor.parse().unwrap_or(u32::MAX)
            },
            name,
        })
    }

    /// The here-documents that a logical line opens. A line whose quotes do not close opens none.
    pub(super) fn all(line: &str) -> Vec<Self> {
        let lexer = Lexer {
            raw_quotes: true,
            raw_escapes: true,
            keep_unset: true,
            ..Lexer::new(b'\\')
        };
        let words = lexer.expand(line, &()).map(|line| line.words);
        words
            .unwrap_or_default()
            .iter()
            .filter_map(|word| Self::parse(word))
            .collect()
    }
}

/// Finds the closing lines of here-documents. Reading on line by line is enough until one does not
/// close; from then on a table answers, or a file full of openers would be read once for each.
#[derive(Default)]
pub(super) struct Terminators {
    /// Starts of the lines with this text, ascending: with leading tabs, and without.
    table: Option<[HashMap<Vec<u8>, Vec<usize>>; 2]>,
}

impl Terminators {
    /// The closing line of `opener` at or behind `from`, its line end included.
    pub(super) fn find(
        &mut self,
        file: &[u8],
        from: usize,
        opener: &HeredocOpener,
    ) -> Option<Span> {
        let name = opener.name.as_bytes();
        if let Some(table) = &self.table {
            let starts = table[usize::from(opener.chomp)].get(name)?;
            let start = *starts.get(starts.partition_point(|start| *start < from))?;
            return Some(Span::new(start, line_end(file, start)));
        }
        let mut at = from;
        while at < file.len() {
            let end = line_end(file, at);
            if &file[content(file, at..end, opener.chomp)] == name {
                return Some(Span::new(at, end));
            }
            at = end;
        }
        let mut table = [HashMap::new(), HashMap::new()];
        let mut at = from;
        while at < file.len() {
            let end = line_end(file, at);
            for chomp in [false, true] {
                let text = file[content(file, at..end, chomp)].to_vec();
                table[usize::from(chomp)]
                    .entry(text)
                    .or_insert_with(Vec::new)
                    .push(at);
            }
            at = end;
        }
        self.table = Some(table);
        None
    }
}

/// The offset behind the line that starts at `start`.
pub(super) fn line_end(file: &[u8], start: usize) -> usize {
    memchr::memchr(b'\n', &file[start..]).map_or(file.len(), |at| start + at + 1)
}

/// A physical line without its line end, and without leading tabs where asked.
fn content(file: &[u8], line: Range<usize>, chomp: bool) -> Range<usize> {
    let Range { mut start, mut end } = line;
    while end > start && matches!(file[end - 1], b'\r' | b'\n') {
        end -= 1;
    }
    while chomp && start < end && file[start] == b'\t' {
        start += 1;
    }
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openers_in_all_their_forms() {
        let parse = |word| {
            HeredocOpener::parse(word)
                .map(|opener| (opener.name, opener.expand, opener.chomp, opener.descriptor))
        };
        let name = |text: &str| text.to_owned();
        assert_eq!(parse("<<EOF"), Some((name("EOF"), true, false, 0)));
        assert_eq!(parse("<<-EOF"), Some((name("EOF"), true, true, 0)));
        assert_eq!(parse("<< EOF"), Some((name("EOF"), true, false, 0)));
        assert_eq!(parse("3<<'EOF'"), Some((name("EOF"), false, false, 3)));
        assert_eq!(parse("<<-\"E F\""), Some((name("E F"), false, true, 0)));
        assert_eq!(parse("<<E\"O\"F"), Some((name("EOF"), false, false, 0)));
        assert_eq!(parse("<<$x"), Some((name("$x"), true, false, 0)));
        for word in [
            "<EOF", "<<", "<<-", "<<<EOF", "x<<EOF", "<<a<b", "<<'EOF", "",
        ] {
            assert_eq!(parse(word), None, "{word}");
        }
    }

    #[test]
    fn a_line_opens_several() {
        let names = |line| {
            HeredocOpener::all(line)
                .into_iter()
                .map(|opener| opener.name)
                .collect::<Vec<_>>()
        };
        assert_eq!(names("COPY <<a <<-'b c' /x"), ["a", "b c"]);
        assert_eq!(names("RUN cat << EOF > x && echo '<<no'"), ["EOF"]);
        assert_eq!(names("RUN echo 'open <<EOF"), Vec::<String>::new());
    }
}
