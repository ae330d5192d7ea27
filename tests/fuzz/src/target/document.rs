//! Policy documents: any text has findings or is a policy, and a policy has one spelling that is the same policy.

use crate::parts::text;
use policy::Level;

pub fn run(data: &[u8]) {
    let Some(text) = text(data) else {
        return;
    };
    let findings = policy::check(text, None);
    let lines = u32::try_from(text.split('\n').count()).expect("a short text");
    for finding in &findings {
        assert!((1..=lines).contains(&finding.line) && finding.column >= 1);
        assert!(finding.pointer.is_empty() || finding.pointer.starts_with('/'));
        assert!(!finding.message.is_empty());
    }
    let has_errors = findings.iter().any(|finding| finding.level == Level::Error);
    match policy::compile(text) {
        Ok(_) => assert!(!has_errors),
        Err(errors) => {
            assert!(has_errors && !errors.is_empty());
            assert!(policy::canonical(text).is_err());
            return;
        }
    }
    let spelt = policy::canonical(text).expect("what compiles has one spelling");
    assert_eq!(policy::canonical(&spelt).as_ref(), Ok(&spelt));
}
