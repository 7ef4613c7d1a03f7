//! Extras that no public text tells of.

use caisse_android_intent::{Intent, Value};

use super::RequestError;
use crate::definition::ExtraDefinition;

/// Extras of the caller's own, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct MoreExtras(Vec<(String, Value)>);

impl MoreExtras {
    /// Takes one, unless its key is known or taken: what a request means is not changed by the back door.
    pub(crate) fn push(
        &mut self,
        key: &str,
        value: Value,
        known: &[ExtraDefinition],
    ) -> Result<(), RequestError> {
        let is_known = known.iter().any(|extra| extra.key == key);
        if is_known || self.0.iter().any(|(taken, _)| taken == key) {
            return Err(RequestError::ExtraTaken { key: key.to_owned() });
        }
        self.0.push((key.to_owned(), value));
        Ok(())
    }

    pub(crate) fn put_into(&self, intent: Intent) -> Intent {
        self.0.iter().fold(intent, |intent, (key, value)| intent.with_extra(key, value.clone()))
    }
}
