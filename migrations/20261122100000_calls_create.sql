-- Why: what the data planes record about calls, a partition for each day, so that old days go by dropping a table.
-- `at` comes from the id (UUIDv7), so a call and its outcome lie in the same day, and a record sent twice in the same place.
-- No foreign keys: a record may come after what it names is gone, and must be kept all the same.
create table calls (
    org_id uuid not null,
    at timestamptz not null,
    id uuid not null,
    judged_at timestamptz not null,
    replica text not null,
    grant_id uuid not null,
    server_id uuid not null,
    method text not null,
    tool text,
    verdict text not null check (verdict in ('allow', 'deny', 'limit', 'hold', 'unknown_tool', 'invalid')),
    rule text,
    policy_id uuid,
    policy_version integer,
    bundle_version bigint not null,
    limiter text not null check (limiter in ('none', 'shared', 'memory', 'share', 'open', 'closed')),
    argument_keys text[] not null,
    shadow jsonb not null,
    client_name text,
    client_version text,
    protocol text,
    added_us bigint not null,
    -- Who follows along asks for what was committed since they last asked, and clocks cannot answer that.
    tx xid8 not null default pg_current_xact_id(),
    primary key (org_id, at, id)
) partition by range (at);

create index calls_grant on calls (org_id, grant_id, at, id);
create index calls_tx on calls (org_id, tx);

create table call_outcomes (
    org_id uuid not null,
    at timestamptz not null,
    id uuid not null,
    ended_at timestamptz not null,
    upstream_status integer,
    latency_us bigint not null,
    added_us bigint not null,
    bytes bigint not null,
    outcome text not null check (outcome in ('ok', 'tool_error', 'upstream_error', 'cancelled', 'unknown')),
    tx xid8 not null default pg_current_xact_id(),
    primary key (org_id, at, id)
) partition by range (at);

create index call_outcomes_tx on call_outcomes (org_id, tx);

select tenant_wall('calls');
select tenant_wall('call_outcomes');

-- Records that this version does not understand, as they came: a newer replica's, or damaged ones.
create table unread_records (
    digest bytea primary key check (length(digest) = 32),
    replica text not null,
    batch text not null,
    reason text not null,
    body text not null,
    at timestamptz not null
);

grant select, insert on unread_records to portcullis_system;

-- The partitions of one day. Runs as the owner: the plane's own roles cannot make tables.
create function make_call_day(day date) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    parent name;
    part name;
begin
    foreach parent in array array['calls', 'call_outcomes'] loop
        part := format('%s_%s', parent, to_char(day, 'YYYYMMDD'));
        continue when to_regclass(part) is not null;
        -- Two processes may make the same day at once; the second waits and finds it made. It looks into the table and
        -- not with `to_regclass`, whose memory that there is none such survives the wait.
        perform pg_advisory_xact_lock(hashtext('make_call_day'));
        continue when exists (select from pg_class where relname = part and relnamespace = 'public'::regnamespace);
        -- Made apart and attached, because `create … partition of` locks out readers and writers of every day.
        execute format('create table %I (like %I including all)', part, parent);
        perform tenant_wall(part::regclass);
        execute format('alter table %I attach partition %I for values from (%L) to (%L)', parent, part,
            day::timestamp at time zone 'UTC', (day + 1)::timestamp at time zone 'UTC');
    end loop;
end
$$;

revoke execute on function make_call_day(date) from public;
grant execute on function make_call_day(date) to portcullis_system;
