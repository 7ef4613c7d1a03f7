//! The effects of system calls on the files of the recorded folder. A call on one of these files that is not known here is an
//! error.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::path::Path;
use std::rc::Rc;

use crate::operation::{Kind, Name, NameChange, Names, Node, Operation, ROOT, Recording, kind_of};
use crate::recording::{BEGINS, IS_DURABLE};
use crate::trace::{Call, Line, bytes, descriptor, modified, parse};

/// An open file, which several descriptors may share.
#[derive(Debug)]
struct OpenFile {
    node: Node,
    offset: Cell<usize>,
    appends: bool,
}

/// Follows the system calls of all processes.
#[derive(Debug)]
pub struct System {
    /// The path of the folder, and the same in the form of `strace`.
    root: String,
    root_in_trace: String,
    pub recording: Recording,
    /// The names as they are now.
    names: Names,
    lengths: HashMap<Node, usize>,
    /// The process of each thread.
    processes: HashMap<u32, u32>,
    open: HashMap<(u32, i64), Rc<OpenFile>>,
    /// The syncs that have begun, by the thread that waits.
    syncs: RefCell<HashMap<u32, usize>>,
    sync_count: usize,
}

/// Calls that change nothing that the model knows: they change no file, or owners, permissions and locks alone.
const HARMLESS: &[&str] = &[
    "access",
    "chdir",
    "chmod",
    "chown",
    "execve",
    "exit",
    "exit_group",
    "faccessat",
    "faccessat2",
    "fadvise64",
    "fchmod",
    "fchown",
    "flock",
    "fstatfs",
    "getcwd",
    "getdents64",
    "ioctl",
    "poll",
    "pread64",
    "preadv",
    "readlink",
    "readlinkat",
    "statfs",
    "sync_file_range",
    "wait4",
];

/// Calls that could change files without naming them.
const UNKNOWN_ANYWAY: &[&str] =
    &["sync", "io_uring_setup", "io_setup", "open_by_handle_at", "mount", "umount2", "chroot", "pivot_root"];

impl System {
    /// A folder as it is before the processes start.
    pub fn of_folder(folder: &Path) -> Self {
        let root = folder.canonicalize().unwrap().into_os_string().into_string().unwrap();
        let recording = Recording::of_folder(folder);
        let mut root_in_trace = String::new();
        for byte in root.bytes() {
            write!(root_in_trace, "\\x{byte:02x}").unwrap();
        }
        let names = recording.names.clone();
        let lengths = recording.contents.iter().map(|(node, content)| (*node, content.len())).collect();
        Self {
            root,
            root_in_trace,
            recording,
            names,
            lengths,
            processes: HashMap::new(),
            open: HashMap::new(),
            syncs: RefCell::default(),
            sync_count: 0,
        }
    }

    /// Follows one more output of `strace`.
    pub fn follow(&mut self, trace: &[u8]) -> Result<(), String> {
        let lines = parse(trace)?;
        self.open.clear();
        self.processes.clear();
        self.syncs.borrow_mut().clear();
        // A new thread may call before the call that made it returns.
        for line in &lines {
            if let Line::Returns { call, .. } = line
                && is_new_thread(call)
                && let Some(thread) = call.returned()
            {
                self.processes.insert(u32::try_from(thread).unwrap(), call.thread);
            }
        }
        for line in lines {
            match line {
                Line::Begins(call) => self.begins(&call)?,
                Line::Returns { call, is_interrupted } => {
                    if !is_interrupted {
                        self.begins(&call)?;
                    }
                    self.returns(&call)?;
                }
            }
        }
        Ok(())
    }

    /// Forgets all operations from this one on.
    pub fn truncate(&mut self, operation: usize) {
        self.recording.operations.truncate(operation);
        let (names, contents) = self.recording.after_all();
        self.names = names;
        self.lengths = contents.iter().map(|(node, content)| (*node, content.len())).collect();
        // The folders that were not made.
        for node in 0..self.recording.kinds.len() {
            if self.recording.kinds[node] == Kind::Folder {
                self.names.entry(node).or_default();
            }
        }
    }

    fn process(&self, thread: u32) -> u32 {
        match self.processes.get(&thread) {
            Some(parent) => self.process(*parent),
            None => thread,
        }
    }

    /// Follows the begin of a call: the begin of a sync limits what it covers, and an announcement counts from its begin.
    fn begins(&mut self, call: &Call) -> Result<(), String> {
        match call.name.as_str() {
            "fsync" | "fdatasync" => {
                if let Some(open) = self.descriptor(call, 0)? {
                    self.sync_count += 1;
                    self.syncs.borrow_mut().insert(call.thread, self.sync_count);
                    self.add(Operation::SyncBegins { node: open.node, sync: self.sync_count });
                }
            }
            "write" if !self.is_mentioned(call) => {
                let text = bytes(call.argument(1)).and_then(|bytes| String::from_utf8(bytes).ok());
                let number = |text: &str| text.trim().parse().map_err(|_| call.wrong("a number is expected"));
                let text = text.unwrap_or_default();
                if let Some(action) = text.strip_prefix(BEGINS) {
                    self.add(Operation::WriteBegins { action: number(action)? });
                } else if let Some(action) = text.strip_prefix(IS_DURABLE) {
                    self.add(Operation::IsDurable { action: number(action)? });
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn returns(&mut self, call: &Call) -> Result<(), String> {
        if UNKNOWN_ANYWAY.contains(&call.name.as_str()) {
            return Err(call.wrong("this call is not modelled"));
        }
        // A call that failed, and one whose process was killed before the system carried it out, has changed nothing.
        let Some(returned) = call.returned() else { return Ok(()) };
        let count = usize::try_from(returned).unwrap_or(usize::MAX);
        match call.name.as_str() {
            "clone" | "clone3" | "fork" | "vfork" => self.starts(call, returned),
            "open" => self.opens(call, None, 0, 1),
            "openat" => self.opens(call, Some(0), 1, 2),
            "close" => {
                let process = self.process(call.thread);
                let (number, _) = descriptor(call.argument(0)).ok_or_else(|| call.wrong("which file?"))?;
                self.open.remove(&(process, number));
                Ok(())
            }
            "dup" => self.duplicates(call, returned),
            "dup2" | "dup3" => self.duplicates(call, returned),
            "fcntl" if call.argument(1).starts_with("F_DUPFD") => self.duplicates(call, returned),
            "fcntl" => self.descriptor(call, 0).map(drop),
            "lseek" => {
                if let Some(open) = self.descriptor(call, 0)? {
                    open.offset.set(count);
                }
                Ok(())
            }
            "read" | "readv" => {
                if let Some(open) = self.descriptor(call, 0)? {
                    open.offset.set(open.offset.get() + count);
                }
                Ok(())
            }
            "write" => {
                let Some(open) = self.descriptor(call, 0)? else { return Ok(()) };
                let offset = if open.appends { self.lengths[&open.node] } else { open.offset.get() };
                open.offset.set(offset + count);
                self.writes(call, open.node, offset, call.text(1)?, count)
            }
            "pwrite64" => {
                let Some(open) = self.descriptor(call, 0)? else { return Ok(()) };
                let offset = usize::try_from(call.number(3)?).unwrap();
                self.writes(call, open.node, offset, call.text(1)?, count)
            }
            "ftruncate" => {
                let Some(open) = self.descriptor(call, 0)? else { return Ok(()) };
                self.sets_length(open.node, usize::try_from(call.number(1)?).unwrap());
                Ok(())
            }
            "fallocate" => {
                let Some(open) = self.descriptor(call, 0)? else { return Ok(()) };
                let end = usize::try_from(call.number(2)? + call.number(3)?).unwrap();
                match call.argument(1) {
                    "0" if end > self.lengths[&open.node] => self.sets_length(open.node, end),
                    "0" | "FALLOC_FL_KEEP_SIZE" => {}
                    _ => return Err(call.wrong("this way of allocating is not modelled")),
                }
                Ok(())
            }
            "fsync" | "fdatasync" => {
                let sync = self.syncs.borrow_mut().remove(&call.thread);
                if let (Some(open), Some(sync)) = (self.descriptor(call, 0)?, sync) {
                    self.add(Operation::SyncEnds { node: open.node, sync });
                }
                Ok(())
            }
            "mmap" => {
                let Some(open) = self.descriptor(call, 4)? else { return Ok(()) };
                let is_read = !call.argument(2).contains("WRITE") || call.argument(3).contains("MAP_PRIVATE");
                if is_read || self.recording.kinds[open.node] == Kind::SharedMemory {
                    return Ok(());
                }
                Err(call.wrong("writes to this mapping would not be seen"))
            }
            "mkdir" => self.makes_folder(call, None, 0),
            "mkdirat" => self.makes_folder(call, Some(0), 1),
            "unlink" | "rmdir" => self.removes(call, None, 0),
            "unlinkat" => self.removes(call, Some(0), 1),
            "rename" => self.renames(call, (None, 0), (None, 1)),
            "renameat" | "renameat2" => self.renames(call, (Some(0), 1), (Some(2), 3)),
            "stat" | "lstat" | "newfstatat" | "fstat" | "statx" => self.shows_time(call),
            name if HARMLESS.contains(&name) || !self.is_mentioned(call) => Ok(()),
            _ => Err(call.wrong("this call on a file of the folder is not modelled")),
        }
    }

    fn add(&mut self, operation: Operation) {
        self.recording.operations.push(operation);
    }

    /// Whether an argument names the folder or a file in it.
    fn is_mentioned(&self, call: &Call) -> bool {
        call.arguments.iter().any(|argument| argument.contains(&self.root_in_trace))
    }

    /// The open file of a descriptor; nothing for a file elsewhere.
    fn descriptor(&self, call: &Call, argument: usize) -> Result<Option<Rc<OpenFile>>, String> {
        let Some((number, path)) = descriptor(call.argument(argument)) else {
            return if self.is_mentioned(call) { Err(call.wrong("which file?")) } else { Ok(None) };
        };
        let is_here = path.is_some_and(|path| self.is_in_root(&path));
        let open = self.open.get(&(self.process(call.thread), number)).cloned();
        match (open, is_here) {
            (Some(open), true) => Ok(Some(open)),
            (None, false) => Ok(None),
            _ => Err(call.wrong("the descriptor is not the one that was opened")),
        }
    }

    fn is_in_root(&self, path: &[u8]) -> bool {
        let rest = path.strip_prefix(self.root.as_bytes());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
    }

    /// The folder and the name of a path within the recorded folder; nothing for a path elsewhere. The recorded folder has no
    /// name.
    fn place(&self, call: &Call, at: Option<usize>, path: usize) -> Result<Option<(Node, Name)>, String> {
        let mut path = call.text(path)?;
        if !path.starts_with(b"/") {
            let folder = match at {
                Some(at) => descriptor(call.argument(at)).and_then(|(_, path)| path),
                // The current folder of a process is not followed.
                None => Some(b"/somewhere".to_vec()),
            };
            let mut whole = folder.ok_or_else(|| call.wrong("relative to which folder?"))?;
            if !path.is_empty() {
                whole.push(b'/');
                whole.append(&mut path);
            }
            path = whole;
        }
        if !self.is_in_root(&path) {
            return Ok(None);
        }
        let path = String::from_utf8(path).map_err(|_| call.wrong("the path is no text"))?;
        let parts: Vec<&str> = path[self.root.len()..].split('/').filter(|part| !part.is_empty()).collect();
        let Some((name, folders)) = parts.split_last() else { return Ok(Some((ROOT, Name::new()))) };
        let mut folder = ROOT;
        for part in folders {
            let inner = self.names[&folder].get(*part);
            folder = *inner.ok_or_else(|| call.wrong("a folder that was not made"))?;
        }
        Ok(Some((folder, (*name).to_owned())))
    }

    fn starts(&mut self, call: &Call, child: u64) -> Result<(), String> {
        let child = u32::try_from(child).map_err(|_| call.wrong("no process"))?;
        // A new process inherits no open file of the folder: the use of one would be found to be an error.
        if !is_new_thread(call) {
            self.open.retain(|(process, _), _| *process != child);
        }
        Ok(())
    }

    fn opens(&mut self, call: &Call, at: Option<usize>, path: usize, flags: usize) -> Result<(), String> {
        let Some((folder, name)) = self.place(call, at, path)? else { return Ok(()) };
        let flags = call.argument(flags).to_owned();
        let has = |flag: &str| flags.split('|').any(|other| other == flag);
        if ["O_SYNC", "O_DSYNC", "O_DIRECT", "O_TMPFILE", "O_PATH"].into_iter().any(has) {
            return Err(call.wrong("this way of opening is not modelled"));
        }
        let known = if name.is_empty() { Some(ROOT) } else { self.names[&folder].get(&name).copied() };
        let node = match known {
            Some(node) => {
                if has("O_TRUNC") {
                    self.sets_length(node, 0);
                }
                node
            }
            None if has("O_CREAT") => {
                let node = self.recording.add(kind_of(&name));
                self.lengths.insert(node, 0);
                self.changes_names(folder, NameChange::Put { name, node });
                node
            }
            None => return Err(call.wrong("a file that was not made")),
        };
        let (number, _) = descriptor(&call.result).ok_or_else(|| call.wrong("no descriptor"))?;
        let open = OpenFile { node, offset: Cell::new(0), appends: has("O_APPEND") };
        self.open.insert((self.process(call.thread), number), Rc::new(open));
        Ok(())
    }

    fn duplicates(&mut self, call: &Call, number: u64) -> Result<(), String> {
        let number = i64::try_from(number).map_err(|_| call.wrong("no descriptor"))?;
        let process = self.process(call.thread);
        match self.descriptor(call, 0)? {
            Some(open) => drop(self.open.insert((process, number), open)),
            None => drop(self.open.remove(&(process, number))),
        }
        Ok(())
    }

    fn writes(
        &mut self,
        call: &Call,
        file: Node,
        offset: usize,
        mut bytes: Vec<u8>,
        count: usize,
    ) -> Result<(), String> {
        if bytes.len() < count {
            return Err(call.wrong("not all bytes are in the trace"));
        }
        bytes.truncate(count);
        if self.recording.kinds[file] == Kind::SharedMemory || bytes.is_empty() {
            return Ok(());
        }
        let length = self.lengths.entry(file).or_default();
        *length = (*length).max(offset + bytes.len());
        self.add(Operation::Write { file, offset, bytes });
        Ok(())
    }

    fn sets_length(&mut self, file: Node, length: usize) {
        if self.recording.kinds[file] == Kind::File && self.lengths.insert(file, length) != Some(length) {
            self.add(Operation::SetLength { file, length });
        }
    }

    fn changes_names(&mut self, folder: Node, change: NameChange) {
        change.apply(self.names.get_mut(&folder).unwrap());
        self.add(Operation::Name { folder, change });
    }

    fn makes_folder(&mut self, call: &Call, at: Option<usize>, path: usize) -> Result<(), String> {
        let Some((folder, name)) = self.place(call, at, path)? else { return Ok(()) };
        let node = self.recording.add(Kind::Folder);
        self.names.insert(node, BTreeMap::new());
        self.changes_names(folder, NameChange::Put { name, node });
        Ok(())
    }

    fn removes(&mut self, call: &Call, at: Option<usize>, path: usize) -> Result<(), String> {
        let Some((folder, name)) = self.place(call, at, path)? else { return Ok(()) };
        self.changes_names(folder, NameChange::Remove { name });
        Ok(())
    }

    fn renames(
        &mut self,
        call: &Call,
        from: (Option<usize>, usize),
        to: (Option<usize>, usize),
    ) -> Result<(), String> {
        match (self.place(call, from.0, from.1)?, self.place(call, to.0, to.1)?) {
            (None, None) => Ok(()),
            (Some((folder, from)), Some((same, to)))
                if folder == same && !call.argument(4).contains("EXCHANGE") =>
            {
                let node = self.names[&folder].get(&from);
                let node = *node.ok_or_else(|| call.wrong("a file that was not made"))?;
                self.changes_names(folder, NameChange::Move { from, to, node });
                Ok(())
            }
            _ => Err(call.wrong("renaming from one folder to another is not modelled")),
        }
    }

    fn shows_time(&mut self, call: &Call) -> Result<(), String> {
        if !self.is_mentioned(call) {
            return Ok(());
        }
        let by_path = match call.name.as_str() {
            "fstat" => None,
            "stat" | "lstat" => self.place(call, None, 0)?,
            _ if call.argument(1) == "\"\"" => None,
            _ => self.place(call, Some(0), 1)?,
        };
        let node = match by_path {
            Some((_, name)) if name.is_empty() => Some(ROOT),
            Some((folder, name)) => self.names[&folder].get(&name).copied(),
            None => self.descriptor(call, 0)?.map(|open| open.node),
        };
        let file = node.ok_or_else(|| call.wrong("a file that was not made"))?;
        if self.recording.kinds[file] == Kind::File {
            let structure = call.arguments.iter().find(|argument| argument.starts_with('{'));
            let time = structure.and_then(|structure| modified(structure));
            let time = time.ok_or_else(|| call.wrong("no time of the last change"))?;
            self.add(Operation::Modified { file, time });
        }
        Ok(())
    }
}

fn is_new_thread(call: &Call) -> bool {
    matches!(call.name.as_str(), "clone" | "clone3")
        && call.arguments.iter().any(|flags| flags.contains("CLONE_THREAD"))
}
