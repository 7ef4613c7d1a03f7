//! Where two intents differ.

use super::Start;
use crate::Intent;

/// What the two do not have in common, in the words of the options.
pub(super) fn difference(left: &Start, right: &Start) -> Option<&'static str> {
    let (one, other) = (&left.intent, &right.intent);
    of_intents(one, other)
        .or_else(|| (one.selector != other.selector).then_some("the selector"))
        .or_else(|| (left.options != right.options).then_some("the options of the start"))
}

fn of_intents(left: &Intent, right: &Intent) -> Option<&'static str> {
    let same = [
        ("the action", left.action == right.action),
        ("the data", left.data == right.data),
        ("the type", left.mime_type == right.mime_type),
        ("the identifier", left.identifier == right.identifier),
        ("the categories", left.categories == right.categories),
        ("the component", left.component == right.component),
        ("the package", left.package == right.package),
        ("the flags", left.flags == right.flags),
        ("the source bounds", left.source_bounds == right.source_bounds),
        ("the extras", left.extras == right.extras),
    ];
    same.iter().find(|(_, same)| !same).map(|(what, _)| *what)
}
