-- Format 1 of the journal. docs/journal-format.md describes every column. No line here ever changes: a later format has a file
-- of its own, with the statements that lead to it from this one.

-- What each transaction has become: one row for each id, which follows from the events.
CREATE TABLE transactions (
    id              TEXT    NOT NULL PRIMARY KEY,
    started_event   INTEGER NOT NULL,
    started_at      TEXT    NOT NULL,
    ended_at        TEXT,
    decided_at      TEXT,
    operation       TEXT    NOT NULL,
    original        TEXT,
    amount_minor    INTEGER NOT NULL,
    currency        TEXT    NOT NULL,
    allow_partial   INTEGER NOT NULL,
    allow_tip_minor INTEGER,
    terminal        TEXT    NOT NULL,
    register        TEXT    NOT NULL,
    reference       TEXT,
    dialect         TEXT    NOT NULL,
    address         TEXT,
    usb             TEXT,
    outcome         TEXT,
    reason          TEXT,
    approved_minor  INTEGER,
    due_minor       INTEGER,
    reported_minor  INTEGER,
    proof           TEXT,
    authorisation   TEXT,
    contract        TEXT,
    serial_number   TEXT,
    last_four       TEXT,
    status          TEXT,
    complement      TEXT,
    decision        TEXT,
    decided_minor   INTEGER,
    decided_by      TEXT,
    decided_because TEXT,
    confirmed       TEXT,
    disputed        INTEGER NOT NULL,
    events          INTEGER NOT NULL,
    last_event      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- At most one unresolved transaction for each terminal, beside those whose outcome was lost with a damaged file. A word that is not a
-- known outcome counts as unknown.
CREATE UNIQUE INDEX unresolved ON transactions (terminal, CASE reason WHEN 'salvaged' THEN id ELSE '' END)
    WHERE decision IS NULL AND (outcome IS NULL
    OR outcome NOT IN ('approved', 'partially_approved', 'declined', 'cancelled', 'not_sent', 'blocked'));

CREATE INDEX disputed ON transactions (started_event) WHERE disputed = 1;

-- Every event, in order, never changed.
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
    allow_tip_minor INTEGER,
    terminal        TEXT,
    register        TEXT,
    reference       TEXT,
    dialect         TEXT,
    address         TEXT,
    usb             TEXT,
    outcome         TEXT,
    reason          TEXT,
    approved_minor  INTEGER,
    due_minor       INTEGER,
    reported_minor  INTEGER,
    proof           TEXT,
    authorisation   TEXT,
    contract        TEXT,
    serial_number   TEXT,
    last_four       TEXT,
    status          TEXT,
    complement      TEXT,
    decision        TEXT,
    decided_minor   INTEGER,
    decided_by      TEXT,
    decided_because TEXT,
    confirmed       TEXT,
    previous_at_terminal INTEGER,
    previous_at_address  INTEGER,
    open            INTEGER NOT NULL,
    digest          INTEGER NOT NULL,
    chain           BLOB    NOT NULL
) STRICT;

CREATE INDEX events_by_id ON events (id, number);

-- Each of these look-ups has an index on both tables: what one of them does not find, the other one must not find either.
CREATE INDEX transactions_by_original ON transactions (original) WHERE original IS NOT NULL;
CREATE INDEX events_by_original ON events (original) WHERE original IS NOT NULL;
CREATE INDEX transactions_by_authorisation ON transactions (lower(ltrim(replace(authorisation, ' ', ''), '0')))
    WHERE authorisation IS NOT NULL;
CREATE INDEX events_by_authorisation ON events (lower(ltrim(replace(authorisation, ' ', ''), '0')))
    WHERE authorisation IS NOT NULL;
CREATE INDEX transactions_by_reference ON transactions (lower(ltrim(replace(reference, ' ', ''), '0')))
    WHERE reference IS NOT NULL;
CREATE INDEX events_by_reference ON events (lower(ltrim(replace(reference, ' ', ''), '0')))
    WHERE reference IS NOT NULL;

-- The newest attempt at each terminal, under its name and under its address. `digest` of the last event covers these rows.
CREATE TABLE terminals (
    name            TEXT    NOT NULL PRIMARY KEY,
    last_attempt    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What was forgotten after its time: the chain goes on from there. One row, or none while nothing was. `hash` covers the row.
CREATE TABLE forgotten (
    only            INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
    transactions    INTEGER NOT NULL,
    events          INTEGER NOT NULL,
    chain           BLOB    NOT NULL,
    hash            BLOB    NOT NULL
) STRICT;

-- What persons accepted as the journal although it was an older copy.
CREATE TABLE accepted_copies (
    number          INTEGER NOT NULL PRIMARY KEY,
    at              TEXT    NOT NULL,
    by              TEXT    NOT NULL,
    because         TEXT    NOT NULL,
    event           INTEGER NOT NULL,
    event_chain     BLOB    NOT NULL,
    recorded_event  INTEGER NOT NULL,
    recorded_chain  BLOB    NOT NULL,
    chain           BLOB    NOT NULL
) STRICT;

-- What the tables refuse, whoever writes.

CREATE TRIGGER events_stay_as_they_are BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;

CREATE TRIGGER events_are_kept BEFORE DELETE ON events
WHEN OLD.number > (SELECT coalesce(max(events), 0) FROM forgotten)
BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;

-- INSERT OR REPLACE deletes without asking the trigger above.
CREATE TRIGGER events_are_appended BEFORE INSERT ON events
WHEN NEW.number <> 1 + max((SELECT coalesce(max(number), 0) FROM events), (SELECT coalesce(max(events), 0) FROM forgotten))
BEGIN SELECT RAISE(ABORT, 'events are only appended'); END;

CREATE TRIGGER transactions_are_kept BEFORE DELETE ON transactions
WHEN EXISTS (SELECT 1 FROM events WHERE id = OLD.id)
BEGIN SELECT RAISE(ABORT, 'transactions are never deleted'); END;

-- Once an outcome or a decision is known, what was asked for stays.
CREATE TRIGGER requests_are_final BEFORE UPDATE ON transactions
WHEN (OLD.decision IS NOT NULL OR (OLD.outcome IS NOT NULL AND OLD.outcome NOT IN ('unknown', 'not_sent')))
    AND (NEW.id, NEW.started_event, NEW.started_at, NEW.operation, NEW.original, NEW.amount_minor, NEW.currency,
        NEW.allow_partial, NEW.allow_tip_minor, NEW.terminal, NEW.register, NEW.reference, NEW.dialect, NEW.address, NEW.usb)
    IS NOT (OLD.id, OLD.started_event, OLD.started_at, OLD.operation, OLD.original, OLD.amount_minor, OLD.currency,
        OLD.allow_partial, OLD.allow_tip_minor, OLD.terminal, OLD.register, OLD.reference, OLD.dialect, OLD.address, OLD.usb)
BEGIN SELECT RAISE(ABORT, 'a known end is never changed'); END;

-- A known end stays. An end that is written after a decision stands beside the decision.
CREATE TRIGGER ends_are_final BEFORE UPDATE ON transactions
WHEN (OLD.decision IS NOT NULL OR (OLD.outcome IS NOT NULL AND OLD.outcome NOT IN ('unknown', 'not_sent')))
    AND (NEW.ended_at, NEW.outcome, NEW.reason, NEW.approved_minor, NEW.due_minor, NEW.reported_minor, NEW.proof,
        NEW.authorisation, NEW.contract, NEW.serial_number, NEW.last_four, NEW.status, NEW.complement)
    IS NOT (OLD.ended_at, OLD.outcome, OLD.reason, OLD.approved_minor, OLD.due_minor, OLD.reported_minor, OLD.proof,
        OLD.authorisation, OLD.contract, OLD.serial_number, OLD.last_four, OLD.status, OLD.complement)
    AND NOT (OLD.decision IS NOT NULL AND coalesce(OLD.outcome, 'unknown') = 'unknown' AND NEW.outcome IS NOT NULL
        AND NEW.outcome IS NOT OLD.outcome)
BEGIN SELECT RAISE(ABORT, 'a known end is never changed'); END;

-- A decision about a known outcome is a person's: about a dispute, or instead of a person's earlier decision. A dispute ends
-- with it and not before.
CREATE TRIGGER decisions_are_final BEFORE UPDATE ON transactions
WHEN (OLD.decision IS NOT NULL OR (OLD.outcome IS NOT NULL AND OLD.outcome NOT IN ('unknown', 'not_sent')))
    AND ((NEW.decided_at, NEW.decision, NEW.decided_minor, NEW.decided_by, NEW.decided_because, NEW.confirmed)
        IS NOT (OLD.decided_at, OLD.decision, OLD.decided_minor, OLD.decided_by, OLD.decided_because, OLD.confirmed)
        OR NEW.disputed < OLD.disputed)
    AND NOT (coalesce(NEW.decision, '') IN ('paid', 'not_paid')
        AND (coalesce(OLD.decision, '') IN ('paid', 'not_paid') OR OLD.disputed = 1))
BEGIN SELECT RAISE(ABORT, 'a known end is never changed'); END;

CREATE TRIGGER terminals_are_kept BEFORE DELETE ON terminals
BEGIN SELECT RAISE(ABORT, 'terminals are never deleted'); END;

CREATE TRIGGER accepted_copies_stay_as_they_are BEFORE UPDATE ON accepted_copies
BEGIN SELECT RAISE(ABORT, 'accepted copies are never changed'); END;

CREATE TRIGGER accepted_copies_are_kept BEFORE DELETE ON accepted_copies
BEGIN SELECT RAISE(ABORT, 'accepted copies are never deleted'); END;

CREATE TRIGGER accepted_copies_are_appended BEFORE INSERT ON accepted_copies
WHEN NEW.number <> 1 + (SELECT coalesce(max(number), 0) FROM accepted_copies)
BEGIN SELECT RAISE(ABORT, 'accepted copies are only appended'); END;
