use super::*;
use bundle::revocation::Taken;
use ids::OrgId;

fn word(text: &str) -> Value {
    Value::BulkString(text.as_bytes().to_vec())
}

fn entry(name: &str, fields: &[&str]) -> Value {
    let fields = fields.iter().map(|text| word(text)).collect();
    Value::Array(vec![word(name), Value::Array(fields)])
}

fn at(time: u64, count: u64) -> Place {
    Place { time, count }
}

#[test]
fn entries_are_read_in_their_order_and_remembered_by_the_last() {
    let org = OrgId::new(1, [1; 10]);
    let id = org.uuid().to_string();
    let answer = Value::Array(vec![
        word("9-2"),
        entry("8-0", &["org", &id, "what", "kill", "version", "4"]),
        // A later version may say more.
        entry(
            "9-2",
            &["why", "?", "version", "5", "what", "t:77", "org", &id],
        ),
    ]);
    let news = read(answer, at(7, 9)).unwrap();
    assert_eq!((news.place, news.is_all), (at(9, 2), true));
    let versions: Vec<_> = news.taken.iter().map(|it| (it.what, it.version)).collect();
    assert_eq!(versions, [(Taken::Org, 4), (Taken::Org, 5)]);
}

#[test]
fn a_stream_that_knows_less_than_was_read_is_read_from_the_beginning() {
    for newest in ["", "5-0"] {
        let news = read(Value::Array(vec![word(newest)]), at(5, 1)).unwrap();
        assert_eq!((news.place, news.is_all), (Place::default(), false));
    }
    let nothing = read(Value::Array(vec![word("")]), Place::default()).unwrap();
    assert!(nothing.is_all && nothing.taken.is_empty());
}

#[test]
fn an_entry_that_names_nobody_is_passed_over_and_the_others_count() {
    let org = OrgId::new(1, [1; 10]).uuid().to_string();
    let answer = Value::Array(vec![
        word("3-0"),
        entry("1-0", &["org", "nobody", "what", "kill", "version", "4"]),
        entry("2-0", &[]),
        entry("3-0", &["org", &org, "what", "kill", "version", "4"]),
    ]);
    let news = read(answer, Place::default()).unwrap();
    assert_eq!((news.taken.len(), news.place), (1, at(3, 0)));
}

#[test]
fn what_is_no_answer_is_none() {
    let answers = [
        Value::Nil,
        Value::Array(vec![]),
        Value::Array(vec![Value::Int(1)]),
        Value::Array(vec![word("no place")]),
        Value::Array(vec![word("1-0"), word("1-0")]),
        Value::Array(vec![word("1-0"), Value::Array(vec![word("1-0")])]),
    ];
    for answer in answers {
        assert_eq!(read(answer, Place::default()), None);
    }
}
