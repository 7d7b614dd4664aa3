//! Texts that begin alike, packed so that what they share is computed once.

use std::collections::BTreeMap;

/// What the model should say at one place.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// Next tokens with their probabilities, ascending by token. The model's logits of these tokens alone are normalised:
    /// so does the engine that decides among options.
    pub next: Vec<(u32, f32)>,
    /// Weight in the loss.
    pub weight: f32,
}

/// A run of tokens whose places all see the same texts before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// Its first token in [`Forest::tokens`].
    pub start: usize,
    /// Number of its tokens.
    pub len: usize,
    /// One past the last token of all that continues it. Depth first, so these tokens follow it without a gap.
    pub end: usize,
}

/// Token sequences as trees: every shared beginning stands once. Tokens are in depth-first order; a token sees itself
/// and its ancestors, whose number is its position.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Forest {
    /// The tokens, shape `[tokens]`.
    pub tokens: Vec<u32>,
    /// Their positions, shape `[tokens]`.
    pub positions: Vec<u32>,
    /// The runs, in order of their first tokens.
    pub segments: Vec<Segment>,
    /// Choices among a few tokens: the place that sees all before, and what should follow.
    pub choices: Vec<(u32, Target)>,
    /// Written text: the place, the token that follows, of all tokens, and its weight.
    pub words: Vec<(u32, u32, f32)>,
}

#[derive(Debug, Default)]
struct Node {
    token: u32,
    children: BTreeMap<u32, usize>,
    choices: Vec<Target>,
    words: Vec<(u32, f32)>,
}

/// Gathers sequences.
#[derive(Debug)]
pub struct Planter {
    nodes: Vec<Node>,
}

impl Default for Planter {
    fn default() -> Self {
        Self { nodes: vec![Node::default()] }
    }
}

impl Planter {
    /// Number of tokens so far.
    pub fn len(&self) -> usize {
        self.nodes.len() - 1
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A choice after these tokens. Nothing is learnt at the beginning of a text.
    pub fn choice(&mut self, tokens: &[u32], target: Target) {
        let at = self.grow(0, tokens);
        if at > 0 {
            self.nodes[at].choices.push(target);
        }
    }

    /// A text written after these tokens, every token of which has this weight.
    pub fn words(&mut self, tokens: &[u32], text: &[u32], weight: f32) {
        let mut at = self.grow(0, tokens);
        for &token in text {
            if at > 0 {
                self.nodes[at].words.push((token, weight));
            }
            at = self.grow(at, &[token]);
        }
    }

    fn grow(&mut self, from: usize, tokens: &[u32]) -> usize {
        tokens.iter().fold(from, |at, &token| {
            if let Some(&child) = self.nodes[at].children.get(&token) {
                return child;
            }
            self.nodes.push(Node { token, ..Node::default() });
            let child = self.nodes.len() - 1;
            self.nodes[at].children.insert(token, child);
            child
        })
    }

    /// Packs what was gathered behind what the forest has: trees of different planters share nothing.
    pub fn pack(self, forest: &mut Forest) {
        /// A node to visit, or a segment whose subtree has ended.
        enum Step {
            Enter { node: usize, depth: u32, begins: bool },
            Close { segment: usize },
        }
        let mut nodes = self.nodes;
        let roots = std::mem::take(&mut nodes[0].children);
        let enter = |node| Step::Enter { node, depth: 0, begins: true };
        let mut steps: Vec<Step> = roots.into_values().rev().map(enter).collect();
        while let Some(step) = steps.pop() {
            let (node, depth, begins) = match step {
                Step::Close { segment } => {
                    forest.segments[segment].end = forest.tokens.len();
                    continue;
                }
                Step::Enter { node, depth, begins } => (node, depth, begins),
            };
            let place = forest.tokens.len();
            if begins {
                let segment = forest.segments.len();
                forest.segments.push(Segment { start: place, len: 0, end: place });
                steps.push(Step::Close { segment });
            }
            let Node { token, children, choices, words } = std::mem::take(&mut nodes[node]);
            forest.tokens.push(token);
            forest.positions.push(depth);
            if let Some(last) = forest.segments.last_mut() {
                last.len += 1;
            }
            forest.choices.extend(choices.into_iter().map(|target| (place as u32, target)));
            forest.words.extend(words.into_iter().map(|(token, weight)| (place as u32, token, weight)));
            let begins = children.len() > 1;
            let enter = |node| Step::Enter { node, depth: depth + 1, begins };
            steps.extend(children.into_values().rev().map(enter));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    fn target(token: u32) -> Target {
        Target { next: vec![(token, 1.0)], weight: 1.0 }
    }

    /// What a place sees: its ancestors' tokens and its own.
    fn seen(forest: &Forest, place: usize) -> Vec<u32> {
        let above = |segment: &&Segment| segment.start <= place && place < segment.end;
        let tokens = forest.segments.iter().filter(above).flat_map(|segment| {
            let end = (segment.start + segment.len).min(place + 1);
            forest.tokens[segment.start..end].iter().copied()
        });
        tokens.collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            rng_seed: RngSeed::Fixed(7), failure_persistence: None, cases: 100, ..ProptestConfig::default()
        })]

        #[test]
        fn every_choice_sees_its_own_text_and_nothing_else(
            texts in prop::collection::vec(prop::collection::vec(0u32..3, 1..8), 1..12)
        ) {
            let mut planter = Planter::default();
            for (number, text) in texts.iter().enumerate() {
                planter.choice(text, target(number as u32));
            }
            let mut forest = Forest::default();
            let (length, mut distinct) = (planter.len(), std::collections::BTreeSet::new());
            planter.pack(&mut forest);
            prop_assert_eq!(forest.choices.len(), texts.len());
            for (place, target) in &forest.choices {
                let text = &texts[target.next[0].0 as usize];
                prop_assert_eq!(&seen(&forest, *place as usize), text);
                prop_assert_eq!(forest.positions[*place as usize] as usize + 1, text.len());
                distinct.extend((1..=text.len()).map(|end| text[..end].to_vec()));
            }
            prop_assert_eq!(forest.tokens.len(), length);
            prop_assert_eq!(length, distinct.len());
            prop_assert_eq!(forest.segments.iter().map(|segment| segment.len).sum::<usize>(), length);
        }
    }

    #[test]
    fn written_text_is_learnt_token_by_token_and_trees_stay_apart() {
        let mut forest = Forest::default();
        for _ in 0..2 {
            let mut planter = Planter::default();
            planter.words(&[5, 6], &[7, 8], 0.5);
            planter.pack(&mut forest);
        }
        assert_eq!(forest.tokens, [5, 6, 7, 8, 5, 6, 7, 8]);
        assert_eq!(forest.words, [(1, 7, 0.5), (2, 8, 0.5), (5, 7, 0.5), (6, 8, 0.5)]);
        assert_eq!(forest.segments.len(), 2);
        assert_eq!(seen(&forest, 5), [5, 6]);
    }
}
