//! The suite for stores, on the two stores of this crate.

use std::path::Path;

use caisse_journal::{Journal, JournalError, MemoryJournal, SqliteJournal, Store, conformance};

#[test]
fn memory() {
    conformance::check(|| {
        let store = MemoryJournal::new();
        move || Box::new(store.clone()) as Box<dyn Journal>
    });
}

#[test]
fn stores() {
    conformance::check_store(|| {
        let store = MemoryJournal::new();
        move || Box::new(store.clone()) as Box<dyn Store>
    });
    conformance::check_store(|| {
        let folder = tempfile::tempdir().unwrap();
        move || Box::new(SqliteJournal::open(folder.path().join("journal.db")).unwrap()) as Box<dyn Store>
    });
}

#[test]
fn sqlite() {
    conformance::check(|| {
        let folder = tempfile::tempdir().unwrap();
        move || Box::new(SqliteJournal::open(folder.path().join("journal.db")).unwrap()) as Box<dyn Journal>
    });
}

fn open_in(folder: &Path) -> Result<Box<dyn Journal>, JournalError> {
    Ok(Box::new(SqliteJournal::open(folder.join("journal.db"))?))
}

/// In memory where the system has such a place: thousands of journals are opened, and none has to survive.
fn fast_folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}

#[test]
fn torn_writes_of_sqlite() {
    let folder = fast_folder();
    let (opened, refused) = conformance::check_torn_writes(folder.path(), open_in).unwrap();
    println!("{opened} folders, {refused} of them refused");
    assert!(opened > 500, "{opened}");
    // A log that is torn is no loss: what it would add was not acknowledged, or stands in the file already.
    assert!(refused * 2 < opened, "{refused} of {opened}");
}

/// Opens the torn copy of a journal with the mark of the journal itself, and gives the file the time that the mark contains: as
/// a disk leaves it that wrote the mark before the file.
#[cfg(unix)]
fn open_sealed(folder: &Path) -> Result<Box<dyn Journal>, JournalError> {
    let marks = folder.join("journal.db.locks");
    let mark = std::fs::read(folder.with_file_name("live").join("journal.db.locks/last-event"));
    if let (true, Ok(mark)) = (folder.ends_with("torn"), mark) {
        std::fs::create_dir_all(&marks).unwrap();
        std::fs::write(marks.join("last-event"), &mark).unwrap();
        let written = i128::from_be_bytes(mark[56..72].try_into().unwrap());
        let written = std::time::UNIX_EPOCH + std::time::Duration::from_nanos(written.try_into().unwrap());
        std::fs::File::options()
            .write(true)
            .open(folder.join("journal.db"))
            .unwrap()
            .set_modified(written)
            .unwrap();
    }
    let opened = match open_in(folder) {
        // What the mark knows was not acknowledged.
        Err(JournalError::Older { .. }) => {
            std::fs::remove_dir_all(&marks).unwrap();
            open_in(folder)?
        }
        opened => opened?,
    };
    opened.list()?;
    Ok(opened)
}

#[cfg(unix)]
#[test]
fn torn_writes_of_a_sealed_journal() {
    let folder = fast_folder();
    let (opened, refused) = conformance::check_torn_writes(folder.path(), open_sealed).unwrap();
    println!("{opened} folders, {refused} of them refused");
    assert!(opened > 500 && refused * 2 < opened, "{refused} of {opened}");
}

/// Some programs begin anew when their file is damaged.
#[test]
#[should_panic(expected = "neither what stood there before")]
fn a_store_that_begins_anew_is_caught() {
    let folder = fast_folder();
    let begins_anew = |folder: &Path| {
        let log = std::fs::metadata(folder.join("journal.db-wal")).map_or(0, |log| log.len());
        // The log has a header of 32 bytes, and frames of a page of 4096 bytes with a header of 24.
        if log > 0 && log % (4096 + 24) != 32 {
            std::fs::remove_dir_all(folder).unwrap();
            std::fs::create_dir(folder).unwrap();
        }
        open_in(folder)
    };
    let _ = conformance::check_torn_writes(folder.path(), begins_anew);
}

/// Written when the next one comes, or the program ends.
#[test]
#[should_panic(expected = "is not there after a power cut")]
fn a_store_that_acknowledges_early_is_caught() {
    let folder = tempfile::tempdir().unwrap();
    let early = |folder: &Path| -> Result<Box<dyn Journal>, JournalError> {
        let (file, elsewhere) = (folder.join("copy"), folder.with_extension("elsewhere"));
        let _ = std::fs::remove_dir_all(&elsewhere);
        std::fs::create_dir(&elsewhere).unwrap();
        if file.exists() {
            std::fs::copy(file, elsewhere.join("journal.db")).unwrap();
        } else {
            std::fs::write(file, []).unwrap();
        }
        open_in(&elsewhere)
    };
    let _ = conformance::check_torn_writes(folder.path(), early);
}
