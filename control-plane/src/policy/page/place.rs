//! Where in a policy version a rule stands, for links to its line.

use crate::app::App;
use crate::page::Visit;
use crate::policy::{line, version};
use crate::problem::{Kind, Problem};
use ids::PolicyId;
use serde_json::value::RawValue;

/// None where the policy is gone, or the rule has no place in it.
pub async fn line_of(
    app: &App,
    visit: &Visit,
    (policy, number): (PolicyId, u32),
    rule: &str,
) -> Result<Option<u32>, Problem> {
    match version::act::show(app, &visit.caller, &policy.to_string(), number).await {
        Ok(version) => {
            let text = version.document.as_deref().map_or("", RawValue::get);
            Ok(line::of_rule(text, rule))
        }
        Err(error) => match Problem::from(error) {
            problem if problem.kind == Kind::NotFound => Ok(None),
            problem => Err(problem),
        },
    }
}
