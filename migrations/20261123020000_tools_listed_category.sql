-- Why: of a tool that is published just as a server lists it, the catalogue's word counts before the classifier's.
alter table tools add column listed_category text
    check (listed_category in ('read', 'write', 'execute', 'destructive', 'financial', 'unknown'));
create index catalog_tools_same on catalog_tools (name, wording, schema);
drop index catalog_tools_name;
