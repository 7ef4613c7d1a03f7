-- What persons accepted as the journal although it was an older copy: who, when and why. Made when the first copy is accepted.

CREATE TABLE IF NOT EXISTS accepted_copies (
    number          INTEGER NOT NULL PRIMARY KEY,
    at              TEXT    NOT NULL, -- RFC 3339 in UTC
    by              TEXT    NOT NULL,
    because         TEXT    NOT NULL,
    event           INTEGER NOT NULL, -- number of the last event in the copy
    event_chain     TEXT    NOT NULL, -- its chain
    recorded_event  INTEGER NOT NULL, -- number of the last event that was recorded before
    recorded_chain  TEXT    NOT NULL, -- its chain
    chain           TEXT    NOT NULL  -- SHA-256 over the chain of the row before and this row
) STRICT;

CREATE TRIGGER IF NOT EXISTS accepted_copies_stay_as_they_are BEFORE UPDATE ON accepted_copies
BEGIN SELECT RAISE(ABORT, 'accepted copies are never changed'); END;

CREATE TRIGGER IF NOT EXISTS accepted_copies_are_kept BEFORE DELETE ON accepted_copies
BEGIN SELECT RAISE(ABORT, 'accepted copies are never deleted'); END;

-- INSERT OR REPLACE deletes without asking the trigger above.
CREATE TRIGGER IF NOT EXISTS accepted_copies_are_appended BEFORE INSERT ON accepted_copies
WHEN NEW.number <> 1 + (SELECT coalesce(max(number), 0) FROM accepted_copies)
BEGIN SELECT RAISE(ABORT, 'accepted copies are only appended'); END;
