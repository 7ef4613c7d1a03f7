//! The test of the test: what the recording understands, what it refuses to guess, and what the model of the disk allows.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::disk::{Disk, Image, SECTOR, Taken, Time, effects};
use crate::operation::{Kind, NameChange, Operation, ROOT, Recording};
use crate::system::System;

/// Writes the text of a trace: strings and paths become hexadecimal. `@` is the recorded folder.
fn trace(text: &str, root: &str) -> Vec<u8> {
    let (mut trace, mut end, text) = (String::new(), None, text.replace('@', root));
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match (character, end) {
            (character, Some(last)) if character == last => end = None,
            (character, Some(_)) => {
                write!(trace, "\\x{:02x}", u32::from(character)).unwrap();
                continue;
            }
            ('"', None) => end = Some('"'),
            ('<', None) if characters.peek() == Some(&'/') => end = Some('>'),
            _ => {}
        }
        trace.push(character);
    }
    trace.into_bytes()
}

/// Follows calls in a folder that contains the file `old`.
fn follow(text: &str) -> Result<Vec<Operation>, String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("old"), "old").unwrap();
    let mut system = System::of_folder(folder.path());
    let root = folder.path().canonicalize().unwrap().into_os_string().into_string().unwrap();
    system.follow(&trace(text, &root))?;
    Ok(system.recording.operations)
}

#[test]
fn calls_become_operations() {
    let operations = follow(
        "7 openat(AT_FDCWD<@>, \"new\", O_RDWR|O_CREAT|O_CLOEXEC, 0644) = 3<@/new>\n\
         7 write(3<@/new>, \"ab\", 2) = 2\n\
         7 write(3<@/new>, \"cd\", 2) = 1\n\
         7 pwrite64(3<@/new>, \"ef\", 2, 9) = -1 ENOSPC (No space left on device)\n\
         7 fsync(3<@/new> <unfinished ...>\n\
         8 openat(AT_FDCWD<@>, \"@/old\", O_WRONLY|O_TRUNC) = 3<@/old>\n\
         7 <... fsync resumed>) = 0\n\
         7 ftruncate(3<@/new>, 1) = 0\n\
         8 unlink(\"@/old\") = 0\n\
         8 close(3<@/old>(deleted)) = 0\n\
         7 rename(\"@/new\", \"@/newer\") = 0\n\
         7 pwrite64(3<@/newer>, \"g\", 1, 0) = ?\n",
    );
    let (name, node) = ("new".to_owned(), 2);
    let write = |offset, bytes: &[u8]| Operation::Write { file: 2, offset, bytes: bytes.to_vec() };
    let name_change = |change| Operation::Name { folder: ROOT, change };
    let expected = vec![
        name_change(NameChange::Put { name: name.clone(), node }),
        write(0, b"ab"),
        write(2, b"c"),
        Operation::SyncBegins { node, sync: 1 },
        Operation::SetLength { file: 1, length: 0 },
        Operation::SyncEnds { node, sync: 1 },
        Operation::SetLength { file: 2, length: 1 },
        name_change(NameChange::Remove { name: "old".to_owned() }),
        name_change(NameChange::Move { from: name, to: "newer".to_owned(), node }),
    ];
    assert_eq!(operations, Ok(expected));
}

#[test]
fn what_is_not_known_is_an_error() {
    let open = "7 openat(AT_FDCWD<@>, \"@/old\", O_RDWR|O_CLOEXEC) = 3<@/old>\n";
    let cases = [
        "7 copy_file_range(3<@/old>, NULL, 4</tmp/other>, NULL, 5, 0) = 5",
        "7 link(\"@/old\", \"@/other\") = 0",
        "7 rename(\"@/old\", \"/tmp/other\") = 0",
        "7 mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_SHARED, 3<@/old>, 0) = 0x7f0000000000",
        "7 fallocate(3<@/old>, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 0, 4096) = 0",
        "7 write(4<@/old>, \"ab\", 2) = 2",
        "7 write(3<@/old>, \"ab\"..., 5) = 5",
        "7 openat(AT_FDCWD<@>, \"@/old\", O_RDWR|O_DSYNC) = 4<@/old>",
        "7 openat(AT_FDCWD<@>, \"@/other\", O_RDWR) = 4<@/other>",
        "7 io_uring_setup(8, {flags=0}) = 5",
        "7 sync() = 0",
        "this is no trace",
    ];
    for case in cases {
        let error = follow(&format!("{open}{case}\n")).unwrap_err();
        assert!(error.starts_with("line 2: "), "{case}: {error}");
    }
    // The same calls on other files are of no interest.
    for case in
        ["copy_file_range(5</tmp/a>, NULL, 4</tmp/b>, NULL, 5, 0) = 5", "link(\"/tmp/a\", \"/tmp/b\") = 0"]
    {
        assert_eq!(follow(&format!("7 {case}\n")), Ok(Vec::new()), "{case}");
    }
}

/// A recording in which the file `file` has this content.
fn recording(content: &[u8], operations: Vec<Operation>) -> Recording {
    Recording {
        kinds: vec![Kind::Folder, Kind::File, Kind::File],
        names: BTreeMap::from([(ROOT, BTreeMap::from([("file".to_owned(), 1)]))]),
        contents: BTreeMap::from([(1, content.to_vec())]),
        operations,
    }
}

/// The files that a power cut can leave after the last operation, with each combination of these.
fn all_images(recording: &Recording, how: &[Taken]) -> BTreeSet<Vec<(String, Vec<u8>)>> {
    let effects = effects(recording);
    let mut disk = Disk::new(recording, &effects);
    (0..recording.operations.len()).for_each(|number| disk.follow(number));
    let count = how.len().pow(u32::try_from(disk.pending.len()).unwrap());
    let choice = |mut number: usize| {
        let mut taken = Vec::new();
        for _ in 0..disk.pending.len() {
            taken.push(how[number % how.len()]);
            number /= how.len();
        }
        taken
    };
    let files = |image: Image| image.files.into_iter().map(|(path, content, _)| (path, content)).collect();
    (0..count).map(|number| files(disk.image(&choice(number), Time::Other))).collect()
}

fn contents(recording: &Recording, how: &[Taken]) -> BTreeSet<Vec<u8>> {
    all_images(recording, how).into_iter().map(|files| files[0].1.clone()).collect()
}

const WHOLE: [Taken; 2] = [Taken::Nothing, Taken::All];

#[test]
fn what_is_not_synced_may_be_there_or_not() {
    let write = |byte: u8| Operation::Write { file: 1, offset: 0, bytes: vec![byte; SECTOR] };
    let sync = |sync| [Operation::SyncBegins { node: 1, sync }, Operation::SyncEnds { node: 1, sync }];
    let of = |operations| contents(&recording(&[0; SECTOR], operations), &WHOLE);
    let sectors = |bytes: &[u8]| bytes.iter().map(|byte| vec![*byte; SECTOR]).collect::<BTreeSet<_>>();
    assert_eq!(of(vec![write(1)]), sectors(&[0, 1]));
    assert_eq!(of(vec![write(1), write(2)]), sectors(&[0, 1, 2]));
    let [begins, ends] = sync(1);
    assert_eq!(of(vec![write(1), begins.clone(), ends.clone()]), sectors(&[1]));
    assert_eq!(of(vec![write(1), begins.clone(), ends.clone(), write(2)]), sectors(&[1, 2]));
    // A sync covers what was written before it began, and nothing before it has ended.
    assert_eq!(of(vec![write(1), begins.clone(), write(2), ends.clone()]), sectors(&[1, 2]));
    assert_eq!(of(vec![write(1), begins.clone()]), sectors(&[0, 1]));
    let other = [Operation::SyncBegins { node: 2, sync: 1 }, Operation::SyncEnds { node: 2, sync: 1 }];
    assert_eq!(of([vec![write(1)], other.to_vec()].concat()), sectors(&[0, 1]));
}

#[test]
fn sectors_and_lengths_reach_the_disk_on_their_own() {
    let bytes = [[1; SECTOR], [2; SECTOR]].concat();
    let operations = vec![Operation::Write { file: 1, offset: SECTOR, bytes: bytes.clone() }];
    let old = vec![9; SECTOR + 3];
    let how =
        [Taken::Nothing, Taken::All, Taken::FirstHalf, Taken::LastHalf, Taken::Length, Taken::Sectors(0b10)];
    let with = |first: u8, second: u8| [vec![9; SECTOR], vec![first; SECTOR], vec![second; SECTOR]].concat();
    let mut last_only = [&old[..], &[0; 2 * SECTOR - 3]].concat();
    let zeros = last_only.clone();
    last_only[2 * SECTOR..].fill(2);
    let expected = BTreeSet::from([old.clone(), with(1, 2), with(1, 0), last_only, zeros]);
    assert_eq!(contents(&recording(&old, operations), &how), expected);

    // A sector holds what all writes before it have left in it.
    let small = |offset, byte| Operation::Write { file: 1, offset, bytes: vec![byte] };
    let sectors = contents(&recording(&[0; 2], vec![small(0, 1), small(1, 2)]), &WHOLE);
    assert_eq!(sectors, BTreeSet::from([vec![0, 0], vec![1, 0], vec![1, 2]]));

    // A file that is cut and written again: neither, one, or both.
    let cut = Operation::SetLength { file: 1, length: 0 };
    let lengths = contents(&recording(&[9; 4], vec![cut, small(0, 1)]), &WHOLE);
    assert_eq!(lengths, BTreeSet::from([vec![9; 4], vec![], vec![1, 9, 9, 9], vec![1]]));
}

#[test]
fn a_name_is_durable_when_its_folder_is_synced() {
    let put = Operation::Name { folder: ROOT, change: NameChange::Put { name: "new".to_owned(), node: 2 } };
    let write = Operation::Write { file: 2, offset: 0, bytes: vec![1] };
    let sync = |node, sync| [Operation::SyncBegins { node, sync }, Operation::SyncEnds { node, sync }];
    let names = |operations: Vec<Operation>| {
        let images = all_images(&recording(&[], operations), &WHOLE);
        let joined = |files: &Vec<(String, Vec<u8>)>| {
            let names: Vec<_> =
                files.iter().map(|(name, content)| format!("{name}:{}", content.len())).collect();
            names.join(" ")
        };
        images.iter().map(joined).collect::<BTreeSet<_>>()
    };
    let set = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<BTreeSet<_>>();
    let synced_file = [vec![put.clone(), write.clone()], sync(2, 1).to_vec()].concat();
    assert_eq!(names(synced_file.clone()), set(&["file:0", "file:0 new:1"]));
    let synced_folder = [vec![put, write], sync(ROOT, 1).to_vec()].concat();
    assert_eq!(names(synced_folder), set(&["file:0 new:0", "file:0 new:1"]));
    // What was removed may be there again.
    let removed = Operation::Name { folder: ROOT, change: NameChange::Remove { name: "file".to_owned() } };
    assert_eq!(names(vec![removed.clone()]), set(&["", "file:0"]));
    assert_eq!(names([vec![removed], sync(ROOT, 1).to_vec()].concat()), set(&[""]));
    let moved = NameChange::Move { from: "file".to_owned(), to: "other".to_owned(), node: 1 };
    assert_eq!(names(vec![Operation::Name { folder: ROOT, change: moved }]), set(&["file:0", "other:0"]));
}
