// Generated from the Rust definitions of caisse-intent by its test `schema`. Do not edit.
package caisse;

/** PayXpress APM: the component and the extras of its requests. Its results are documented nowhere. */
public final class PayXpressApm {
    private PayXpressApm() {}

    /** the package of the app, from version 2.7.5 on. */
    public static final String PACKAGE = "io.payxpress.android.apm";

    /** the activity. */
    public static final String CLASS = "com.payxpert.merchant.MainActivity";

    /** Keys of a request, each with the type that it must be put with. */
    public static final class Extra {
        private Extra() {}

        /** boolean: always true. */
        public static final String PAYMENT_REQUEST_FROM_ANOTHER_APP = "payment_request_from_another_app";

        /** boolean: true: money goes back; false: a debit, as when it is absent. */
        public static final String IS_REFUND = "is_refund";

        /** boolean: true: for the payment that transaction_id names; is_refund must be true too. */
        public static final String IS_DIRECT_REFUND = "is_direct_refund";

        /** double: major units: 15.10; the documentation's table is cut, its samples always have it (derived). */
        public static final String AMOUNT = "amount";

        /** String: the app's id of the payment; whether a refund that is not direct looks at it is not clear. */
        public static final String TRANSACTION_ID = "transaction_id";
    }
}
