//! How Android's shell commands take their words: `BasicShellCommandHandler`.

use alloc::vec::Vec;

use crate::{Exception, ExceptionClass, JavaString};

const MINUS: u16 = b'-' as u16;

/// The words, and how far they are read.
pub(super) struct Words<'w> {
    words: &'w [JavaString],
    next: usize,
    /// What was glued to an option of one letter.
    glued: Option<Vec<u16>>,
}

impl<'w> Words<'w> {
    pub(super) const fn new(words: &'w [JavaString]) -> Self {
        Self { words, next: 0, glued: None }
    }

    /// The place of the word read last.
    pub(super) const fn last(&self) -> usize {
        self.next.saturating_sub(1)
    }

    /// The next option, if the next word is one; `--` ends them.
    pub(super) fn option(&mut self) -> Result<Option<JavaString>, Exception> {
        if self.glued.is_some() {
            return Err(self.refuse("text glued to an option that takes none", "No argument expected after"));
        }
        let Some(word) = self.words.get(self.next) else { return Ok(None) };
        let units = word.units();
        if units.first() != Some(&MINUS) {
            return Ok(None);
        }
        self.next = self.next.saturating_add(1);
        if units == [MINUS, MINUS] {
            return Ok(None);
        }
        match units {
            [minus, letter, glued @ ..] if *letter != MINUS && !glued.is_empty() => {
                self.glued = Some(glued.into());
                Ok(Some([*minus, *letter].as_slice().into()))
            }
            _ => Ok(Some(word.clone())),
        }
    }

    /// The next word, or what is glued to the option.
    pub(super) fn argument(&mut self) -> Option<JavaString> {
        if let Some(glued) = self.glued.take() {
            return Some(glued.into());
        }
        let word = self.words.get(self.next)?;
        self.next = self.next.saturating_add(1);
        Some(word.clone())
    }

    /// The same, and there must be one.
    pub(super) fn required(&mut self) -> Result<JavaString, Exception> {
        self.argument().ok_or_else(|| self.refuse("expected one word more", "Argument expected after"))
    }

    fn refuse(&self, reason: &'static str, message: &str) -> Exception {
        let mut message = JavaString::from(message);
        message.push_str(" \"");
        message.push_units(self.words.get(self.last()).map(JavaString::units).unwrap_or_default());
        message.push_str("\"");
        Exception::new(ExceptionClass::IllegalArgument, self.last(), reason, message)
    }
}
