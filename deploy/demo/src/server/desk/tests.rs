use super::*;

#[test]
fn a_refund_takes_from_what_was_paid_and_never_more() {
    let mut desk = Desk::opened();
    let paid = desk.customer("sam-okafor").unwrap().paid;
    desk.refund("sam-okafor", paid, "EUR", None).unwrap();
    assert_eq!(desk.customer("sam-okafor").unwrap().paid, 0);
    assert_eq!(
        desk.refund("sam-okafor", 1, "EUR", None),
        Err(DeskError::MoreThanPaid {
            customer: "sam-okafor".to_owned(),
            paid: 0,
            amount: 1
        })
    );
}

#[test]
fn a_refund_of_nothing_or_in_another_currency_is_refused() {
    let mut desk = Desk::opened();
    assert_eq!(
        desk.refund("ada-byron", 0, "EUR", None),
        Err(DeskError::NothingToRefund)
    );
    assert_eq!(
        desk.refund("ada-byron", 5, "eur", None),
        Err(DeskError::OtherCurrency("eur".to_owned()))
    );
}

#[test]
fn a_search_finds_the_tickets_that_hold_every_word() {
    let desk = Desk::opened();
    let found: Vec<_> = desk
        .search("plan REFUND")
        .into_iter()
        .map(|ticket| ticket.id)
        .collect();
    assert_eq!(found, ["t-104"]);
    assert_eq!(desk.search("").len(), 4);
    assert!(desk.search("no such words").is_empty());
}

#[test]
fn a_deleted_customer_is_gone_with_their_tickets() {
    let mut desk = Desk::opened();
    desk.delete("ada-byron").unwrap();
    assert_eq!(
        desk.customer("ada-byron"),
        Err(DeskError::NoSuchCustomer("ada-byron".to_owned()))
    );
    assert!(
        desk.search("")
            .iter()
            .all(|ticket| ticket.customer != "ada-byron")
    );
    assert_eq!(
        desk.delete("ada-byron"),
        Err(DeskError::NoSuchCustomer("ada-byron".to_owned()))
    );
}

#[test]
fn only_the_newest_thousand_messages_are_kept() {
    let mut desk = Desk::opened();
    for number in 0..=KEPT {
        desk.send("mei-tanaka", &format!("message {number}"))
            .unwrap();
    }
    assert_eq!(desk.messages.len(), KEPT);
    assert_eq!(desk.messages.front().unwrap().text, "message 1");
    assert_eq!(desk.send("mei-tanaka", "  "), Err(DeskError::EmptyMessage));
}
