use super::{of_name, of_text, roots};

fn name(text: &str) -> String {
    of_name(text).join(" ")
}

#[test]
fn every_case_of_writing_a_name_gives_the_same_words() {
    for text in [
        "delete_user_key",
        "delete-user-key",
        "deleteUserKey",
        "DeleteUserKey",
        "delete.user/key",
        "DELETE_USER_KEY",
    ] {
        assert_eq!(name(text), "delete user key", "{text}");
    }
}

#[test]
fn capitals_in_a_row_are_one_word() {
    assert_eq!(name("StartAHORun"), "start aho run");
    assert_eq!(name("getHTTPSUrl"), "get https url");
    assert_eq!(
        name("TwilioApiV2010--CreateCall"),
        "twilio api v2010 create call"
    );
}

#[test]
fn a_hyphen_holds_a_word_of_a_text_together() {
    let words: Vec<String> = of_text("Runs a read-only query -- don't write.").collect();
    assert_eq!(words, ["runs", "a", "read-only", "query", "don't", "write"]);
}

#[test]
fn a_form_of_a_verb_leads_to_the_verb() {
    for (form, verb) in [
        ("deletes", "delete"),
        ("deleting", "delete"),
        ("stopping", "stop"),
        ("fetches", "fetch"),
        ("applies", "apply"),
        ("sending", "send"),
    ] {
        assert!(roots(form).any(|root| root == verb), "{form}");
    }
    assert!(!roots("is").any(|root| root == "i"));
}
