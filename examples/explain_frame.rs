//! Says what the fields of a message mean, with the codec alone.

use std::error::Error;

use caisse_codec::explain::{Explanation, Language};
use caisse_codec::{Answer, Message};

fn main() -> Result<(), Box<dyn Error>> {
    let wire = b"CZ0040320CA00201CB0042500CD0010CE003978AA0165017677122000674AE00210AC006A00395";
    let message = Message::decode(wire)?;
    for field in message.fields() {
        let explanation = Explanation::new(field, message, Language::French);
        println!("{} {:<10} {explanation}", field.tag(), field.shown().unwrap_or("(masqué)"));
    }
    let answer = Answer::new(message);
    println!("statut {:?}, carte {:?}", answer.status(), answer.card().map(|card| card.masked().to_owned()));
    Ok(())
}
