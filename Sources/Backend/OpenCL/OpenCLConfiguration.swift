#if canImport(CLKernels)
  import Foundation

  /// How an `OpenCLBackend` runs. The defaults suit every device; the alternatives exist so that
  /// tests reach every kernel on any device, and for comparisons.
  public struct OpenCLConfiguration: Sendable, Equatable {
    /// Which kernel multiplies matrices.
    public enum Matmul: String, Sendable, CaseIterable {
      /// What tuning found fastest for the nearest shape (`tuneProducts`); where nothing was tuned
      /// `.vector` on a CPU device, elsewhere `.tensor` for products of bf16 where the device has a
      /// matrix unit that a probe found to work, else `.tiled`.
      case automatic
      /// The device's matrix unit for products of bf16, which is an error without one; `.tiled` for
      /// others.
      case tensor
      /// Tiles in local memory, sums in registers: for GPUs.
      case tiled
      /// A work-item owns wide vectors, without barriers: for CPU devices.
      case vector
      /// CLBlast's SGEMM: an outside check and baseline. Slow to start (it compiles for seconds).
      case clblast
    }

    /// Sizes of work-groups and vectors for everything but matrix products.
    public enum Shape: String, Sendable, CaseIterable {
      /// `.narrow` on a CPU device, `.wide` elsewhere.
      case automatic
      /// Work-groups of one with vectors of 16: barriers are dear on CPU devices.
      case narrow
      /// Work-groups of up to 256 with scalars, for GPUs.
      case wide
    }

    /// Default `.automatic`.
    public var matmul: Matmul
    /// Default `.automatic`.
    public var shape: Shape
    /// Most work-items of a work-group; nil is the device's own limit, at most 256. Default nil.
    /// Small or odd numbers are slow and for tests, simulators above all.
    public var maximumWorkGroup: Int?
    /// Whether `ElementType.f64` is offered where the device has it. Default true; false makes the
    /// backend refuse it as a device without it does, for tests.
    public var float64: Bool
    /// Folder of compiled programs; nil keeps none. Default: `$MPO_CACHE_DIR`, else
    /// `$XDG_CACHE_HOME/magnetic`, else `~/.cache/magnetic`. A folder that cannot be written and a
    /// damaged file cost a compilation and are no errors.
    public var cacheDirectory: String?
    /// Bytes of freed memory that the pool keeps at most before it gives some back; nil is no limit.
    /// Default nil: training frees and takes the same sizes every step.
    public var poolLimit: Int?

    public init(
      matmul: Matmul = .automatic, shape: Shape = .automatic, maximumWorkGroup: Int? = nil,
      float64: Bool = true,
      cacheDirectory: String? = OpenCLConfiguration.defaultCacheDirectory, poolLimit: Int? = nil
    ) {
      self.matmul = matmul
      self.shape = shape
      self.maximumWorkGroup = maximumWorkGroup
      self.float64 = float64
      self.cacheDirectory = cacheDirectory
      self.poolLimit = poolLimit
    }

    /// See `cacheDirectory`; nil when the environment names no place.
    public static var defaultCacheDirectory: String? {
      let environment = ProcessInfo.processInfo.environment
      if let own = environment["MPO_CACHE_DIR"], !own.isEmpty { return own }
      if let cache = environment["XDG_CACHE_HOME"], !cache.isEmpty { return cache + "/magnetic" }
      if let home = environment["HOME"], !home.isEmpty { return home + "/.cache/magnetic" }
      return nil
    }
  }
#endif
