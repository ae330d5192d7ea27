//! The vocabulary: every key that a document may have, with what may stand there.

use super::form::Form;
use super::shape::{Key, Object, Shape};
use crate::limit::{MOST_UNITS, MOST_WINDOW_SECONDS};
use crate::word::{
    Action, Count, Counted, Each, Fallback, MethodGroup, Mode, Operator, Outage, Record, Scope,
    Strictness, Window,
};

pub(crate) const MOST_ENTRIES: usize = 2_000;
/// Of one entry, all its lists together; each list is held to it here.
pub(crate) const MOST_PREDICATES: usize = 64;
/// Of one call: an entry's and those of `all_tools` together.
pub(crate) const MOST_LIMITS: usize = 32;
/// Groups inside groups.
pub(crate) const MOST_GROUPS: usize = 8;

const DAY: u64 = 86_400;
/// Longer than any answer is waited for.
const MOST_TIMEOUT: u64 = 365 * DAY;

pub(crate) static DOCUMENT: Object = Object {
    name: "policy",
    keys: &[&[
        Key::must(
            "version",
            Shape::Word(&["1"]),
            "The version of the language.",
        ),
        Key::must(
            "default",
            Shape::Word(Fallback::WORDS),
            "The answer for a tool that no entry of `tools` matches.",
        ),
        Key::may(
            "timezone",
            Shape::Text(Form::Zone),
            "IANA name of the zone that `time.*` paths are read in; UTC when left out.",
        ),
        Key::may(
            "hide",
            Shape::List {
                of: &Shape::Text(Form::Selector),
                least: 0,
                most: MOST_ENTRIES,
            },
            "Tools that vanish from lists and are answered as if they did not exist.",
        ),
        Key::may(
            "methods",
            Shape::List {
                of: &Shape::Word(MethodGroup::WORDS),
                least: 0,
                most: MethodGroup::WORDS.len(),
            },
            "What the grant may do besides tools; left out: nothing under `deny`, everything under `allow`.",
        ),
        Key::may(
            "all_tools",
            Shape::Object(&ALL_TOOLS),
            "Rules for every call, on top of the entry that matched.",
        ),
        Key::may(
            "tools",
            Shape::Map {
                keys: Form::Selector,
                of: &Shape::Object(&ENTRY),
                most: MOST_ENTRIES,
            },
            "Selector to rules. Listing a tool with `{}` allows it; exactly one entry applies to a call.",
        ),
    ]],
};

const RULES: &[Key] = &[
    Key::may(
        "reason",
        Shape::Text(Form::Message),
        "What to say when the action decides.",
    ),
    Key::may(
        "require",
        DENY_PREDICATES,
        "Each must be true, else the call is denied.",
    ),
    Key::may(
        "deny_if",
        DENY_PREDICATES,
        "One that is true denies the call.",
    ),
    Key::may(
        "approve_if",
        HOLD_PREDICATES,
        "One that is true holds the call until a human agrees.",
    ),
    Key::may(
        "rate_limit",
        Shape::Either(&RATES),
        "Short for one limit per grant, as in `10/minute`.",
    ),
    Key::may(
        "arguments",
        Shape::Word(Strictness::WORDS),
        "Hold the arguments against the tool's recorded schema.",
    ),
    Key::may(
        "approval",
        Shape::Object(&APPROVAL),
        "How an approval is asked for.",
    ),
    Key::may(
        "record",
        Shape::Word(Record::WORDS),
        "How safe the record of a call is before the call goes on.",
    ),
    Key::may(
        "mode",
        Shape::Word(Mode::WORDS),
        "`shadow` evaluates and records, and lets the call through.",
    ),
];

pub(crate) static ENTRY: Object = Object {
    name: "entry",
    keys: &[
        &[Key::may(
            "action",
            Shape::Word(Action::WORDS),
            "What happens to a call of the tool; `allow` when left out.",
        )],
        RULES,
        &[Key::may(
            "limits",
            Shape::List {
                of: &Shape::Marked {
                    marks: &[("concurrency", &CONCURRENCY)],
                    else_: &LIMIT,
                },
                least: 0,
                most: MOST_LIMITS,
            },
            ABOUT_LIMITS,
        )],
    ],
};

pub(crate) static ALL_TOOLS: Object = Object {
    name: "all_tools",
    keys: &[
        RULES,
        &[Key::may(
            "limits",
            Shape::List {
                of: &Shape::Marked {
                    marks: &[("concurrency", &CONCURRENCY)],
                    else_: &LIMIT_OF_ALL,
                },
                least: 0,
                most: MOST_LIMITS,
            },
            ABOUT_LIMITS,
        )],
    ],
};

const ABOUT_LIMITS: &str = "Budgets that a call uses, all of them or none.";

const DENY_PREDICATES: Shape = Shape::List {
    of: &Shape::Object(&DENY_PREDICATE),
    least: 0,
    most: MOST_PREDICATES,
};
const HOLD_PREDICATES: Shape = Shape::List {
    of: &Shape::Object(&HOLD_PREDICATE),
    least: 0,
    most: MOST_PREDICATES,
};

const PREDICATE: &[Key] = &[
    Key::may(
        "id",
        Shape::Text(Form::Id),
        "The name of the rule; else its first path and operator.",
    ),
    Key::must(
        "conditions",
        Shape::List {
            of: &CONDITION,
            least: 0,
            most: usize::MAX,
        },
        "All must hold; an empty list is true.",
    ),
];

static DENY_PREDICATE: Object = Object {
    name: "deny_predicate",
    keys: &[
        PREDICATE,
        &[Key::may(
            "on_deny",
            Shape::Text(Form::Message),
            "What to say when it denies.",
        )],
    ],
};

static HOLD_PREDICATE: Object = Object {
    name: "hold_predicate",
    keys: &[
        PREDICATE,
        &[Key::may(
            "on_hold",
            Shape::Text(Form::Message),
            "What to say when it holds.",
        )],
    ],
};

pub(crate) static CONDITION: Shape = Shape::Marked {
    marks: &[("any", &ANY), ("all", &ALL), ("not", &NOT)],
    else_: &TEST,
};

static ANY: Object = Object {
    name: "any",
    keys: &[&[Key::must(
        "any",
        Shape::List {
            of: &CONDITION,
            least: 1,
            most: usize::MAX,
        },
        "True if one is.",
    )]],
};

static ALL: Object = Object {
    name: "all",
    keys: &[&[Key::must(
        "all",
        Shape::List {
            of: &CONDITION,
            least: 1,
            most: usize::MAX,
        },
        "True if all are.",
    )]],
};

static NOT: Object = Object {
    name: "not",
    keys: &[&[Key::must(
        "not",
        Shape::See(&CONDITION),
        "Swaps true and false; a doubt stays a doubt.",
    )]],
};

pub(crate) static TEST: Object = Object {
    name: "test",
    keys: &[&[
        Key::must(
            "path",
            Shape::Text(Form::Path),
            "Where to look: into the arguments, or at the grant, server, tool, client or time.",
        ),
        Key::must("op", Shape::Word(Operator::WORDS), "How to compare."),
        Key::must(
            "value",
            Shape::Operand,
            "What to compare with; another path as `{ \"path\": \"…\" }`.",
        ),
        Key::may(
            "each",
            Shape::Word(Each::WORDS),
            "How many of a `[*]` path's values must hold.",
        ),
    ]],
};

const COUNTER: Key = Key::must(
    "counter",
    Shape::Text(Form::Counter),
    "The budget's name; limits that name the same share it.",
);
const SCOPE: Key = Key::may(
    "scope",
    Shape::Word(Scope::WORDS),
    "Whose budget it is; `grant` when left out.",
);
const BY: Key = Key::may(
    "by",
    Shape::List {
        of: &Shape::Text(Form::OnePath),
        least: 0,
        most: 2,
    },
    "Paths whose values split the budget.",
);
const ON_OUTAGE: Key = Key::may(
    "on_outage",
    Shape::Word(Outage::WORDS),
    "What happens while the shared counters are unreachable.",
);
const MESSAGE: Key = Key::may(
    "message",
    Shape::Text(Form::Message),
    "What to say when the limit refuses.",
);
const MAX: Key = Key::must(
    "max",
    Shape::Whole {
        least: 0,
        most: MOST_UNITS,
    },
    "The most that is admitted in any interval of the window's length.",
);
const WINDOW: Key = Key::must(
    "window",
    Shape::Either(&WINDOWS),
    "A window's name, or seconds. It slides; a month is 31 days.",
);

const WINDOWED: &[Key] = &[
    COUNTER,
    WINDOW,
    MAX,
    SCOPE,
    BY,
    Key::may(
        "cost",
        Shape::Either(&COSTS),
        "What one call uses: a whole number, or an argument.",
    ),
    Key::may(
        "count",
        Shape::Word(Count::WORDS),
        "`forwarded` gives back what the server certainly never saw.",
    ),
    ON_OUTAGE,
    MESSAGE,
];

static LIMIT: Object = Object {
    name: "limit",
    keys: &[
        WINDOWED,
        &[Key::may(
            "methods",
            Shape::Word(&["tools/call"]),
            "What is counted.",
        )],
    ],
};

static LIMIT_OF_ALL: Object = Object {
    name: "limit_of_all_tools",
    keys: &[
        WINDOWED,
        &[Key::may(
            "methods",
            Shape::Word(Counted::WORDS),
            "What is counted; `all` counts other methods too, with cost 1.",
        )],
    ],
};

static CONCURRENCY: Object = Object {
    name: "concurrency_limit",
    keys: &[&[
        COUNTER,
        Key::must(
            "concurrency",
            Shape::Whole {
                least: 1,
                most: 1_000_000,
            },
            "How many calls may be in flight.",
        ),
        SCOPE,
        BY,
        ON_OUTAGE,
        MESSAGE,
    ]],
};

static COST: Object = Object {
    name: "cost",
    keys: &[&[
        Key::must(
            "from",
            Shape::Text(Form::ArgumentPath),
            "The argument that says what a call uses.",
        ),
        Key::may(
            "scale",
            Shape::Whole { least: 0, most: 15 },
            "Decimal digits kept; the rest is rounded up.",
        ),
    ]],
};

static RATE_LIMIT: Object = Object {
    name: "rate_limit",
    keys: &[&[MAX, WINDOW, SCOPE]],
};

static APPROVAL: Object = Object {
    name: "approval",
    keys: &[&[
        Key::may(
            "timeout",
            Shape::Text(Form::Duration {
                least: 1,
                most: MOST_TIMEOUT,
            }),
            "How long a request stays open; `30m` when left out.",
        ),
        Key::may(
            "approvers",
            Shape::Whole {
                least: 1,
                most: 100,
            },
            "How many different people must agree.",
        ),
        Key::may(
            "wait",
            Shape::Text(Form::Duration {
                least: 0,
                most: 300,
            }),
            "How long the call is held open before it is answered as pending.",
        ),
    ]],
};

static RATES: [Shape; 2] = [Shape::Text(Form::Rate), Shape::Object(&RATE_LIMIT)];
static COSTS: [Shape; 2] = [
    Shape::Whole {
        least: 0,
        most: MOST_UNITS,
    },
    Shape::Object(&COST),
];
static WINDOWS: [Shape; 2] = [
    Shape::Word(Window::WORDS),
    Shape::Whole {
        least: 1,
        most: MOST_WINDOW_SECONDS,
    },
];
