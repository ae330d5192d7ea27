//! What is recommended is right: the language itself has nothing to say against any of it.

use catalog::{Category, Preset, attack, preset, shipped};

#[test]
fn every_recommended_document_of_every_shipped_server_passes_without_a_finding() {
    for server in shipped::read(shipped::FILE).unwrap() {
        for preset in Preset::ALL {
            let tools = server.tools.iter().flatten();
            let document = preset.document(tools.map(|tool| (tool.name.as_str(), tool.category)));
            let findings = policy::check(&document, None);
            assert!(
                findings.is_empty(),
                "{} {}: {findings:?}",
                server.package,
                preset.name()
            );
            for tool in server.tools.iter().flatten() {
                let one = preset.document([(tool.name.as_str(), tool.category)].into_iter());
                let findings = policy::check(&one, None);
                assert!(
                    findings.is_empty(),
                    "{} {}: {findings:?}",
                    server.package,
                    tool.name
                );
            }
        }
    }
}

#[test]
fn the_policies_of_the_attack_patterns_pass_without_a_finding() {
    for pattern in attack::ALL {
        let findings = policy::check(pattern.policy, None);
        assert!(findings.is_empty(), "{}: {findings:?}", pattern.slug);
    }
}

proptest::proptest! {
    #[test]
    fn whatever_tools_are_called_the_document_passes_and_names_each_of_them(
        names in proptest::collection::hash_set("\\PC{1,40}|[a-z_@*?.\"\\\\/-]{1,12}", 0..30),
        category in 0_usize..6,
    ) {
        for kind in Preset::ALL {
            let category = Category::ALL[category];
            let document = kind.document(names.iter().map(|name| (name.as_str(), category)));
            let findings = policy::check(&document, None);
            proptest::prop_assert!(findings.is_empty(), "{findings:?} in {document}");
            let read: serde_json::Value = serde_json::from_str(&document).unwrap();
            for name in names.iter().filter(|name| preset::is_selectable(name)) {
                proptest::prop_assert!(read["tools"].get(name).is_some(), "{name}");
            }
        }
    }
}
