-- How many bytes the places in the chains add to a call with its outcome. In an empty database after `control-plane migrate`, as a
-- superuser: psql -f control-plane/examples/chain_bytes.sql
begin;
select make_call_day('2026-11-01'), make_call_day('2026-11-02');
insert into calls (org_id, at, id, judged_at, replica, grant_id, server_id, method, tool, verdict, bundle_version, limiter, argument_keys, shadow, protocol, added_us, writer, seq, hash)
select '00000000-0000-0000-0000-000000000001', d.day + n * interval '400 ms', gen_random_uuid(), d.day + n * interval '400 ms', 'replica-1', '00000000-0000-0000-0000-000000000002','00000000-0000-0000-0000-000000000003','tools/call','create_refund','allow',7,'shared','{amount,currency}','[]','2025-11-25',250,
 case when d.chained then 'replica-1' end, case when d.chained then n*2 end, case when d.chained then sha256(n::text::bytea) end
from generate_series(1,200000) n, (values ('2026-11-01'::timestamptz, false), ('2026-11-02', true)) d(day, chained) order by d.day, n;
insert into call_outcomes (org_id, at, id, ended_at, upstream_status, latency_us, added_us, bytes, outcome, writer, seq, hash)
select org_id, at, id, at + interval '1s', 200, 12000, 700, 4321, 'ok', writer, seq+1, sha256(hash) from calls order by at;
select 'bytes a call without a chain' as what, (pg_total_relation_size('calls_20261101')+pg_total_relation_size('call_outcomes_20261101'))/ 200000 as bytes;
select 'bytes a call in a chain' as what, (pg_total_relation_size('calls_20261102')+pg_total_relation_size('call_outcomes_20261102'))/ 200000 as bytes;
rollback;
