-- Run once after a backup was restored, before the control plane starts, as portcullis_system:
--   psql "$PORTCULLIS_DATABASE_SYSTEM_URL" -v ON_ERROR_STOP=1 -1 -f deploy/after-restore.sql
-- Replicas hold what was published after the backup, and refuse whatever is not newer; and where they stand in the feed
-- means nothing any more. So every organisation gets a version that no replica has seen, the feed begins where none has
-- been, and everything is published anew. Seconds since 1970 are beyond either: both grow by one for each change.
update org_versions set version = greatest(version + 1, extract(epoch from now())::bigint);
delete from feed where seq < (select max(seq) from feed);
update feed set seq = greatest(seq + 1, extract(epoch from now())::bigint);
insert into dirty_orgs (org_id, since) select id, now() from orgs on conflict (org_id) do nothing;
