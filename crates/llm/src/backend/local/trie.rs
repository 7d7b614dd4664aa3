//! The trie of the options' tokens.

use std::collections::BTreeMap;

use crate::distribution::log_softmax;
use crate::engine::Logits;
use crate::error::LlmError;

/// A trie of token sequences, with the log-probability of each step.
#[derive(Debug)]
pub(super) struct OptionTrie {
    nodes: Vec<Node>,
    options: usize,
}

#[derive(Debug, Default)]
struct Node {
    /// Next tokens in ascending order, so that sums do not depend on the order of the options.
    children: BTreeMap<u32, usize>,
    option: Option<usize>,
    /// By child; zeros where there is but one.
    steps: Vec<f64>,
}

/// A way down the trie along which logits are needed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Path {
    /// The tokens up to the last node of the path.
    pub(super) tokens: Vec<u32>,
    /// Depth and number of the nodes where the way forks and that no path before this one has.
    pub(super) nodes: Vec<(usize, usize)>,
}

/// Tokens read so far, and the options by the token that comes next.
pub(super) type Parting = (Vec<u32>, Vec<(u32, Vec<usize>)>);

impl OptionTrie {
    /// The trie of options with these texts (for messages) and tokens. An option that another one continues is ended by
    /// as many tokens of `terminator` as it takes to tell them apart.
    pub(super) fn new(texts: &[String], options: &[Vec<u32>], terminator: &[u32]) -> Result<Self, LlmError> {
        let wrong = |what: String| LlmError::Request(what);
        let mut trie = Self { nodes: vec![Node::default()], options: options.len() };
        for (option, tokens) in options.iter().enumerate() {
            if tokens.is_empty() {
                return Err(wrong(format!("option {:?} has no tokens", texts[option])));
            }
            let node = tokens.iter().fold(0, |node, &token| trie.child(node, token));
            if let Some(other) = trie.nodes[node].option.replace(option) {
                let what = format!("options {:?} and {:?} have the same tokens", texts[other], texts[option]);
                return Err(wrong(what));
            }
        }
        // Ending one option can put a fork below the end of another, so this goes on until nothing is left.
        while let Some((node, option)) = trie.unended() {
            trie.end(node, option, terminator)
                .map_err(|what| wrong(format!("option {:?} {what}", texts[option])))?;
        }
        for node in &mut trie.nodes {
            node.steps = vec![0.0; node.children.len()];
        }
        Ok(trie)
    }

    /// An option that another one continues.
    fn unended(&self) -> Option<(usize, usize)> {
        let ends =
            |(at, node): (usize, &Node)| node.option.filter(|_| !node.children.is_empty()).map(|o| (at, o));
        self.nodes.iter().enumerate().find_map(ends)
    }

    /// Moves the end of an option down along the terminator.
    fn end(&mut self, node: usize, option: usize, terminator: &[u32]) -> Result<(), &'static str> {
        self.nodes[node].option = None;
        let mut at = node;
        for &token in terminator {
            let known = self.nodes[at].children.contains_key(&token);
            at = self.child(at, token);
            if !known {
                self.nodes[at].option = Some(option);
                return Ok(());
            }
        }
        Err(match terminator {
            [] => "is the beginning of another, and the model has no token that ends a text",
            _ => "is the beginning of another that goes on as the text after the slot does",
        })
    }

    fn child(&mut self, node: usize, token: u32) -> usize {
        if let Some(&child) = self.nodes[node].children.get(&token) {
            return child;
        }
        self.nodes.push(Node::default());
        let child = self.nodes.len() - 1;
        self.nodes[node].children.insert(token, child);
        child
    }

    /// The tokens that may follow at a node, in ascending order.
    pub(super) fn next_tokens(&self, node: usize) -> Vec<u32> {
        self.nodes[node].children.keys().copied().collect()
    }

    /// The fewest paths that meet every fork.
    pub(super) fn paths(&self) -> Vec<Path> {
        let mut paths = Vec::new();
        let mut stack = vec![(0, Vec::new(), Vec::new())];
        while let Some((node, tokens, mut forks)) = stack.pop() {
            if self.nodes[node].children.len() > 1 {
                forks.push((tokens.len(), node));
            }
            let deeper: Vec<(u32, usize)> = self.nodes[node]
                .children
                .iter()
                .filter(|&(_, &child)| self.has_fork(child))
                .map(|(&token, &child)| (token, child))
                .collect();
            if deeper.is_empty() && !forks.is_empty() {
                paths.push(Path { tokens: tokens.clone(), nodes: std::mem::take(&mut forks) });
            }
            // The first way down carries the forks above it; last in, first out.
            for (number, (token, child)) in deeper.into_iter().enumerate().rev() {
                let mut longer = tokens.clone();
                longer.push(token);
                stack.push((
                    child,
                    longer,
                    if number == 0 { std::mem::take(&mut forks) } else { Vec::new() },
                ));
            }
        }
        paths
    }

    /// Every place where options part: the tokens up to it and, by next token in ascending order, the options that go on
    /// with it.
    pub(super) fn forks(&self) -> Vec<Parting> {
        let mut forks = Vec::new();
        self.walk(0, &mut Vec::new(), &mut forks);
        forks
    }

    /// The options at and below a node; adds the forks among them.
    fn walk(&self, at: usize, path: &mut Vec<u32>, forks: &mut Vec<Parting>) -> Vec<usize> {
        let node = &self.nodes[at];
        let place = forks.len();
        let mut next = Vec::with_capacity(node.children.len());
        let mut below: Vec<usize> = node.option.into_iter().collect();
        for (&token, &child) in &node.children {
            path.push(token);
            let options = self.walk(child, path, forks);
            path.pop();
            below.extend(&options);
            next.push((token, options));
        }
        if next.len() > 1 {
            forks.insert(place, (path.clone(), next));
        }
        below
    }

    fn has_fork(&self, node: usize) -> bool {
        let mut node = &self.nodes[node];
        loop {
            match node.children.len() {
                0 => return false,
                1 => match node.children.values().next() {
                    Some(&child) => node = &self.nodes[child],
                    None => return false,
                },
                _ => return true,
            }
        }
    }

    /// Sets the logits of a node's next tokens, in ascending order of the tokens.
    pub(super) fn fill(&mut self, node: usize, logits: &Logits) {
        let logits: Vec<f64> = logits.iter().map(|&logit| f64::from(logit)).collect();
        if logits.len() == self.nodes[node].children.len() {
            self.nodes[node].steps = log_softmax(&logits);
        }
    }

    /// By option, the sum of the steps along its path.
    pub(super) fn log_probabilities(&self) -> Vec<f64> {
        let mut logs = vec![f64::NEG_INFINITY; self.options];
        let mut stack = vec![(0, 0.0)];
        while let Some((node, log)) = stack.pop() {
            let node = &self.nodes[node];
            if let Some(option) = node.option {
                logs[option] = log;
            }
            stack.extend(node.children.values().zip(&node.steps).map(|(&child, step)| (child, log + step)));
        }
        logs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trie(options: &[&[u32]], end: &[u32]) -> Result<OptionTrie, LlmError> {
        let texts: Vec<String> = (0..options.len()).map(|option| format!("o{option}")).collect();
        OptionTrie::new(&texts, &options.iter().map(|tokens| tokens.to_vec()).collect::<Vec<_>>(), end)
    }

    #[test]
    fn each_fork_is_asked_for_once_on_as_few_paths_as_there_are_last_forks() {
        // 1 -> {2, 3 -> 4 -> {5, 6}}, 7 -> 8 (no fork), 9 -> {1, 2}
        let trie = trie(&[&[1, 2], &[1, 3, 4, 5], &[1, 3, 4, 6], &[7, 8], &[9, 1], &[9, 2]], &[]).unwrap();
        let paths = trie.paths();
        assert_eq!(paths.len(), 2);
        assert_eq!(paths[0].tokens, [1, 3, 4]);
        assert_eq!(paths[0].nodes.iter().map(|(depth, _)| *depth).collect::<Vec<_>>(), [0, 1, 3]);
        assert_eq!(paths[1].tokens, [9]);
        assert_eq!(paths[1].nodes.iter().map(|(depth, _)| *depth).collect::<Vec<_>>(), [1]);
    }

    #[test]
    fn forks_say_which_options_go_on_with_which_token() {
        let trie = trie(&[&[1, 2], &[1, 3, 4], &[5]], &[]).unwrap();
        let top = (vec![], vec![(1, vec![0, 1]), (5, vec![2])]);
        assert_eq!(trie.forks(), [top, (vec![1], vec![(2, vec![0]), (3, vec![1])])]);
    }

    #[test]
    fn a_single_option_needs_nothing() {
        let trie = trie(&[&[1, 2, 3]], &[]).unwrap();
        assert!(trie.paths().is_empty());
        assert_eq!(trie.log_probabilities(), [0.0]);
    }

    #[test]
    fn an_option_that_begins_another_ends_with_the_terminator() {
        let mut ended = trie(&[&[1], &[1, 2]], &[9]).unwrap();
        let [path] = &ended.paths()[..] else { panic!("one path") };
        let [(1, node)] = path.nodes[..] else { panic!("one fork behind the first token") };
        assert_eq!(ended.next_tokens(node), [2, 9]);
        ended.fill(node, &vec![0.0, 3f32.ln()]);
        let logs = ended.log_probabilities();
        assert!((logs[0].exp() - 0.75).abs() < 1e-6 && (logs[1].exp() - 0.25).abs() < 1e-6);
    }

    #[test]
    fn the_terminator_goes_on_until_it_tells_the_options_apart() {
        // "a", "ab" and "abb" before "bc": the first ends as "abc", the second as "abbc", the third as it is.
        let trie = trie(&[&[1], &[1, 2], &[1, 2, 2]], &[2, 3]).unwrap();
        let forks: Vec<Vec<u32>> = trie
            .paths()
            .iter()
            .flat_map(|path| &path.nodes)
            .map(|(_, node)| trie.next_tokens(*node))
            .collect();
        assert_eq!(forks, [[2, 3], [2, 3]]);
        let logs = trie.log_probabilities();
        assert!(logs.iter().all(|log| log.is_finite()));
    }

    #[test]
    fn options_that_cannot_be_told_apart_are_named() {
        let messages = [trie(&[&[1], &[1, 2]], &[]), trie(&[&[1], &[1, 2]], &[2]), trie(&[&[1], &[1]], &[])]
            .map(|trie| trie.unwrap_err().to_string());
        insta::assert_snapshot!(messages.join("\n"));
    }
}
