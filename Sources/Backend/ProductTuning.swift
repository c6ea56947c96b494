/// What `tuneProducts` found.
public struct ProductTuningReport: Sendable {
  /// One candidate on one shape.
  public struct Timing: Sendable {
    /// What a model does with the product, such as `forward`.
    public var role: String
    /// Whether a and b are transposed, such as `NT`.
    public var layout: String
    public var m: Int, n: Int, k: Int
    /// How the operands come, such as `f32 x bf16`; `rounded` is f32 that is rounded to bf16.
    public var operands: String
    public var candidate: String
    /// 10^12 operations a second, 2 m n k for a product.
    public var teraflops: Double
    /// Whether it is used from now on for such shapes.
    public var isPick: Bool
  }

  /// A candidate that is never used, since its result was not the CPU's or it failed.
  public struct Refusal: Sendable, Equatable {
    public var candidate: String
    public var reason: String
  }

  public var timings: [Timing] = []
  public var refusals: [Refusal] = []
  /// Matrix units that the device has, and those that it has not, with the reason.
  public var units: [String] = []
  public var missingUnits: [String] = []
  /// Shapes that were not timed, with the reason.
  public var skipped: [String] = []
  /// The file that holds the picks; nil when no folder took it.
  public var path: String?
}

/// Times every way to multiply matrices that the OpenCL device has on the shapes of a decoder, after
/// comparing each with the CPU, and keeps the fastest for later runs (`OpenCLConfiguration`'s cache
/// folder). Stops after `seconds`, at the end of a measurement; `progress` gets a line for each shape.
/// Throws `BackendError.argument` when the selection is the CPU, which has nothing to tune.
public func tuneProducts(
  on selection: DeviceSelection, seconds: Double = 150, progress: (String) -> Void
) throws -> ProductTuningReport {
  #if canImport(CLKernels)
    guard let backend = try selection.open(threads: nil, note: { _ in }) as? OpenCLBackend else {
      throw BackendError.argument(
        op: "tune", "the CPU has nothing to tune; name an OpenCL device, such as opencl:0")
    }
    return try MatmulTuner(backend).run(seconds: seconds, progress: progress)
  #else
    throw BackendError.argument(
      op: "tune", "this build has no OpenCL: enable the package trait 'OpenCL'")
  #endif
}
