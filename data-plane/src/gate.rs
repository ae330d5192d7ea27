//! The gate: a call and what is known of its tool → permit or refusal. PURE: no clock, no network, no counters.
//!
//! [`Permit`] is the only key to the relay, and this is the only place that makes one. Lists ask the same question of
//! every tool ([`is_visible`]), so that seeing and doing cannot disagree.

mod charges;

pub use charges::{Due, limited};

use crate::call::{Call, Request, What};
use crate::caller::{Attached, Caller};
use crate::lists::Tool;
use crate::record::Level;
use crate::refusal::{Judged, Refusal};
use bundle::record;
use json::Node;
use mcp::answer::{Decision, Opening};
use mcp::{Group, Rule};
use policy::{Around, ClientFacts, GrantFacts, MethodGroup, Question, ServerFacts, Verdict};
use std::time::Duration;

/// Holding one is the proof that the gate let this call through.
#[derive(Debug)]
pub struct Permit {
    call: Call,
}

impl Permit {
    pub const fn call(&self) -> &Call {
        &self.call
    }

    /// For the relay, which spends it.
    pub fn spend(self) -> Call {
        self.call
    }
}

#[derive(Debug)]
pub enum Judgement {
    Admitted(Box<Admitted>),
    /// Answered by us, with an empty list under this key.
    Empty(&'static str),
    Refused(Box<Refused>),
    /// Waits for people: nothing of it is charged, or on record yet.
    Held(Box<Held>),
}

/// May go on, once its limits are charged and its intent is on record.
#[derive(Debug)]
pub struct Admitted {
    pub permit: Permit,
    pub due: Vec<Due>,
    /// Of limits in shadow: to be looked at, never charged.
    pub shadow_due: Vec<Due>,
    pub level: Level,
    pub shadows: Vec<record::Shadow>,
}

/// A call that a rule holds. Of several that do, the first is named, and the strictest of their wishes counts.
#[derive(Debug)]
pub struct Held {
    pub call: Call,
    pub rule: String,
    pub message: Option<String>,
    /// How many different people must agree.
    pub approvers: u32,
    /// How long the request stays open.
    pub timeout: Duration,
    /// How long the call itself waits.
    pub wait: Duration,
    pub shadows: Vec<record::Shadow>,
}

impl Held {
    /// The answer to it, while nobody has approved it, with what there is to say besides.
    pub fn refusal(&self, more: &str, asked: Option<&Opening>) -> Judged {
        let mut decision = decision(&self.call, "hold", &self.rule);
        if let Some(asked) = asked {
            decision.approval = Some(asked.id.clone());
            decision.approve_url = Some(asked.url.clone()).filter(|url| !url.is_empty());
        }
        let said = said(&self.rule, self.message.as_deref());
        Judged {
            decision,
            message: format!("[APPROVAL REQUIRED] {said} {more}"),
        }
    }
}

#[derive(Debug)]
pub struct Refused {
    pub refusal: Refusal,
    pub verdict: record::Verdict,
    pub rule: String,
    pub shadows: Vec<record::Shadow>,
}

/// Judges a request. `tool` is what is known of the tool that a `tools/call` names.
pub fn judge(call: Call, arguments: Option<&Node<'_>>, tool: Option<&Tool<'_>>) -> Judgement {
    let Some(request) = call.as_request() else {
        return plain(call);
    };
    let Some(attached) = call.caller.policy() else {
        return denied(&call, request, "(no policy)", None, Vec::new());
    };
    if let (Rule::Call, Some(name), Some(tool), None) =
        (request.rule, &request.tool, tool, request.fault)
    {
        return match judge_call(&call, request, &attached, name, tool, arguments) {
            Said::Done(judgement) => judgement,
            Said::Passed(passed) => passed.admit(call),
            Said::Waits(waits) => Judgement::Held(Box::new(waits.held(call))),
        };
    }
    if let Some(fault) = request.fault {
        return Judgement::Refused(Box::new(Refused {
            refusal: Refusal::InvalidParams(fault),
            verdict: record::Verdict::Invalid,
            rule: "-32602".to_owned(),
            shadows: Vec::new(),
        }));
    }
    let missing = |group| !attached.policy.allows_methods(word(group));
    match request.rule {
        Rule::GroupList(group, key) if missing(group) => return Judgement::Empty(key),
        Rule::GroupUse(group) if missing(group) => {
            let rule = format!("/methods/{}", word(group).word());
            return denied(&call, request, &rule, None, Vec::new());
        }
        Rule::TaskList(key) => return Judgement::Empty(key),
        _ => {}
    }
    let due = charges::of(
        &call,
        &attached,
        attached.policy.method_charges(&around(&call)),
    );
    Judgement::Admitted(Box::new(Admitted {
        due,
        shadow_due: Vec::new(),
        level: Level::Process,
        shadows: Vec::new(),
        permit: Permit { call },
    }))
}

/// Whether a tool stands in this caller's lists: not hidden, and not waiting for a review.
pub fn is_visible(caller: &Caller, name: &str, tool: &Tool<'_>) -> bool {
    caller.policy().is_some_and(|attached| {
        !attached.policy.is_hidden(name, tool.category()) && !tool.is_changed()
    })
}

/// Whether the call names a tool that is unknown or hidden, which must take the same time.
pub fn is_out_of_sight(caller: &Caller, name: &str, tool: &Tool<'_>) -> bool {
    !tool.is_known()
        || caller
            .policy()
            .is_some_and(|attached| attached.policy.is_hidden(name, tool.category()))
}

/// Whether a call of this method is put on record. Lists and handshakes are not.
pub const fn is_recorded(rule: Rule) -> bool {
    matches!(rule, Rule::Call | Rule::GroupUse(_) | Rule::Task)
}

/// Notifications, answers and streams of a live grant: with a policy they pass, without one nothing does.
fn plain(call: Call) -> Judgement {
    if call.caller.policy().is_none() && !matches!(call.what, What::End) {
        return Judgement::Refused(Box::new(Refused {
            refusal: Refusal::SwitchedOff,
            verdict: record::Verdict::Deny,
            rule: "(no policy)".to_owned(),
            shadows: Vec::new(),
        }));
    }
    Judgement::Admitted(Box::new(Admitted {
        permit: Permit { call },
        due: Vec::new(),
        shadow_due: Vec::new(),
        level: Level::Process,
        shadows: Vec::new(),
    }))
}

/// Whether what stands open since `then` may stand on: there is a policy, what it let use it lets use still, and the server is
/// reached as it was.
pub fn may_stand(then: &Caller, now: &Caller) -> bool {
    let (Some(was), Some(is)) = (then.policy(), now.policy()) else {
        return false;
    };
    let groups = [MethodGroup::Resources, MethodGroup::Prompts];
    let lost = |group| was.policy.allows_methods(group) && !is.policy.allows_methods(group);
    let (from, to) = (then.server(), now.server());
    !groups.into_iter().any(lost)
        && (&from.url, &from.credential, from.transport) == (&to.url, &to.credential, to.transport)
}

/// What the policy says of a call, before the call goes its way.
enum Said {
    Done(Judgement),
    Passed(Passed),
    Waits(Waits),
}

/// A call that a rule holds, without the call.
struct Waits {
    rule: String,
    message: Option<String>,
    approvers: u32,
    timeout: Duration,
    wait: Duration,
    shadows: Vec<record::Shadow>,
}

impl Waits {
    fn held(self, call: Call) -> Held {
        Held {
            call,
            rule: self.rule,
            message: self.message,
            approvers: self.approvers,
            timeout: self.timeout,
            wait: self.wait,
            shadows: self.shadows,
        }
    }
}

/// A call that the policy lets pass, before its permit is made.
struct Passed {
    due: Vec<Due>,
    shadow_due: Vec<Due>,
    level: Level,
    shadows: Vec<record::Shadow>,
}

impl Passed {
    fn admit(self, call: Call) -> Judgement {
        Judgement::Admitted(Box::new(Admitted {
            permit: Permit { call },
            due: self.due,
            shadow_due: self.shadow_due,
            level: self.level,
            shadows: self.shadows,
        }))
    }
}

fn judge_call(
    call: &Call,
    request: &Request,
    attached: &Attached<'_>,
    name: &str,
    tool: &Tool<'_>,
    arguments: Option<&Node<'_>>,
) -> Said {
    let question = Question {
        tool: name,
        known: tool.is_known(),
        changed: tool.is_changed(),
        category: tool.category(),
        hints: tool.hints(),
        schema: tool.schema(),
        arguments,
        approved: call.approval.is_some(),
        around: around(call),
    };
    let shadows = || shadows(attached, &question, tool);
    let refused = |refusal, verdict, rule: &str, shadows| {
        Said::Done(Judgement::Refused(Box::new(Refused {
            refusal,
            verdict,
            rule: rule.to_owned(),
            shadows,
        })))
    };
    match attached.policy.decide(&question) {
        Verdict::Allow(allowed) => {
            let shadows = shadows();
            // What a rule in shadow would have denied or held would have come to no limit.
            let shadow_due = if shadows.is_empty() {
                charges::of(call, attached, allowed.shadow_charges(&question))
            } else {
                Vec::new()
            };
            Said::Passed(Passed {
                due: charges::of(call, attached, allowed.charges(&question)),
                shadow_due,
                level: match allowed.record() {
                    policy::Record::Process => Level::Process,
                    policy::Record::Host => Level::Host,
                    policy::Record::Strict => Level::Strict,
                },
                shadows,
            })
        }
        Verdict::Deny { rule, message } => {
            Said::Done(denied(call, request, rule, message, shadows()))
        }
        Verdict::Hold(hold) => Said::Waits(Waits {
            rule: hold.rule.to_owned(),
            message: hold.message.map(str::to_owned),
            approvers: hold.approvers,
            timeout: hold.timeout,
            wait: hold.wait,
            shadows: shadows(),
        }),
        Verdict::UnknownTool { rule } => {
            let refusal = Refusal::UnknownTool {
                name: name.to_owned(),
            };
            refused(refusal, record::Verdict::UnknownTool, rule, Vec::new())
        }
        Verdict::Invalid => refused(
            Refusal::InvalidParams("`params.arguments` is not an object"),
            record::Verdict::Invalid,
            "-32602",
            Vec::new(),
        ),
    }
}

fn denied(
    call: &Call,
    request: &Request,
    rule: &str,
    message: Option<&str>,
    shadows: Vec<record::Shadow>,
) -> Judgement {
    let judged = Judged {
        decision: decision(call, "deny", rule),
        message: format!("[POLICY DENIED] {}", said(rule, message)),
    };
    let refusal = if request.rule == Rule::Call {
        Refusal::Call(Box::new(judged))
    } else {
        Refusal::Method(Box::new(judged))
    };
    Judgement::Refused(Box::new(Refused {
        refusal,
        verdict: record::Verdict::Deny,
        rule: rule.to_owned(),
        shadows,
    }))
}

fn said(rule: &str, message: Option<&str>) -> String {
    match rule.strip_prefix("/methods/") {
        Some(group) if message.is_none() => {
            format!("The policy does not let this grant use {group}.")
        }
        _ => message.map_or_else(|| policy::sentence(rule), str::to_owned),
    }
}

fn decision(call: &Call, verdict: &'static str, rule: &str) -> Decision {
    let attached = call.caller.policy();
    Decision {
        call: call.id.to_string(),
        verdict,
        rule: rule.to_owned(),
        policy: attached.map(|attached| attached.slug.to_owned()),
        version: attached.map(|attached| u64::from(attached.number)),
        ..Decision::default()
    }
}

fn around(call: &Call) -> Around<'_> {
    let grant = call.caller.grant();
    Around {
        grant: GrantFacts {
            name: &grant.name,
            labels: &grant.labels,
            user: grant.user.as_deref(),
        },
        server: ServerFacts {
            slug: call.caller.server().slug.as_str(),
        },
        client: ClientFacts {
            name: call.client.name.as_deref(),
            version: call.client.version.as_deref(),
        },
        now: i64::try_from(call.at_ms).unwrap_or(i64::MAX),
    }
}

/// Beside what rules in shadow would have done: what a server that warns of changed tools would do if it blocked them.
fn shadows(
    attached: &Attached<'_>,
    question: &Question<'_>,
    tool: &Tool<'_>,
) -> Vec<record::Shadow> {
    let would = attached.policy.shadows(question).into_iter();
    let would = would.filter_map(|shadow| {
        Some(record::Shadow {
            would: record::Would::of(shadow.outcome)?,
            rule: shadow.rule.into(),
        })
    });
    let warned = tool.is_marked().then(|| record::Shadow {
        would: record::Would::Deny,
        rule: "(changed)".into(),
    });
    warned.into_iter().chain(would).collect()
}

const fn word(group: Group) -> MethodGroup {
    match group {
        Group::Resources => MethodGroup::Resources,
        Group::Prompts => MethodGroup::Prompts,
    }
}
