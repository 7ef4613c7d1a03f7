//! The forms in which a request may come.

use std::fmt;

use caisse_android_intent::am::Start;
use caisse_android_intent::{Exception, Intent, JavaString, UriFlags, json};

/// A request in one of Android's text forms. A typed [`Intent`] goes to the app as it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Form<'a> {
    /// An `intent:` URI.
    Uri(&'a str),
    /// The words behind `am start`. The real command adds `FLAG_ACTIVITY_NEW_TASK` and cannot read a result: this form
    /// stands for the same intent launched by a till.
    Am(&'a [&'a str]),
    /// JSON with the types kept.
    Json(&'a str),
}

/// A text that is no intent; Android's exception, or what JSON says. No message shows more of the text than Android's does.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAnIntent {
    /// A URI or words.
    #[error("{0}")]
    Exception(Exception),
    /// JSON.
    #[error("{0}")]
    Json(String),
}

impl Form<'_> {
    /// The intent that it says.
    ///
    /// # Errors
    /// When Android would not read it.
    pub fn read(self) -> Result<Intent, NotAnIntent> {
        match self {
            Self::Uri(text) => {
                Intent::parse_uri(text, UriFlags::INTENT_SCHEME).map_err(NotAnIntent::Exception)
            }
            Self::Am(words) => {
                let words: Vec<JavaString> = words.iter().map(|word| (*word).into()).collect();
                Start::parse(&words).map(|start| start.intent).map_err(NotAnIntent::Exception)
            }
            Self::Json(text) => json::to_intent(text).map_err(|error| NotAnIntent::Json(error.to_string())),
        }
    }
}

impl fmt::Debug for Form<'_> {
    /// Without the text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Uri(_) => "Uri",
            Self::Am(_) => "Am",
            Self::Json(_) => "Json",
        })
    }
}
