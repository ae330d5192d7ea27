//! A panic is a line of the log like any other, so that it is found where one looks.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::PanicHookInfo;

pub(super) fn log_them() {
    std::panic::set_hook(Box::new(log));
}

pub(super) fn log(panic: &PanicHookInfo<'_>) {
    let backtrace = Backtrace::capture();
    let backtrace =
        (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
    tracing::error!(
        target: "panic",
        message = panic.payload_as_str().unwrap_or("panicked without words"),
        location = panic.location().map(tracing::field::display),
        thread = std::thread::current().name(),
        backtrace,
    );
}
