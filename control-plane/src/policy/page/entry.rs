//! The rules of one entry, or those for all tools, by form: every part is a form of its own and one edit of the draft.

use super::chosen::Chosen;
use super::{Head, Kept, edited, keep, made_worse};
use crate::app::App;
use crate::http::read::{Path, Query};
use crate::page::{Form, Frame, Visit, answer, then};
use crate::policy::edit::splice::{Step, look, read};
use crate::policy::edit::{CannotEdit, Edit, Of, Word};
use crate::policy::fields::{self, Limit, Predicate, Settings, Test};
use crate::policy::sample::{self, Offer, ROOTS};
use crate::problem::{Kind, Problem};
use ::policy::{Finding, Level, Operator, line_of};
use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use json::Node;
use serde::Deserialize;

mod item;
mod sent;

use item::{Fault, Item, List, faults, is_below, items, retype, said_at};
use sent::Sent;

#[derive(Debug, Template)]
#[template(path = "policy/entry.html")]
struct Entry {
    frame: Frame,
    head: Head,
    chosen: Chosen,
    /// Empty for all tools.
    selector: String,
    of: Of,
    exists: bool,
    line: Option<u32>,
    written: String,
    settings: Settings,
    lists: Vec<List<Predicate>>,
    limits: List<Limit>,
    offers: Vec<Offer>,
    /// Why there is no form for this entry.
    unclear: Option<CannotEdit>,
    /// What is wrong with the settings that were sent.
    faults: Vec<Fault>,
}

/// One comparison as the form shows it.
#[derive(Debug)]
struct Row {
    id: String,
    number: usize,
    test: Test,
    operators: Vec<(&'static str, Vec<Operator>)>,
    /// Beside its path, operator and value.
    faults: [Option<String>; 3],
}

#[derive(Debug, Default, Deserialize)]
pub struct Which {
    /// A selector; without one, the rules for all tools.
    #[serde(default, rename = "for")]
    selector: String,
    #[serde(default)]
    server: String,
}

const LISTS: [(&str, &str, &str); 3] = [
    (
        "require",
        "Demands",
        "Each must be true, else the call is denied.",
    ),
    (
        "deny_if",
        "Reasons to deny",
        "One that is true denies the call.",
    ),
    (
        "approve_if",
        "Reasons to ask a person",
        "One that is true holds the call until a person agrees.",
    ),
];

pub async fn entry(
    State(app): State<App>,
    visit: Visit,
    Path((_, named)): Path<(String, String)>,
    Query(which): Query<Which>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let page = page(&app, &visit, &named, which, &headers).await?;
    let response = answer(StatusCode::OK, &page);
    Ok(page.chosen.remember(&app, &visit, response))
}

pub async fn edit_entry(
    State(app): State<App>,
    visit: Visit,
    Path((_, named)): Path<(String, String)>,
    headers: HeaderMap,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let which = Which {
        selector: sent.selector.clone(),
        server: String::new(),
    };
    let mut page = page(&app, &visit, &named, which, &headers).await?;
    let stale = |mut page: Entry, sent: &Sent| {
        page.take(sent, &[]);
        page.head.is_stale = true;
        Ok(answer(StatusCode::PRECONDITION_FAILED, &page))
    };
    if sent.etag != Some(page.head.policy.draft.etag) {
        return stale(page, &sent);
    }
    let before = page.head.text.clone();
    if let Some(finding) = page.without_comparison(&sent)? {
        page.take(&sent, &[finding]);
        return Ok(answer(StatusCode::UNPROCESSABLE_ENTITY, &page));
    }
    let edits = page.edits(&sent)?;
    let after = match edited(&before, &edits) {
        Ok(after) => after,
        Err(cannot) => {
            page.take(&sent, &[]);
            page.head.problem = Some(format!(
                "Nothing was saved: {cannot} (`{}`).",
                cannot.pointer
            ));
            return Ok(answer(StatusCode::UNPROCESSABLE_ENTITY, &page));
        }
    };
    let is_removal = matches!(sent.act.as_str(), "drop" | "remove");
    let worse = if is_removal {
        Vec::new()
    } else {
        made_worse(&app, &visit, (&before, &after), page.chosen.named()).await?
    };
    if !worse.is_empty() {
        page.take(&sent, &worse);
        page.head.problem = Some("Nothing was saved: what is wrong is said beside it.".to_owned());
        return Ok(answer(StatusCode::UNPROCESSABLE_ENTITY, &page));
    }
    match keep(&app, &visit, &named, (sent.etag, &after), None).await? {
        Kept::Stale => {
            let which = Which {
                selector: sent.selector.clone(),
                server: String::new(),
            };
            stale(
                self::page(&app, &visit, &named, which, &headers).await?,
                &sent,
            )
        }
        Kept::Saved | Kept::Unpublished(..) => {
            let to = match sent.act.as_str() {
                "remove" => format!("/policies/{named}/tools?done=saved"),
                _ if sent.selector.is_empty() => format!("/policies/{named}/entry?done=saved"),
                _ => {
                    let selector: String =
                        url::form_urlencoded::byte_serialize(sent.selector.as_bytes()).collect();
                    format!("/policies/{named}/entry?for={selector}&done=saved")
                }
            };
            Ok(then(&visit.path(&to)))
        }
    }
}

async fn page(
    app: &App,
    visit: &Visit,
    named: &str,
    which: Which,
    headers: &HeaderMap,
) -> Result<Entry, Problem> {
    let is_all = which.selector.is_empty();
    let head = Head::of(
        app,
        visit,
        named,
        if is_all { "all tools" } else { "entry" },
    )
    .await?;
    let chosen = Chosen::of(app, visit, &which.server, headers).await?;
    let of = if is_all {
        Of::AllTools
    } else {
        Of::Entry(which.selector.clone())
    };
    let offers = offers(&chosen, &which.selector);
    let title = if is_all {
        "all tools"
    } else {
        which.selector.as_str()
    };
    let mut page = Entry {
        frame: visit.frame(app, "policies", format!("{}: {title}", head.policy.name)),
        exists: false,
        line: line_of(&head.text, &of.pointer()),
        written: String::new(),
        settings: Settings::read(None),
        lists: Vec::new(),
        limits: List {
            key: "limits",
            title: "Limits",
            about: "A call uses all of them, or none.",
            items: Vec::new(),
        },
        unclear: None,
        faults: Vec::new(),
        selector: which.selector,
        of,
        offers,
        chosen,
        head,
    };
    let text = page.head.text.clone();
    match read(&text) {
        Ok(document) => page.fill(&document.root, &text),
        Err(cannot) => page.unclear = Some(cannot),
    }
    Ok(page)
}

/// What conditions of this entry can look at: the arguments of the tool it names, else of all that the server has.
fn offers(chosen: &Chosen, selector: &str) -> Vec<Offer> {
    let is_named = chosen.tools.iter().any(|tool| tool.name == selector);
    let tools = chosen
        .tools
        .iter()
        .filter(|tool| !is_named || tool.name == selector);
    let schemas = tools.filter_map(|tool| {
        serde_json::from_str::<serde_json::Value>(tool.input_schema.as_deref()?.get()).ok()
    });
    let mut offers: Vec<Offer> = Vec::new();
    for offer in schemas.flat_map(|schema| sample::offers(&schema)) {
        let mut fresh = None;
        let known = offers.iter().position(|known| known.path == offer.path);
        match known.and_then(|at| offers.get_mut(at)) {
            // One tool leaves it open, so it is open.
            Some(known) if offer.types.is_empty() => known.types.clear(),
            Some(known) if known.types.is_empty() => {}
            Some(known) => {
                let new = offer
                    .types
                    .into_iter()
                    .filter(|own| !known.types.contains(own));
                let new: Vec<String> = new.collect();
                known.types.extend(new);
            }
            None => fresh = Some(offer),
        }
        if offers.len() < MOST_OFFERS {
            offers.extend(fresh);
        }
    }
    offers
}

const MOST_OFFERS: usize = 300;

impl Entry {
    fn types(&self, path: &str) -> Vec<String> {
        let root = ROOTS
            .iter()
            .find(|(root, ..)| *root == path || root.ends_with('.') && path.starts_with(root));
        match root {
            Some((_, own, _)) => vec![(*own).to_owned()],
            None => self
                .offers
                .iter()
                .find(|offer| offer.path == path)
                .map(|offer| offer.types.clone())
                .unwrap_or_default(),
        }
    }

    fn fill(&mut self, root: &Node<'_>, text: &str) {
        let way = match &self.of {
            Of::AllTools => vec![Step::Key("all_tools")],
            Of::Entry(selector) => vec![Step::Key("tools"), Step::Key(selector)],
        };
        let rules = look(root, &way);
        self.exists = rules.is_some();
        rules
            .map_or("", |rules| rules.span.of(text))
            .clone_into(&mut self.written);
        if let Some(rules) = rules.filter(|rules| rules.as_object().is_none()) {
            self.unclear = Some(CannotEdit::new(
                self.of.pointer(),
                format!(
                    "expected an object here, and there is a {}",
                    rules.type_name()
                ),
            ));
            return;
        }
        self.settings = Settings::read(rules);
        for key in ["require", "deny_if", "approve_if", "limits"] {
            let list = rules.and_then(|rules| rules.get(key));
            if let Some(list) = list.filter(|list| list.as_array().is_none()) {
                let pointer = format!("{}/{key}", self.of.pointer());
                self.unclear = Some(CannotEdit::new(
                    pointer,
                    format!("expected a list here, and there is a {}", list.type_name()),
                ));
                return;
            }
        }
        let types = |path: &str| self.types(path);
        let lists = LISTS.map(|(key, title, about)| List {
            items: items(rules, key, text, |node| Predicate::read(node, text, &types)),
            key,
            title,
            about,
        });
        self.limits.items = items(rules, "limits", text, Limit::read);
        self.lists = lists.into();
    }

    fn edits(&self, sent: &Sent) -> Result<Vec<Edit>, Problem> {
        let of = self.of.clone();
        let said = |detail: &str| Problem::new(Kind::BadRequest, detail);
        let list = || {
            ["require", "deny_if", "approve_if", "limits"]
                .into_iter()
                .find(|list| *list == sent.list)
                .ok_or_else(|| said("the form names no list of rules"))
        };
        Ok(match sent.act.as_str() {
            "settings" => {
                let mut edits = Vec::new();
                if let (Of::Entry(selector), false) = (&of, self.exists) {
                    edits.push(Edit::Say {
                        selector: selector.clone(),
                        word: Word::Allow,
                    });
                }
                edits.extend(self.settings.edits(&of, &sent.settings(&self.settings)));
                edits
            }
            "predicate" => {
                let types = |path: &str| self.types(path);
                vec![Edit::Item {
                    of,
                    list: list()?,
                    index: sent.index(),
                    value: sent.predicate()?.spell(&sent.list, &types),
                }]
            }
            "limit" => vec![Edit::Item {
                of,
                list: "limits",
                index: sent.index(),
                value: sent.limit().spell(),
            }],
            "drop" => vec![Edit::Drop {
                of,
                list: list()?,
                index: sent.index().ok_or_else(|| said("the form names no rule"))?,
            }],
            "remove" => match of {
                Of::Entry(selector) => vec![Edit::Say {
                    selector,
                    word: Word::None,
                }],
                Of::AllTools => vec![Edit::Set {
                    key: "all_tools",
                    value: None,
                }],
            },
            _ => return Err(said("the form does not say what it is for")),
        })
    }

    /// A rule without a comparison is true of every call, which is seldom meant: it has to be asked for.
    fn without_comparison(&self, sent: &Sent) -> Result<Option<Finding>, Problem> {
        let is_empty = sent.act == "predicate" && sent.predicate()?.tests.is_empty();
        Ok((is_empty && !sent.is_always()).then(|| Finding {
            level: Level::Error,
            pointer: self.of.pointer(),
            line: 1,
            column: 1,
            code: "no_comparison",
            message: "write a comparison, or tick that the rule holds always".to_owned(),
            hint: None,
        }))
    }

    /// Puts what was typed back into the form it was typed in, with what is wrong beside it.
    fn take(&mut self, sent: &Sent, worse: &[Finding]) {
        let pointer = self.of.pointer();
        match sent.act.as_str() {
            "settings" => {
                self.settings = sent.settings(&self.settings);
                self.faults = faults(worse, &pointer);
            }
            "predicate" => {
                let list = self.lists.iter_mut().find(|list| list.key == sent.list);
                if let (Some(list), Ok(form)) = (list, sent.predicate()) {
                    retype(
                        &mut list.items,
                        sent,
                        form,
                        worse,
                        &format!("{pointer}/{}", list.key),
                    );
                }
            }
            "limit" => {
                let base = format!("{pointer}/limits");
                retype(&mut self.limits.items, sent, sent.limit(), worse, &base);
            }
            _ => {}
        }
    }

    fn fault(&self, at: &str) -> Option<&str> {
        said_at(&self.faults, at)
    }

    /// What is wrong with the settings where there is no field for it.
    fn elsewhere(&self) -> impl Iterator<Item = &Fault> {
        const FIELDS: [&str; 9] = [
            "/action",
            "/reason",
            "/mode",
            "/arguments",
            "/record",
            "/rate_limit",
            "/approval/timeout",
            "/approval/approvers",
            "/approval/wait",
        ];
        self.faults
            .iter()
            .filter(|fault| FIELDS.iter().all(|field| !is_below(&fault.at, field)))
    }

    /// The comparisons of a rule, and an empty one where one can be added.
    fn rows(&self, item: &Item<Predicate>) -> Vec<Row> {
        let tests = item.form.iter().flat_map(|form| form.tests.iter().cloned());
        let empty = self.head.may_write.then(Test::default);
        let rows = tests.chain(empty).enumerate();
        rows.map(|(number, test)| Row {
            id: format!("{}-{number}", item.id()),
            faults: ["path", "op", "value"].map(|key| item.in_row(number, key).map(str::to_owned)),
            operators: self.operators(&test.path),
            number,
            test,
        })
        .collect()
    }

    /// Operators for a row of a condition, in groups: where the path's type is known, those that do not fit come last.
    fn operators(&self, path: &str) -> Vec<(&'static str, Vec<Operator>)> {
        let types = self.types(path);
        let fits =
            |operator: &Operator| types.is_empty() || types.iter().any(|own| operator.judges(own));
        let of = |wanted: bool, operators: &[Operator]| -> Vec<Operator> {
            let some = operators.iter().filter(|operator| fits(operator) == wanted);
            some.copied().collect()
        };
        let fitting = OPERATORS
            .iter()
            .map(|(group, operators)| (*group, of(true, operators)));
        let others = OPERATORS
            .iter()
            .flat_map(|(_, operators)| of(false, operators))
            .collect();
        fitting
            .chain([("For values of another type", others)])
            .filter(|(_, operators)| !operators.is_empty())
            .collect()
    }
}

const OPERATORS: [(&str, &[Operator]); 4] = [
    (
        "Anything",
        &[
            Operator::Eq,
            Operator::Neq,
            Operator::In,
            Operator::NotIn,
            Operator::Exists,
        ],
    ),
    (
        "Numbers, and dates as text",
        &[Operator::Gt, Operator::Gte, Operator::Lt, Operator::Lte],
    ),
    (
        "Texts",
        &[
            Operator::StartsWith,
            Operator::EndsWith,
            Operator::Regex,
            Operator::HostIn,
            Operator::UnderPath,
            Operator::EmailDomainIn,
            Operator::IpIn,
        ],
    ),
    (
        "Texts and lists",
        &[Operator::Contains, Operator::LengthLte, Operator::LengthGte],
    ),
];
