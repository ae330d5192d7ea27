use super::{mark, of_value};
use serde_json::json;

#[test]
fn the_order_of_keys_is_no_change_and_the_order_of_items_is_one() {
    let one: serde_json::Value = serde_json::from_str(r#"{"a":1,"b":{"c":2,"d":3}}"#).unwrap();
    let other: serde_json::Value = serde_json::from_str(r#"{"b":{"d":3,"c":2},"a":1}"#).unwrap();
    assert_eq!(of_value(&one), of_value(&other));
    assert_ne!(of_value(&json!([1, 2])), of_value(&json!([2, 1])));
    assert_ne!(of_value(&json!("1")), of_value(&json!(1)));
}

#[test]
fn a_mark_is_that_of_the_published_function() {
    assert_eq!(mark(""), "e3b0c44298fc1c149afbf4c8996fb924");
    assert_eq!(mark("a"), "ca978112ca1bbdcafac231b39a23dc4d");
}
