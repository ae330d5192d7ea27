use super::Case;

fn read(text: &str) -> Result<usize, String> {
    let limits = json::Limits {
        bytes: 1 << 16,
        depth: 32,
        values: 1 << 20,
    };
    let document = json::read(text.as_bytes(), &limits).unwrap();
    Case::read_all(&document.root, document.text).map(|cases| cases.len())
}

#[test]
fn a_case_with_a_key_that_nobody_reads_is_refused() {
    let case = r#"[{"name":"n","policy":{},"call":{"tool":"t"},"expect":{"verdict":"allow"}}]"#;
    assert_eq!(read(case), Ok(1));
    for (from, to) in [
        ("\"name\"", "\"nam\":1,\"name\""),
        ("\"tool\"", "\"args\":{},\"tool\""),
        ("\"verdict\"", "\"rules\":1,\"verdict\""),
        ("\"call\"", "\"context\":{\"time\":1},\"call\""),
        ("\"call\"", "\"context\":{\"tool\":{\"kind\":1}},\"call\""),
        (
            "\"call\"",
            "\"context\":{\"tool\":{\"category\":\"reed\"}},\"call\"",
        ),
        ("\"call\"", "\"context\":{\"now\":\"today\"},\"call\""),
        ("\"verdict\":\"allow\"", ""),
    ] {
        assert!(read(&case.replacen(from, to, 1)).is_err(), "{to}");
    }
}

#[test]
fn what_a_case_expects_is_compared() {
    let limits = json::Limits {
        bytes: 1 << 16,
        depth: 32,
        values: 1 << 20,
    };
    let right = r#"{"verdict":"allow","rule":null,"charges":[{"cost":2,"max":5}],"record":"strict","shadows":[],"spends":false}"#;
    let differences = |expect: &str| {
        let text = format!(
            r#"[{{"name":"n","policy":{{"version":"1","default":"deny","tools":{{"t":{{"limits":[{{"counter":"c","window":"day","max":5,"cost":2}}]}}}}}},
                "call":{{"tool":"t"}},"expect":{expect}}}]"#
        );
        let document = json::read(text.as_bytes(), &limits).unwrap();
        let cases = Case::read_all(&document.root, document.text).unwrap();
        let policy = crate::compile(cases[0].policy.unwrap()).unwrap();
        cases[0].differences(&policy).len()
    };
    assert_eq!(differences(right), 0);
    for (from, to) in [
        ("\"allow\"", "\"deny\""),
        ("null", "\"/x\""),
        ("\"cost\":2", "\"cost\":3"),
        ("\"max\"", "\"maximum\""),
        ("[{\"cost\":2,\"max\":5}]", "[]"),
        ("strict", "host"),
        ("\"shadows\":[]", "\"shadows\":[[\"would_deny\",\"/x\"]]"),
        ("false", "true"),
    ] {
        assert_eq!(differences(&right.replacen(from, to, 1)), 1, "{to}");
    }
}
