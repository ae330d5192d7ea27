-- Why: who decides is shown what was decided before on calls of the same tool.
create index approvals_before on approvals (org_id, server_id, tool, id desc) where decided_at is not null;
