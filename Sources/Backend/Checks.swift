/// Argument checks shared by every backend, one function per operation, called before anything is
/// launched. Each throws `BackendError.argument` naming what was expected and found; those of
/// operations with dimensions to work out return them. Views must lie inside their storage.
/// Whether a buffer belongs to the backend is the backend's own check.
enum Check {
  /// One tensor: type, shape as (rows, columns) or exact, contiguity and bounds.
  static func tensor(
    _ op: String, _ name: String, _ t: Tensor, type: ElementType = .f32, strided: Bool = false
  ) throws {
    guard t.type == type else {
      throw BackendError.argument(op: op, "\(name): expected \(type), found \(t.type)")
    }
    guard t.shape.allSatisfy({ $0 >= 0 }), t.offset >= 0 else {
      throw BackendError.argument(
        op: op, "\(name): negative dimension or offset in \(t.shape) at \(t.offset)")
    }
    guard strided || t.isContiguous else {
      throw BackendError.argument(
        op: op,
        "\(name): expected contiguous rows, found \(t.shape) with row stride \(t.rowStride)")
    }
    guard t.count > 0 else { return }
    guard t.rows == 1 || t.rowStride >= t.columns else {
      throw BackendError.argument(
        op: op, "\(name): rows of \(t.shape) overlap, row stride \(t.rowStride)")
    }
    let end = t.offset + (t.rows - 1) * t.rowStride + t.columns
    guard end <= t.storage.count else {
      throw BackendError.argument(
        op: op, "\(name): view \(t.shape) ends at \(end), its storage at \(t.storage.count)")
    }
  }

  /// A tensor taken as (rows, columns).
  static func matrix(
    _ op: String, _ name: String, _ t: Tensor, _ rows: Int, _ columns: Int,
    type: ElementType = .f32, strided: Bool = false
  ) throws {
    try tensor(op, name, t, type: type, strided: strided)
    guard t.rows == rows, t.columns == columns else {
      throw BackendError.argument(
        op: op, "\(name): expected (\(rows), \(columns)), found \(t.shape)")
    }
  }

  /// A contiguous tensor of `count` elements, whatever its shape.
  static func vector(
    _ op: String, _ name: String, _ t: Tensor, _ count: Int, type: ElementType = .f32
  ) throws {
    try tensor(op, name, t, type: type)
    guard t.count == count else {
      throw BackendError.argument(op: op, "\(name): expected \(count) elements, found \(t.shape)")
    }
  }

  static func require(_ op: String, _ holds: Bool, _ text: @autoclosure () -> String) throws {
    guard holds else { throw BackendError.argument(op: op, text()) }
  }

  // MARK: Memory

  static func allocate(_ count: Int, _ type: ElementType, on device: DeviceDescription) throws {
    try require(
      "allocate", type != .f64 || device.supportsFloat64,
      "f64: \(device.name) has no double precision (cl_khr_fp64); use f32 or another device "
        + "(see 'magnetic devices')")
    try require(
      "allocate", count >= 0 && count <= Int.max / (2 * type.size),
      "expected a count of elements, found \(count)")
  }

  static func transfer(_ op: String, _ t: Tensor, bytes: Int) throws {
    try tensor(op, "tensor", t, type: t.type)
    try require(
      op, t.count * t.type.size == bytes,
      "\(t.shape) of \(t.type) is \(t.count * t.type.size) bytes, the host memory \(bytes)")
  }

  static func fill(_ t: Tensor) throws { try tensor("fill", "tensor", t) }

  static func copy(_ source: Tensor, to destination: Tensor) throws {
    try tensor("copy", "source", source, type: destination.type, strided: true)
    try tensor("copy", "destination", destination, type: destination.type, strided: true)
    try require(
      "copy", source.shape == destination.shape,
      "expected the shape \(source.shape), found \(destination.shape)")
  }

  static func convert(_ x: Tensor, into out: Tensor) throws {
    try require(
      "convert", [x.type, out.type] == [.f32, .bf16] || [x.type, out.type] == [.bf16, .f32],
      "expected f32 and bf16, found \(x.type) into \(out.type)")
    try tensor("convert", "x", x, type: x.type)
    try tensor("convert", "out", out, type: out.type)
    try require(
      "convert", x.shape == out.shape, "expected the shape \(x.shape), found \(out.shape)")
  }

  // MARK: Linear algebra and elementwise

  static func matmul(
    _ a: Tensor, transposed ta: Bool, _ b: Tensor, transposed tb: Bool, into c: Tensor
  ) throws -> (m: Int, n: Int, k: Int) {
    for (name, t) in [("a", a), ("b", b), ("c", c)] {
      let half = name != "c" && t.type == .bf16
      try tensor("matmul", name, t, type: half ? .bf16 : .f32, strided: true)
      try require("matmul", t.shape.count == 2, "\(name): expected 2-D, found \(t.shape)")
    }
    let (m, k) = ta ? (a.shape[1], a.shape[0]) : (a.shape[0], a.shape[1])
    let (k2, n) = tb ? (b.shape[1], b.shape[0]) : (b.shape[0], b.shape[1])
    try require(
      "matmul", k == k2 && c.shape == [m, n],
      "op(a) (\(m), \(k)) times op(b) (\(k2), \(n)) into \(c.shape)")
    return (m, n, k)
  }

  static func add(_ a: Tensor, _ b: Tensor, into out: Tensor) throws {
    for (name, t) in [("a", a), ("b", b), ("out", out)] {
      try tensor("add", name, t)
      try require(
        "add", t.shape == a.shape, "\(name): expected \(a.shape), found \(t.shape)")
    }
  }

  static func interpolate(_ x: Tensor, towards y: Tensor, by t: Float) throws {
    try tensor("interpolate", "x", x)
    try vector("interpolate", "y", y, x.count)
    try require("interpolate", t >= 0 && t <= 1, "t: expected 0...1, found \(t)")
  }
  static func addRow(_ row: Tensor, to x: Tensor) throws -> (n: Int, m: Int) {
    try tensor("addRow", "x", x, strided: true)
    try vector("addRow", "row", row, x.columns)
    return (x.rows, x.columns)
  }

  static func sumRows(_ x: Tensor, into out: Tensor) throws -> (n: Int, m: Int) {
    try tensor("sumRows", "x", x, strided: true)
    try vector("sumRows", "out", out, x.columns)
    return (x.rows, x.columns)
  }

  static func softCap(_ x: Tensor, cap: Float) throws {
    try tensor("softCap", "x", x)
    try require("softCap", cap > 0 && cap.isFinite, "cap: expected above 0, found \(cap)")
  }

  static func dropout(_ x: Tensor, rate: Float, into out: Tensor) throws {
    try tensor("dropout", "x", x)
    try vector("dropout", "out", out, x.count)
    try require("dropout", rate >= 0 && rate < 1, "rate: expected 0..<1, found \(rate)")
  }

  static func activate(_ x: Tensor, into out: Tensor) throws {
    try tensor("activate", "x", x)
    try vector("activate", "out", out, x.count)
  }

  static func activateBackward(_ dOut: Tensor, x: Tensor, into dX: Tensor) throws {
    try tensor("activateBackward", "x", x)
    try vector("activateBackward", "dOut", dOut, x.count)
    try vector("activateBackward", "dX", dX, x.count)
  }
}
