-- One partition a day, made when its first record comes; a day is dropped by dropping its table.
create table if not exists records (
    at  timestamptz not null,
    id  text        not null,   -- of the message: who sends it again is recognised
    doc jsonb       not null,
    primary key (at, id)
) partition by range (at);

create index if not exists records_trace_id on records ((doc ->> 'trace_id'));

create table if not exists rejected (
    id   text primary key,
    at   timestamptz not null default now(),
    why  text  not null,
    line bytea not null
);
