use super::*;

fn reply(numbers: &[i64]) -> Value {
    let mut items: Vec<Value> = numbers.iter().map(|number| Value::Int(*number)).collect();
    items.insert(2, Value::BulkString(b"e".to_vec()));
    Value::Array(items)
}

#[test]
fn each_answer_is_read() {
    let passed = read(reply(&[0, 9, 4, 1, 5, 2]), 2, 0).unwrap();
    assert_eq!(passed.answer, Answer::Passed { slots: vec![4, 5] });
    assert_eq!((passed.now, passed.sums), (9, vec![1, 2]));
    let refused = read(reply(&[1, 9, 1, -1, 7, 8]), 2, 0).unwrap();
    let never = Refusal {
        part: 1,
        wait: None,
    };
    assert_eq!(
        (refused.answer, refused.sums),
        (Answer::Refused(never), vec![7, 8])
    );
    let revoked = read(reply(&[2, 9, 3]), 2, 0).unwrap();
    assert_eq!(revoked.answer, Answer::Revoked(Revoked::Server));
}

#[test]
fn what_is_in_shadow_is_told_beside_what_passed() {
    let passed = read(reply(&[0, 9, 4, 1, 0, 1]), 1, 2).unwrap();
    assert_eq!((passed.sums, passed.would), (vec![1], vec![1]));
    for numbers in [[0, 9, 4, 1, 0, 2].as_slice(), &[0, 9, 4, 1, 0], &[0, 9, 4]] {
        assert_eq!(read(reply(numbers), 1, 2), None, "{numbers:?}");
    }
}

#[test]
fn anything_else_is_no_answer() {
    let wrong: [&[i64]; 8] = [
        &[3, 9],
        &[0, 9, 4],
        &[0, 9, 4, 1],
        &[0, 9, 4, 1, 5, -2],
        &[1, 9, 2, 5, 7, 8],
        &[1, 9, -1, 5, 7, 8],
        &[1, 9, 0, 5, 7],
        &[2, 9, 4],
    ];
    for numbers in wrong {
        assert_eq!(read(reply(numbers), 2, 0), None, "{numbers:?}");
    }
    assert_eq!(read(Value::Nil, 0, 0), None);
    assert_eq!(read(Value::Array(vec![]), 0, 0), None);
}
