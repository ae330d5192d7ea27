use super::*;
use proptest::prelude::*;

proptest! {
    #[test]
    fn a_charge_reads_as_it_was_written(
        limit: [u8; 16], subject: [u8; 16], slot_ms in 1..=100_000_000_u64, slots in 0..=120_u64,
        slot in 0..=10_000_000_u64, cost in 0..=GREATEST,
        is_of_forwarded: bool,
    ) {
        let charge = Charge { limit, subject, slot_ms, slots, slot, cost, is_of_forwarded };
        prop_assert_eq!(charge.to_string().parse::<Charge>(), Ok(charge));
    }
}

#[test]
fn what_is_no_charge_says_what_was_expected() {
    let half = "00".repeat(16);
    let whole = format!("{half}.{half}.1000x60.7.1");
    assert!(whole.parse::<Charge>().is_ok());
    for wrong in [
        String::new(),
        "x".to_owned(),
        format!("{half}.{half}.1000x60.7"),
        format!("{whole}.1"),
        format!("{whole}.f.f"),
        format!("{half}.00.1000x60.7.1"),
        format!("{half}.{half}.0x60.7.1"),
        format!("{half}.{half}.1000x60.-7.1"),
        format!("{half}.{half}.1000x60.+7.1"),
        format!("{half}.{half}.1000x60.7.9007199254740992"),
        format!("{half}.{half}.9007199254740991x60.7.1"),
    ] {
        let said = wrong.parse::<Charge>().unwrap_err().to_string();
        assert!(
            said.ends_with("`LIMIT.SUBJECT.SLOT_MSxSLOTS.SLOT.COST`"),
            "{said}"
        );
    }
}

#[test]
fn a_charge_is_short() {
    let day = Charge {
        limit: [0xaa; 16],
        subject: [0xbb; 16],
        slot_ms: 1_800_000,
        slots: 48,
        slot: 991_234,
        cost: 12_500,
        is_of_forwarded: true,
    };
    assert!(day.to_string().len() < 100, "{day}");
    assert_eq!(day.over_ms() - day.end_ms(), 48 * 1_800_000 + 1);
}
