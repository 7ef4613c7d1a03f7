//! A handle to a payment that runs.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;

use caisse_payment::{Doubt, Outcome, Proof, TransactionId, Verdict};
use caisse_transaction::{Event, Request};
use tokio::sync::{Notify, watch};

use crate::{CancelHandle, Payment};

/// Where a payment stands, as it is told to whoever holds a handle.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) events: Vec<Event>,
    pub(super) payment: Option<Payment>,
    /// Whether the terminal is free, so that the payment changes no more.
    pub(super) is_over: bool,
}

/// A payment in its own task. Awaiting it gives its end, when the terminal is free for the next one;
/// [`outcome`](Self::outcome) comes earlier. Dropping it, or what it is awaited by, stops nothing.
#[derive(Clone, Debug)]
#[must_use = "a payment that is not looked at may be a lost one"]
pub struct RunningPayment {
    request: Request,
    told: watch::Receiver<Told>,
    seen: usize,
    cancel: CancelHandle,
    wake: Arc<Notify>,
}

impl RunningPayment {
    pub(super) const fn new(
        request: Request,
        told: watch::Receiver<Told>,
        cancel: CancelHandle,
        wake: Arc<Notify>,
    ) -> Self {
        Self { request, told, seen: 0, cancel, wake }
    }

    /// Whether it has not ended.
    pub(super) fn is_running(&self) -> bool {
        self.told.borrow().payment.is_none() && self.told.has_changed().is_ok()
    }

    /// Whether it is this very request.
    pub(super) fn asks_for(&self, request: &Request) -> bool {
        let (own, asked) = (&self.request.transaction, &request.transaction);
        own.id == asked.id && own.has_same_content(asked)
    }

    /// The id of the payment.
    #[must_use]
    pub const fn id(&self) -> TransactionId {
        self.request.transaction.id
    }

    /// Where the payment stands next; nothing once it has ended. A handle that was found again begins with what came
    /// before.
    pub async fn next_event(&mut self) -> Option<Event> {
        loop {
            {
                let told = self.told.borrow_and_update();
                if let Some(event) = told.events.get(self.seen) {
                    self.seen = self.seen.saturating_add(1);
                    return Some(*event);
                }
                if told.payment.is_some() {
                    return None;
                }
            }
            self.told.changed().await.ok()?;
        }
    }

    /// Asks to stop, as [`CancelHandle::cancel`] does: a request and never an outcome.
    pub fn cancel(&self) {
        self.cancel.cancel();
        self.wake.notify_one();
    }

    /// Stops waiting, as [`CancelHandle::give_up`] does.
    pub fn give_up(&self) {
        self.cancel.give_up();
        self.wake.notify_one();
    }

    /// Waits for the outcome, which is reported as soon as it is certain and durable. The task still uses the line for a
    /// moment, to acknowledge the answer or to read on after an early verdict: a program that ends now, and its runtime with
    /// it, awaits [`finished`](Self::finished) first. May be called by several handles, and again after it
    /// was dropped.
    pub async fn outcome(&mut self) -> Payment {
        self.wait(|told| told.payment.is_some()).await
    }

    /// Waits until the terminal is free for the next payment. Later bytes may have contradicted the verdict, which makes the
    /// payment [`disputed`](Payment::disputed), or may have added a card or a receipt.
    pub async fn finished(&mut self) -> Payment {
        self.wait(|told| told.is_over).await
    }

    async fn wait(&mut self, reached: impl FnMut(&Told) -> bool) -> Payment {
        let ended = self.told.wait_for(reached).await;
        if let Some(payment) = ended.ok().and_then(|told| told.payment.clone()) {
            return payment;
        }
        // The runtime went down, or the task did: what the journal says of it holds.
        let outcome = Outcome::Unknown { doubt: Doubt::Interrupted };
        Payment::of(&self.request, Verdict { outcome, proof: Proof::PerhapsSent })
    }
}

impl IntoFuture for RunningPayment {
    type Output = Payment;
    type IntoFuture = Pin<Box<dyn Future<Output = Payment> + Send>>;

    fn into_future(mut self) -> Self::IntoFuture {
        Box::pin(async move { self.finished().await })
    }
}
