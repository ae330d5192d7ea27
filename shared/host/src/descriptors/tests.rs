use super::*;

#[test]
fn the_soft_limit_becomes_the_hard_one() {
    let hard = getrlimit(Resource::Nofile).maximum;
    let low = Rlimit {
        current: Some(256),
        maximum: hard,
    };
    setrlimit(Resource::Nofile, low).unwrap();
    let raised = raise();
    assert_eq!(raised.before, 256);
    assert_eq!(raised.now, hard.unwrap_or(u64::MAX));
}
