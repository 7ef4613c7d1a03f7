// Generated from the Rust definitions of caisse-intent by its test `schema`. Do not edit.
package caisse;

/** PayXpress V4: the component, the extras of its requests, the fields of its results. */
public final class PayXpressV4 {
    private PayXpressV4() {}

    /** the package of the app. */
    public static final String PACKAGE = "com.payxpert.merchant";

    /** the activity; without the blank that a published sample has behind it. */
    public static final String CLASS = "com.payxpert.merchant.ui.transaction.TransactionActivity";

    /** Keys of a request, each with the type that it must be put with. */
    public static final class Extra {
        private Extra() {}

        /** String: PERFORM starts a transaction, PRINT_LAST prints the last tickets again. */
        public static final String ACTION = "transaction_bundle_key_action";

        /** int: minor units: 1050 is 10.50 EUR. */
        public static final String AMOUNT = "transaction_bundle_key_amount";

        /** int: optional in the documentation; always sent here, for the app's own default can be a refund. */
        public static final String TRANSACTION_TYPE = "transaction_bundle_key_transaction_type";

        /** boolean: true: tickets are printed and the paperless page is shown; false: neither. */
        public static final String PRINT_TICKET = "transaction_bundle_key_print_ticket";

        /** String: the caller's id of the transaction, which must be new; the documentation has no rule for its form. */
        public static final String REFERENCE = "transaction_bundle_key_reference";

        /** int: which tickets are printed; the result holds both. */
        public static final String TYPE_PRINT_TICKET = "transaction_bundle_key_type_print_ticket";
    }

    /** Values of {@link Extra#ACTION}. */
    public static final class Action {
        private Action() {}
        public static final String PERFORM = "PERFORM";
        public static final String PRINT_LAST = "PRINT_LAST";
    }

    /** Values of {@link Extra#TRANSACTION_TYPE}, and of results of August 2024. */
    public static final class TransactionType {
        private TransactionType() {}
        public static final int DEBIT = 1;
        public static final int CANCELLATION = 2;
        public static final int REFUND = 3;
        public static final int DEFERRED_DEBIT = 4;
    }

    /** Values of {@link Extra#TYPE_PRINT_TICKET}. */
    public static final class PrintedTickets {
        private PrintedTickets() {}
        public static final int BOTH = 0;
        public static final int CLIENT = 1;
        public static final int MERCHANT = 2;
    }

    /** Where the result stands. */
    public static final class Result {
        private Result() {}

        /** the extra that holds the JSON, a String. */
        public static final String EXTRA = "result";
    }

    /** Fields of the result. */
    public static final class Outcome {
        private Outcome() {}

        /** 0 accepted (or printed), 1 denied (or not printed). */
        public static final String STATUS = "status";

        /** what happened; may be absent. */
        public static final String TRANSACTION = "transaction";

        /** both tickets, base64; which is which is in their type. */
        public static final String TICKETS = "tickets";
    }

    /** Fields of the result's transaction. */
    public static final class Transaction {
        private Transaction() {}

        /** the app's id of the transaction. */
        public static final String ID = "id";

        /** the name of August 2024 for ID. */
        public static final String FIRST_ID = "transactionId";

        /** beside id: 0 debit, 1 refund, 2 cancellation, 8 deferred debit; beside transactionId: 1 debit, 2 cancellation, 3 refund, 4 deferred debit. */
        public static final String TRANSACTION_TYPE = "transactionType";

        /** 0 contact, 1 contactless. */
        public static final String MODE = "mode";

        /** the name of August 2024 for MODE. */
        public static final String FIRST_MODE = "paymentMethod";

        /** a timestamp, very likely in milliseconds; the published sample lacks a digit (guess). */
        public static final String DATE = "date";

        /** the reference of the request. */
        public static final String REFERENCE = "reference";

        /** the name of August 2024 for REFERENCE. */
        public static final String FIRST_REFERENCE = "externalReference";

        /** minor units; whether a tip is in it is not documented. */
        public static final String AMOUNT = "amount";

        /** of ISO 4217; whether letters or digits is not documented, both are read. */
        public static final String CURRENCY = "currency";

        /** the selected card application. */
        public static final String AID = "aid";

        /** true: without network. */
        public static final String IS_DEGRADED_MODE = "isDegradedMode";

        /** the result code, 0 to 9. */
        public static final String ERROR = "error";

        /** the name of August 2024 for ERROR. */
        public static final String FIRST_ERROR = "resultCode";

        /** the card number, masked on arrival whatever panType says. */
        public static final String MASKED_PAN = "maskedPan";

        /** the type of card. */
        public static final String CARD_LABEL = "cardLabel";

        /** YYMMDD as a number, so that zeros at the start are lost. */
        public static final String EXPIRATION_DATE = "expirationDate";

        /** minor units, when tips are active. */
        public static final String AMOUNT_TIPS = "amountTips";

        /** 0 the whole number, 1 a part of it (also when absent), 2 a token. */
        public static final String PAN_TYPE = "panType";

        /** the authorisation number, if the bank gave one. */
        public static final String NUM_AUTHORIZATION = "numAuthorization";

        /** both tickets, base64; which is which is in their type. */
        public static final String TICKETS = "tickets";
    }

    /** Values of {@link Outcome#STATUS}. Never enough by itself. */
    public static final class Status {
        private Status() {}
        public static final int ACCEPTED = 0;
        public static final int DENIED = 1;
    }

    /** Values of {@link Transaction#ERROR}. */
    public static final class ResultCode {
        private ResultCode() {}
        public static final int ACCEPTED = 0;
        public static final int DENIED = 1;
        public static final int INVALID_PARAMETERS = 2;
        public static final int ALREADY_IN_PROGRESS = 3;
        public static final int IN_BACKGROUND = 4;
        public static final int ERROR = 5;
        public static final int REFERENCE_EXISTS = 6;
        public static final int CANCELLED = 7;
        public static final int NOT_FINISHED = 8;
        public static final int TIMED_OUT = 9;
    }

    /** Values of {@link Transaction#TRANSACTION_TYPE} beside {@link Transaction#ID}. */
    public static final class ResultTransactionType {
        private ResultTransactionType() {}
        public static final int DEBIT = 0;
        public static final int CANCELLATION = 2;
        public static final int REFUND = 1;
        public static final int DEFERRED_DEBIT = 8;
    }

    /** Values of {@link Transaction#MODE}. */
    public static final class Mode {
        private Mode() {}
        public static final int CONTACT = 0;
        public static final int CONTACTLESS = 1;
    }

    /** Values of {@link Transaction#PAN_TYPE}. */
    public static final class PanType {
        private PanType() {}
        public static final int FULL = 0;
        public static final int PARTIAL = 1;
        public static final int TOKEN = 2;
    }

    /** Values of a ticket's type. */
    public static final class TicketType {
        private TicketType() {}
        public static final String CLIENT = "CLIENT";

        /** guess. */
        public static final String MERCHANT = "MERCHANT";
    }
}
