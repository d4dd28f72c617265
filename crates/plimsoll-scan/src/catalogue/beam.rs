//! Applications of Erlang and Elixir, as releases and installations hold them: `ebin/NAME.app`.

use plimsoll_model::{Evidence, PackageKind};

use super::{Candidate, Document, Proven, base_name, folder};

pub(super) fn claims(candidate: &Candidate<'_>) -> bool {
    candidate.name.ends_with(".app") && base_name(folder(candidate.path)) == "ebin"
}

/// Applications that Erlang/OTP and Elixir bring themselves: they are on no package index, or as
/// something else.
const OWN: &[&str] = &[
    "asn1",
    "common_test",
    "compiler",
    "crypto",
    "debugger",
    "dialyzer",
    "diameter",
    "edoc",
    "eex",
    "eldap",
    "elixir",
    "erl_docgen",
    "erl_interface",
    "erts",
    "et",
    "eunit",
    "ex_unit",
    "ftp",
    "iex",
    "inets",
    "jinterface",
    "kernel",
    "logger",
    "megaco",
    "mix",
    "mnesia",
    "observer",
    "odbc",
    "os_mon",
    "parsetools",
    "public_key",
    "reltool",
    "runtime_tools",
    "sasl",
    "snmp",
    "ssh",
    "ssl",
    "stdlib",
    "syntax_tools",
    "tftp",
    "tools",
    "wx",
    "xmerl",
];

pub(super) fn read(path: &str, bytes: &[u8]) -> Result<Document, String> {
    let text = String::from_utf8_lossy(bytes);
    let name = base_name(path).trim_end_matches(".app");
    if !text.contains("application") {
        return Ok(Document::Packages(Vec::new()));
    }
    // An Erlang term: {vsn, "1.7.10"} or {vsn,<<"1.7.10">>}, wherever it stands.
    let version = text.split("{vsn").skip(1).find_map(|rest| {
        let rest = rest.trim_start().strip_prefix(',')?.trim_start();
        let rest = rest.strip_prefix("<<").unwrap_or(rest);
        rest.strip_prefix('"')?
            .split_once('"')
            .map(|(version, _)| version)
    });
    let kind = if OWN.contains(&name) {
        PackageKind::Otp
    } else {
        PackageKind::Hex
    };
    // A project without a version of its own says so by an empty one.
    let Some(version) = version.filter(|version| !version.trim().is_empty()) else {
        return Ok(Document::Packages(Vec::new()));
    };
    let package = Proven::new(kind, Some(name), Some(version), Evidence::Metadata)?;
    Ok(Document::Packages(vec![package]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn applications_of_a_release() {
        let of = |path: &str, text: &str| match read(path, text.as_bytes()) {
            Ok(Document::Packages(packages)) => packages
                .into_iter()
                .map(|own| format!("{}/{}@{}", own.kind.as_str(), own.name, own.version))
                .collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        };
        let path = "app/lib/phoenix-1.7.10/ebin/phoenix.app";
        assert!(claims(&Candidate::named(path)));
        assert_eq!(
            of(
                path,
                "{application,phoenix,\n [{description,\"web\"},\n  {vsn, \"1.7.10\"}]}."
            ),
            ["hex/phoenix@1.7.10"]
        );
        assert_eq!(
            of("x/ebin/ssl.app", "{application,ssl,[{vsn,\"11.0\"}]}."),
            ["otp/ssl@11.0"]
        );
        assert!(of("x/ebin/a.app", "{application,a,[{vsn,\"\"}]}").is_empty());
        assert!(of("x/ebin/a.app", "not one").is_empty());
    }
}
