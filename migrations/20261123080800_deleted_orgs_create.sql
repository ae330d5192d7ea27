-- Why: what nothing refers to goes with no cascade: the records of calls have no foreign keys, and are too many for the
-- request that deletes their organisation. A deleted organisation stands here for ever, with nothing but its id and the time,
-- and whatever comes of it late is deleted too.
create table deleted_orgs (
    org_id uuid primary key,
    at timestamptz not null,
    -- When somebody looks next whether anything of it is left.
    due_at timestamptz not null
);
create index deleted_orgs_due_at on deleted_orgs (due_at);

select tenant_wall('deleted_orgs');

-- Those that were deleted before. Row security is forced on the owner too, who looks across organisations this once.
alter table orgs no force row level security;
alter table call_counts no force row level security;
alter table deleted_orgs no force row level security;

insert into deleted_orgs (org_id, at, due_at)
select org_id, now(), now() from (select distinct org_id from call_counts) as counted
where not exists (select from orgs where id = org_id);

alter table orgs force row level security;
alter table call_counts force row level security;
alter table deleted_orgs force row level security;
