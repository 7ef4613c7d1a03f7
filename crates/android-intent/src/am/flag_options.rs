//! The options that set a flag of the intent.

use crate::flags;

const OPTIONS: [(&str, i32); 28] = [
    ("--grant-read-uri-permission", flags::GRANT_READ_URI_PERMISSION),
    ("--grant-write-uri-permission", flags::GRANT_WRITE_URI_PERMISSION),
    ("--grant-persistable-uri-permission", flags::GRANT_PERSISTABLE_URI_PERMISSION),
    ("--grant-prefix-uri-permission", flags::GRANT_PREFIX_URI_PERMISSION),
    ("--exclude-stopped-packages", flags::EXCLUDE_STOPPED_PACKAGES),
    ("--include-stopped-packages", flags::INCLUDE_STOPPED_PACKAGES),
    ("--debug-log-resolution", flags::DEBUG_LOG_RESOLUTION),
    ("--activity-brought-to-front", flags::ACTIVITY_BROUGHT_TO_FRONT),
    ("--activity-clear-top", flags::ACTIVITY_CLEAR_TOP),
    ("--activity-clear-when-task-reset", flags::ACTIVITY_CLEAR_WHEN_TASK_RESET),
    ("--activity-exclude-from-recents", flags::ACTIVITY_EXCLUDE_FROM_RECENTS),
    ("--activity-launched-from-history", flags::ACTIVITY_LAUNCHED_FROM_HISTORY),
    ("--activity-multiple-task", flags::ACTIVITY_MULTIPLE_TASK),
    ("--activity-no-animation", flags::ACTIVITY_NO_ANIMATION),
    ("--activity-no-history", flags::ACTIVITY_NO_HISTORY),
    ("--activity-no-user-action", flags::ACTIVITY_NO_USER_ACTION),
    ("--activity-previous-is-top", flags::ACTIVITY_PREVIOUS_IS_TOP),
    ("--activity-reorder-to-front", flags::ACTIVITY_REORDER_TO_FRONT),
    ("--activity-reset-task-if-needed", flags::ACTIVITY_RESET_TASK_IF_NEEDED),
    ("--activity-single-top", flags::ACTIVITY_SINGLE_TOP),
    ("--activity-clear-task", flags::ACTIVITY_CLEAR_TASK),
    ("--activity-task-on-home", flags::ACTIVITY_TASK_ON_HOME),
    ("--activity-match-external", flags::ACTIVITY_MATCH_EXTERNAL),
    ("--receiver-registered-only", flags::RECEIVER_REGISTERED_ONLY),
    ("--receiver-replace-pending", flags::RECEIVER_REPLACE_PENDING),
    ("--receiver-foreground", flags::RECEIVER_FOREGROUND),
    ("--receiver-no-abort", flags::RECEIVER_NO_ABORT),
    ("--receiver-include-background", flags::RECEIVER_INCLUDE_BACKGROUND),
];

/// The flag that the option of this name sets.
pub(super) fn named(name: &str) -> Option<i32> {
    OPTIONS.iter().find(|(option, _)| *option == name).map(|(_, flag)| *flag)
}
