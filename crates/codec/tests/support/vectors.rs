//! The published vectors.

use serde_json::Value;

/// One line of the file.
pub(crate) struct Vector {
    pub(crate) name: String,
    pub(crate) layer: String,
    pub(crate) direction: String,
    pub(crate) structure: Option<String>,
    pub(crate) offset: Option<usize>,
    pub(crate) semantic: Vec<String>,
    pub(crate) bytes: Vec<u8>,
}

/// All of them, in the order of the file.
pub(crate) fn all() -> Vec<Vector> {
    include_str!("../../../../docs/vectors/vectors-v3.jsonl").lines().map(read).collect()
}

/// The bytes of the vector of this name.
pub(crate) fn bytes(name: &str) -> Vec<u8> {
    all().into_iter().find(|vector| vector.name == name).unwrap_or_else(|| panic!("no vector {name}")).bytes
}

fn read(line: &str) -> Vector {
    let value: Value = serde_json::from_str(line).expect("a line of JSON");
    let text = |key: &str| value[key].as_str().map(str::to_owned);
    let name = text("name").expect("a name");
    let bytes = text("bytes").expect("bytes");
    Vector {
        layer: text("layer").expect("a layer"),
        direction: text("direction").expect("a direction"),
        structure: text("structure"),
        offset: value["offset"].as_u64().map(|offset| offset.try_into().expect("a small number")),
        semantic: value["semantic"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|fault| fault.as_str().expect("text").to_owned())
            .collect(),
        // One character is one byte: the file writes Latin-1.
        bytes: bytes.chars().map(|character| u8::try_from(character).expect(&name)).collect(),
        name,
    }
}
