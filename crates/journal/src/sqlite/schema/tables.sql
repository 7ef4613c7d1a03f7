-- The tables of version 1. No line here ever changes: what later versions add stands in files of their own.

-- What each transaction has become: one row per id.
CREATE TABLE transactions (
    id              TEXT    NOT NULL PRIMARY KEY,
    started_event   INTEGER NOT NULL, -- number of the event that began the attempt that counts
    started_at      TEXT    NOT NULL, -- all times: RFC 3339 in UTC
    ended_at        TEXT,
    decided_at      TEXT,
    operation       TEXT    NOT NULL,
    original        TEXT,
    amount_minor    INTEGER NOT NULL, -- in minor units of the currency: cents for EUR
    currency        TEXT    NOT NULL,
    allow_partial   INTEGER NOT NULL,
    terminal        TEXT    NOT NULL,
    register        TEXT    NOT NULL,
    reference       TEXT,
    dialect         TEXT    NOT NULL,
    outcome         TEXT,
    reason          TEXT,
    approved_minor  INTEGER,
    due_minor       INTEGER,
    proof           TEXT,             -- how far the request got
    authorisation   TEXT,             -- tag AC
    contract        TEXT,             -- tag CG
    last_four       TEXT,
    status          TEXT,             -- tag AE, four hexadecimal digits if it is not printable; or STAT, one character
    complement      TEXT,             -- first two characters of tag AF, likewise
    decision        TEXT,             -- paid or not_paid, by a person; proven_paid or proven_not_paid, by evidence
    decided_minor   INTEGER,
    decided_by      TEXT,
    decided_because TEXT
) STRICT, WITHOUT ROWID;

-- One doubt per terminal. A word that is not a known end counts as a doubt.
CREATE UNIQUE INDEX unresolved ON transactions (terminal) WHERE decision IS NULL AND (outcome IS NULL
    OR outcome NOT IN ('approved', 'partially_approved', 'declined', 'cancelled', 'not_sent', 'blocked'));

-- All that was ever written, in order.
CREATE TABLE events (
    number          INTEGER NOT NULL PRIMARY KEY,
    id              TEXT    NOT NULL REFERENCES transactions (id),
    at              TEXT    NOT NULL,
    what            TEXT    NOT NULL,
    operation       TEXT,
    original        TEXT,
    amount_minor    INTEGER,
    currency        TEXT    NOT NULL,
    allow_partial   INTEGER,
    terminal        TEXT,
    register        TEXT,
    reference       TEXT,
    dialect         TEXT,
    outcome         TEXT,
    reason          TEXT,
    approved_minor  INTEGER,
    due_minor       INTEGER,
    proof           TEXT,
    authorisation   TEXT,
    contract        TEXT,
    last_four       TEXT,
    status          TEXT,
    complement      TEXT,
    decision        TEXT,
    decided_minor   INTEGER,
    decided_by      TEXT,
    decided_because TEXT,
    chain           TEXT    NOT NULL  -- SHA-256 over the chain of the row before and this row
) STRICT;

CREATE INDEX events_by_id ON events (id, number);
