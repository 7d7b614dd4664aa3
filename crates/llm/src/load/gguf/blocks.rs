//! Quantised blocks as 32-bit floats. Layouts: ggml's `ggml-common.h` (`block_q4_0`, `block_q8_0`, `block_q4_K`,
//! `block_q6_K`).

use half::{bf16, f16};

/// Formats of tensors, with ggml's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    F32,
    F16,
    BF16,
    Q4_0,
    Q8_0,
    Q4K,
    Q6K,
}

impl Format {
    /// The format with ggml's number.
    pub(super) const fn of(kind: u32) -> Option<Self> {
        match kind {
            0 => Some(Self::F32),
            1 => Some(Self::F16),
            2 => Some(Self::Q4_0),
            8 => Some(Self::Q8_0),
            12 => Some(Self::Q4K),
            14 => Some(Self::Q6K),
            30 => Some(Self::BF16),
            _ => None,
        }
    }

    /// Numbers and bytes of a block.
    pub(super) const fn block(self) -> (usize, usize) {
        match self {
            Self::F32 => (1, 4),
            Self::F16 | Self::BF16 => (1, 2),
            Self::Q4_0 => (32, 18),
            Self::Q8_0 => (32, 34),
            Self::Q4K => (256, 144),
            Self::Q6K => (256, 210),
        }
    }

    /// The numbers of whole blocks.
    pub(super) fn dequantise(self, bytes: &[u8]) -> Vec<f32> {
        let (count, size) = self.block();
        let mut values = Vec::with_capacity(bytes.len() / size * count);
        for block in bytes.chunks_exact(size) {
            match self {
                Self::F32 => values.push(f32::from_le_bytes([block[0], block[1], block[2], block[3]])),
                Self::F16 => values.push(half_at(block, 0)),
                Self::BF16 => values.push(bf16::from_le_bytes([block[0], block[1]]).to_f32()),
                Self::Q4_0 => q4_0(block, &mut values),
                Self::Q8_0 => {
                    let scale = half_at(block, 0);
                    values.extend(block[2..].iter().map(|&byte| f32::from(byte.cast_signed()) * scale));
                }
                Self::Q4K => q4_k(block, &mut values),
                Self::Q6K => q6_k(block, &mut values),
            }
        }
        values
    }
}

fn half_at(block: &[u8], at: usize) -> f32 {
    f16::from_le_bytes([block[at], block[at + 1]]).to_f32()
}

/// Scale, then 16 bytes: the low halves are the first 16 numbers, the high halves the last 16.
fn q4_0(block: &[u8], values: &mut Vec<f32>) {
    let scale = half_at(block, 0);
    let number = |quant: u8| (f32::from(quant) - 8.0) * scale;
    values.extend(block[2..].iter().map(|byte| number(byte & 15)));
    values.extend(block[2..].iter().map(|byte| number(byte >> 4)));
}

/// Scale of the scales, scale of the minima, 8 scales and 8 minima of 6 bits packed in 12 bytes, 256 numbers of 4 bits.
fn q4_k(block: &[u8], values: &mut Vec<f32>) {
    let (scale, minimum) = (half_at(block, 0), half_at(block, 2));
    let packed = &block[4..16];
    let pair = |part: usize| {
        if part < 4 {
            (packed[part] & 63, packed[part + 4] & 63)
        } else {
            (
                packed[part + 4] & 15 | packed[part - 4] >> 6 << 4,
                packed[part + 4] >> 4 | packed[part] >> 6 << 4,
            )
        }
    };
    for (two, bytes) in block[16..].chunks_exact(32).enumerate() {
        for high in 0..2 {
            let (part_scale, part_minimum) = pair(2 * two + high);
            let (factor, offset) = (scale * f32::from(part_scale), minimum * f32::from(part_minimum));
            values.extend(bytes.iter().map(|byte| factor * f32::from(byte >> (4 * high) & 15) - offset));
        }
    }
}

/// 128 bytes of low halves, 64 of upper two bits, 16 signed scales, scale of the scales.
fn q6_k(block: &[u8], values: &mut Vec<f32>) {
    let (low, upper, scales) = (&block[..128], &block[128..192], &block[192..208]);
    let scale = half_at(block, 208);
    for half in 0..2 {
        let (low, upper, scales) = (&low[64 * half..], &upper[32 * half..], &scales[8 * half..]);
        for quarter in 0..4 {
            for column in 0..32 {
                let byte = low[column + 32 * (quarter % 2)] >> (4 * (quarter / 2)) & 15;
                let quant = byte | (upper[column] >> (2 * quarter) & 3) << 4;
                let part = f32::from(scales[2 * quarter + column / 16].cast_signed());
                values.push(scale * part * (f32::from(quant) - 32.0));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_read_as_the_reference_reads_them() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens/blocks.json");
        let golden: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        for (name, kind) in [("Q4_0", 2), ("Q8_0", 8), ("Q4_K", 12), ("Q6_K", 14)] {
            let hex = golden[name]["bytes"].as_str().unwrap();
            let byte = |at: usize| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap();
            let bytes: Vec<u8> = (0..hex.len() / 2).map(byte).collect();
            let values = Format::of(kind).unwrap().dequantise(&bytes);
            let expected: Vec<f32> = serde_json::from_value(golden[name]["values"].clone()).unwrap();
            assert_eq!(values.len(), expected.len(), "{name}");
            for (at, (value, expected)) in values.iter().zip(&expected).enumerate() {
                assert!(
                    (value - expected).abs() <= 1e-6 * expected.abs().max(1e-3),
                    "{name} {at}: {value} {expected}"
                );
            }
        }
    }
}
