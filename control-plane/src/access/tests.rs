use super::*;

#[test]
fn the_whole_table_of_who_may_what() {
    let rows: Vec<String> = Action::ALL
        .iter()
        .map(|action| {
            let marks: String = Role::ALL
                .iter()
                .map(|role| if role.may(*action) { " x" } else { " ." })
                .collect();
            format!("{:<15}{marks}", format!("{action:?}"))
        })
        .collect();
    // Columns: owner, admin, policy_manager, approver, auditor, viewer.
    let table = [
        "Read            x x x x x x",
        "ReadApprovals   x x . x x .",
        "DecideApprovals x x . x . .",
        "WritePolicies   x x x . . .",
        "WriteGrants     x x . . . .",
        "WriteServers    x x . . . .",
        "Kill            x x . . . .",
        "ReadEvents      x x . . x .",
        "Export          x x . . x .",
        "Administer      x x . . . .",
        "DeleteOrg       x . . . . .",
    ];
    assert_eq!(rows, table);
}

#[test]
fn nobody_hands_out_more_than_they_hold() {
    assert!(Role::Owner.covers(Role::Admin));
    assert!(!Role::Admin.covers(Role::Owner));
    assert!(!Role::PolicyManager.covers(Role::Auditor));
    assert!(!Role::Viewer.covers(Role::Approver));
    assert!(!Role::Auditor.covers(Role::Approver));
    assert!(Role::Approver.covers(Role::Viewer));
}
