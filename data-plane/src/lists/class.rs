//! The category of a tool by the definition that a replica met, by the same code as in the control plane. PURE.

use catalog::{Definition, Tool, Trust};
use mcp::Entry;
use policy::Category;

/// None where the recorded category is good for this definition too. Where a recorded definition was replaced by a milder
/// one, the worse category stays until the control plane has read it: a server must not talk itself down unseen.
pub fn of(
    entry: &Entry<'_>,
    trust: Trust,
    recorded: Option<&bundle::Tool>,
    digest: &str,
) -> Option<Category> {
    if recorded.is_some_and(|tool| tool.digest == digest || !tool.is_read) {
        return None;
    }
    let tool = Tool::of(entry.name, entry.definition);
    let read = catalog::classify(&Definition::read(&tool), trust).category;
    let known = recorded.and_then(|tool| catalog::Category::parse(tool.category.word()));
    let worst = known
        .into_iter()
        .chain([read])
        .max_by_key(|category| (category.severity(), *category))?;
    Category::from_word(worst.name())
}

#[cfg(test)]
mod tests;
