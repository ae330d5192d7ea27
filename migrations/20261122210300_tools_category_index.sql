-- no-transaction
-- Why: a category that few tools have must not be looked for among all others of the organisation; and the planner learns by it how
-- many have which.
create index concurrently if not exists tools_of_category
    on tools (org_id, coalesce(standing_category, category, 'unknown'), server_id, name);
