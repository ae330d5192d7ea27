//! Compares what the gateway judges with what others read of the bytes it sends: `differential SEED COUNT [FROM]`.

fn main() -> anyhow::Result<()> {
    let numbers: Result<Vec<u64>, _> = std::env::args().skip(1).map(|text| text.parse()).collect();
    let (seed, count, from) = match numbers.as_deref() {
        Ok([seed, count]) => (*seed, *count, 0),
        Ok([seed, count, from]) => (*seed, *count, *from),
        _ => {
            eprintln!("differential SEED COUNT [FROM]");
            std::process::exit(2);
        }
    };
    let report = system_tests::differential::run(seed, from, count)?;
    print!("{report}");
    if report.differences > 0 {
        std::process::exit(1);
    }
    Ok(())
}
