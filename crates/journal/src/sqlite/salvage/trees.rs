//! The trees of a database: which pages belong to a table or an index, and whether all of them are there.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::types::Value;

use super::contents::{Content, Contents};
use super::page::Kind;
use super::source::Source;
use crate::JournalError;

/// The tables and indexes that matter here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tree {
    Events,
    EventsById,
    Transactions,
    Terminals,
}

impl Tree {
    const ALL: [Self; 4] = [Self::Events, Self::EventsById, Self::Transactions, Self::Terminals];

    const fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::EventsById => "events_by_id",
            Self::Transactions => "transactions",
            Self::Terminals => "terminals",
        }
    }

    /// Whether a row can be one of this tree.
    const fn has(self, content: &Content) -> bool {
        matches!(
            (self, content),
            (Self::Events, Content::Event(..))
                | (Self::EventsById, Content::IndexEntry(..))
                | (Self::Transactions, Content::Transaction(..))
                | (Self::Terminals, Content::NameAndNumber(..))
        )
    }

    const fn is_table(self) -> bool {
        matches!(self, Self::Events)
    }
}

/// A page of a tree as it stands in the database.
#[derive(Clone, Debug)]
struct Node {
    kind: Kind,
    is_sound: bool,
    /// Whether each entry is a row that is known.
    is_readable: bool,
    children: Vec<u32>,
    /// The trees that its rows can be of; all for a page without rows.
    trees: BTreeSet<Tree>,
    has_rows: bool,
}

/// The pages of a database, by their numbers.
pub(super) struct Trees {
    nodes: BTreeMap<u32, Node>,
    roots: BTreeMap<Tree, u32>,
}

/// What a walk through a tree finds.
#[derive(Clone, Debug, Default)]
pub(super) struct Walk {
    /// The pages in order that are readable.
    pub(super) pages: Vec<u32>,
    /// Whether all pages are there, and every row in them.
    pub(super) is_whole: bool,
    /// The first and the last page with rows, where every page on the way to it is sound.
    pub(super) first: Option<u32>,
    pub(super) last: Option<u32>,
}

impl Trees {
    /// Finds the trees by the schema, or by what the pages contain where the schema is damaged.
    pub(super) fn find(source: &Source) -> Result<Self, JournalError> {
        let mut trees = Self { nodes: BTreeMap::new(), roots: BTreeMap::new() };
        for number in 1..=source.count() {
            let contents = Contents::of(source, source.current(number), number == 1);
            if let Some(contents) = contents {
                trees.nodes.insert(number, Node::of(&contents));
            }
        }
        trees.roots = trees.named(source);
        for tree in Tree::ALL {
            let is_found = trees.roots.get(&tree).is_some_and(|root| trees.is_of(*root, tree));
            if !is_found {
                trees.roots.remove(&tree);
                trees.roots.extend(trees.by_content(tree).map(|root| (tree, root)));
            }
        }
        Ok(trees)
    }

    /// The roots that the schema names.
    fn named(&self, source: &Source) -> BTreeMap<Tree, u32> {
        let mut roots = BTreeMap::new();
        for number in self.walk_from(1, None).pages {
            let contents = Contents::of(source, source.current(number), number == 1);
            for (_, content) in contents.into_iter().flat_map(|contents| contents.rows) {
                let Content::Schema(columns) = content else { continue };
                let [_, Value::Text(name), _, Value::Integer(root), _] = columns.as_slice() else { continue };
                let tree = Tree::ALL.into_iter().find(|tree| tree.name() == name);
                if let (Some(tree), Ok(root)) = (tree, u32::try_from(*root)) {
                    roots.insert(tree, root);
                }
            }
        }
        roots
    }

    /// The only page without a parent from which a row of this tree is reached.
    fn by_content(&self, tree: Tree) -> Option<u32> {
        // A name and a number are also what some indexes contain.
        if tree == Tree::Terminals {
            return None;
        }
        let children: BTreeSet<u32> = self.nodes.values().flat_map(|node| node.children.clone()).collect();
        let is_root = |number: &&u32| !children.contains(number) && **number != 1;
        let has_rows = |number: &&u32| {
            let has = |page: &u32| self.nodes.get(page).is_some_and(|node| node.is_surely_of(tree));
            self.walk_from(**number, None).pages.iter().any(has)
        };
        let mut roots = self.nodes.keys().filter(is_root).filter(has_rows);
        let root = roots.next().copied();
        // Of two, each has a part.
        root.filter(|_| roots.next().is_none())
    }

    fn is_of(&self, number: u32, tree: Tree) -> bool {
        self.nodes.get(&number).is_some_and(|node| node.may_be_of(tree))
    }

    /// Walks through a tree.
    pub(super) fn walk(&self, tree: Tree) -> Walk {
        self.roots.get(&tree).map_or_else(Walk::default, |root| self.walk_from(*root, Some(tree)))
    }

    fn walk_from(&self, root: u32, tree: Option<Tree>) -> Walk {
        let mut walk = Walk { is_whole: true, ..Walk::default() };
        let (mut seen, mut to_do) = (BTreeSet::new(), vec![(root, true, true)]);
        while let Some((number, is_first, is_last)) = to_do.pop() {
            let node = self.nodes.get(&number).filter(|node| tree.is_none_or(|tree| node.may_be_of(tree)));
            let Some(node) = node.filter(|_| seen.insert(number)) else {
                walk.is_whole = false;
                continue;
            };
            // The number of an event that cannot be read is known all the same.
            walk.is_whole &= node.is_sound && (node.is_readable || tree == Some(Tree::Events));
            walk.pages.push(number);
            let (is_first, is_last) = (is_first && node.is_sound, is_last && node.is_sound);
            if !node.kind.is_interior() {
                walk.first = walk.first.or(Some(number).filter(|_| is_first));
                walk.last = walk.last.or(Some(number).filter(|_| is_last));
            }
            let count = node.children.len();
            let children = node.children.iter().enumerate().rev();
            to_do.extend(children.map(|(place, child)| {
                (*child, is_first && place == 0, is_last && place.saturating_add(1) == count)
            }));
        }
        walk
    }
}

impl Node {
    fn of(contents: &Contents) -> Self {
        let page = &contents.page;
        let known = || contents.rows.iter().map(|(_, content)| content).filter(|content| content.is_known());
        Self {
            kind: page.kind,
            is_sound: page.is_sound,
            is_readable: contents.is_readable && known().count() == contents.rows.len(),
            children: page.children().collect(),
            trees: Tree::ALL.into_iter().filter(|tree| known().all(|content| tree.has(content))).collect(),
            has_rows: known().next().is_some(),
        }
    }

    /// Whether the page can be one of this tree.
    fn may_be_of(&self, tree: Tree) -> bool {
        let is_table = matches!(self.kind, Kind::TableLeaf | Kind::TableInterior);
        is_table == tree.is_table() && self.trees.contains(&tree)
    }

    /// Whether the page has rows of this tree.
    fn is_surely_of(&self, tree: Tree) -> bool {
        self.may_be_of(tree) && self.has_rows
    }
}
