//! The operations of processes on the files of a folder, in order.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// A file or a folder. Its number does not change when its name does.
pub type Node = usize;

/// The folder that is recorded.
pub const ROOT: Node = 0;

/// The name of a file in its folder.
pub type Name = String;

/// The names in each folder.
pub type Names = BTreeMap<Node, BTreeMap<Name, Node>>;

/// The content of each file.
pub type Contents = BTreeMap<Node, Vec<u8>>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    File,
    Folder,
    /// Memory that processes share. Its content does not survive a power cut.
    SharedMemory,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    Write {
        file: Node,
        offset: usize,
        bytes: Vec<u8>,
    },
    /// Makes the file shorter, or longer by zeros.
    SetLength {
        file: Node,
        length: usize,
    },
    Name {
        folder: Node,
        change: NameChange,
    },
    /// Every earlier change to the file, or to the names in the folder, is durable once the sync ends.
    SyncBegins {
        node: Node,
        sync: usize,
    },
    SyncEnds {
        node: Node,
        sync: usize,
    },
    /// A process saw this time of the last change of the file, in nanoseconds.
    Modified {
        file: Node,
        time: u128,
    },
    /// A process is about to make the write of this action.
    WriteBegins {
        action: usize,
    },
    /// The journal has returned from the write of this action: the write is promised to be durable.
    IsDurable {
        action: usize,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameChange {
    /// Gives the name to the node, whichever node had it before.
    Put {
        name: Name,
        node: Node,
    },
    Remove {
        name: Name,
    },
    Move {
        from: Name,
        to: Name,
        node: Node,
    },
}

impl NameChange {
    pub fn apply(&self, names: &mut BTreeMap<Name, Node>) {
        match self {
            Self::Put { name, node } => drop(names.insert(name.clone(), *node)),
            Self::Remove { name } => drop(names.remove(name)),
            Self::Move { from, to, node } => {
                names.remove(from);
                names.insert(to.clone(), *node);
            }
        }
    }
}

/// The files before the first operation, and the operations.
#[derive(Clone, Debug, Default)]
pub struct Recording {
    /// Every file and folder of the recording, by its node.
    pub kinds: Vec<Kind>,
    /// The names in each folder, before the first operation.
    pub names: Names,
    /// The content of each file, before the first operation.
    pub contents: Contents,
    pub operations: Vec<Operation>,
}

impl Recording {
    /// The files of a folder, before anything is recorded.
    pub fn of_folder(folder: &Path) -> Self {
        let mut recording = Self::default();
        recording.add_folder(folder);
        recording
    }

    fn add_folder(&mut self, folder: &Path) -> Node {
        let node = self.add(Kind::Folder);
        self.names.insert(node, BTreeMap::new());
        let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(Result::unwrap).collect();
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let name = entry.file_name().into_string().unwrap();
            let child = if entry.file_type().unwrap().is_dir() {
                self.add_folder(&entry.path())
            } else {
                let child = self.add(kind_of(&name));
                self.contents.insert(child, fs::read(entry.path()).unwrap());
                child
            };
            self.names.get_mut(&node).unwrap().insert(name, child);
        }
        node
    }

    pub fn add(&mut self, kind: Kind) -> Node {
        self.kinds.push(kind);
        self.kinds.len() - 1
    }

    /// The names in each folder and the content of each file after the last operation, as all processes see them.
    pub fn after_all(&self) -> (Names, Contents) {
        let (mut names, mut contents) = (self.names.clone(), self.contents.clone());
        for operation in &self.operations {
            match operation {
                Operation::Write { file, offset, bytes } => {
                    let content = contents.entry(*file).or_default();
                    content.resize(content.len().max(offset + bytes.len()), 0);
                    content[*offset..offset + bytes.len()].copy_from_slice(bytes);
                }
                Operation::SetLength { file, length } => {
                    contents.entry(*file).or_default().resize(*length, 0)
                }
                Operation::Name { folder, change } => change.apply(names.entry(*folder).or_default()),
                _ => {}
            }
        }
        (names, contents)
    }

    /// The name of a node, the last one that it had.
    pub fn name_of(&self, node: Node) -> &str {
        let before = self.names.values().flatten().map(|(name, node)| (name.as_str(), *node));
        let later = self.operations.iter().filter_map(|operation| match operation {
            Operation::Name { change: NameChange::Put { name, node }, .. } => Some((name.as_str(), *node)),
            Operation::Name { change: NameChange::Move { to, node, .. }, .. } => Some((to.as_str(), *node)),
            _ => None,
        });
        before.chain(later).rfind(|(_, named)| *named == node).map_or("the folder", |(name, _)| name)
    }
}

/// The kind of a file by its name: SQLite shares the index of its log through a file with the ending `-shm`.
pub fn kind_of(name: &str) -> Kind {
    if name.ends_with("-shm") { Kind::SharedMemory } else { Kind::File }
}
