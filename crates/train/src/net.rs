//! A decoder of the Llama family that learns: candle's tensors and gradients, with operations of our own where candle's
//! have no backward pass or cost most.

mod attention;
mod gate;
mod loss;
mod norm;
mod slices;

use std::collections::BTreeMap;
use std::sync::Arc;

use candle_core::backprop::GradStore;
use candle_core::{Device, Result, Tensor, Var};
use habitue_core::{Purpose, Streams};
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

use self::attention::{Plan, TreeAttention};
use self::gate::SwiGlu;
use self::loss::{CrossEntropy, Wanted};
use self::norm::RmsNorm;
use crate::forest::Forest;

/// Epsilon of the norms.
pub const NORM_EPSILON: f32 = 1e-5;
/// Base of the rotary positions. Larger than usual, so that most pairs of numbers turn little over a prompt: names have to be
/// found again at any distance.
pub const ROPE_THETA: f32 = 1_000_000.0;

/// The shape of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetShape {
    /// Width of the residual stream.
    pub hidden: usize,
    /// Number of blocks.
    pub layers: usize,
    /// Number of heads, which divides `hidden` into even widths.
    pub heads: usize,
    /// Width of the feed-forward layer.
    pub intermediate: usize,
    /// Number of tokens.
    pub vocabulary: usize,
}

impl NetShape {
    /// Width of a head.
    pub const fn head_dim(&self) -> usize {
        self.hidden / self.heads
    }
}

/// A network: its parameters by name, as they are trained.
pub struct Net {
    shape: NetShape,
    parameters: BTreeMap<String, Var>,
}

impl std::fmt::Debug for Net {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Net").field("shape", &self.shape).finish_non_exhaustive()
    }
}

/// What a pass over a forest costs.
#[derive(Debug)]
pub struct Loss {
    /// Weighted mean cross-entropy over all places, in nats, with its graph.
    pub total: Tensor,
    /// Mean cross-entropy of the choices, in nats.
    pub choices: f32,
    /// Mean cross-entropy of the words, in nats; 0 where there are none.
    pub words: f32,
}

impl Net {
    /// A network with random parameters: normal with standard deviation 0.55 over the root of the width (which is 0.02 at
    /// the width of GPT-2, Radford et al. 2019), what leads back into the residual stream divided by the root of the number
    /// of branches, as there. In the first half of the heads keys begin as queries do, so that these attend to what is
    /// like themselves: lessons are about finding a name again, and a network that begins without likeness takes long to
    /// discover it.
    ///
    /// # Errors
    /// If candle fails.
    pub fn random(shape: NetShape, streams: Streams) -> Result<Self> {
        let inner = 0.55 / (shape.hidden as f32).sqrt();
        let back = inner / (2.0 * shape.layers as f32).sqrt();
        let mut parameters = BTreeMap::new();
        for (number, (name, size, deviation)) in Self::layout(&shape, inner, back).into_iter().enumerate() {
            let mut stream = streams.stream(Purpose::Weights, number as u64, 0);
            let mut values: Vec<f32> = (0..size.iter().product())
                .map(|_| match deviation {
                    Some(deviation) => {
                        let normal: f32 = StandardNormal.sample(&mut stream);
                        deviation * normal
                    }
                    None => 1.0,
                })
                .collect();
            if name.ends_with("qkv") {
                let keys = shape.hidden * shape.hidden;
                values.copy_within(..shape.heads / 2 * shape.head_dim() * shape.hidden, keys);
            }
            parameters.insert(name, Var::from_tensor(&Tensor::from_vec(values, size, &Device::Cpu)?)?);
        }
        Ok(Self { shape, parameters })
    }

    /// Names, shapes and deviations of the parameters; none is a norm, which begins at 1.
    fn layout(shape: &NetShape, inner: f32, back: f32) -> Vec<(String, Vec<usize>, Option<f32>)> {
        let NetShape { hidden, layers, intermediate, vocabulary, .. } = *shape;
        let mut all = vec![
            ("embed".to_owned(), vec![vocabulary, hidden], Some(inner)),
            ("norm".to_owned(), vec![hidden], None),
        ];
        for layer in 0..layers {
            let name = |part: &str| format!("layers.{layer}.{part}");
            all.extend([
                (name("attention_norm"), vec![hidden], None),
                (name("qkv"), vec![3 * hidden, hidden], Some(inner)),
                (name("out"), vec![hidden, hidden], Some(back)),
                (name("mlp_norm"), vec![hidden], None),
                (name("gate_up"), vec![2 * intermediate, hidden], Some(inner)),
                (name("down"), vec![hidden, intermediate], Some(back)),
            ]);
        }
        all
    }

    /// The shape.
    pub const fn shape(&self) -> NetShape {
        self.shape
    }

    /// The parameters by name, in order of the names.
    pub const fn parameters(&self) -> &BTreeMap<String, Var> {
        &self.parameters
    }

    /// Number of parameters.
    pub fn size(&self) -> usize {
        self.parameters.values().map(|parameter| parameter.elem_count()).sum()
    }

    fn get(&self, name: &str) -> Result<&Tensor> {
        match self.parameters.get(name) {
            Some(parameter) => Ok(parameter.as_tensor()),
            None => candle_core::bail!("the network has no parameter {name}"),
        }
    }

    /// Hidden states after the last norm at these places, shape `[places, hidden]`.
    fn hidden(&self, forest: &Forest, places: &[u32]) -> Result<Tensor> {
        let device = Device::Cpu;
        let span = forest.positions.iter().max().map_or(0, |position| *position as usize + 1);
        let plan = Plan { positions: forest.positions.clone(), segments: forest.segments.clone(), span };
        let attention = TreeAttention {
            plan: Arc::new(plan),
            heads: self.shape.heads,
            head_dim: self.shape.head_dim(),
            theta: ROPE_THETA,
        };
        let norm = |x: &Tensor, name: &str| x.apply_op2(self.get(name)?, RmsNorm { epsilon: NORM_EPSILON });
        let linear = |x: &Tensor, name: &str| x.matmul(&self.get(name)?.t()?);
        let tokens = Tensor::new(forest.tokens.as_slice(), &device)?;
        let mut x = self.get("embed")?.index_select(&tokens, 0)?;
        for layer in 0..self.shape.layers {
            let name = |part: &str| format!("layers.{layer}.{part}");
            let inner = norm(&x, &name("attention_norm"))?;
            let mixed = linear(&inner, &name("qkv"))?.apply_op1(attention.clone())?;
            x = (x + linear(&mixed, &name("out"))?)?;
            let inner = norm(&x, &name("mlp_norm"))?;
            let gated =
                linear(&inner, &name("gate_up"))?.apply_op1(SwiGlu { width: self.shape.intermediate })?;
            x = (x + linear(&gated, &name("down"))?)?;
        }
        let places = Tensor::new(places, &device)?;
        norm(&x.index_select(&places, 0)?, "norm")
    }

    /// The loss of a forest that has at least one choice or word.
    ///
    /// # Errors
    /// If candle fails.
    pub fn loss(&self, forest: &Forest) -> Result<Loss> {
        let choices = forest.choices.iter().map(|(place, target)| (*place, Wanted::Choice(target.clone())));
        let words =
            forest.words.iter().map(|&(place, token, weight)| (place, Wanted::Word { token, weight }));
        let (places, wanted): (Vec<u32>, Vec<Wanted>) = choices.chain(words).unzip();
        let logits = self.hidden(forest, &places)?.matmul(&self.get("embed")?.t()?)?;
        let loss = CrossEntropy { wanted: Arc::new(wanted), vocabulary: self.shape.vocabulary };
        let rows = slices::on(&logits, |logits| Ok(loss.rows(logits)))?;
        let mean = |rows: &[f32]| rows.iter().fold(0.0, |sum, row| sum + row) / rows.len().max(1) as f32;
        let (choices, words) = rows.split_at(forest.choices.len());
        Ok(Loss { total: logits.apply_op1(loss)?, choices: mean(choices), words: mean(words) })
    }

    /// The logits at these places, shape `[places, vocabulary]`, row-major.
    ///
    /// # Errors
    /// If candle fails.
    pub fn logits(&self, forest: &Forest, places: &[u32]) -> Result<Vec<f32>> {
        let logits = self.hidden(forest, places)?.matmul(&self.get("embed")?.t()?)?;
        logits.flatten_all()?.to_vec1()
    }

    /// Gradients of a loss.
    ///
    /// # Errors
    /// If candle fails.
    pub fn gradients(&self, loss: &Loss) -> Result<GradStore> {
        loss.total.backward()
    }
}

#[cfg(test)]
mod tests;
