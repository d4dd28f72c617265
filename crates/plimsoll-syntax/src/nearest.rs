//! What somebody meant who mistyped a word.

/// An edit distance takes the product of both lengths: what is this long was no slip of the hand.
const LONGEST: usize = 64;

/// Of the words that are known the one that `word` is a slip of the hand away from, whatever its case:
/// up to a third of its letters. Of several the nearest, and of those the first by the alphabet.
pub fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    if word.len() > LONGEST {
        return None;
    }
    let word = word.to_ascii_lowercase();
    known
        .into_iter()
        .map(|known| {
            let distance = strsim::osa_distance(&word, &known.to_ascii_lowercase());
            (distance, known)
        })
        .filter(|(distance, known)| *distance <= known.len() / 3)
        .min()
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_hand_are_understood() {
        for (word, meant) in [
            ("sraif", Some("sarif")),
            ("JSNO", Some("json")),
            ("josn", Some("json")),
            ("junit", Some("junit")),
            ("j", None),
            ("", None),
            ("xml", None),
        ] {
            assert_eq!(nearest(word, ["json", "junit", "sarif"]), meant, "{word}");
        }
        assert_eq!(nearest("ab1", ["abz", "aba"]), Some("aba"));
        assert_eq!(nearest(&"a".repeat(65), ["a".repeat(65).as_str()]), None);
    }
}
