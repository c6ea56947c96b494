import MPOBackend

// Linear layers with biases and adapters. N tokens, C input width, M output width, r rank.
extension Tape {
  /// `out = x W^T + b` (N, M), W (M, C), and what adapters add. The products with W are in bf16 where
  /// the weight says so, and then the adjoint's too; all sums are f32.
  public func linear(_ x: Variable, _ layer: LinearParameters) throws -> Variable {
    let out = Variable(try backend.empty([x.value.rows, layer.weight.value.rows]))
    let low = try run(x, layer, into: out.value, accumulate: false)
    record([x], out) { [unowned self, slot = out.slot, input = x.slot, recall = x.recall] in
      guard let g = take(slot) else { return }
      try propagate(g, recall, to: input, layer, low)
    }
    return out
  }

  /// The same without a bias.
  public func linear(_ x: Variable, _ weight: Parameter) throws -> Variable {
    try linear(x, LinearParameters(weight: weight))
  }

  /// `residual + x W^T + b` (N, M), the branch normed first where it has a norm. Without recording it
  /// is added to `residual`'s memory, which must not be read again.
  public func residual(
    _ residual: Variable, adding x: Variable, times layer: LinearParameters,
    branchNorm: NormParameters? = nil
  ) throws -> Variable {
    if let branchNorm { return try add(residual, norm(linear(x, layer), branchNorm)) }
    guard overwrites else { return try add(residual, linear(x, layer)) }
    _ = try run(x, layer, into: residual.value, accumulate: true)
    return residual
  }

  /// A residual with a branch's product and the norm behind it: `sum = residual + branch` (N, M) as
  /// `residual(...)` makes it, `normed = norm(sum)`.
  public func residualNorm(
    _ residual: Variable, adding x: Variable, times layer: LinearParameters,
    branchNorm: NormParameters?, norm: NormParameters
  ) throws -> (sum: Variable, normed: Variable) {
    guard !overwrites || branchNorm != nil, case .rms(let settings) = norm.shape else {
      let sum = try self.residual(residual, adding: x, times: layer, branchNorm: branchNorm)
      return (sum, try self.norm(sum, norm))
    }
    var branch = try linear(x, layer)
    if let branchNorm { branch = try self.norm(branch, branchNorm) }
    return try addNorm(residual, branch, norm, settings)
  }

  /// What adapters keep for the adjoint.
  private struct LowRank {
    /// x A^T, (N, R).
    var product: Tensor
    /// x after dropout; nil: x itself.
    var dropped: Tensor?
  }

  private func run(
    _ x: Variable, _ layer: LinearParameters, into out: Tensor, accumulate: Bool
  ) throws -> LowRank? {
    try backend.matmul(
      x.value, layer.weight.product, transposeB: true, into: out, accumulate: accumulate,
      precision: layer.weight.precision)
    if let bias = layer.bias { try backend.addRow(bias.value, to: out) }
    guard let adapters = layer.adapters else { return nil }
    var low = LowRank(product: try backend.empty([x.value.rows, adapters.a.value.rows]))
    if let dropout = adapters.dropout {
      let dropped = try backend.empty(x.value.shape)
      try backend.dropout(
        x.value, rate: dropout.rate, seed: dropout.seed, stream: dropout.stream, into: dropped)
      low.dropped = dropped
    }
    try backend.matmul(
      low.dropped ?? x.value, adapters.a.value, transposeB: true, into: low.product)
    for part in adapters.parts {
      try backend.matmul(
        low.product.columns(part.ranks), transposed: false, part.b.value, transposed: true,
        into: out.columns(part.columns), accumulate: true, scale: part.scale, precision: .f32)
    }
    return low
  }

  /// With g = d out: `dW += g^T x`, `db += sum_n g`, `dX += g W`, and through the adapters
  /// `dB += scale * g^T (x A^T)`, `dU = scale * g B`, `dA += dU^T x`, `dX += dU A`.
  private func propagate(
    _ g: Tensor, _ recall: () throws -> Tensor, to input: GradientSlot, _ layer: LinearParameters,
    _ low: LowRank?
  ) throws {
    let weight = layer.weight
    if let dWeight = weight.gradient {
      try backend.matmul(
        g, try recall(), transposeA: true, into: dWeight, accumulate: true,
        precision: weight.precision)
    }
    if let dBias = layer.bias?.gradient { try backend.sumRows(g, into: dBias) }
    try contribute(to: input) { dX, accumulate in
      try backend.matmul(
        g, weight.product, into: dX, accumulate: accumulate, precision: weight.precision)
    }
    guard let adapters = layer.adapters, let low else { return }
    let dProduct = try backend.empty(low.product.shape)
    for part in adapters.parts {
      let columns = g.columns(part.columns)
      if let dB = part.b.gradient {
        try backend.matmul(
          columns, transposed: true, low.product.columns(part.ranks), transposed: false, into: dB,
          accumulate: true, scale: part.scale, precision: .f32)
      }
      try backend.matmul(
        columns, transposed: false, part.b.value, transposed: false,
        into: dProduct.columns(part.ranks), accumulate: false, scale: part.scale, precision: .f32)
    }
    if let dA = adapters.a.gradient {
      try backend.matmul(
        dProduct, try low.dropped ?? recall(), transposeA: true, into: dA, accumulate: true)
    }
    try contribute(to: input) { dX, accumulate in
      guard let dropout = adapters.dropout else {
        return try backend.matmul(
          dProduct, adapters.a.value, into: dX, accumulate: accumulate)
      }
      let through = try backend.empty(dX.shape)
      try backend.matmul(dProduct, adapters.a.value, into: through)
      try backend.dropout(
        through, rate: dropout.rate, seed: dropout.seed, stream: dropout.stream, into: through)
      if accumulate {
        try backend.add(dX, through, into: dX)
      } else {
        try backend.copy(through, to: dX)
      }
    }
  }
}
