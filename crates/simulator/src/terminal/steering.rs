//! What a test does to a terminal: its hands on the keys, and its words in the terminal's ear.

use std::time::Duration;

use caisse_hal::Instant;
use caisse_payment::Refusal;

use super::state::State;
use super::{Event, MOST_NEXT, Outcome, Terminal};
use crate::fault::Fault;
use crate::script::{Scenario, Script, Turn};

/// The terminal is not in a state for that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the terminal is {state}: {wanted}")]
pub struct NotNow {
    /// What it is.
    pub state: &'static str,
    /// What would be needed.
    pub wanted: &'static str,
}

impl Terminal {
    fn not_now<T>(&self, wanted: &'static str) -> Result<T, NotNow> {
        Err(NotNow { state: self.state(), wanted })
    }

    /// Tells it what to answer from now on. A sequence begins with its first turn.
    pub fn set_script(&mut self, script: Script) {
        self.script = script;
        self.turns = 0;
    }

    /// What it answers.
    #[must_use]
    pub const fn script(&self) -> &Script {
        &self.script
    }

    /// Puts a turn before the script; several wait in their order.
    ///
    /// # Errors
    /// When ten thousand are waiting.
    pub fn push_turn(&mut self, turn: Turn) -> Result<(), NotNow> {
        if self.next.len() >= MOST_NEXT {
            return self.not_now("ten thousand turns are waiting already");
        }
        self.next.push_back(turn);
        Ok(())
    }

    /// The turns that wait before the script.
    pub fn next_turns(&self) -> impl Iterator<Item = &Turn> {
        self.next.iter()
    }

    /// Forgets the turns that wait.
    pub fn clear_turns(&mut self) {
        self.next.clear();
    }

    /// The faults of every transaction.
    pub fn set_faults(&mut self, faults: Vec<Fault>) {
        self.faults = faults;
    }

    /// The faults of every transaction.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// Other times, from the next step of a transaction on; what is not said stays.
    pub fn set_times(
        &mut self,
        latency: Option<Duration>,
        authorisation: Option<Duration>,
        printing: Option<Duration>,
    ) {
        let settings = &mut self.settings;
        settings.latency = latency.unwrap_or(settings.latency);
        settings.authorisation = authorisation.unwrap_or(settings.authorisation);
        settings.printing = printing.unwrap_or(settings.printing);
    }

    /// Whether a card comes only when [`present_card`](Self::present_card) says so, from the next transaction on.
    pub const fn set_manual_card(&mut self, manual: bool) {
        self.settings.manual_card = manual;
    }

    /// Plays a scenario from here on, as if the terminal had been started with it; what it does not say stays.
    ///
    /// # Errors
    /// When it is one for another kind of terminal.
    pub fn play(&mut self, scenario: Scenario) -> Result<(), NotNow> {
        if scenario.persona.is_some_and(|persona| persona.name != self.settings.persona.name) {
            return self.not_now("the scenario is for another dialect");
        }
        self.set_times(scenario.latency, scenario.authorisation, scenario.printing);
        if let Some(seed) = scenario.seed {
            (self.settings.seed, self.transactions) = (seed, 0);
            self.played.clear();
            self.turns_played = 0;
        }
        self.set_faults(scenario.faults);
        self.set_script(scenario.script);
        self.next.clear();
        Ok(())
    }

    /// The customer presents a card, sooner than by himself.
    ///
    /// # Errors
    /// When it waits for none.
    pub fn present_card(&mut self, now: Instant) -> Result<(), NotNow> {
        self.advance(now);
        if !matches!(self.state, State::WaitingForCard(..)) {
            return self.not_now("it waits for no card");
        }
        self.card();
        self.advance(now);
        Ok(())
    }

    /// Somebody presses the red button: a transaction that waits for its card is abandoned, and a menu is left.
    ///
    /// # Errors
    /// When there is nothing to abandon, or it is too late.
    pub fn press_red_button(&mut self, now: Instant) -> Result<(), NotNow> {
        self.advance(now);
        match self.state {
            State::WaitingForCard(..) => self.give_up(Refusal::Abandoned),
            State::Busy => self.enter(State::Idle),
            _ => return self.not_now("there is nothing to abandon, or it is too late"),
        }
        self.advance(now);
        Ok(())
    }

    /// It falls asleep: nothing reaches it.
    ///
    /// # Errors
    /// When it is not idle.
    pub fn sleep(&mut self, now: Instant) -> Result<(), NotNow> {
        self.leave_idle(now, State::Asleep)
    }

    /// Somebody is in its menus: it refuses every request.
    ///
    /// # Errors
    /// When it is not idle.
    pub fn make_busy(&mut self, now: Instant) -> Result<(), NotNow> {
        self.leave_idle(now, State::Busy)
    }

    /// Another application is in front: it refuses every request.
    ///
    /// # Errors
    /// When it is not idle.
    pub fn go_to_background(&mut self, now: Instant) -> Result<(), NotNow> {
        self.leave_idle(now, State::Background)
    }

    fn leave_idle(&mut self, now: Instant, state: State) -> Result<(), NotNow> {
        self.advance(now);
        if !self.is_idle() {
            return self.not_now("it has to be idle");
        }
        self.enter(state);
        Ok(())
    }

    /// Back to the idle screen: from sleep, from the menus, from the background. Harmless when it is there.
    ///
    /// # Errors
    /// When a transaction is on its way, or it is rebooting.
    pub fn wake(&mut self, now: Instant) -> Result<(), NotNow> {
        self.advance(now);
        match self.state {
            State::Asleep | State::Busy | State::Background | State::Idle => self.enter(State::Idle),
            _ => return self.not_now("it goes on by itself"),
        }
        Ok(())
    }

    /// It reboots: a transaction on its way is forgotten, charged or not, and its till gets no answer.
    pub fn reboot(&mut self, now: Instant, time: Duration) {
        self.advance(now);
        for outcome in self.outcomes.values_mut() {
            *outcome = Outcome::Lost;
        }
        self.enter(State::Rebooting(now.after(time)));
    }

    /// The transactions go to the bank: there is nothing left to print again, to cancel or to give back. No message of
    /// the protocol asks for this.
    pub fn telecollect(&mut self, now: Instant) {
        self.advance(now);
        self.memory.telecollect();
        self.log(Event::Telecollected);
    }

    /// Everything as it was at the start, for the next test: ledger, memory, script, faults. Lines that are open get no
    /// answer.
    pub fn reset(&mut self, now: Instant) {
        self.advance(now);
        self.ledger.clear();
        self.memory.telecollect();
        self.script = self.settings.script.clone();
        self.faults = self.settings.faults.clone();
        self.next.clear();
        (self.turns, self.transactions, self.answered) = (0, 0, None);
        self.played.clear();
        self.turns_played = 0;
        for outcome in self.outcomes.values_mut() {
            *outcome = Outcome::Lost;
        }
        self.enter(State::Idle);
        self.log(Event::Reset);
    }
}
