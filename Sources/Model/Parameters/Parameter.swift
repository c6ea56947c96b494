import MPOBackend

/// A weight and where its gradient accumulates; a nil gradient is a frozen weight.
public struct Parameter {
  public var value: Tensor
  public var gradient: Tensor?
  /// What matrix products read: `value`, or its bf16 copy.
  public var product: Tensor
  public init(value: Tensor, gradient: Tensor?, product: Tensor? = nil) {
    self.value = value
    self.gradient = gradient
    self.product = product ?? value
  }
}

extension Tensor {
  /// The precision of products with these weights, forward and backward.
  var productPrecision: ProductPrecision { type == .bf16 ? .bf16 : .f32 }
}
