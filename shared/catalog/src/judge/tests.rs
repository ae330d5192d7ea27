use crate::Category::{self, Destructive, Execute, Financial, Read, Unknown, Write};
use crate::{
    Annotations, Classification, Definition, Field, Parameter, Severity, Text, Trust, classify,
};

fn tool(name: &str, description: &str, parameters: &[&str]) -> Definition {
    Definition {
        name: name.to_owned(),
        parameters: parameters
            .iter()
            .map(|name| Parameter {
                name: (*name).to_owned(),
                kind: "string".to_owned(),
                required: true,
                choices: Vec::new(),
            })
            .collect(),
        annotations: Annotations::default(),
        text: Text::read(description),
    }
}

fn answer(definition: &Definition) -> Classification {
    classify(definition, Trust::Untrusted)
}

fn says(name: &str, description: &str, parameters: &[&str], category: Category) {
    let got = answer(&tool(name, description, parameters));
    assert_eq!(got.category, category, "{name}: {got:?}");
}

#[test]
fn common_tools_are_what_people_take_them_for() {
    says(
        "list_directory",
        "Get a listing of a folder.",
        &["path"],
        Read,
    );
    says(
        "edit_file",
        "Make edits to a text file.",
        &["path", "edits"],
        Write,
    );
    says(
        "merge_pull_request",
        "Merge a pull request.",
        &["number"],
        Write,
    );
    says("restart_service", "Restart a service", &[], Execute);
    says("send_email", "Send an email", &["to", "body"], Execute);
    says("drop_table", "Drop a table", &["table"], Destructive);
    says(
        "terminate_instances",
        "Terminate instances",
        &["ids"],
        Destructive,
    );
    says(
        "create_payout",
        "Create a payout",
        &["amount", "currency"],
        Financial,
    );
}

#[test]
fn free_text_that_is_run_decides_for_itself() {
    says("bash", "A shell.", &["command"], Execute);
    says("query", "Execute a SQL query", &["sql"], Execute);
    says("query", "Run a read-only SQL query", &["sql"], Read);
    says(
        "query",
        "Run SQL. Read-only mode is the default.",
        &["sql"],
        Execute,
    );
    says(
        "write_query",
        "Execute an INSERT on the database",
        &["query"],
        Execute,
    );
    says(
        "api_request",
        "Call any endpoint",
        &["method", "path"],
        Execute,
    );
}

#[test]
fn running_a_question_is_reading() {
    says("run_report", "Runs a report", &["metrics"], Read);
    says("execute_promql_query", "Execute a query", &["query"], Read);
}

#[test]
fn making_a_message_sends_it_and_making_a_job_runs_it() {
    says("create_message", "Create a message", &["body"], Execute);
    says("create_import_job", "Create an import job", &[], Execute);
    says("draft_email", "Create a draft", &["to"], Write);
}

#[test]
fn taking_a_label_off_destroys_nothing_unless_it_cannot_be_undone() {
    says("remove_label", "Remove a label from an issue", &[], Write);
    says("remove_file", "Remove a file", &[], Destructive);
    says(
        "remove_member",
        "Remove a member. This cannot be undone.",
        &[],
        Destructive,
    );
}

#[test]
fn money_is_seen_by_its_nouns_and_prices_are_not_money() {
    says(
        "create_transaction",
        "Bills a customer",
        &["currency"],
        Financial,
    );
    says(
        "run_transaction",
        "Run statements in a database transaction",
        &[],
        Execute,
    );
    says(
        "create_coupon",
        "Create a coupon",
        &["amount", "currency"],
        Write,
    );
    says("list_payments", "List payments", &[], Read);
}

#[test]
fn a_tool_of_many_operations_is_as_bad_as_the_worst() {
    let mut definition = tool("manage_table", "Manages a table.", &["operation"]);
    assert_eq!(answer(&definition).category, Write);
    definition.parameters[0].choices = vec!["get".into(), "delete".into()];
    assert_eq!(answer(&definition).category, Destructive);
    says(
        "manage_row",
        "Manages rows.\n- list: all\n- purge-row: one",
        &["operation"],
        Destructive,
    );
}

#[test]
fn a_hint_raises_a_doubt_and_lowers_only_for_the_trusted() {
    let mut definition = tool("frobnicate", "", &[]);
    assert_eq!(answer(&definition).category, Unknown);
    assert_eq!(answer(&definition).severity, Severity::High);
    definition.annotations.read_only_hint = Some(true);
    assert_eq!(answer(&definition).category, Unknown);
    assert_eq!(classify(&definition, Trust::Trusted).category, Read);
    definition.annotations = Annotations {
        destructive_hint: Some(true),
        ..Annotations::default()
    };
    assert_eq!(answer(&definition).category, Destructive);
}

#[test]
fn no_claim_of_an_untrusted_server_makes_an_answer_better() {
    for (name, description) in [
        ("delete_user", "Delete a user"),
        ("send_sms", "Send"),
        ("x", ""),
    ] {
        let plain = tool(name, description, &[]);
        let mut claims = plain.clone();
        claims.annotations.read_only_hint = Some(true);
        claims.annotations.destructive_hint = Some(false);
        assert!(
            answer(&claims).severity >= answer(&plain).severity,
            "{name}"
        );
    }
}

#[test]
fn the_evidence_names_the_words_also_of_what_was_outweighed() {
    let got = answer(&tool("create_refund", "Create a refund", &["amount"]));
    let words: Vec<(Field, &str, Category)> = got
        .evidence
        .iter()
        .map(|one| (one.field, one.word.as_str(), one.category))
        .collect();
    assert_eq!(
        words,
        [
            (Field::Name, "refund", Financial),
            (Field::Description, "create", Write)
        ]
    );
}

proptest::proptest! {
    #[test]
    fn every_definition_gets_the_same_answer_twice(name in "\\PC{0,40}", description in "\\PC{0,200}", parameter in "\\PC{0,20}") {
        let definition = tool(&name, &description, &[&parameter]);
        let once = answer(&definition);
        proptest::prop_assert_eq!(once.category == Unknown, once.confidence == 0);
        proptest::prop_assert_eq!(answer(&definition), once);
    }
}
