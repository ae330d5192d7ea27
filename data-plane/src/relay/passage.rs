//! What of an upstream's words reaches the client, and in which shape. No I/O: one message in, one decision out.

use super::{cover, elicit};
use crate::call::{Call, What};
use crate::gate;
use crate::gateway::Gateway;
use crate::lists::{self, Tool};
use crate::refusal::Trouble;
use crate::upstream::mark::{Named, Place};
use bundle::credential::Secrets;
use bundle::record::Ending;
use json::{Document, Node, Span};
use mcp::named::{taken_back, tasks_of_message, tasks_of_result};
use mcp::reply::{self, Answer, Reply, Told};
use mcp::sealed::{Approval, Bearer, State};
use mcp::{Edit, Page, Revision, Rule, quote, same_id, splice};
use policy::MethodGroup;
use std::sync::Arc;

#[derive(Debug)]
pub struct Passage {
    pub app: Arc<Gateway>,
    pub call: Arc<Call>,
    pub secrets: Secrets,
    bearer: Bearer,
    /// The server's own id of the session that its answer belongs to.
    session: Option<String>,
}

/// What becomes of one message.
#[derive(Debug, Default)]
pub struct Passed {
    pub is_dropped: bool,
    /// In place of the text, where something of ours stands in it.
    pub changed: Option<String>,
    edits: Vec<Edit>,
    /// It was the answer to the request.
    pub answered: Option<Ending>,
    /// The revision that an `initialize` agreed on.
    pub agreed: Option<Revision>,
    /// A question that does not pass: the upstream is told so.
    pub refused: Option<String>,
}

impl Passed {
    fn dropped() -> Self {
        Self {
            is_dropped: true,
            ..Self::default()
        }
    }
}

impl Passage {
    pub fn new(
        app: Arc<Gateway>,
        call: Arc<Call>,
        secrets: Secrets,
        session: Option<String>,
    ) -> Self {
        let bearer = call.caller.bearer();
        Self {
            app,
            call,
            secrets,
            bearer,
            session,
        }
    }

    pub fn pass(&self, text: &str) -> Result<Passed, Trouble> {
        let document = reply::parse(text.as_bytes()).map_err(|unread| match unread {
            reply::TOO_MANY => Trouble::TooLarge,
            _ => Trouble::Garbage,
        })?;
        let replies = reply::messages(&document).map_err(|_| Trouble::Garbage)?;
        let mut passed = match replies.as_slice() {
            [one] => self.one(one, &document)?,
            several => self.several(several, &document)?,
        };
        // A tree may take a lot, and what covers secrets makes its own.
        drop(replies);
        drop(document);
        if passed.is_dropped {
            return Ok(passed);
        }
        if !passed.edits.is_empty() {
            let edits = std::mem::take(&mut passed.edits);
            passed.changed = Some(splice(text, edits).ok_or(Trouble::Garbage)?);
        }
        let current = passed.changed.as_deref().unwrap_or(text);
        if let Some(covered) = cover::message(current, &self.secrets) {
            passed.changed = Some(covered);
        }
        Ok(passed)
    }

    /// A batch passes whole or not at all: nothing is cut out of one.
    fn several(&self, replies: &[Reply<'_>], document: &Document<'_>) -> Result<Passed, Trouble> {
        let mut whole = Passed::default();
        if self.call.era.is_modern() {
            return Err(Trouble::Garbage);
        }
        for reply in replies {
            let passed = self.one(reply, document)?;
            if passed.is_dropped {
                return Err(Trouble::Garbage);
            }
            whole.edits.extend(passed.edits);
            whole.answered = whole.answered.or(passed.answered);
        }
        Ok(whole)
    }

    fn one(&self, reply: &Reply<'_>, document: &Document<'_>) -> Result<Passed, Trouble> {
        match reply {
            Reply::Notification(told) => Ok(self.notification(told)),
            Reply::Request { id, id_span, told } => Ok(self.question(id, *id_span, told)),
            Reply::Answer(answer) => self.answer(answer, document),
        }
    }

    /// The name of an event, as the client may give it back. Where a session says whose events there are, it stays; where
    /// none does, it is marked, and what cannot be marked names nothing.
    pub fn event_id(&self, id: Vec<u8>) -> Option<Vec<u8>> {
        if self.session.is_some() || self.call.era.is_modern() || id.is_empty() {
            return Some(id);
        }
        let raw = String::from_utf8(id).ok()?;
        let marked = self.app.seals.mark(Named::Event, self.place(), &raw)?;
        Some(marked.into_bytes())
    }

    fn place(&self) -> Place<'_> {
        Place {
            bearer: &self.bearer,
            session: self.session.as_deref(),
        }
    }

    fn marked(&self, named: Named, raw: &str, span: Span) -> Option<Edit> {
        let marked = self.app.seals.mark(named, self.place(), raw)?;
        Some(Edit {
            span,
            text: quote(&marked),
        })
    }

    /// The tasks that a message names, marked as this grant's. Where one cannot be, the message does not pass.
    fn tasks(&self, named: &[&Node<'_>]) -> Option<Vec<Edit>> {
        let mut edits: Vec<Edit> = Vec::new();
        for task in named {
            edits.push(self.marked(Named::Task, task.as_str()?, task.span)?);
        }
        Some(edits)
    }

    /// Of resources and prompts hears only who may use them.
    fn may_tell_of(&self, method: &str) -> bool {
        let group = match method.split('/').nth(1) {
            Some("resources") => MethodGroup::Resources,
            Some("prompts") => MethodGroup::Prompts,
            _ => return true,
        };
        let now = self.call.caller.renewed(&self.app);
        now.is_ok_and(|now| {
            now.policy()
                .is_some_and(|attached| attached.policy.allows_methods(group))
        })
    }

    /// On a stream that belongs to no session, whose task it is that a server tells of nobody can know.
    fn may_tell_of_tasks(&self) -> bool {
        self.session.is_some() || !matches!(self.call.what, What::Stream { resumed: false })
    }

    fn notification(&self, told: &Told<'_>) -> Passed {
        if !self.may_tell_of(told.method) {
            return Passed::dropped();
        }
        let mut passed = Passed::default();
        // Without questions of the server's there is none that it could take back.
        if !self.call.era.is_modern()
            && let Some(question) = taken_back(told.method, told.message)
        {
            match self.marked(Named::Question, question.span.of(told.text), question.span) {
                Some(edit) => passed.edits.push(edit),
                None => return Passed::dropped(),
            }
        }
        let named = tasks_of_message(told.method, told.message);
        match self.tasks(&named) {
            Some(_) if !named.is_empty() && !self.may_tell_of_tasks() => Passed::dropped(),
            Some(edits) => {
                passed.edits.extend(edits);
                passed
            }
            None => Passed::dropped(),
        }
    }

    /// A question of the server's: only in the legacy eras, and only where its entry allows it.
    fn question(&self, id: &str, id_span: Span, told: &Told<'_>) -> Passed {
        // What was switched off since the call began is not asked either.
        let Ok(now) = self.call.caller.renewed(&self.app) else {
            return Passed::dropped();
        };
        let server = now.server();
        let is_legacy = !self.call.era.is_modern();
        let allowed = is_legacy
            && match told.method {
                "sampling/createMessage" => server.allows_sampling,
                "elicitation/create" => {
                    server.allows_elicitation && elicit::may_be_asked(told.message.get("params"))
                }
                "roots/list" | "ping" => true,
                // A client may answer such a question with a task of its own, which is then asked after.
                "tasks/get" | "tasks/result" | "tasks/cancel" => {
                    self.call.era.revision() == Revision::V2025_11_25
                        && (server.allows_sampling || server.allows_elicitation)
                }
                _ => false,
            };
        let marked = || {
            let mut edits = self.tasks(&tasks_of_message(told.method, told.message))?;
            edits.push(self.marked(Named::Question, id, id_span)?);
            Some(edits)
        };
        match allowed.then(marked).flatten() {
            Some(edits) => Passed {
                edits,
                ..Passed::default()
            },
            None => Passed {
                is_dropped: true,
                refused: is_legacy.then(|| id.to_owned()),
                ..Passed::default()
            },
        }
    }

    fn answer(&self, answer: &Answer<'_>, document: &Document<'_>) -> Result<Passed, Trouble> {
        if !self.is_ours(answer) {
            return Ok(Passed::dropped());
        }
        if !elicit::may_be_required(answer.error) {
            return Err(Trouble::Garbage);
        }
        let mut passed = Passed {
            answered: Some(match (answer.is_error, answer.is_tool_error) {
                (true, _) => Ending::UpstreamError,
                (false, true) => Ending::ToolError,
                (false, false) => Ending::Ok,
            }),
            ..Passed::default()
        };
        let rule = self.call.as_request().map(|request| request.rule);
        let lists_tools = answer
            .result
            .is_some_and(|result| result.get("tools").is_some());
        if rule == Some(Rule::ToolList) || (rule.is_none() && lists_tools) {
            passed.edits = self.cut(document)?;
            return Ok(passed);
        }
        let tasks = answer.result.map(tasks_of_result).unwrap_or_default();
        passed.edits = self.tasks(&tasks).ok_or(Trouble::Garbage)?;
        if self
            .call
            .as_request()
            .is_some_and(|request| request.method == "initialize")
        {
            passed.agreed = answer
                .result
                .and_then(|result| result.get("protocolVersion")?.as_str())
                .and_then(Revision::parse);
        }
        if self.call.era.is_modern() {
            passed.edits.extend(self.round(answer)?);
        }
        Ok(passed)
    }

    /// Whether this answers what was asked. On a standing stream only the rest of a broken one holds answers, and whose
    /// they are the upstream's session says.
    fn is_ours(&self, answer: &Answer<'_>) -> bool {
        match &self.call.what {
            What::Request(request) => match answer.id {
                Some(id) => same_id(id, &request.id),
                None => answer.is_error,
            },
            What::Stream { resumed } => *resumed,
            // The upstream has nothing to answer here but what is wrong.
            What::Notification | What::Answer | What::End => answer.is_error,
        }
    }

    /// The list without what the gate does not show.
    fn cut(&self, document: &Document<'_>) -> Result<Vec<Edit>, Trouble> {
        let Some(page) = Page::of(document).map_err(|_| Trouble::Garbage)? else {
            return Ok(Vec::new());
        };
        let caller = &self.call.caller;
        lists::note(&self.app.seen, caller, document.text, page.entries());
        Ok(page.cuts(|entry| {
            gate::is_visible(
                caller,
                entry.name,
                &Tool::of(caller, &self.app.seen, entry.name),
            )
        }))
    }

    /// A result that asks for another round: its state is sealed to this question and grant.
    fn round(&self, answer: &Answer<'_>) -> Result<Option<Edit>, Trouble> {
        let asked = answer.result.and_then(|result| result.get("inputRequests"));
        if asked.is_some_and(|asked| !self.may_ask(asked)) {
            return Err(Trouble::Garbage);
        }
        let has_state = answer
            .result
            .is_some_and(|result| result.get("requestState").is_some());
        if !has_state {
            return Ok(None);
        }
        let digest = self.call.as_request().and_then(|request| request.digest);
        let (Some((upstream, span)), Some(digest)) = (answer.request_state, digest) else {
            return Err(Trouble::Garbage);
        };
        let state = State {
            bearer: self.call.caller.bearer(),
            expires_ms: 0,
            digest,
            approval: self
                .call
                .approval
                .map(|approval| Approval::Spent(*approval.uuid().as_bytes())),
            upstream: upstream.to_owned(),
        };
        let app = &self.app;
        let sealed = app
            .seals
            .state(state, app.now_ms(), app.nonce())
            .ok_or(Trouble::TooLarge)?;
        Ok(Some(Edit {
            span,
            text: quote(&sealed),
        }))
    }

    fn may_ask(&self, asked: &Node<'_>) -> bool {
        let Ok(now) = self.call.caller.renewed(&self.app) else {
            return false;
        };
        let server = now.server();
        asked.as_object().is_some_and(|asked| {
            asked.iter().all(
                |member| match member.node.get("method").and_then(Node::as_str) {
                    Some("sampling/createMessage") => server.allows_sampling,
                    Some("elicitation/create") => {
                        server.allows_elicitation && elicit::may_be_asked(member.node.get("params"))
                    }
                    Some("roots/list") => true,
                    _ => false,
                },
            )
        })
    }
}
