//! The two numbers by which PayXpress says how a transaction ended.

macro_rules! numbers {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $number:literal, $constant:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $name {
            /// Every one of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The number in the result.
            #[must_use]
            pub const fn number(self) -> i64 {
                match self {
                    $(Self::$variant => $number,)*
                }
            }

            /// The name of its constant, in capital letters.
            #[must_use]
            pub const fn constant(self) -> &'static str {
                match self {
                    $(Self::$variant => $constant,)*
                }
            }

            /// Which one has this number; nothing for a number that no public document explains.
            #[must_use]
            pub fn from_number(number: i64) -> Option<Self> {
                Self::ALL.iter().copied().find(|it| it.number() == number)
            }
        }
    };
}

numbers! {
    /// `status` of an outcome. Never enough by itself: see [`ResultCode`].
    Status {
        /// The transaction was accepted.
        Accepted = 0, "ACCEPTED";
        /// It was not.
        Denied = 1, "DENIED";
    }
}

numbers! {
    /// `error` of a transaction (`resultCode` before October 2024). What each one proves is [`Answer::outcome`]'s to say.
    ///
    /// [`Answer::outcome`]: crate::Answer::outcome
    ResultCode {
        /// Paid.
        Accepted = 0, "ACCEPTED";
        /// Refused.
        Denied = 1, "DENIED";
        /// The app did not like the request.
        InvalidParameters = 2, "INVALID_PARAMETERS";
        /// Another transaction was running, or this one.
        AlreadyInProgress = 3, "ALREADY_IN_PROGRESS";
        /// The app lost the screen.
        InBackground = 4, "IN_BACKGROUND";
        /// Something failed, nobody says what.
        Error = 5, "ERROR";
        /// An earlier transaction has the same reference.
        ReferenceExists = 6, "REFERENCE_EXISTS";
        /// The user gave up.
        Cancelled = 7, "CANCELLED";
        /// Begun and not brought to an end.
        NotFinished = 8, "NOT_FINISHED";
        /// Nobody did anything for too long.
        TimedOut = 9, "TIMED_OUT";
    }
}
