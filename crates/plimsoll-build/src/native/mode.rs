//! `--chmod`: octal, or symbolic as in chmod(1).

/// A change of permission bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ModeChange {
    /// Replaces all bits.
    Octal(u32),
    /// Clauses in order.
    Symbolic(Vec<Clause>),
}

/// One clause such as `go-w`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Clause {
    /// Shifts of the classes meant: 6 user, 3 group, 0 others.
    classes: Vec<u32>,
    operator: char,
    permissions: String,
}

impl ModeChange {
    /// Reads the value of `--chmod`; `None` where it is neither form.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            return None;
        }
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            let mode = u32::from_str_radix(text, 8).ok()?;
            return (mode <= 0o7777).then_some(Self::Octal(mode));
        }
        text.split(',')
            .map(clause)
            .collect::<Option<Vec<_>>>()
            .map(Self::Symbolic)
    }

    /// The bits after the change.
    pub(crate) fn apply(&self, mode: u32, is_folder: bool) -> u32 {
        let clauses = match self {
            Self::Octal(mode) => return *mode,
            Self::Symbolic(clauses) => clauses,
        };
        clauses
            .iter()
            .fold(mode & 0o7777, |mode, clause| clause.apply(mode, is_folder))
    }
}

fn clause(text: &str) -> Option<Clause> {
    let at = text.find(['+', '-', '='])?;
    let mut classes = Vec::new();
    for class in text[..at].chars() {
        match class {
            'u' => classes.push(6),
            'g' => classes.push(3),
            'o' => classes.push(0),
            'a' => classes.extend([6, 3, 0]),
            _ => return None,
        }
    }
    if classes.is_empty() {
        classes = vec![6, 3, 0];
    }
    let permissions = &text[at + 1..];
    permissions
        .chars()
        .all(|letter| "rwxXst".contains(letter))
        .then(|| Clause {
            classes,
            operator: char::from(text.as_bytes()[at]),
            permissions: permissions.to_owned(),
        })
}

impl Clause {
    fn apply(&self, mode: u32, is_folder: bool) -> u32 {
        let mut bits = 0;
        let mut touched = 0;
        for shift in &self.classes {
            touched |= 0o7 << shift;
            for letter in self.permissions.chars() {
                bits |= match letter {
                    'r' => 4 << shift,
                    'w' => 2 << shift,
                    'x' => 1 << shift,
                    'X' if is_folder || mode & 0o111 != 0 => 1 << shift,
                    's' if *shift == 6 => 0o4000,
                    's' if *shift == 3 => 0o2000,
                    't' => 0o1000,
                    _ => 0,
                };
            }
        }
        match self.operator {
            '+' => mode | bits,
            '-' => mode & !bits,
            _ => mode & !touched | bits,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octal_and_symbolic() {
        let apply = |text: &str, mode, folder| ModeChange::parse(text).unwrap().apply(mode, folder);
        assert_eq!(apply("755", 0o600, false), 0o755);
        assert_eq!(apply("4755", 0, false), 0o4755);
        assert_eq!(apply("u+x,go-rwx", 0o644, false), 0o700);
        assert_eq!(apply("a=rX", 0o600, false), 0o444);
        assert_eq!(apply("a=rX", 0o600, true), 0o555);
        assert_eq!(apply("+x", 0o644, false), 0o755);
        assert_eq!(apply("g+s", 0o755, true), 0o2755);
        for bad in ["", "99", "77777", "u", "u+q", "z+x", "+x,"] {
            assert_eq!(ModeChange::parse(bad), None, "{bad}");
        }
    }
}
