-- Why: a record that is lost before it reaches the database (with a disk, or cut out of a spool) must not be lost silently.
-- Replicas number what they write; here stands which numbers came. Of no organisation: a number that never came names none.
create table replica_spools (
    replica text not null,
    -- One opening of the spool, named by its time.
    epoch bigint not null,
    -- Up to here each number has come, or is missing.
    last bigint not null default 0 check (last >= 0),
    -- How many the replica says it has written.
    told bigint not null default 0 check (told >= 0),
    missing int8multirange not null default '{}',
    missing_since timestamptz,
    is_told boolean not null default false,
    seen_at timestamptz not null,
    primary key (replica, epoch)
) with (fillfactor = 50);

grant select, insert, update, delete on replica_spools to portcullis_system;
grant select on replica_spools to portcullis_app;
