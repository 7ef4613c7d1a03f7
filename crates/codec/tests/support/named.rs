//! Tests that are named by the lines of a file.

use std::collections::HashSet;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

/// A test of this name, which fails by panicking.
pub(crate) fn named(name: String, test: impl FnOnce() + Send + 'static) -> Trial {
    Trial::test(name, || {
        test();
        Ok(())
    })
}

/// Runs them as the command line asks. No two may have the same name.
pub(crate) fn conclude(tests: impl IntoIterator<Item = Trial>) -> ExitCode {
    let tests: Vec<_> = tests.into_iter().collect();
    let names: HashSet<_> = tests.iter().map(Trial::name).collect();
    assert_eq!(names.len(), tests.len(), "a name stands twice");
    libtest_mimic::run(&Arguments::from_args(), tests).exit_code()
}
