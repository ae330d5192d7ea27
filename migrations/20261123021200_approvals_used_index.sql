-- Why: each held call asks whether an approval of exactly it was used before.
create index approvals_used on approvals (org_id, digest) where used > 0;
