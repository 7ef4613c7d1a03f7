-- Since version 2.

-- What was forgotten after its time: the chain goes on from there. One row, or none while nothing was.
CREATE TABLE forgotten (
    only            INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
    transactions    INTEGER NOT NULL, -- how many there were, in all
    events          INTEGER NOT NULL, -- number of the last event that is gone
    chain           TEXT    NOT NULL  -- its chain
) STRICT;
