//! Every run ends: the graph of all states has no circle, and where nothing can happen any more everything is over.

use std::collections::HashMap;

use std::hash::{DefaultHasher, Hash, Hasher};

use stateright::Model;

pub trait Ends: Model {
    /// Whether this is a proper end.
    fn is_over(&self, state: &Self::State) -> bool;
}

/// The number of states and the length of the longest run.
pub fn check<E: Ends>(model: &E) -> Result<(usize, usize), String>
where
    E::State: Clone + std::fmt::Debug + Hash,
{
    // The longest run from a state; nothing while its successors are being looked at.
    let mut runs: HashMap<u64, Option<usize>> = HashMap::new();
    for start in model.init_states() {
        let mut stack = vec![(fingerprint(&start), successors(model, &start), 0)];
        runs.insert(stack[0].0, None);
        while let Some((state, next, longest)) = stack.last_mut() {
            let Some(candidate) = next.pop() else {
                let (state, longest) = (*state, *longest);
                runs.insert(state, Some(longest));
                stack.pop();
                if let Some((_, _, parent)) = stack.last_mut() {
                    *parent = (*parent).max(longest + 1);
                }
                continue;
            };
            let _ = state;
            let id = fingerprint(&candidate);
            match runs.get(&id) {
                Some(Some(run)) => *longest = (*longest).max(run + 1),
                Some(None) => return Err(format!("a circle through {candidate:?}")),
                None => {
                    let next = successors(model, &candidate);
                    if next.is_empty() && !model.is_over(&candidate) {
                        return Err(format!("stuck in {candidate:?}"));
                    }
                    runs.insert(id, None);
                    stack.push((id, next, 0));
                }
            }
        }
    }
    let longest = runs.values().flatten().max().copied().unwrap_or_default();
    Ok((runs.len(), longest))
}

fn fingerprint(state: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    state.hash(&mut hasher);
    hasher.finish()
}

fn successors<E: Ends>(model: &E, state: &E::State) -> Vec<E::State> {
    let mut actions = vec![];
    model.actions(state, &mut actions);
    actions.into_iter().filter_map(|action| model.next_state(state, action)).collect()
}
