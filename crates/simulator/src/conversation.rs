//! One till at the virtual terminal: reads its request, decides, charges, answers.

use std::sync::atomic::Ordering;
use std::time::Duration;

use caisse_codec::{
    Action as CodecAction, Application, CardFields, Complement, ReadingMode, Received, Status, TerminalAnswer,
};
use caisse_hal::tcp::TcpLink;
use caisse_hal::{Clock, Instant, Link, Received as Input, SystemClock};
use caisse_payment::Refusal;
use caisse_transaction::terminal::{Action, End, MOST_STORAGE, TerminalMachine, refusal_of};

use crate::script::Decision;
use crate::server::Shared;
use crate::ticket::TicketContent;

/// The longest that a till may take to send its request, however it drips.
const REQUEST_TIME: Duration = Duration::from_secs(30);

/// How long the terminal waits for the till to take the answer and close.
const FAREWELL: Duration = Duration::from_secs(5);

/// How often a wait looks whether the terminal is being switched off.
const GLANCE: Duration = Duration::from_millis(20);

const CARD: &str = "497010******1234";
const CONTRACT: &str = "1234567";

/// Serves one connection to its end.
pub(crate) fn converse(mut link: TcpLink, shared: &Shared) {
    let clock = SystemClock::new();
    let mut storage = [0; MOST_STORAGE];
    let mut machine = TerminalMachine::new(&mut storage);
    let mut buffer = [0; 1024];
    let end = loop {
        let now = clock.now();
        match machine.poll() {
            Action::Wait { until } => {
                // The clock started with the connection.
                if shared.stop.load(Ordering::Relaxed) || now > Instant::default().after(REQUEST_TIME) {
                    return;
                }
                let within = until.map_or(GLANCE, |until| until.since(now).min(GLANCE));
                match link.receive(&mut buffer, within) {
                    Ok(Input::Bytes(count)) => {
                        machine.handle_input(clock.now(), buffer.get(..count).unwrap_or_default());
                    }
                    Ok(Input::Nothing) => machine.handle_timeout(clock.now()),
                    Ok(Input::Closed) | Err(_) => machine.handle_closed(clock.now()),
                }
            }
            Action::Decide(request) => {
                let answered = match request {
                    Err(fault) => machine.refuse(refusal_of(fault)).is_ok(),
                    Ok(request) => decide(&request, &mut machine, shared),
                };
                if !answered {
                    return wait_for_the_till_to_go(&mut link, shared);
                }
            }
            Action::Send(bytes) => match link.send(bytes, FAREWELL) {
                Ok(accepted) => machine.handle_sent(now, accepted),
                Err(_) => machine.handle_send_failed(now),
            },
            Action::Done(end) => break end,
        }
    };
    if end == End::Answered {
        // Closed in order: a reset could overtake the answer.
        link.finish_sending();
        let started = clock.now();
        while clock.now().since(started) < FAREWELL && !shared.stop.load(Ordering::Relaxed) {
            if !matches!(link.receive(&mut buffer, GLANCE), Ok(Input::Bytes(_) | Input::Nothing)) {
                break;
            }
        }
    }
}

/// Says whether there is an answer to send.
fn decide(request: &Received, machine: &mut TerminalMachine<'_>, shared: &Shared) -> bool {
    // One card reader: a second till is told no. Which complement a busy terminal sends is not documented.
    let Ok(_reader) = shared.reader.try_lock() else {
        return machine.refuse(Refusal::Unspecified).is_ok();
    };
    if !shared.sleep(shared.latency) {
        return false;
    }
    let decision = shared.script().decide(request.amount);
    let (amount, status, complement) = match decision {
        Decision::Silence => return false,
        Decision::Refuse(complement) => (request.amount, Status::NotPerformed, Some(complement)),
        Decision::Charge(amount) => {
            // The money moves here, before a byte of the answer exists.
            let charge =
                shared.ledger.charge(amount.minor(), amount.currency().numeric(), request.register.number());
            shared.announce(&charge);
            (amount, Status::Performed, Some(Complement::AUTHORISED))
        }
    };
    let authorised = status == Status::Performed;
    let authorisation = authorised.then(|| format!("{:06}", shared.ledger.len() % 1_000_000));
    let authorisation = authorisation.as_deref();
    let ticket = request.ticket.map(|ticket_request| {
        let content = TicketContent {
            request: ticket_request,
            approved: authorised,
            amount,
            card: CARD,
            authorisation,
            contract: CONTRACT,
        };
        (ticket_request, content.render())
    });
    let taken = request.immediate;
    // A red button is pressed before a card is read.
    let no_card = taken || decision == Decision::Refuse(Complement::from_refusal(Refusal::Abandoned));
    let card = Application::from_value(b"00B").filter(|_| !no_card).map(|application| CardFields {
        number: CARD,
        expiry: "3012",
        authorisation: authorisation.and_then(|number| number.parse().ok()),
        aid: "A0000000421010",
        application,
        reading_mode: ReadingMode::Contactless,
    });
    let tickets: Vec<_> = ticket
        .as_ref()
        .filter(|_| !taken)
        .map(|(request, text)| (*request, text.as_slice()))
        .into_iter()
        .collect();
    // An immediate answer says that the request arrived, and no more.
    let status = if taken { Status::Taken } else { status };
    let answer = TerminalAnswer {
        identifier: request.identifier,
        action: Some(CodecAction::DEBIT),
        amount: Some(amount),
        complement: complement.filter(|_| !taken).map(Into::into),
        card,
        contract: CONTRACT.parse().ok(),
        tickets: &tickets,
        ..TerminalAnswer::new(request.version, request.register, status)
    };
    machine.answer(&answer).is_ok()
}

fn wait_for_the_till_to_go(link: &mut TcpLink, shared: &Shared) {
    let mut buffer = [0; 256];
    while !shared.stop.load(Ordering::Relaxed) {
        if !matches!(link.receive(&mut buffer, GLANCE), Ok(Input::Bytes(_) | Input::Nothing)) {
            return;
        }
    }
}
