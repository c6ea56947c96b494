/// A backend whose tensors lie in the memory of this process, so that a file can be read straight
/// into them.
public protocol HostMemoryBackend: ComputeBackend {
  /// The bytes of a contiguous tensor, valid until `body` returns.
  /// - Throws: `BackendError` for rows that are apart and for a tensor of another backend.
  func withHostMemory<R>(
    of tensor: Tensor, _ body: (UnsafeMutableRawBufferPointer) throws -> R
  ) throws -> R
}

extension CPUBackend: HostMemoryBackend {
  public func withHostMemory<R>(
    of tensor: Tensor, _ body: (UnsafeMutableRawBufferPointer) throws -> R
  ) throws -> R {
    guard tensor.isContiguous else {
      throw BackendError.argument(
        op: "host memory", "expected a contiguous tensor, found rows \(tensor.rowStride) apart")
    }
    let memory = try bytes(tensor, "host memory")
    return try withExtendedLifetime(tensor.storage) {
      try body(
        UnsafeMutableRawBufferPointer(start: memory, count: tensor.count * tensor.type.size))
    }
  }
}
