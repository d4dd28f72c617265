//! How versions of an ecosystem look, as templates: `#` is a number, `%` a word, `{a|b|}` one of
//! these, and `*` before braces repeats what is in them up to three times.

use plimsoll_scan::advisory::Order;

use super::random::Random;

pub(super) struct Grammar {
    templates: &'static [&'static str],
    words: &'static [&'static str],
    /// Signs that part or begin things.
    signs: &'static [&'static str],
    /// Versions that are easily taken wrong.
    pub(super) nasty: &'static [&'static str],
}

impl Grammar {
    pub(super) fn version(&self, random: &mut Random) -> String {
        let mut version = String::new();
        let template = random.pick(self.templates);
        self.expand(template, random, &mut version);
        version
    }

    /// A sign, a word or a number.
    pub(super) fn piece(&self, random: &mut Random) -> &'static str {
        match random.below(10) {
            0..5 => random.pick(self.signs),
            5..8 => random.pick(self.words),
            _ => random.pick(NUMBERS),
        }
    }

    fn expand(&self, template: &str, random: &mut Random, out: &mut String) {
        let mut rest = template;
        while let Some(first) = rest.chars().next() {
            rest = &rest[first.len_utf8()..];
            let times = match (first, rest.strip_prefix('{')) {
                ('*', Some(inner)) => {
                    rest = inner;
                    random.below(4)
                }
                ('{', _) => 1,
                ('#', _) => {
                    out.push_str(&number(random));
                    continue;
                }
                ('%', _) => {
                    let word = random.pick(self.words);
                    out.push_str(word);
                    continue;
                }
                (letter, _) => {
                    out.push(letter);
                    continue;
                }
            };
            let (choices, behind) = group(rest);
            rest = behind;
            for _ in 0..times {
                let choice = random.pick(&choices);
                self.expand(choice, random, out);
            }
        }
    }
}

/// The choices up to the brace that closes them, and what is behind it.
fn group(text: &str) -> (Vec<&str>, &str) {
    let mut choices = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for (place, letter) in text.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            '|' if depth == 0 => {
                choices.push(&text[start..place]);
                start = place + 1;
            }
            '}' => {
                choices.push(&text[start..place]);
                return (choices, &text[place + 1..]);
            }
            _ => {}
        }
    }
    choices.push(&text[start..]);
    (choices, "")
}

/// Numbers with something about them.
const NUMBERS: &[&str] = &[
    "0",
    "1",
    "2",
    "9",
    "10",
    "00",
    "01",
    "007",
    "20",
    "21",
    "99",
    "20240131",
    "20240131235959",
    "2147483647",
    "2147483648",
    "4294967296",
    "9007199254740991",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "1000000000000000000000000",
];

/// A number: small ones mostly.
pub(super) fn number(random: &mut Random) -> String {
    match random.below(100) {
        0..70 => random.below(13).to_string(),
        70..85 => random.below(130).to_string(),
        _ => random.pick(NUMBERS).to_owned(),
    }
}

/// The grammar of an order.
pub(super) fn of(order: Order) -> Grammar {
    match order {
        Order::Dpkg | Order::Opam => DEBIAN,
        Order::Apk => APK,
        Order::Rpm => RPM,
        Order::Pep440 => PEP440,
        Order::Semver => SEMVER,
        Order::Hex | Order::Pub | Order::Bitnami => STRICT_SEMVER,
        Order::Conan => CONAN,
        Order::Go => GO,
        Order::Maven => MAVEN,
        Order::Gem => GEM,
        Order::Composer => COMPOSER,
        Order::NuGet => NUGET,
        Order::Cran | Order::Hackage => NUMBERS_ONLY,
    }
}

const DEBIAN: Grammar = Grammar {
    templates: &[
        "{|||#:}#*{{.|.|.|+|~|-||}{#|%}}{|-#|-#+deb#u#|-#ubuntu#.#|-#.#|-#~bpo#+#}",
        "#*{.#}*{{~|+|}%{|#}}{|-#}",
        "v#*{.#}{|~%}",
    ],
    words: &[
        "a", "b", "rc", "dfsg", "git", "ds", "beta", "deb", "nmu", "really", "Z", "u", "~",
    ],
    signs: &[".", "-", "+", "~", ":", "_", "~~", "0:", "1:", "!", " "],
    nasty: &[
        "0",
        "1",
        "0:1",
        "1:0",
        "1-0",
        "1-",
        "-1",
        "1.0~",
        "1.0~~",
        "1.0~~a",
        "1.0a",
        "1.0+",
        "1.0-0~",
        "1:1:1",
        ":1",
        "a:1",
        "1:",
        "+1:2",
        "-0:2",
        "2147483647:1",
        "2147483648:1",
        "~",
        "1.0.",
        "1..0",
        "1.0-1-1",
        "00",
        "0a",
        "a0",
        "1.a",
        " 1 ",
        "1 1",
        "1_0",
        "A",
        "1é",
        "1.0-é",
    ],
};

const CONAN: Grammar = Grammar {
    templates: &[
        "#*{.{#|%}}{||-{#|%}*{{.|.|-}{#|%}}}{|||+{#|%}*{.{#|%}}}",
        "#.#.#{|%}{|-%{|.#|#}}",
        "{cci.|}#{|.#|.#.#}",
    ],
    words: &[
        "a", "b", "d", "t", "z", "A", "alpha", "beta", "rc", "rc1", "pre", "cci", "fips", "p1", "_",
    ],
    signs: &[".", "-", "+", "_", "..", ".0", "a", "A", "0"],
    nasty: &[
        "",
        "0",
        "00",
        "1",
        "1.0",
        "1.0.0",
        "1.0.a",
        "1.a.0",
        "1.a",
        "1.A",
        "1._",
        "1.1.1",
        "1.1.1a",
        "1.1.1d",
        "1.1.10",
        "9",
        "9a",
        "10",
        "10a",
        "a",
        "a.b",
        "_1",
        "-1",
        "+1",
        "1-",
        "1+",
        "1-+",
        "1.",
        "1..0",
        "1..",
        "1--1",
        "1--a",
        "1-0",
        "1-a",
        "1-a.0",
        "1-a-b",
        "1+0",
        "1+a+b",
        "1++1",
        "1-a+b",
        "1_0",
        "1__0",
        "cci.20200203",
        "cci.20210118",
        "system",
        "1.0 ",
        "1:0",
        "1.0é",
    ],
};

const APK: Grammar = Grammar {
    templates: &[
        "#*{.#}{||{a|b|c|z}}*{_%{|#}}{|||~{0|a|f|9|deadbeef|0a}}{||-r#}",
        "#.#*{.#}{|_%#}{|-r#}",
        "#*{.{0#|#|00#}}{|-r#}",
    ],
    words: &["alpha", "beta", "pre", "rc", "cvs", "svn", "git", "hg", "p"],
    signs: &[
        ".", "_", "-r", "-", "~", "a", "b", "_p", "_alpha", "+", "A", "~f",
    ],
    nasty: &[
        "0",
        "1",
        "1.0",
        "1.",
        "1..0",
        "1a",
        "1ab",
        "1.a",
        "1a.1",
        "1_p",
        "1_p1",
        "1_p1_p2",
        "1_q",
        "1_alpha_p",
        "1_",
        "1-r",
        "1-r0",
        "1-r1-r2",
        "1-r1_p",
        "1~",
        "1~a",
        "1~g",
        "1~A",
        "1~a-r1",
        "1~a_p",
        "1.01",
        "1.001",
        "1.1",
        "1.10",
        "01",
        "1.0_rc1a",
        "1_alphabet",
        "1_pre",
        "a",
        "",
        "1.18446744073709551617",
        "18446744073709551617",
        "1-r18446744073709551616",
    ],
};

const RPM: Grammar = Grammar {
    templates: &[
        "{|||#:}#*{{.|.|.|_|~|^||}{#|%}}{|-#{.%#|.el#|.fc#|.el#_#.#|}}",
        "#*{.#}*{{~|^}%{|#}}{|-#}",
        "{|#:}*{{#|%|.|~|^|-|+}}",
    ],
    words: &[
        "a", "b", "rc", "el", "fc", "git", "beta", "module", "Z", "A", "al",
    ],
    signs: &[
        ".", "-", "~", "^", "_", "+", ":", "..", "0:", "1:", "~~", "^^", "~^", "^~",
    ],
    nasty: &[
        "", "0", "1", "1-", "-1", "-", ":", ":1", "0:1", "1:1", "a:1", "1~", "1^", "1~~", "1^^",
        "1^~", "1~^", "~", "^", "1.", "1..", "1.~", "1.^", "1a", "1.a", "a", "a1", "1-1-1", "1é",
        "1é2", "1.0-é", "007:1", "1-~", "1-^", "1--1", "1:-1", "1:2:3", "12:", "1_1", "1 1",
    ],
};

const PEP440: Grammar = Grammar {
    templates: &[
        "{|||#!}#*{.#}{||{|.|-|_}{a|b|c|rc|alpha|beta|pre|preview}{|.|-|_}{#|}}\
         {||{|.|-|_}{post|rev|r}{|.|-|_}{#|}|-#}{||{|.|-|_}dev{|.|-|_}{#|}}\
         {|||+{#|%}*{{.|-|_}{#|%}}}",
        "#*{.#}{a|b|rc}#{|.post#}{|.dev#}",
        "{v|V| }#*{.#}{|.dev#|.post#}{| }",
    ],
    words: &[
        "a", "b", "rc", "post", "dev", "cpu", "cu118", "ubuntu", "Local", "alpha", "preview",
    ],
    signs: &[
        ".", "-", "_", "+", "!", "a", "rc", "dev", "post", "r", "c", " ", "*", ".0",
    ],
    nasty: &[
        "1",
        "1.0",
        "1.0.0",
        "0!1",
        "1!0",
        "1.0a",
        "1.0a-",
        "1.0-",
        "1.0.",
        "1.0-1",
        "1.0--1",
        "1.0.dev",
        "1.dev0",
        "1a.dev",
        "1.post.dev",
        "1rev",
        "1r",
        "1c1",
        "1.0+1",
        "1.0+a",
        "1.0+",
        "1.0+a.1",
        "1.0+1.a",
        "1.0+01",
        "1.0+A",
        "1.0+a-b_c.d",
        "1.0+a..b",
        "1.0post1a1",
        "v1",
        "vv1",
        "1.0-custom",
        "2004d",
        "dev",
        "",
        "1!",
        "!1",
        "1!2!3",
        "1.2!3",
        "1.0rc.post1",
        "1.0a_1-2",
        "1.0.r.1",
        "1.0rev-1.dev_2+x",
        "1.0PREVIEW2",
        "1.0.a.1.dev.1",
        "1.0ſ",
    ],
};

const SEMVER: Grammar = Grammar {
    templates: &[
        "#.#.#{||-{#|%}*{{.|.|-}{#|%}}}{|||+{#|%}*{.{#|%}}}",
        "#.#.#{|-{#|%}*{.{#|%}}}",
        "{v|=|= |v=|}#.#.#{-|}{#|%}*{.#}",
        "#.#{|.#}{|.#|-%}",
    ],
    words: &[
        "a", "b", "rc", "alpha", "beta", "x", "A", "RC", "-", "0a", "1-", "next", "canary",
    ],
    signs: &[
        ".", "-", "+", "v", "=", "--", " ", "_", "*", "-0", ".0", "x",
    ],
    nasty: &[
        "0.0.0",
        "1.2.3",
        "v1.2.3",
        "=1.2.3",
        "1.2.3-",
        "1.2.3--",
        "1.2.3-.",
        "1.2.3-.a",
        "1.2.3-0",
        "1.2.3-00",
        "1.2.3-01",
        "1.2.3-a",
        "1.2.3a",
        "1.2.3-a.",
        "1.2.3-a..b",
        "1.2.3+a",
        "1.2.3+",
        "1.2.3+a+b",
        "1.2.3-a+b.01",
        "01.2.3",
        "1.2",
        "1",
        "1.2.3.4",
        "1.2.3.beta",
        "",
        "v",
        "1.2.x",
        "9007199254740992.0.0",
        "1.2.3-9007199254740992",
        "1.2.3-9007199254740993",
        "1.2.3 ",
        " 1.2.3",
        "1. 2.3",
        "V1.2.3",
        "1.2.3-é",
        "1.2.3-+b",
    ],
};

const STRICT_SEMVER: Grammar = Grammar {
    templates: &[
        "#.#.#{||-{#|%}*{.{#|%}}}{|||+{#|%}*{.{#|%}}}",
        "#.#.#-{#|%}*{.{#|%}}",
        "{0|1}.{0|1|10}.{0|2|9}{|-{0|rc.#|%}}",
    ],
    words: &[
        "a", "b", "rc", "alpha", "x", "A", "RC", "0a", "x-1", "-", "--", "dev",
    ],
    signs: &[".", "-", "+", ".0", "-0", "--", "v", "a", "1"],
    nasty: SEMVER.nasty,
};

const GO: Grammar = Grammar {
    templates: &[
        "{v|}#.#.#{||-{#|%}*{.{#|%}}}{||+incompatible|+{#|%}}",
        "{v|}#.#.#-{|#.|%.#.}202401310{1|2}0304-abcdef01234{5|6}",
        "v#{|.#{|.#}}",
        "go1.{#|2{0|1|2}}{|.#|{rc|beta|alpha}{#|}}{||-custom}",
        "go1.2{0|1|2|3}{|.{0|1|2}|{rc|beta}{1|2|10}}",
        "go1.2{0|1|2|3}{|.{0|1|2}|{rc|beta}{1|2|10}}",
    ],
    words: &[
        "a",
        "rc",
        "pre",
        "alpha",
        "beta",
        "0a",
        "incompatible",
        "A",
        "-",
    ],
    signs: &[".", "-", "+", "v", "-0", ".0", "go", "rc", "--", "_"],
    nasty: &[
        "v0.0.0",
        "v1",
        "v1.2",
        "v1.2.3",
        "1.2.3",
        "v1.2.3-",
        "v1.2.3+",
        "v1.2.3-0",
        "v1.2.3-00",
        "v01.2.3",
        "v1.2-a",
        "v1.2.3.4",
        "v1.2.3-a..b",
        "v2.0.0+incompatible",
        "(devel)",
        "",
        "v",
        "go1",
        "go1.0",
        "go1.20",
        "go1.21",
        "go1.21.0",
        "go1.21rc1",
        "go1.21rc",
        "go1.21rc01",
        "go1.21.0rc1",
        "go1.021",
        "go",
        "gov1.2",
        "go1.20-x",
        "go1.21beta2",
        "go2",
        "vgo1",
    ],
};

const MAVEN: Grammar = Grammar {
    templates: &[
        "#*{.#}{||{.|-|}%{|{.|-|}#}}{||-SNAPSHOT}",
        "*{{#|%|.|-|.#|-#}}",
        "#*{.#}*{{.|-|}{#|%}}",
        "#{.0|-0|}*{{.0|-0|.|-}}{%|#|-#|.#|%#}",
    ],
    words: &[
        "alpha",
        "beta",
        "milestone",
        "rc",
        "cr",
        "snapshot",
        "ga",
        "final",
        "release",
        "sp",
        "a",
        "b",
        "m",
        "x",
        "jre",
        "Final",
        "RC",
        "GA",
        "RELEASE",
        "android",
        "pre",
        "_",
        "+",
    ],
    signs: &[
        ".", "-", "--", "..", ".-", "-.", "0", ".0", "-0", "_", "+", " ",
    ],
    nasty: &[
        "1",
        "1.0",
        "1-0",
        "1-ga",
        "1.ga",
        "1ga",
        "1-ga1",
        "1-ga-1",
        "1-ga2",
        "1-rc",
        "1-rc1",
        "1-rc-1",
        "1-rc.1",
        "1.rc1",
        "1-sp",
        "1-sp1",
        "1-x",
        "1-x1",
        "1-x-1",
        "1.x",
        "1x",
        "1x1",
        "1-1",
        "1-1-1",
        "1.1-1",
        "1-a",
        "1-a1",
        "1a1",
        "1-b1",
        "1-m1",
        "1-cr1",
        "1--1",
        "-1",
        "-",
        ".",
        "..",
        "1..1",
        "1.-1",
        "1-.1",
        "-.1",
        ".1",
        "0",
        "0.0-0",
        "0-0-0-a",
        "0-0-0-1",
        "a",
        "a1",
        "a-1",
        "a-1b",
        "1a-1",
        "1-a-b",
        "1-a-1-b-2",
        "1.0.0-1.0.0-x",
        "é",
        "1-é",
        "1-٣",
        "",
        "1-SNAPSHOT",
        "1-2147483648",
        "1-9223372036854775808",
        "0milestone",
        "+",
        "-0-0-ga",
    ],
};

const GEM: Grammar = Grammar {
    templates: &[
        "#*{.#}*{.{%|%#|#%|#}}{||||-{%|#}*{{.|-}{#|%}}}",
        "#*{.#}{|.%{|.}#}",
        "{| }#*{.{0|#|%}}{| }",
    ],
    words: &[
        "a", "b", "rc", "pre", "alpha", "beta", "RC", "x86", "java", "Z", "a1b2",
    ],
    signs: &[".", "-", ".0", ".a", "--", "_", "+", " ", "0", ".pre."],
    nasty: &[
        "",
        " ",
        "0",
        "1",
        "1.0",
        "1.0.0",
        "01",
        "1.a",
        "1.0.a",
        "1.0.a.0",
        "1.a.0.b",
        "1.0.0.a0",
        "1.a0",
        "1.a00",
        "1.a10",
        "1-1",
        "1-a",
        "1.pre.1",
        "1-",
        "1--",
        "1-a-",
        "1-a..b",
        "a",
        "1a",
        "1.",
        ".1",
        "1..1",
        "1.1a2",
        "1.0.0.0.1",
        "1.RC",
        "1.rc",
        "1+1",
        "1_1",
        "1.é",
        "1.10",
        "1.9",
    ],
};

const COMPOSER: Grammar = Grammar {
    templates: &[
        "{||v}#*{.#}{|||{|.|-|_}{stable|beta|b|RC|rc|alpha|a|patch|pl|p|Stable}{|#|.#|-#|.#.#}}\
         {||||-dev|.dev|dev|@dev|@beta}{||||+%|+#}",
        "{v|}#{|.#|.x}{|.#|.x|.*}{|.x|.X}-dev",
        "{2010|2024|1999}{|.|-|:}{01|12|31}{|{|.|-|:}{02|13|30}}*{{|.|-}{1|23|456}}{|-%|-%#|-dev}",
        "2024{01|12}{|-}{31|01}{|{.|-|}{1200|12:30|123}}",
    ],
    words: &[
        "beta", "b", "RC", "alpha", "a", "p", "pl", "patch", "stable", "dev", "x", "build",
    ],
    signs: &[
        ".", "-", "_", "+", "@", "v", ":", ".x", "*", "-dev", " ", ".0", "x",
    ],
    nasty: &[
        "1",
        "1.0",
        "1.0.0",
        "1.0.0.0",
        "1.0.0.0.0",
        "v1",
        "V1",
        "vv1",
        "01",
        "1.0-",
        "1.0_",
        "1.0.",
        "1.0-1",
        "1.0-dev",
        "1.0--dev",
        "1.0.dev",
        "1.0dev",
        "dev-master",
        "master",
        "DEV-a",
        "1.x-dev",
        "1.x.x-dev",
        "1.*-dev",
        "x-dev",
        "1.0.x.x.x-dev",
        "1.x",
        "1.0-beta",
        "1.0-b",
        "1.0-beta.1.2",
        "1.0b2-dev",
        "1.0-p1",
        "1.0-pl",
        "1.0-patch",
        "1.0-stable",
        "1.0-Stable",
        "1.0-stable5-dev",
        "1.0-RC1",
        "1.0-rc",
        "1.0@dev",
        "1.0@DEV",
        "1.0+a",
        "1.0+",
        "1.0+a+b",
        "1.0 as 2.0",
        "1.0  as  2",
        "1.0 as",
        " 1.0 ",
        "99999",
        "100000",
        "100000.1",
        "2010.01",
        "20100102",
        "2010-01-02",
        "20100102-203040",
        "20100102203040",
        "20100102203040-10",
        "2010",
        "2010.1",
        "201001021",
        "2010.01.02.3",
        "2010:10:10",
        "100000-dev",
        "1.0é",
        "",
        "1.0-RC1-dev",
        "1.9223372036854775808",
        "1.99999999999999999999",
        "1.0@beta-dev",
        "1.0-dev@beta",
        "1,0",
    ],
};

const NUGET: Grammar = Grammar {
    templates: &[
        "#*{.#}{||-{#|%}*{.{#|%}}}{|||+{#|%}*{.{#|%}}}",
        "#.#.#{|.#}{|-{#|%}*{.{#|%}}}",
        "{| }#{ .|.}#{| }{|-%}",
    ],
    words: &[
        "a", "b", "rc", "alpha", "Beta", "RC", "x-y", "-1", "-", "preview", "A", "Z", "z",
    ],
    signs: &[".", "-", "+", " ", "v", "-0", ".0", "--", "a", "1"],
    nasty: &[
        "1",
        "1.0",
        "1.0.0.0",
        "1.0.0.0.0",
        "1.0.0.1",
        "01.00",
        "1.0-01",
        "1.0-0",
        "1.0--1",
        "1.0-1",
        "1.0-+a",
        "1.0-",
        "1.0+",
        "1.0+a",
        "1.0+a+b",
        "1.0-a+b",
        "1.0-a+",
        "1.0+a-b",
        "1.",
        ".1",
        "1..0",
        "1. ",
        " 1 . 0 ",
        "1 .0",
        "1. 0",
        "1 0",
        "1.0 -a",
        "1.0- a",
        "v1",
        "",
        " ",
        "2147483647",
        "2147483648",
        "1.0-2147483647",
        "1.0-2147483648",
        "1.0--2147483648",
        "1.0-a.b",
        "1.0--2147483649",
        "1.0-A",
        "1.0-a",
        "1.0-a..b",
        "1.0-é",
        "-1",
        "+1",
        "1.0-30000000000",
    ],
};

const NUMBERS_ONLY: Grammar = Grammar {
    templates: &["#*{.#}*{{.|.|-}#}", "#*{.#}", "#{.|-}#{.|-}#"],
    words: &["1", "0", "10", "00", "2"],
    signs: &[".", "-", ".0", "-0", "a", " ", "0", "1"],
    nasty: &[
        "1",
        "1.0",
        "1-0",
        "1.0.0",
        "1.0-0",
        "01",
        "1.01",
        "1.",
        ".1",
        "1..1",
        "1.-1",
        "-1",
        "",
        "a",
        "1.a",
        " 1",
        "1 ",
        "1.2147483647",
        "1.2147483648",
        "1é",
        "1.10",
        "1.9",
    ],
};
