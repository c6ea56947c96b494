import Foundation
import MPOBackend
import TestSupport
import Testing

/// The suite that every backend must pass; its tests are in extensions, one topic a file.
@Suite struct Conformance {}

/// Tensors of one test, each inside a larger allocation whose surroundings (before, after and
/// between strided rows) hold canaries: `finish` fails when a kernel wrote to one or to an input.
/// Inputs lie among NaNs, so that a kernel which reads one shows it in its result; outputs lie among
/// finite numbers, which a NaN that got there by such a read cannot pass for.
final class Fixture {
  let backend: any ComputeBackend
  let kind: NamedBackend.Kind
  private var guards: [Guard] = []

  private struct Guard {
    let view: Tensor
    let bits: [UInt32]
    let output: Bool
  }

  static let canary: UInt32 = 0x7FC0_1234
  static let outputCanary: UInt32 = Float(-12_345.678).bitPattern
  /// Odd, so that no view starts at a vector's alignment.
  private static let before = 17
  private static let after = 37

  init(_ backend: any ComputeBackend, _ named: NamedBackend) {
    self.backend = backend
    kind = named.kind
  }

  /// Lends `named` to `body` and checks the canaries after it.
  static func run(_ named: NamedBackend, _ body: (Fixture) throws -> Void) throws {
    try named.run { backend in
      let fixture = Fixture(backend, named)
      try body(fixture)
      try fixture.finish()
    }
  }

  func input(_ values: [Float], _ shape: [Int], stride: Int? = nil) throws -> Tensor {
    try place(values.map(\.bitPattern), .f32, shape, stride, output: false)
  }

  func input(_ values: [Double], _ shape: [Int], stride: Int? = nil) throws -> Tensor {
    try input(values.map { Float($0) }, shape, stride: stride)
  }

  /// In f32 or f64.
  func input(_ values: [Double], _ shape: [Int], _ type: ElementType) throws -> Tensor {
    try place(Self.words(values, type), type, shape, nil, output: false)
  }

  private static func words(_ values: [Double], _ type: ElementType) -> [UInt32] {
    guard type == .f64 else { return values.map { Float($0).bitPattern } }
    return values.flatMap { value -> [UInt32] in
      let bits = value.bitPattern
      return [UInt32(truncatingIfNeeded: bits), UInt32(truncatingIfNeeded: bits >> 32)]
    }
  }

  func indices(_ values: [Int]) throws -> Tensor {
    try place(
      values.map { UInt32(bitPattern: Int32($0)) }, .i32, [values.count], nil, output: false)
  }

  /// A tensor that the operation may write; canaries inside too unless `values` are given.
  func output(
    _ shape: [Int], _ type: ElementType = .f32, stride: Int? = nil, values: [Double]? = nil
  ) throws -> Tensor {
    let count = shape.reduce(1, *) * type.size / 4
    let bits =
      values.map { Self.words($0, type) } ?? [UInt32](repeating: Self.canary, count: count)
    return try place(bits, type, shape, stride, output: true)
  }

  private func place(
    _ bits: [UInt32], _ type: ElementType, _ shape: [Int], _ stride: Int?, output: Bool
  ) throws -> Tensor {
    let columns = shape.last ?? 1
    let rows = shape.dropLast().reduce(1, *)
    let stride = stride ?? columns
    let size = type.size / 4
    precondition(bits.count == rows * columns * size, "values do not fill \(shape)")
    let total = Self.before + rows * stride + Self.after
    var whole = [UInt32](
      repeating: output ? Self.outputCanary : Self.canary, count: total * size)
    for r in 0..<rows {
      for c in 0..<(columns * size) {
        whole[(Self.before + r * stride) * size + c] = bits[r * columns * size + c]
      }
    }
    let storage = try backend.allocate(total, type)
    let all = Tensor(storage: storage, shape: [total])
    try whole.withUnsafeBytes { try backend.upload($0, to: all) }
    let view = Tensor(storage: storage, offset: Self.before, shape: shape, rowStride: stride)
    guards.append(Guard(view: view, bits: whole, output: output))
    return view
  }

  private func bits(of storage: DeviceBuffer) throws -> [UInt32] {
    var now = [UInt32](repeating: 0, count: storage.count * storage.type.size / 4)
    let all = Tensor(storage: storage, shape: [storage.count])
    try now.withUnsafeMutableBytes { try backend.download(all, to: $0) }
    return now
  }

  private func inside(_ t: Tensor) -> [Int] {
    (0..<t.rows).flatMap { r in (0..<t.columns).map { t.offset + r * t.rowStride + $0 } }
  }

  func values(_ t: Tensor) throws -> [Float] {
    let all = try bits(of: t.storage)
    return inside(t).map { Float(bitPattern: all[$0]) }
  }

  /// Of f32 or f64.
  func reals(_ t: Tensor) throws -> [Double] {
    guard t.type == .f64 else { return try values(t).map(Double.init) }
    let all = try bits(of: t.storage)
    return inside(t).map {
      Double(bitPattern: UInt64(all[2 * $0]) | UInt64(all[2 * $0 + 1]) << 32)
    }
  }

  func integers(_ t: Tensor) throws -> [Int] {
    let all = try bits(of: t.storage)
    return inside(t).map { Int(Int32(bitPattern: all[$0])) }
  }

  func finish() throws {
    for g in guards {
      let now = try bits(of: g.view.storage)
      let size = g.view.type.size / 4
      let places = g.output ? inside(g.view) : []
      let writable = Set(places.flatMap { ($0 * size)..<(($0 + 1) * size) })
      let touched = now.indices.filter { now[$0] != g.bits[$0] && !writable.contains($0) }
      let what = g.output ? "around an output" : "in an input"
      #expect(
        touched.isEmpty,
        "wrote \(what) \(g.view.shape) at element \((touched.first ?? 0) / size - g.view.offset)")
    }
  }
}

/// Reproducible test data.
struct Numbers {
  private var generator: PhiloxGenerator
  init(_ seed: UInt64) { generator = PhiloxGenerator(seed: seed, domain: .test) }

  /// Standard normals times `scale`, exact in Float.
  mutating func normals(_ count: Int, scale: Double = 1) -> [Double] {
    (0..<count).map { _ in
      let u = Double(generator.uniform()) + 0x1p-25
      let v = Double(generator.uniform())
      return Double(Float(scale * (-2 * log(u)).squareRoot() * cos(2 * .pi * v)))
    }
  }

  mutating func uniforms(_ count: Int) -> [Double] {
    (0..<count).map { _ in Double(generator.uniform()) }
  }

  mutating func integers(_ count: Int, below limit: Int) -> [Int] {
    (0..<count).map { _ in Int.random(in: 0..<limit, using: &generator) }
  }

  mutating func shuffled(_ count: Int) -> [Int] {
    Array(0..<count).shuffled(using: &generator)
  }
}
