//! Values that everybody has read: the examples of standards and of manuals that code is tried with.

/// Tokens, secrets and passwords of examples, as they stand there.
const EXAMPLES: &[&str] = &[
    // RFC 5849, OAuth 1.0, and the core specification before it.
    "473f82d3",
    "6dPd29aM2c",
    "9djdj82h48djs9d2",
    "ad180jjd733klru7",
    "dh893hdasih9",
    "djr9rjt0jd78jf88",
    "dpf43f3p2l4k3l03",
    "hdhd0244k9j7ao03",
    "hfdp7dh39dks9884",
    "hh5s93j4hdidpola",
    "j49sk3j29djd",
    "jjd999tj88uiths3",
    "jjd99$tj88uiths3",
    "kd94hf93k423kf44",
    "kkk9d7dh3k39sjv7",
    "nnch734d00sl2jdk",
    "pfkkdhi9sl3r4s00",
    // X's manual of the same.
    "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
    "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
    "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
    "xvz1evFS4wEEPTGEFPHBog",
    // RFC 6749, OAuth 2.0, and RFC 6750, its bearers.
    "2YotnFZFEjr1zCsicMWpAA",
    "7Fjfp0ZBr1KtDRbnfVdmIw",
    "A3ddj3w",
    "gX1fBat3bV",
    "i1WsRn1uB1",
    "mF_9.B5f-4.1JqM",
    "SplxlOBeZQQYbYS6WxSbIA",
    "tGzv3JOkF0XG5Qx2TlKWIA",
    // RFC 7009, 7591, 7592, 7636, 7662, 8628, 8693 and 9449: what is built on it.
    "45ghiukldjahdnhzdauz",
    "accVkjcJyb4BWCxGsndESCJQbdFMogUC5PbRDqceLTC",
    "cf136dc3c1fc93f31185e5885805d",
    "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    "ey23f2.adfj230.af32-developer321",
    "GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS",
    "23410913-abewfq.123483",
    "reg-23410913-abewfq.123483",
    "long-secure-random-secret",
    "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU",
    "Q..Zkm29lexi8VnWg2zPW1x-tgGad0Ibc3s3EwM_Ni4-g",
    // OpenID Connect, its core and how clients register.
    "8xLOxBtZp8",
    "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y",
    "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk",
    "SlAV32hkKG",
    "this.is.an.access.token.value.ffx83",
    "ZJYCqe3GGRvdrudKyZS0XhGv_Z45DuKhCUk0gBR1vZk",
    // RFC 2617 and 7616, log-ins of HTTP.
    "Circle Of Life",
    "Circle of Life",
    // RFC 7515 and 7517, keys that sign tokens.
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
    "GawgguFyGrWKav7AX4VKUg",
    "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X8fCE9-E5LI",
    "870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE",
    // RFC 8291, messages that are pushed.
    "BTBZMqHH6r4Tts7J_aSIgg",
    "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94",
    "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw",
    // Google Cloud's command line, which names itself so to all who log in.
    "d-FL95Q19q7MQmFpd7hHD0Ty",
    "ZmssLNjJy2998hD4CTg2ejr2",
    // RFC 6238 and Google's manual: numbers that are good once.
    "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
    "JBSWY3DPEHPK3PXP",
];

/// What stands in a password's place at GitHub, behind a token (its manual, "Git over HTTPS").
pub const BEHIND_TOKEN: &str = "x-oauth-basic";

/// Whether a value is one that everybody has read.
pub(super) fn is_published(value: &str) -> bool {
    value == BEHIND_TOKEN || EXAMPLES.contains(&value)
}

#[cfg(test)]
mod tests {
    use super::super::placeholder::{is_example, is_placeholder, may_be_shown};
    use super::*;

    #[test]
    fn examples_of_standards_are_no_credentials() {
        for example in EXAMPLES.iter().chain([&BEHIND_TOKEN]) {
            assert!(
                is_placeholder(example) && may_be_shown(example),
                "{example}"
            );
            assert!(is_example(example.as_bytes()), "{example}");
        }
        for value in ["2YotnFZFEjr1zCsicMWpAB", "kd94hf93k423kf44x", "slav32hkkg"] {
            assert!(!is_published(value) && !is_placeholder(value), "{value}");
        }
    }
}
