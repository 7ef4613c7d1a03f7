//! Java constants out of the definitions, for Kotlin as well.

use std::fmt::Write as _;

use caisse_intent::definition::outcome::{self, FieldDefinition};
use caisse_intent::definition::{Certainty, ExtraDefinition, Named, apm, v4};
use caisse_intent::{Numbering, ResultCode, Status};
use caisse_payment::Operation;

const HEAD: &str = "// Generated from the Rust definitions of caisse-intent by its test `schema`. Do not edit.\npackage caisse;\n\n";

struct Class(String);

impl Class {
    fn new(name: &str, doc: &str) -> Self {
        Self(format!("{HEAD}/** {doc} */\npublic final class {name} {{\n    private {name}() {{}}\n"))
    }

    fn nested(&mut self, name: &str, doc: &str, constants: &[Constant]) {
        let _ = write!(
            self.0,
            "\n    /** {doc} */\n    public static final class {name} {{\n        private {name}() {{}}\n"
        );
        for constant in constants {
            constant.write(&mut self.0, "        ");
        }
        self.0.push_str("    }\n");
    }

    fn constant(&mut self, constant: &Constant) {
        constant.write(&mut self.0, "    ");
    }

    fn end(mut self) -> String {
        self.0.push_str("}\n");
        self.0
    }
}

struct Constant {
    name: String,
    value: Literal,
    doc: String,
}

enum Literal {
    Text(&'static str),
    Int(i64),
}

impl Constant {
    fn text(name: impl Into<String>, value: &'static str, doc: impl Into<String>) -> Self {
        Self { name: name.into(), value: Literal::Text(value), doc: doc.into() }
    }

    fn int(name: &str, value: i64, doc: impl Into<String>) -> Self {
        Self { name: name.to_owned(), value: Literal::Int(value), doc: doc.into() }
    }

    fn write(&self, to: &mut String, indent: &str) {
        let Self { name, doc, .. } = self;
        let (kind, value) = match self.value {
            Literal::Text(text) => ("String", format!("\"{text}\"")),
            Literal::Int(number) => ("int", number.to_string()),
        };
        if !doc.is_empty() {
            let _ = writeln!(to, "\n{indent}/** {doc}. */");
        }
        let _ = writeln!(to, "{indent}public static final {kind} {name} = {value};");
    }
}

/// Names what is not documented.
fn marked(certainty: Certainty, doc: &str) -> String {
    match certainty {
        Certainty::Documented => doc.to_owned(),
        certainty => format!("{doc} ({})", certainty.name()),
    }
}

fn extras(extras: &[ExtraDefinition]) -> Vec<Constant> {
    let constant = |extra: &ExtraDefinition| {
        let doc = format!("{}: {}", extra.kind.java(), marked(extra.certainty, extra.meaning));
        Constant::text(extra.constant, extra.key, doc)
    };
    extras.iter().map(constant).collect()
}

fn numbers(named: &[Named]) -> Vec<Constant> {
    named.iter().map(|it| Constant::int(it.constant, it.number, "")).collect()
}

/// Every name of every field; older ones have `FIRST_` in front.
fn fields(fields: &[FieldDefinition]) -> Vec<Constant> {
    let mut constants = Vec::new();
    for field in fields {
        for (age, name) in field.names.iter().enumerate() {
            let prefix = if age == 0 { "" } else { "FIRST_" };
            let doc = marked(field.certainty, field.meaning);
            let doc = if age == 0 { doc } else { format!("the name of August 2024 for {}", field.constant) };
            constants.push(Constant::text(format!("{prefix}{}", field.constant), name, doc));
        }
    }
    constants
}

fn types(numbering: Numbering) -> Vec<Constant> {
    let constant = |operation: Operation| {
        let name = match operation {
            Operation::Credit => "REFUND".to_owned(),
            operation => operation.name().to_uppercase(),
        };
        numbering.number(operation).map(|number| Constant::int(&name, number.into(), ""))
    };
    Numbering::OPERATIONS.into_iter().filter_map(constant).collect()
}

pub fn v4() -> String {
    let mut class = Class::new(
        "PayXpressV4",
        "PayXpress V4: the component, the extras of its requests, the fields of its results.",
    );
    class.constant(&Constant::text("PACKAGE", v4::PACKAGE, "the package of the app"));
    class.constant(&Constant::text(
        "CLASS",
        v4::CLASS,
        "the activity; without the blank that a published sample has behind it",
    ));
    class.nested(
        "Extra",
        "Keys of a request, each with the type that it must be put with.",
        &extras(v4::EXTRAS),
    );
    let actions = v4::REQUESTS.map(|name| Constant::text(name, name, ""));
    class.nested("Action", "Values of {@link Extra#ACTION}.", &actions);
    class.nested(
        "TransactionType",
        "Values of {@link Extra#TRANSACTION_TYPE}, and of results of August 2024.",
        &types(Numbering::First),
    );
    class.nested(
        "PrintedTickets",
        "Values of {@link Extra#TYPE_PRINT_TICKET}.",
        &numbers(v4::PRINTED_TICKETS),
    );
    let result = [Constant::text("EXTRA", outcome::RESULT, "the extra that holds the JSON, a String")];
    class.nested("Result", "Where the result stands.", &result);
    class.nested("Outcome", "Fields of the result.", &fields(outcome::OUTCOME));
    class.nested("Transaction", "Fields of the result's transaction.", &fields(outcome::TRANSACTION_FIELDS));
    let status: Vec<_> = Status::ALL.iter().map(|it| Constant::int(it.constant(), it.number(), "")).collect();
    class.nested("Status", "Values of {@link Outcome#STATUS}. Never enough by itself.", &status);
    let codes: Vec<_> =
        ResultCode::ALL.iter().map(|it| Constant::int(it.constant(), it.number(), "")).collect();
    class.nested("ResultCode", "Values of {@link Transaction#ERROR}.", &codes);
    class.nested(
        "ResultTransactionType",
        "Values of {@link Transaction#TRANSACTION_TYPE} beside {@link Transaction#ID}.",
        &types(Numbering::Second),
    );
    class.nested("Mode", "Values of {@link Transaction#MODE}.", &numbers(&outcome::MODES));
    class.nested("PanType", "Values of {@link Transaction#PAN_TYPE}.", &numbers(&outcome::PAN_TYPES));
    let tickets = outcome::TICKET_TYPES.map(|(name, certainty)| {
        let doc = if certainty == Certainty::Documented { "" } else { certainty.name() };
        Constant::text(name, name, doc)
    });
    class.nested("TicketType", "Values of a ticket's type.", &tickets);
    class.end()
}

pub fn apm() -> String {
    let mut class = Class::new(
        "PayXpressApm",
        "PayXpress APM: the component and the extras of its requests. Its results are documented nowhere.",
    );
    class.constant(&Constant::text("PACKAGE", apm::PACKAGE, "the package of the app, from version 2.7.5 on"));
    class.constant(&Constant::text("CLASS", apm::CLASS, "the activity"));
    class.nested(
        "Extra",
        "Keys of a request, each with the type that it must be put with.",
        &extras(apm::EXTRAS),
    );
    class.end()
}
