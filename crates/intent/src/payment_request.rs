//! What an application asks a till for: what goes to the payment app, and what goes to the journal alone.

use caisse_android_intent::Intent;
use caisse_journal::OperatorOverride;
use caisse_payment::{
    Amount, Currency, DialectName, Operation, Reference, Register, TerminalId, Transaction, TransactionId,
};

use crate::definition;
use crate::request::{apm, v4};

/// The payment app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum App {
    /// PayXpress V4: cards.
    V4,
    /// PayXpress APM: alternative payments. What it answers is documented nowhere.
    Apm,
}

impl App {
    /// The name in the journal of this way to a terminal.
    #[must_use]
    pub const fn dialect(self) -> &'static str {
        match self {
            Self::V4 => definition::v4::DIALECT,
            Self::Apm => definition::apm::DIALECT,
        }
    }

    pub(crate) fn of(dialect: &DialectName) -> Option<Self> {
        [Self::V4, Self::Apm].into_iter().find(|app| app.dialect() == dialect.as_str())
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Request {
    V4(v4::Perform),
    Apm(apm::Request),
}

/// A payment to take through the payment app: the id, the request to the app, and what the journal keeps with them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentRequest {
    id: TransactionId,
    request: Request,
    original: Option<TransactionId>,
    label: Option<Reference>,
    operator_override: Option<OperatorOverride>,
}

impl PaymentRequest {
    /// A transaction of PayXpress V4. Its reference is its id.
    #[must_use]
    pub const fn v4(request: v4::Perform) -> Self {
        Self {
            id: request.reference(),
            request: Request::V4(request),
            original: None,
            label: None,
            operator_override: None,
        }
    }

    /// A transaction of PayXpress APM, which is given no reference.
    #[must_use]
    pub const fn apm(id: TransactionId, request: apm::Request) -> Self {
        Self { id, request: Request::Apm(request), original: None, label: None, operator_override: None }
    }

    /// Names the transaction of this journal that is undone or refunded. A cancellation needs one, and one that is certainly
    /// the last of an [exclusive](crate::Till::exclusive) terminal; refunds of it never exceed it. Otherwise a person has to
    /// [take responsibility](Self::with_override).
    #[must_use]
    pub const fn with_original(mut self, original: TransactionId) -> Self {
        self.original = Some(original);
        self
    }

    /// A label of the till's own for the journal. It is not sent and never a key.
    #[must_use]
    pub const fn with_label(mut self, label: Reference) -> Self {
        self.label = Some(label);
        self
    }

    /// A person takes responsibility for a cancellation or a refund that the journal cannot prove to be right. It is
    /// recorded before the launch.
    #[must_use]
    pub fn with_override(mut self, operator_override: OperatorOverride) -> Self {
        self.operator_override = Some(operator_override);
        self
    }

    /// The key.
    #[must_use]
    pub const fn id(&self) -> TransactionId {
        self.id
    }

    /// What is asked for.
    #[must_use]
    pub const fn operation(&self) -> Operation {
        match &self.request {
            Request::V4(request) => request.operation(),
            Request::Apm(request) => request.operation(),
        }
    }

    /// How much.
    pub const fn amount(&self) -> Amount {
        match &self.request {
            Request::V4(request) => request.amount(),
            Request::Apm(request) => request.amount(),
        }
    }

    /// Which app is asked.
    #[must_use]
    pub const fn app(&self) -> App {
        match &self.request {
            Request::V4(_) => App::V4,
            Request::Apm(_) => App::Apm,
        }
    }

    /// The intent to launch for a result.
    #[must_use]
    pub fn to_intent(&self) -> Intent {
        match &self.request {
            Request::V4(request) => request.to_intent(),
            Request::Apm(request) => request.to_intent(),
        }
    }

    pub(crate) const fn original(&self) -> Option<TransactionId> {
        self.original
    }

    pub(crate) const fn operator_override(&self) -> Option<&OperatorOverride> {
        self.operator_override.as_ref()
    }

    pub(crate) fn currency(&self) -> Currency {
        self.amount().currency()
    }

    pub(crate) fn transaction(&self, terminal: TerminalId, register: Register) -> Option<Transaction> {
        let dialect = self.app().dialect().parse().ok()?;
        Some(Transaction {
            original: self.original,
            register,
            reference: self.label,
            ..Transaction::new(self.id, self.operation(), self.amount(), terminal, dialect)
        })
    }
}
