//! Which pages hold the keys and values of which tokens.
//!
//! A tree whose edges are pages of up to [`PAGE`] tokens. A sequence in work *takes* the nodes along its tokens, which
//! keeps them; nodes that nobody takes are evicted, leaves first, the least recently used first, when pages run out.
//! Nodes are made before their tokens are computed, so that a second sequence with the same prefix finds them at once
//! and waits for the first instead of computing the prefix again.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound::{Excluded, Unbounded};

use super::PAGE;

/// A node of the tree.
pub(crate) type NodeId = u32;

/// The root: no tokens, no page.
const ROOT: NodeId = 0;

#[derive(Debug)]
struct Node {
    tokens: Box<[u32]>,
    parent: NodeId,
    children: BTreeMap<Box<[u32]>, NodeId>,
    page: u32,
    /// Tokens whose keys and values are in the page.
    ready: usize,
    /// Sequences that hold it.
    taken: u32,
    /// Nodes that wait to copy from it.
    holds: u32,
    /// Where its first tokens can be copied from, and how many.
    source: Option<(NodeId, usize)>,
    /// Time of last use.
    used: u64,
    /// The last pass in which somebody computed tokens of it.
    claimed: u64,
}

impl Node {
    fn idle(&self) -> bool {
        self.taken == 0 && self.holds == 0
    }
}

/// Whether a node can be computed in a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Claim {
    /// Not now: somebody else does, or computes what it would copy.
    Wait,
    /// Yes.
    Free,
    /// Yes, after one page was copied to another.
    Copy { from: u32, to: u32 },
}

/// The tree.
#[derive(Debug)]
pub(crate) struct Radix {
    nodes: Vec<Node>,
    free_nodes: Vec<NodeId>,
    free_pages: Vec<u32>,
    /// Idle leaves by time of last use.
    evictable: BTreeSet<(u64, NodeId)>,
    /// Nodes that are taken. Those that are only held for a copy are given up when pages run out.
    busy: usize,
    /// Nodes with a page.
    live: usize,
    clock: u64,
}

fn common(a: &[u32], b: &[u32]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

impl Radix {
    /// A tree over this many pages.
    pub(crate) fn new(pages: u32) -> Self {
        let root = Node {
            tokens: Box::default(),
            parent: ROOT,
            children: BTreeMap::new(),
            page: 0,
            ready: 0,
            taken: 1,
            holds: 0,
            source: None,
            used: 0,
            claimed: 0,
        };
        Self {
            nodes: vec![root],
            free_nodes: Vec::new(),
            free_pages: (0..pages).rev().collect(),
            evictable: BTreeSet::new(),
            busy: 0,
            live: 0,
            clock: 0,
        }
    }

    fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id as usize]
    }

    fn node_mut(&mut self, id: NodeId) -> &mut Node {
        &mut self.nodes[id as usize]
    }

    /// Pages that are free or can be made free.
    pub(crate) fn available(&self) -> usize {
        self.free_pages.len() + self.live - self.busy
    }

    /// Pages in use, by sequences in work or as cache.
    pub(crate) fn live(&self) -> usize {
        self.live
    }

    pub(crate) fn page(&self, id: NodeId) -> u32 {
        self.node(id).page
    }

    /// Tokens of the node that are computed.
    pub(crate) fn ready(&self, id: NodeId) -> usize {
        self.node(id).ready
    }

    /// Takes the nodes of a sequence: `path` holds those of its first whole pages, already taken by another sequence,
    /// and becomes the sequence's own, one node for each page. Leaves everything as it was and returns false if fewer
    /// than `keep` pages would be left available.
    pub(crate) fn take(&mut self, path: &mut Vec<NodeId>, tokens: &[u32], keep: usize) -> bool {
        self.clock += 1;
        for &id in path.iter() {
            self.hold(id, true);
        }
        let mut at = path.last().copied().unwrap_or(ROOT);
        for page in tokens.chunks(PAGE).skip(path.len()) {
            let Some(id) = self.find(at, page) else { break };
            self.hold(id, true);
            path.push(id);
            at = id;
        }
        let missing = tokens.len().div_ceil(PAGE) - path.len();
        if missing == 0 && keep == 0 {
            return true;
        }
        if self.available() < missing + keep {
            self.release(path);
            path.clear();
            return false;
        }
        for page in tokens.chunks(PAGE).skip(path.len()) {
            let Some(id) = self.insert(at, page) else {
                self.release(path);
                path.clear();
                return false;
            };
            at = id;
            path.push(at);
        }
        true
    }

    /// How many of a sequence's tokens are computed already.
    pub(crate) fn known(&self, tokens: &[u32]) -> usize {
        let (mut at, mut known) = (ROOT, 0);
        for page in tokens.chunks(PAGE) {
            let Some(&id) = self.node(at).children.get(page) else { break };
            known += self.node(id).ready;
            at = id;
        }
        known
    }

    /// The child that covers `page`: one that starts with it, or an idle leaf that it starts with, grown to it.
    fn find(&mut self, at: NodeId, page: &[u32]) -> Option<NodeId> {
        let children = &self.node(at).children;
        if let Some(&id) = children.get(page) {
            return Some(id);
        }
        let after = children.range::<[u32], _>((Excluded(page), Unbounded)).next();
        if let Some((_, &id)) = after.filter(|(tokens, _)| tokens.starts_with(page)) {
            return Some(id);
        }
        let before = children.range::<[u32], _>((Unbounded, Excluded(page))).next_back();
        let (_, &id) = before.filter(|(tokens, _)| page.starts_with(tokens))?;
        if !self.node(id).idle() {
            return None;
        }
        // An idle node is ready, and a leaf, for it is not a whole page.
        self.rename(id, page);
        Some(id)
    }

    fn rename(&mut self, id: NodeId, tokens: &[u32]) {
        let tokens: Box<[u32]> = tokens.into();
        let old = std::mem::replace(&mut self.node_mut(id).tokens, tokens.clone());
        let parent = self.node(id).parent;
        let children = &mut self.node_mut(parent).children;
        children.remove(&old);
        children.insert(tokens, id);
    }

    /// A new taken child, if there is a page for it.
    fn insert(&mut self, at: NodeId, page: &[u32]) -> Option<NodeId> {
        let children = &self.node(at).children;
        let before = children.range::<[u32], _>((Unbounded, Excluded(page))).next_back();
        let after = children.range::<[u32], _>((Excluded(page), Unbounded)).next();
        // In the order of tokens, whoever shares most with the page is next to its place; whoever is exactly what is
        // shared may be computed already when its neighbours are not.
        let near: Vec<_> =
            before.into_iter().chain(after).map(|(tokens, &id)| (common(tokens, page), id)).collect();
        let most = near.iter().map(|&(count, _)| count).max().unwrap_or(0);
        let exact = children.get(&page[..most]).map(|&id| (most, id));
        let rank = |&(count, id): &(usize, NodeId)| (self.node(id).ready.min(count), count, id);
        let best = near.into_iter().chain(exact).filter(|&(count, _)| count > 0).max_by_key(rank);
        let mut source = best.map(|(count, id)| (id, count));
        if let Some((id, _)) = source {
            self.hold(id, false);
        }
        let number = self.free_page(&mut source)?;
        let node = Node {
            tokens: page.into(),
            parent: at,
            children: BTreeMap::new(),
            page: number,
            ready: 0,
            taken: 1,
            holds: 0,
            source,
            used: self.clock,
            claimed: 0,
        };
        let id = if let Some(id) = self.free_nodes.pop() {
            *self.node_mut(id) = node;
            id
        } else {
            self.nodes.push(node);
            self.nodes.len() as NodeId - 1
        };
        self.node_mut(at).children.insert(page.into(), id);
        self.live += 1;
        self.busy += 1;
        Some(id)
    }

    /// A page that nobody needs. Nodes that are kept for copies alone are given up last, `source` after all others.
    fn free_page(&mut self, source: &mut Option<(NodeId, usize)>) -> Option<u32> {
        for step in 0.. {
            if let Some(page) = self.free_pages.pop() {
                return Some(page);
            }
            match (self.evictable.first(), step) {
                (Some(&(_, id)), _) => self.remove(id),
                (None, 0) => self.drop_sources(),
                (None, _) => {
                    let (source, _) = source.take()?;
                    self.let_go(source, false);
                }
            }
        }
        None
    }

    /// Gives up copies that have not been made.
    fn drop_sources(&mut self) {
        for id in 0..self.nodes.len() as NodeId {
            if let Some((source, _)) = self.node_mut(id).source.take() {
                self.let_go(source, false);
            }
        }
    }

    fn hold(&mut self, id: NodeId, taken: bool) {
        let node = self.node(id);
        if node.idle() {
            let key = (node.used, id);
            self.evictable.remove(&key);
        }
        let node = self.node_mut(id);
        if !taken {
            node.holds += 1;
            return;
        }
        node.taken += 1;
        if node.taken == 1 {
            self.busy += 1;
        }
    }

    fn let_go(&mut self, id: NodeId, taken: bool) {
        let clock = self.clock;
        let node = self.node_mut(id);
        if taken {
            node.taken -= 1;
        } else {
            node.holds -= 1;
        }
        if taken && node.taken == 0 {
            let source = node.source.take();
            self.busy -= 1;
            if let Some((source, _)) = source {
                self.let_go(source, false);
            }
        }
        let node = self.node_mut(id);
        if !node.idle() {
            return;
        }
        node.used = clock;
        let (ready, leaf) = (node.ready, node.children.is_empty());
        let length = node.tokens.len();
        if ready < length {
            // What was never computed is forgotten. Children were let go of before, and forgotten too.
            let kept: Box<[u32]> = self.node(id).tokens[..ready].into();
            let parent = self.node(id).parent;
            if ready == 0 || self.node(parent).children.contains_key(&kept) {
                self.remove(id);
                return;
            }
            self.rename(id, &kept);
        }
        if leaf {
            self.evictable.insert((clock, id));
        }
    }

    /// Removes an idle leaf.
    fn remove(&mut self, id: NodeId) {
        let node = self.node_mut(id);
        let (used, parent, page) = (node.used, node.parent, node.page);
        let tokens = std::mem::take(&mut node.tokens);
        self.evictable.remove(&(used, id));
        self.free_pages.push(page);
        self.free_nodes.push(id);
        self.live -= 1;
        let above = self.node_mut(parent);
        above.children.remove(&tokens);
        if above.children.is_empty() && above.idle() {
            let key = (above.used, parent);
            self.evictable.insert(key);
        }
    }

    /// Lets go of a sequence's nodes.
    pub(crate) fn release(&mut self, path: &[NodeId]) {
        self.clock += 1;
        for &id in path.iter().rev() {
            self.let_go(id, true);
        }
    }

    /// Whether the node can be computed in this pass.
    pub(crate) fn claim(&mut self, id: NodeId, pass: u64) -> Claim {
        if self.node(id).claimed == pass {
            return Claim::Wait;
        }
        let Some((source, count)) = self.node(id).source else { return Claim::Free };
        let from = self.node(source);
        if from.claimed == pass {
            return Claim::Wait;
        }
        let (count, page) = (from.ready.min(count), from.page);
        let node = self.node_mut(id);
        node.source = None;
        let mut claim = Claim::Free;
        if node.ready < count {
            node.ready = count;
            claim = Claim::Copy { from: page, to: node.page };
        }
        self.let_go(source, false);
        claim
    }

    /// Says that the node's tokens up to `ready` are computed in this pass.
    pub(crate) fn compute(&mut self, id: NodeId, ready: usize, pass: u64) {
        let node = self.node_mut(id);
        node.claimed = pass;
        node.ready = node.ready.max(ready);
    }
}

#[cfg(test)]
#[path = "radix/tests.rs"]
mod tests;
