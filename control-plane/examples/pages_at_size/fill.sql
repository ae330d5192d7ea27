-- One organisation with 200 servers, 5,000 tools, 1,000 grants and many calls of the last 30 days, and twenty smaller ones
-- beside it. `:calls` and `:now` are replaced before this runs. As the owner of the database, whom no wall stops.
create temp table size as select id, slug, row_number() over (order by slug <> 'big', slug) - 1 as number from orgs;

insert into servers (id, org_id, slug, name, url, auth_type, connect_ms, first_byte_ms, call_first_byte_ms, idle_ms,
    whole_ms, status, last_discovered_at, etag, created_at)
select uuid_at(:now - 4000000000 + n, size.slug || 's' || n), size.id, 'server-' || n, 'Server ' || n,
    'https://s' || n || '.example.org/mcp', 'none', 5000, 60000, 300000, 300000, 900000, 'ready', to_timestamp(:now / 1000.0),
    gen_random_uuid(), to_timestamp(:now / 1000.0)
from size, generate_series(0, 199) as n where size.number = 0 or n < 20;

insert into tools (org_id, server_id, name, position, definition, digest, reviewed_digest, first_seen_at)
select org_id, id, 'tool_' || right(slug, -7) || '_' || n, n,
    json_build_object('name', 'tool_' || right(slug, -7) || '_' || n, 'description', repeat('What it does, at some length. ', 12),
        'inputSchema', json_build_object('type', 'object'), 'annotations', json_build_object('readOnlyHint', n % 2 = 0))::text,
    sha256((slug || n)::bytea), sha256((slug || n)::bytea), to_timestamp(:now / 1000.0)
from servers, generate_series(0, 24) as n;

insert into policies (id, org_id, slug, name, draft, draft_etag, published, etag, created_at)
select uuid_at(:now - 4000000000 + n, size.slug || 'p' || n), size.id, 'policy-' || n, 'Policy ' || n, '{"version": "1", "default": "deny"}',
    gen_random_uuid(), 1, gen_random_uuid(), to_timestamp(:now / 1000.0)
from size, generate_series(0, 99) as n where size.number = 0 or n < 10;

insert into policy_versions (org_id, policy_id, number, document, digest, author, note, published_at)
select org_id, id, n, '{"version": "1", "default": "deny"}', sha256('{}'), 'Ada', 'a note', created_at
from policies, generate_series(1, 20) as n;

insert into grants (id, org_id, name, digest, hint, made_by, last_used_at, etag, created_at)
select uuid_at(:now - 3000000000 + n, size.slug || 'g' || n), size.id, 'Agent ' || n, sha256((size.slug || 'grant' || n)::bytea), 'pcg_abcd', '',
    to_timestamp(:now / 1000.0), gen_random_uuid(), to_timestamp(:now / 1000.0)
from size, generate_series(0, 999) as n where size.number = 0 or n < 100;

insert into attachments (org_id, grant_id, server_id, policy_id, position)
select g.org_id, g.id, s.id, p.id, k
from (select *, row_number() over (partition by org_id order by id) as n from grants) as g
cross join generate_series(0, 4) as k
join (select *, row_number() over (partition by org_id order by id) as n, count(*) over (partition by org_id) as many from servers) as s
    on s.org_id = g.org_id and s.n = (g.n * 5 + k) % s.many + 1
join (select *, row_number() over (partition by org_id order by id) as n, count(*) over (partition by org_id) as many from policies) as p
    on p.org_id = g.org_id and p.n = g.n % p.many + 1;

insert into events (id, org_id, at, actor, actor_name, action, target, detail)
select uuid_at(:now - n * 40000, size.slug || 'e' || n), size.id, to_timestamp((:now - n * 40000) / 1000.0), 'usr_a', 'Ada',
    (array['policy.published', 'grant.minted', 'server.changed', 'policy.drafted'])[n % 4 + 1],
    'pol_' || (n % 500), '{"version": 1, "note": "why"}'
from size, generate_series(1, 50000) as n where size.number = 0 or n < 1000;

select make_call_day((to_timestamp(:now / 1000.0) at time zone 'utc')::date - n) from generate_series(-1, 31) as n;

-- Which grant, server, tool and verdict the n-th call has.
create temp table cast_of as
select size.id as org_id, g.n as grant_n, g.id as grant_id, g.server_id, g.slug, g.policy_id, g.k
from size join (
    select grants.org_id, grants.id, server_id, right(servers.slug, -7) as slug, policy_id, attachments.position as k,
        row_number() over (partition by grants.org_id order by grants.id, attachments.position) - 1 as n
    from grants join attachments on attachments.grant_id = grants.id join servers on servers.id = server_id
) as g on g.org_id = size.id;
create index on cast_of (org_id, grant_n);
analyze cast_of;

create temp table made as
select size.id as org_id, size.number, n, :now - (n * (30 * 86400000.0 / total))::bigint - 1 as ms, n * 7919 % parts as part, total,
    abs(hashtext('v' || n)) % 400 as v, abs(hashtext('t' || n)) % 25 as t
from size cross join lateral (select case when size.number = 0 then :calls else :calls / 100 end::bigint as total) as t
cross join lateral (select count(*) as parts from cast_of where cast_of.org_id = size.id) as c
cross join lateral generate_series(0, total - 1) as n;

insert into calls (org_id, at, id, judged_at, replica, grant_id, server_id, method, tool, verdict, rule, policy_id, policy_version,
    bundle_version, limiter, argument_keys, shadow, protocol, added_us)
select made.org_id, to_timestamp(ms / 1000.0), uuid_at(ms, made.number || 'c' || n), to_timestamp(ms / 1000.0), 'replica-' || n % 3, grant_id, server_id,
    'tools/call', 'tool_' || slug || '_' || t,
    case when v < 320 then 'allow' when v < 360 then 'deny' when v < 380 then 'limit' when v = 380 then 'hold' else 'unknown_tool' end,
    case when v < 320 then null else '/tools/tool_' || slug || '/action' end,
    policy_id, 1, 1, 'shared', array['amount', 'currency'], '[]', '2025-11-25', 250
from made join cast_of on cast_of.org_id = made.org_id and cast_of.grant_n = made.part;

insert into call_outcomes (org_id, at, id, ended_at, upstream_status, latency_us, added_us, bytes, outcome)
select org_id, at, id, at, 200, 500 + abs(hashtext(id::text)) % 400000, 700, 900, 'ok' from calls where verdict = 'allow';

insert into call_counts (org_id, by, at, verdict, id, item, calls)
select c.org_id, k.by, date_trunc(case when k.by in ('org', 'server') then 'hour' else 'day' end, c.at, 'UTC'), c.verdict, k.id, k.item, count(*)
from calls c cross join lateral (values
    ('org', c.org_id, ''), ('server', c.server_id, ''), ('grant', c.grant_id, ''),
    ('tool', case when c.verdict in ('allow', 'deny', 'limit', 'hold') then c.server_id end, c.tool),
    ('rule', case when c.verdict in ('deny', 'limit', 'hold') then c.policy_id end, c.rule)
) as k (by, id, item)
where k.id is not null and k.item is not null
group by 1, 2, 3, 4, 5, 6;

insert into call_latencies (org_id, by, id, hour, bucket, calls)
select c.org_id, k.by, k.id, date_trunc('hour', c.at, 'UTC'), width_bucket(o.latency_us, :bounds), count(*)
from calls c join call_outcomes o on o.org_id = c.org_id and o.at = c.at and o.id = c.id
cross join lateral (values ('org', c.org_id), ('server', c.server_id)) as k (by, id)
group by 1, 2, 3, 4, 5;

drop table made, cast_of, size;
