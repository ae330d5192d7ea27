-- Why: charts and sums must not read the calls themselves, which are many. Counted in the transaction that stores a call.
-- No foreign keys, for the reason that `calls` has none.
create table call_counts (
    org_id uuid not null,
    -- What is counted: all calls of the organisation, or those of each server, grant, tool, or refusing rule.
    by text not null check (by in ('org', 'server', 'grant', 'tool', 'rule')),
    -- The beginning of the hour; by grant, tool and rule, of which there are many, of the day in UTC.
    at timestamptz not null,
    verdict text not null check (verdict in ('allow', 'deny', 'limit', 'hold', 'unknown_tool', 'invalid')),
    -- The server, the grant, the server of the tool, the policy of the rule; of `org` the organisation itself.
    id uuid not null,
    -- The tool's name, the rule's pointer; else nothing.
    item text not null,
    calls bigint not null,
    -- The verdict before the time: what was refused is asked for alone, and is the lesser part.
    primary key (org_id, by, verdict, at, id, item)
) with (fillfactor = 80);

select tenant_wall('call_counts');

-- How long calls took that ended, by the bounds in `call/count.rs`: `bucket` is how many of them are not above it.
create table call_latencies (
    org_id uuid not null,
    by text not null check (by in ('org', 'server')),
    id uuid not null,
    hour timestamptz not null,
    bucket smallint not null,
    calls bigint not null,
    primary key (org_id, by, id, hour, bucket)
) with (fillfactor = 80);

select tenant_wall('call_latencies');

-- What was recorded before counts. Row security is forced on the owner too, who looks across organisations this once.
alter table calls no force row level security;
alter table call_counts no force row level security;

insert into call_counts (org_id, by, at, verdict, id, item, calls)
select c.org_id, k.by, date_trunc(case when k.by in ('org', 'server') then 'hour' else 'day' end, c.at, 'UTC'), c.verdict, k.id, k.item, count(*)
from calls c
cross join lateral (values
    ('org', c.org_id, ''), ('server', c.server_id, ''), ('grant', c.grant_id, ''),
    ('tool', case when c.method = 'tools/call' and c.verdict in ('allow', 'deny', 'limit', 'hold') then c.server_id end, c.tool),
    ('rule', case when c.verdict in ('deny', 'limit', 'hold') then c.policy_id end, c.rule)
) as k (by, id, item)
where k.id is not null and k.item is not null
group by 1, 2, 3, 4, 5, 6;

alter table calls force row level security;
alter table call_counts force row level security;
