-- Why: a filter that few calls pass must not read all others of the organisation. By verdict, only what was refused is the
-- lesser part. (A partitioned table cannot be given an index `concurrently`: recording waits while this is made.)
create index calls_server on calls (org_id, server_id, at, id);
create index calls_tool on calls (org_id, tool, at, id) where tool is not null;
create index calls_refused on calls (org_id, verdict, at, id) where verdict <> 'allow';
-- Who asks what became of one thing.
create index events_target on events (org_id, target, id);
