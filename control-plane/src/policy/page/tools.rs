//! The draft as a table: every tool of a server, with one word for each that can be chosen.

use super::chosen::Chosen;
use super::{Head, Kept, edited, hints, keep, made_worse};
use crate::app::App;
use crate::http::read::{Path, Query};
use crate::page::{Form, Frame, Visit, answer, show, then};
use crate::policy::edit::{CannotEdit, Edit, Word};
use crate::policy::outline::{Facts, Hints, Other, Outline, Standing};
use crate::problem::Problem;
use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use uuid::Uuid;

/// Tools on one page.
const PAGE: usize = 100;

#[derive(Debug, Template)]
#[template(path = "policy/tools.html")]
struct Tools {
    frame: Frame,
    head: Head,
    chosen: Chosen,
    filter: Filter,
    /// Those of the page that match.
    rows: Vec<Row>,
    matching: usize,
    others: Vec<Other>,
    every_call: String,
    /// Why there is no form for this draft.
    unclear: Option<CannotEdit>,
    /// What the choices would drop: the tool, and what its entry holds.
    losses: Vec<(String, String)>,
}

#[derive(Debug)]
struct Row {
    name: String,
    description: Option<String>,
    category: &'static str,
    hints: Hints,
    is_changed: bool,
    standing: Standing,
    /// What is chosen in the form; what the draft says, unless somebody has chosen otherwise.
    word: Word,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub struct Filter {
    #[serde(default)]
    server: String,
    #[serde(default)]
    q: String,
    #[serde(default)]
    verdict: String,
    #[serde(default)]
    hint: String,
    #[serde(default)]
    from: usize,
}

#[derive(Debug, Default, Deserialize)]
pub struct Choices {
    #[serde(default)]
    server: String,
    #[serde(default)]
    q: String,
    #[serde(default)]
    verdict: String,
    #[serde(default)]
    hint: String,
    #[serde(default)]
    from: usize,
    etag: Option<Uuid>,
    #[serde(default)]
    note: String,
    #[serde(default)]
    act: String,
    /// Whether rules may be dropped for a word.
    #[serde(default)]
    drop: String,
    /// These three run side by side: a tool, the word it had when the page was made, and the chosen one.
    #[serde(default)]
    tool: Vec<String>,
    #[serde(default)]
    was: Vec<String>,
    #[serde(default)]
    word: Vec<String>,
}

pub async fn tools(
    State(app): State<App>,
    visit: Visit,
    Path((_, named)): Path<(String, String)>,
    Query(filter): Query<Filter>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let page = page(&app, &visit, &named, filter, &headers, &[]).await?;
    let response = answer(StatusCode::OK, &page);
    Ok(page.chosen.remember(&app, &visit, response))
}

/// Writes the words that were chosen into the draft: those that differ from what the page showed, and nothing else.
pub async fn choose(
    State(app): State<App>,
    visit: Visit,
    Path((_, named)): Path<(String, String)>,
    headers: HeaderMap,
    Form(choices): Form<Choices>,
) -> Result<Response, Problem> {
    let words = choices.changed()?;
    let mut page = page(&app, &visit, &named, choices.filter(), &headers, &words).await?;
    page.head.note.clone_from(&choices.note);
    if choices.etag != Some(page.head.policy.draft.etag) {
        page.head.is_stale = true;
        return Ok(answer(StatusCode::PRECONDITION_FAILED, &page));
    }
    let before = page.head.text.clone();
    let edits: Vec<Edit> = words
        .iter()
        .map(|(tool, word)| Edit::Say {
            selector: tool.clone(),
            word: *word,
        })
        .collect();
    let refused = |mut page: Tools, said: String| {
        page.head.problem = Some(said);
        Ok(answer(StatusCode::UNPROCESSABLE_ENTITY, &page))
    };
    let after = match edited(&before, &edits) {
        Ok(after) => after,
        Err(cannot) => {
            return refused(
                page,
                format!("Nothing was saved: {cannot} (`{}`).", cannot.pointer),
            );
        }
    };
    if choices.drop.is_empty() {
        for edit in &edits {
            let lost = edit.loses(&before).unwrap_or_default();
            if let (Edit::Say { selector, .. }, false) = (edit, lost.is_empty()) {
                page.losses.push((selector.clone(), lost.join(", ")));
            }
        }
        if !page.losses.is_empty() {
            return refused(
                page,
                "Nothing was saved yet: some of these tools have rules that would be dropped."
                    .to_owned(),
            );
        }
    }
    let worse = made_worse(&app, &visit, (&before, &after), page.chosen.named()).await?;
    if let Some(finding) = worse.first() {
        let said = format!(
            "Nothing was saved: {} (`{}`).",
            finding.message, finding.pointer
        );
        return refused(page, said);
    }
    let publication = (choices.act == "publish").then_some(choices.note.as_str());
    match keep(&app, &visit, &named, (choices.etag, &after), publication).await? {
        Kept::Saved => {
            let done = if publication.is_some() {
                "published"
            } else {
                "saved"
            };
            let to = format!(
                "/policies/{named}/tools?{}&done={done}",
                choices.filter().query()
            );
            Ok(then(&visit.path(&to)))
        }
        Kept::Stale => {
            let mut page =
                self::page(&app, &visit, &named, choices.filter(), &headers, &words).await?;
            (page.head.note, page.head.is_stale) = (choices.note, true);
            Ok(answer(StatusCode::PRECONDITION_FAILED, &page))
        }
        Kept::Unpublished(status, said) => {
            let mut page =
                self::page(&app, &visit, &named, choices.filter(), &headers, &[]).await?;
            (page.head.note, page.head.problem) = (choices.note, Some(said));
            Ok(answer(status, &page))
        }
    }
}

async fn page(
    app: &App,
    visit: &Visit,
    named: &str,
    mut filter: Filter,
    headers: &HeaderMap,
    words: &[(String, Word)],
) -> Result<Tools, Problem> {
    let head = Head::of(app, visit, named, "tools").await?;
    let mut chosen = Chosen::of(app, visit, &filter.server, headers).await?;
    filter.server.clone_from(&chosen.slug);
    let tools = std::mem::take(&mut chosen.tools);
    let facts: Vec<Facts<'_>> = tools
        .iter()
        .map(|tool| Facts {
            name: &tool.name,
            category: tool.category,
        })
        .collect();
    let (outline, unclear) = match Outline::of(&head.text, &facts) {
        Ok(outline) => (Some(outline), None),
        Err(cannot) => (None, Some(cannot)),
    };
    let standings = outline
        .as_ref()
        .map_or(&[][..], |outline| outline.tools.as_slice());
    let mut rows: Vec<Row> = tools
        .iter()
        .zip(standings)
        .map(|(tool, standing)| Row {
            name: tool.name.clone(),
            description: tool.description.clone(),
            category: tool.category.word(),
            hints: hints(tool),
            is_changed: tool.is_changed,
            standing: standing.clone(),
            word: chosen_word(words, &tool.name).unwrap_or(standing.word),
        })
        // What somebody has chosen is never out of sight.
        .filter(|row| chosen_word(words, &row.name).is_some() || filter.takes(row))
        .collect();
    let matching = rows.len();
    if filter.from >= matching {
        filter.from = 0;
    }
    rows = rows
        .into_iter()
        .skip(filter.from)
        .take(PAGE.max(words.len()))
        .collect();
    Ok(Tools {
        frame: visit.frame(app, "policies", format!("{}: tools", head.policy.name)),
        head,
        chosen,
        filter,
        rows,
        matching,
        every_call: outline
            .as_ref()
            .map(|outline| outline.all_tools.clone())
            .unwrap_or_default(),
        others: outline.map(|outline| outline.others).unwrap_or_default(),
        unclear,
        losses: Vec::new(),
    })
}

impl Tools {
    /// The way to the tools after those that are shown.
    fn next(&self) -> Option<String> {
        let from = self.filter.from + PAGE;
        (from < self.matching).then(|| self.turned(from))
    }

    fn before(&self) -> Option<String> {
        (self.filter.from > 0).then(|| self.turned(self.filter.from.saturating_sub(PAGE)))
    }

    fn turned(&self, from: usize) -> String {
        let filter = Filter {
            from,
            ..self.filter.clone()
        };
        filter.query()
    }
}

impl Filter {
    fn takes(&self, row: &Row) -> bool {
        let wanted = self.q.trim().to_lowercase();
        let has = |text: &str| text.to_lowercase().contains(&wanted);
        let is_found = has(&row.name) || row.description.as_deref().is_some_and(has);
        let is_verdict = match self.verdict.as_str() {
            "" => true,
            "custom" => row.standing.word == Word::Custom,
            word => row.standing.effect.word() == word,
        };
        let is_hint = match self.hint.as_str() {
            "read_only" => row.hints.read_only == Some(true),
            "destructive" => {
                row.hints.destructive == Some(true) && row.hints.read_only != Some(true)
            }
            "neither" => row.hints.read_only != Some(true) && row.hints.destructive != Some(true),
            _ => true,
        };
        is_found && is_verdict && is_hint
    }

    fn query(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("server", &self.server);
        for (name, value) in [
            ("q", &self.q),
            ("verdict", &self.verdict),
            ("hint", &self.hint),
        ] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        if self.from > 0 {
            query.append_pair("from", &self.from.to_string());
        }
        query.finish()
    }
}

impl Choices {
    fn filter(&self) -> Filter {
        Filter {
            server: self.server.clone(),
            q: self.q.clone(),
            verdict: self.verdict.clone(),
            hint: self.hint.clone(),
            from: self.from,
        }
    }

    fn changed(&self) -> Result<Vec<(String, Word)>, Problem> {
        if self.tool.len() != self.was.len() || self.tool.len() != self.word.len() {
            return Err(Problem::new(
                crate::problem::Kind::BadRequest,
                "the form is not whole: every tool comes with the word it had and the one that is chosen",
            ));
        }
        let mut changed = Vec::new();
        for ((tool, was), word) in self.tool.iter().zip(&self.was).zip(&self.word) {
            if was == word {
                continue;
            }
            let word = Word::from_word(word).filter(|word| *word != Word::Custom);
            let word = word.ok_or_else(|| {
                Problem::invalid("/word", "expected none, allow, deny, hide or approve")
            })?;
            changed.push((tool.clone(), word));
        }
        Ok(changed)
    }
}

fn chosen_word(words: &[(String, Word)], tool: &str) -> Option<Word> {
    words
        .iter()
        .find(|(name, _)| name == tool)
        .map(|(_, word)| *word)
}
