-- no-transaction
-- Why: the inventory walks an organisation's tools in this order, past everyone else's.
create index concurrently if not exists tools_of_org on tools (org_id, server_id, name);
