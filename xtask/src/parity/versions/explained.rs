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
        Order::Conan if any(has_mixed_part) => Some(
            "a part of digits and more than digits: as Conan compares it with a number, it is no order",
        ),
        Order::Cran if theirs == '!' && any(|it| has_number_above(it, 2_u64.pow(31) - 1)) => {
            Some("R does not know numbers above 2^31")
        }
        _ => None,
    }
}

/// Whether a part begins with digits, or with what Python takes for a sign, and has more than digits.
fn has_mixed_part(version: &str) -> bool {
    let is_digit = |byte: &u8| byte.is_ascii_digit();
    let mut parts = parts_of_conan(version).into_iter();
    parts.any(|part| {
        let number = part.trim_start_matches(['-', '+', '_']);
        number.as_bytes().first().is_some_and(is_digit) && !part.bytes().all(|byte| is_digit(&byte))
    })
}

/// The parts of a version, of its pre-release and of its build.
fn parts_of_conan(version: &str) -> Vec<&str> {
    let (rest, build) = version.rsplit_once('+').unwrap_or((version, ""));
    let (main, pre) = rest.split_once('-').unwrap_or((rest, ""));
    let lists = [main, pre, build].into_iter();
    lists.flat_map(|list| list.split('.')).collect()
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
