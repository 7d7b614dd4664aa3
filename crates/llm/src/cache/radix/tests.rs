use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::*;

/// What the pages would hold: for each slot, the tokens up to and with its own.
#[derive(Default)]
struct Contents(BTreeMap<(u32, usize), Vec<u32>>);

struct World {
    radix: Radix,
    capacity: usize,
    contents: Contents,
    sequences: Vec<(Vec<u32>, Vec<NodeId>)>,
    pass: u64,
}

impl World {
    fn new(capacity: u32) -> Self {
        Self {
            radix: Radix::new(capacity),
            capacity: capacity as usize,
            contents: Contents::default(),
            sequences: Vec::new(),
            pass: 0,
        }
    }

    fn take(&mut self, tokens: Vec<u32>) -> bool {
        let held: BTreeSet<u32> =
            self.sequences.iter().flat_map(|(_, path)| path).map(|&id| self.radix.page(id)).collect();
        let mut path = Vec::new();
        let taken = self.radix.take(&mut path, &tokens, 0);
        if taken {
            assert_eq!(path.len(), tokens.len().div_ceil(PAGE));
            self.sequences.push((tokens, path));
        } else {
            assert!(path.is_empty());
            assert!(held.len() + tokens.len().div_ceil(PAGE) > self.capacity, "there was room");
        }
        taken
    }

    fn release(&mut self, index: usize) {
        let (_, path) = self.sequences.swap_remove(index);
        self.radix.release(&path);
    }

    /// One pass over these sequences: claims, copies, computes, as the scheduler does.
    fn pass(&mut self, indices: &[usize], limit: usize) {
        self.pass += 1;
        let mut writes = Vec::new();
        for &index in indices {
            let (tokens, path) = &self.sequences[index];
            let mut room = limit;
            for (page, &id) in path.iter().enumerate() {
                let need = (tokens.len() - page * PAGE).min(PAGE);
                if self.radix.ready(id) >= need {
                    continue;
                }
                let claim = self.radix.claim(id, self.pass);
                if claim == Claim::Wait {
                    break;
                }
                if let Claim::Copy { from, to } = claim {
                    for slot in 0..self.radix.ready(id) {
                        let content = self.contents.0.get(&(from, slot)).cloned();
                        self.contents.0.insert((to, slot), content.expect("copied before it was computed"));
                    }
                }
                let ready = self.radix.ready(id);
                let end = (ready + room).min(need);
                for slot in ready..end {
                    writes.push(((self.radix.page(id), slot), tokens[..=page * PAGE + slot].to_vec()));
                }
                room -= end.saturating_sub(ready);
                self.radix.compute(id, end, self.pass);
                if room == 0 {
                    break;
                }
            }
        }
        self.contents.0.extend(writes);
    }

    fn check(&self) {
        for (tokens, path) in &self.sequences {
            for (page, &id) in path.iter().enumerate() {
                let need = (tokens.len() - page * PAGE).min(PAGE);
                for slot in 0..self.radix.ready(id).min(need) {
                    let content = self.contents.0.get(&(self.radix.page(id), slot));
                    assert_eq!(content.map(Vec::as_slice), Some(&tokens[..=page * PAGE + slot]));
                }
            }
        }
        self.check_tree();
    }

    fn check_tree(&self) {
        let radix = &self.radix;
        let (mut live, mut busy) = (0, 0);
        let mut pages = BTreeSet::new();
        let mut evictable = BTreeSet::new();
        let mut stack: Vec<NodeId> = radix.node(ROOT).children.values().copied().collect();
        while let Some(id) = stack.pop() {
            let node = radix.node(id);
            live += 1;
            assert!(pages.insert(node.page), "one page, two nodes");
            assert!(!node.tokens.is_empty() && node.tokens.len() <= PAGE);
            assert!(node.children.is_empty() || node.tokens.len() == PAGE, "only whole pages go on");
            if node.idle() {
                assert_eq!(node.ready, node.tokens.len());
                assert!(node.children.values().all(|&child| radix.node(child).idle()));
                if node.children.is_empty() {
                    evictable.insert((node.used, id));
                }
            }
            busy += usize::from(node.taken > 0);
            for (tokens, &child) in &node.children {
                assert_eq!(*tokens, radix.node(child).tokens);
                assert_eq!(radix.node(child).parent, id);
                stack.push(child);
            }
        }
        assert_eq!((live, busy), (radix.live, radix.busy));
        assert_eq!(evictable, radix.evictable);
        assert!(radix.free_pages.iter().all(|&page| pages.insert(page)));
        assert_eq!(pages.len(), self.capacity);
    }
}

#[derive(Debug, Clone)]
enum Step {
    Take(Vec<u32>),
    Pass(Vec<prop::sample::Index>, usize),
    Release(prop::sample::Index),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    // Few tokens and long runs, so that sequences share pages and parts of pages.
    let run = (0_u32..2, 1_usize..24).prop_map(|(token, count)| vec![token; count]);
    let tokens = prop::collection::vec(run, 1..5).prop_map(|runs| runs.concat());
    let step = prop_oneof![
        3 => tokens.prop_map(Step::Take),
        4 => (prop::collection::vec(any::<prop::sample::Index>(), 1..4), 1_usize..40)
            .prop_map(|(indices, limit)| Step::Pass(indices, limit)),
        2 => any::<prop::sample::Index>().prop_map(Step::Release),
    ];
    prop::collection::vec(step, 1..120)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..ProptestConfig::default()
    })]
    #[test]
    fn pages_always_hold_what_their_sequences_say(capacity in 1_u32..24, steps in steps()) {
        let mut world = World::new(capacity);
        for step in steps {
            let count = world.sequences.len();
            match step {
                Step::Take(tokens) => {
                    world.take(tokens);
                }
                Step::Pass(indices, limit) if count > 0 => {
                    let mut indices: Vec<_> = indices.iter().map(|index| index.index(count)).collect();
                    indices.sort_unstable();
                    indices.dedup();
                    world.pass(&indices, limit);
                }
                Step::Release(index) if count > 0 => world.release(index.index(count)),
                _ => {}
            }
            world.check();
        }
        while !world.sequences.is_empty() {
            world.release(0);
            world.check();
        }
        prop_assert_eq!(world.radix.available(), capacity as usize);
    }

    #[test]
    fn a_sequence_that_goes_round_alone_finishes(capacity in 6_u32..24, steps in steps()) {
        let mut world = World::new(capacity);
        for step in steps {
            let Step::Take(tokens) = step else { continue };
            if world.take(tokens) {
                let last = world.sequences.len() - 1;
                let (tokens, path) = world.sequences[last].clone();
                world.pass(&[last], usize::MAX / 2);
                for (page, &id) in path.iter().enumerate() {
                    prop_assert!(world.radix.ready(id) >= (tokens.len() - page * PAGE).min(PAGE));
                }
            } else {
                world.release(0);
            }
            world.check();
        }
    }
}

fn run(world: &mut World, tokens: Vec<u32>) {
    assert!(world.take(tokens));
    world.pass(&[0], 1000);
    world.check();
    world.release(0);
    world.check();
}

/// Pages of a sequence that are known.
fn known(world: &mut World, tokens: &[u32]) -> usize {
    assert!(world.take(tokens.to_vec()));
    let path = world.sequences[0].1.clone();
    let ready = path.iter().map(|&id| world.radix.ready(id)).sum();
    world.release(0);
    ready
}

#[test]
fn the_least_recently_used_goes_first_and_prefixes_after_what_follows_them() {
    let sequence = |first: u32, pages: usize| -> Vec<u32> {
        (0..pages * PAGE).map(|k| first * 1000 + k as u32).collect()
    };
    let mut world = World::new(6);
    run(&mut world, sequence(1, 2));
    run(&mut world, sequence(2, 2));
    run(&mut world, sequence(3, 2));
    assert_eq!(known(&mut world, &sequence(1, 2)), 2 * PAGE);
    // One page too many: the end of sequence 2, the oldest now, has to go.
    run(&mut world, sequence(4, 1));
    assert_eq!(known(&mut world, &sequence(1, 2)), 2 * PAGE);
    assert_eq!(known(&mut world, &sequence(3, 2)), 2 * PAGE);
    assert_eq!(known(&mut world, &sequence(2, 1)), PAGE);
}

#[test]
fn what_was_never_computed_is_forgotten() {
    let mut world = World::new(8);
    let tokens: Vec<u32> = (0..40).collect();
    assert!(world.take(tokens.clone()));
    world.pass(&[0], 20);
    world.release(0);
    world.check();
    assert_eq!(world.radix.live(), 2);
    assert_eq!(known(&mut world, &tokens), 20);
}
