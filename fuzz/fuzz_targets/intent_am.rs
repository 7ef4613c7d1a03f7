//! The words of `am start`: whatever they are, they read or err at one of them; what can be said again reads the same, also
//! through the quotes of a shell.
//!
//! Words end at NUL.
#![no_main]

use caisse_android_intent::JavaString;
use caisse_android_intent::am::{Start, quote};
use libfuzzer_sys::fuzz_target;

/// What `sh` makes of a line of words in single quotes, and of `\'` between them.
fn unquoted(line: &str) -> Vec<JavaString> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match character {
            ' ' => words.extend(word.take()),
            '\\' => word.get_or_insert_default().extend(characters.next()),
            '\'' => {
                word.get_or_insert_default().extend(characters.by_ref().take_while(|inside| *inside != '\''))
            }
            other => panic!("{other:?} outside quotes"),
        }
    }
    words.extend(word);
    words.into_iter().map(Into::into).collect()
}

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let words: Vec<JavaString> = text.split('\0').map(Into::into).collect();
    let start = match Start::parse(&words) {
        Ok(start) => start,
        Err(error) => return assert!(error.offset() <= words.len()),
    };
    let Ok(said) = start.words() else { return };
    assert_eq!(Start::parse(&said).as_ref(), Ok(&start));
    assert_eq!(start.words().as_ref(), Ok(&said));
    if let Ok(line) = quote(&said) {
        assert_eq!(unquoted(&line), said);
    }
});
