//! The test suite for stores: what every [`Store`] and every [`Journal`] must do, whatever lies beneath it.
//!
//! Call [`check`] and [`check_store`] from a test of your store, and [`check_torn_writes`] if it lies in files. What they cannot see is yours to
//! test: that what `append` acknowledged has reached the disk, and that other processes are excluded by its lock.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test suite: it tells a failure by a panic"
)]

mod correcting;
mod disputing;
mod locks;
mod look_ups;
mod overriding;
mod places;
mod resolving;
mod samples;
mod stores;
mod torn;
mod writing;

pub use torn::check_torn_writes;

use caisse_payment::TransactionId;

use crate::{Event, Journal, JournalError, Record, RecordedEvent, Store};

/// A closure that opens a handle onto one store.
type Open<'o> = &'o (dyn Fn() -> Box<dyn Journal> + Sync);

/// Checks a store. `new_store` makes a new, empty store and returns a closure that opens it; each call of that closure
/// gives a further handle onto the same content, also after all the earlier ones have dropped, as after a restart.
///
/// # Panics
/// With the rule that is broken, and where.
///
/// ```
/// use caisse_journal::{Journal, MemoryJournal, conformance};
///
/// conformance::check(|| {
///     let store = MemoryJournal::new();
///     move || Box::new(store.clone()) as Box<dyn Journal>
/// });
/// ```
pub fn check<O>(new_store: impl Fn() -> O)
where
    O: Fn() -> Box<dyn Journal> + Sync,
{
    let rules: &[fn(Open<'_>)] = &[
        writing::a_new_store_is_empty,
        writing::a_start_is_unresolved_until_its_end,
        writing::every_end_is_kept_as_it_is,
        writing::an_id_is_used_once,
        writing::a_proven_not_sent_may_be_tried_again_with_the_same_content,
        writing::an_end_needs_an_open_start,
        writing::a_terminal_has_one_doubt,
        writing::never_sent_settles_nothing_else,
        writing::what_contradicts_itself_is_refused,
        writing::the_order_is_that_of_the_writes,
        writing::the_way_back_is_the_list_from_its_end,
        writing::of_writers_at_the_same_time_one_wins,
        resolving::a_decision_settles_a_doubt,
        resolving::a_decision_is_for_open_doubts_alone,
        resolving::a_decision_needs_the_lock_of_its_terminal,
        resolving::a_decision_is_in_the_currency_of_its_transaction,
        resolving::what_evidence_proves_is_told_from_a_person_s_word,
        disputing::later_proof_is_kept_and_changes_no_end,
        disputing::only_a_known_end_can_be_disputed,
        disputing::a_person_settles_a_dispute,
        correcting::an_end_that_meets_a_decision_is_kept_beside_it,
        correcting::an_end_that_meets_an_end_is_never_dropped_where_it_matters,
        correcting::a_person_corrects_a_person,
        correcting::a_person_does_not_overrule_proof,
        correcting::a_decision_on_which_credits_rest_is_not_corrected,
        correcting::what_was_confirmed_is_kept,
        overriding::an_override_is_kept_beside_its_transaction,
        overriding::an_override_is_for_open_returns_of_money_alone,
        places::a_terminal_is_known_by_its_address_too,
        places::a_start_is_refused_while_another_is_open_at_its_address,
        places::a_further_attempt_may_reach_it_elsewhere,
        look_ups::what_is_not_settled_is_found,
        look_ups::what_names_an_original_is_found,
        look_ups::an_authorisation_number_is_found_by_its_meaning,
        look_ups::a_reference_is_found_by_its_meaning,
        look_ups::a_visitor_may_ask_for_more,
        look_ups::a_visit_is_the_list_up_to_where_it_stops,
        locks::a_terminal_is_locked_once,
        locks::different_ids_are_different_terminals,
        locks::a_payment_under_way_is_told_from_a_broken_one,
    ];
    for rule in rules {
        rule(&new_store());
    }
}

/// Checks what the rules about money rely on in a store. `new_store` is as for [`check`], which checks the store as a journal.
///
/// # Panics
/// With the rule that is broken, and where.
///
/// ```
/// use caisse_journal::{MemoryJournal, Store, conformance};
///
/// conformance::check_store(|| {
///     let store = MemoryJournal::new();
///     move || Box::new(store.clone()) as Box<dyn Store>
/// });
/// ```
pub fn check_store<O>(new_store: impl Fn() -> O)
where
    O: Fn() -> Box<dyn Store>,
{
    let rules: &[fn(stores::OpenStore<'_>)] = &[
        stores::a_selection_is_what_all_transactions_contain_of_it,
        stores::the_events_make_the_record,
        stores::a_change_is_everything_or_nothing,
    ];
    for rule in rules {
        rule(&new_store());
    }
}

/// A write that must fail, and leave everything as it was.
#[track_caller]
fn refuses(
    journal: &mut Box<dyn Journal>,
    id: &TransactionId,
    event: &Event,
    expected: fn(&JournalError) -> bool,
) {
    let before = known(&**journal, id);
    let error = journal.append(id, event, samples::time(99)).expect_err("this event must not be taken");
    assert!(expected(&error), "another error than it should be: {error:?} for {event:?}");
    assert_eq!(known(&**journal, id), before, "a refused event left a trace");
}

fn conflict(error: &JournalError) -> bool {
    matches!(error, JournalError::Conflict)
}

fn refused(error: &JournalError) -> bool {
    matches!(error, JournalError::Refused { .. })
}

/// All records, and the history of one.
fn known(journal: &dyn Journal, id: &TransactionId) -> (Vec<Record>, Vec<RecordedEvent>) {
    let records = journal.list().expect("the list can be read");
    let found = journal.find(id).expect("it can be looked for");
    assert_eq!(found.as_ref(), records.iter().find(|record| record.id() == *id));
    (records, journal.events(id).expect("the events can be read"))
}
