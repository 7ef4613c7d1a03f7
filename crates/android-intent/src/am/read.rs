//! `Intent.parseCommandArgs`, with the options of `ActivityManagerShellCommand`.

use alloc::boxed::Box;

use super::extra::{Fault, component};
use super::fill::fill_in;
use super::words::Words;
use super::{Start, StartOptions, extra, flag_options};
use crate::java::integer::{decode_int, parse_int};
use crate::{
    ACTION_MAIN, CATEGORY_LAUNCHER, ComponentName, Exception, ExceptionClass, Intent, JavaString, UriFlags,
};

impl Start {
    /// Reads the words behind `am start`. Nothing is started.
    ///
    /// # Errors
    ///
    /// What Android throws: `IllegalArgumentException` for options and words that are missing, unknown or wrong, or without
    /// anything to start; `NumberFormatException`; `URISyntaxException` of a URI behind the options. The offset is the
    /// place of the word.
    pub fn parse(words: &[JavaString]) -> Result<Self, Exception> {
        let mut reader = Reader {
            words: Words::new(words),
            intent: Intent::new(),
            selector: None,
            data: None,
            mime_type: None,
            is_intent: false,
            options: StartOptions::default(),
            agent: false,
        };
        while let Some(option) = reader.words.option()? {
            reader.option(&option)?;
        }
        reader.finish()
    }
}

struct Reader<'w> {
    words: Words<'w>,
    intent: Intent,
    selector: Option<Intent>,
    /// Data and type are put when the options end or a selector begins: what was said before a selector goes to it too.
    data: Option<JavaString>,
    mime_type: Option<JavaString>,
    /// Whether there is anything to start.
    is_intent: bool,
    options: StartOptions,
    /// Whether an agent was named.
    agent: bool,
}

impl Reader<'_> {
    /// The intent of which the options speak now.
    fn current(&mut self) -> &mut Intent {
        self.selector.as_mut().unwrap_or(&mut self.intent)
    }

    fn refuse(&self, reason: &'static str, message: &str, word: &JavaString) -> Exception {
        let mut message = JavaString::from(message);
        message.push_units(word.units());
        Exception::new(ExceptionClass::IllegalArgument, self.words.last(), reason, message)
    }

    fn fault(&self, fault: impl Into<Fault>) -> Exception {
        let (class, reason, message) = match fault.into() {
            Fault::Number(error) => (ExceptionClass::NumberFormat, error.reason, error.message),
            Fault::Illegal { reason, message } => (ExceptionClass::IllegalArgument, reason, message),
        };
        Exception::new(class, self.words.last(), reason, message)
    }

    fn option(&mut self, option: &JavaString) -> Result<(), Exception> {
        let name = option.to_utf8().unwrap_or_default();
        if let Some(extra) = extra::named(&name) {
            self.extra(extra)
        } else if let Some(flag) = flag_options::named(&name) {
            self.current().flags |= flag;
            Ok(())
        } else if self.field(&name)? || self.start(&name)? {
            Ok(())
        } else {
            Err(self.refuse("an option that am start does not have", "Unknown option: ", option))
        }
    }

    fn extra(&mut self, option: &extra::ExtraOption) -> Result<(), Exception> {
        let key = self.words.required()?;
        let value = if option.takes_value() { self.words.required()? } else { JavaString::new() };
        let value = (option.read)(&value).map_err(|fault| self.fault(fault))?;
        self.current().extras.insert(key, value);
        self.is_intent |= option.is_intent;
        Ok(())
    }

    /// Options of the intent other than extras and single flags. `false` if it is none.
    fn field(&mut self, name: &str) -> Result<bool, Exception> {
        match name {
            "-a" => self.current().action = Some(self.words.required()?),
            "-d" => self.data = Some(self.words.required()?),
            "-t" => self.mime_type = Some(self.words.required()?),
            "-i" => self.current().identifier = Some(self.words.required()?),
            "-p" => self.current().package = Some(self.words.required()?),
            "-c" => {
                let category = self.words.required()?;
                self.current().categories.insert(category);
            }
            "-n" => {
                let word = self.words.required()?;
                self.current().component = Some(component(&word).map_err(|fault| self.fault(fault))?);
            }
            "-f" => {
                let word = self.words.required()?;
                self.current().flags = decode_int(word.units()).map_err(|error| self.fault(error))?;
                return Ok(true);
            }
            "--selector" => {
                self.put_data();
                self.selector = Some(Intent::new());
                return Ok(true);
            }
            _ => return Ok(false),
        }
        self.is_intent |= self.selector.is_none();
        Ok(true)
    }

    fn put_data(&mut self) {
        let (data, mime_type) = (self.data.clone(), self.mime_type.clone());
        let intent = self.current();
        (intent.data, intent.mime_type) = (data, mime_type);
    }

    /// Options of the command. `false` if it is none.
    fn start(&mut self, name: &str) -> Result<bool, Exception> {
        match name {
            "-W" => self.options.wait = true,
            "-S" => self.options.stop = true,
            "-D" => self.options.start_flags |= StartOptions::DEBUG,
            "-N" => self.options.start_flags |= StartOptions::NATIVE_DEBUGGING,
            "--track-allocation" => self.options.start_flags |= StartOptions::TRACK_ALLOCATION,
            "-R" => self.options.repeat = self.int()?,
            "--user" => self.options.user = self.user()?,
            "-P" | "--start-profiler" | "--receiver-permission" => {
                self.words.required()?;
            }
            "--sampling"
            | "--display"
            | "--task-display-area-feature-id"
            | "--windowingMode"
            | "--activityType"
            | "--task" => {
                self.int()?;
            }
            // A second agent is refused like an unknown option.
            "--attach-agent" | "--attach-agent-bind" if !self.agent => {
                self.words.required()?;
                self.agent = true;
            }
            "--streaming"
            | "--task-overlay"
            | "--lock-task"
            | "--allow-background-activity-starts"
            | "--async"
            | "--splashscreen-show-icon"
            | "--dismiss-keyguard-if-insecure"
            | "--dismiss-keyguard" => {}
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn int(&mut self) -> Result<i32, Exception> {
        let word = self.words.required()?;
        parse_int(word.units()).map_err(|error| self.fault(error))
    }

    fn user(&mut self) -> Result<i32, Exception> {
        let word = self.words.required()?;
        if word == "all" {
            return Ok(StartOptions::ALL_USERS);
        }
        if word == "current" || word == "cur" {
            return Ok(StartOptions::CURRENT_USER);
        }
        let wrong = |_| {
            self.refuse("expected a user: all, current, cur or a whole number", "Bad user number: ", &word)
        };
        parse_int(word.units()).map_err(wrong)
    }

    fn finish(mut self) -> Result<Start, Exception> {
        self.put_data();
        let mut intent = self.intent;
        if let Some(selector) = self.selector {
            if intent.package.is_some() {
                return Err(Exception::new(
                    ExceptionClass::IllegalArgument,
                    self.words.last(),
                    "a package and a selector exclude each other",
                    "Can't set selector when package name is already set",
                ));
            }
            intent.selector = Some(Box::new(selector));
        }
        let launcher = || Intent::new().with_action(ACTION_MAIN).with_category(CATEGORY_LAUNCHER);
        let base = match self.words.argument() {
            None => intent.selector.is_some().then(launcher),
            Some(word) => Some(positional(&word, launcher()).map_err(|exception| {
                let (class, reason) = (exception.class(), exception.reason());
                Exception::new(class, self.words.last(), reason, exception.message())
            })?),
        };
        if base.is_none() && !self.is_intent {
            return Err(Exception::new(
                ExceptionClass::IllegalArgument,
                self.words.last(),
                "expected anything to start: an action, data, a type, a category, a component, a package or a word",
                "No intent supplied",
            ));
        }
        if let Some(base) = base {
            fill_in(&mut intent, base);
        }
        Ok(Start { intent, options: self.options })
    }
}

/// What the word behind the options says: a URI if it has a colon, else a component if it has a slash, else a package. A wrong
/// component is none.
fn positional(word: &JavaString, mut launcher: Intent) -> Result<Intent, Exception> {
    let has = |byte: u8| word.units().contains(&u16::from(byte));
    if has(b':') {
        let flags = UriFlags::INTENT_SCHEME | UriFlags::ANDROID_APP_SCHEME | UriFlags::ALLOW_UNSAFE;
        return Intent::parse_uri(word, flags);
    }
    if has(b'/') {
        launcher.component = ComponentName::unflatten(word);
    } else {
        launcher.package = Some(word.clone());
    }
    Ok(launcher)
}
