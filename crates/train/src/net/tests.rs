use super::*;
use crate::forest::{Planter, Target};

fn small() -> Net {
    let shape = NetShape { hidden: 16, layers: 2, heads: 2, intermediate: 24, vocabulary: 11 };
    let net = Net::random(shape, Streams::new(3)).unwrap();
    // Larger than at the start of training, so that every path matters.
    for parameter in net.parameters().values() {
        parameter.set(&(parameter.as_tensor() * 4.0).unwrap()).unwrap();
    }
    net
}

fn forest() -> Forest {
    let mut forest = Forest::default();
    let mut planter = Planter::default();
    let target = |next: &[(u32, f32)]| Target { next: next.to_vec(), weight: 1.0 };
    planter.choice(&[1, 2, 3], target(&[(4, 0.7), (5, 0.3)]));
    planter.choice(&[1, 2, 6, 7], target(&[(4, 0.2), (9, 0.8)]));
    planter.choice(&[1, 2, 6, 8], target(&[(0, 1.0), (3, 0.0)]));
    planter.words(&[1, 2, 3], &[10, 9, 2], 0.5);
    planter.pack(&mut forest);
    let mut other = Planter::default();
    other.choice(&[2, 2, 2], target(&[(1, 0.5), (2, 0.5)]));
    other.pack(&mut forest);
    forest
}

/// The numbers that a text gets alone are those that it gets among others with the same beginning.
#[test]
fn a_place_sees_what_it_would_see_alone() {
    let (net, forest) = (small(), forest());
    let places: Vec<u32> = forest.choices.iter().map(|(place, _)| *place).collect();
    let together = net.logits(&forest, &places).unwrap();
    let alone = [&[1, 2, 3][..], &[1, 2, 6, 7], &[1, 2, 6, 8], &[2, 2, 2]];
    for (text, expected) in alone.iter().zip(together.chunks(11)) {
        let mut planter = Planter::default();
        planter.choice(text, Target { next: vec![(0, 1.0)], weight: 1.0 });
        let mut one = Forest::default();
        planter.pack(&mut one);
        let logits = net.logits(&one, &[text.len() as u32 - 1]).unwrap();
        for (found, expected) in logits.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-4, "{text:?}: {found} {expected}");
        }
    }
}

/// Every parameter's gradient against a finite difference along a random direction.
#[test]
fn gradients_are_slopes() {
    let (net, forest) = (small(), forest());
    let loss = net.loss(&forest).unwrap();
    let gradients = net.gradients(&loss).unwrap();
    for (number, (name, parameter)) in net.parameters().iter().enumerate() {
        let mut stream = Streams::new(5).stream(Purpose::Weights, number as u64, 0);
        let direction: Vec<f32> =
            (0..parameter.elem_count()).map(|_| StandardNormal.sample(&mut stream)).collect();
        let direction = Tensor::from_vec(direction, parameter.shape(), &Device::Cpu).unwrap();
        let before = parameter.as_tensor().copy().unwrap();
        let at = |step: f64| {
            parameter.set(&(&before + (&direction * step).unwrap()).unwrap()).unwrap();
            f64::from(net.loss(&forest).unwrap().total.to_scalar::<f32>().unwrap())
        };
        let step = 3e-4;
        let slope = (at(step) - at(-step)) / (2.0 * step);
        parameter.set(&before).unwrap();
        let gradient = gradients.get(parameter).unwrap();
        let along = (gradient * &direction).unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap();
        let error = (f64::from(along) - slope).abs();
        assert!(error < 2e-2 * slope.abs().max(0.05), "{name}: {along} {slope}");
    }
}
