//! Where Plimsoll and a tool part on purpose: what the file of each order says of it.

use plimsoll_scan::advisory::Order;

/// Why the signs differ, where they should; `!` stands for "no version".
pub(super) fn why(
    order: Order,
    versions: [&str; 2],
    ours: char,
    theirs: char,
) -> Option<&'static str> {
    let any = |holds: fn(&str) -> bool| versions.into_iter().any(holds);
    match order {
        Order::Dpkg if ours == '!' && any(|it| !it.is_ascii()) => {
            Some("dpkg's place of a byte beyond ASCII depends on the machine")
        }
        Order::Dpkg if ours == '!' && any(|it| it.trim().is_empty()) => {
            Some("the empty version is none")
        }
        Order::Pep440 | Order::Semver | Order::NuGet
            if ours == '!' && any(|it| it.trim() != it.trim_ascii()) =>
        {
            Some("white space beyond ASCII is not taken off")
        }
        Order::Maven if ours == '!' && any(|it| !it.is_ascii() || it.is_empty()) => {
            Some("a version that is empty or not ASCII is none")
        }
        Order::Semver
            if theirs == '!'
                && any(|it| it.len() > 256 || has_number_above(it, 2_u64.pow(53) - 1)) =>
        {
            Some("npm refuses numbers above 2^53 and long texts")
        }
        Order::Semver if any(|it| !has_three_numbers(it)) => {
            Some("less or more than three numbers are a version as well")
        }
        Order::Semver if theirs == '=' && any(|it| has_number_above(it, 2_u64.pow(53) - 1)) => {
            Some("npm does not tell numbers of a pre-release above 2^53 apart")
        }
        Order::Go if versions[0].starts_with("go") != versions[1].starts_with("go") => {
            Some("no tool compares a module's version with a toolchain's")
        }
        Order::Conan if any(has_signed_part) => {
            Some("Python takes a sign, or an underscore between digits, for part of a number")
        }
        Order::Conan if ours != '!' && theirs != '!' && differ_by_digits(versions) => Some(
            "a part of digits and more than digits: as Conan compares it with a number, it is no order",
        ),
        Order::Cran if theirs == '!' && any(|it| has_number_above(it, 2_u64.pow(31) - 1)) => {
            Some("R does not know numbers above 2^31")
        }
        _ => None,
    }
}

/// Whether a part is a number to Python, and has more than digits.
fn has_signed_part(version: &str) -> bool {
    let lists = lists_of_conan(version).into_iter().flatten();
    lists.flatten().any(|part| {
        let number = part.trim_start_matches(['-', '+']);
        let is_number =
            |text: &str| !text.is_empty() && text.bytes().all(|one| one.is_ascii_digit());
        !is_number(&part) && number.split('_').all(is_number)
    })
}

/// Whether the first parts that differ begin with other digits, and one of them has more than digits:
/// Conan compares these as texts.
fn differ_by_digits(versions: [&str; 2]) -> bool {
    let [left, right] = versions.map(lists_of_conan);
    for lists in left.into_iter().zip(right) {
        let (left, right) = match lists {
            (Some(left), Some(right)) => (left, right),
            (None, None) => continue,
            _ => return false,
        };
        let mut parts = left.iter().zip(&right);
        if let Some((left, right)) = parts.find(|(left, right)| left != right) {
            let digits = |part: &str| {
                let end = part.find(|one: char| !one.is_ascii_digit());
                part[..end.unwrap_or(part.len())].to_owned()
            };
            let (before_left, before_right) = (digits(left), digits(right));
            let is_mixed = &before_left != left || &before_right != right;
            return is_mixed
                && !before_left.is_empty()
                && !before_right.is_empty()
                && before_left != before_right;
        }
        if left.len() != right.len() {
            return false;
        }
    }
    false
}

/// The parts of a version, of its pre-release and of its build, each without zeroes at its end; numbers
/// as Python writes them.
fn lists_of_conan(version: &str) -> [Option<Vec<String>>; 3] {
    let (rest, build) = match version.rsplit_once('+') {
        Some((rest, build)) => (rest, Some(build)),
        None => (version, None),
    };
    let (main, pre) = match rest.split_once('-') {
        Some((main, pre)) => (main, Some(pre)),
        None => (rest, None),
    };
    [Some(main), pre, build].map(|list| {
        let parts = list?.split('.').map(|part| {
            let is_number = !part.is_empty() && part.bytes().all(|one| one.is_ascii_digit());
            match part.trim_start_matches('0') {
                "" if is_number => "0".to_owned(),
                number if is_number => number.to_owned(),
                _ => part.to_owned(),
            }
        });
        let mut parts: Vec<String> = parts.collect();
        while parts.last().is_some_and(|part| part == "0") {
            parts.pop();
        }
        Some(parts)
    })
}

fn has_number_above(text: &str, largest: u64) -> bool {
    text.split(|letter: char| !letter.is_ascii_digit())
        .filter(|digits| !digits.is_empty())
        .any(|digits| {
            digits
                .parse::<u64>()
                .map_or(true, |number| number > largest)
        })
}

fn has_three_numbers(text: &str) -> bool {
    let text = text.trim_start_matches(['v', '=', ' ']);
    let end = text
        .find(|letter: char| !(letter.is_ascii_digit() || letter == '.'))
        .unwrap_or(text.len());
    let numbers = &text[..end];
    numbers.split('.').count() == 3 && numbers.split('.').all(|number| !number.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_conan_only_what_its_comparison_of_texts_parts_is_excused() {
        let is_excused = |left, right| why(Order::Conan, [left, right], '<', '>').is_some();
        for (left, right) in [
            ("9", "10a"),
            ("1.1.1a", "1.1.2"),
            ("1.9a", "1.10a"),
            ("1-9a", "1.0-10"),
            ("01a", "1a"),
            ("1", "1+-1"),
            ("1_0", "2"),
        ] {
            assert!(is_excused(left, right), "{left} {right}");
            assert!(is_excused(right, left), "{left} {right}");
        }
        for (left, right) in [
            ("1.1.1a", "1.1.1d"),
            ("1.1.1", "1.1.1a"),
            ("1.2+9a", "1.1+10a"),
            ("1.9a", "1.word"),
            ("1.9a", "1.9a.1"),
            ("1.9a-1", "1.9a"),
            ("1.9", "1.10"),
        ] {
            assert!(!is_excused(left, right), "{left} {right}");
        }
        assert!(why(Order::Conan, ["9", "10a"], '!', '>').is_none());
    }
}
