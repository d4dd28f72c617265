//! What a Dockerfile means.

use plimsoll_model::{ImageConfig, Platform, SourceFile};
use plimsoll_syntax::dockerfile::{Base, Resolution, ResolveInput, State, parse, resolve};

fn of(text: &str, input: &ResolveInput<'_>) -> Resolution {
    let (file, errors) = parse(SourceFile::new("Dockerfile", text));
    assert_eq!(errors, []);
    resolve(&file, input)
}

fn plain(text: &str) -> Resolution {
    let resolution = of(text, &ResolveInput::default());
    assert_eq!(resolution.errors, []);
    resolution
}

fn value<'a>(state: &'a State, name: &str) -> Option<&'a str> {
    state.variables.get(name)?.value.as_deref()
}

#[test]
fn stages_inherit_and_the_target_pulls_what_it_needs() {
    let resolution = plain(
        "FROM debian AS Base\nENV A=1\nUSER app\nWORKDIR /srv\n\
         FROM golang AS build\n\
         FROM node AS unused\n\
         FROM base\nCOPY --from=BUILD /a /b\nCOPY --from=1 /a /b\nRUN --mount=from=build,target=/m true\nCOPY --from=nginx:1 /a /b\nWORKDIR sub\n",
    );
    let last = &resolution.stages[3];
    assert_eq!(resolution.target, Some(3));
    assert_eq!(last.base, Base::Stage(0));
    assert_eq!(last.needs, [0, 1]);
    let reaching: Vec<_> = resolution
        .stages
        .iter()
        .map(|stage| stage.reaches_target)
        .collect();
    assert_eq!(reaching, [true, true, false, true]);
    assert_eq!(last.steps[0].from, [Base::Stage(1)]);
    assert_eq!(last.steps[2].from, [Base::Stage(1)]);
    assert_eq!(last.steps[3].from, [Base::Image("nginx:1".to_owned())]);
    assert_eq!(last.start.user.as_deref(), Some("app"));
    assert_eq!(value(&last.end, "A"), Some("1"));
    assert_eq!(last.end.workdir.as_deref(), Some("/srv/sub"));
    assert!(!last.end.base_known);
}

#[test]
fn args_are_scoped_and_env_wins() {
    let text = "ARG TAG=1.2\nARG FULL=debian:$TAG\nFROM $FULL AS a\nARG TAG\nARG MODE=dev\nENV MODE=prod\nARG MODE=other\nARG NONE\nENV B=$MODE C=$B\nRUN true\nFROM scratch\nRUN true\n";
    let resolution = plain(text);
    assert_eq!(
        resolution.stages[0].base,
        Base::Image("debian:1.2".to_owned())
    );
    assert_eq!(
        resolution.global_args["FULL"].value.as_deref(),
        Some("debian:1.2")
    );
    let end = &resolution.stages[0].end;
    assert_eq!(value(end, "TAG"), Some("1.2"));
    assert_eq!(value(end, "MODE"), Some("prod"));
    assert_eq!(value(end, "B"), Some("prod"));
    assert_eq!(end.variables["NONE"].value, None);
    // One ENV sees what stood in front of it, and what stood there only the base image knows.
    assert_eq!(end.variables["C"].value, None);
    assert_eq!(value(&resolution.stages[1].end, "TAG"), None);

    let mut input = ResolveInput::default();
    input.build_args.insert("TAG".to_owned(), "9".to_owned());
    input
        .build_args
        .insert("NONE".to_owned(), "some".to_owned());
    let resolution = of(text, &input);
    assert_eq!(
        resolution.stages[0].base,
        Base::Image("debian:9".to_owned())
    );
    assert_eq!(value(&resolution.stages[0].end, "NONE"), Some("some"));
}

#[test]
fn platform_arguments_are_given() {
    let input = ResolveInput {
        target_platform: Platform::parse("linux/arm64/v8"),
        ..ResolveInput::default()
    };
    let resolution = of(
        "FROM --platform=$TARGETPLATFORM alpine\nARG TARGETARCH TARGETVARIANT BUILDOS\nRUN true\n",
        &input,
    );
    let stage = &resolution.stages[0];
    assert_eq!(stage.platform.as_deref(), Some("linux/arm64/v8"));
    assert_eq!(value(&stage.end, "TARGETARCH"), Some("arm64"));
    assert_eq!(value(&stage.end, "TARGETVARIANT"), Some("v8"));
    assert_eq!(value(&stage.end, "BUILDOS"), Some("linux"));
    assert_eq!(value(&stage.start, "TARGETARCH"), None);
}

#[test]
fn the_configuration_of_a_base_is_where_a_stage_starts() {
    let look_up = |reference: &str| {
        (reference == "python:3").then(|| ImageConfig {
            env: vec!["PATH=/opt:/bin".to_owned(), "LANG=C".to_owned()],
            user: "1000".to_owned(),
            working_dir: "/app".to_owned(),
            ..ImageConfig::default()
        })
    };
    let input = ResolveInput {
        base_config: Some(&look_up),
        ..ResolveInput::default()
    };
    let resolution = of(
        "FROM python:3\nENV PATH=/x:$PATH\nARG LANG=de\nWORKDIR src\nRUN true\n",
        &input,
    );
    let end = &resolution.stages[0].end;
    assert!(end.base_known);
    assert_eq!(value(end, "PATH"), Some("/x:/opt:/bin"));
    assert_eq!(value(end, "LANG"), Some("C"));
    assert_eq!(end.user.as_deref(), Some("1000"));
    assert_eq!(end.workdir.as_deref(), Some("/app/src"));
    let scratch = of("FROM scratch\nWORKDIR a/../b\n", &input);
    assert_eq!(scratch.stages[0].end.workdir.as_deref(), Some("/b"));
    assert!(
        value(&scratch.stages[0].end, "PATH")
            .unwrap()
            .contains("/usr/bin")
    );
}

#[test]
fn what_cannot_be_resolved_is_told() {
    for (text, part) in [
        ("FROM node:$VERSION\n", "ARG VERSION"),
        ("ARG V\nFROM node:$V\n", "--build-arg V"),
        (
            "FROM a\nCOPY --from=later /x /y\nFROM b AS later\n",
            "above",
        ),
        ("FROM a\nCOPY --from=0 /x /y\n", "itself"),
        ("FROM a\nCOPY --from=7 /x /y\n", "above"),
        ("FROM a\nARG X\nCOPY --from=$X /x /y\n", "variables"),
        ("FROM Upper\n", "lower case"),
        (
            "FROM scratch\nENV A=\"${B:?is missing}\"\n",
            "--build-arg B",
        ),
        ("FROM a\nWORKDIR ${x\n", "missing '}'"),
        ("FROM --platform=$NOPE a\n", "platform"),
        (
            "FROM a\nRUN --mount=type=cache,target=/c,colour=red true\n",
            "`colour`",
        ),
    ] {
        let resolution = of(text, &ResolveInput::default());
        assert_eq!(resolution.errors.len(), 1, "{text} {:?}", resolution.errors);
        assert!(
            resolution.errors[0].message.contains(part),
            "{:?}",
            resolution.errors
        );
    }
    // The base image may well set it.
    plain("FROM debian\nENV A=\"${B:?is missing}\"\n");
    // An argument that may be empty is no error.
    let resolution = plain("ARG REGISTRY\nFROM ${REGISTRY}debian\n");
    assert_eq!(resolution.stages[0].base, Base::Image("debian".to_owned()));
}

#[test]
fn targets_and_named_contexts() {
    let text = "FROM debian AS one\nRUN true\nFROM alpine AS two\nRUN true\nFROM one\n";
    let input = |target: &str| ResolveInput {
        target: Some(target.to_owned()),
        build_contexts: vec![
            "docker.io/library/alpine:latest".to_owned(),
            "one".to_owned(),
        ],
        ..ResolveInput::default()
    };
    let resolution = of(text, &input("TWO"));
    assert_eq!(resolution.target, Some(1));
    assert_eq!(
        resolution.stages[1].base,
        Base::Context("docker.io/library/alpine:latest".to_owned())
    );
    // A context of the name of a stage takes its place.
    assert_eq!(resolution.stages[0].base, Base::Context("one".to_owned()));
    assert!(resolution.stages[0].steps.is_empty());
    assert!(!resolution.stages[0].reaches_target);
    assert_eq!(of(text, &input("0")).target, Some(0));
    let unknown = of(text, &input("three"));
    assert_eq!(unknown.target, None);
    assert!(unknown.errors[0].message.contains("`two`"));
}

#[test]
fn onbuild_runs_in_the_stage_on_top() {
    let resolution = plain(
        "FROM debian AS base\nONBUILD ENV A=1\nONBUILD USER app\nRUN true\nFROM base\nRUN true\n",
    );
    assert_eq!(value(&resolution.stages[0].end, "A"), None);
    let top = &resolution.stages[1];
    let steps: Vec<_> = top
        .steps
        .iter()
        .map(|step| (step.instruction, step.triggered))
        .collect();
    assert_eq!(steps, [(1, true), (2, true), (5, false)]);
    assert_eq!(value(&top.steps[2].before, "A"), Some("1"));
    assert_eq!(top.end.user.as_deref(), Some("app"));
}

#[test]
fn hostile_files_use_bounded_memory() {
    let growing = format!("FROM scratch\nENV A=xx\n{}", "ENV A=$A$A\n".repeat(100));
    assert!(!of(&growing, &ResolveInput::default()).errors.is_empty());
    let many: String = (0..20_000).map(|n| format!("ENV A{n}=x\n")).collect();
    let resolution = of(&format!("FROM scratch\n{many}"), &ResolveInput::default());
    assert_eq!(resolution.errors.len(), 1);
    let stages: String = (0..20_000).map(|n| format!("FROM a AS s{n}\n")).collect();
    assert_eq!(plain(&stages).stages.len(), 20_000);
    let triggers = format!(
        "FROM a AS b\n{}{}",
        "ONBUILD USER x\n".repeat(2_000),
        "FROM b\n".repeat(2_000)
    );
    assert_eq!(of(&triggers, &ResolveInput::default()).errors.len(), 1);
}
