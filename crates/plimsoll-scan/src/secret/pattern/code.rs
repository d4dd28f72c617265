//! Where code lies, is built and is published.

use super::{Pattern, Programs, checksummed, sure, token, word_byte};

pub(super) const PATTERNS: &[Pattern] = &[
    Pattern {
        check: checksummed,
        ..sure(
            "github-token",
            &["ghp_", "gho_", "ghu_", "ghr_"],
            r"gh[pour]_[A-Za-z0-9]{36}",
        )
    },
    Pattern {
        check: checksummed,
        // Words end like this mark, and names of programs are made of words: `highs_`.
        in_programs: Programs::Apart,
        ..sure("github-token", &["ghs_"], r"ghs_[A-Za-z0-9]{36}")
    },
    sure("github-token", &["ghr_"], r"ghr_[A-Za-z0-9]{76}"),
    sure(
        // Of an installation, since 2025: the id of the app and a JSON web token.
        "github-token",
        &["ghs_"],
        r"ghs_[0-9]{1,12}_eyJ[A-Za-z0-9_-]{10,2000}\.eyJ[A-Za-z0-9_-]{10,4000}\.[A-Za-z0-9_-]{20,2000}",
    ),
    sure(
        "github-token",
        &["github_pat_"],
        r"github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}",
    ),
    Pattern {
        // The mark itself, as a program that looks for tokens holds it, is followed by other words
        // without a gap: only the exact length tells a token from them.
        not_before: |byte| word_byte(byte) || byte == b'-',
        ..token(
            "gitlab-token",
            &["glpat-"],
            r"glpat-(?:[A-Za-z0-9_-]{27,300}\.[0-9a-z]{2}\.[0-9a-z]{9}|[A-Za-z0-9_-]{20})",
        )
    },
    Pattern {
        not_before: |byte| word_byte(byte) || byte == b'-',
        ..token(
            "gitlab-token",
            &["gldt-", "glft-", "glsoat-", "glffct-", "GR1348941"],
            r"(?:gldt-|glft-|glsoat-|glffct-|GR1348941)[A-Za-z0-9_-]{20}",
        )
    },
    Pattern {
        not_before: |byte| word_byte(byte) || byte == b'-',
        ..token(
            "gitlab-token",
            &["glrt-", "glrtr-", "glcbt-", "glimt-", "glagent-", "glwt-"],
            r"gl(?:rtr?|cbt|imt|agent|wt)-(?:[A-Za-z0-9_-]{27,300}\.[0-9a-z]{2}\.[0-9a-z]{9}|[A-Za-z0-9_-]{20,64})",
        )
    },
    token(
        "gitlab-token",
        &["glptt-", "gloas-"],
        r"gl(?:ptt-[0-9a-f]{40}|oas-[0-9a-f]{64})",
    ),
    Pattern {
        not_before: |byte| word_byte(byte) || matches!(byte, b'-' | b'='),
        ..token(
            "atlassian-token",
            &["ATATT3", "ATCTT3", "ATSTT3"],
            r"AT[ACS]TT3[A-Za-z0-9_-]{60,400}=?[A-F0-9]{0,8}",
        )
    },
    token("bitbucket-token", &["ATBB"], r"ATBB[A-Za-z0-9]{32}"),
    Pattern {
        not_before: |byte| word_byte(byte) || matches!(byte, b'+' | b'/' | b'-'),
        ..token("bitbucket-token", &["BBDC-"], r"BBDC-[A-Za-z0-9+/@_-]{44}")
    },
    Pattern {
        check: checksummed,
        ..sure("npm-token", &["npm_"], r"npm_[A-Za-z0-9]{36}")
    },
    sure(
        "pypi-token",
        &["pypi-AgE"],
        r"pypi-AgE(?:IcHlwaS5vcmc|NdGVzdC5weXBpLm9yZw)[A-Za-z0-9_-]{50,512}",
    ),
    sure("rubygems-key", &["rubygems_"], r"rubygems_[a-f0-9]{48}"),
    token("crates-token", &["cio"], r"cio[A-Za-z0-9]{32}"),
    token("nuget-key", &["oy2"], r"oy2[a-z0-9]{43}"),
    token("clojars-token", &["CLOJARS_"], r"CLOJARS_[a-z0-9]{60}"),
    sure(
        "docker-token",
        &["dckr_pat_"],
        r"dckr_pat_[A-Za-z0-9_-]{27}",
    ),
    sure(
        "docker-token",
        &["dckr_oat_"],
        r"dckr_oat_[A-Za-z0-9_-]{32}",
    ),
    token("artifactory-key", &["AKCp"], r"AKCp[A-Za-z0-9]{69}"),
    token(
        "artifactory-token",
        &["cmVmdGtu"],
        r"cmVmdGtuOjAxOj[A-Za-z0-9]{50}",
    ),
    token("buildkite-token", &["bkua_"], r"bkua_[a-f0-9]{40}"),
    token(
        "circleci-token",
        &["CCIPAT_", "CCIPRJ_"],
        r"CCIP(?:AT|RJ)_[A-Za-z0-9]{22}_[a-f0-9]{40}",
    ),
    token(
        "sourcegraph-token",
        &["sgp_"],
        r"sgp_(?:(?:[a-f0-9]{16}|local)_)?[a-f0-9]{40}",
    ),
    token("sourcegraph-token", &["slk_"], r"slk_[a-f0-9]{64}"),
    token(
        "snyk-token",
        &["snyk_uat.", "snyk_sat."],
        r"snyk_[us]at\.[A-Za-z0-9]{8}\.[A-Za-z0-9_-]{40,600}",
    ),
    token(
        "harness-token",
        &["pat.", "sat."],
        r"[ps]at\.[A-Za-z0-9_-]{22}\.[a-f0-9]{24}\.[A-Za-z0-9]{20}",
    ),
    sure(
        "linear-key",
        &["lin_api_", "lin_oauth_"],
        r"lin_(?:api_[A-Za-z0-9]{40}|oauth_[a-f0-9]{64})",
    ),
    sure("postman-key", &["PMAK-"], r"PMAK-[a-f0-9]{24}-[a-f0-9]{34}"),
    token("prefect-key", &["pnu_", "pnb_"], r"pn[ub]_[A-Za-z0-9]{36}"),
    token(
        "sonar-token",
        &["squ_", "sqp_", "sqa_"],
        r"sq[upa]_[a-f0-9]{40}",
    ),
    token(
        "packagist-token",
        &["packagist_"],
        r"packagist_[ou][ru]t_[a-f0-9]{68}",
    ),
    token("ionic-token", &["ion_"], r"ion_[a-z0-9]{42}"),
    token("thunderstore-token", &["tss_"], r"tss_[A-Za-z0-9]{36}"),
    token("readme-key", &["rdme_"], r"rdme_[a-z0-9]{70}"),
];
