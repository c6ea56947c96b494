import CPUKernels

extension CPUBackend {
  public func allocate(_ count: Int, _ type: ElementType) throws -> DeviceBuffer {
    try Check.allocate(count, type, on: description)
    return try CPUBuffer(pool: memoryPool, type: type, count: count)
  }

  public func shared(_ buffer: DeviceBuffer, as type: ElementType) throws -> DeviceBuffer {
    guard let buffer = buffer as? CPUBuffer else { throw Self.foreign("shared", buffer) }
    try Check.allocate(0, type, on: description)
    return CPUBuffer(sharing: buffer, type: type)
  }

  public func upload(_ bytes: UnsafeRawBufferPointer, to tensor: Tensor) throws {
    try Check.transfer("upload", tensor, bytes: bytes.count)
    let to = try self.bytes(tensor, "upload")
    if let from = bytes.baseAddress { to.copyMemory(from: from, byteCount: bytes.count) }
  }

  public func download(_ tensor: Tensor, to bytes: UnsafeMutableRawBufferPointer) throws {
    try Check.transfer("download", tensor, bytes: bytes.count)
    let from = try self.bytes(tensor, "download")
    if let to = bytes.baseAddress { to.copyMemory(from: from, byteCount: bytes.count) }
  }

  public func fill(_ tensor: Tensor, with value: Float) throws {
    try Check.fill(tensor)
    mpo_fill(pool, try floats(tensor, "fill"), value, tensor.count)
  }

  public func copy(_ source: Tensor, to destination: Tensor) throws {
    try Check.copy(source, to: destination)
    let (from, to) = (try bytes(source, "copy"), try bytes(destination, "copy"))
    guard source.count > 0 else { return }
    if source.isContiguous && destination.isContiguous {
      // Whole pages are one row each, so that a vector is copied by every thread too.
      let (total, page) = (source.count * source.type.size, 1 << 16)
      mpo_copy_rows(pool, from, page, to, page, total / page, page)
      let rest = total % page
      (to + (total - rest)).copyMemory(from: from + (total - rest), byteCount: rest)
      return
    }
    let size = source.type.size
    mpo_copy_rows(
      pool, from, source.rowStride * size, to, destination.rowStride * size, source.rows,
      source.columns * size)
  }

  public func convert(_ x: Tensor, into out: Tensor) throws {
    try Check.convert(x, into: out)
    mpo_convert_rows(
      pool, try bytes(x, "convert"), x.type.c, x.count, try bytes(out, "convert"), out.type.c, 0, 1,
      x.count)
  }

  /// Operations have ended when they return.
  public func synchronize() throws {}

  public func trim() throws { memoryPool.release() }
}
