-- Why: a budget of a long window, or of costs, is not lost with Redis: what its calls charged is summed here by slots of its
-- window, in the transaction that stores their records, and told to replicas whose Redis has lost it.
-- No foreign keys, for the reason that `calls` has none.
create table charges (
    org_id uuid not null,
    -- The counter of a policy and whose budget, as in the name of the ring in Redis.
    limit_id uuid not null,
    subject uuid not null,
    slot_ms bigint not null check (slot_ms > 0),
    slots bigint not null,
    slot bigint not null,
    -- Below zero where something was given back of a row that is gone: it counts as nothing.
    cost bigint not null,
    -- From when on it counts no more.
    until timestamptz not null,
    primary key (org_id, limit_id, subject, slot_ms, slots, slot)
) with (fillfactor = 80);

select tenant_wall('charges');
create index charges_until on charges (until);

-- In the record as they came; null of what charged none.
alter table calls add column charges text[];
-- What was charged for what is forwarded was given back.
alter table call_outcomes add column refunded boolean;
