//! 3.x: fields with tags.

use caisse_codec::{
    Encoder, LONGEST_ANSWER, Message, MoneyOperation, ReceivedMoney, ReceivedRequest, Status, Tag,
    encode_ticket,
};
use caisse_payment::{Refusal, Sensitive};

use crate::persona::Persona;
use crate::terminal::{Asked, CONTRACT, Operation, Reply, SERIAL_NUMBER, Verdict, code_of};
use crate::ticket::CARD;

/// What the request means.
pub(crate) fn read(request: &ReceivedRequest<'_>, persona: &Persona) -> Asked {
    let header = request.header();
    let register = header.register.number();
    let mut asked = match request {
        ReceivedRequest::Money(money) => read_money(money, persona),
        ReceivedRequest::Duplicata(duplicata) => {
            Asked { ticket: duplicata.ticket, ..Asked::new(Operation::Duplicata, None, register) }
        }
        ReceivedRequest::Identification(_) => Asked::new(Operation::Identification, None, register),
        ReceivedRequest::Print(_) => Asked::new(Operation::Print, None, register),
        // How a transaction is named in a request for its status is not public, nor is any other action.
        ReceivedRequest::TransactionStatus(_) | ReceivedRequest::Other { .. } => {
            Asked::new(Operation::Unknown, None, register)
        }
    };
    asked.immediate = header.immediate;
    asked
}

fn read_money(money: &ReceivedMoney<'_>, persona: &Persona) -> Asked {
    let text = |value: &[u8]| Sensitive::new(String::from_utf8_lossy(value).into_owned());
    let (operation, original) = match &money.operation {
        MoneyOperation::Debit => (Operation::Debit, None),
        MoneyOperation::Cheque => (Operation::Cheque, None),
        MoneyOperation::Credit => (Operation::Credit, None),
        MoneyOperation::LinkedCredit { original } => (Operation::LinkedCredit, Some(text(original.reveal()))),
        MoneyOperation::Cancellation => (Operation::Cancellation, None),
        // What they need is not public.
        MoneyOperation::Preauthorisation | MoneyOperation::DeferredDebit => (Operation::Unknown, None),
    };
    let options = &money.options;
    let refused = (persona.refuses_partial_flag && options.partial.is_some())
        || (persona.refuses_private && options.private.is_some());
    Asked {
        label: options.reference.or(options.private).map(|label| text(label.reveal())),
        original,
        ticket: options.ticket,
        allows_partial: options.partial == Some(true),
        refusal: refused.then_some(Refusal::MessageFormat),
        ..Asked::new(operation, Some(money.amount), money.header.register.number())
    }
}

/// The answer to what cannot be read, with the echo of what the request held of it.
pub(crate) fn refuse(request: &Message<'_>, refusal: Refusal) -> Vec<u8> {
    let mut buffer = [0; LONGEST_ANSWER];
    let mut out = Encoder::new(&mut buffer);
    for tag in [Tag::CZ, Tag::CJ, Tag::CA, Tag::CB, Tag::CD, Tag::CE] {
        if let Some(field) = request.get(tag) {
            // What is not of its form is not repeated.
            let _ = out.field(tag, field.value());
        }
    }
    let _ = out.field(Tag::AE, &Status::NotPerformed.value());
    let _ = out.field(Tag::AF, &code_of(refusal));
    out.finish().to_vec()
}

/// The answer. `request` is what came, for what is echoed.
pub(crate) fn write(request: &Message<'_>, asked: &Asked, reply: &Reply, persona: &Persona) -> Vec<u8> {
    let mut buffer = [0; LONGEST_ANSWER];
    let mut out = Encoder::new(&mut buffer);
    // The buffer holds every field at its longest; one that is not of its form is left out.
    let _ = fields(&mut out, request, asked, reply, persona);
    out.finish().to_vec()
}

fn fields(
    out: &mut Encoder<'_>,
    request: &Message<'_>,
    asked: &Asked,
    reply: &Reply,
    persona: &Persona,
) -> Result<(), caisse_codec::EncodeError> {
    let echoed = |tag: Tag| request.get(tag).map(|field| field.value());
    let version = persona.version.map(|version| *version.as_bytes());
    let version = version.as_ref().map(<[u8; 4]>::as_slice).or_else(|| echoed(Tag::CZ));
    out.field(Tag::CZ, version.unwrap_or(b"0300"))?;
    // An identifier that does not have its form is not repeated.
    let own = persona.identifier();
    match &own {
        Some(identifier) => out.field(Tag::CJ, identifier.as_bytes())?,
        None => echoed(Tag::CJ).map_or(Ok(()), |value| out.field(Tag::CJ, value).or(Ok(())))?,
    }
    out.number(Tag::CA, u64::from(asked.register), 2)?;
    if let Some(amount) = reply.amount.filter(|_| !reply.without_amount) {
        out.number(Tag::CB, amount.minor(), 2)?;
    }
    // PayXpert's answer to a duplicata names neither the action nor the money.
    let bare = reply.operation == Operation::Duplicata && reply.amount.is_none();
    if let Some(action) = echoed(Tag::CD).filter(|_| !bare) {
        out.field(Tag::CD, action)?;
    }
    if let Some(amount) = reply.amount {
        out.number(Tag::CE, u64::from(amount.currency().numeric()), 3)?;
    }
    card(out, reply)?;
    let (status, complement) = match reply.verdict {
        Verdict::Taken => (Status::Taken, None),
        Verdict::Performed => {
            (Status::Performed, reply.amount.filter(|_| reply.operation.moves_money()).map(|_| *b"01"))
        }
        Verdict::NotPerformed(code) => (Status::NotPerformed, Some(code)),
    };
    out.field(Tag::AE, &status.value())?;
    if let Some(complement) = complement {
        out.field(Tag::AF, &complement)?;
    }
    if reply.operation == Operation::Identification && persona.tells_serial_number {
        out.field(Tag::AQ, SERIAL_NUMBER.as_bytes())?;
    }
    // A request that was refused before anything began gets an answer without contract.
    if reply.ticket.is_some() && (reply.operation.moves_money() || reply.amount.is_some()) {
        out.field(Tag::CG, CONTRACT.as_bytes())?;
        let remembered = reply.label.as_ref().map(|label| label.reveal().as_bytes());
        let theirs = remembered.or_else(|| echoed(Tag::CF));
        let private = persona.private.map(str::as_bytes).or(theirs);
        private.map_or(Ok(()), |value| out.field(Tag::CF, value).or(Ok(())))?;
        if let Some(id) = &reply.transaction {
            out.field(Tag::ID, id.as_bytes())?;
        }
    }
    if let Some((wanted, ticket)) = asked.ticket.zip(reply.ticket.as_ref()) {
        encode_ticket(out, wanted, &ticket.render(wanted))?;
    }
    Ok(())
}

fn card(out: &mut Encoder<'_>, reply: &Reply) -> Result<(), caisse_codec::EncodeError> {
    if !reply.read || reply.verdict == Verdict::Taken {
        return Ok(());
    }
    if reply.operation == Operation::Cheque {
        if let Some(number) = &reply.authorisation {
            // The samples of Fidecoin's document.
            out.field(Tag::AC, number.as_bytes())?;
            out.field(Tag::AD, b"D0416926D031017807908F011519431044B")?;
            out.field(Tag::AG, b"0935")?;
            out.field(Tag::AH, b"123456")?;
        }
        return out.field(Tag::CC, b"00C");
    }
    out.field(Tag::AA, CARD.as_bytes())?;
    out.field(Tag::AB, b"3012")?;
    if let Some(number) = &reply.authorisation {
        out.field(Tag::AC, number.as_bytes())?;
    }
    out.field(Tag::AI, b"A0000000421010")?;
    out.field(Tag::CC, b"00B")?;
    out.field(Tag::CI, b"2")
}
