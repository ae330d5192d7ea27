use super::{CompiledSchema, SchemaFault, exact};

const LIMITS: json::Limits = json::Limits {
    bytes: 1 << 20,
    depth: 64,
    values: 1 << 20,
};

fn carried(text: &str) -> Option<String> {
    exact(&json::read(text.as_bytes(), &LIMITS).unwrap().root).map(|value| value.to_string())
}

#[test]
fn a_number_is_carried_exactly_or_not_at_all() {
    for (text, same) in [
        ("0.1", "0.1"),
        ("1.0", "1"),
        ("-0", "0"),
        ("1e2", "100"),
        ("18446744073709551615", "18446744073709551615"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("1e300", "1e+300"),
    ] {
        assert_eq!(carried(text).as_deref(), Some(same), "{text}");
    }
    for text in [
        "0.1000000000000000055",
        "18446744073709551617",
        "9007199254740993.5",
        "1e400",
        "1e-400",
        "[[1e999]]",
    ] {
        assert_eq!(carried(text), None, "{text}");
    }
}

#[test]
fn what_cannot_be_compiled_says_why() {
    let fault = |text: &str| CompiledSchema::compile(text).unwrap_err();
    assert_eq!(fault("{"), SchemaFault::NotRead);
    assert_eq!(
        fault(r#"{"type":"object","type":"object"}"#),
        SchemaFault::NotRead
    );
    assert_eq!(fault(r#"{"maximum":1e999}"#), SchemaFault::InexactNumber);
    for text in [
        r#"{"type":"objekt"}"#,
        r#"{"$ref":"https://schemas.example/x"}"#,
        r#"{"$ref":"file:///etc/hostname"}"#,
        r#"{"pattern":"(?=a)"}"#,
        r#"{"pattern":"(\\p{L}{100}){100}"}"#,
    ] {
        assert!(matches!(fault(text), SchemaFault::NotCompiled(_)), "{text}");
    }
}

#[test]
fn the_patterns_of_a_schema_share_one_bound() {
    let schema = |count: usize| {
        let properties: Vec<String> = (0..count)
            .map(|number| format!("\"p{number}\":{{\"pattern\":\"^\\\\p{{L}}{{20}}{number}$\"}}"))
            .collect();
        format!("{{\"properties\":{{{}}}}}", properties.join(","))
    };
    assert!(CompiledSchema::compile(&schema(1)).is_ok());
    assert!(matches!(
        CompiledSchema::compile(&schema(2_000)),
        Err(SchemaFault::NotCompiled(_))
    ));
}
