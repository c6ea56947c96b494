import MPOBackend

/// A weight and where its gradient accumulates; a nil gradient is a frozen weight.
public struct Parameter {
  public var value: Tensor
  public var gradient: Tensor?
  public init(value: Tensor, gradient: Tensor?) {
    self.value = value
    self.gradient = gradient
  }
}
