-- Why: who can write to the database must not be able to change, drop or add a record unnoticed. Each record stands in a
-- chain of its organisation, day and replica, and checkpoints sign where the chains have come to.
-- Records from before have no chain, and the version before goes on storing such: nothing of theirs is proven.
alter table calls
    add column writer text,
    add column seq bigint,
    add column hash bytea;
alter table call_outcomes
    add column writer text,
    add column seq bigint,
    add column hash bytea;

-- Where each chain ends. `day` is the day of the calls, in UTC.
create table call_chains (
    org_id uuid not null,
    day date not null,
    writer text not null,
    last bigint not null,
    hash bytea not null check (length(hash) = 32),
    -- How far the newest checkpoint has signed.
    signed bigint not null default 0,
    primary key (org_id, day, writer)
) with (fillfactor = 50);

select tenant_wall('call_chains');
create index call_chains_unsigned on call_chains (org_id) where signed < last;

create table call_checkpoints (
    org_id uuid not null,
    number bigint not null,
    at timestamptz not null,
    -- What was signed, to the byte.
    document text not null,
    key text not null,
    signature text not null,
    primary key (org_id, number)
);

select tenant_wall('call_checkpoints');

-- Gives up the days before this one. Runs as the owner: the plane's own roles cannot drop tables.
create function drop_call_days(before date) returns bigint
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    part record;
    dropped bigint := 0;
begin
    perform pg_advisory_xact_lock(hashtext('make_call_day'));
    for part in
        select c.relname, c.oid::regclass as part, p.relname as parent from pg_inherits i
        join pg_class c on c.oid = i.inhrelid join pg_class p on p.oid = i.inhparent
        where i.inhparent in ('calls'::regclass, 'call_outcomes'::regclass)
            and c.relname ~ '^(calls|call_outcomes)_[0-9]{8}$'
            and to_date(right(c.relname, 8), 'YYYYMMDD') < before
    loop
        execute format('drop table %s', part.part);
        dropped := dropped + 1;
    end loop;
    return dropped;
end
$$;

revoke execute on function drop_call_days(date) from public;
grant execute on function drop_call_days(date) to portcullis_system;
