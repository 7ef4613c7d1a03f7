//! PayXpress APM: component and extras.

use super::{Certainty, ExtraDefinition, ExtraType, Presence, Values};
use Presence::{Always, Never, Optional};

/// The package of the app, from version 2.7.5 on.
pub const PACKAGE: &str = "io.payxpress.android.apm";

/// The class of the activity.
pub const CLASS: &str = "com.payxpert.merchant.MainActivity";

/// The name in the journal of this way to a terminal.
pub const DIALECT: &str = "payxpress-apm";

/// Always true. The page's table writes it with a blank in the middle, its sample without.
pub const FROM_ANOTHER_APP: &str = "payment_request_from_another_app";

/// Whether money goes back.
pub const IS_REFUND: &str = "is_refund";

/// Whether it goes back for a payment that is named.
pub const IS_DIRECT_REFUND: &str = "is_direct_refund";

/// The amount in major units.
pub const AMOUNT: &str = "amount";

/// The app's own id of the payment that is refunded.
pub const TRANSACTION_ID: &str = "transaction_id";

/// The app's requests: the columns of [`ExtraDefinition::presence`].
pub const REQUESTS: [&str; 3] = ["DEBIT", "REFUND", "DIRECT_REFUND"];

/// Every documented extra.
pub const EXTRAS: &[ExtraDefinition] = &[
    ExtraDefinition {
        key: FROM_ANOTHER_APP,
        constant: "PAYMENT_REQUEST_FROM_ANOTHER_APP",
        kind: ExtraType::Boolean,
        presence: &[Always, Always, Always],
        values: Values::True,
        meaning: "always true",
        certainty: Certainty::Documented,
    },
    ExtraDefinition {
        key: IS_REFUND,
        constant: "IS_REFUND",
        kind: ExtraType::Boolean,
        presence: &[Always, Always, Always],
        values: Values::Any,
        meaning: "true: money goes back; false: a debit, as when it is absent",
        certainty: Certainty::Documented,
    },
    ExtraDefinition {
        key: IS_DIRECT_REFUND,
        constant: "IS_DIRECT_REFUND",
        kind: ExtraType::Boolean,
        presence: &[Never, Never, Always],
        values: Values::True,
        meaning: "true: for the payment that transaction_id names; is_refund must be true too",
        certainty: Certainty::Documented,
    },
    ExtraDefinition {
        key: AMOUNT,
        constant: "AMOUNT",
        kind: ExtraType::Double,
        presence: &[Always, Always, Always],
        values: Values::Positive,
        meaning: "major units: 15.10; the documentation's table is cut, its samples always have it",
        certainty: Certainty::Derived,
    },
    ExtraDefinition {
        key: TRANSACTION_ID,
        constant: "TRANSACTION_ID",
        kind: ExtraType::String,
        presence: &[Never, Optional, Always],
        values: Values::Pattern("[!-~]{1,128}"),
        meaning: "the app's id of the payment; whether a refund that is not direct looks at it is not clear",
        certainty: Certainty::Documented,
    },
];
