//! The log: one JSON object a line, whatever the values hold.

use super::trace::is_wire;
use anyhow::Context as _;
use std::fmt::Write as _;
use std::io::{self, Write};
use tracing::{Level, Subscriber};
use tracing_subscriber::filter::{FilterExt as _, dynamic_filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{EnvFilter, Layer, fmt};

pub(super) fn layer<S, W>(
    wanted: Option<&str>,
    out: W,
) -> anyhow::Result<Box<dyn Layer<S> + Send + Sync>>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let wanted = wanted.unwrap_or("info");
    let wanted = EnvFilter::try_new(wanted)
        .with_context(|| format!("`{wanted}` does not say what to log"))?;
    // The crates on the wire print headers at their finest levels, and headers hold credentials.
    // Asked anew each time, for the reason that the spans' filter gives.
    let silent =
        dynamic_filter_fn(|said, _| *said.level() <= Level::INFO || !is_wire(said.target()));
    let lines = fmt::layer()
        .json()
        .with_current_span(true)
        .with_span_list(false)
        .with_writer(Escaped(out));
    Ok(lines.with_filter(wanted.and(silent)).boxed())
}

/// JSON escapes the control characters of ASCII only. The others (one of them begins terminal sequences), the line
/// separators and those that turn the direction of text would still show somebody a line that was never written.
struct Escaped<W>(W);

impl<'a, W: MakeWriter<'a>> MakeWriter<'a> for Escaped<W> {
    type Writer = Escaped<W::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        Escaped(self.0.make_writer())
    }
}

impl<W: Write> Write for Escaped<W> {
    /// A line comes in one piece, so no character is cut in two.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        if text.chars().any(deceives) {
            // All of them are in strings, where an escape means the same.
            let mut shown = String::with_capacity(text.len() + 16);
            for character in text.chars() {
                if deceives(character) {
                    let _ = write!(shown, "\\u{:04x}", u32::from(character));
                } else {
                    shown.push(character);
                }
            }
            self.0.write_all(shown.as_bytes())?;
        } else {
            self.0.write_all(line)?;
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn deceives(character: char) -> bool {
    matches!(character,
        '\u{7f}'..='\u{9f}'
        | '\u{200e}' | '\u{200f}' | '\u{061c}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}')
}
