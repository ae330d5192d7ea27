-- Why: everybody may look up what the tools of published servers can do. It belongs to no organisation, so nothing here has a
-- tenant and nobody's request writes: only whoever owns the database brings it in (`control-plane catalog import`).

-- Trusted since Postgres 13: whoever may create in the database may make it, without being a superuser.
create extension if not exists pg_trgm;

create table catalog_servers (
    -- Its name in URLs, made of ecosystem and package.
    slug text primary key,
    ecosystem text not null,
    package text not null,
    version text not null,
    name text not null,
    transport text not null,
    grade text not null check (grade in ('A', 'B', 'C', 'D', 'F')),
    -- What its list of tools takes of a model's context, estimated.
    tokens bigint not null,
    tool_count integer not null,
    -- How many tools of each category, in the order read, write, execute, destructive, financial, unknown.
    counts integer[] not null check (cardinality(counts) = 6),
    -- Words of its own name; and those, with the words of its tools.
    names tsvector not null,
    words tsvector not null,
    first_seen_at timestamptz not null,
    last_seen_at timestamptz not null,
    unique (ecosystem, package)
);
create index catalog_servers_names on catalog_servers using gin (names);
create index catalog_servers_words on catalog_servers using gin (words);

create table catalog_tools (
    server text not null references catalog_servers on delete cascade,
    name text not null,
    position integer not null,
    category text not null check (category in ('read', 'write', 'execute', 'destructive', 'financial', 'unknown')),
    confidence smallint not null,
    evidence jsonb not null,
    signals text[] not null,
    parameters jsonb not null,
    annotations jsonb not null,
    -- Marks of what others wrote: whether it changed, without what it says.
    wording text not null,
    schema text not null,
    words tsvector not null,
    primary key (server, name)
);
create index catalog_tools_position on catalog_tools (server, position);
create index catalog_tools_name on catalog_tools (name);
create index catalog_tools_words on catalog_tools using gin (words);

create table catalog_changes (
    id bigint generated always as identity primary key,
    server text not null references catalog_servers on delete cascade,
    -- Absent where the server itself came.
    tool text,
    change text not null check (change in ('server', 'added', 'removed', 'wording', 'schema', 'claims', 'category')),
    -- The version of the package that it came with.
    version text not null,
    at timestamptz not null
);
create index catalog_changes_server on catalog_changes (server, id);

-- Every word there is, for whoever mistypes one.
create table catalog_words (
    word text primary key
);
create index catalog_words_prefix on catalog_words (word text_pattern_ops);
create index catalog_words_alike on catalog_words using gin (word gin_trgm_ops);

-- One row: how much there is, and which shipped file was brought in last.
create table catalog_state (
    is_only boolean primary key default true check (is_only),
    servers bigint not null,
    tools bigint not null,
    shipped bytea check (length(shipped) = 32),
    at timestamptz not null
);

grant select on catalog_servers, catalog_tools, catalog_changes, catalog_words, catalog_state
    to portcullis_app, portcullis_system;
