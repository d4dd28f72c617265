//! Which of two versions is the newer one, against the ecosystems' own tools.

mod explained;
mod grammar;
pub(in crate::parity) mod judges;
mod pairs;
pub(in crate::parity) mod random;

use std::cmp::Ordering;
use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use plimsoll_scan::advisory::Order;

use judges::{JUDGES, Judge, Verdict};

/// What was asked for.
struct Request {
    /// All of them, where none is named.
    names: Vec<String>,
    seed: u64,
    pairs: usize,
    verbose: bool,
}

/// Differences that are shown of one order, unless all were asked for.
const SHOWN: usize = 20;

/// Runs the measure.
pub(super) fn run(arguments: &[String]) -> anyhow::Result<()> {
    let request = read(arguments)?;
    let asked: Vec<&Judge> = JUDGES
        .iter()
        .filter(|judge| request.names.is_empty() || request.names.iter().any(|it| it == judge.name))
        .collect();
    let mut differences = 0;
    let mut absent = 0;
    for judge in asked {
        match measure(judge, &request)? {
            Some(found) => differences += found,
            None => absent += 1,
        }
    }
    if request.names.is_empty() {
        let without: Vec<&str> = Order::ALL
            .into_iter()
            .filter(|order| JUDGES.iter().all(|judge| judge.order != *order))
            .map(Order::name)
            .collect();
        println!("no tool is asked about {}", without.join(", "));
    }
    if differences > 0 {
        bail!("{differences} differences");
    }
    if absent > 0 && !request.names.is_empty() {
        bail!("{absent} of the tools asked for could not be run");
    }
    Ok(())
}

fn read(arguments: &[String]) -> anyhow::Result<Request> {
    let mut request = Request {
        names: Vec::new(),
        seed: 1,
        pairs: 15_000,
        verbose: false,
    };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let mut number = || rest.next().and_then(|number| number.parse().ok());
        match argument.as_str() {
            "--seed" => request.seed = number().context(super::USAGE)?,
            "--pairs" => {
                let pairs = number().context(super::USAGE)?;
                request.pairs = usize::try_from(pairs)?;
            }
            "-v" | "--verbose" => request.verbose = true,
            name if JUDGES.iter().any(|judge| judge.name == name) => {
                request.names.push(name.to_owned());
            }
            other => {
                let known: Vec<&str> = JUDGES.iter().map(|judge| judge.name).collect();
                bail!(
                    "no tool is asked about {other:?}, only about: {}",
                    known.join(", ")
                );
            }
        }
    }
    Ok(request)
}

/// How many differences there are; nothing where the tool could not be asked.
fn measure(judge: &Judge, request: &Request) -> anyhow::Result<Option<usize>> {
    let order = judge.order;
    let pairs = pairs::make(order, request.seed, request.pairs);
    let (tool, theirs) = match judge.ask(&pairs)? {
        Verdict::Signs(tool, signs) => (tool, signs),
        Verdict::Absent(why) => {
            println!("{:<9}skipped: {why}", judge.name);
            return Ok(None);
        }
    };
    let mut signs: BTreeMap<char, usize> = BTreeMap::new();
    let mut explained: BTreeMap<&str, usize> = BTreeMap::new();
    let mut differences = Vec::new();
    for ((left, right), theirs) in pairs.iter().zip(theirs) {
        let ours = match order.compare(left, right) {
            Ok(Ordering::Less) => '<',
            Ok(Ordering::Equal) => '=',
            Ok(Ordering::Greater) => '>',
            Err(_) => '!',
        };
        *signs.entry(ours).or_default() += 1;
        if ours == theirs {
            continue;
        }
        match explained::why(order, [left, right], ours, theirs) {
            Some(why) => *explained.entry(why).or_default() += 1,
            None => differences.push(format!("{left:?} {right:?}: {ours} here, {theirs} there")),
        }
    }
    let signs: Vec<String> = signs
        .iter()
        .map(|(sign, count)| format!("{count} {sign}"))
        .collect();
    println!(
        "{:<9}{} pairs ({}), {} differences; {tool}",
        judge.name,
        pairs.len(),
        signs.join(", "),
        differences.len(),
    );
    for (why, count) in explained {
        println!("         {count} more are on purpose: {why}");
    }
    let shown = if request.verbose { usize::MAX } else { SHOWN };
    for difference in differences.iter().take(shown) {
        println!("         {difference}");
    }
    Ok(Some(differences.len()))
}
