//! Linear layers: weights packed for the kernels, inputs quantised on the way.

use std::fmt;

use rten_gemm::{GemmExecutor, GemmInputA, GemmInputB, GemmOptions, PackedBMatrix, QuantParams};
use rten_tensor::NdTensorView;

use crate::error::LlmError;
#[cfg(target_arch = "x86_64")]
use crate::kernel::Panels;
use crate::kernel::{ByteRows, add_rows, quantise_row};
use crate::model::Numbers;

/// Rows of a weight matrix, `(outputs, inputs)`, before they are packed.
#[derive(Debug)]
pub(crate) enum Table {
    /// 32-bit floats.
    F32 { values: Vec<f32>, width: usize },
    /// Bytes, with a scale for each row: `value ~ byte * scale`, `|byte| <= 127`.
    Int8 { bytes: Vec<i8>, scales: Vec<f32>, width: usize },
}

impl Table {
    pub(crate) fn new(numbers: Numbers, width: usize) -> Self {
        match numbers {
            Numbers::F32 => Self::F32 { values: Vec::new(), width },
            Numbers::Int8 => Self::Int8 { bytes: Vec::new(), scales: Vec::new(), width },
        }
    }

    /// Appends rows.
    pub(crate) fn extend(&mut self, rows: &[f32]) {
        match self {
            Self::F32 { values, .. } => values.extend_from_slice(rows),
            Self::Int8 { bytes, scales, width } => {
                bytes.reserve_exact(rows.len());
                for row in rows.chunks_exact(*width) {
                    let start = bytes.len();
                    bytes.resize(start + *width, 0);
                    scales.push(quantise_row(row, 127, &mut bytes[start..]).0);
                }
            }
        }
    }

    /// Row `index` as floats.
    pub(crate) fn row(&self, index: usize, out: &mut [f32]) {
        match self {
            Self::F32 { values, width } => out.copy_from_slice(&values[index * width..(index + 1) * width]),
            Self::Int8 { bytes, scales, width } => {
                for (out, byte) in out.iter_mut().zip(&bytes[index * width..]) {
                    *out = f32::from(*byte) * scales[index];
                }
            }
        }
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::F32 { values, .. } => values.len() * 4,
            Self::Int8 { bytes, scales, .. } => bytes.len() + scales.len() * 4,
        }
    }
}

/// Packed weights.
enum Packed {
    F32(PackedBMatrix<f32>),
    #[cfg(target_arch = "x86_64")]
    Panels(Panels),
    Int8 {
        matrix: PackedBMatrix<i8>,
        scales: Vec<f32>,
        /// The largest activation: smaller where the kernel's 16-bit sums would overflow.
        limit: i8,
    },
}

/// `y = W x + b` for rows of `x`.
pub(crate) struct Linear {
    packed: Packed,
    bias: Option<Vec<f32>>,
    inputs: usize,
    outputs: usize,
}

impl fmt::Debug for Linear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Linear({} -> {}, {})", self.inputs, self.outputs, self.kernel())
    }
}

/// Buffers of a thread that multiplies.
#[derive(Debug, Default)]
pub(crate) struct Quantised {
    rows: ByteRows,
    unsigned: Vec<u8>,
    zeros: Vec<u8>,
    sums: Vec<i32>,
}

impl Quantised {
    fn fill(&mut self, input: &[f32], width: usize, limit: i8) {
        let count = input.len() / width;
        let stride = width.next_multiple_of(4);
        let rows = &mut self.rows;
        rows.stride = stride;
        rows.values.clear();
        rows.values.resize(count * stride, 0);
        rows.scales.clear();
        rows.sums.clear();
        for (row, out) in input.chunks_exact(width).zip(rows.values.chunks_exact_mut(stride)) {
            let (scale, sum) = quantise_row(row, limit, out);
            rows.scales.push(scale);
            rows.sums.push(sum);
        }
    }
}

/// Errors of the product are errors of this crate's sizes, never of a user's input.
fn mismatch(error: &rten_gemm::GemmError) -> LlmError {
    LlmError::Stopped(format!("a matrix product failed: {error}"))
}

impl Linear {
    /// Packs the weights. `portable` leaves this crate's own kernel aside.
    pub(crate) fn new(table: &Table, bias: Option<Vec<f32>>, portable: bool) -> Self {
        let _ = portable;
        match table {
            Table::F32 { values, width } => {
                let (inputs, outputs) = (*width, values.len() / width);
                let executor = GemmExecutor::<f32, f32, f32>::new();
                let view = NdTensorView::from_data([outputs, inputs], values.as_slice());
                let matrix = executor.prepack_b(view.transposed());
                Self { packed: Packed::F32(matrix), bias, inputs, outputs }
            }
            Table::Int8 { bytes, scales, width } => {
                let (inputs, outputs) = (*width, scales.len());
                #[cfg(target_arch = "x86_64")]
                if Panels::supported() && !portable {
                    let packed = Packed::Panels(Panels::new(bytes, scales, inputs));
                    return Self { packed, bias, inputs, outputs };
                }
                let executor = GemmExecutor::<u8, i8, i32>::new();
                let view = NdTensorView::from_data([outputs, inputs], bytes.as_slice());
                let matrix = executor.prepack_b(view.transposed());
                // Two products of 63 * 2 and 127 fit into 16 bits.
                let limit = if executor.may_saturate() { 63 } else { 127 };
                let packed = Packed::Int8 { matrix, scales: scales.clone(), limit };
                Self { packed, bias, inputs, outputs }
            }
        }
    }

    /// Width of an output row.
    pub(crate) fn outputs(&self) -> usize {
        self.outputs
    }

    /// Name of the kernel.
    pub(crate) fn kernel(&self) -> String {
        match &self.packed {
            Packed::F32(_) => GemmExecutor::<f32, f32, f32>::new().kernel_name().to_owned(),
            #[cfg(target_arch = "x86_64")]
            Packed::Panels(_) => "x86_64-u8i8-avx512vnni-panels".to_owned(),
            Packed::Int8 { .. } => GemmExecutor::<u8, i8, i32>::new().kernel_name().to_owned(),
        }
    }

    /// Bytes of the weights.
    pub(crate) fn bytes(&self) -> usize {
        match &self.packed {
            Packed::F32(_) => self.inputs * self.outputs * 4,
            #[cfg(target_arch = "x86_64")]
            Packed::Panels(panels) => panels.bytes(),
            Packed::Int8 { scales, .. } => self.inputs * self.outputs + scales.len() * 4,
        }
    }

    /// `out = input * W^T + b` for `(rows, inputs)`; `spread` lets the threads share the columns.
    pub(crate) fn apply(
        &self,
        input: &[f32],
        out: &mut [f32],
        room: &mut Quantised,
        spread: bool,
    ) -> Result<(), LlmError> {
        let count = input.len() / self.inputs;
        match &self.packed {
            Packed::F32(matrix) => {
                let view = NdTensorView::from_data([count, self.inputs], input);
                let (a, b) = (GemmInputA::Unpacked(view), GemmInputB::Packed(matrix));
                GemmExecutor::<f32, f32, f32>::new()
                    .gemm(out, a, b, GemmOptions::default())
                    .map_err(|error| mismatch(&error))?;
            }
            #[cfg(target_arch = "x86_64")]
            Packed::Panels(panels) => {
                room.fill(input, self.inputs, 127);
                panels.multiply(&room.rows, count, out, spread);
            }
            Packed::Int8 { matrix, scales, limit } => {
                let _ = spread;
                room.fill(input, self.inputs, *limit);
                let zero = *limit as u8 + 1;
                room.unsigned.clear();
                for row in room.rows.values.chunks_exact(room.rows.stride) {
                    room.unsigned.extend(row[..self.inputs].iter().map(|&x| (x as u8).wrapping_add(zero)));
                }
                room.zeros.clear();
                room.zeros.resize(count, zero);
                room.sums.clear();
                room.sums.resize(count * self.outputs, 0);
                let view = NdTensorView::from_data([count, self.inputs], room.unsigned.as_slice());
                let (a, b) = (GemmInputA::Unpacked(view), GemmInputB::Packed(matrix));
                let options = GemmOptions {
                    a_quant: Some(QuantParams { zero_point: &room.zeros }),
                    ..GemmOptions::default()
                };
                GemmExecutor::<u8, i8, i32>::new()
                    .gemm(&mut room.sums, a, b, options)
                    .map_err(|error| mismatch(&error))?;
                let rows = out.chunks_exact_mut(self.outputs).zip(room.sums.chunks_exact(self.outputs));
                for ((out, sums), row_scale) in rows.zip(&room.rows.scales) {
                    for ((out, sum), scale) in out.iter_mut().zip(sums).zip(scales) {
                        *out = *sum as f32 * scale * row_scale;
                    }
                }
            }
        }
        if let Some(bias) = &self.bias {
            for row in out.chunks_exact_mut(self.outputs) {
                add_rows(row, bias);
            }
        }
        Ok(())
    }
}

/// The output head: a linear layer that can also compute single columns, and the embedding where the two are tied.
#[derive(Debug)]
pub(crate) struct Head {
    linear: Linear,
    /// Absent where the packed weights can be read by row.
    table: Option<Table>,
}

impl Head {
    pub(crate) fn new(table: Table, portable: bool) -> Self {
        let linear = Linear::new(&table, None, portable);
        #[cfg(target_arch = "x86_64")]
        if matches!(linear.packed, Packed::Panels(_)) {
            return Self { linear, table: None };
        }
        Self { linear, table: Some(table) }
    }

    /// Row `token` of the weights as floats.
    pub(crate) fn row(&self, token: usize, out: &mut [f32]) {
        match (&self.table, &self.linear.packed) {
            (Some(table), _) => table.row(token, out),
            #[cfg(target_arch = "x86_64")]
            (None, Packed::Panels(panels)) => panels.row(token, out),
            (None, _) => out.fill(0.0),
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.linear.bytes() + self.table.as_ref().map_or(0, Table::bytes)
    }

    pub(crate) fn kernel(&self) -> String {
        self.linear.kernel()
    }

    /// Logits of all tokens for `(rows, inputs)`.
    pub(crate) fn all(&self, input: &[f32], room: &mut Quantised) -> Result<Vec<f32>, LlmError> {
        let mut out = vec![0.0; input.len() / self.linear.inputs * self.linear.outputs];
        self.linear.apply(input, &mut out, room, true)?;
        Ok(out)
    }

    /// Logits of some tokens for one row; the same bits as [`Head::all`] gives.
    pub(crate) fn some(
        &self,
        input: &[f32],
        tokens: &[u32],
        room: &mut Quantised,
    ) -> Result<Vec<f32>, LlmError> {
        let width = self.linear.inputs;
        if tokens.is_empty() {
            return Ok(Vec::new());
        }
        match (&self.table, &self.linear.packed) {
            #[cfg(target_arch = "x86_64")]
            (_, Packed::Panels(panels)) => {
                room.fill(input, width, 127);
                Ok(tokens.iter().map(|&token| panels.element(&room.rows, 0, token as usize)).collect())
            }
            (Some(Table::Int8 { bytes, scales, .. }), Packed::Int8 { limit, .. }) => {
                room.fill(input, width, *limit);
                let logit = |token: &u32| {
                    let token = *token as usize;
                    let weights = &bytes[token * width..(token + 1) * width];
                    let products =
                        weights.iter().zip(&room.rows.values).map(|(w, x)| i32::from(*w) * i32::from(*x));
                    products.sum::<i32>() as f32 * scales[token] * room.rows.scales[0]
                };
                Ok(tokens.iter().map(logit).collect())
            }
            (Some(table), Packed::F32(_)) => {
                let executor = GemmExecutor::<f32, f32, f32>::new();
                // Through the same kernel, so that every sum has the same order.
                let mut rows = vec![0.0; tokens.len() * width];
                for (token, row) in tokens.iter().zip(rows.chunks_exact_mut(width)) {
                    table.row(*token as usize, row);
                }
                let view = NdTensorView::from_data([tokens.len(), width], rows.as_slice());
                let matrix = executor.prepack_b(view.transposed());
                let mut out = vec![0.0; tokens.len()];
                let view = NdTensorView::from_data([1, width], input);
                let (a, b) = (GemmInputA::Unpacked(view), GemmInputB::Packed(&matrix));
                executor.gemm(&mut out, a, b, GemmOptions::default()).map_err(|error| mismatch(&error))?;
                Ok(out)
            }
            _ => {
                let all = self.all(input, room)?;
                Ok(tokens.iter().map(|&token| all[token as usize]).collect())
            }
        }
    }
}
