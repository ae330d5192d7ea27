//! The closed lists of words that a document may use, each with the type that the rest of the crate reads.

use serde::{Deserialize, Serialize};

/// An enum whose variants each have one word: read from a document, written into records, listed in the schema.
macro_rules! words {
    ($(#[$about:meta])* $vis:vis enum $name:ident { $($(#[$note:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        $vis enum $name { $($(#[$note])* #[serde(rename = $word)] $variant),+ }

        #[allow(dead_code, reason = "every list of words has the same four faces; not each is needed of each")]
        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            pub const WORDS: &'static [&'static str] = &[$($word),+];

            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

words! {
    /// What a tool can do; the reviewed one, else the catalogue's, else the classifier's, else unknown.
    pub enum Category {
        Read = "read",
        Write = "write",
        Execute = "execute",
        Destructive = "destructive",
        Financial = "financial",
        Unknown = "unknown",
    }
}
words! {
    /// What a grant may do besides tools.
    pub enum MethodGroup { Resources = "resources", Prompts = "prompts" }
}
words! {
    /// How safe the record of a call is before the call goes on, weakest first.
    pub enum Record { Process = "process", Host = "host", Strict = "strict" }
}
words! {
    /// Whose budget a limit is.
    pub enum Scope {
        Grant = "grant",
        User = "user",
        Server = "server",
        Org = "org",
        Session = "session",
        Tool = "tool",
    }
}
words! {
    pub enum Count { Attempts = "attempts", Forwarded = "forwarded" }
}
words! {
    /// What a limit does while the shared counters are unreachable, strictest first.
    pub enum Outage { Closed = "closed", Share = "share", Open = "open" }
}
words! {
    pub(crate) enum Fallback { Deny = "deny", Allow = "allow" }
}
words! {
    /// What an entry says of a call before anything else in it is asked.
    pub enum Action { Allow = "allow", Deny = "deny", Hide = "hide", RequireApproval = "require_approval" }
}
words! {
    pub(crate) enum Mode { Enforce = "enforce", Shadow = "shadow" }
}
words! {
    pub(crate) enum Strictness { Declared = "declared", Closed = "closed" }
}
words! {
    pub(crate) enum Each { All = "all", Any = "any" }
}
words! {
    /// The lengths of time that have a name.
    pub enum Window {
        Second = "second",
        Minute = "minute",
        Hour = "hour",
        Day = "day",
        Month = "month",
    }
}
words! {
    pub(crate) enum Counted { Calls = "tools/call", All = "all" }
}
words! {
    /// How a condition compares.
    pub enum Operator {
        Eq = "eq",
        Neq = "neq",
        Lt = "lt",
        Lte = "lte",
        Gt = "gt",
        Gte = "gte",
        In = "in",
        NotIn = "not_in",
        Exists = "exists",
        Regex = "regex",
        Contains = "contains",
        StartsWith = "starts_with",
        EndsWith = "ends_with",
        LengthLte = "length_lte",
        LengthGte = "length_gte",
        HostIn = "host_in",
        UnderPath = "under_path",
        EmailDomainIn = "email_domain_in",
        IpIn = "ip_in",
    }
}

impl Window {
    pub const fn seconds(self) -> u32 {
        match self {
            Self::Second => 1,
            Self::Minute => 60,
            Self::Hour => 3_600,
            Self::Day => 86_400,
            Self::Month => 31 * 86_400,
        }
    }
}

impl Operator {
    /// Whether it can judge a value of this type, in the words of JSON Schema.
    pub fn judges(self, schema_type: &str) -> bool {
        let is_one_of = |types: &[&str]| types.contains(&schema_type);
        match self {
            Self::Eq | Self::Neq | Self::In | Self::NotIn | Self::Exists => true,
            Self::Lt | Self::Lte | Self::Gt | Self::Gte => {
                is_one_of(&["number", "integer", "string"])
            }
            Self::Contains => is_one_of(&["string", "array"]),
            Self::LengthLte | Self::LengthGte => is_one_of(&["string", "array", "object"]),
            Self::Regex
            | Self::StartsWith
            | Self::EndsWith
            | Self::HostIn
            | Self::UnderPath
            | Self::EmailDomainIn
            | Self::IpIn => is_one_of(&["string"]),
        }
    }
}

impl Category {
    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}

/// The known word nearest to a mistyped one, where one is near enough to be meant.
pub(crate) fn nearest<'a>(
    typed: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    // A longer text is no slip of the finger, and the distance costs its length squared.
    if typed.len() > 64 {
        return None;
    }
    let folded = typed.to_lowercase();
    known
        .into_iter()
        .map(|word| (distance(&folded, word), word))
        .filter(|(distance, word)| *distance <= 1 + word.chars().count() / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// Insertions, deletions, replacements and swaps of neighbours from one text to the other.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    let mut previous: Option<char> = None;
    for (line, char) in left.chars().enumerate() {
        let mut next = Vec::with_capacity(row.len());
        next.push(line + 1);
        for (at, other) in right.iter().enumerate() {
            let cell = |row: &[usize], at: usize| row.get(at).copied().unwrap_or(usize::MAX / 2);
            let mut best = (cell(&row, at) + usize::from(char != *other))
                .min(cell(&row, at + 1) + 1)
                .min(cell(&next, at) + 1);
            let swapped = at > 0 && previous == Some(*other) && right.get(at - 1) == Some(&char);
            if swapped {
                best = best.min(cell(&before, at - 1) + 1);
            }
            next.push(best);
        }
        before = std::mem::replace(&mut row, next);
        previous = Some(char);
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests;
