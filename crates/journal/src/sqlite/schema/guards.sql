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
    AND NOT (coalesce(NEW.decision, '') IN ('paid', 'not_paid')
        AND (coalesce(OLD.decision, '') IN ('paid', 'not_paid') OR (SELECT what FROM events
            WHERE id = OLD.id AND what <> 'ended' ORDER BY number DESC LIMIT 1) IS 'disputed')
        AND
        (NEW.id, NEW.started_event, NEW.started_at, NEW.operation, NEW.original, NEW.amount_minor, NEW.currency,
            NEW.allow_partial, NEW.terminal, NEW.register, NEW.reference, NEW.dialect, NEW.ended_at, NEW.outcome,
            NEW.reason, NEW.approved_minor, NEW.due_minor, NEW.proof, NEW.authorisation, NEW.contract, NEW.last_four,
            NEW.status, NEW.complement)
        IS
        (OLD.id, OLD.started_event, OLD.started_at, OLD.operation, OLD.original, OLD.amount_minor, OLD.currency,
            OLD.allow_partial, OLD.terminal, OLD.register, OLD.reference, OLD.dialect, OLD.ended_at, OLD.outcome,
            OLD.reason, OLD.approved_minor, OLD.due_minor, OLD.proof, OLD.authorisation, OLD.contract, OLD.last_four,
            OLD.status, OLD.complement))
    AND NOT (OLD.decision IS NOT NULL AND coalesce(OLD.outcome, 'unknown') = 'unknown' AND NEW.outcome IS NOT NULL
        AND
        (NEW.id, NEW.started_event, NEW.started_at, NEW.operation, NEW.original, NEW.amount_minor, NEW.currency,
            NEW.allow_partial, NEW.terminal, NEW.register, NEW.reference, NEW.dialect, NEW.decided_at, NEW.decision,
            NEW.decided_minor, NEW.decided_by, NEW.decided_because, NEW.confirmed)
        IS
        (OLD.id, OLD.started_event, OLD.started_at, OLD.operation, OLD.original, OLD.amount_minor, OLD.currency,
            OLD.allow_partial, OLD.terminal, OLD.register, OLD.reference, OLD.dialect, OLD.decided_at, OLD.decision,
            OLD.decided_minor, OLD.decided_by, OLD.decided_because, OLD.confirmed))
BEGIN SELECT RAISE(ABORT, 'a known end is never changed'); END;
