//! Numbers and hashes as Java 17 has them: a list of cases, and Java itself as the judge of any number of further ones. That
//! needs a `java` of version 11 to 18:
//!
//! ```text
//! cargo test -p caisse-android-intent --test java -- --ignored
//! JAVA_CASES=10000000 cargo test --release -p caisse-android-intent --test java -- --ignored
//! ```

use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use caisse_android_intent::{ExceptionClass, Intent, JavaString, UriFlags, Value};

fn units(hexadecimal: &str) -> Vec<u16> {
    let digits = hexadecimal.as_bytes().chunks(4).map(|digits| std::str::from_utf8(digits).unwrap());
    digits.map(|digits| u16::from_str_radix(digits, 16).unwrap()).collect()
}

/// The text with what the URI takes for itself escaped.
fn escaped(text: &[u16]) -> Vec<u16> {
    let special = |unit: &u16| "%;#=".encode_utf16().any(|special| special == *unit);
    text.iter()
        .flat_map(
            |unit| {
                if special(unit) { format!("%{unit:02X}").encode_utf16().collect() } else { vec![*unit] }
            },
        )
        .collect()
}

fn read(item: &str, text: &[u16]) -> Result<Intent, ExceptionClass> {
    let mut uri: Vec<u16> = format!("intent:#Intent;{item}=").encode_utf16().collect();
    uri.extend(escaped(text));
    uri.extend(";end".encode_utf16());
    let flags = UriFlags::INTENT_SCHEME | UriFlags::ALLOW_UNSAFE;
    Intent::parse_uri(uri, flags).map_err(|error| error.class())
}

/// What we make of a text of this kind, in the words of the oracle.
fn ours(kind: &str, text: &[u16]) -> String {
    let read = match kind {
        "h" => return JavaString::from(text).hash_code().to_string(),
        "x" => read("launchFlags", text),
        kind => read(&format!("{}.k", kind.to_lowercase()), text),
    };
    match read {
        Err(class) => {
            assert_eq!(class, ExceptionClass::NumberFormat);
            "X".to_owned()
        }
        Ok(intent) if kind == "x" => intent.flags().to_string(),
        Ok(intent) => match intent.extra("k").unwrap() {
            Value::Double(value) => format!("{:x}", value.to_bits()),
            Value::Float(value) => format!("{:x}", value.to_bits()),
            value => value.to_java_string().unwrap().to_string(),
        },
    }
}

/// What we print for the number with these bits.
fn printed(kind: &str, bits: &str) -> JavaString {
    let bits = u64::from_str_radix(bits, 16).unwrap();
    let value = match kind {
        "D" => Value::Double(f64::from_bits(bits)),
        _ => Value::Float(f32::from_bits(u32::try_from(bits).unwrap())),
    };
    value.to_java_string().unwrap()
}

fn compare(line: &str) {
    let [kind, value, text] = line.split(' ').collect::<Vec<_>>().try_into().unwrap();
    let text = units(text);
    let shown = String::from_utf16_lossy(&text);
    assert_eq!(ours(kind, &text), value, "{kind} {shown:?}");
    if matches!(kind, "D" | "F") {
        assert_eq!(printed(kind, value), *shown, "{kind} {value}");
    }
}

#[test]
fn the_listed_cases() {
    let cases = include_str!("oracle/java-numbers.txt");
    cases.lines().for_each(compare);
    let count = |kind: char| cases.lines().filter(|line| line.starts_with(kind)).count();
    for kind in "DFdfilsbxh".chars() {
        assert!(count(kind) >= 200, "{kind}");
    }
}

#[test]
#[ignore = "needs Java"]
fn further_cases() {
    let cases = env::var("JAVA_CASES").unwrap_or_else(|_| "200000".to_owned());
    let seed = env::var("JAVA_SEED").unwrap_or_else(|_| "1".to_owned());
    let mut java = Command::new("java")
        .args([concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracle/JavaNumbers.java"), &seed, &cases])
        .stdout(Stdio::piped())
        .spawn()
        .expect("java");
    let mut compared = 0_u64;
    for line in BufReader::new(java.stdout.take().unwrap()).lines() {
        compare(&line.unwrap());
        compared += 1;
    }
    assert!(java.wait().unwrap().success());
    assert_eq!(compared.to_string(), cases);
}
