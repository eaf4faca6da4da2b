create table schema_version (version integer not null);

create table journal (
    id integer primary key,                         -- chain * 2^40 + position: ordered within a chain
    chain integer not null,
    position bigint not null,
    channel text not null,
    external_id text not null,
    received_at bigint not null,
    payload blob not null,          -- sealed
    data_key blob,                  -- wrapped by the gateway key
    digest blob not null,           -- SHA-256 over the digest before and this row
    unique (channel, external_id)
);

create table work (
    journal_id integer primary key references journal (id),
    state text not null default 'received' check (state in
        ('received', 'waiting', 'recorded', 'joined', 'command', 'ignored', 'parked')),
    due bigint not null,              -- a claim moves it ahead: the lease
    owner text,
    attempts integer not null default 0,
    lane text,                        -- pseudonym of the sender, once parsed
    batch text,                       -- what the parts of one message have in common
    record_id text,
    reason text,
    settled_at bigint
);

create index work_due on work (due, journal_id) where state in ('received', 'waiting');

create index work_batch on work (batch) where batch is not null;

create index work_parked on work (journal_id) where state = 'parked';

create index work_record on work (record_id) where record_id is not null;

create table records (
    record_id text primary key,
    revision integer not null,
    case_code text not null unique,
    channel text not null,
    external_id text not null,
    received_at bigint not null,
    updated_at bigint not null,
    pseudonym text not null,
    state text not null,              -- public status: diterima, diteruskan, …
    document blob not null,         -- sealed: the record as JSON
    data_key blob
);

create index records_by_sender on records (pseudonym, received_at);

create index records_by_time on records (received_at);

create table reporters (
    pseudonym text not null,
    record_id text not null references records (record_id),
    identity blob not null,         -- sealed: return address, name, contact as JSON
    data_key blob,
    primary key (record_id)
);

create index reporters_by_pseudonym on reporters (pseudonym);

create table fingerprints (
    key bigint not null,
    received_at bigint not null,
    record_id text not null,
    primary key (key, received_at, record_id)
) without rowid;

create table outbox (
    id integer primary key,
    record_id text not null,
    kind text not null,               -- record, receipt, status, help, …
    revision integer not null,
    target text not null,             -- 'central:<name>' or 'channel:<name>'
    lane text not null,               -- one at a time and in order within a target
    body blob not null,             -- sealed
    data_key blob,
    state text not null default 'pending' check (state in
        ('pending', 'delivered', 'uncertain', 'parked')),
    due bigint not null,              -- a claim moves it ahead: the lease
    owner text,
    attempts integer not null default 0,
    created_at bigint not null,
    settled_at bigint,
    reason text,
    reference text,                   -- the other side's receipt
    feedback text,                    -- what a delivery report or bounce said later
    reply_id text unique,             -- of a reply: the name it has outside
    dismissed text,                   -- why a person put a parked row aside
    unique (record_id, kind, revision, target)
);

create index outbox_due on outbox (target, due, id, state, created_at)
where state in ('pending', 'uncertain');

create index outbox_lane on outbox (target, lane, id)
where state in ('pending', 'uncertain');

create index outbox_parked on outbox (id) where state = 'parked';

create index outbox_recent on outbox (lane, created_at) where reply_id is not null;

create table audit (
    id integer primary key,
    at bigint not null,
    who text not null,
    what text not null
);

create table cursors (
    channel text not null,
    name text not null,
    value text not null,
    moved_at bigint not null,
    primary key (channel, name)
);

create table signals (
    journal_id integer primary key references journal (id),
    channel text not null,
    source text not null,
    received_at bigint not null,
    document blob not null,         -- sealed: the signal as JSON
    data_key blob,
    record_id text                    -- the report it became
);

create index signals_by_time on signals (received_at);

create table rhythm (
    channel text not null,
    hour bigint not null,             -- since 1970
    messages bigint not null,
    primary key (channel, hour)
);

create table troubles (
    channel text primary key,
    kind text not null,
    detail text not null,
    since bigint not null
);

create table questions (
    lane text primary key,            -- pseudonym of the sender
    topic text not null,              -- where, what, more, erase, solved, …
    record_id text,                   -- the report it is about
    choices integer not null,         -- how many numbered answers were offered
    asked_at bigint not null
);

create index work_waiting on work (lane) where state = 'waiting';

create index work_commands on work (lane) where state = 'command';

create table outbox_bodies (
    id integer primary key,                         -- of the outbox row
    body blob not null              -- sealed, its data key stands in the outbox row
);

insert into outbox_bodies (id, body) select id, body from outbox;

alter table outbox drop column body;

drop table fingerprints;

create table fingerprints (
    key bigint not null,
    received_at bigint not null,
    number bigint not null,
    primary key (key, received_at, number)
) without rowid;

alter table records add column number bigint;

update records set number = (
    select j.id from journal j
    where j.channel = records.channel and j.external_id = records.external_id
);

create unique index records_by_number on records (number);

alter table records add column cluster text;

create table clusters (
    cluster text primary key,         -- the record it began with
    whole text not null,              -- itself, or the cluster it became part of
    reports bigint not null,          -- that say the same
    day_began bigint not null,
    day_senders bigint not null       -- different ones since then, suggested ones included
);

create index clusters_by_whole on clusters (whole);

create table corrections (
    id integer primary key,
    record_id text not null,
    task text not null,               -- type, topic or agency
    value text not null,
    derived text,                     -- what stood there; null where an officer had put it
    derived_by text not null,         -- rules, model or officer
    derived_version text not null,
    who text not null,
    at bigint not null
);

create index corrections_of on corrections (task, record_id);

create table clocks (
    record_id text not null,
    step text not null,               -- promise, verify, follow_up, solve; '' for none
    agency text,                      -- in charge when last looked at
    revision bigint not null,         -- of the record, when last looked at
    state text not null,              -- of the case, then
    warn_at bigint not null,
    due_at bigint not null,
    level text not null default '',   -- what was told already: at_risk, overdue
    ended text,                       -- met, late; void where there is nothing left to do
    ended_at bigint,
    primary key (record_id, step)
);

create index clocks_open on clocks (warn_at) where ended is null;

create table escalations (
    id integer primary key,
    record_id text not null,
    step text not null,
    level text not null,              -- at_risk or overdue
    agency text,
    due_at bigint not null,
    at bigint not null
);

create index escalations_by_time on escalations (at);

create table anchors (
    sequence integer primary key,
    at bigint not null,
    document text not null,           -- signed, one line of JSON
    heads text not null               -- the position of each chain, as JSON
);

create table timeline (
    id integer primary key,
    record_id text not null references records (record_id),
    store text not null,              -- '' for what the citizen said
    update_id text not null,          -- the teller's own name for it
    at bigint not null,               -- when it happened, as told
    taken_at bigint not null,
    kind text not null,               -- status, answer, question, transfer, closed, …
    state text,                       -- the public state it stands for; null: none
    word text not null,               -- the store's own word for the state
    document blob not null,         -- sealed: text and agency as JSON
    data_key blob,
    unique (store, update_id)
);

create index timeline_of on timeline (record_id, at);

create table strays (
    id integer primary key,
    store text not null,
    update_id text not null,
    record_id text not null,          -- '' where the store told its own number alone
    reference text not null,
    taken_at bigint not null,
    document blob not null,         -- sealed: the update as JSON
    data_key blob,
    dismissed text,                   -- why a person put it aside
    unique (store, update_id)
);

create index outbox_reference on outbox (reference, target)
where kind = 'record' and reference <> '';

create table leases (
    name text primary key,
    owner text not null,
    epoch bigint not null,            -- one more with every new owner
    until bigint not null
);

create table notices (
    id integer primary key,
    record_id text not null references records (record_id),
    lane text not null,               -- pseudonym of the reporter
    state text not null default 'waiting' check (state in
        ('waiting', 'held', 'put', 'stopped')),
    due bigint not null,
    created_at bigint not null,
    settled_at bigint,
    reason text,                      -- why it is held, stopped or sent all the same
    units bigint not null default 0   -- what sending it was reckoned to cost
);

create unique index notices_open on notices (record_id)
where state in ('waiting', 'held');

create index notices_due on notices (due, id) where state in ('waiting', 'held');

create index notices_told on notices (record_id, settled_at) where state = 'put';

create index notices_of on notices (lane) where state = 'put';

create table notice_lines (
    notice_id bigint not null,
    timeline_id bigint not null,
    primary key (notice_id, timeline_id)
) without rowid;

create index records_by_cluster on records (cluster) where cluster is not null;

create table silenced (
    lane text primary key,
    since bigint not null
);

create table spent (
    channel text not null,
    month text not null,              -- such as 2026-03
    units bigint not null,
    primary key (channel, month)
);

create table reveals (
    id integer primary key,
    record_id text not null,
    case_code text not null,
    asked_by text not null,
    asked_at bigint not null,
    reason text not null,
    approved_by text,
    approved_at bigint,
    used_at bigint
);

create table holds (
    record_id text primary key,
    who text not null,
    reason text not null,
    since bigint not null
);

create table certificates (
    id integer primary key,
    at bigint not null,
    record_id text not null,
    document text not null            -- JSON
);

create index certificates_of on certificates (record_id);

create table record_files (
    sha256 text not null,
    record_id text not null,
    primary key (sha256, record_id)
) without rowid;

create index record_files_of on record_files (record_id);

alter table notices add column urgent integer not null default 0;

drop index reporters_by_pseudonym;
