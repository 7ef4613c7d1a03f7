//! Finding out what became of a transaction whose end nobody knows.

mod inquiry;

use std::time::Duration;

use caisse_journal::{JournalError, Record};
use caisse_payment::evidence::LastTransaction;
use caisse_payment::{Outcome, Receipt, Text, TransactionId};
use caisse_settlement::Mismatch;
use caisse_settlement::ask::Asking;
use caisse_settlement::weigh::RecoveryFinding;
use caisse_transaction::probe;

use crate::Till;
use crate::reach::Reach;

#[cfg(feature = "tokio")]
pub(crate) use inquiry::busy;
use inquiry::may_ask;
pub(crate) use inquiry::{Inquiry, RecoveryState, Told};

/// What recovery found out about one transaction.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "what is still open needs a person"]
pub struct Recovered {
    /// The transaction as the journal has it now.
    pub record: Record,
    /// Whether it was paid, if that is known now.
    pub finding: RecoveryFinding,
    /// What the finding rests on.
    pub evidence: Evidence,
    /// In what the terminal is not the one to which the transaction was sent, if it is not.
    pub mismatch: Option<Mismatch>,
}

/// What was heard of a transaction.
#[derive(Clone, Debug, PartialEq)]
pub enum Evidence {
    /// Nothing: the terminal is in use by a payment, or by another program.
    Busy,
    /// Nothing yet: the connection on which the answer may still come is open, and silent.
    Listening {
        /// How much longer that may be.
        left: Duration,
    },
    /// The answer itself, on the connection that was opened for it.
    LateAnswer(Outcome),
    /// A result that the terminal told on the line.
    LateResult(Outcome),
    /// What the terminal told of its last transaction.
    Duplicata {
        /// That.
        told: LastTransaction,
        /// Its ticket, for people to read; it proves nothing to a program.
        ticket: Option<Box<Receipt>>,
    },
    /// Nothing: the terminal is not the one to which the transaction was sent, and was not asked.
    AnotherTerminal,
    /// Nothing: the address is new to the journal, and the terminal was not asked. See
    /// [`Builder::ask_at_new_address`](crate::Builder::ask_at_new_address).
    NewAddress,
    /// Nothing: the dialect has no way to ask that proves anything, or the terminal was asked a moment ago, or the transaction was
    /// [salvaged](Record::is_salvaged).
    NotAsked,
    /// The terminal was asked and did not answer: what came of it.
    NoAnswer(probe::Finding),
}

impl Evidence {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::Listening { .. } => "listening",
            Self::LateAnswer(_) => "late_answer",
            Self::LateResult(_) => "late_result",
            Self::Duplicata { .. } => "duplicata",
            Self::AnotherTerminal => "another_terminal",
            Self::NewAddress => "new_address",
            Self::NotAsked => "not_asked",
            Self::NoAnswer(_) => "no_answer",
        }
    }

    /// What it is, in words.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::Busy => Text { fr: "le terminal est occupé", en: "the terminal is in use" },
            Self::Listening { .. } => {
                Text { fr: "la réponse peut encore arriver", en: "the answer may still come" }
            }
            Self::LateAnswer(_) => {
                Text { fr: "réponse tardive du terminal", en: "late answer of the terminal" }
            }
            Self::LateResult(_) => {
                Text { fr: "résultat tardif, donné sur la ligne", en: "late result, told on the line" }
            }
            Self::Duplicata { told: LastTransaction::Completed { .. }, .. } => Text {
                fr: "duplicata : la dernière transaction du terminal a abouti",
                en: "duplicata: the terminal's last transaction was completed",
            },
            Self::Duplicata { told: LastTransaction::NotCompleted, .. } => Text {
                fr: "duplicata : la dernière transaction du terminal n'a pas abouti",
                en: "duplicata: the terminal's last transaction was not completed",
            },
            Self::Duplicata { told: LastTransaction::Unclear, .. } => Text {
                fr: "duplicata : le terminal ne dit rien d'utilisable",
                en: "duplicata: the terminal tells nothing that can be used",
            },
            Self::AnotherTerminal => Text {
                fr: "non interrogé : ce n'est pas le terminal auquel la transaction a été envoyée",
                en: "not asked: this is not the terminal to which the transaction was sent",
            },
            Self::NewAddress => Text {
                fr: "non interrogé : le journal ne connaît pas cette adresse",
                en: "not asked: the journal does not know this address",
            },
            Self::NotAsked => Text {
                fr: "ce terminal ne peut pas être interrogé, vient de l'être, ou ne pourrait rien prouver",
                en: "this terminal cannot be asked, was asked a moment ago, or could prove nothing",
            },
            Self::NoAnswer(_) => Text {
                fr: "le terminal ne répond pas à la demande de duplicata",
                en: "the terminal does not answer the request for a duplicata",
            },
        }
    }
}

impl Till {
    /// Finds out what became of the transactions of this terminal whose end nobody knows: at the start of a program, and
    /// whenever somebody wants to know. [`pay`](Self::pay) does it by itself where the terminal can tell.
    ///
    /// A late answer is taken from the connection that was left open for it. Otherwise the terminal is asked for a
    /// duplicata, where the dialect has one: **that occupies the terminal and may print paper**. What is proven is
    /// written; what is not stays open for a person to decide.
    ///
    /// # Errors
    /// When the journal cannot be read or written.
    pub fn recover(&mut self) -> Result<Vec<Recovered>, JournalError> {
        self.recover_listening(Duration::ZERO)
    }

    /// The same, and on a serial line it listens for so long first: a terminal that was still at it when the till went down
    /// tells its result there. No longer than the transaction may take on the terminal.
    ///
    /// A [`CancelHandle`](crate::CancelHandle) ends it: what is not proven by then stays open.
    ///
    /// # Errors
    /// As [`recover`](Self::recover).
    pub fn recover_listening(&mut self, listen: Duration) -> Result<Vec<Recovered>, JournalError> {
        let recovered = self.inquiry().recover(listen);
        self.cancel.clear();
        recovered
    }

    /// Finds out what became of one transaction, as [`recover_listening`](Self::recover_listening) does. Returns nothing if the
    /// transaction is not unresolved.
    ///
    /// A terminal that is not the one to which the transaction was sent is not asked.
    ///
    /// # Errors
    /// As [`recover`](Self::recover).
    pub fn recover_transaction(
        &mut self,
        id: &TransactionId,
        listen: Duration,
    ) -> Result<Option<Recovered>, JournalError> {
        self.inquiry().recover_one(id, listen)
    }

    /// Whether recovery would ask the terminal about this transaction, as far as is known without asking.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn may_ask(&self, record: &Record) -> Result<Asking, JournalError> {
        may_ask(&*self.journal, &self.reach(), record, self.at_new_address)
    }

    pub(crate) fn inquiry(&mut self) -> Inquiry<'_> {
        // Not `self.reach()`, which borrows all of the till.
        let reach = Reach { key: self.key, at: self.at.as_ref() };
        Inquiry {
            link: &mut *self.link,
            clock: &*self.clock,
            journal: &mut *self.journal,
            reach,
            at_new_address: self.at_new_address,
            register: self.register,
            config: self.config,
            exclusive: self.exclusive,
            memory: &mut self.memory,
            cancel: &self.cancel,
        }
    }
}
