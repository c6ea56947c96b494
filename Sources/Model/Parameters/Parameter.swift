import MPOBackend

/// A weight and where its gradient accumulates; a nil gradient is a frozen weight.
public struct Parameter {
  public var value: Tensor
  public var gradient: Tensor?
  /// What matrix products and embeddings read, rounded where `precision` is bf16: `value`, or its bf16
  /// copy where there is one.
  public var product: Tensor
  /// The precision of products with it, forward and backward.
  public var precision: ProductPrecision
  public init(
    value: Tensor, gradient: Tensor?, product: Tensor? = nil, precision: ProductPrecision = .f32
  ) {
    self.value = value
    self.gradient = gradient
    self.product = product ?? value
    self.precision = precision
  }
}

/// A linear layer as the tape runs it: `x W^T + b`, and low-rank adapters beside the weight.
public struct LinearParameters {
  public var weight: Parameter
  public var bias: Parameter?
  public var adapters: Adapters?
  public init(weight: Parameter, bias: Parameter? = nil, adapters: Adapters? = nil) {
    self.weight = weight
    self.bias = bias
    self.adapters = adapters
  }

  /// LoRA (Hu et al., 2021, arXiv 2106.09685) of a group of linear layers that read the same x (N, C):
  /// `out[:, columns] += scale * (x A^T)[:, rank] B^T` for each layer.
  public struct Adapters {
    /// The A of all layers, one behind the other: (R, C).
    public var a: Parameter
    public var parts: [Part]
    /// Nil outside training.
    public var dropout: Dropout?
    public struct Part {
      /// Which columns of the group's output the layer makes.
      public var columns: Range<Int>
      /// Which rows of `a` are the layer's.
      public var ranks: Range<Int>
      /// (columns, ranks)
      public var b: Parameter
      /// alpha / r, or alpha / sqrt(r).
      public var scale: Float
    }
  }

  /// Elements of x that are dropped before A; the numbers follow from seed and stream.
  public struct Dropout {
    public var rate: Float
    public var seed: UInt64
    public var stream: UInt32
  }
}

/// A norm's weights and form.
public struct NormParameters {
  public var weight: Parameter
  /// Of a layer norm.
  public var bias: Parameter?
  public var shape: NormShape
  public init(weight: Parameter, bias: Parameter? = nil, shape: NormShape) {
    self.weight = weight
    self.bias = bias
    self.shape = shape
  }
}
