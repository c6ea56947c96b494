import MPOBackend

/// Moves one tensor of a file to the device in pieces, so that no second copy of it is held; only a
/// matrix that files hold transposed is in host memory whole. Where tensors are host memory, it is
/// read into its place.
struct WeightReader {
  let file: SafetensorsFile
  let name: String
  let backend: any ComputeBackend
  /// Elements of a piece.
  private static let piece = 1 << 20

  func read(into target: Tensor, isTransposed: Bool = false) throws {
    if isTransposed { return try readTransposed(into: target) }
    let flat = target.reshaped([target.count])
    if try readInPlace(flat) { return }
    if target.type == .bf16, try file.entry(name).dtype == .bf16 {
      return try readBytes(into: flat)
    }
    var values = [Float](repeating: 0, count: min(flat.count, Self.piece))
    for start in stride(from: 0, to: flat.count, by: Self.piece) {
      let size = min(values.count, flat.count - start)
      try values.withUnsafeMutableBufferPointer {
        let part = UnsafeMutableBufferPointer(rebasing: $0[0..<size])
        try file.readFloats(name, from: start, into: part)
        try upload(UnsafeBufferPointer(part), to: flat.elements(start..<(start + size)))
      }
    }
  }

  /// False where the device's memory is its own, or where rounding is the device's.
  private func readInPlace(_ flat: Tensor) throws -> Bool {
    guard let backend = backend as? any HostMemoryBackend else { return false }
    let stored = try file.entry(name).dtype
    guard flat.type == .f32 || (flat.type == .bf16 && stored == .bf16) else { return false }
    try backend.withHostMemory(of: flat) { memory in
      if flat.type == .bf16 { return try file.readBytes(name, into: memory) }
      try file.readFloats(name, into: memory.bindMemory(to: Float.self))
    }
    return true
  }

  /// As stored.
  private func readBytes(into flat: Tensor) throws {
    var bytes = [UInt8](repeating: 0, count: 2 * min(flat.count, Self.piece))
    for start in stride(from: 0, to: flat.count, by: Self.piece) {
      let size = min(Self.piece, flat.count - start)
      try bytes.withUnsafeMutableBytes {
        let part = UnsafeMutableRawBufferPointer(rebasing: $0[0..<(2 * size)])
        try file.readBytes(name, from: 2 * start, into: part)
        try backend.upload(UnsafeRawBufferPointer(part), to: flat.elements(start..<(start + size)))
      }
    }
  }

  private func readTransposed(into target: Tensor) throws {
    let (rows, columns) = (target.shape[0], target.shape[1])
    let stored = try file.floats(name)
    var values = [Float](repeating: 0, count: stored.count)
    for j in 0..<columns {
      for i in 0..<rows { values[i * columns + j] = stored[j * rows + i] }
    }
    try values.withUnsafeBufferPointer { try upload($0, to: target.reshaped([target.count])) }
  }

  /// Rounded on the device where it holds bf16.
  private func upload(_ values: UnsafeBufferPointer<Float>, to target: Tensor) throws {
    guard target.type == .bf16 else {
      return try backend.upload(UnsafeRawBufferPointer(values), to: target)
    }
    let exact = try backend.empty([values.count])
    try backend.upload(UnsafeRawBufferPointer(values), to: exact)
    try backend.convert(exact, into: target)
  }
}

/// Reads a tensor of the device in pieces, in the order of files.
final class DeviceReader {
  private let tensor: Tensor
  private let isTransposed: Bool
  private let backend: any ComputeBackend
  /// A transposed matrix in the file's order, between its first piece and its last.
  private var whole: [Float] = []

  init(tensor: Tensor, isTransposed: Bool, backend: any ComputeBackend) {
    self.tensor = tensor
    self.isTransposed = isTransposed
    self.backend = backend
  }

  func read(from start: Int, into out: UnsafeMutableBufferPointer<Float>) throws {
    guard isTransposed else { return try copy(start, out) }
    if start == 0 || whole.isEmpty { whole = try transposed() }
    for i in 0..<out.count { out[i] = whole[start + i] }
    if start + out.count == tensor.count { whole = [] }
  }

  private func copy(_ start: Int, _ out: UnsafeMutableBufferPointer<Float>) throws {
    var part = tensor.reshaped([tensor.count]).elements(start..<(start + out.count))
    if part.type == .bf16 {
      let exact = try backend.empty([out.count])
      try backend.convert(part, into: exact)
      part = exact
    }
    try backend.download(part, to: UnsafeMutableRawBufferPointer(out))
  }

  private func transposed() throws -> [Float] {
    let (rows, columns) = (tensor.shape[0], tensor.shape[1])
    var values = [Float](repeating: 0, count: tensor.count)
    try values.withUnsafeMutableBufferPointer { try copy(0, $0) }
    var out = values
    for j in 0..<columns {
      for i in 0..<rows { out[j * rows + i] = values[i * columns + j] }
    }
    return out
  }
}
