"""The console's tables: the audit trail as a chain; users, their sessions, and keys of machines."""

from gateway.access.trail import chain_what_is_there

TRAIL = (
    "alter table audit add column about text not null default ''",  # a case code
    # Null only of a row that was put in past `gateway/access/trail.py`.
    "alter table audit add column position bigint",
    "alter table audit add column digest {blob}",
    "create unique index audit_position on audit (position)",
    "create index audit_about on audit (about, id) where about <> ''",
    "create index audit_who on audit (who, id)",
    # One row, where the trail ends: whoever writes an entry moves it first.
    """
    create table trail_head (
        position bigint not null,
        digest {blob} not null
    )
    """,
    chain_what_is_there,
)

ACCESS = (
    """
    create table users (
        id {id},
        login text not null unique,       -- in small letters
        name text not null,
        role text not null,
        agency text not null default '',  -- '' for the whole office
        language text not null default 'id',
        password text,                    -- argon2id; null: by the identity provider alone
        must_change integer not null default 0,
        subject text unique,              -- what the identity provider calls them
        enabled integer not null default 1,
        totp {blob},                      -- sealed
        data_key {blob},                  -- of totp
        totp_since bigint,                -- null: not confirmed with a code yet
        totp_step bigint not null default 0,
        created_at bigint not null,
        signed_in_at bigint
    )
    """,
    """
    create table recovery_codes (
        user_id bigint not null references users (id),
        digest text not null,
        primary key (user_id, digest)
    ) {clustered}
    """,
    """
    create table sessions (
        id {id},
        digest text not null unique,      -- SHA-256 of what the browser holds
        user_id bigint not null references users (id),
        stage text not null,              -- full, or what is still to be done
        created_at bigint not null,
        seen_at bigint not null,
        network text not null,
        browser text not null
    )
    """,
    "create index sessions_of on sessions (user_id)",
    # Who tried to sign in and failed, by keyed hashes of account, network and device.
    """
    create table sign_in_tries (
        key text primary key,
        failures bigint not null,
        last_at bigint not null,
        free_at bigint not null           -- not tried again before
    )
    """,
    """
    create table api_keys (
        id text primary key,
        digest text not null,             -- SHA-256 of the secret
        name text not null,
        role text not null,
        agency text not null default '',
        created_by text not null,
        created_at bigint not null,
        expires_at bigint not null,
        used_at bigint,
        ended_at bigint
    )
    """,
)
