"""
Every table of the gateway, as a numbered list of forward-only steps for both engines.

`{blob}`, `{id}`, `{key}` and `{clustered}` are what differs between SQLite and PostgreSQL here. A
step once released is never edited. Times are milliseconds since 1970, UTC. Nothing a citizen wrote
and no address of theirs stands here in plain: what is sealed is named so in the comment behind it.
"""

from collections.abc import Callable

from forwarder.ports import Transaction
from gateway.store import migrations_access

#: Statements, and what no SQL can do as a function.
Step = tuple[str | Callable[[Transaction], None], ...]

MIGRATIONS: tuple[Step, ...] = (
    (
        # Appended to and never changed, but for data_key, which erasing a person sets to null.
        """
        create table journal (
            id {key},                         -- chain * 2^40 + position: ordered within a chain
            chain integer not null,
            position bigint not null,
            channel text not null,
            external_id text not null,
            received_at bigint not null,
            payload {blob} not null,          -- sealed
            data_key {blob},                  -- wrapped by the gateway key
            digest {blob} not null,           -- SHA-256 over the digest before and this row
            unique (channel, external_id)
        )
        """,
        # What became of each journal row. Apart from it, so that settling copies no payload; made
        # by the pipeline and not by `accept`, so that it delays no acknowledgement.
        """
        create table work (
            journal_id {key} references journal (id),
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
        )
        """,
        "create index work_due on work (due, journal_id) where state in ('received', 'waiting')",
        "create index work_batch on work (batch) where batch is not null",
        "create index work_parked on work (journal_id) where state = 'parked'",
        "create index work_record on work (record_id) where record_id is not null",
        """
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
            document {blob} not null,         -- sealed: the record as JSON
            data_key {blob}
        )
        """,
        "create index records_by_sender on records (pseudonym, received_at)",
        "create index records_by_time on records (received_at)",
        # Who can be answered, apart from what was said.
        """
        create table reporters (
            pseudonym text not null,
            record_id text not null references records (record_id),
            identity {blob} not null,         -- sealed: return address, name, contact as JSON
            data_key {blob},
            primary key (record_id)
        )
        """,
        "create index reporters_by_pseudonym on reporters (pseudonym)",
        # Eight rows a record: all of a row is in the one index, and no reference is checked, for
        # who looks here goes on to `records` anyway.
        """
        create table fingerprints (
            key bigint not null,
            received_at bigint not null,
            record_id text not null,
            primary key (key, received_at, record_id)
        ) {clustered}
        """,
        """
        create table outbox (
            id {id},
            record_id text not null,
            kind text not null,               -- record, receipt, status, help, …
            revision integer not null,
            target text not null,             -- 'central:<name>' or 'channel:<name>'
            lane text not null,               -- one at a time and in order within a target
            body {blob} not null,             -- sealed
            data_key {blob},
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
        )
        """,
        # The last two columns let depth and age be counted without reading sealed bodies.
        """
        create index outbox_due on outbox (target, due, id, state, created_at)
        where state in ('pending', 'uncertain')
        """,
        """
        create index outbox_lane on outbox (target, lane, id)
        where state in ('pending', 'uncertain')
        """,
        "create index outbox_parked on outbox (id) where state = 'parked'",
        "create index outbox_recent on outbox (lane, created_at) where reply_id is not null",
        """
        create table audit (
            id {id},
            at bigint not null,
            who text not null,
            what text not null
        )
        """,
    ),
    (
        # Where a channel that pulls has got to; written with the deliveries it stands for.
        """
        create table cursors (
            channel text not null,
            name text not null,
            value text not null,
            moved_at bigint not null,
            primary key (channel, name)
        )
        """,
        # What was said in public and not to us; a person or a rule may make a report of it.
        """
        create table signals (
            journal_id {key} references journal (id),
            channel text not null,
            source text not null,
            received_at bigint not null,
            document {blob} not null,         -- sealed: the signal as JSON
            data_key {blob},
            record_id text                    -- the report it became
        )
        """,
        "create index signals_by_time on signals (received_at)",
        # How many messages a channel had in each hour: tells when it is too quiet.
        """
        create table rhythm (
            channel text not null,
            hour bigint not null,             -- since 1970
            messages bigint not null,
            primary key (channel, hour)
        )
        """,
        # What is wrong with a channel as a whole, as it last said.
        """
        create table troubles (
            channel text primary key,
            kind text not null,
            detail text not null,
            since bigint not null
        )
        """,
        # The one question a sender was asked and has not answered; gone with the answer.
        """
        create table questions (
            lane text primary key,            -- pseudonym of the sender
            topic text not null,              -- where, what, more, erase, solved, …
            record_id text,                   -- the report it is about
            choices integer not null,         -- how many numbered answers were offered
            asked_at bigint not null
        )
        """,
        # What a sender's next message may belong to, and what erasing a person must find.
        "create index work_waiting on work (lane) where state = 'waiting'",
        "create index work_commands on work (lane) where state = 'command'",
    ),
    (
        # What is delivered, apart from the row that says how it goes with it: a lease and an
        # outcome would write the body down again each time.
        """
        create table outbox_bodies (
            id {key},                         -- of the outbox row
            body {blob} not null              -- sealed, its data key stands in the outbox row
        )
        """,
        "insert into outbox_bodies (id, body) select id, body from outbox",
        "alter table outbox drop column body",
    ),
    (
        # Records get a number, the journal row they began with: a key's rows hold it instead of a
        # long id. The keys are made with a secret now; `gateway/refill.py` makes them again.
        "drop table fingerprints",
        """
        create table fingerprints (
            key bigint not null,
            received_at bigint not null,
            number bigint not null,
            primary key (key, received_at, number)
        ) {clustered}
        """,
        "alter table records add column number bigint",
        """
        update records set number = (
            select j.id from journal j
            where j.channel = records.channel and j.external_id = records.external_id
        )
        """,
        "create unique index records_by_number on records (number)",
        # Which reports say the same; the record a cluster began with has none.
        "alter table records add column cluster text",
        """
        create table clusters (
            cluster text primary key,         -- the record it began with
            whole text not null,              -- itself, or the cluster it became part of
            reports bigint not null,          -- that say the same
            day_began bigint not null,
            day_senders bigint not null       -- different ones since then, suggested ones included
        )
        """,
        "create index clusters_by_whole on clusters (whole)",
    ),
    (
        # What officers decided, as lessons for `train`. The words stay in the record.
        """
        create table corrections (
            id {id},
            record_id text not null,
            task text not null,               -- type, topic or agency
            value text not null,
            derived text,                     -- what stood there; null where an officer had put it
            derived_by text not null,         -- rules, model or officer
            derived_version text not null,
            who text not null,
            at bigint not null
        )
        """,
        "create index corrections_of on corrections (task, record_id)",
    ),
    (
        # Until when what must have happened with a case; made and kept by gateway/due.py.
        """
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
        )
        """,
        "create index clocks_open on clocks (warn_at) where ended is null",
        # What somebody must hear of, once each.
        """
        create table escalations (
            id {id},
            record_id text not null,
            step text not null,
            level text not null,              -- at_risk or overdue
            agency text,
            due_at bigint not null,
            at bigint not null
        )
        """,
        "create index escalations_by_time on escalations (at)",
    ),
    (
        # Where the chains of the journal ended when, signed; the same went elsewhere.
        """
        create table anchors (
            sequence {key},
            at bigint not null,
            document text not null,           -- signed, one line of JSON
            heads text not null               -- the position of each chain, as JSON
        )
        """,
    ),
    (
        # What happened to a case after it was reported, as stores and citizens told of it.
        """
        create table timeline (
            id {id},
            record_id text not null references records (record_id),
            store text not null,              -- '' for what the citizen said
            update_id text not null,          -- the teller's own name for it
            at bigint not null,               -- when it happened, as told
            taken_at bigint not null,
            kind text not null,               -- status, answer, question, transfer, closed, …
            state text,                       -- the public state it stands for; null: none
            word text not null,               -- the store's own word for the state
            document {blob} not null,         -- sealed: text and agency as JSON
            data_key {blob},
            unique (store, update_id)
        )
        """,
        "create index timeline_of on timeline (record_id, at)",
        # Updates about cases nobody knows, or not yet.
        """
        create table strays (
            id {id},
            store text not null,
            update_id text not null,
            record_id text not null,          -- '' where the store told its own number alone
            reference text not null,
            taken_at bigint not null,
            document {blob} not null,         -- sealed: the update as JSON
            data_key {blob},
            dismissed text,                   -- why a person put it aside
            unique (store, update_id)
        )
        """,
        # A store's own number for a case leads back to the record.
        """
        create index outbox_reference on outbox (reference, target)
        where kind = 'record' and reference <> ''
        """,
    ),
    (
        # What must run once in a cluster, and who runs it.
        """
        create table leases (
            name text primary key,
            owner text not null,
            epoch bigint not null,            -- one more with every new owner
            until bigint not null
        )
        """,
    ),
    (
        # What citizens are still to be told of their cases; one row gathers what comes within a
        # moment.
        """
        create table notices (
            id {id},
            record_id text not null references records (record_id),
            lane text not null,               -- pseudonym of the reporter
            state text not null default 'waiting' check (state in
                ('waiting', 'held', 'put', 'stopped')),
            due bigint not null,
            created_at bigint not null,
            settled_at bigint,
            reason text,                      -- why it is held, stopped or sent all the same
            units bigint not null default 0   -- what sending it was reckoned to cost
        )
        """,
        """
        create unique index notices_open on notices (record_id)
        where state in ('waiting', 'held')
        """,
        "create index notices_due on notices (due, id) where state in ('waiting', 'held')",
        "create index notices_told on notices (record_id, settled_at) where state = 'put'",
        "create index notices_of on notices (lane) where state = 'put'",
        """
        create table notice_lines (
            notice_id bigint not null,
            timeline_id bigint not null,
            primary key (notice_id, timeline_id)
        ) {clustered}
        """,
        "create index records_by_cluster on records (cluster) where cluster is not null",
        # Who asked for no notices.
        """
        create table silenced (
            lane text primary key,
            since bigint not null
        )
        """,
        # What answers cost, in the channel's own units, by month of the office's clock.
        """
        create table spent (
            channel text not null,
            month text not null,              -- such as 2026-03
            units bigint not null,
            primary key (channel, month)
        )
        """,
    ),
    (
        # Who looked at an identity, or asked to: with two persons a request comes first.
        """
        create table reveals (
            id {id},
            record_id text not null,
            case_code text not null,
            asked_by text not null,
            asked_at bigint not null,
            reason text not null,
            approved_by text,
            approved_at bigint,
            used_at bigint
        )
        """,
        # Cases nobody may erase, because a court or an audit needs them.
        """
        create table holds (
            record_id text primary key,
            who text not null,
            reason text not null,
            since bigint not null
        )
        """,
        # What proves an erasure; it names nobody.
        """
        create table certificates (
            id {id},
            at bigint not null,
            record_id text not null,
            document text not null            -- JSON
        )
        """,
        "create index certificates_of on certificates (record_id)",
        # Which record a file belongs to: one that nobody else needs goes with it.
        """
        create table record_files (
            sha256 text not null,
            record_id text not null,
            primary key (sha256, record_id)
        ) {clustered}
        """,
        "create index record_files_of on record_files (record_id)",
    ),
    (
        # News that waits for no morning.
        "alter table notices add column urgent integer not null default 0",
    ),
    (
        # Found through `records`, which has the same pseudonym: one page less to write a record.
        "drop index reporters_by_pseudonym",
    ),
    migrations_access.TRAIL,
    (
        # What the console lists: a row per record, made from it by gateway/board and made again
        # where it is lost. Confidences are hundredths.
        """
        create table board (
            number {key},                     -- of the record
            made integer not null,            -- by which version of gateway/board
            record_id text not null,
            revision bigint not null,
            updated_at bigint not null,       -- of the record, when last looked at
            received_at bigint not null,
            sent_at bigint,
            channel text not null,
            state text not null,
            type text,
            type_confidence integer not null,
            type_by text not null,
            topic text,
            topic_confidence integer not null,
            topic_by text not null,
            agency text,
            agency_confidence integer not null,
            agency_by text not null,
            urgency text not null,
            urgency_confidence integer not null,
            urgency_by text not null,
            place text,                       -- Kemendagri's code
            place_level text,
            place_confidence integer not null,
            place_by text not null,
            language text,
            anonymous integer not null,
            confidential integer not null,
            flags text not null,              -- with blanks around each: ' spam abuse '
            cluster text,
            relation text not null,           -- same or related; '' for neither
            suggested text,                   -- the record it may belong to
            incomplete integer not null,
            unrouted integer not null,
            least integer not null,           -- the lowest confidence of type, topic and agency
            accepted_by text,
            accepted_at bigint,
            answered_at bigint,
            closed_at bigint,
            due_at bigint,                    -- the next of its clocks
            rank bigint not null,             -- who asks for attention first has the lowest
            erased integer not null,
            words {blob}                      -- the hashes in board_words, eight bytes each
        )
        """,
        # All that a list is narrowed by stands in the index: a rare row is found without looking
        # at the others.
        """
        create index board_by_rank on board (
            rank, number, agency, topic, type, urgency, channel, state, place, relation, unrouted,
            least, incomplete, flags, accepted_by, received_at, due_at)
        """,
        """
        create index board_by_time on board (
            received_at, number, agency, topic, type, urgency, channel, state, place, relation,
            unrouted, least, incomplete, flags, accepted_by, due_at)
        """,
        "create index board_by_due on board (due_at, number) where due_at is not null",
        "create index board_by_cluster on board (cluster) where cluster is not null",
        # Which words stand in which record, as keyed hashes.
        """
        create table board_words (
            word bigint not null,
            number bigint not null,
            primary key (word, number)
        ) {clustered}
        """,
        "create index records_by_update on records (updated_at, number)",
        # What officers decided in the console, and what stood there before for as long as it can
        # be taken back.
        """
        create table decisions (
            id {id},
            record_id text not null,
            who text not null,
            at bigint not null,
            kind text not null check (kind in ('accept', 'correct')),
            revision bigint not null,         -- it made
            before {blob},                    -- sealed: the judgements it changed, as JSON
            data_key {blob},
            undone_at bigint
        )
        """,
        "create index decisions_of on decisions (record_id, id)",
        "create index decisions_by on decisions (who, id)",
        "create index decisions_open on decisions (at) where data_key is not null",
        # Filters somebody gave a name.
        """
        create table views (
            id {id},
            who text not null,                -- '' for everybody's
            name text not null,
            query text not null,
            unique (who, name)
        )
        """,
    ),
    (
        # When the sender of a held case asked to be forgotten: its release is then what erases it.
        "alter table holds add column asked_at bigint",
    ),
    migrations_access.ACCESS,
    (
        # Signals a person put aside, as none of ours.
        "alter table signals add column hidden_at bigint",
        "alter table signals add column hidden_by text",
    ),
    (
        # Who has a case open in the console; leases, gone with the next who comes.
        """
        create table presences (
            record_id text not null,
            login text not null,
            name text not null,
            plain integer not null,           -- whether personal data in the words was asked for
            since bigint not null,
            until bigint not null,
            primary key (record_id, login)
        )
        """,
    ),
    (
        # What is due first, and what ended when: an index holds all that is counted.
        """
        create index clocks_by_due on clocks (due_at, record_id, step, agency, warn_at)
        where ended is null
        """,
        """
        create index clocks_by_end on clocks (ended_at, agency, step, ended)
        where ended is not null
        """,
    ),
    (
        # How many reports of which kind a day and a month had and what became of them, for the
        # whole office ('') and each agency; kept by gateway/figures from the board.
        """
        create table figures (
            agency text not null,
            kind text not null,               -- all, channel, topic, place, agency, answer, close
            span text not null,               -- day or month
            start bigint not null,            -- days or months since 1970, by the office's clock
            value text not null,              -- '' where there is none
            reports bigint not null,
            answered bigint not null,
            followed bigint not null,
            closed bigint not null,
            repeats bigint not null,
            primary key (agency, kind, span, start, value)
        ) {clustered}
        """,
        "create index figures_by_start on figures (span, start)",
        # Days, by UTC, and months to be counted again.
        """
        create table figure_marks (
            id {id},
            span text not null,               -- utc or month
            start bigint not null
        )
        """,
    ),
    (
        # Agencies stand in order here, so how each does is counted without sorting.
        """
        create index clocks_by_agency on clocks (agency, step, due_at, warn_at, ended)
        where ended is null
        """,
    ),
    (
        # How many steps ended on which day (by UTC, since 1970); kept by gateway/due_days.py.
        """
        create table clock_days (
            day bigint not null,
            agency text not null,             -- '' where nobody was in charge
            step text not null,
            ended text not null,              -- met or late
            steps bigint not null,
            primary key (day, agency, step, ended)
        ) {clustered}
        """,
        """
        insert into clock_days (day, agency, step, ended, steps)
        select ended_at / 86400000, coalesce(agency, ''), step, ended, count(*)
        from clocks where ended in ('met', 'late') and ended_at is not null
        group by ended_at / 86400000, coalesce(agency, ''), step, ended
        """,
    ),
    (
        # Reports an officer said are not the same: the smaller id first.
        """
        create table apart (
            one text not null,
            other text not null,
            at bigint not null,
            primary key (one, other)
        ) {clustered}
        """,
        "create index apart_by_other on apart (other)",
    ),
    (
        # What somebody had typed when their session was over; see gateway/access/aside.py.
        """
        create table aside (
            name text primary key,
            form {blob} not null,             -- sealed
            at bigint not null
        )
        """,
        "create index aside_by_time on aside (at)",
    ),
    (
        # Each process of a cluster says for itself what is wrong; '' where there is only one.
        "alter table troubles rename to troubles_before",
        """
        create table troubles (
            owner text not null default '',
            channel text not null,
            kind text not null,
            detail text not null,
            since bigint not null,
            primary key (owner, channel)
        ) {clustered}
        """,
        """
        insert into troubles (channel, kind, detail, since)
        select channel, kind, detail, since from troubles_before
        """,
        "drop table troubles_before",
    ),
    (
        # Files an erasure left to nobody, until they are deleted; see gateway/files_leaving.py.
        """
        create table leaving_files (
            sha256 text primary key,
            at bigint not null
        )
        """,
    ),
)
