-- What the tables refuse, whoever writes. A change of any line here needs a new version, which makes all of these anew.

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

-- A person's decision about a dispute, and the correction of a person's decision, stand beside the end, and the end stays. An
-- end that comes after the decision stands beside the decision, and the decision stays.
CREATE TRIGGER ends_are_final BEFORE UPDATE ON transactions
WHEN (OLD.decision IS NOT NULL OR (OLD.outcome IS NOT NULL AND OLD.outcome NOT IN ('unknown', 'not_sent')))
    AND NOT (NEW.decision IN ('paid', 'not_paid') AND NEW.outcome IS OLD.outcome AND NEW.started_event IS OLD.started_event
        AND (OLD.decision IN ('paid', 'not_paid') OR (SELECT what FROM events WHERE id = OLD.id AND what <> 'ended'
            ORDER BY number DESC LIMIT 1) IS 'disputed'))
    AND NOT (OLD.decision IS NOT NULL AND (OLD.outcome IS NULL OR OLD.outcome = 'unknown') AND NEW.outcome IS NOT NULL
        AND NEW.decision IS OLD.decision AND NEW.decided_minor IS OLD.decided_minor AND NEW.decided_by IS OLD.decided_by
        AND NEW.started_event IS OLD.started_event)
BEGIN SELECT RAISE(ABORT, 'a known end is never changed'); END;
