//! A transaction as the till asks for it: what goes to the app, and what goes to the journal alone.

use caisse_android_intent::Intent;
use caisse_journal::Order;
use caisse_payment::entry::{Content, Start};
use caisse_payment::{
    Amount, Currency, DialectName, Operation, Reference, Register, TerminalId, TransactionId,
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

/// A transaction: its key, its request, and what the journal keeps with them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    id: TransactionId,
    request: Request,
    original: Option<TransactionId>,
    label: Option<Reference>,
    order: Option<Order>,
}

impl Transaction {
    /// A transaction of PayXpress V4. Its reference is its id.
    #[must_use]
    pub const fn v4(request: v4::Perform) -> Self {
        Self {
            id: request.reference(),
            request: Request::V4(request),
            original: None,
            label: None,
            order: None,
        }
    }

    /// A transaction of PayXpress APM, which is given no reference.
    #[must_use]
    pub const fn apm(id: TransactionId, request: apm::Request) -> Self {
        Self { id, request: Request::Apm(request), original: None, label: None, order: None }
    }

    /// Names the transaction of this journal that is undone or refunded. A cancellation needs one, and one that is certainly
    /// the last of an [exclusive](crate::Till::exclusive) terminal; refunds of it never exceed it. Otherwise a person has to
    /// [take responsibility](Self::ordered).
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
    pub fn ordered(mut self, order: Order) -> Self {
        self.order = Some(order);
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

    pub(crate) const fn order(&self) -> Option<&Order> {
        self.order.as_ref()
    }

    pub(crate) fn currency(&self) -> Currency {
        self.amount().currency()
    }

    pub(crate) fn start(&self, terminal: TerminalId, register: Register) -> Option<Start> {
        let content = Content {
            operation: self.operation(),
            original: self.original,
            amount: self.amount(),
            allow_partial: false,
            allow_tip: None,
            terminal,
            register,
            reference: self.label,
        };
        Some(Start {
            id: self.id,
            content,
            dialect: self.app().dialect().parse().ok()?,
            address: None,
            usb: None,
        })
    }
}
