//! Faults to plant into a recording, each of which must be found.

use crate::operation::{Kind, Node, Operation, Recording};

/// The file of the newest events.
const NEWEST: &str = "recent-events";

/// A change to a recording, as if the journal had done something else.
pub type Fault = fn(&mut Recording);

/// The name of each fault, and the fault.
pub const FAULTS: [(&str, Fault); 7] = [
    ("the newest events are never synced", |recording| drop_syncs(recording, |name| name.ends_with(NEWEST))),
    ("the log is never synced", |recording| drop_syncs(recording, |name| name.ends_with("-wal"))),
    ("the folders are never synced", |recording| {
        let folders: Vec<bool> = recording.kinds.iter().map(|kind| *kind == Kind::Folder).collect();
        let is_of_folder =
            |operation: &Operation| matches!(operation, Operation::SyncEnds { node, .. } if folders[*node]);
        recording.operations.retain(|operation| !is_of_folder(operation));
    }),
    ("the database is never synced", |recording| drop_syncs(recording, |name| name.ends_with(".db"))),
    ("events are copied into the database before the log is synced", copy_before_sync),
    ("the mark is written before its event", mark_before_event),
    ("an event is promised before its sync", promise_before_sync),
];

fn drop_syncs(recording: &mut Recording, of: fn(&str) -> bool) {
    let nodes: Vec<bool> = (0..recording.kinds.len()).map(|node| of(recording.name_of(node))).collect();
    recording
        .operations
        .retain(|operation| !matches!(operation, Operation::SyncEnds { node, .. } if nodes[*node]));
}

/// The nodes whose last name is this, or ends so.
fn nodes(recording: &Recording, ending: &str) -> Vec<Node> {
    (0..recording.kinds.len()).filter(|node| recording.name_of(*node).ends_with(ending)).collect()
}

/// Moves each operation that `moves` before the last earlier one that is a `target`, if that is in the same write.
fn move_before(
    recording: &mut Recording,
    moves: impl Fn(&Operation) -> bool,
    target: impl Fn(&Operation) -> bool,
) {
    let mut operations: Vec<Operation> = Vec::new();
    for operation in std::mem::take(&mut recording.operations) {
        let is_begin = |operation: &Operation| matches!(operation, Operation::WriteBegins { .. });
        let begin = operations.iter().rposition(is_begin).unwrap_or(operations.len());
        let place = operations[begin..].iter().position(&target);
        match place.filter(|_| moves(&operation)) {
            Some(place) => operations.insert(begin + place, operation),
            None => operations.push(operation),
        }
    }
    recording.operations = operations;
}

fn is_write(operation: &Operation, files: &[Node]) -> bool {
    matches!(operation, Operation::Write { file, .. } if files.contains(file))
}

fn copy_before_sync(recording: &mut Recording) {
    let (database, log) = (nodes(recording, ".db"), nodes(recording, "-wal"));
    let last_of_log =
        |operation: &Operation| matches!(operation, Operation::SyncBegins { node, .. } if log.contains(node));
    move_before(recording, |operation| is_write(operation, &database), last_of_log);
}

fn mark_before_event(recording: &mut Recording) {
    let (mark, newest) = (nodes(recording, "last-event"), nodes(recording, NEWEST));
    move_before(recording, |operation| is_write(operation, &mark), |operation| is_write(operation, &newest));
}

fn promise_before_sync(recording: &mut Recording) {
    let newest = nodes(recording, NEWEST);
    let is_promise = |operation: &Operation| matches!(operation, Operation::IsDurable { .. });
    let is_sync = |operation: &Operation| matches!(operation, Operation::SyncBegins { node, .. } if newest.contains(node));
    move_before(recording, is_promise, is_sync);
}
