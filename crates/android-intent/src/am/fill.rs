//! `Intent.fillIn`.

use core::mem;

use crate::{Categories, Intent};

/// Fills in what the intent does not say from what stands behind the options, as `fillIn` does with
/// `FILL_IN_COMPONENT | FILL_IN_SELECTOR`: a component and a selector replace those of the options, flags come together,
/// extras of the options win, data and type count as one, and categories are left out beside an action.
pub(super) fn fill_in(intent: &mut Intent, mut base: Intent) {
    if intent.action.is_some() {
        base.categories = Categories::new();
    }
    intent.action = intent.action.take().or(base.action);
    if intent.data.is_none() && intent.mime_type.is_none() {
        intent.data = base.data;
        intent.mime_type = base.mime_type;
    }
    intent.identifier = intent.identifier.take().or(base.identifier);
    if intent.categories.is_empty() {
        intent.categories = base.categories;
    }
    if intent.package.is_none() && intent.selector.is_none() {
        intent.package = base.package;
    }
    if base.selector.is_some() && intent.package.is_none() {
        intent.selector = base.selector;
    }
    if base.component.is_some() {
        intent.component = base.component;
    }
    intent.flags |= base.flags;
    intent.source_bounds = intent.source_bounds.or(base.source_bounds);
    let own = mem::replace(&mut intent.extras, base.extras);
    intent.extras.extend(own.iter().map(|(key, value)| (key, value.clone())));
}
