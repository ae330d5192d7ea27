use super::{Path, Root, Step};

#[test]
fn every_spelling_is_read() {
    let steps = |text: &str| Path::parse(text).expect(text).steps;
    assert_eq!(steps("args"), []);
    assert_eq!(
        steps("args.a-b_9[0][*].c"),
        [
            Step::Key("a-b_9".into()),
            Step::Index(0),
            Step::Every,
            Step::Key("c".into())
        ]
    );
    assert_eq!(
        steps(r#"args["a\"]\\"]["ü"]"#),
        [Step::Key("a\"]\\".into()), Step::Key("ü".into())]
    );
    assert_eq!(
        Path::parse("grant.labels.env").unwrap().root,
        Root::GrantLabel("env".into())
    );
    assert_eq!(
        Path::parse(r#"grant.labels["a.b"]"#).unwrap().root,
        Root::GrantLabel("a.b".into())
    );
    assert_eq!(Path::parse("time.date").unwrap().root, Root::Date);
}

#[test]
fn everything_else_is_refused_with_the_nearest_root() {
    for text in [
        "",
        "arg",
        "argsx",
        "args.",
        "args..a",
        "args.a b",
        "args[",
        "args[]",
        "args[-1]",
        "args[01]",
        "args[1",
        "args['a']",
        "args[\"a]",
        "args[\"a\"",
        "args[\"\\q\"]",
        "args[\"\\ud800\"]",
        "args[99999999999]",
        "args.ä",
        "args.a.",
        "grant",
        "grant.labels",
        "grant.labels.a.b",
        "grant.labels[*]",
        "grant.name.x",
        "tool",
        "tool.annotations",
        "tool.annotations.title",
        "time.second",
        "$.a",
        "time.hour[0]",
        "server",
        "Args.a",
    ] {
        assert_eq!(
            Path::parse(text).map_err(|flaw| flaw.code),
            Err("bad_path"),
            "{text}"
        );
    }
    assert_eq!(
        Path::parse("time.hours").unwrap_err().hint.as_deref(),
        Some("time.hour")
    );
}
