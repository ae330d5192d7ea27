-- Why: people who may decide are told by mail that calls wait, and not of each: one mail for a grant and a while.
alter table approvals add column told boolean not null default false;
create index approvals_untold on approvals (org_id, grant_id) where state = 'waiting' and not told;

create table approval_notices (
    org_id uuid not null references orgs on delete cascade,
    grant_id uuid not null,
    told_at timestamptz not null,
    primary key (org_id, grant_id),
    foreign key (org_id, grant_id) references grants (org_id, id) on delete cascade
);

select tenant_wall('approval_notices');
