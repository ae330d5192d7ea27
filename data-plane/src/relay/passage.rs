//! What of an upstream's words reaches the client, and in which shape. No I/O: one message in, one decision out.

use super::asked::SessionKey;
use super::cover;
use crate::call::{Call, What};
use crate::gate;
use crate::gateway::Gateway;
use crate::lists::Tool;
use crate::refusal::Trouble;
use bundle::credential::Secrets;
use bundle::record::Ending;
use json::{Document, Node};
use mcp::reply::{self, Answer, Reply};
use mcp::sealed::State;
use mcp::{Edit, Page, Revision, Rule, quote, same_id, splice};
use std::sync::Arc;

#[derive(Debug)]
pub struct Passage {
    pub app: Arc<Gateway>,
    pub call: Arc<Call>,
    pub secrets: Secrets,
    key: SessionKey,
}

/// What becomes of one message.
#[derive(Debug, Default)]
pub struct Passed {
    pub is_dropped: bool,
    /// In place of the text, where something of ours stands in it.
    pub changed: Option<String>,
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
    pub fn new(app: Arc<Gateway>, call: Arc<Call>, secrets: Secrets) -> Self {
        let key = call.session_key();
        Self {
            app,
            call,
            secrets,
            key,
        }
    }

    pub fn pass(&self, text: &str) -> Result<Passed, Trouble> {
        let document = reply::parse(text.as_bytes()).map_err(|_| Trouble::Garbage)?;
        let replies = reply::messages(&document).map_err(|_| Trouble::Garbage)?;
        let mut passed = match replies.as_slice() {
            [one] => self.one(one, &document)?,
            several => self.several(several, &document)?,
        };
        if !passed.is_dropped {
            let current = passed.changed.as_deref().unwrap_or(text);
            if let Some(covered) = cover::message(current, &self.secrets) {
                passed.changed = Some(covered);
            }
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
            if passed.is_dropped || passed.changed.is_some() || passed.refused.is_some() {
                return Err(Trouble::Garbage);
            }
            whole.answered = whole.answered.or(passed.answered);
        }
        Ok(whole)
    }

    fn one(&self, reply: &Reply<'_>, document: &Document<'_>) -> Result<Passed, Trouble> {
        match reply {
            Reply::Notification { .. } => Ok(Passed::default()),
            Reply::Request { id, method } => Ok(self.question(id, method)),
            Reply::Answer(answer) => self.answer(answer, document),
        }
    }

    /// A question of the server's: only in the legacy eras, and only where its entry allows it.
    fn question(&self, id: &str, method: &str) -> Passed {
        let server = self.call.caller.server();
        let allowed = !self.call.era.is_modern()
            && match method {
                "sampling/createMessage" => server.allows_sampling,
                "elicitation/create" => server.allows_elicitation,
                "roots/list" | "ping" => true,
                _ => false,
            };
        if allowed
            && self
                .app
                .asked
                .note(self.call.caller.org.bundle().org.id, self.key, id)
        {
            return Passed::default();
        }
        let refused = (!self.call.era.is_modern()).then(|| id.to_owned());
        Passed {
            is_dropped: true,
            refused,
            ..Passed::default()
        }
    }

    fn answer(&self, answer: &Answer<'_>, document: &Document<'_>) -> Result<Passed, Trouble> {
        if !self.is_ours(answer) {
            return Ok(Passed::dropped());
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
            passed.changed = self.cut(document)?;
            return Ok(passed);
        }
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
            passed.changed = self.round(answer, document)?;
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
    fn cut(&self, document: &Document<'_>) -> Result<Option<String>, Trouble> {
        let Some(page) = Page::of(document).map_err(|_| Trouble::Garbage)? else {
            return Ok(None);
        };
        let caller = &self.call.caller;
        self.app
            .seen
            .note(caller.server().id, document.text, page.entries());
        page.cut(|entry| {
            gate::is_visible(
                caller,
                entry.name,
                &Tool::of(caller, &self.app.seen, entry.name),
            )
        })
        .map_err(|_| Trouble::Garbage)
    }

    /// A result that asks for another round: its state is sealed to this question and grant.
    fn round(
        &self,
        answer: &Answer<'_>,
        document: &Document<'_>,
    ) -> Result<Option<String>, Trouble> {
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
            approval: None,
            upstream: upstream.to_owned(),
        };
        let app = &self.app;
        let sealed = app
            .seals
            .state(state, app.now_ms(), app.nonce())
            .ok_or(Trouble::TooLarge)?;
        splice(
            document.text,
            vec![Edit {
                span,
                text: quote(&sealed),
            }],
        )
        .map(Some)
        .ok_or(Trouble::Garbage)
    }

    fn may_ask(&self, asked: &Node<'_>) -> bool {
        let server = self.call.caller.server();
        asked.as_object().is_some_and(|asked| {
            asked.iter().all(
                |member| match member.node.get("method").and_then(Node::as_str) {
                    Some("sampling/createMessage") => server.allows_sampling,
                    Some("elicitation/create") => server.allows_elicitation,
                    Some("roots/list") => true,
                    _ => false,
                },
            )
        })
    }
}
