//! JSON Schemas out of the definitions.

use caisse_intent::definition::outcome::{self, FieldDefinition, FieldType};
use caisse_intent::definition::{Certainty, ExtraDefinition, ExtraType, Presence, Values, apm, v4};
use caisse_intent::{ResultCode, Status};
use serde_json::{Map, Value, json};

const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

pub fn v4_request() -> Value {
    request("PayXpress V4: the extras of a request", v4::PACKAGE, v4::CLASS, &v4::REQUESTS, v4::EXTRAS)
}

pub fn apm_request() -> Value {
    request("PayXpress APM: the extras of a request", apm::PACKAGE, apm::CLASS, &apm::REQUESTS, apm::EXTRAS)
}

/// An object of the extras by their keys. JSON has one type of number: the Bundle's stands beside it.
fn request(title: &str, package: &str, class: &str, requests: &[&str], extras: &[ExtraDefinition]) -> Value {
    let alternatives: Vec<_> = requests
        .iter()
        .enumerate()
        .map(|(column, name)| {
            let mut properties = Map::new();
            let mut required = Vec::new();
            for extra in extras {
                let presence = extra.presence[column];
                let property = match presence {
                    // Which tickets, for a payment: no request has it.
                    Presence::Never => json!(false),
                    Presence::Always | Presence::Optional => property(extra, column, name),
                };
                properties.insert(extra.key.to_owned(), property);
                if presence == Presence::Always {
                    required.push(extra.key);
                }
            }
            json!({ "title": name, "properties": properties, "required": required })
        })
        .collect();
    json!({
        "$schema": DRAFT,
        "title": title,
        "$comment": "generated from caisse-intent; extras beyond the documented ones are allowed",
        "x-component": { "package": package, "class": class },
        "type": "object",
        "oneOf": alternatives,
    })
}

fn property(extra: &ExtraDefinition, column: usize, request: &str) -> Value {
    let mut property = Map::new();
    property.insert("description".to_owned(), json!(extra.meaning));
    property.insert("x-bundle-type".to_owned(), json!(extra.kind.java()));
    property.insert("x-certainty".to_owned(), json!(extra.certainty.name()));
    let kind = match extra.kind {
        ExtraType::String => "string",
        ExtraType::Int => "integer",
        ExtraType::Boolean => "boolean",
        ExtraType::Double => "number",
    };
    property.insert("type".to_owned(), json!(kind));
    let mut put = |name: &str, value: Value| drop(property.insert(name.to_owned(), value));
    match extra.values {
        // The two APM requests that differ in nothing else.
        Values::Any if extra.key == apm::IS_REFUND => put("const", json!(request != "DEBIT")),
        Values::Any => {}
        Values::Words(words) => put("const", json!(words[column])),
        Values::Numbers(numbers) => {
            put("enum", json!(numbers.iter().map(|it| it.number).collect::<Vec<_>>()))
        }
        Values::Positive => put("exclusiveMinimum", json!(0)),
        Values::True => put("const", json!(true)),
        Values::Pattern(pattern) => put("pattern", json!(format!("^{pattern}$"))),
    }
    if extra.kind == ExtraType::Int {
        put("maximum", json!(i32::MAX));
    }
    Value::Object(property)
}

pub fn v4_result() -> Value {
    let mut schema = object("PayXpress V4: the result of a transaction", outcome::OUTCOME);
    schema["$schema"] = json!(DRAFT);
    schema["$comment"] = json!(
        "generated from caisse-intent: what is read, in both generations of names; whether it is an approval takes the request too"
    );
    schema["x-extra"] = json!({ "name": outcome::RESULT, "type": "String" });
    schema["required"] = json!(["status"]);
    schema
}

pub fn v4_print_result() -> Value {
    let mut schema = object("PayXpress V4: the result of PRINT_LAST", &[outcome::STATUS, outcome::TICKETS]);
    schema["$schema"] = json!(DRAFT);
    schema["$comment"] = json!("generated from caisse-intent; that it stands in this extra too is a guess");
    schema["x-extra"] = json!({ "name": outcome::RESULT, "type": "String" });
    schema["required"] = json!(["status"]);
    schema
}

fn object(title: &str, fields: &[FieldDefinition]) -> Value {
    let mut properties = Map::new();
    for definition in fields {
        for name in definition.names {
            let mut schema = field(definition);
            schema["description"] = json!(definition.meaning);
            schema["x-decides"] = json!(definition.decides);
            schema["x-certainty"] = json!(definition.certainty.name());
            properties.insert((*name).to_owned(), schema);
        }
    }
    json!({ "title": title, "type": "object", "properties": properties })
}

fn field(definition: &FieldDefinition) -> Value {
    let whole =
        json!({ "anyOf": [{ "type": ["integer", "null"] }, { "type": "string", "pattern": "^-?[0-9]+$" }] });
    let known = |numbers: Vec<i64>| {
        let texts: Vec<_> = numbers.iter().map(ToString::to_string).collect();
        json!({ "anyOf": [{ "enum": numbers }, { "enum": texts }] })
    };
    match (definition.kind, definition.constant) {
        (FieldType::Integer, "STATUS") => known(Status::ALL.iter().map(|it| it.number()).collect()),
        (FieldType::Integer, "ERROR") => known(ResultCode::ALL.iter().map(|it| it.number()).collect()),
        (FieldType::Integer, _) => whole,
        // A number where a text was meant is read by its digits.
        (FieldType::String, _) => json!({ "type": ["string", "integer", "null"] }),
        (FieldType::Boolean, _) => json!({ "enum": [true, false, "true", "false", null] }),
        (FieldType::Transaction, _) => {
            let mut schema = object("the transaction", outcome::TRANSACTION_FIELDS);
            schema["type"] = json!(["object", "null"]);
            schema
        }
        (FieldType::Tickets, _) => tickets(),
    }
}

fn tickets() -> Value {
    let types = outcome::TICKET_TYPES.map(|(name, certainty)| {
        let guess = if certainty == Certainty::Guess { " (a guess)" } else { "" };
        format!("{name}{guess}")
    });
    let list = json!({
        "type": "array",
        "items": {
            "type": "object",
            "properties": {
                "type": { "type": "string", "description": types.join(", ") },
                "ticket": { "type": "string", "contentEncoding": "base64" },
            },
            "required": ["ticket"],
        },
    });
    let wrapped =
        json!({ "type": "object", "properties": { "tickets": list.clone() }, "required": ["tickets"] });
    let text = json!({ "type": "string", "contentMediaType": "application/json" });
    json!({ "anyOf": [list, wrapped, text, { "type": "null" }] })
}
