//! The policy's own reading of the call's time: hour, minute, weekday and date in its zone.
//!
//! The zone comes from the bundled database only, so that two machines never read the same policy differently.

use crate::finding::Flaw;
use crate::word::nearest;
use jiff::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::{TimeZone, TimeZoneDatabase};

/// Finds a zone by its exact IANA name.
pub(crate) fn zone(name: &str) -> Result<TimeZone, Flaw> {
    let database = TimeZoneDatabase::bundled();
    let found = database.get(name).ok();
    // The database reads names in any case; a document has one spelling for one zone.
    match found {
        Some(zone) if zone.iana_name() == Some(name) => Ok(zone),
        other => {
            let flaw = Flaw::new(
                "bad_zone",
                format!("`{name}` is not an IANA time zone name"),
            );
            let spelt = other.as_ref().and_then(TimeZone::iana_name);
            let names: Vec<String> = database.available().map(|name| name.to_string()).collect();
            let near = spelt.or_else(|| nearest_zone(name, &names));
            Err(flaw.hint(near))
        }
    }
}

fn nearest_zone<'a>(typed: &str, names: &'a [String]) -> Option<&'a str> {
    let folded: Vec<(String, &String)> = names
        .iter()
        .map(|name| (name.to_lowercase(), name))
        .collect();
    let found = nearest(typed, folded.iter().map(|(folded, _)| folded.as_str()))?;
    folded
        .iter()
        .find(|(folded, _)| folded == found)
        .map(|(_, name)| name.as_str())
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    pub(crate) hour: &'static str,
    pub(crate) minute: &'static str,
    pub(crate) weekday: &'static str,
    date: [u8; 10],
}

impl Clock {
    /// None for a time beyond what a calendar of four-digit years can say.
    pub(crate) fn read(unix_ms: i64, zone: &TimeZone) -> Option<Self> {
        let at = zone.to_datetime(Timestamp::from_millisecond(unix_ms).ok()?);
        let year = u16::try_from(at.year()).ok()?;
        let mut date = *b"0000-00-00";
        let fields = [
            (0, year / 100),
            (2, year % 100),
            (5, u16::try_from(at.month()).ok()?),
            (8, u16::try_from(at.day()).ok()?),
        ];
        for (place, value) in fields {
            let digits = TWO_DIGITS.get(usize::from(value))?.as_bytes();
            for (cell, digit) in date.iter_mut().skip(place).zip(digits) {
                *cell = *digit;
            }
        }
        Some(Self {
            hour: NUMBERS.get(usize::try_from(at.hour()).ok()?)?,
            minute: NUMBERS.get(usize::try_from(at.minute()).ok()?)?,
            weekday: match at.weekday() {
                Weekday::Monday => "mon",
                Weekday::Tuesday => "tue",
                Weekday::Wednesday => "wed",
                Weekday::Thursday => "thu",
                Weekday::Friday => "fri",
                Weekday::Saturday => "sat",
                Weekday::Sunday => "sun",
            },
            date,
        })
    }

    pub(crate) fn date(&self) -> &str {
        std::str::from_utf8(&self.date).unwrap_or("")
    }
}

/// Numbers are judged as texts, and an hour must not cost an allocation.
static NUMBERS: [&str; 60] = [
    "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16",
    "17", "18", "19", "20", "21", "22", "23", "24", "25", "26", "27", "28", "29", "30", "31", "32",
    "33", "34", "35", "36", "37", "38", "39", "40", "41", "42", "43", "44", "45", "46", "47", "48",
    "49", "50", "51", "52", "53", "54", "55", "56", "57", "58", "59",
];

static TWO_DIGITS: [&str; 100] = [
    "00", "01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12", "13", "14", "15",
    "16", "17", "18", "19", "20", "21", "22", "23", "24", "25", "26", "27", "28", "29", "30", "31",
    "32", "33", "34", "35", "36", "37", "38", "39", "40", "41", "42", "43", "44", "45", "46", "47",
    "48", "49", "50", "51", "52", "53", "54", "55", "56", "57", "58", "59", "60", "61", "62", "63",
    "64", "65", "66", "67", "68", "69", "70", "71", "72", "73", "74", "75", "76", "77", "78", "79",
    "80", "81", "82", "83", "84", "85", "86", "87", "88", "89", "90", "91", "92", "93", "94", "95",
    "96", "97", "98", "99",
];
